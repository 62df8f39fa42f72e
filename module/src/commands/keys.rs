//! `AUTH.KEYS` → one map per key: `kid`, `alg`, `use` (`sig`, `refresh`), `status` (`next`, `active`, `retiring`, `expired`), and `nbf` and `exp`
//! where set. No key material.

use super::call::NodeCommand;
use crate::clock::unix_ms;
use crate::keyring;
use crate::redis::spec::{CommandSpec, KeyAccess};
use crate::reply::{CommandResult, Value};
use hallpass_engine::keys::KeySummary;
use hallpass_engine::time::seconds;

/// The command.
pub struct Keys;

impl NodeCommand for Keys {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.keys",
        summary: c"Tells what each key of the ring is doing, without key material.",
        flags: c"readonly allow-loading allow-stale no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of keys in the ring.",
        arity: 1,
        categories: c"read fast",
        key: KeyAccess::None,
        args: &[],
    };

    fn run() -> CommandResult {
        let keys = keyring::current()?.ring.summaries(seconds(unix_ms()));
        Ok(Value::Array(keys.iter().map(entry).collect()).into())
    }
}

fn entry(key: &KeySummary) -> Value {
    let mut members = vec![
        ("kid", Value::text(&key.kid)),
        ("alg", Value::text(key.alg)),
        ("use", Value::text(key.usage)),
        ("status", Value::text(key.status.name())),
    ];
    members.extend((key.validity.nbf > 0).then(|| ("nbf", Value::number(key.validity.nbf))));
    members.extend(key.validity.exp.map(|exp| ("exp", Value::number(exp))));
    Value::Map(members)
}
