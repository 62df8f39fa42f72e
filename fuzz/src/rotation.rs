//! The rotation rules: whatever is stored, and whatever comes, the answer is one of those that the rules allow.

use hallpass_engine::inspection::{self, State};
use hallpass_engine::record::Session;
use hallpass_engine::rotation::{Decision, Policy, decide};

/// Numbers of the token, the time and the settings, eight bytes each, and then a session record.
pub fn rotation(data: &[u8]) {
    let Some((numbers, record)) = data.split_at_checked(8 * 8) else {
        return;
    };
    let Ok(session) = Session::decode(record) else {
        return;
    };
    let number = |index: usize| {
        u64::from_be_bytes(numbers[8 * index..8 * (index + 1)].try_into().expect("eight bytes"))
    };
    let flags = number(7);
    let policy = Policy {
        race_window: number(2),
        retry_window: number(3),
        access_ttl: number(4),
        idle_ttl: number(5),
        shared: number(6),
        recovery: flags & 1 != 0,
        not_before: 0,
    };
    check(&session, number(0), number(1), &policy, flags & 2 != 0);
}

fn check(session: &Session, generation: u64, now: u64, policy: &Policy, seen: bool) {
    let shared = session.shared.unwrap_or(policy.shared);
    let behind = session.generation.checked_sub(generation);
    let is_near = behind.is_some_and(|behind| behind <= shared.max(1));
    let decision = decide(Some(session), generation, now, policy, seen);
    let is_answered = match &decision {
        Decision::NoSession => panic!("there is one"),
        Decision::Expired => {
            assert!(session.is_over(now, 0));
            false
        }
        Decision::Rotate { next, recovered } => {
            assert!(behind == Some(0) || (behind.is_none() && policy.recovery));
            assert_eq!(next.generation, generation.saturating_add(1));
            assert_eq!(*recovered, generation - session.generation);
            begins_now(session, next, now);
            true
        }
        Decision::Retry { is_shared, .. } => {
            assert!(is_near && (!is_shared || behind > Some(0)));
            assert!(shared > 0 || behind == Some(1), "the current token rotates");
            true
        }
        Decision::Renew { next, .. } => {
            assert!(is_near && behind > Some(0) && shared > 0);
            assert_eq!(next.generation, session.generation);
            begins_now(session, next, now);
            true
        }
        Decision::Reuse { .. } => {
            assert!(behind != Some(0) && behind.is_none_or(|behind| behind > shared));
            false
        }
    };
    let (state, is_active) = inspection::inspect(Some(session), generation, now, policy, seen);
    assert_eq!(is_active, is_answered, "inspection tells what a refresh would do");
    assert!(state != State::Current || behind == Some(0));
}

/// Everything but generation and times stays, and the session never outlives its longest lifetime.
fn begins_now(session: &Session, next: &Session, now: u64) {
    assert_eq!(next.rotated_at, now);
    assert!(next.idle_expiry <= session.absolute_expiry);
    let Session { generation, rotated_at, idle_expiry, .. } = *session;
    assert_eq!(&Session { generation, rotated_at, idle_expiry, ..next.clone() }, session);
}
