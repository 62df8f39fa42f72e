//! The application that calls AUTH.REFRESH.

use serde::Deserialize;

use super::{Pair, Side};
use crate::support::Con;

/// The application has nothing to prepare: the module has keys and rules.
pub struct Hallpass;

/// The two members that it needs.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl Side for Hallpass {
    fn login(&self, con: &mut Con, user: &str) -> String {
        pair(redis::cmd("AUTH.ISSUE").arg(format!("auth:{user}")).arg("LIMIT").arg(1), con).refresh
    }

    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair {
        pair(redis::cmd("AUTH.REFRESH").arg(format!("auth:{user}")).arg(token), con)
    }
}

/// Reads the answer as JSON.
fn pair(command: &mut redis::Cmd, con: &mut Con) -> Pair {
    let json: Vec<u8> = command.arg("FORMAT").arg("JSON").query(con).expect("tokens");
    let Tokens { access_token, refresh_token } = serde_json::from_slice(&json).expect("a token response");
    Pair { access: access_token, refresh: refresh_token }
}
