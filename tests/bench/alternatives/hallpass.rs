//! The application that calls AUTH.REFRESH.

use std::collections::HashMap;

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

fn pair(command: &redis::Cmd, con: &mut Con) -> Pair {
    let mut reply: HashMap<String, redis::Value> = command.query(con).expect("tokens");
    let mut text = |name| {
        let value = reply.remove(name).expect("the member");
        redis::from_redis_value::<String>(value).expect("a string")
    };
    Pair { access: text("access_token"), refresh: text("refresh_token") }
}
