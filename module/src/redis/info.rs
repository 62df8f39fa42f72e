//! The module's section of INFO.

use super::guard::guarded;
use super::log;
use redis_module::{Context, raw};
use std::ffi::c_int;

/// The content of the section.
pub trait Section {
    /// Writes its fields. `ctx` is missing in a crash report, where Redis must not be called.
    fn write(out: &InfoWriter, ctx: Option<&Context>);
}

/// Registers the section. It stays registered, so call this after everything that can fail.
pub fn register<S: Section>(ctx: &Context) {
    // SAFETY: called while loading, with the loading context; the callback never unwinds.
    unsafe {
        if let Some(register) = raw::RedisModule_RegisterInfoFunc {
            register(ctx.ctx, Some(on_info::<S>));
        }
    }
}

extern "C" fn on_info<S: Section>(out: *mut raw::RedisModuleInfoCtx, for_crash_report: c_int) {
    let done = guarded(|| {
        raw::add_info_section(out, None);
        let ctx = log::detached_context().filter(|_| for_crash_report == 0);
        S::write(&InfoWriter(out), ctx.as_ref());
    });
    if done.is_none() {
        log::warning("INFO is incomplete");
    }
}

/// Adds fields to the module's section of INFO.
pub struct InfoWriter(*mut raw::RedisModuleInfoCtx);

impl InfoWriter {
    /// Adds `hallpass_<name>` with a number.
    pub fn number(&self, name: &str, value: u64) {
        raw::add_info_field_unsigned_long_long(self.0, name, value);
    }

    /// Adds `hallpass_<name>` with a text.
    pub fn text(&self, name: &str, value: &str) {
        if !value.contains('\0') {
            raw::add_info_field_str(self.0, name, value);
        }
    }
}
