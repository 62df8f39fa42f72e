//! The commands that need a session, with one whose field has expired, and with the user's others.

use super::*;

#[test]
fn verify_knows_the_live_sessions_only() {
    in_every_case(2, 2, |user| {
        let (live, expired) = (user.live.clone(), user.expired.clone());
        user.lives_not_in(&expired);
        user.lives_in(&live);
    });
}

#[test]
fn inspect_finds_an_expired_session_gone() {
    in_every_case(2, 2, |user| {
        let (live, expired) = (user.live.clone(), user.expired.clone());
        user.ask_both(|con, key| {
            assert!(expired.iter().all(|tokens| inspected(con, key, tokens) == "gone"));
            assert!(live.iter().all(|tokens| inspected(con, key, tokens) == "current"));
        });
    });
}

#[test]
fn sessions_lists_the_live_ones_in_pages() {
    in_every_case(3, 4, |user| {
        let newest: Vec<String> = user.live.iter().rev().map(|tokens| tokens.session_id.clone()).collect();
        user.ask_both(|con, key| {
            assert_eq!(listed(con, key), newest);
            let page: Vec<Value> = con.get(&["AUTH.SESSIONS", key, "OFFSET", "1", "COUNT", "5"]);
            assert_eq!(page.len(), 2, "those that have expired take no place");
        });
    });
}

#[test]
fn refresh_finds_no_expired_session_and_takes_nothing_for_reuse() {
    in_every_case(2, 2, |user| {
        for tokens in user.expired.clone() {
            assert_eq!(refused(user.con.refresh(&user.key, &tokens.refresh, &[])), "NOSESSION");
        }
        assert_eq!(user.con.counter("reused"), 0);
        for tokens in &mut user.live {
            *tokens = user.con.refresh(&user.key, &tokens.refresh, &[]).unwrap();
            assert_eq!(tokens.generation(), 1);
        }
        let live = user.live.clone();
        user.lives_in(&live);
    });
}

#[test]
fn setclaims_changes_the_live_sessions_only() {
    in_every_case(2, 2, |user| {
        let (live, expired) = (user.live.clone(), user.expired.clone());
        assert_eq!(user.set_claims(&expired[0].session_id, r#"{"a":1}"#), 0);
        assert_eq!(user.set_claims(&live[0].session_id, r#"{"a":1}"#), 1);
        assert_eq!(user.set_claims("ALL", r#"{"a":2}"#), 2);
        user.lives_not_in(&expired);
        user.ask_both(|con, key| {
            assert!(live.iter().all(|tokens| refused(con.verify(key, &tokens.access, &[])) == "STALETOKEN"));
        });
        for tokens in &mut user.live {
            *tokens = user.con.refresh(&user.key, &tokens.refresh, &[]).unwrap();
            assert_eq!(tokens.claims()["a"], 2);
        }
        let live = user.live.clone();
        user.lives_in(&live);
    });
}

/// Sends a command about a session that has expired, and asserts that it finds none.
type FindsNothing = fn(&mut User<'_>, &Tokens);

const EVERY_COMMAND: [FindsNothing; 11] = [
    |user, last| assert_eq!(refused(user.con.verify(&user.key, &last.access, &[])), "NOSESSION"),
    |user, last| assert_eq!(refused(user.con.refresh(&user.key, &last.refresh, &[])), "NOSESSION"),
    |user, last| assert_eq!(inspected(&mut user.con, &user.key, last), "gone"),
    |user, _| assert!(listed(&mut user.con, &user.key).is_empty()),
    |user, _| assert_eq!(user.set_claims("ALL", "{}"), 0),
    |user, last| assert_eq!(user.set_claims(&last.session_id, "{}"), 0),
    |user, _| assert_eq!(user.revoke(&["ALL"]), 0),
    |user, last| assert_eq!(user.revoke(&["ALL", "EXCEPT", &last.session_id]), 0),
    |user, last| assert_eq!(user.revoke(&["SESSION", &last.session_id]), 0),
    |user, last| assert_eq!(user.revoke(&["TOKEN", &last.refresh]), 0),
    |user, last| assert_eq!(user.revoke(&["TOKEN", &last.access]), 0),
];

/// Each command is the first to meet the expired fields, since the server may remove them then.
#[test]
fn a_user_whose_only_session_has_expired_has_none_and_can_log_in() {
    in_every_case(0, 0, |user| {
        for finds_nothing in EVERY_COMMAND {
            user.start_over(0, 1);
            let last = user.expired[0].clone();
            finds_nothing(user, &last);
            user.lives_in(&[]);
            user.agreed_state();
            let next = user.issue(&[]);
            assert!(user.con.expires_at(&user.key) > 0);
            user.lives_in(&[next]);
        }
    });
}
