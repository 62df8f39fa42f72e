//! What is loaded: a Redis with a million sessions, on the first core together with everything that serves them.

use std::{env, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    generator,
    population::Population,
    traffic::{Call, Mix},
    wire::Commands,
};
use crate::{
    cores::{Core, stay_on},
    memory,
    support::{
        Keyring, Redis,
        build::built,
        http_server::{ISSUER, Server},
        redis_server::Builder,
    },
};

/// Sessions, unless the environment variable SESSIONS says otherwise.
pub const SESSIONS: u32 = 1_000_000;
/// Sessions to log out.
const SPARE: u32 = 20_000;
/// The persistence of the shipped redis.conf. The append-only file is rewritten when the drill says so.
pub const LINES: [&str; 3] = ["appendonly yes", "appendfsync everysec", "auto-aof-rewrite-percentage 0"];
/// The flags of hallpass-server: the load comes from a gateway that names its clients' addresses.
const FLAGS: [&str; 4] = ["--trusted-proxy", "127.0.0.1/32", "--log", "warn"];

/// Everything that is loaded.
pub struct Site {
    /// The Redis with the sessions.
    pub redis: Redis,
    /// The keys that it has loaded.
    pub ring: Keyring,
    /// The clients' tokens.
    pub population: Population,
    /// The calls that the clients make.
    pub mix: Mix,
    /// Memory per session, in bytes.
    pub bytes_per_session: f64,
    /// The time to log all of them in, in seconds.
    pub filled_in: f64,
}

/// Returns the number of sessions to make.
fn asked_for() -> u32 {
    let given = env::var("SESSIONS").ok().filter(|given| !given.is_empty());
    given.map_or(SESSIONS, |given| given.parse().expect("SESSIONS is a number"))
}

impl Site {
    /// Starts Redis, and logs everybody in.
    pub fn start() -> Self {
        raise_file_limit();
        built();
        stay_on(Core::Second);
        let (ring, count) = (Keyring::generated("EdDSA"), asked_for());
        let redis = on(Core::First, || builder(&ring).start());
        let before = memory::emptied(&redis);
        let mut population = Population::default();
        let logins = (0..count + SPARE).map(|user| (Duration::ZERO, Call::Issue(user)));
        let log = generator::run(&Commands { socket: redis.socket() }, &mut population, logins);
        population.move_in(count as usize);
        let bytes_per_session = (memory::settled(&redis) - before) / f64::from(count + SPARE);
        let mix = Mix::new(count, count + SPARE);
        Self { redis, ring, population, mix, bytes_per_session, filled_in: log.end() }
    }

    /// Returns the number of sessions.
    pub fn sessions(&self) -> u32 {
        u32::try_from(self.population.sessions.len()).expect("a number that was a u32")
    }

    /// Starts hallpass-server in front of it, on the same core.
    pub fn front(&self) -> Server {
        front_of(&format!("unix:{}", self.redis.socket().display()))
    }
}

/// Returns the configuration of a Redis with these keys.
pub fn builder(ring: &Keyring) -> Builder {
    Redis::builder().keyring(ring.clone()).tcp().lines(&LINES).line(&format!("hallpass.issuer {ISSUER}"))
}

/// Starts hallpass-server in front of the Redis at `url`, on the first core.
pub fn front_of(url: &str) -> Server {
    on(Core::First, || Server::before_url(url, &FLAGS))
}

/// Runs `task`, and the processes that it starts, there; this thread is back on the second core after it.
pub fn on<T>(core: Core, task: impl FnOnce() -> T) -> T {
    stay_on(core);
    let result = task();
    stay_on(Core::Second);
    result
}

/// Allows as many open files as the system does: each connection is one.
fn raise_file_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).ok();
}
