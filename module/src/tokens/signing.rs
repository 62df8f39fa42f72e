//! Slow signatures are made by worker threads while the client waits, so that Redis' other clients do not.
//!
//! By then the command has decided and written: a worker only signs. Where blocking is denied (MULTI, Lua, a call from
//! another module) the signature is made at once. A failover in between answers the waiting client with UNBLOCKED, and
//! its next attempt is a retry.

use super::builder::{TokenReply, UnsignedTokens};
use crate::error::Error;
use crate::redis::blocked::{Blocked, Outcome, block};
use crate::redis::guard::guarded;
use crate::reply;
use crate::sync::lock;
use redis_module::{Context, ContextFlags};
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// The answer to a waiting client.
struct Signed(Result<TokenReply, Error>);

impl Outcome for Signed {
    fn send(ctx: &Context, outcome: Option<Self>) {
        reply::tokens(ctx, outcome.map_or(Err(Error::Internal), |signed| signed.0));
    }
}

struct Job {
    client: Blocked<Signed>,
    tokens: Box<UnsignedTokens>,
}

struct Pool {
    jobs: Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

/// Started by the first slow signature: most rings never need one.
static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// Signs and answers, at once or later.
pub fn answer(ctx: &Context, tokens: Box<UnsignedTokens>) {
    if !tokens.is_slow_to_sign() || !may_block(ctx) {
        return reply::tokens(ctx, sign(tokens).0);
    }
    let mut pool = lock(&POOL);
    if pool.is_none() {
        *pool = start();
    }
    match pool.as_ref().zip(block(ctx)) {
        Some((pool, client)) => {
            // If no thread is left to take the job, the client must not wait for ever.
            if let Err(SendError(Job { client, tokens })) = pool.jobs.send(Job { client, tokens }) {
                client.unblock(sign(tokens));
            }
        }
        None => reply::tokens(ctx, sign(tokens).0),
    }
}

fn sign(tokens: Box<UnsignedTokens>) -> Signed {
    Signed(guarded(|| tokens.sign()).unwrap_or(Err(Error::Internal)))
}

fn may_block(ctx: &Context) -> bool {
    let denied = ContextFlags::MULTI | ContextFlags::LUA | ContextFlags::DENY_BLOCKING;
    !ctx.get_flags().intersects(denied)
}

/// Starts one thread per core, except the one that Redis' main thread keeps busy; `None` if not even one starts.
fn start() -> Option<Pool> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, queue) = channel();
    let queue = Arc::new(Mutex::new(queue));
    let threads: Vec<_> = (0..cores.saturating_sub(1).max(1)).filter_map(|_| spawn(queue.clone())).collect();
    (!threads.is_empty()).then_some(Pool { jobs, threads })
}

fn spawn(queue: Arc<Mutex<Receiver<Job>>>) -> Option<JoinHandle<()>> {
    thread::Builder::new().name("hallpass-sign".into()).spawn(move || while work(&queue) {}).ok()
}

/// Does the next job; `false` if there will be no more.
fn work(queue: &Mutex<Receiver<Job>>) -> bool {
    let job = lock(queue).recv();
    let Ok(Job { client, tokens }) = job else {
        return false;
    };
    client.unblock(sign(tokens));
    true
}

/// Ends the threads, before the module's code is unloaded.
pub fn stop() {
    let pool = lock(&POOL).take();
    if let Some(Pool { jobs, threads }) = pool {
        drop(jobs);
        for thread in threads {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
    }
}
