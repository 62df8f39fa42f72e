//! RS256 and PS256: signatures slow enough to be made by a worker while the client waits.

use std::{collections::HashMap, fs, process::Command, sync::Mutex};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::support::{build::built, *};

mod composed;
mod equivalence;
mod failover;
mod leaving;
mod stopping;

/// More clients than the workers can serve in the time that one command takes.
const MANY: usize = 100;

/// A ring that signs with `alg`: one per run, since RSA primes are slow to find.
fn ring(alg: &str) -> Keyring {
    static RINGS: Mutex<Option<HashMap<String, Keyring>>> = Mutex::new(None);
    let mut rings = RINGS.lock().unwrap();
    let rings = rings.get_or_insert_default();
    rings.entry(alg.to_owned()).or_insert_with(|| generate(alg)).clone()
}

/// What `hallpass-server keys generate` makes.
fn generate(alg: &str) -> Keyring {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring.json");
    let mut command = Command::new(&built().server);
    command.args(["keys", "generate", "--alg", alg, "--keyring"]).arg(&path);
    assert!(command.output().unwrap().status.success());
    let text: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    Keyring(text["keys"].as_array().unwrap().iter().cloned().map(Key).collect())
}

/// A redis-server whose ring signs with `alg`.
fn signing_with(alg: &str) -> Redis {
    Redis::builder().keyring(ring(alg)).start()
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
