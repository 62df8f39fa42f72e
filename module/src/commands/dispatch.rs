//! Runs commands: each one under a guard against panics, and its result is sent when all work is done.

use super::call::{Call, Command, NodeCommand};
use crate::config::Config;
use crate::error::Error;
use crate::redis::args::Arg;
use crate::redis::command::{Handler, Registration};
use crate::redis::guard::guarded;
use crate::reply::{self, CommandResult, Reply};
use crate::tokens::signing;
use redis_module::Context;
use std::marker::PhantomData;

/// Registers a command about one user.
pub const fn user<C: Command>() -> Registration {
    Registration::new::<OnUser<C>>(C::SPEC)
}

/// Registers a command about the node.
pub const fn node<C: NodeCommand>() -> Registration {
    Registration::new::<OnNode<C>>(C::SPEC)
}

struct OnUser<C>(PhantomData<C>);
struct OnNode<C>(PhantomData<C>);

impl<C: Command> Handler for OnUser<C> {
    fn call(ctx: &Context, args: &[Arg]) {
        answer(ctx, || C::run(&Call::new::<C>(ctx, args, &Config::current())?));
    }
}

impl<C: NodeCommand> Handler for OnNode<C> {
    fn call(ctx: &Context, args: &[Arg]) {
        answer(ctx, || C::run(args.get(1..).unwrap_or_default()));
    }
}

/// Runs a command and sends its result. A panic becomes an error reply.
fn answer(ctx: &Context, run: impl FnOnce() -> CommandResult) {
    match guarded(run).unwrap_or(Err(Error::Internal)) {
        Ok(Reply::Ready(value)) => reply::send(ctx, &value),
        Ok(Reply::Unsigned(tokens)) => signing::answer(ctx, tokens),
        Err(why) => reply::refuse(ctx, why),
    }
}
