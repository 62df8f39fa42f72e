//! The edge of Redis: the module's entry points, and the calls that `redis-module` has no safe wrapper for.
//!
//! All `unsafe` code of the module is here. Two rules hold for all of it: no panic crosses into Redis, and nothing that
//! Redis lends is kept longer than the call.

#![allow(unsafe_code)]

use crate::commands;
use crate::config::{Kind, Setting};
use crate::dispatch::{dispatch, finish, guarded};
use crate::error::Error;
use crate::load::{deinit, init};
use crate::reply::Reply;
use crate::spec;
use crate::{info, log};
use redis_module::alloc::RedisAlloc;
use redis_module::{Context, NotifyEvent, RedisString, raw, redis_module};
use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_void};
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// `REDISMODULE_OK`, in the type that Redis returns it in.
pub const OK: c_int = 0;
/// `REDISMODULE_ERR`.
pub const ERR: c_int = 1;

redis_module! {
    name: "hallpass",
    version: 100,
    allocator: (RedisAlloc, RedisAlloc),
    data_types: [],
    init: init,
    deinit: deinit,
    commands: [],
}

// ----------------------------------------------------------------------------------------------------------- commands

/// An argument of the running command, lent by Redis until the command has ended.
#[repr(transparent)]
pub struct Arg(*mut raw::RedisModuleString);

impl Deref for Arg {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        RedisString::string_as_slice(self.0)
    }
}

type Entry = extern "C" fn(*mut raw::RedisModuleCtx, *mut *mut raw::RedisModuleString, c_int) -> c_int;

/// The function that Redis calls for a command. The crate's own would copy the arguments.
macro_rules! entry {
    ($handler:path) => {{
        extern "C" fn entry(
            ctx: *mut raw::RedisModuleCtx,
            argv: *mut *mut raw::RedisModuleString,
            argc: c_int,
        ) -> c_int {
            let count = usize::try_from(argc).unwrap_or(0);
            // SAFETY: Redis passes `argc` strings, which live and do not change until the command has ended.
            let args: &[Arg] = unsafe { std::slice::from_raw_parts(argv.cast(), count) };
            dispatch(&Context::new(ctx), args, $handler);
            OK
        }
        entry
    }};
}

/// Name, flags, position of the key (0: none), and entry of every command.
static COMMANDS: [(&CStr, &CStr, c_int, Entry); 10] = [
    (c"auth.issue", spec::flags::ISSUE, 1, entry!(commands::issue::run)),
    (c"auth.refresh", spec::flags::REFRESH, 1, entry!(commands::refresh::run)),
    (c"auth.verify", spec::flags::READ, 1, entry!(commands::verify::run)),
    (c"auth.inspect", spec::flags::READ, 1, entry!(commands::inspect::run)),
    (c"auth.sessions", spec::flags::READ, 1, entry!(commands::sessions::run)),
    (c"auth.revoke", spec::flags::REVOKE, 1, entry!(commands::revoke::run)),
    (c"auth.setclaims", spec::flags::SETCLAIMS, 1, entry!(commands::setclaims::run)),
    (c"auth.jwks", spec::flags::RING, 0, entry!(commands::jwks::run)),
    (c"auth.keys", spec::flags::RING, 0, entry!(commands::keys::run)),
    (c"auth.reload", spec::flags::RELOAD, 0, entry!(commands::reload::run)),
];

/// Creates every command; `None` when Redis does not take one.
pub fn create_commands(ctx: &Context) -> Option<()> {
    COMMANDS.iter().try_for_each(|(name, flags, key, entry)| {
        // SAFETY: called while loading; Redis copies name and flags, and the entries never unwind.
        let status = unsafe {
            raw::RedisModule_CreateCommand?(
                ctx.ctx,
                name.as_ptr(),
                Some(*entry),
                flags.as_ptr(),
                *key,
                *key,
                *key,
            )
        };
        (status == OK).then_some(())
    })
}

// ---------------------------------------------------------------------------------------------------------------- log

/// A context that outlives commands: for the log, and for INFO.
static DETACHED: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(ptr::null_mut());

/// Keeps a context of the module for later; called once, while loading.
pub fn keep_detached_context(ctx: &Context) {
    // SAFETY: the context is the loading one; the new one is never freed.
    let detached = unsafe { raw::RedisModule_GetDetachedThreadSafeContext.map(|get| get(ctx.ctx)) };
    DETACHED.store(detached.unwrap_or(ptr::null_mut()), Ordering::Relaxed);
}

