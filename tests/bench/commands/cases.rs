//! The measured commands, in the order of a round: later ones leave a state that earlier ones could not use.

use std::time::Duration;

use super::stage::{REPEATED, Stage, USERS, encoded, text_key, user_key, words};
use crate::load::Requests;

/// The duration of a turn of a case that repeats its commands.
const TURN: Duration = Duration::from_millis(150);
const CLAIMS: &str = r#"{"role":"admin","scope":"read write"}"#;

/// A measured command.
pub struct Case {
    /// Its name in tables.
    pub name: &'static str,
    /// The command for comparison.
    pub against: &'static str,
    /// The number of different commands, and whether they are repeated or sent once each.
    pub shape: Shape,
    /// Builds one of the commands.
    pub command: fn(&Stage, usize) -> Vec<String>,
}

/// The use of the commands of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Few different ones, for a time.
    Again,
    /// One per user.
    Once,
    /// The same command for all users.
    Same,
}

/// The case for comparison of reads.
pub const GET: &str = "GET";
/// A GET with as many bytes as AUTH.VERIFY in both directions: the lookup of a login whose token is a key of its own.
pub const GET_BY_TOKEN: &str = "GET, the token as key";
/// The case for comparison of writes.
pub const SET: &str = "SET";
pub const VERIFY_REPEATED: &str = "VERIFY, repeated token";
pub const VERIFY_MINTED_HERE: &str = "VERIFY, new token, minted here";
pub const VERIFY_MINTED_ELSEWHERE: &str = "VERIFY, new token, minted elsewhere";
pub const REFRESH: &str = "REFRESH";
pub const REFRESH_JSON: &str = "REFRESH, FORMAT JSON";
pub const ISSUE: &str = "ISSUE, new user";
pub const ISSUE_JSON: &str = "ISSUE, new user, FORMAT JSON";

use Shape::{Again, Once, Same};

/// All cases.
pub const ALL: [Case; 17] = [
    case(VERIFY_MINTED_HERE, GET, Once, |stage, user| verify(user, &stage.tokens[user].access)),
    case(GET, GET, Again, |_, number| words(&["GET", &text_key(number)])),
    case(GET_BY_TOKEN, GET, Again, |stage, user| words(&["GET", &stage.tokens[user].access])),
    case(VERIFY_REPEATED, GET, Again, |stage, user| verify(user, &stage.tokens[user].access)),
    case(VERIFY_MINTED_ELSEWHERE, GET, Once, |stage, user| verify(user, &stage.minted_elsewhere(user))),
    case("INSPECT", GET, Again, |stage, user| {
        words(&["AUTH.INSPECT", &user_key(user), &stage.tokens[user].refresh])
    }),
    case("SESSIONS, one session", GET, Again, |_, user| words(&["AUTH.SESSIONS", &user_key(user)])),
    case("JWKS", GET, Same, |_, _| words(&["AUTH.JWKS"])),
    case("KEYS", GET, Same, |_, _| words(&["AUTH.KEYS"])),
    case("RELOAD", GET, Same, |_, _| words(&["AUTH.RELOAD"])),
    case(SET, SET, Again, |stage, number| words(&["SET", &text_key(number), &stage.text()])),
    case(REFRESH, SET, Once, |stage, user| {
        words(&["AUTH.REFRESH", &user_key(user), &stage.tokens[user].refresh])
    }),
    case(REFRESH_JSON, SET, Once, |stage, user| {
        words(&["AUTH.REFRESH", &user_key(user), &stage.next_refresh_token(user), "FORMAT", "JSON"])
    }),
    case(ISSUE, SET, Once, |_, user| words(&["AUTH.ISSUE", &user_key(USERS + user)])),
    case(ISSUE_JSON, SET, Once, |_, user| {
        words(&["AUTH.ISSUE", &user_key(2 * USERS + user), "FORMAT", "JSON"])
    }),
    case("SETCLAIMS, one session", SET, Again, |stage, user| {
        words(&["AUTH.SETCLAIMS", &user_key(user), &stage.tokens[user].session_id, CLAIMS])
    }),
    case("REVOKE, one session", SET, Once, |stage, user| {
        words(&["AUTH.REVOKE", &user_key(user), "SESSION", &stage.tokens[user].session_id])
    }),
];

const fn case(
    name: &'static str,
    against: &'static str,
    shape: Shape,
    command: fn(&Stage, usize) -> Vec<String>,
) -> Case {
    Case { name, against, shape, command }
}

fn verify(user: usize, token: &str) -> Vec<String> {
    words(&["AUTH.VERIFY", &user_key(user), token])
}

impl Case {
    /// Returns its commands, ready to be sent.
    pub fn requests(&self, stage: &Stage) -> Requests {
        let count = if self.shape == Once { stage.users } else { REPEATED.min(stage.users) };
        let commands = (0..count).map(|number| encoded(&(self.command)(stage, number))).collect();
        Requests { commands, again_for: (self.shape != Once).then_some(TURN) }
    }
}
