//! The edge of Redis: the module's entry points, and the calls that `redis-module` has no safe wrapper for.
//!
//! All `unsafe` code of the module is here. Two rules hold for all of it: no panic crosses into Redis, and nothing that
//! Redis lends is kept longer than the call.

#![allow(unsafe_code)]

use crate::commands::{self, Outcome};
use crate::config::{self, Config, Kind, SETTINGS, Setting};
use crate::error::Error;
use crate::reply::Reply;
use crate::spec::{self, ArgKind, ArgSpec, COMMANDS, CommandSpec, KeyAccess};
use crate::{info, keyring, log};
use redis_module::alloc::RedisAlloc;
use redis_module::{
    CallOptions, CallOptionsBuilder, CallReply, CallResult, Context, NotifyEvent, RedisResult, RedisString,
    RedisValue, Status, raw, redis_module,
};
use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicPtr, Ordering};
use uuid::Uuid;

/// `REDISMODULE_OK` and `REDISMODULE_ERR`, in the type that Redis returns them in.
const OK: c_int = 0;
const ERR: c_int = 1;

redis_module! {
    name: "hallpass",
    version: 100,
    allocator: (RedisAlloc, RedisAlloc),
    data_types: [],
    init: init,
    commands: [
        ["auth.issue", issue, spec::flags::ISSUE, 1, 1, 1, ""],
        ["auth.refresh", refresh, spec::flags::REFRESH, 1, 1, 1, ""],
        ["auth.verify", verify, spec::flags::VERIFY, 1, 1, 1, ""],
        ["auth.jwks", jwks, spec::flags::JWKS, 0, 0, 0, ""],
    ],
}

fn issue(ctx: &Context, args: Vec<RedisString>) -> RedisResult {
    dispatch(ctx, &args, commands::issue::run)
}

fn refresh(ctx: &Context, args: Vec<RedisString>) -> RedisResult {
    dispatch(ctx, &args, commands::refresh::run)
}

fn verify(ctx: &Context, args: Vec<RedisString>) -> RedisResult {
    dispatch(ctx, &args, commands::verify::run)
}

fn jwks(ctx: &Context, args: Vec<RedisString>) -> RedisResult {
    dispatch(ctx, &args, commands::jwks::run)
}

/// Runs a handler, counts what it refuses, and sends its outcome. A panic becomes an error reply.
fn dispatch(
    ctx: &Context,
    args: &[RedisString],
    handler: fn(&Context, &[RedisString]) -> Outcome,
) -> RedisResult {
    let outcome = guarded(|| handler(ctx, args)).unwrap_or(Err(Error::Internal));
    match outcome {
        Ok(reply) => send(ctx, &reply),
        Err(error) => {
            info::STATS.count_error(error);
            send_error(ctx, error);
        }
    }
    Ok(RedisValue::NoReply)
}

/// Stops a panic, which would end redis-server if it went on into C. The panic hook has logged it.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn send(ctx: &Context, reply: &Reply) {
    match reply {
        Reply::Text(text) => {
            raw::reply_with_string_buffer(ctx.ctx, text.as_ptr().cast(), text.len());
        }
        Reply::Number(number) => {
            raw::reply_with_long_long(ctx.ctx, *number);
        }
        Reply::Array(items) => {
            raw::reply_with_array(ctx.ctx, reply_len(items.len()));
            items.iter().for_each(|item| send(ctx, item));
        }
        Reply::Map(members) => {
            raw::reply_with_map(ctx.ctx, reply_len(members.len()));
            for (name, value) in members {
                raw::reply_with_string_buffer(ctx.ctx, name.as_ptr().cast(), name.len());
                send(ctx, value);
            }
        }
    }
}

fn reply_len(len: usize) -> std::ffi::c_long {
    std::ffi::c_long::try_from(len).unwrap_or(0)
}

fn send_error(ctx: &Context, error: Error) {
    let text = CString::new(error.text()).unwrap_or_default();
    // SAFETY: the context is the running command's; the text is a C string that Redis copies.
    unsafe { raw::RedisModule_ReplyWithError.map(|reply| reply(ctx.ctx, text.as_ptr())) };
}

/// Everything after the commands are registered. Nothing here leaves a callback behind when it fails.
fn init(ctx: &Context, args: &[RedisString]) -> Status {
    guarded(|| match load(ctx, args) {
        Ok(()) => Status::Ok,
        Err(reason) => {
            log::warning(&reason);
            Status::Err
        }
    })
    .unwrap_or(Status::Err)
}

