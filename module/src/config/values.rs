//! The values in force of the `hallpass.*` settings.

use crate::event_kind::EventKind;
use crate::{epoch, sync};
use hallpass_engine::key_pattern::KeyPattern;
use hallpass_engine::lifetimes::{AccessTtl, DefaultTtls};
use hallpass_engine::rotation::Policy;
use hallpass_engine::time::ms;
use hallpass_engine::token::TokenType;
use std::sync::{Arc, LazyLock, RwLock};

/// The values in force. Times are in seconds.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // The table of settings says what each is.
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
    pub shared: u64,
    pub access_ttl_jitter: u64,
    pub token_type: String,
    pub events: String,
    pub session_limit: u64,
    pub refresh_requires_access: bool,
    pub recovery: bool,
    pub not_before: u64,
    pub claims_max_bytes: u64,
    pub verify_cache_bytes: u64,
}

/// Every setting is set while the module loads, by its default at least.
static CURRENT: LazyLock<RwLock<Arc<Config>>> = LazyLock::new(RwLock::default);

impl Config {
    /// Returns the values in force. Call it once per command.
    pub fn current() -> Arc<Self> {
        sync::read(&CURRENT).clone()
    }

    /// Changes a value.
    pub fn update(change: impl FnOnce(&mut Self)) {
        let mut next = (*Self::current()).clone();
        change(&mut next);
        if let Some(pattern) = KeyPattern::parse(&next.key_pattern) {
            next.pattern = pattern;
        }
        *sync::write(&CURRENT) = Arc::new(next);
        epoch::advance();
    }

    /// Returns the lifetimes, in seconds.
    pub fn ttls(&self) -> DefaultTtls {
        DefaultTtls { access: self.access_ttl, idle: self.idle_ttl, max: self.max_ttl }
    }

    /// Returns the lifetimes of access tokens.
    pub fn access_ttls(&self) -> AccessTtl {
        AccessTtl { default: self.access_ttl, jitter: self.access_ttl_jitter }
    }

    /// Returns the header member `typ` of access tokens. The setting accepts the names of types only.
    pub fn token_type(&self) -> TokenType {
        TokenType::named(&self.token_type).unwrap_or_default()
    }

    /// Returns whether events of this kind are published.
    pub fn publishes(&self, kind: EventKind) -> bool {
        self.events.split_ascii_whitespace().any(|name| name == kind.name())
    }

    /// Checks that the settings are consistent with each other.
    ///
    /// # Errors
    /// The reason for which they contradict each other.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.ttls().are_consistent() {
            Ok(())
        } else {
            Err("hallpass TTLs must satisfy access-ttl <= idle-ttl <= max-ttl")
        }
    }

    /// Returns the longest custom claims, in bytes.
    pub fn claims_max(&self) -> usize {
        usize::try_from(self.claims_max_bytes).unwrap_or(usize::MAX)
    }

    /// Returns the largest size of the verify cache, in bytes.
    pub fn verify_cache_limit(&self) -> usize {
        usize::try_from(self.verify_cache_bytes).unwrap_or(usize::MAX)
    }

    /// Returns the issuer, unless it is empty.
    pub fn issuer(&self) -> Option<&str> {
        Some(self.issuer.as_str()).filter(|issuer| !issuer.is_empty())
    }

    /// Returns the audience, unless it is empty.
    pub fn audience(&self) -> Option<&str> {
        Some(self.audience.as_str()).filter(|audience| !audience.is_empty())
    }
}

impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        Self {
            race_window: ms(config.race_window),
            retry_window: ms(config.retry_window),
            access_ttl: config.access_ttl,
            idle_ttl: config.idle_ttl,
            shared: config.shared,
            recovery: config.recovery,
            not_before: ms(config.not_before),
        }
    }
}
