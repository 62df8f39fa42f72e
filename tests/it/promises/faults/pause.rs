//! CLIENT PAUSE under load, with every AUTH command in flight: paused commands wait, and nothing else happens.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

use super::{
    every_command::{go_on, live, live_once, written},
    load_clients::CLIENTS,
};
use crate::support::*;

/// The number of pauses in each of the two modes.
const ROUNDS: usize = 5;
/// Pauses all the clients, this one as well.
fn pause_all(con: &mut Con) {
    con.get::<()>(&["CLIENT", "PAUSE", "100", "ALL"]);
    go_on(con, written);
}

/// Pauses everything that writes; the rest goes on.
fn pause_writes(con: &mut Con) {
    con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let before = written(con);
    go_on(con, |con| con.counter("verified"));
    assert_eq!(written(con), before, "nothing is written");
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    go_on(con, written);
}

/// Verifies one token until the pauses are over.
fn read(mut con: Con, over: &AtomicBool) {
    let tokens = con.issue("auth:reader", &[]).unwrap();
    while !over.load(SeqCst) {
        con.verify("auth:reader", &tokens.access, &[]).unwrap();
    }
}

/// Seen to fail with AUTH.VERIFY marked as a write: it waits, too.
#[test]
fn everybody_waits_or_goes_on_and_all_answers_are_right() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let run_id = con.run_id();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &is_over;
        let _guard = OnDrop(over);
        let reader = redis.connect();
        scope.spawn(|| read(reader, over));
        for user in 0..CLIENTS {
            let con = redis.connect();
            scope.spawn(move || live(con, user, over));
        }
        go_on(&mut con, written);
        for _ in 0..ROUNDS {
            pause_writes(&mut con);
            pause_all(&mut con);
        }
    });
    live_once(&mut con, "auth:42", 0);
    assert_eq!(con.run_id(), run_id, "no assertion failed");
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
}