/// Writes a line to the server's log. The text is an argument of the format `%s`, never the format itself.
pub fn log(level: &CStr, text: &str) {
    let line: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
    let line = CString::new(line).unwrap_or_default();
    // SAFETY: three C strings that live until the call returns; Redis' log function is thread-safe.
    unsafe {
        if let Some(log) = raw::RedisModule_Log {
            log(DETACHED.load(Ordering::Relaxed), level.as_ptr(), c"%s".as_ptr(), line.as_ptr());
        }
    }
}

// ------------------------------------------------------------------------------------------------------- command docs

/// Gives a command its documentation; `None` when Redis does not take it. `info` points to lists that end in a zeroed
/// element, and to C strings.
pub fn set_command_info(ctx: &Context, name: &CStr, info: &raw::RedisModuleCommandInfo) -> Option<()> {
    // SAFETY: `info` and all it points to live until the call returns; Redis copies them. The command belongs to the
    // loading context.
    unsafe {
        let command = raw::RedisModule_GetCommand?(ctx.ctx, name.as_ptr());
        (!command.is_null() && raw::RedisModule_SetCommandInfo?(command, info) == OK).then_some(())
    }
}

/// Puts a command into ACL categories, where Redis has the function for it (7.2 and later); `None` when it refuses.
pub fn set_acl_categories(ctx: &Context, name: &CStr, categories: &CStr) -> Option<()> {
    // SAFETY: called while loading, with the loading context, to which the command belongs; Redis only reads the text.
    unsafe {
        let Some(set) = raw::RedisModule_SetCommandACLCategories else {
            return Some(());
        };
        let command = raw::RedisModule_GetCommand?(ctx.ctx, name.as_ptr());
        (!command.is_null() && set(command, categories.as_ptr()) == OK).then_some(())
    }
}

/// The end of a list of key specifications.
pub fn zeroed_key_spec() -> raw::RedisModuleCommandKeySpec {
    // SAFETY: a C struct of numbers, pointers and a union of those, for which all zero is a value.
    unsafe { std::mem::zeroed() }
}

/// The end of a list of arguments.
pub fn zeroed_arg() -> raw::RedisModuleCommandArg {
    // SAFETY: as above.
    unsafe { std::mem::zeroed() }
}

// ----------------------------------------------------------------------------------------------------------- settings

/// Where a setter puts the reason for which it refuses a value.
pub type ErrorPlace = *mut *mut raw::RedisModuleString;

/// The functions that Redis calls for a setting, and what it hands back to them. None of them may unwind.
#[allow(missing_docs)] // The names say it.
pub struct Callbacks {
    pub get_number: extern "C" fn(*const c_char, *mut c_void) -> c_longlong,
    pub set_number: extern "C" fn(*const c_char, c_longlong, *mut c_void, ErrorPlace) -> c_int,
    pub get_flag: extern "C" fn(*const c_char, *mut c_void) -> c_int,
    pub set_flag: extern "C" fn(*const c_char, c_int, *mut c_void, ErrorPlace) -> c_int,
    pub get_text: extern "C" fn(*const c_char, *mut c_void) -> *mut raw::RedisModuleString,
    pub set_text: extern "C" fn(*const c_char, *mut raw::RedisModuleString, *mut c_void, ErrorPlace) -> c_int,
    pub apply: extern "C" fn(*mut raw::RedisModuleCtx, *mut c_void, ErrorPlace) -> c_int,
    pub data: *mut c_void,
}

/// Registers one setting; `None` when Redis does not take it.
pub fn register_setting(ctx: &Context, setting: &Setting, callbacks: &Callbacks) -> Option<()> {
    let flags =
        if setting.immutable { raw::REDISMODULE_CONFIG_IMMUTABLE } else { raw::REDISMODULE_CONFIG_DEFAULT };
    let data = callbacks.data;
    let name = setting.name.as_ptr();
    // SAFETY: names and defaults are static; the callbacks are functions of ours that never unwind;
    // Redis only hands `data` back to them.
    let status = unsafe {
        match setting.kind {
            Kind::Number { default, min, max, .. } => raw::RedisModule_RegisterNumericConfig?(
                ctx.ctx,
                name,
                default,
                flags,
                min,
                max,
                Some(callbacks.get_number),
                Some(callbacks.set_number),
                Some(callbacks.apply),
                data,
            ),
            Kind::Flag { default, .. } => raw::RedisModule_RegisterBoolConfig?(
                ctx.ctx,
                name,
                c_int::from(default),
                flags,
                Some(callbacks.get_flag),
                Some(callbacks.set_flag),
                None,
                data,
            ),
            Kind::Text { default, .. } => raw::RedisModule_RegisterStringConfig?(
                ctx.ctx,
                name,
                default.as_ptr(),
                flags,
                Some(callbacks.get_text),
                Some(callbacks.set_text),
                None,
                data,
            ),
        }
    };
    (status == OK).then_some(())
}

