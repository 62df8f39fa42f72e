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

/// More clients than the workers can serve during one command.
const MANY: usize = 100;

/// Returns a redis-server whose ring signs with `alg`.
fn signing_with(alg: &str) -> Redis {
    Redis::builder().keyring(Keyring::generated(alg)).start()
}

/// Returns the number of clients that wait for an answer.
fn waiting(con: &mut Con) -> usize {
    let text: String = con.get(&["INFO", "clients"]);
    let line = text.lines().find_map(|line| line.strip_prefix("blocked_clients:"));
    line.expect("blocked_clients").trim().parse().unwrap()
}

/// Stops redis-server during `send`, so that it finds all commands at once: the last commands are executed before the
/// signatures of the first are made.
fn all_at_once<T>(redis: &Redis, send: impl FnOnce() -> T) -> T {
    let pid = Pid::from_raw(i32::try_from(redis.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let stat = || fs::read_to_string(format!("/proc/{}/stat", redis.pid())).unwrap();
    wait_until("redis-server stands still", SOON, || stat().contains(") T "));
    let sent = send();
    kill_process(pid, Signal::CONT).unwrap();
    sent
}

/// Returns a session of its own for each of [`MANY`] users: their keys and tokens.
fn sessions(con: &mut Con) -> Vec<(String, Tokens)> {
    let one = |user| {
        let key = format!("auth:{user}");
        let tokens = con.issue(&key, &[]).unwrap();
        (key, tokens)
    };
    (0..MANY).map(one).collect()
}

/// Returns a connection for each session, on which the session's refresh is sent.
fn send_refreshes(mut clients: Vec<Raw>, sessions: &[(String, Tokens)]) -> Vec<Raw> {
    for (raw, (key, tokens)) in clients.iter_mut().zip(sessions) {
        raw.send(&["AUTH.REFRESH", key, &tokens.refresh]);
    }
    clients
}

/// Opens as many connections, before the server is stopped.
fn connect_many(redis: &Redis) -> Vec<Raw> {
    let mut clients: Vec<_> = (0..MANY).map(|_| redis.raw()).collect();
    clients.iter_mut().for_each(|raw| assert_eq!(raw.call(&["PING"]).text(), "PONG"));
    clients
}

/// Returns the text of a member of an answer with tokens.
#[track_caller]
fn text(reply: &Reply, member: &str) -> String {
    reply.member(member).text()
}
