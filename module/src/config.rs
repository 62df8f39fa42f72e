//! The `hallpass.*` settings: their ranges and defaults as data, and the values in force.

use hallpass_engine::arguments;
use hallpass_engine::key_pattern::KeyPattern;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

/// The values in force. Times are in seconds.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // The table below says what each is.
pub struct Config {
    pub keyring_file: String,
    pub key_pattern: String,
    pub pattern: KeyPattern,
    pub issuer: String,
    pub audience: String,
    pub access_ttl: u64,
    pub idle_ttl: u64,
    pub max_ttl: u64,
    pub race_window: u64,
    pub retry_window: u64,
    pub leeway: u64,
    pub session_limit: u64,
    pub refresh_requires_access: bool,
    pub recovery: bool,
    pub not_before: u64,
    pub claims_max_bytes: u64,
    pub verify_cache_bytes: u64,
}

/// One setting.
pub struct Setting {
    /// Name behind `hallpass.`.
    pub name: &'static std::ffi::CStr,
    /// Whether it can be set at load only.
    pub immutable: bool,
    /// Its type.
    pub kind: Kind,
}

/// How a setting is read and stored.
pub enum Kind {
    /// An integer within a range.
    Number {
        /// Value when the configuration does not say.
        default: i64,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// Where it is kept.
        field: fn(&mut Config) -> &mut u64,
    },
    /// `yes` or `no`.
    Flag {
        /// Value when the configuration does not say.
        default: bool,
        /// Where it is kept.
        field: fn(&mut Config) -> &mut bool,
    },
    /// A text.
    Text {
        /// Value when the configuration does not say.
        default: &'static std::ffi::CStr,
        /// Where it is kept.
        field: fn(&mut Config) -> &mut String,
        /// Why a text is refused.
        check: fn(&str) -> Result<(), &'static str>,
    },
}

/// Every setting, in the order of the documentation.
pub static SETTINGS: [Setting; 16] = [
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
    number(c"session-limit", 100, 0, 10_000, |c| &mut c.session_limit),
    flag(c"refresh-requires-access", false, |c| &mut c.refresh_requires_access),
    flag(c"recovery", true, |c| &mut c.recovery),
    number(c"not-before", 0, 0, 253_402_300_799, |c| &mut c.not_before),
    number(c"claims-max-bytes", 4_096, 0, 65_536, |c| &mut c.claims_max_bytes),
    number(c"verify-cache-bytes", 33_554_432, 0, 1 << 40, |c| &mut c.verify_cache_bytes),
];

/// Lifetimes are limits on each other, whichever of them is changed.
pub const CONTRADICTION: &str = "hallpass TTLs must satisfy access-ttl <= idle-ttl <= max-ttl";

const fn number(
    name: &'static std::ffi::CStr,
    default: i64,
    min: i64,
    max: i64,
    field: fn(&mut Config) -> &mut u64,
) -> Setting {
    Setting { name, immutable: false, kind: Kind::Number { default, min, max, field } }
}

const fn flag(name: &'static std::ffi::CStr, default: bool, field: fn(&mut Config) -> &mut bool) -> Setting {
    Setting { name, immutable: false, kind: Kind::Flag { default, field } }
}

const fn text(
    name: &'static std::ffi::CStr,
    default: &'static std::ffi::CStr,
    field: fn(&mut Config) -> &mut String,
    check: fn(&str) -> Result<(), &'static str>,
) -> Setting {
    Setting { name, immutable: false, kind: Kind::Text { default, field, check } }
}

/// These texts are shown in INFO, where a line break would forge a field.
fn no_control(value: &str) -> Result<(), &'static str> {
    if value.contains(char::is_control) { Err("must not contain control characters") } else { Ok(()) }
}

fn is_pattern(value: &str) -> Result<(), &'static str> {
    KeyPattern::parse(value).map(drop).ok_or("must be 1-255 characters with exactly one *")
}

fn is_audience(value: &str) -> Result<(), &'static str> {
    let fits = value.is_empty() || arguments::audience(value.as_bytes()).is_ok() && value != "*";
    if fits { Ok(()) } else { Err("must be at most 255 printable characters and not *") }
}

static CURRENT: LazyLock<RwLock<Arc<Config>>> = LazyLock::new(|| RwLock::new(Arc::new(Config::initial())));

impl Config {
    /// Before Redis has set anything; every setting is set, by its default at least, while the module loads.
    fn initial() -> Self {
        let default_pattern = "auth:*";
        Self {
            keyring_file: String::new(),
            key_pattern: default_pattern.to_owned(),
            pattern: KeyPattern::parse(default_pattern).expect("a valid pattern"),
            issuer: String::new(),
            audience: String::new(),
            access_ttl: 0,
            idle_ttl: 0,
            max_ttl: 0,
            race_window: 0,
            retry_window: 0,
            leeway: 0,
            session_limit: 0,
            refresh_requires_access: false,
            recovery: true,
            not_before: 0,
            claims_max_bytes: 0,
            verify_cache_bytes: 0,
        }
    }

    /// The values in force, to be taken once per command.
    pub fn current() -> Arc<Self> {
        CURRENT.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes a value.
    pub fn update(change: impl FnOnce(&mut Self)) {
        let mut next = (*Self::current()).clone();
        change(&mut next);
        if let Some(pattern) = KeyPattern::parse(&next.key_pattern) {
            next.pattern = pattern;
        }
        *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    /// Whether the lifetimes fit into each other.
    pub fn is_consistent(&self) -> bool {
        self.access_ttl <= self.idle_ttl && self.idle_ttl <= self.max_ttl
    }

    /// How many bytes the remembered access tokens may take.
    pub fn verify_cache_limit(&self) -> usize {
        usize::try_from(self.verify_cache_bytes).unwrap_or(usize::MAX)
    }

    /// The issuer, unless it is empty.
    pub fn issuer(&self) -> Option<&str> {
        Some(self.issuer.as_str()).filter(|issuer| !issuer.is_empty())
    }

    /// The audience, unless it is empty.
    pub fn audience(&self) -> Option<&str> {
        Some(self.audience.as_str()).filter(|audience| !audience.is_empty())
    }
}
