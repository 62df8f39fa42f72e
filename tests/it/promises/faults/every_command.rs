//! Every AUTH command, in the order of a session's life. Each answer is checked.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use crate::support::*;

/// The number of commands that must be carried out between two steps of a test.
const SOME: u64 = 50;

/// Returns the number of writes so far.
pub fn written(con: &mut Con) -> u64 {
    ["issued", "refreshed", "revoked"].map(|counter| con.counter(counter)).iter().sum()
}

/// Waits until `progress` has gone on by some commands.
pub fn go_on(con: &mut Con, progress: impl Fn(&mut Con) -> u64) {
    let goal = progress(con) + SOME;
    wait_until("clients are served", SOON, || progress(con) >= goal);
}

/// Runs one session after the other, until `progress` ends.
pub fn live(mut con: impl AuthCommands, user: usize, over: &AtomicBool) {
    let numbers = (user << 32..).take_while(|_| !over.load(SeqCst));
    numbers.for_each(|number| live_once(&mut con, &format!("auth:{user}"), number));
}

/// Runs one session of the user at `key` from login to logout. `number` must be unique.
pub fn live_once(con: &mut impl AuthCommands, key: &str, number: usize) {
    let sid = format!("0190b2c4-7d1a-7abc-8def-{number:012x}");
    let first = con.issue(key, &["SID", &sid]).unwrap();
    assert_eq!(first.session_id, sid);
    let second = con.refresh(key, &first.refresh, &[]).unwrap();
    let again = con.refresh(key, &first.refresh, &[]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&second.access, &second.refresh));
    con.verify(key, &second.access, &[]).unwrap();
    look_at(con, key, &second);
    let third = change_claims(con, key, &second);
    assert_eq!(con.get::<u64>(&["AUTH.REVOKE", key, "TOKEN", &third.refresh]), 1);
    assert_eq!(refused(con.verify(key, &third.access, &[])), "NOSESSION");
    assert_eq!(refused(con.refresh(key, &third.refresh, &[])), "NOSESSION");
    manage_keys(con);
}

/// Asserts that AUTH.INSPECT and AUTH.SESSIONS show the session.
fn look_at(con: &mut impl AuthCommands, key: &str, tokens: &Tokens) {
    let inspected: BTreeMap<String, redis::Value> = con.get(&["AUTH.INSPECT", key, &tokens.refresh]);
    let state: String = redis::from_redis_value(inspected["state"].clone()).unwrap();
    assert_eq!(state, "current");
    assert_eq!(con.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", key]).len(), 1);
}

/// Asserts that AUTH.SETCLAIMS makes the access token stale, and that a refresh brings the new claims.
fn change_claims(con: &mut impl AuthCommands, key: &str, tokens: &Tokens) -> Tokens {
    let set = ["AUTH.SETCLAIMS", key, &tokens.session_id, r#"{"role":"admin"}"#];
    assert_eq!(con.get::<u64>(&set), 1);
    assert_eq!(refused(con.verify(key, &tokens.access, &[])), "STALETOKEN");
    let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
    assert_eq!(con.verify(key, &next.access, &[]).unwrap()["role"], "admin");
    next
}

/// Runs the commands about keys.
fn manage_keys(con: &mut impl AuthCommands) {
    assert!(con.jwks()["keys"].is_array());
    assert_eq!(con.get::<Vec<redis::Value>>(&["AUTH.KEYS"]).len(), 2);
    con.get::<()>(&["AUTH.RELOAD"]);
}
