//! Changes of which Redis says nothing, or says it late: a minute ends every kept answer.

use std::thread;

use super::{
    UNSAID,
    observer::{Observer, Program},
};
use crate::support::*;

/// A change, and whether the server can make it.
type Change = fn(&mut Con, &Tokens);

const CHANGES: [(&str, &str, Change); 3] = [
    ("SWAPDB", "SWAPDB", |con, _| con.get(&["SWAPDB", "0", "1"])),
    ("a key that expires and is not removed", "PEXPIRE", |con, _| {
        con.get::<()>(&["PEXPIRE", "auth:42", "2000"]);
        con.let_pass(std::time::Duration::from_secs(2));
    }),
    ("a field that expires and is not removed", "HPEXPIRE", |con, its| {
        con.get::<()>(&["HPEXPIRE", "auth:42", "2000", "FIELDS", "1", &its.session_id]);
        con.let_pass(std::time::Duration::from_secs(2));
    }),
];

/// Seen to fail when a kept answer holds for longer than a minute.
#[test]
fn nothing_is_accepted_for_longer_than_a_minute() {
    thread::scope(|scope| {
        for change in CHANGES {
            scope.spawn(move || is_noticed(change));
        }
    });
}

fn is_noticed((what, command, change): (&str, &str, Change)) {
    let redis = Redis::start();
    let mut con = redis.connect();
    if con.get::<Vec<redis::Value>>(&["COMMAND", "INFO", command]) == [redis::Value::Nil] {
        return;
    }
    con.get::<()>(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    let program = Program::of(&redis);
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness(what, || change(&mut con, &tokens));
    assert!(late < UNSAID, "{what}: {late:?}");
}
