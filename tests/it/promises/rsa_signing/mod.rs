//! RS256 and PS256: signatures slow enough to be made by a worker while the client waits.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{build::built, *};

mod composed;
mod equivalence;
mod failover;
mod front;
mod leaving;
mod stopping;

/// More clients than the workers can serve in the time that one command takes.
const MANY: usize = 100;

/// A redis-server whose ring signs with `alg`.
fn signing_with(alg: &str) -> Redis {
    Redis::builder().keyring(Keyring::generated(alg)).start()
}

/// How many clients wait for an answer.
fn waiting(con: &mut Con) -> usize {
    let text: String = con.get(&["INFO", "clients"]);
    let line = text.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
    line.expect("blocked_clients").trim().parse().unwrap()
}

/// Has redis-server find everything that `send` sends at once: it stands still meanwhile. So commands that are sent last
/// are executed while the signatures of those before them are still to be made.
fn all_at_once<T>(redis: &Redis, send: impl FnOnce() -> T) -> T {
    let pid = Pid::from_raw(i32::try_from(redis.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", redis.pid())).unwrap();
    wait_until("redis-server stands still", SOON, || stat().contains(") T "));
    let sent = send();
    kill_process(pid, Signal::CONT).unwrap();
    sent
}

/// A session of its own for each of [`MANY`] users: their keys and tokens.
fn sessions(con: &mut Con) -> Vec<(String, Tokens)> {
    let one = |user| {
        let key = format!("auth:{user}");
        let tokens = con.issue(&key, &[]).unwrap();
        (key, tokens)
    };
    (0..MANY).map(one).collect()
}

/// A connection for each session, on which the session's refresh is sent.
fn send_refreshes(mut clients: Vec<Raw>, sessions: &[(String, Tokens)]) -> Vec<Raw> {
    for (raw, (key, tokens)) in clients.iter_mut().zip(sessions) {
        raw.send(&["AUTH.REFRESH", key, &tokens.refresh]);
    }
    clients
}

/// As many connections, before the server stands still.
fn connect_many(redis: &Redis) -> Vec<Raw> {
    let mut clients: Vec<_> = (0..MANY).map(|_| redis.raw()).collect();
    clients.iter_mut().for_each(|raw| assert_eq!(raw.call(&["PING"]).text(), "PONG"));
    clients
}

/// The text of a member of an answer with tokens.
#[track_caller]
fn text(reply: &Reply, member: &str) -> String {
    reply.member(member).text()
}
