//! The callbacks for the table of settings: CONFIG GET, CONFIG SET, and values at load.

use super::settings::{Kind, SETTINGS};
use super::values::Config;
use crate::redis::config::{self, Declaration, Values};
use redis_module::Context;

/// The table of settings, in the form of Redis' callbacks.
struct Table;

/// Registers every setting and takes the values of redis.conf or MODULE LOADEX.
///
/// # Errors
/// A line for the log.
pub fn load(ctx: &Context) -> Result<(), &'static str> {
    for (index, setting) in SETTINGS.iter().enumerate() {
        let kind = match setting.kind {
            Kind::Number { default, min, max, .. } => config::Kind::Number { default, min, max },
            Kind::Flag { default, .. } => config::Kind::Flag { default },
            Kind::Text { default, .. } => config::Kind::Text { default },
        };
        let declaration = Declaration { name: setting.name, immutable: setting.immutable, kind };
        config::register::<Table>(ctx, index, &declaration)
            .ok_or("a setting cannot be registered: Redis 7.0 or later is needed")?;
    }
    if config::load(ctx) { check() } else { Err("a hallpass.* setting is refused") }
}

/// Checks the values in force. Redis does not hand over an empty text at load, since that is what the field holds then.
fn check() -> Result<(), &'static str> {
    let config = &mut copy();
    SETTINGS.iter().try_for_each(|setting| match setting.kind {
        Kind::Text { field, check, .. } => check(field(config)),
        Kind::Number { .. } | Kind::Flag { .. } => Ok(()),
    })?;
    config.check()
}

fn kind(index: usize) -> Option<&'static Kind> {
    SETTINGS.get(index).map(|setting| &setting.kind)
}

/// Returns a copy of a value, since the table names fields as places to write to.
fn copy() -> Config {
    (*Config::current()).clone()
}

impl Values for Table {
    fn number(index: usize) -> i64 {
        match kind(index) {
            Some(Kind::Number { field, .. }) => i64::try_from(*field(&mut copy())).unwrap_or(i64::MAX),
            _ => 0,
        }
    }

    fn set_number(index: usize, value: i64) {
        if let Some(Kind::Number { field, .. }) = kind(index) {
            Config::update(|config| *field(config) = u64::try_from(value).unwrap_or(0));
        }
    }

    fn flag(index: usize) -> bool {
        matches!(kind(index), Some(Kind::Flag { field, .. }) if *field(&mut copy()))
    }

    fn set_flag(index: usize, value: bool) {
        if let Some(Kind::Flag { field, .. }) = kind(index) {
            Config::update(|config| *field(config) = value);
        }
    }

    fn text(index: usize) -> String {
        match kind(index) {
            Some(Kind::Text { field, .. }) => field(&mut copy()).clone(),
            _ => String::new(),
        }
    }

    fn set_text(index: usize, value: &str) -> Result<(), &'static str> {
        if let Some(Kind::Text { field, check, .. }) = kind(index) {
            check(value)?;
            Config::update(|config| value.clone_into(field(config)));
        }
        Ok(())
    }

    fn apply() -> Result<(), &'static str> {
        Config::current().check()
    }
}
