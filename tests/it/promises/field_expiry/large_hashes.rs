//! Logins of users with more than 128 fields: if no limit applies, Redis chooses some fields to be scanned, and then
//! removes expired ones, and the key with the last of them.

use super::*;

/// More fields than AUTH.ISSUE scans completely.
const MANY: usize = 200;

/// The original defect: the login succeeded and its session did not exist, or redis-server crashed. The server may also
/// remove the fields by itself here. Seen to fail with a key that is held open while Redis chooses.
#[test]
fn a_login_right_after_all_sessions_have_expired_is_kept() {
    in_every_case(0, 0, |user| {
        for _ in 0..5 {
            user.start_over(MANY, 0);
            let fields: Vec<String> = user.live.iter().map(|tokens| tokens.session_id.clone()).collect();
            user.set_ttl(&fields, TTL);
            user.con.let_pass(TTL);
            is_kept(user, |user| user.issue(&[]));
        }
    });
}

/// Asserts that a user whose sessions have all expired has exactly the new one.
#[track_caller]
fn is_kept(user: &mut User<'_>, login: impl FnOnce(&mut User<'_>) -> Tokens) {
    let next = login(user);
    assert_eq!(user.con.get::<i64>(&["HEXISTS", &user.key, &next.session_id]), 1);
    assert!(user.con.expires_at(&user.key) > 0, "nor is the key there for ever");
    user.lives_in(std::slice::from_ref(&next));
    let next = user.con.refresh(&user.key, &next.refresh, &[]).unwrap();
    user.lives_in(&[next]);
    user.agreed_state();
}

#[test]
fn a_login_is_kept_with_and_without_a_limit_in_a_transaction_and_in_a_script() {
    in_every_case(0, MANY, |user| {
        is_kept(user, |user| user.issue(&[]));
        user.start_over(0, MANY);
        is_kept(user, |user| user.issue(&["LIMIT", "1", "REJECT"]));
        user.start_over(0, MANY);
        is_kept(user, in_a_transaction);
        user.start_over(0, MANY);
        is_kept(user, in_a_script);
    });
}

/// Logs in twice in one transaction; the second login evicts the first.
fn in_a_transaction(user: &mut User<'_>) -> Tokens {
    let mut issue = redis::cmd("AUTH.ISSUE");
    issue.arg(&user.key);
    let mut again = issue.clone();
    again.arg(&["LIMIT", "1"]);
    let replies: Vec<Value> =
        redis::pipe().atomic().add_command(issue).add_command(again).query(&mut user.con).unwrap();
    let [first, second] = [0, 1].map(|index: usize| Tokens::from_reply(&replies[index]));
    assert_eq!(second.evicted, Some(vec![first.session_id]));
    second
}

/// Returns a script that logs in and verifies.
fn in_a_script(user: &mut User<'_>) -> Tokens {
    let script = "local login = redis.call('AUTH.ISSUE', KEYS[1]) \
                  redis.call('AUTH.VERIFY', KEYS[1], login[2]) return login";
    Tokens::from_reply(&user.con.get(&["EVAL", script, "1", &user.key]))
}

#[test]
fn a_login_among_live_and_expired_sessions_changes_neither() {
    in_every_case(MANY / 2, MANY, |user| {
        for _ in 0..5 {
            let next = user.issue(&[]);
            user.live.push(next);
        }
        let (live, expired) = (user.live.clone(), user.expired.clone());
        user.lives_in(&live);
        user.lives_not_in(&expired);
    });
}

#[test]
fn everything_works_with_a_few_sessions_among_many_that_have_expired() {
    in_every_case(2, MANY, |user| {
        let next = user.issue(&[]);
        user.live.push(next);
        user.live[0] = user.con.refresh(&user.key, &user.live[0].refresh, &[]).unwrap();
        assert_eq!(user.set_claims("ALL", "{}"), 3);
        for tokens in &mut user.live {
            *tokens = user.con.refresh(&user.key, &tokens.refresh, &[]).unwrap();
        }
        let live = user.live.clone();
        user.lives_in(&live);
        assert_eq!(user.revoke(&["ALL", "EXCEPT", &live[2].session_id]), 2);
        user.lives_in(&live[2..]);
        assert_eq!(user.revoke(&["ALL"]), 1);
        user.lives_in(&[]);
    });
}

/// The refusal comes after Redis has removed expired fields, which the replica must learn all the same.
#[test]
fn the_hash_of_another_program_is_refused_whatever_has_expired_in_it() {
    in_every_case(0, 0, |user| {
        for field in 0..MANY {
            user.con.get::<i64>(&["HSET", &user.key, &format!("field {field}"), "x"]);
        }
        let fields: Vec<String> = (0..MANY / 2).map(|field| format!("field {field}")).collect();
        user.expire(&fields);
        assert_eq!(refused(user.con.issue(&user.key, &[])), "WRONGTYPE");
        assert_eq!(user.agreed_state().0.len(), MANY - fields.len());
    });
}
