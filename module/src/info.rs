//! Counters, and what `INFO hallpass` shows.

use crate::config::Config;
use crate::error::Error;
use crate::ffi::InfoWriter;
use crate::keyring;
use redis_module::{CallOptions, CallOptionsBuilder, CallReply, CallResult, Context};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A number that only grows.
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts. Only who holds Redis' lock counts, so that no addition need be one atomic step, which would cost more than
    /// anything else here.
    pub fn add(&self, number: u64) {
        self.0.store(self.get().wrapping_add(number), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the retry delay histogram, in ms; the last bucket has none.
const RETRY_BOUNDS: [u64; 6] = [100, 1_000, 10_000, 60_000, 600_000, u64::MAX];

/// What this process has done since the module was loaded.
#[allow(missing_docs)] // Each is the INFO field of its name.
pub struct Stats {
    pub issued: Counter,
    pub refreshed: Counter,
    pub retried: Counter,
    pub reused: Counter,
    pub recovered: Counter,
    pub revoked: Counter,
    pub evicted: Counter,
    pub verified: Counter,
    pub verify_cache_hits: Counter,
    pub invalid: Counter,
    pub expired: Counter,
    pub stale: Counter,
    pub unreadable_records: Counter,
    retry_delays: [Counter; RETRY_BOUNDS.len()],
}

/// The counters of this process.
pub static STATS: Stats = Stats {
    issued: Counter::new(),
    refreshed: Counter::new(),
    retried: Counter::new(),
    reused: Counter::new(),
    recovered: Counter::new(),
    revoked: Counter::new(),
    evicted: Counter::new(),
    verified: Counter::new(),
    verify_cache_hits: Counter::new(),
    invalid: Counter::new(),
    expired: Counter::new(),
    stale: Counter::new(),
    unreadable_records: Counter::new(),
    retry_delays: [const { Counter::new() }; RETRY_BOUNDS.len()],
};

impl Stats {
    /// Counts a retry that came `age` ms after the rotation.
    pub fn count_retry(&self, age: u64) {
        self.retried.add(1);
        let bucket = RETRY_BOUNDS.iter().position(|bound| age <= *bound).unwrap_or(RETRY_BOUNDS.len() - 1);
        self.retry_delays[bucket].add(1);
    }

    /// Counts an error that a command answers.
    pub fn count_error(&self, error: Error) {
        match error {
            Error::InvalidToken => self.invalid.add(1),
            Error::ExpiredToken => self.expired.add(1),
            Error::StaleToken => self.stale.add(1),
            _ => (),
        }
    }

    fn counters(&self) -> [(&'static str, &Counter); 13] {
        [
            ("issued", &self.issued),
            ("refreshed", &self.refreshed),
            ("retried", &self.retried),
            ("reused", &self.reused),
            ("recovered", &self.recovered),
            ("revoked", &self.revoked),
            ("evicted", &self.evicted),
            ("verified", &self.verified),
            ("verify_cache_hits", &self.verify_cache_hits),
            ("invalid", &self.invalid),
            ("expired", &self.expired),
            ("stale", &self.stale),
            ("unreadable_records", &self.unreadable_records),
        ]
    }

    /// `le_100ms=…,le_1000ms=…,…,more=…`: how many retries came how long after the rotation.
    fn retry_histogram(&self) -> String {
        let label = |bound: u64| if bound == u64::MAX { "more".into() } else { format!("le_{bound}ms") };
        let buckets = RETRY_BOUNDS.iter().zip(&self.retry_delays);
        let buckets: Vec<_> =
            buckets.map(|(bound, count)| format!("{}={}", label(*bound), count.get())).collect();
        buckets.join(",")
    }
}

/// Writes the section. `ctx` is missing in a crash report, where nothing may be asked of Redis.
pub fn write(out: &InfoWriter, ctx: Option<&Context>) {
    for (name, counter) in STATS.counters() {
        out.number(name, counter.get());
    }
    out.text("retry_delay", &STATS.retry_histogram());
    let config = Config::current();
    out.text("key_pattern", &config.key_pattern);
    out.text("issuer", &config.issuer);
    out.text("audience", &config.audience);
    write_keyring(out);
    if let Some(ctx) = ctx {
        out.text("warnings", &warnings(ctx).join("; "));
    }
}

fn write_keyring(out: &InfoWriter) {
    let Some(loaded) = keyring::current() else {
        return;
    };
    let now = unix_ms() / 1000;
    let signing = loaded.ring.signing_key(now, now).map_or("", |key| key.kid());
    let refresh = loaded.ring.refresh_key(now, now).map_or("", |key| key.kid());
    out.text("signing_kid", signing);
    out.text("refresh_kid", refresh);
    out.number("keyring_stale", u64::from(loaded.is_stale()));
}

/// Settings of Redis under which sessions get lost.
pub fn warnings(ctx: &Context) -> Vec<&'static str> {
    let mut found = Vec::new();
    if config_value(ctx, "maxmemory-policy").is_some_and(|policy| policy != "noeviction") {
        found.push("maxmemory-policy is not noeviction: Redis may evict sessions");
    }
    let has_aof = config_value(ctx, "appendonly").is_some_and(|value| value == "yes");
    let has_rdb = config_value(ctx, "save").is_some_and(|value| !value.is_empty());
    if !has_aof && !has_rdb {
        found.push("persistence is off: a restart logs everybody out");
    }
    found
}

/// The wall clock, in Unix ms.
pub fn unix_ms() -> u64 {
    u64::try_from(unix_ns() / 1_000_000).unwrap_or(u64::MAX)
}

/// The wall clock, in Unix ns.
pub fn unix_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// The value of one of Redis' own settings.
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
