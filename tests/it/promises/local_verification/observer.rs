//! A program that verifies one token all the time, and remembers until when it was let through.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hallpass_client::{
    Address, CommandError, Hallpass, Inspected, NodeCache, SubjectKeys, Verified, Verifier, VerifyCache,
};
use tokio::runtime::Runtime;

use crate::support::*;

/// A client with a store of what it verified, and the runtime that it lives in.
pub struct Program {
    runtime: Runtime,
    pub hallpass: Arc<Hallpass>,
    verifier: Verifier,
    keys: SubjectKeys,
}

impl Program {
    /// A client of the Redis at `url`, which keeps nothing stale.
    pub fn new(url: &str) -> Arc<Self> {
        Self::with(url, VerifyCache::default())
    }

    /// A client of a server's socket.
    pub fn of(redis: &Redis) -> Arc<Self> {
        Self::new(&format!("unix:{}", redis.socket().display()))
    }

    /// A client that keeps this much.
    pub fn with(url: &str, cache: VerifyCache) -> Arc<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let entered = runtime.enter();
        let hallpass = Hallpass::new(&Address::parse(url).expect("an address")).expect("a client");
        drop(entered);
        let hallpass = Arc::new(hallpass.with_verify_cache(cache));
        let verifier = Verifier::new(Arc::clone(&hallpass));
        let keys = SubjectKeys::new("auth:*").expect("a pattern");
        Arc::new(Self { runtime, hallpass, verifier, keys })
    }

    /// Verifies a token; returns its claims.
    pub fn verify(&self, token: &str) -> Result<String, CommandError> {
        let claims = self.runtime.block_on(self.verifier.verify(&self.keys, token, None))?;
        Ok(claims.to_string())
    }

    /// Verifies a token, if need be as stale; returns whether it is.
    pub fn verify_or_stale(&self, token: &str) -> Result<bool, CommandError> {
        let verified = self.runtime.block_on(self.verifier.verify_or_stale(&self.keys, token, None))?;
        Ok(verified.is_stale)
    }

    /// Inspects a refresh token, if need be as stale.
    pub fn inspect(&self, token: &str) -> Result<Verified<Inspected>, CommandError> {
        self.runtime.block_on(self.verifier.inspect_or_stale(&self.keys, token))
    }

    /// Runs something of the client to its end.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// What is kept, all nodes together.
    pub fn kept(&self) -> NodeCache {
        let nodes = self.hallpass.verify_cache();
        let none = NodeCache {
            node: String::new(),
            is_listening: !nodes.is_empty(),
            entries: 0,
            bytes: 0,
            hits: 0,
            stale_hits: 0,
        };
        nodes.into_iter().fold(none, |sum, node| NodeCache {
            node: node.node,
            is_listening: sum.is_listening && node.is_listening,
            entries: sum.entries + node.entries,
            bytes: sum.bytes + node.bytes,
            hits: sum.hits + node.hits,
            stale_hits: sum.stale_hits + node.stale_hits,
        })
    }

    /// Verifies a valid token until that needs no question any more.
    #[track_caller]
    pub fn learn(&self, token: &str) {
        wait_until("a token is verified here", SOON, || {
            let before = self.kept().hits;
            // While a node is looked for, there may be none.
            self.verify(token).is_ok() && self.kept().hits > before
        });
    }
}

/// A thread that verifies one token all the time, until the guard goes.
pub struct Observer {
    seen: Arc<Seen>,
    working: Option<JoinHandle<()>>,
}

/// What it has seen.
#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    latest: Mutex<Latest>,
}

/// When the latest verification of each kind began.
#[derive(Clone, Copy, Default)]
struct Latest {
    /// The token was accepted.
    accepted: Option<Instant>,
    /// It was not.
    refused: Option<Instant>,
    /// A kept answer was used.
    kept: Option<Instant>,
    /// Redis was asked.
    asked: Option<Instant>,
}

impl Observer {
    /// Begins with a token that is valid and kept.
    #[track_caller]
    pub fn start(program: &Arc<Program>, token: &str) -> Self {
        program.learn(token);
        let seen = Arc::new(Seen::default());
        let (program, token, its) = (Arc::clone(program), token.to_owned(), Arc::clone(&seen));
        let working = thread::spawn(move || {
            while !its.is_over.load(SeqCst) {
                let (began, hits) = (Instant::now(), program.kept().hits);
                let is_accepted = program.verify(&token).is_ok();
                let is_kept = program.kept().hits > hits;
                let mut latest = its.latest.lock().expect("nobody panicked");
                *(if is_accepted { &mut latest.accepted } else { &mut latest.refused }) = Some(began);
                *(if is_kept { &mut latest.kept } else { &mut latest.asked }) = Some(began);
            }
        });
        Self { seen, working: Some(working) }
    }

    /// Makes the token void by `void`, waits until it is refused, and returns for how long after that it was accepted.
    #[track_caller]
    pub fn lateness(&self, what: &str, void: impl FnOnce()) -> Duration {
        self.time_from(what, void, |latest| (latest.accepted, latest.refused))
    }

    /// Makes `change`, waits until Redis is asked, and returns for how long after that a kept answer was used.
    #[track_caller]
    pub fn reliance(&self, what: &str, change: impl FnOnce()) -> Duration {
        self.time_from(what, change, |latest| (latest.kept, latest.asked))
    }

    /// Waits for the second of two times to be after `event`, and returns how long after it the first was.
    #[track_caller]
    fn time_from(
        &self,
        what: &str,
        event: impl FnOnce(),
        times: fn(Latest) -> (Option<Instant>, Option<Instant>),
    ) -> Duration {
        event();
        let happened = Instant::now();
        let times = || times(*self.seen.latest.lock().expect("nobody panicked"));
        wait_until(what, 4 * SOON, || times().1.is_some_and(|other| other > happened));
        let late = times().0.map_or(Duration::ZERO, |one| one.saturating_duration_since(happened));
        // Whoever fills the table of faults looks at it.
        println!("{what}: {late:?}");
        late
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.seen.is_over.store(true, SeqCst);
        let ended = self.working.take().map(JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()) || thread::panicking(), "an observer panicked");
    }
}
