//! Commands: how Redis calls them, and how they are registered.

use super::args::Arg;
use super::command_docs::document;
use super::guard::{OK, guarded};
use super::spec::{CommandSpec, KeyAccess};
use redis_module::{Context, raw};
use std::ffi::c_int;

/// The handler of a command.
pub trait Handler {
    /// Answers a call. The first argument is the command's name.
    fn call(ctx: &Context, args: &[Arg]);
}

/// A command with its handler.
pub struct Registration {
    spec: CommandSpec,
    entry: Entry,
}

type Entry = extern "C" fn(*mut raw::RedisModuleCtx, *mut *mut raw::RedisModuleString, c_int) -> c_int;

/// Handles the call of a command by Redis. The entry function of `redis-module` would copy the arguments.
extern "C" fn entry<H: Handler>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: Redis passes `argc` strings, which live and do not change until the command has ended.
    let args: &[Arg] = unsafe { std::slice::from_raw_parts(argv.cast(), count) };
    let _ = guarded(|| H::call(&Context::new(ctx), args));
    OK
}

impl Registration {
    /// Creates a command with the handler `H`.
    pub const fn new<H: Handler>(spec: CommandSpec) -> Self {
        Self { spec, entry: entry::<H> }
    }

    /// Creates the command with its documentation. Called while loading.
    ///
    /// # Errors
    /// A line for the log if Redis refuses it.
    pub fn register(&self, ctx: &Context) -> Result<(), &'static str> {
        self.create(ctx).ok_or("commands cannot be created: another module may have them")?;
        document(ctx, &self.spec).ok_or("commands cannot be documented: Redis 7.0 or later is needed")?;
        self.set_acl_categories(ctx).ok_or("a command cannot be put into ACL categories")
    }

    fn create(&self, ctx: &Context) -> Option<()> {
        let CommandSpec { name, flags, .. } = self.spec;
        let key = c_int::from(self.spec.key != KeyAccess::None);
        // SAFETY: called while loading; Redis copies name and flags, and the entry never unwinds.
        let status = unsafe {
            raw::RedisModule_CreateCommand?(
                ctx.ctx,
                name.as_ptr(),
                Some(self.entry),
                flags.as_ptr(),
                key,
                key,
                key,
            )
        };
        (status == OK).then_some(())
    }

    /// Sets the ACL categories if Redis has the function for it: 7.2 and later.
    fn set_acl_categories(&self, ctx: &Context) -> Option<()> {
        // SAFETY: called while loading, with the loading context, to which the command belongs; Redis only reads the
        // text.
        unsafe {
            let Some(set) = raw::RedisModule_SetCommandACLCategories else {
                return Some(());
            };
            let command = raw::RedisModule_GetCommand?(ctx.ctx, self.spec.name.as_ptr());
            (!command.is_null() && set(command, self.spec.categories.as_ptr()) == OK).then_some(())
        }
    }
}
