//! The rotation rules, one test for each row of their table and for each edge of a window.

use crate::support::{DAY, NOW_MS, session};
use hallpass_engine::record::Session;
use hallpass_engine::rotation::{Decision, Policy, decide};

const RACE: u64 = 10_000;
const RETRY: u64 = 600_000;
const POLICY: Policy = Policy {
    race_window: RACE,
    retry_window: RETRY,
    access_ttl: 900,
    idle_ttl: 14 * DAY / 1000,
    shared: 0,
    recovery: true,
    not_before: 0,
};
const STRICT: Policy = Policy { recovery: false, ..POLICY };

/// Decides about a token of `generation`, `age` ms after the rotation to generation 5, without proof of receipt.
fn after(age: u64, generation: u64, policy: &Policy) -> Decision {
    decide(Some(&session()), generation, NOW_MS + age, policy, false)
}

fn after_seen(age: u64, generation: u64, policy: &Policy) -> Decision {
    decide(Some(&session()), generation, NOW_MS + age, policy, true)
}

fn rotated(decision: Decision) -> Session {
    match decision {
        Decision::Rotate { next, .. } => next,
        other => panic!("expected a rotation: {other:?}"),
    }
}

#[test]
fn without_a_session_the_answer_is_no_session_for_any_token() {
    for generation in [0, 5, 6, (1 << 53) - 2] {
        assert_eq!(decide(None, generation, NOW_MS, &POLICY, false), Decision::NoSession);
    }
}

#[test]
fn a_session_is_over_from_its_idle_expiry_on() {
    let last = session().idle_expiry - NOW_MS - 1;
    assert_eq!(rotated(after(last, 5, &POLICY)).generation, 6);
    for generation in [0, 4, 5, 9] {
        assert_eq!(after(last + 1, generation, &POLICY), Decision::Expired, "of generation {generation}");
    }
}

#[test]
fn a_session_is_over_from_its_absolute_expiry_on() {
    let session = Session { absolute_expiry: NOW_MS + 1000, idle_expiry: NOW_MS + 2000, ..session() };
    let at = |now| decide(Some(&session), 5, now, &POLICY, false);
    assert_eq!(rotated(at(NOW_MS + 999)).generation, 6);
    assert_eq!(at(NOW_MS + 1000), Decision::Expired);
}

#[test]
fn a_session_issued_before_not_before_is_over() {
    let issued_at = session().issued_at;
    let with = |not_before| after(0, 5, &Policy { not_before, ..POLICY });
    assert_eq!(with(issued_at + 1), Decision::Expired);
    assert_eq!(rotated(with(issued_at)).generation, 6);
}

#[test]
fn an_ended_session_is_expired_before_it_is_reused() {
    assert_eq!(after(15 * DAY, 0, &POLICY), Decision::Expired);
}

#[test]
fn the_current_token_rotates_at_any_age_and_changes_nothing_else() {
    for age in [0, RACE, RETRY, 13 * DAY] {
        let expected = Session {
            generation: 6,
            rotated_at: NOW_MS + age,
            idle_expiry: NOW_MS + age + 14 * DAY,
            ..session()
        };
        for seen in [false, true] {
            let decision = decide(Some(&session()), 5, NOW_MS + age, &POLICY, seen);
            assert_eq!(decision, Decision::Rotate { next: expected.clone(), recovered: 0 });
        }
    }
}

