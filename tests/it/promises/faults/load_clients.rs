//! Many clients at once, while Redis dies. Each client remembers the answers that it got; only these count afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Sum,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use rustix::process::Signal;

use crate::support::*;

/// The number of clients that work at the same time.
pub const CLIENTS: usize = 16;
/// The most commands of a client: after them it has waited for a fault in vain.
const PATIENCE: usize = 50_000;
/// A client logs in once in this many commands; the others are refreshes, one of them of its first login.
pub const LOGIN_EVERY: usize = 5;

/// A user, and the acknowledged logins, each with its latest tokens.
struct User {
    key: String,
    logins: Vec<Tokens>,
}

/// The users, with one client each.
pub struct LoadClients(Vec<User>);

/// The losses by a fault, of what had been acknowledged.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Sessions that are gone.
    pub logins: usize,
    /// Sessions that came back in an earlier generation.
    pub rolled_back: usize,
}

impl Sum for Losses {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            logins: sum.logins + one.logins,
            rolled_back: sum.rolled_back + one.rolled_back,
        })
    }
}

/// A fault, and the number of answers after which it happens: each client has an equal share of them, and since the
/// previous fault only commands sent after it count. So every client has done something after each fault, however busy
/// the machine is.
pub type Fault<'a> = (usize, &'a (dyn Fn(&Redis) + Sync));

/// The faults to come, and the progress.
struct Faults<'a> {
    redis: &'a Redis,
    faults: &'a [Fault<'a>],
    /// The number of clients that have had their share, over all faults.
    ready: AtomicUsize,
    /// The number of faults that are over.
    over: AtomicUsize,
}

impl Faults<'_> {
    /// Notes that a client got its `count`th answer since this number of faults was over.
    fn answered(&self, over: usize, count: usize) {
        let Some((after, fault)) = self.faults.get(over) else { return };
        let before = self.faults[..over].last().map_or(0, |(before, _)| *before);
        let is_ready = count == (after - before).div_ceil(CLIENTS);
        if is_ready && self.ready.fetch_add(1, SeqCst) + 1 == CLIENTS * (over + 1) {
            fault(self.redis);
            self.over.store(over + 1, SeqCst);
        }
    }
}

/// Kills Redis, whatever it is doing.
pub fn kill(redis: &Redis) {
    redis.signal(Signal::KILL);
}

impl LoadClients {
    /// Logs every user in once.
    pub fn log_in(redis: &Redis) -> Self {
        let mut con = redis.connect();
        let users = (0..CLIENTS).map(|number| {
            let mut user = User { key: format!("auth:{number}"), logins: vec![] };
            user.log_in(&mut con).unwrap();
            user
        });
        Self(users.collect())
    }

    /// Lets all clients refresh and log in at once while the faults happen; the last fault must end the work.
    pub fn work(&mut self, redis: &Redis, faults: &[Fault<'_>]) {
        // No login may evict another one.
        redis.connect().get::<()>(&["CONFIG", "SET", "hallpass.session-limit", "0"]);
        let faults = Faults { redis, faults, ready: AtomicUsize::new(0), over: AtomicUsize::new(0) };
        let connections: Vec<_> = self.0.iter().map(|_| redis.connect()).collect();
        thread::scope(|scope| {
            for (user, con) in self.0.iter_mut().zip(connections) {
                scope.spawn(|| user.work(con, &faults));
            }
        });
    }

    /// Refreshes each login once: sessions that Redis still has carry on, lost ones are NOSESSION, and there is no
    /// third outcome.
    #[track_caller]
    pub fn carry_on(&mut self, redis: &Redis) -> Losses {
        let mut con = redis.connect();
        let before = con.counter("recovered");
        let losses = thread::scope(|scope| {
            let carry_on = |user| scope.spawn(|| User::carry_on(user, &mut redis.connect()));
            let users: Vec<_> = self.0.iter_mut().map(carry_on).collect();
            users.into_iter().map(|user| user.join().expect("everybody carries on")).sum::<Losses>()
        });
        assert_eq!(con.counter("recovered") - before, losses.rolled_back as u64, "each is counted");
        assert_eq!(con.counter("reused"), 0);
        losses
    }

    /// Returns the codes with which refreshes are refused, if any is.
    pub fn refusals(&self, con: &mut Con) -> BTreeSet<String> {
        let mut codes = BTreeSet::new();
        for user in &self.0 {
            let answers = user.logins.iter().map(|held| con.refresh(&user.key, &held.refresh, &[]));
            codes.extend(answers.filter_map(Result::err).map(|refusal| refusal.code));
        }
        codes
    }

    /// Returns the number of sessions of all users.
    pub fn logins(&self) -> usize {
        self.0.iter().map(|user| user.logins.len()).sum()
    }

    /// Returns the first session of each user.
    pub fn first_logins(&self) -> Vec<String> {
        let first = |user: &User| user.logins[0].session_id.clone();
        self.0.iter().map(first).collect()
    }
}

impl User {
    fn log_in(&mut self, con: &mut Con) -> Answer<()> {
        let tokens = con.issue(&self.key, &[])?;
        self.logins.push(tokens);
        Ok(())
    }

    fn refresh(&mut self, login: usize, con: &mut Con) -> Answer<()> {
        self.logins[login] = con.refresh(&self.key, &self.logins[login].refresh, &[])?;
        Ok(())
    }

    /// Works until the connection breaks, or Redis cannot write to its disk.
    fn work(&mut self, mut con: Con, faults: &Faults<'_>) {
        let (mut over, mut answers) = (0, 0);
        for step in 0..PATIENCE {
            let sent = faults.over.load(SeqCst);
            if sent > over {
                (over, answers) = (sent, 0);
            }
            let answer = match step % LOGIN_EVERY {
                0 => self.log_in(&mut con),
                // The first login was there before all faults.
                1 => self.refresh(0, &mut con),
                _ => self.refresh(step % self.logins.len(), &mut con),
            };
            match answer {
                Ok(()) => {
                    answers += 1;
                    faults.answered(over, answers);
                }
                Err(refusal) if ["IO", "MISCONF"].contains(&refusal.code.as_str()) => return,
                Err(refusal) => panic!("{refusal:?}"),
            }
        }
        panic!("Redis goes on");
    }

    fn carry_on(&mut self, con: &mut Con) -> Losses {
        let mut losses = Losses::default();
        let stored = stored_generations(con, &self.key);
        self.logins.retain_mut(|held| match stored.get(&held.session_id) {
            None => {
                assert_eq!(refused(con.verify(&self.key, &held.access, &[])), "NOSESSION");
                assert_eq!(refused(con.refresh(&self.key, &held.refresh, &[])), "NOSESSION");
                losses.logins += 1;
                false
            }
            Some(&generation) => {
                con.verify(&self.key, &held.access, &[]).unwrap();
                losses.rolled_back += usize::from(generation < held.generation());
                *held = con.refresh(&self.key, &held.refresh, &[]).unwrap();
                con.verify(&self.key, &held.access, &[]).unwrap();
                true
            }
        });
        losses
    }
}

/// Returns the generation of each session in the hash at `key`.
fn stored_generations(con: &mut Con, key: &str) -> BTreeMap<String, u64> {
    let sessions: Vec<BTreeMap<String, redis::Value>> = con.get(&["AUTH.SESSIONS", key, "COUNT", "1000"]);
    let generations = sessions.into_iter().map(|mut session| {
        let mut take = |name| session.remove(name).expect("a member of every session");
        let sid: String = redis::from_redis_value(take("sid")).expect("text");
        (sid, redis::from_redis_value(take("gen")).expect("a number"))
    });
    generations.collect()
}
