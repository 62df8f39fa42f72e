//! The section `INFO hallpass`.

use crate::clock::unix_ms;
use crate::config::Config;
use crate::redis::info::{InfoWriter, Section};
use crate::stats::STATS;
use crate::{epoch, estimates, keyring};
use hallpass_engine::time::seconds;
use redis_module::{CallOptions, CallOptionsBuilder, CallReply, CallResult, Context};
use std::sync::LazyLock;

/// The section of this module.
pub struct Info;

impl Section for Info {
    fn write(out: &InfoWriter, ctx: Option<&Context>) {
        out.text("version", env!("CARGO_PKG_VERSION"));
        out.text("commit", env!("HALLPASS_COMMIT"));
        STATS.counters().for_each(|(name, count)| out.number(name, count));
        out.text("retry_delay", &STATS.retry_histogram());
        let config = Config::current();
        out.text("key_pattern", &config.key_pattern);
        out.text("issuer", &config.issuer);
        out.text("audience", &config.audience);
        out.number("refresh_requires_access", u64::from(config.refresh_requires_access));
        out.number("race_window", config.race_window);
        out.number("retry_window", config.retry_window);
        write_keyring(out);
        if let Some(ctx) = ctx {
            write_estimates(out, ctx, &config);
            out.text("warnings", &warnings(ctx).join("; "));
        }
    }
}

fn write_keyring(out: &InfoWriter) {
    let Ok(loaded) = keyring::current() else {
        return;
    };
    let now = seconds(unix_ms());
    out.number("verify_epoch", epoch::current(loaded.ring.expired_keys(now)));
    let signing = loaded.ring.signing_key(now, now).map_or("", |key| key.kid());
    let refresh = loaded.ring.refresh_key(now, now).map_or("", |key| key.kid());
    out.text("signing_kid", signing);
    out.text("refresh_kid", refresh);
    out.number("keyring_stale", u64::from(loaded.is_stale()));
}

fn write_estimates(out: &InfoWriter, ctx: &Context, config: &Config) {
    let Some(estimates) = estimates::current(ctx, config) else {
        return;
    };
    out.number("users_estimate", estimates.totals.users);
    out.number("sessions_estimate", estimates.totals.sessions);
    out.number("estimate_keys", estimates.rests_on);
}

/// Returns warnings about settings of Redis with which sessions get lost.
pub fn warnings(ctx: &Context) -> Vec<&'static str> {
    let mut found = Vec::new();
    if config_value(ctx, "maxmemory-policy").is_some_and(|policy| policy != "noeviction") {
        found.push("maxmemory-policy is not noeviction: Redis may evict sessions");
    }
    let (aof, rdb) = (config_value(ctx, "appendonly"), config_value(ctx, "save"));
    // What cannot be read, since CONFIG was renamed or forbidden, says nothing.
    if aof.is_some_and(|value| value == "no") && rdb.is_some_and(|value| value.is_empty()) {
        found.push("persistence is off: a restart logs everybody out");
    }
    if keyring::current().is_ok_and(|loaded| !loaded.ring.can_sign(seconds(unix_ms()))) {
        found.push("no key of the ring may sign now: nobody can log in or refresh");
    }
    found
}

/// Reads one of Redis' own settings.
fn config_value(ctx: &Context, name: &str) -> Option<String> {
    static QUERY: LazyLock<CallOptions> =
        LazyLock::new(|| CallOptionsBuilder::new().errors_as_replies().build());
    let reply: CallResult<'_> = ctx.call_ext("CONFIG", &QUERY, &[b"GET".as_slice(), name.as_bytes()]);
    let Ok(CallReply::Array(pair)) = reply else {
        return None;
    };
    match pair.get(1)? {
        Ok(CallReply::String(value)) => value.to_string(),
        _ => None,
    }
}
