//! AUTH.REVOKE: ends all, some or one of a user's sessions, and nothing else.

use crate::support::*;

mod after;
mod events;
mod targets;
mod token;

/// Returns the reply of `AUTH.REVOKE auth:42 …`.
#[track_caller]
fn revoke(con: &mut Con, target: &[&str]) -> i64 {
    con.get(&[&["AUTH.REVOKE", "auth:42"], target].concat())
}

/// Returns the sids at `auth:42`, sorted.
fn left(con: &mut Con) -> Vec<String> {
    con.records("auth:42").into_keys().collect()
}

/// Issues `count` sessions of `auth:42`.
fn issued(con: &mut Con, count: usize) -> Vec<Tokens> {
    (0..count).map(|_| con.issue("auth:42", &[]).unwrap()).collect()
}
