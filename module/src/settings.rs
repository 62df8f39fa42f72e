//! `CONFIG GET` and `CONFIG SET` of the `hallpass.*` settings: callbacks between Redis and [`crate::config`].
//!
//! The pointer that Redis passes back to each callback is an index into the table of settings, and points to nothing.

use crate::config::{self, Config, Kind, SETTINGS, Setting};
use crate::dispatch::guarded;
use crate::ffi::{self, Callbacks, ERR, ErrorPlace, OK};
use redis_module::{Context, RedisString, raw};
use std::ffi::{c_char, c_int, c_longlong, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Registers every setting and takes the values of redis.conf or MODULE LOADEX.
pub fn load(ctx: &Context) -> Result<(), String> {
    for (index, setting) in SETTINGS.iter().enumerate() {
        register(ctx, index, setting)
            .ok_or("a setting cannot be registered: Redis 7.0 or later is needed")?;
    }
    let is_loaded = ffi::load_configs(ctx);
    // Redis has logged which value it refused, and why.
    if is_loaded { Ok(()) } else { Err("a hallpass.* setting is refused".into()) }
}

fn register(ctx: &Context, index: usize, setting: &Setting) -> Option<()> {
    let callbacks = Callbacks {
        get_number,
        set_number,
        get_flag,
        set_flag,
        get_text,
        set_text,
        apply: on_applied,
        data: ptr::without_provenance_mut(index),
    };
    ffi::register_setting(ctx, setting, &callbacks)
}

fn kind_of(data: *mut c_void) -> Option<&'static Kind> {
    SETTINGS.get(data.addr()).map(|setting| &setting.kind)
}

extern "C" fn get_number(_name: *const c_char, data: *mut c_void) -> c_longlong {
    let value = guarded(|| match kind_of(data) {
        Some(Kind::Number { field, .. }) => *field(&mut (*Config::current()).clone()),
        _ => 0,
    });
    c_longlong::try_from(value.unwrap_or(0)).unwrap_or(c_longlong::MAX)
}

/// Redis has checked the range.
extern "C" fn set_number(
    _name: *const c_char,
    value: c_longlong,
    data: *mut c_void,
    _error: ErrorPlace,
) -> c_int {
    status_of(guarded(|| {
        if let Some(Kind::Number { field, .. }) = kind_of(data) {
            Config::update(|config| *field(config) = u64::try_from(value).unwrap_or(0));
        }
    }))
}

extern "C" fn get_flag(_name: *const c_char, data: *mut c_void) -> c_int {
    let value = guarded(|| match kind_of(data) {
        Some(Kind::Flag { field, .. }) => *field(&mut (*Config::current()).clone()),
        _ => false,
    });
    c_int::from(value.unwrap_or(false))
}

extern "C" fn set_flag(_name: *const c_char, value: c_int, data: *mut c_void, _error: ErrorPlace) -> c_int {
    status_of(guarded(|| {
        if let Some(Kind::Flag { field, .. }) = kind_of(data) {
            Config::update(|config| *field(config) = value != 0);
        }
    }))
}

/// Redis copies what this returns and does not free it: one string is kept per setting, and replaced by the next.
extern "C" fn get_text(_name: *const c_char, data: *mut c_void) -> *mut raw::RedisModuleString {
    static LENT: [AtomicPtr<raw::RedisModuleString>; SETTINGS.len()] =
        [const { AtomicPtr::new(ptr::null_mut()) }; SETTINGS.len()];
    let text = guarded(|| match kind_of(data) {
        Some(Kind::Text { field, .. }) => field(&mut (*Config::current()).clone()).clone(),
        _ => String::new(),
    });
    let string = ffi::new_string(text.unwrap_or_default().as_bytes());
    if let Some(slot) = LENT.get(data.addr()) {
        ffi::free_string(slot.swap(string, Ordering::Relaxed));
    }
    string
}

extern "C" fn set_text(
    _name: *const c_char,
    value: *mut raw::RedisModuleString,
    data: *mut c_void,
    error: ErrorPlace,
) -> c_int {
    let outcome = guarded(|| match kind_of(data) {
        Some(Kind::Text { field, check, .. }) => {
            let text = RedisString::from_ptr(value).map_err(|_| "must be UTF-8")?;
            check(text)?;
            Config::update(|config| text.clone_into(field(config)));
            Ok(())
        }
        _ => Ok(()),
    });
    refuse(outcome.unwrap_or(Err("internal error")), error)
}

/// Runs after all values of a CONFIG SET are in place; when it refuses, Redis puts the old ones back.
extern "C" fn on_applied(_ctx: *mut raw::RedisModuleCtx, _data: *mut c_void, error: ErrorPlace) -> c_int {
    let is_consistent = guarded(|| Config::current().is_consistent()).unwrap_or(false);
    refuse(if is_consistent { Ok(()) } else { Err(config::CONTRADICTION) }, error)
}

fn status_of(done: Option<()>) -> c_int {
    done.map_or(ERR, |()| OK)
}

fn refuse(outcome: Result<(), &str>, error: ErrorPlace) -> c_int {
    match outcome {
        Ok(()) => OK,
        Err(reason) => {
            ffi::put_error(error, reason);
            ERR
        }
    }
}