fn load(ctx: &Context, args: &[RedisString]) -> Result<(), String> {
    DETACHED.store(detached(ctx), Ordering::Relaxed);
    log_panics();
    if !args.is_empty() {
        return Err("module arguments are not supported; use hallpass.* settings in redis.conf".into());
    }
    COMMANDS.iter().try_for_each(|command| document(ctx, command)).map_err(String::from)?;
    load_settings(ctx)?;
    let config = Config::current();
    if !config.is_consistent() {
        return Err(config::CONTRADICTION.into());
    }
    let loaded = keyring::load(&config.keyring_file).map_err(|error| error.to_string())?;
    if loaded.group_readable {
        log::warning("the keyring file is readable by its group; chmod 600 unless it is a mounted secret");
    }
    keyring::install(loaded);
    info::warnings(ctx).into_iter().for_each(log::warning);
    // SAFETY: called while loading, with the loading context. Nothing of ours is affected by an asynchronous load.
    unsafe {
        let options = raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD as c_int;
        if let Some(set) = raw::RedisModule_SetModuleOptions {
            set(ctx.ctx, options);
        }
        raw::RedisModule_RegisterInfoFunc.map(|register| register(ctx.ctx, Some(on_info)));
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- log

/// A context that outlives commands: for the log, and for INFO.
static DETACHED: AtomicPtr<raw::RedisModuleCtx> = AtomicPtr::new(ptr::null_mut());

fn detached(ctx: &Context) -> *mut raw::RedisModuleCtx {
    // SAFETY: the context is the loading one; the new one is never freed.
    unsafe { raw::RedisModule_GetDetachedThreadSafeContext.map_or(ptr::null_mut(), |get| get(ctx.ctx)) }
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

/// Logs where a panic happened, and not its message, which may hold what a client sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        log::warning(&format!("a command was stopped by an internal error{place}"));
    }));
}

// ------------------------------------------------------------------------------------------------------- command docs

/// Gives a command its documentation, arity and key specification.
fn document(ctx: &Context, command: &CommandSpec) -> Result<(), &'static str> {
    const FAILED: &str = "commands cannot be documented: Redis 7.0 or later is needed";
    let mut arena = Vec::new();
    let mut key_specs = [key_spec(command.key), key_spec_end()];
    let mut args = Vec::new();
    if command.key != KeyAccess::None {
        args.push(raw_arg(c"key", None, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, 0, 0));
    }
    args.extend(command.args.iter().map(|arg| raw_arg_of(arg, &mut arena)));
    args.push(raw_arg_end());
    let version = raw::RedisModuleCommandInfoVersion {
        version: 1,
        sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
        sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
        sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
    };
    let has_key = command.key != KeyAccess::None;
    let info = raw::RedisModuleCommandInfo {
        version: &version,
        summary: command.summary.as_ptr(),
        complexity: command.complexity.as_ptr(),
        since: spec::SINCE.as_ptr(),
        history: ptr::null_mut(),
        tips: ptr::null(),
        arity: command.arity,
        key_specs: if has_key { key_specs.as_mut_ptr() } else { ptr::null_mut() },
        args: args.as_mut_ptr(),
    };
    // SAFETY: `info` and all it points to live until the call returns; Redis copies them. Both lists end in a zeroed
    // element. The command belongs to the loading context.
    unsafe {
        let get = raw::RedisModule_GetCommand.ok_or(FAILED)?;
        let set = raw::RedisModule_SetCommandInfo.ok_or(FAILED)?;
        let found = get(ctx.ctx, command.name.as_ptr());
        if found.is_null() || set(found, &info) != OK {
            return Err(FAILED);
        }
    }
    Ok(())
}

fn key_spec(access: KeyAccess) -> raw::RedisModuleCommandKeySpec {
    let flags = match access {
        KeyAccess::None => 0,
        KeyAccess::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
        KeyAccess::Update => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE
        }
        KeyAccess::Insert => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_INSERT
        }
    };
    let mut spec = key_spec_end();
    spec.flags = u64::from(flags);
    spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
    spec.bs.index = raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: 1 };
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range =
        raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey: 0, keystep: 1, limit: 0 };
    spec
}

fn key_spec_end() -> raw::RedisModuleCommandKeySpec {
    // SAFETY: a C struct of numbers, pointers and a union of those: all zero is its end-of-list value.
    unsafe { std::mem::zeroed() }
}

fn raw_arg_end() -> raw::RedisModuleCommandArg {
    // SAFETY: as above.
    unsafe { std::mem::zeroed() }
}

fn raw_arg(
    name: &CStr,
    token: Option<&CStr>,
    kind: raw::RedisModuleCommandArgType,
    key_spec_index: c_int,
    flags: u32,
) -> raw::RedisModuleCommandArg {
    raw::RedisModuleCommandArg {
        name: name.as_ptr(),
        type_: kind,
        key_spec_index,
        token: token.map_or(ptr::null(), CStr::as_ptr),
        flags: c_int::try_from(flags).unwrap_or(0),
        ..raw_arg_end()
    }
}

