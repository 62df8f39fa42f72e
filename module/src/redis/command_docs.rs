//! Converts a [`CommandSpec`] to the structures from which Redis reads a command's documentation and key specification.

use super::guard::OK;
use super::spec::{ArgKind, ArgSpec, CommandSpec, KeyAccess};
use redis_module::{Context, raw};
use std::ffi::{CStr, c_int};
use std::ptr;

/// The release in which these commands appeared.
const SINCE: &CStr = c"0.1.0";

/// Gives a command its documentation, arity and key specification; `None` if Redis refuses them.
pub fn document(ctx: &Context, command: &CommandSpec) -> Option<()> {
    let mut arena = Vec::new();
    let has_key = command.key != KeyAccess::None;
    let mut key_specs = [key_spec(command.key), zeroed_key_spec()];
    let mut args = Vec::new();
    args.extend(has_key.then(key_arg));
    args.extend(command.args.iter().map(|arg| raw_arg_of(arg, &mut arena)));
    args.push(zeroed_arg());
    let version = raw::RedisModuleCommandInfoVersion {
        version: 1,
        sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
        sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
        sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
    };
    let info = raw::RedisModuleCommandInfo {
        version: &version,
        summary: command.summary.as_ptr(),
        complexity: command.complexity.as_ptr(),
        since: SINCE.as_ptr(),
        history: ptr::null_mut(),
        tips: command.tips.map_or(ptr::null(), CStr::as_ptr),
        arity: command.arity,
        key_specs: if has_key { key_specs.as_mut_ptr() } else { ptr::null_mut() },
        args: args.as_mut_ptr(),
    };
    set_command_info(ctx, command.name, &info)
}

/// `info` points to lists that end in a zeroed element, and to C strings.
fn set_command_info(ctx: &Context, name: &CStr, info: &raw::RedisModuleCommandInfo) -> Option<()> {
    // SAFETY: `info` and all it points to live until the call returns; Redis copies them. The command belongs to the
    // loading context.
    unsafe {
        let command = raw::RedisModule_GetCommand?(ctx.ctx, name.as_ptr());
        (!command.is_null() && raw::RedisModule_SetCommandInfo?(command, info) == OK).then_some(())
    }
}

fn key_spec(access: KeyAccess) -> raw::RedisModuleCommandKeySpec {
    let mut spec = zeroed_key_spec();
    spec.flags = u64::from(key_flags(access));
    spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
    spec.bs.index = raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: 1 };
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range =
        raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey: 0, keystep: 1, limit: 0 };
    spec
}

/// Returns the key specification for ACL rules and cluster clients.
fn key_flags(access: KeyAccess) -> u32 {
    let writes = raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS;
    match access {
        KeyAccess::None => 0,
        KeyAccess::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
        KeyAccess::Update => writes | raw::REDISMODULE_CMD_KEY_UPDATE,
        KeyAccess::Delete => writes | raw::REDISMODULE_CMD_KEY_DELETE,
        KeyAccess::Insert => writes | raw::REDISMODULE_CMD_KEY_INSERT,
    }
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
        ..zeroed_arg()
    }
}

/// Builds the list of arguments. `arena` keeps the lists of sub-arguments alive; moving a `Vec` does not move its
/// elements.
fn raw_arg_of(arg: &ArgSpec, arena: &mut Vec<Vec<raw::RedisModuleCommandArg>>) -> raw::RedisModuleCommandArg {
    let (kind, parts): (_, &[ArgSpec]) = match arg.kind {
        ArgKind::Text => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING, &[]),
        ArgKind::Integer => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER, &[]),
        ArgKind::Word => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN, &[]),
        ArgKind::OneOf(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF, parts),
        ArgKind::Block(parts) => (raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK, parts),
    };
    let flags = if arg.optional { raw::REDISMODULE_CMD_ARG_OPTIONAL } else { raw::REDISMODULE_CMD_ARG_NONE }
        | if arg.multiple { raw::REDISMODULE_CMD_ARG_MULTIPLE } else { raw::REDISMODULE_CMD_ARG_NONE };
    let mut result = raw_arg(arg.name, arg.token, kind, -1, flags);
    if !parts.is_empty() {
        let mut list: Vec<_> = parts.iter().map(|part| raw_arg_of(part, arena)).collect();
        list.push(zeroed_arg());
        result.subargs = list.as_mut_ptr();
        arena.push(list);
    }
    result
}

/// Returns the documentation of the key, which is always the first argument.
fn key_arg() -> raw::RedisModuleCommandArg {
    raw_arg(c"key", None, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, 0, 0)
}

/// Returns the end of a list of key specifications.
fn zeroed_key_spec() -> raw::RedisModuleCommandKeySpec {
    // SAFETY: a C struct of numbers, pointers and a union of those, for which all zero is a value.
    unsafe { std::mem::zeroed() }
}

/// Returns the end of a list of arguments.
fn zeroed_arg() -> raw::RedisModuleCommandArg {
    // SAFETY: as above.
    unsafe { std::mem::zeroed() }
}