/// Takes the values of redis.conf or MODULE LOADEX; `false` when one of them is refused.
pub fn load_configs(ctx: &Context) -> bool {
    // SAFETY: called while loading, after all registrations.
    unsafe { raw::RedisModule_LoadConfigs.map(|load| load(ctx.ctx)) == Some(OK) }
}

/// Tells Redis why a value is refused.
pub fn put_error(place: ErrorPlace, reason: &str) {
    if !place.is_null() {
        // SAFETY: Redis passes a place for the message, and takes over the string put there.
        unsafe { *place = new_string(reason.as_bytes()) };
    }
}

/// A string that belongs to whoever frees it.
pub fn new_string(text: &[u8]) -> *mut raw::RedisModuleString {
    // SAFETY: Redis copies the text; without a context the string is in nobody's keeping.
    unsafe {
        raw::RedisModule_CreateString
            .map_or(ptr::null_mut(), |create| create(ptr::null_mut(), text.as_ptr().cast(), text.len()))
    }
}

/// Frees what [`new_string`] made, unless it is null.
pub fn free_string(string: *mut raw::RedisModuleString) {
    if !string.is_null() {
        // SAFETY: a string made by `new_string`, taken out of its place, so that nobody else has it.
        unsafe { raw::RedisModule_FreeString.map(|free| free(ptr::null_mut(), string)) };
    }
}

// ------------------------------------------------------------------------------------------------------------ strings

/// A string of Redis' that belongs to no context, and is freed when it is dropped.
#[repr(transparent)]
pub struct OwnedString(*mut raw::RedisModuleString);

impl OwnedString {
    /// A copy of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(new_string(bytes))
    }
}

impl Deref for OwnedString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        RedisString::string_as_slice(self.0)
    }
}

impl Drop for OwnedString {
    fn drop(&mut self) {
        free_string(self.0);
    }
}

// --------------------------------------------------------------------------------------------------------------- INFO

/// Valkey's `VALKEYMODULE_OPTIONS_HANDLE_ATOMIC_SLOT_MIGRATION`: unless every module has it set, CLUSTER MIGRATESLOTS
/// refuses.
const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;

/// The last step of loading: what stays registered after it.
pub fn finish_loading(ctx: &Context) {
    // Keys that are opened for writing are often not written: a change is signalled where it is made.
    let of_redis =
        raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED;
    let options = of_redis as c_int | options_of_valkey();
    // SAFETY: called while loading, with the loading context. The module keeps nothing of the dataset, so that neither
    // an asynchronous load nor the move of a slot can leave it with something outdated.
    unsafe {
        if let Some(set) = raw::RedisModule_SetModuleOptions {
            set(ctx.ctx, options);
        }
        if let Some(register) = raw::RedisModule_RegisterInfoFunc {
            register(ctx.ctx, Some(on_info));
        }
    }
}

/// On Valkey, by its own name of a function; Redis may give the same bit another meaning.
fn options_of_valkey() -> c_int {
    let mut function: *mut c_void = ptr::null_mut();
    // SAFETY: Redis looks the name up, and writes the place only when it has such a function; it is not called here.
    let known = unsafe {
        let is_valkey = raw::RedisModule_GetApi.is_some_and(|find| {
            find(c"ValkeyModule_SetModuleOptions".as_ptr(), (&raw mut function).cast()) == OK
        });
        raw::RedisModule_GetModuleOptionsAll.filter(|_| is_valkey).map_or(0, |all| all())
    };
    known & HANDLE_ATOMIC_SLOT_MIGRATION
}

