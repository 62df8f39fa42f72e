//! The application that calls AUTH.REFRESH.

use redis::Value;

use super::{Pair, Side};
use crate::support::Con;

/// Nothing to prepare: keys and rules are the module's.
pub struct Hallpass;

impl Side for Hallpass {
    fn login(&self, con: &mut Con, user: &str) -> String {
        pair(redis::cmd("AUTH.ISSUE").arg(format!("auth:{user}")).arg("LIMIT").arg(1), con).refresh
    }

    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair {
        pair(redis::cmd("AUTH.REFRESH").arg(format!("auth:{user}")).arg(token), con)
    }
}

/// Looks for the two members it needs in the map, which is a flat array in RESP2.
fn pair(command: &redis::Cmd, con: &mut Con) -> Pair {
    let members: Vec<Value> = command.query(con).expect("tokens");
    let text = |name: &str| {
        let at = members.iter().position(|member| *member == Value::BulkString(name.into()));
        redis::from_redis_value_ref(&members[at.expect("the member") + 1]).expect("a string")
    };
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}