/// `arena` keeps the lists of sub-arguments alive; moving a `Vec` does not move what it holds.
fn raw_arg_of(arg: &ArgSpec, arena: &mut Vec<Vec<raw::RedisModuleCommandArg>>) -> raw::RedisModuleCommandArg {
    let (kind, parts): (_, &[ArgSpec]) = match arg.kind {
        ArgKind::Text => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, &[]),
        ArgKind::Integer => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, &[]),
        ArgKind::Word => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, &[]),
        ArgKind::OneOf(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF, parts),
        ArgKind::Block(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, parts),
    };
    let flags = if arg.optional { raw::REDISMODULE_CMD_ARG_OPTIONAL } else { raw::REDISMODULE_CMD_ARG_NONE };
    let mut result = raw_arg(arg.name, arg.token, kind, -1, flags);
    if !parts.is_empty() {
        let mut list: Vec<_> = parts.iter().map(|part| raw_arg_of(part, arena)).collect();
        list.push(raw_arg_end());
        result.subargs = list.as_mut_ptr();
        arena.push(list);
    }
    result
}

// ----------------------------------------------------------------------------------------------------------- settings

/// Registers every setting and takes the values of redis.conf or MODULE LOADEX.
fn load_settings(ctx: &Context) -> Result<(), String> {
    for (index, setting) in SETTINGS.iter().enumerate() {
        register(ctx, index, setting)
            .ok_or("a setting cannot be registered: Redis 7.0 or later is needed")?;
    }
    // SAFETY: called while loading, after all registrations.
    let status = unsafe { raw::RedisModule_LoadConfigs.map(|load| load(ctx.ctx)) };
    // Redis has logged which value it refused, and why.
    if status == Some(OK) { Ok(()) } else { Err("a hallpass.* setting is refused".into()) }
}

