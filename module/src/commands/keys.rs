//! `AUTH.KEYS` → one map per key: `kid`, `alg`, `use` (`sig`, `refresh`), `status` (`next`, `active`, `retiring`, `expired`), and `nbf` and `exp`
//! where set. No key material.

use super::{Outcome, complete};
use crate::error::{self, Error};
use crate::ffi::Arg;
use crate::info::unix_ms;
use crate::keyring;
use crate::reply::Reply;
use hallpass_engine::keys::KeySummary;
use redis_module::Context;

/// Runs the command.
pub fn run(_ctx: &Context, args: &[Arg]) -> Outcome {
    if args.len() != 1 {
        return Err(error::SYNTAX);
    }
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let keys = loaded.ring.summaries(unix_ms() / 1000);
    complete(Reply::Array(keys.iter().map(entry).collect()))
}

fn entry(key: &KeySummary) -> Reply {
    let mut members = vec![
        ("kid", Reply::text(&key.kid)),
        ("alg", Reply::text(key.alg)),
        ("use", Reply::text(key.usage)),
        ("status", Reply::text(key.status.name())),
    ];
    members.extend((key.validity.nbf > 0).then(|| ("nbf", Reply::number(key.validity.nbf))));
    members.extend(key.validity.exp.map(|exp| ("exp", Reply::number(exp))));
    Reply::Map(members)
}
