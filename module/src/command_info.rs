//! From [`crate::spec`] to the structures that Redis reads a command's documentation and key specification from.

use crate::ffi;
use crate::spec::{self, ArgKind, ArgSpec, CommandSpec, KeyAccess};
use redis_module::{Context, raw};
use std::ffi::{CStr, c_int};
use std::ptr;

/// Gives a command its documentation, arity, key specification and ACL categories.
pub fn document(ctx: &Context, command: &CommandSpec) -> Result<(), &'static str> {
    const FAILED: &str = "commands cannot be documented: Redis 7.0 or later is needed";
    let mut arena = Vec::new();
    let mut key_specs = [key_spec(command.key), ffi::zeroed_key_spec()];
    let mut args = Vec::new();
    if command.key != KeyAccess::None {
        args.push(raw_arg(c"key", None, raw::RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY, 0, 0));
    }
    args.extend(command.args.iter().map(|arg| raw_arg_of(arg, &mut arena)));
    args.push(ffi::zeroed_arg());
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
    ffi::set_command_info(ctx, command.name, &info).ok_or(FAILED)?;
    ffi::set_acl_categories(ctx, command.name, command.categories).ok_or("ACL categories are refused")
}

fn key_spec(access: KeyAccess) -> raw::RedisModuleCommandKeySpec {
    let flags = match access {
        KeyAccess::None => 0,
        KeyAccess::Read => raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS,
        KeyAccess::Update => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_UPDATE
        }
        KeyAccess::Delete => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_DELETE
        }
        KeyAccess::Insert => {
            raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_ACCESS | raw::REDISMODULE_CMD_KEY_INSERT
        }
    };
    let mut spec = ffi::zeroed_key_spec();
    spec.flags = u64::from(flags);
    spec.begin_search_type = raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX;
    spec.bs.index = raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: 1 };
    spec.find_keys_type = raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE;
    spec.fk.range =
        raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 { lastkey: 0, keystep: 1, limit: 0 };
    spec
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
        ..ffi::zeroed_arg()
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
    let flags = if arg.optional { raw::REDISMODULE_CMD_ARG_OPTIONAL } else { raw::REDISMODULE_CMD_ARG_NONE }
        | if arg.multiple { raw::REDISMODULE_CMD_ARG_MULTIPLE } else { raw::REDISMODULE_CMD_ARG_NONE };
    let mut result = raw_arg(arg.name, arg.token, kind, -1, flags);
    if !parts.is_empty() {
        let mut list: Vec<_> = parts.iter().map(|part| raw_arg_of(part, arena)).collect();
        list.push(ffi::zeroed_arg());
        result.subargs = list.as_mut_ptr();
        arena.push(list);
    }
    result
}