fn register(ctx: &Context, index: usize, setting: &Setting) -> Option<()> {
    let flags =
        if setting.immutable { raw::REDISMODULE_CONFIG_IMMUTABLE } else { raw::REDISMODULE_CONFIG_DEFAULT };
    let data = ptr::without_provenance_mut::<c_void>(index);
    let name = setting.name.as_ptr();
    // SAFETY: names and defaults are static; `data` is an index into SETTINGS and never a pointer to anything.
    let status = unsafe {
        match setting.kind {
            Kind::Number { default, min, max, .. } => raw::RedisModule_RegisterNumericConfig?(
                ctx.ctx,
                name,
                default,
                flags,
                min,
                max,
                Some(get_number),
                Some(set_number),
                Some(on_applied),
                data,
            ),
            Kind::Flag { default, .. } => raw::RedisModule_RegisterBoolConfig?(
                ctx.ctx,
                name,
                c_int::from(default),
                flags,
                Some(get_flag),
                Some(set_flag),
                None,
                data,
            ),
            Kind::Text { default, .. } => raw::RedisModule_RegisterStringConfig?(
                ctx.ctx,
                name,
                default.as_ptr(),
                flags,
                Some(get_text),
                Some(set_text),
                None,
                data,
            ),
        }
    };
    (status == OK).then_some(())
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
    _error: *mut *mut raw::RedisModuleString,
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

extern "C" fn set_flag(
    _name: *const c_char,
    value: c_int,
    data: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
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
    let string = new_string(&text.unwrap_or_default());
    if let Some(slot) = LENT.get(data.addr()) {
        free_string(slot.swap(string, Ordering::Relaxed));
    }
    string
}

extern "C" fn set_text(
    _name: *const c_char,
    value: *mut raw::RedisModuleString,
    data: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
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
extern "C" fn on_applied(
    _ctx: *mut raw::RedisModuleCtx,
    _data: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    let is_consistent = guarded(|| Config::current().is_consistent()).unwrap_or(false);
    refuse(if is_consistent { Ok(()) } else { Err(config::CONTRADICTION) }, error)
}

fn status_of(done: Option<()>) -> c_int {
    done.map_or(ERR, |()| OK)
}

fn refuse(outcome: Result<(), &str>, error: *mut *mut raw::RedisModuleString) -> c_int {
    let Err(reason) = outcome else {
        return OK;
    };
    // SAFETY: Redis passes a place for the message, and takes over the string put there.
    unsafe {
        if !error.is_null() {
            *error = new_string(reason);
        }
    }
    ERR
}

fn new_string(text: &str) -> *mut raw::RedisModuleString {
    // SAFETY: Redis copies the text; without a context the string belongs to whoever frees it.
    unsafe {
        raw::RedisModule_CreateString
            .map_or(ptr::null_mut(), |create| create(ptr::null_mut(), text.as_ptr().cast(), text.len()))
    }
}

fn free_string(string: *mut raw::RedisModuleString) {
    if !string.is_null() {
        // SAFETY: a string made by `new_string`, taken out of its place, so that nobody else has it.
        unsafe { raw::RedisModule_FreeString.map(|free| free(ptr::null_mut(), string)) };
    }
}

// --------------------------------------------------------------------------------------------------------------- INFO

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

/// The value of one of Redis' own settings.
pub fn config_value(ctx: &Context, name: &str) -> Option<String> {
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

/// A key opened for reading. Inner commands that change it must not run while it is open.
pub struct HashKey {
    ctx: *mut raw::RedisModuleCtx,
    key: *mut raw::RedisModuleKey,
}

impl HashKey {
    /// Opens a key.
    pub fn open(ctx: &Context, name: &RedisString) -> Self {
        Self { ctx: ctx.ctx, key: raw::open_key(ctx.ctx, name.inner, raw::KeyMode::READ) }
    }

    /// What it holds.
    pub fn kind(&self) -> KeyKind {
        // SAFETY: the key is open, or null, which Redis takes for a missing key.
        let kind = unsafe { raw::RedisModule_KeyType.map(|kind| kind(self.key)) };
        match kind.map(|kind| kind as isize) {
            Some(raw::REDISMODULE_KEYTYPE_EMPTY) => KeyKind::Missing,
            Some(raw::REDISMODULE_KEYTYPE_HASH) => KeyKind::Hash,
            _ => KeyKind::Other,
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        // SAFETY: as in `kind`.
        unsafe { raw::RedisModule_ValueLength.map_or(0, |length| length(self.key)) }
    }

    /// When it expires, in Unix ms.
    pub fn expires_at(&self) -> Option<u64> {
        // SAFETY: as in `kind`.
        let at = unsafe { raw::RedisModule_GetAbsExpire.map(|get| get(self.key)) };
        at.and_then(|at| u64::try_from(at).ok())
    }

    /// The value of a session's field.
    pub fn get(&self, sid: &Uuid) -> Option<RedisString> {
        let field = CString::new(sid.to_string()).ok()?;
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        // SAFETY: the key is an open hash; with CFIELDS the arguments are a C string, a place for the value, and the
        // null that ends the list.
        let status = unsafe {
            raw::RedisModule_HashGet?(
                self.key,
                raw::REDISMODULE_HASH_CFIELDS as c_int,
                field.as_ptr(),
                &raw mut value,
                ptr::null::<c_char>(),
            )
        };
        // The string is ours now, and is freed when dropped.
        (status == OK && !value.is_null()).then(|| RedisString::from_redis_module_string(self.ctx, value))
    }

    /// Shows every field and its value.
    pub fn each<F: FnMut(&[u8], &[u8])>(&self, mut visit: F) {
        // SAFETY: the cursor is made, used and destroyed here; the callback gets `visit` back as its last argument and
        // is not called after the scan returns.
        unsafe {
            let (Some(create), Some(scan), Some(destroy)) = (
                raw::RedisModule_ScanCursorCreate,
                raw::RedisModule_ScanKey,
                raw::RedisModule_ScanCursorDestroy,
            ) else {
                return;
            };
            let cursor = create();
            while scan(self.key, cursor, Some(on_field::<F>), (&raw mut visit).cast()) != 0 {}
            destroy(cursor);
        }
    }
}

unsafe extern "C" fn on_field<F: FnMut(&[u8], &[u8])>(
    _key: *mut raw::RedisModuleKey,
    field: *mut raw::RedisModuleString,
    value: *mut raw::RedisModuleString,
    visit: *mut c_void,
) {
    // SAFETY: `visit` is the closure that `each` passed in and keeps alive; nobody else uses it meanwhile.
    let visit = unsafe { &mut *visit.cast::<F>() };
    let _ = guarded(|| visit(RedisString::string_as_slice(field), RedisString::string_as_slice(value)));
}

impl Drop for HashKey {
    fn drop(&mut self) {
        if !self.key.is_null() {
            raw::close_key(self.key);
        }
    }
}

// -------------------------------------------------------------------------------------------------------------- other

/// Tells keyspace subscribers of the module class.
pub fn notify_keyspace(ctx: &Context, event: &str, key: &RedisString) {
    // SAFETY: called by a write command, with its own context and key.
    let _ = unsafe { raw::notify_keyspace_event(ctx.ctx, NotifyEvent::MODULE, event, key) };
}
