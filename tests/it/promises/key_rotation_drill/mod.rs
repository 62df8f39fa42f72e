//! A key rotation under load, on two nodes with separate files that are reloaded seconds apart: nobody notices.
//!
//! The new keys are announced and take over signing, the old ones expire and are pruned; clients mint and verify all
//! the time.

use std::{
    fs,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use serde_json::Value as Json;

use crate::support::{build::built, keyring::write_secret, *};

mod everywhere;
mod load;
mod retries;

/// The number of clients that work all the time.
const WORKERS: usize = 4;
/// The delay with which the second node learns the new keys.
const APART: Duration = Duration::from_millis(1500);

/// The two nodes; the drill changes the file of the first and copies it to the second.
struct Nodes([Redis; 2]);

impl Nodes {
    fn connect(&self) -> [Con; 2] {
        [self.0[0].connect(), self.0[1].connect()]
    }

    /// Runs `hallpass-server keys …` on the first node's file and copies the result to the second.
    fn change_keys(&self, command: &str, flags: &[&str]) {
        let files = [0, 1].map(|node| self.0[node].path("keyring.json"));
        let mut keys = Command::new(&built().server);
        let output = keys.args(["keys", command, "--keyring"]).arg(&files[0]).args(flags).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        write_secret(&files[1], &fs::read_to_string(&files[0]).unwrap(), 0o600);
    }

    /// Reloads the file on `first`, and some time later on the other one.
    fn reload(&self, first: usize) {
        let [mut one, mut other] = [first, 1 - first].map(|node| self.0[node].connect());
        one.get::<()>(&["AUTH.RELOAD"]);
        one.let_pass(APART);
        other.get::<()>(&["AUTH.RELOAD"]);
    }

    /// Waits until both nodes report `status` for `kid`.
    fn wait_for_status(&self, kid: &str, status: &str) {
        for mut con in self.connect() {
            let what = format!("{kid} is {status}");
            wait_until(&what, SOON, || status_of(&mut con, kid).as_deref() == Some(status));
        }
    }
}

/// Returns the status of a key in AUTH.KEYS.
fn status_of(con: &mut Con, kid: &str) -> Option<String> {
    let keys: Vec<std::collections::HashMap<String, redis::Value>> = con.get(&["AUTH.KEYS"]);
    let text = |value: &redis::Value| redis::from_redis_value::<String>(value.clone()).unwrap();
    keys.iter().find(|key| text(&key["kid"]) == kid).map(|key| text(&key["status"]))
}

/// The observations of the workers.
#[derive(Default)]
struct Tally {
    rounds: [AtomicUsize; WORKERS],
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Tally {
    /// Notes a failure and returns what succeeded.
    fn note<T>(&self, what: &str, answer: Answer<T>) -> Option<T> {
        answer.map_err(|refusal| self.failures.lock().unwrap().push(format!("{what}: {refusal:?}"))).ok()
    }

    fn check(&self, what: &str, holds: bool) {
        if !holds {
            self.failures.lock().unwrap().push(what.to_owned());
        }
    }

    /// Waits until every worker has begun and ended a round from now on.
    fn wait_for_a_round(&self) {
        let rounds = || self.rounds.each_ref().map(|rounds| rounds.load(Relaxed));
        let before = rounds();
        let more = || rounds().iter().zip(before).all(|(now, before)| *now >= before + 2);
        wait_until("all workers are at work", SOON, more);
    }
}

/// Runs the drill, with `work` in each of the workers; `first` is the node that is reloaded first.
fn drill(nodes: &Nodes, first: usize, work: impl Fn(usize, &Tally) + Sync) {
    let tally = Tally::default();
    thread::scope(|scope| {
        let _end = OnDrop(&tally.is_over);
        for worker in 0..WORKERS {
            let (tally, work) = (&tally, &work);
            scope.spawn(move || work(worker, tally));
        }
        tally.wait_for_a_round();
        rotate(nodes, first, &tally);
    });
    let failures = tally.failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failures: {:#?}", failures.len(), &failures[..failures.len().min(9)]);
    for mut con in nodes.connect() {
        assert_eq!((con.counter("reused"), con.counter("recovered"), con.counter("expired")), (0, 0, 0));
    }
}

/// Adds new keys, lets them take over, and removes the old ones.
fn rotate(nodes: &Nodes, first: usize, tally: &Tally) {
    let [mut one, mut other] = nodes.connect();
    let old = one.issue("auth:before", &[]).unwrap();
    nodes.change_keys("rotate", &["--activate-in", "10s", "--retire-after", "10s", "--force"]);
    nodes.reload(first);
    let published = other.jwks();
    let kids = kids_in_file(&nodes.0[1]);
    let [old_sig, old_ref, new_sig, new_ref] = &kids[..] else { panic!("{kids:?}") };
    assert_eq!(tokens::header(&old.access)["kid"], **old_sig);
    assert_eq!(status_of(&mut one, new_sig).unwrap(), "next", "reloaded in time");

    nodes.wait_for_status(new_sig, "active");
    tally.wait_for_a_round();
    let new = one.issue("auth:after", &[]).unwrap();
    assert_eq!(tokens::header(&new.access)["kid"], **new_sig);
    assert_eq!(tokens::refresh_parts(&new.refresh)[1], *new_ref);
    jwt::independently_verified(&published, &new.access);
    one.verify("auth:before", &old.access, &[]).unwrap();
    let next = one.refresh("auth:before", &old.refresh, &[]).unwrap();

    nodes.wait_for_status(old_ref, "expired");
    tally.wait_for_a_round();
    nodes.change_keys("prune", &[]);
    nodes.reload(first);
    tally.wait_for_a_round();
    assert_eq!(kids_in_file(&nodes.0[0]), [new_sig.as_str(), new_ref]);
    for con in [&mut one, &mut other] {
        assert_eq!(refused(con.verify("auth:before", &old.access, &[])), "INVALIDTOKEN", "no longer trusted");
        assert_eq!(status_of(con, old_sig), None);
    }
    one.refresh("auth:before", &next.refresh, &[]).unwrap();
}

/// Returns the ids of the keys in a node's file, in their order.
fn kids_in_file(node: &Redis) -> Vec<String> {
    let ring: Json = serde_json::from_slice(&fs::read(node.path("keyring.json")).unwrap()).unwrap();
    ring["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}
