//! A wall clock that jumps: back by an hour, forward by a year, and past a session's end during a command.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

mod back;
mod expiry;
mod forward;

const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Asserts that a session can be used: its token is rotated, retried and verified.
#[track_caller]
fn assert_usable(con: &mut Con, tokens: &Tokens) -> Tokens {
    let next = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    let again = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!((&again.access, &again.refresh), (&next.access, &next.refresh));
    con.verify("auth:42", &next.access, &[]).unwrap();
    next
}

/// Returns a claim that is a number.
fn number(tokens: &Tokens, claim: &str) -> i64 {
    tokens.claims()[claim].as_i64().unwrap()
}
