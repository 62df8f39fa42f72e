//! `AUTH.KEYS [FORMAT JSON]` → one map per key: `kid`, `alg`, `use` (`sig`, `refresh`), `status` (`next`, `active`,
//! `retiring`, `expired`), and `nbf` and `exp` where set. No key material.

use super::call::NodeCommand;
use crate::clock::unix_ms;
use crate::error::Error;
use crate::format::{FORMAT, Format};
use crate::keyring;
use crate::redis::args::Arg;
use crate::redis::spec::{CommandSpec, KeyAccess};
use crate::reply::{CommandResult, Value};
use hallpass_engine::arguments::Options;
use hallpass_engine::keys::KeySummary;
use hallpass_engine::keywords;
use hallpass_engine::time::seconds;

/// The command.
pub struct Keys;

keywords! {
    enum KeysOption { Format = "FORMAT" }
}

impl NodeCommand for Keys {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.keys",
        summary: c"Returns the status of each key of the ring, without key material.",
        flags: c"readonly allow-loading allow-stale no-monitor no-slowlog",
        tips: None,
        complexity: c"O(N) with N being the number of keys in the ring.",
        arity: -1,
        categories: c"read fast",
        key: KeyAccess::None,
        args: &[FORMAT],
    };

    fn run(args: &[Arg]) -> CommandResult {
        let format = format(args)?;
        let keys = keyring::current()?.ring.summaries(seconds(unix_ms()));
        Ok(Value::Array(keys.iter().map(entry).collect()).formatted(format).into())
    }
}

fn format(options: &[Arg]) -> Result<Format, Error> {
    let mut options = Options::new(options);
    let mut format = Format::Resp;
    while let Some(option) = options.next_name()? {
        match option {
            KeysOption::Format => format = Format::parse(options.value()?)?,
        }
    }
    Ok(format)
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