#[test]
fn rotation_keeps_every_option_and_what_later_releases_wrote() {
    let options = Session {
        claims_version: 7,
        access_ttl: Some(60),
        client: Some("web".into()),
        audience: Some("api".into()),
        class: Some("phone".into()),
        meta: Some("{}".into()),
        claims: Some(r#"{"role":"a"}"#.into()),
        is_public: true,
        shared: Some(0),
        auth_time: Some(7),
        ..session()
    };
    let mut later = options.encode();
    // Elements 10 to 17 are here, so the array has 17 elements; a later release appends `true`.
    assert_eq!(later[..3], [0xdc, 0, 17]);
    later[2] = 18;
    later.push(0xc3);
    let stored = Session::decode(&later).expect("readable");
    let next = rotated(decide(Some(&stored), 5, NOW_MS, &POLICY, false));
    assert_eq!(next, Session { generation: 6, ..stored });
    assert_eq!(next.encode().last(), Some(&0xc3));
}

#[test]
fn the_idle_expiry_never_passes_the_absolute_one() {
    let next = rotated(decide(
        Some(&Session { absolute_expiry: NOW_MS + 14 * DAY, ..session() }),
        5,
        NOW_MS + DAY,
        &POLICY,
        false,
    ));
    assert_eq!(next.idle_expiry, NOW_MS + 14 * DAY);
}

#[test]
fn the_idle_ttl_of_a_session_goes_before_the_policys() {
    for (own, expected) in [(None, 14 * DAY), (Some(60), 60_000), (Some(20 * DAY / 1000), 20 * DAY)] {
        let session = Session { idle_ttl: own, ..session() };
        let next = rotated(decide(Some(&session), 5, NOW_MS, &POLICY, false));
        assert_eq!(next.idle_expiry, NOW_MS + expected);
    }
}

#[test]
fn an_absurd_idle_ttl_saturates_at_the_absolute_expiry() {
    let session = Session { idle_ttl: Some((1 << 53) - 1), ..session() };
    let next = rotated(decide(Some(&session), 5, NOW_MS, &POLICY, false));
    assert_eq!(next.idle_expiry, session.absolute_expiry);
}

#[test]
fn the_previous_token_is_a_retry_inside_the_race_window_even_when_seen() {
    for age in [0, 1, RACE - 1] {
        assert_eq!(after(age, 4, &POLICY), Decision::Retry { age, is_shared: false });
        assert_eq!(after_seen(age, 4, &POLICY), Decision::Retry { age, is_shared: false });
    }
}

#[test]
fn the_previous_token_is_a_retry_inside_the_retry_window_unless_seen() {
    for age in [RACE, RETRY - 1] {
        assert_eq!(after(age, 4, &POLICY), Decision::Retry { age, is_shared: false });
        assert_eq!(after_seen(age, 4, &POLICY), Decision::Reuse { age, distance: 1, seen: true });
    }
}

#[test]
fn an_age_equal_to_the_window_is_outside() {
    assert_eq!(after_seen(RACE, 4, &POLICY), Decision::Reuse { age: RACE, distance: 1, seen: true });
    assert_eq!(after(RETRY, 4, &POLICY), Decision::Reuse { age: RETRY, distance: 1, seen: false });
    assert_eq!(after(RETRY + 1, 4, &POLICY), Decision::Reuse { age: RETRY + 1, distance: 1, seen: false });
}

#[test]
fn a_window_of_zero_is_off() {
    let no_race = Policy { race_window: 0, ..POLICY };
    let no_retry = Policy { retry_window: 0, ..POLICY };
    let neither = Policy { retry_window: 0, ..no_race };
    assert_eq!(after_seen(0, 4, &no_race), Decision::Reuse { age: 0, distance: 1, seen: true });
    assert_eq!(after(0, 4, &no_race), Decision::Retry { age: 0, is_shared: false });
    assert_eq!(after(RACE - 1, 4, &no_retry), Decision::Retry { age: RACE - 1, is_shared: false });
    assert_eq!(after(RACE, 4, &no_retry), Decision::Reuse { age: RACE, distance: 1, seen: false });
    assert_eq!(after(0, 4, &neither), Decision::Reuse { age: 0, distance: 1, seen: false });
}

#[test]
fn a_race_window_longer_than_the_retry_window_still_holds() {
    let policy = Policy { race_window: 60_000, retry_window: 1_000, ..POLICY };
    assert_eq!(after_seen(59_999, 4, &policy), Decision::Retry { age: 59_999, is_shared: false });
}

#[test]
fn an_older_token_is_reuse_in_any_window() {
    for (generation, distance) in [(3, 2), (0, 5)] {
        assert_eq!(after(0, generation, &POLICY), Decision::Reuse { age: 0, distance, seen: false });
        assert_eq!(after_seen(7, generation, &STRICT), Decision::Reuse { age: 7, distance, seen: true });
    }
}

#[test]
fn a_token_ahead_proves_a_rollback_and_is_treated_as_current() {
    for (generation, recovered) in [(6, 1), (105, 100), ((1 << 53) - 2, (1 << 53) - 7)] {
        let expected = Session {
            generation: generation + 1,
            rotated_at: NOW_MS + 5,
            idle_expiry: NOW_MS + 5 + 14 * DAY,
            ..session()
        };
        assert_eq!(after(5, generation, &POLICY), Decision::Rotate { next: expected, recovered });
    }
}

#[test]
fn a_token_ahead_is_reuse_where_recovery_is_off() {
    assert_eq!(after(5, 6, &STRICT), Decision::Reuse { age: 5, distance: 1, seen: false });
    assert_eq!(after_seen(5, 105, &STRICT), Decision::Reuse { age: 5, distance: 100, seen: true });
}

#[test]
fn a_clock_that_went_back_makes_the_age_zero() {
    let earlier = |generation, seen| decide(Some(&session()), generation, NOW_MS - DAY, &POLICY, seen);
    assert_eq!(earlier(4, true), Decision::Retry { age: 0, is_shared: false });
    assert_eq!(earlier(3, false), Decision::Reuse { age: 0, distance: 2, seen: false });
}

#[test]
fn a_rotation_under_a_clock_that_went_back_starts_at_that_time() {
    let next = rotated(decide(Some(&session()), 5, NOW_MS - DAY, &POLICY, false));
    assert_eq!((next.rotated_at, next.idle_expiry), (NOW_MS - DAY, NOW_MS + 13 * DAY));
}

#[test]
fn the_first_generation_has_no_previous_token() {
    let fresh = Session { generation: 0, ..session() };
    let next = rotated(decide(Some(&fresh), 0, NOW_MS, &STRICT, false));
    assert_eq!(next.generation, 1);
    assert!(matches!(decide(Some(&fresh), 1, NOW_MS, &STRICT, false), Decision::Reuse { distance: 1, .. }));
}

#[test]
fn no_generation_makes_the_decision_panic() {
    for generation in [u64::MAX - 1, u64::MAX] {
        for policy in [&POLICY, &STRICT] {
            assert_ne!(after(0, generation, policy), Decision::NoSession);
        }
    }
}

/// Sessions of these tests have access tokens of 900 s, which are young for half of that.
const YOUTH: u64 = 450_000;

fn shared(generations: u64) -> Policy {
    Policy { shared: generations, ..POLICY }
}

/// Returns the session as a renewal `age` ms after its rotation leaves it: of the same generation.
fn renewed(age: u64) -> Session {
    Session { rotated_at: NOW_MS + age, idle_expiry: NOW_MS + age + 14 * DAY, ..session() }
}

#[test]
fn every_holder_of_a_shared_session_gets_the_same_answer_while_its_access_token_is_young() {
    for age in [0, RACE, YOUTH - 1] {
        for seen in [false, true] {
            let of = |generation| decide(Some(&session()), generation, NOW_MS + age, &shared(2), seen);
            assert_eq!(of(5), Decision::Retry { age, is_shared: false });
            assert_eq!(of(4), Decision::Retry { age, is_shared: true }, "before the windows are looked at");
            assert_eq!(of(3), Decision::Retry { age, is_shared: true });
            assert_eq!(of(2), Decision::Reuse { age, distance: 3, seen });
        }
    }
}

#[test]
fn from_half_an_access_ttl_on_the_current_token_of_a_shared_session_rotates_and_older_ones_renew() {
    for age in [YOUTH, RETRY, 13 * DAY] {
        let of = |generation| after_seen(age, generation, &shared(2));
        assert_eq!(rotated(of(5)).generation, 6);
        for generation in [3, 4] {
            assert_eq!(of(generation), Decision::Renew { next: renewed(age), age }, "of {generation}");
        }
        assert_eq!(of(2), Decision::Reuse { age, distance: 3, seen: true });
    }
}

#[test]
fn the_windows_go_before_a_renewal() {
    let quick = Policy { access_ttl: 1, ..shared(2) };
    assert_eq!(after(500, 4, &quick), Decision::Retry { age: 500, is_shared: false });
    assert_eq!(after_seen(RACE - 1, 4, &quick), Decision::Retry { age: RACE - 1, is_shared: false });
    assert_eq!(after_seen(RACE, 4, &quick), Decision::Renew { next: renewed(RACE), age: RACE });
    assert_eq!(after(500, 3, &quick), Decision::Renew { next: renewed(500), age: 500 });
}

#[test]
fn a_renewal_keeps_the_generation_and_never_passes_the_absolute_expiry() {
    let session = Session { absolute_expiry: NOW_MS + 2 * DAY, idle_ttl: Some(60), ..session() };
    let of = |session: &Session| match decide(Some(session), 4, NOW_MS + DAY, &shared(1), true) {
        Decision::Renew { next, .. } => next,
        other => panic!("expected a renewal: {other:?}"),
    };
    let next = of(&session);
    assert_eq!((next.generation, next.rotated_at), (5, NOW_MS + DAY));
    assert_eq!(next.idle_expiry, NOW_MS + DAY + 60_000);
    assert_eq!(of(&Session { idle_ttl: None, ..session }).idle_expiry, NOW_MS + 2 * DAY);
}

#[test]
fn a_session_that_says_how_far_it_is_shared_goes_before_the_policy() {
    let of = |own: Option<u64>, policy: &Policy| {
        let session = Session { shared: own, ..session() };
        decide(Some(&session), 3, NOW_MS + DAY, policy, true)
    };
    assert!(matches!(of(None, &POLICY), Decision::Reuse { .. }));
    assert!(matches!(of(Some(2), &POLICY), Decision::Renew { .. }));
    assert!(matches!(of(None, &shared(2)), Decision::Renew { .. }), "it follows the setting");
    assert!(matches!(of(Some(0), &shared(2)), Decision::Reuse { .. }), "0 is strict");
    assert!(matches!(of(Some(1), &shared(2)), Decision::Reuse { .. }));
}

#[test]
fn the_access_ttl_of_a_session_says_how_long_its_tokens_are_young() {
    let session = Session { access_ttl: Some(61), ..session() };
    let at = |age| decide(Some(&session), 5, NOW_MS + age, &shared(1), true);
    assert_eq!(at(30_499), Decision::Retry { age: 30_499, is_shared: false });
    assert_eq!(rotated(at(30_500)).generation, 6);
}

#[test]
fn a_short_idle_time_makes_them_young_for_half_of_it_so_that_use_keeps_the_session_alive() {
    let session = Session { idle_ttl: Some(60), idle_expiry: NOW_MS + 60_000, ..session() };
    let at = |generation, age| decide(Some(&session), generation, NOW_MS + age, &shared(1), true);
    assert_eq!(at(5, 29_999), Decision::Retry { age: 29_999, is_shared: false });
    assert_eq!(rotated(at(5, 30_000)).idle_expiry, NOW_MS + 90_000);
    assert!(matches!(at(4, 30_000), Decision::Renew { next, .. } if next.idle_expiry == NOW_MS + 90_000));
}

#[test]
fn recovery_of_a_shared_session_is_as_of_any_other() {
    for generation in [6, 105] {
        assert_eq!(after(5, generation, &shared(3)), after(5, generation, &POLICY));
        let strict = Policy { recovery: false, ..shared(3) };
        assert_eq!(after(5, generation, &strict), after(5, generation, &STRICT), "also where it is off");
    }
}

#[test]
fn an_ended_shared_session_is_expired() {
    assert_eq!(after(14 * DAY, 4, &shared(9)), Decision::Expired);
}

#[test]
fn as_many_generations_as_there_are_may_be_shared() {
    let fresh = Session { generation: 1, ..session() };
    let of = |generation| decide(Some(&fresh), generation, NOW_MS, &shared(1_000), true);
    assert_eq!(of(0), Decision::Retry { age: 0, is_shared: true });
    assert_eq!(of(1), Decision::Retry { age: 0, is_shared: false });
    assert!(matches!(of(2), Decision::Rotate { recovered: 1, .. }));
    let endless = Session { shared: Some(u64::MAX), ..session() };
    let decision = decide(Some(&endless), 0, NOW_MS + YOUTH, &POLICY, true);
    assert_eq!(
        decision,
        Decision::Renew { next: Session { shared: Some(u64::MAX), ..renewed(YOUTH) }, age: YOUTH }
    );
}
