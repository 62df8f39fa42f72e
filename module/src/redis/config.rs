//! Settings of `redis.conf`, CONFIG GET and CONFIG SET.
//!
//! Redis passes a pointer back to each callback. Here it is the setting's index, and points to nothing.

use super::args::{free_string, new_string};
use super::guard::{ERR, OK, guarded};
use redis_module::{Context, RedisString, raw};
use std::ffi::{CStr, c_char, c_int, c_longlong, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The most settings that can be registered.
const MAX_SETTINGS: usize = 64;

/// The declaration of a setting for Redis.
pub struct Declaration {
    /// The name after the module's name and a dot.
    pub name: &'static CStr,
    /// Whether it can be set only at load.
    pub immutable: bool,
    /// Its type.
    pub kind: Kind,
}

/// The type of a setting, with its default.
#[allow(missing_docs)] // The names say it.
pub enum Kind {
    /// An integer from `min` to `max`.
    Number { default: i64, min: i64, max: i64 },
    /// `yes` or `no`.
    Flag { default: bool },
    /// A text.
    Text { default: &'static CStr },
}

/// The values behind the settings, each known by its index. Redis has checked types and ranges.
#[allow(missing_docs)] // The names say it.
pub trait Values {
    fn number(index: usize) -> i64;
    fn set_number(index: usize, value: i64);
    fn flag(index: usize) -> bool;
    fn set_flag(index: usize, value: bool);
    fn text(index: usize) -> String;
    fn set_text(index: usize, value: &str) -> Result<(), &'static str>;

    /// Runs after all values of a CONFIG SET are in place; if it refuses, Redis restores the old ones.
    fn apply() -> Result<(), &'static str>;
}

/// The place for the reason for which a setter refuses a value.
type ErrorPlace = *mut *mut raw::RedisModuleString;

/// Registers the setting with this index; `None` if Redis refuses it.
pub fn register<V: Values>(ctx: &Context, index: usize, setting: &Declaration) -> Option<()> {
    if index >= MAX_SETTINGS {
        return None;
    }
    let flags =
        if setting.immutable { raw::REDISMODULE_CONFIG_IMMUTABLE } else { raw::REDISMODULE_CONFIG_DEFAULT };
    let (ctx, name, data) = (ctx.ctx, setting.name.as_ptr(), ptr::without_provenance_mut(index));
    // SAFETY: names and defaults are static; the callbacks never unwind; Redis only hands `data` back to them.
    let status = unsafe {
        match setting.kind {
            Kind::Number { default, min, max } => {
                let (get, set, apply) =
                    (Some(get_number::<V> as _), Some(set_number::<V> as _), Some(apply::<V> as _));
                raw::RedisModule_RegisterNumericConfig?(
                    ctx, name, default, flags, min, max, get, set, apply, data,
                )
            }
            Kind::Flag { default } => {
                let (get, set) = (Some(get_flag::<V> as _), Some(set_flag::<V> as _));
                raw::RedisModule_RegisterBoolConfig?(
                    ctx,
                    name,
                    c_int::from(default),
                    flags,
                    get,
                    set,
                    None,
                    data,
                )
            }
            Kind::Text { default } => {
                let (get, set) = (Some(get_text::<V> as _), Some(set_text::<V> as _));
                raw::RedisModule_RegisterStringConfig?(
                    ctx,
                    name,
                    default.as_ptr(),
                    flags,
                    get,
                    set,
                    None,
                    data,
                )
            }
        }
    };
    (status == OK).then_some(())
}

/// Takes the values of redis.conf or MODULE LOADEX; `false` if one of them is refused, which Redis has logged.
pub fn load(ctx: &Context) -> bool {
    // SAFETY: called while loading, after all registrations.
    unsafe { raw::RedisModule_LoadConfigs.map(|load| load(ctx.ctx)) == Some(OK) }
}

unsafe extern "C" fn get_number<V: Values>(_name: *const c_char, data: *mut c_void) -> c_longlong {
    guarded(|| V::number(data.addr())).unwrap_or(0)
}

unsafe extern "C" fn set_number<V: Values>(
    _name: *const c_char,
    value: c_longlong,
    data: *mut c_void,
    error: ErrorPlace,
) -> c_int {
    answer(guarded(|| V::set_number(data.addr(), value)).map(Ok), error)
}

unsafe extern "C" fn get_flag<V: Values>(_name: *const c_char, data: *mut c_void) -> c_int {
    guarded(|| V::flag(data.addr())).unwrap_or(false).into()
}

unsafe extern "C" fn set_flag<V: Values>(
    _name: *const c_char,
    value: c_int,
    data: *mut c_void,
    error: ErrorPlace,
) -> c_int {
    answer(guarded(|| V::set_flag(data.addr(), value != 0)).map(Ok), error)
}

/// Redis copies the returned string and does not free it: one string is kept per setting, and replaced by the next.
unsafe extern "C" fn get_text<V: Values>(
    _name: *const c_char,
    data: *mut c_void,
) -> *mut raw::RedisModuleString {
    static LENT: [AtomicPtr<raw::RedisModuleString>; MAX_SETTINGS] =
        [const { AtomicPtr::new(ptr::null_mut()) }; MAX_SETTINGS];
    let text = guarded(|| V::text(data.addr())).unwrap_or_default();
    let string = new_string(text.as_bytes());
    if let Some(slot) = LENT.get(data.addr()) {
        free_string(slot.swap(string, Ordering::Relaxed));
    }
    string
}

unsafe extern "C" fn set_text<V: Values>(
    _name: *const c_char,
    value: *mut raw::RedisModuleString,
    data: *mut c_void,
    error: ErrorPlace,
) -> c_int {
    let outcome = guarded(|| {
        let text = RedisString::from_ptr(value).map_err(|_| "must be UTF-8")?;
        V::set_text(data.addr(), text)
    });
    answer(outcome, error)
}

unsafe extern "C" fn apply<V: Values>(
    _ctx: *mut raw::RedisModuleCtx,
    _data: *mut c_void,
    error: ErrorPlace,
) -> c_int {
    answer(guarded(V::apply), error)
}

/// Tells Redis whether a value was accepted, or the reason why not. `None` stands for a panic.
fn answer(outcome: Option<Result<(), &str>>, place: ErrorPlace) -> c_int {
    let Err(reason) = outcome.unwrap_or(Err("internal error")) else {
        return OK;
    };
    if !place.is_null() {
        // SAFETY: Redis passes a place for the message, and takes over the string put there.
        unsafe { *place = new_string(reason.as_bytes()) };
    }
    ERR
}
