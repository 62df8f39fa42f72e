//! The application that calls AUTH.REFRESH.

use redis::Value;

use super::{Pair, Side};
use crate::support::Con;

/// The application has nothing to prepare: the module has keys and rules.
pub struct Hallpass;

impl Side for Hallpass {
    fn login(&self, con: &mut Con, user: &str) -> String {
        pair(redis::cmd("AUTH.ISSUE").arg(format!("auth:{user}")).arg("LIMIT").arg(1), con).refresh
    }

    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair {
        pair(redis::cmd("AUTH.REFRESH").arg(format!("auth:{user}")).arg(token), con)
    }
}

/// Reads the two members that it needs from the map, which is a flat array in RESP2.
fn pair(command: &redis::Cmd, con: &mut Con) -> Pair {
    let members: Vec<Value> = command.query(con).expect("tokens");
    let mut pair = Pair { access: String::new(), refresh: String::new() };
    let mut members = members.into_iter();
    while let (Some(name), Some(value)) = (members.next(), members.next()) {
        match (name, value) {
            (Value::BulkString(name), Value::BulkString(text)) if name == b"access_token" => {
                pair.access = String::from_utf8(text).expect("a token");
            }
            (Value::BulkString(name), Value::BulkString(text)) if name == b"refresh_token" => {
                pair.refresh = String::from_utf8(text).expect("a token");
            }
            _ => {}
        }
    }
    pair
}