extern "C" fn on_info(out: *mut raw::RedisModuleInfoCtx, for_crash_report: c_int) {
    let done = guarded(|| {
        raw::add_info_section(out, None);
        let detached = DETACHED.load(Ordering::Relaxed);
        let ctx = (for_crash_report == 0 && !detached.is_null()).then(|| Context::new(detached));
        info::write(&InfoWriter(out), ctx.as_ref());
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

// --------------------------------------------------------------------------------------------------------------- keys

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Nothing.
    Missing,
    /// A hash.
    Hash,
    /// Something else.
    Other,
}

/// An open key. While one is open, nothing else may change it: no inner command, since even one that reads may delete
/// what has expired, and no notification that another module could answer with a write.
pub struct HashKey(*mut raw::RedisModuleKey);

impl HashKey {
    /// Opens a key, for reading or for both.
    pub fn open(ctx: &Context, name: &Arg, mode: raw::KeyMode) -> Self {
        Self(raw::open_key(ctx.ctx, name.0, mode))
    }

    /// What it holds.
    pub fn kind(&self) -> KeyKind {
        // SAFETY: the key is open, or null, which Redis takes for a missing key.
        let kind = unsafe { raw::RedisModule_KeyType.map(|kind| kind(self.0)) };
        match kind.map(|kind| kind as isize) {
            Some(raw::REDISMODULE_KEYTYPE_EMPTY) => KeyKind::Missing,
            Some(raw::REDISMODULE_KEYTYPE_HASH) => KeyKind::Hash,
            _ => KeyKind::Other,
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        // SAFETY: as in `kind`.
        unsafe { raw::RedisModule_ValueLength.map_or(0, |length| length(self.0)) }
    }

    /// When it expires, in Unix ms.
    pub fn expires_at(&self) -> Option<u64> {
        // SAFETY: as in `kind`.
        let at = unsafe { raw::RedisModule_GetAbsExpire.map(|get| get(self.0)) };
        at.and_then(|at| u64::try_from(at).ok())
    }

    /// The value of a field.
    pub fn get(&self, field: &OwnedString) -> Option<OwnedString> {
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        // SAFETY: the key is an open hash; the arguments are a field, a place for the value, and the null that ends the
        // list.
        let status = unsafe {
            raw::RedisModule_HashGet?(
                self.0,
                raw::REDISMODULE_HASH_NONE as c_int,
                field.0,
                &raw mut value,
                ptr::null::<raw::RedisModuleString>(),
            )
        };
        (status == OK && !value.is_null()).then(|| OwnedString(value))
    }

    /// Gives a field of a hash, or of a key that holds nothing yet, a value; `false` when Redis does not take it.
    pub fn set(&self, field: &OwnedString, value: &OwnedString) -> bool {
        self.change(field, value.0) == 1
    }

    /// Removes a field; `false` when there was none. A hash without fields is gone.
    pub fn delete(&self, field: &OwnedString) -> bool {
        self.change(field, raw::REDISMODULE_HASH_DELETE.cast_mut()) == 1
    }

    /// How many fields were set or removed.
    fn change(&self, field: &OwnedString, value: *mut raw::RedisModuleString) -> c_int {
        let count_all = raw::REDISMODULE_HASH_COUNT_ALL as c_int;
        // SAFETY: the key is open for writing and holds a hash or nothing; the arguments are a field, a value or the
        // mark for its removal, and the null that ends the list. Redis copies both strings.
        unsafe {
            raw::RedisModule_HashSet.map_or(0, |set| {
                set(self.0, count_all, field.0, value, ptr::null::<raw::RedisModuleString>())
            })
        }
    }

    /// Sets when the key expires, in Unix ms; `false` when there is none.
    pub fn set_expiry(&self, at: u64) -> bool {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        // SAFETY: the key is open for writing.
        unsafe { raw::RedisModule_SetAbsExpire.is_some_and(|set| set(self.0, at) == OK) }
    }

    /// Removes the key; memory is freed in the background.
    pub fn unlink(&self) -> bool {
        // SAFETY: the key is open for writing.
        unsafe { raw::RedisModule_UnlinkKey.is_some_and(|unlink| unlink(self.0) == OK) }
    }

    /// Shows the fields and their values, until `visit` answers `false`.
    pub fn each<F: FnMut(&[u8], &[u8]) -> bool>(&self, visit: F) {
        let mut visitor = Visitor { visit, goes_on: true };
        // SAFETY: the cursor is made, used and destroyed here; the callback gets `visitor` back as its last argument
        // and is not called after the scan returns.
        unsafe {
            let (Some(create), Some(scan), Some(destroy)) = (
                raw::RedisModule_ScanCursorCreate,
                raw::RedisModule_ScanKey,
                raw::RedisModule_ScanCursorDestroy,
            ) else {
                return;
            };
            let cursor = create();
            while visitor.goes_on && scan(self.0, cursor, Some(on_field::<F>), (&raw mut visitor).cast()) != 0
            {
            }
            destroy(cursor);
        }
    }
}

struct Visitor<F> {
    visit: F,
    goes_on: bool,
}

unsafe extern "C" fn on_field<F: FnMut(&[u8], &[u8]) -> bool>(
    _key: *mut raw::RedisModuleKey,
    field: *mut raw::RedisModuleString,
    value: *mut raw::RedisModuleString,
    visitor: *mut c_void,
) {
    // SAFETY: it is the visitor that `each` passed in and keeps alive; nobody else uses it meanwhile.
    let visitor = unsafe { &mut *visitor.cast::<Visitor<F>>() };
    if visitor.goes_on {
        let (field, value) = (RedisString::string_as_slice(field), RedisString::string_as_slice(value));
        visitor.goes_on = guarded(|| (visitor.visit)(field, value)).unwrap_or(false);
    }
}

impl Drop for HashKey {
    fn drop(&mut self) {
        if !self.0.is_null() {
            raw::close_key(self.0);
        }
    }
}

// ------------------------------------------------------------------------------------------------------------ effects

/// Hands a write that was made on an open key to replicas and the AOF, as the command that has this effect.
pub fn replicate(ctx: &Context, command: &CStr, key: &Arg, args: &[OwnedString]) -> bool {
    // SAFETY: the context is the running command's; `s` takes a string, `v` an array of strings, as which `args` is laid
    // out, and their number. Redis retains the strings, and only reads the array.
    let status = unsafe {
        raw::RedisModule_Replicate.map(|replicate| {
            replicate(ctx.ctx, command.as_ptr(), c"sv".as_ptr(), key.0, args.as_ptr(), args.len())
        })
    };
    status == Some(OK)
}

/// Tells WATCH and client-side caches that a key has changed.
pub fn signal_modified(ctx: &Context, key: &Arg) {
    // SAFETY: called by a write command, with its own context and key.
    unsafe { raw::RedisModule_SignalModifiedKey.map(|signal| signal(ctx.ctx, key.0)) };
}

// ---------------------------------------------------------------------------------------------------- waiting clients

/// A client that waits for its answer. Exactly one `unblock` belongs to it.
pub struct Blocked(*mut raw::RedisModuleBlockedClient);

// SAFETY: Redis lets any thread unblock a client; the pointer is used for nothing else.
unsafe impl Send for Blocked {}

/// Lets the running command's client wait; `None` when Redis does not. To be asked only where blocking is allowed.
pub fn block(ctx: &Context) -> Option<Blocked> {
    // SAFETY: the context is the running command's; the callbacks never unwind.
    let client =
        unsafe { raw::RedisModule_BlockClient?(ctx.ctx, Some(on_unblocked), None, Some(free_outcome), 0) };
    (!client.is_null()).then_some(Blocked(client))
}

impl Blocked {
    /// Hands the outcome to Redis, whose main thread answers the client with it, if it is still there.
    pub fn unblock(self, outcome: Result<Reply, Error>) {
        let outcome = Box::into_raw(Box::new(Some(outcome)));
        // SAFETY: the client was blocked by `block` and is unblocked this once; the outcome is freed by `free_outcome`.
        unsafe { raw::RedisModule_UnblockClient.map(|unblock| unblock(self.0, outcome.cast())) };
    }
}

extern "C" fn on_unblocked(
    ctx: *mut raw::RedisModuleCtx,
    _argv: *mut *mut raw::RedisModuleString,
    _argc: c_int,
) -> c_int {
    let _ = guarded(|| {
        // SAFETY: Redis passes the pointer that `unblock` gave it, not yet freed, and nobody else uses it meanwhile.
        let outcome = unsafe {
            let data = raw::RedisModule_GetBlockedClientPrivateData.map(|get| get(ctx));
            data.and_then(|data| data.cast::<Option<Result<Reply, Error>>>().as_mut())
        };
        let outcome = outcome.and_then(Option::take).unwrap_or(Err(Error::Internal));
        finish(&Context::new(ctx), outcome);
    });
    OK
}

unsafe extern "C" fn free_outcome(_ctx: *mut raw::RedisModuleCtx, outcome: *mut c_void) {
    if !outcome.is_null() {
        // SAFETY: made by `unblock`, and passed here once, after the reply or instead of it.
        drop(unsafe { Box::from_raw(outcome.cast::<Option<Result<Reply, Error>>>()) });
    }
}

// -------------------------------------------------------------------------------------------------------------- other

/// Tells keyspace subscribers of a class of events.
pub fn notify_keyspace(ctx: &Context, class: NotifyEvent, event: &CStr, key: &Arg) {
    // SAFETY: called by a write command, with its own context and key, none of which is open.
    unsafe {
        raw::RedisModule_NotifyKeyspaceEvent
            .map(|notify| notify(ctx.ctx, class.bits(), event.as_ptr(), key.0))
    };
}

/// Answers the running command with an error.
pub fn reply_error(ctx: &Context, text: &str) {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: the context is the running command's; the text is a C string that Redis copies.
    unsafe { raw::RedisModule_ReplyWithError.map(|reply| reply(ctx.ctx, text.as_ptr())) };
}
