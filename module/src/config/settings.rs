//! The table of `hallpass.*` settings: their types, defaults and ranges. A new one is a line here and a field of
//! [`Config`].

use super::values::Config;
use crate::event_kind::EventKind;
use hallpass_engine::arguments;
use hallpass_engine::key_pattern::KeyPattern;
use hallpass_engine::token::TokenType;
use std::ffi::CStr;

/// One setting.
pub struct Setting {
    /// The name after `hallpass.`.
    pub name: &'static CStr,
    /// Whether it can be set only at load.
    pub immutable: bool,
    /// Its type, and the place of its value.
    pub kind: Kind,
}

/// How a setting is read and stored.
#[allow(missing_docs)] // The names say it.
pub enum Kind {
    /// An integer within a range.
    Number { default: i64, min: i64, max: i64, field: fn(&mut Config) -> &mut u64 },
    /// `yes` or `no`.
    Flag { default: bool, field: fn(&mut Config) -> &mut bool },
    /// A text; `check` returns the reason for refusing a value.
    Text {
        default: &'static CStr,
        field: fn(&mut Config) -> &mut String,
        check: fn(&str) -> Result<(), &'static str>,
    },
}

/// Every setting, in the order of the documentation.
pub static SETTINGS: &[Setting] = &[
    Setting { immutable: true, ..text(c"keyring-file", c"", |c| &mut c.keyring_file, no_control) },
    Setting { immutable: true, ..text(c"key-pattern", c"auth:*", |c| &mut c.key_pattern, is_pattern) },
    text(c"issuer", c"", |c| &mut c.issuer, no_control),
    text(c"audience", c"", |c| &mut c.audience, is_audience),
    number(c"access-ttl", 900, 1, 86_400, |c| &mut c.access_ttl),
    number(c"idle-ttl", 1_209_600, 1, 31_536_000, |c| &mut c.idle_ttl),
    number(c"max-ttl", 7_776_000, 1, 315_360_000, |c| &mut c.max_ttl),
    number(c"race-window", 10, 0, 60, |c| &mut c.race_window),
    number(c"retry-window", 600, 0, 86_400, |c| &mut c.retry_window),
    number(c"leeway", 0, 0, 60, |c| &mut c.leeway),
    number(c"shared", 0, 0, 1_000, |c| &mut c.shared),
    number(c"access-ttl-jitter", 0, 0, 50, |c| &mut c.access_ttl_jitter),
    text(c"token-type", c"at+jwt", |c| &mut c.token_type, is_token_type),
    text(c"events", c"reused revoked evicted recovered", |c| &mut c.events, are_events),
    number(c"session-limit", 100, 0, 10_000, |c| &mut c.session_limit),
    flag(c"refresh-requires-access", false, |c| &mut c.refresh_requires_access),
    flag(c"recovery", true, |c| &mut c.recovery),
    number(c"not-before", 0, 0, 253_402_300_799, |c| &mut c.not_before),
    number(c"claims-max-bytes", 4_096, 0, 65_536, |c| &mut c.claims_max_bytes),
    number(c"verify-cache-bytes", 33_554_432, 0, 1 << 40, |c| &mut c.verify_cache_bytes),
];

const fn number(
    name: &'static CStr,
    default: i64,
    min: i64,
    max: i64,
    field: fn(&mut Config) -> &mut u64,
) -> Setting {
    Setting { name, immutable: false, kind: Kind::Number { default, min, max, field } }
}

const fn flag(name: &'static CStr, default: bool, field: fn(&mut Config) -> &mut bool) -> Setting {
    Setting { name, immutable: false, kind: Kind::Flag { default, field } }
}

const fn text(
    name: &'static CStr,
    default: &'static CStr,
    field: fn(&mut Config) -> &mut String,
    check: fn(&str) -> Result<(), &'static str>,
) -> Setting {
    Setting { name, immutable: false, kind: Kind::Text { default, field, check } }
}

/// Refuses control characters: INFO shows these texts, and a line break would forge a field.
fn no_control(value: &str) -> Result<(), &'static str> {
    if value.contains(char::is_control) { Err("must not contain control characters") } else { Ok(()) }
}

fn is_pattern(value: &str) -> Result<(), &'static str> {
    KeyPattern::parse(value).map(drop).ok_or("must be 1-255 characters with exactly one *")
}

fn is_token_type(value: &str) -> Result<(), &'static str> {
    TokenType::named(value).map(drop).ok_or("must be at+jwt or JWT")
}

fn are_events(value: &str) -> Result<(), &'static str> {
    let all_known = value.split_ascii_whitespace().all(|name| EventKind::named(name).is_some());
    if all_known { Ok(()) } else { Err("takes some of: reused revoked evicted recovered issued claims") }
}

fn is_audience(value: &str) -> Result<(), &'static str> {
    let fits = value.is_empty() || arguments::session_audience(value.as_bytes()).is_ok();
    if fits { Ok(()) } else { Err("must be at most 255 printable characters and not *") }
}
