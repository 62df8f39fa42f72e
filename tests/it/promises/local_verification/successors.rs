//! Servers that die, hang, hand over or come back: what one of them answered does not outlive its being in charge.

use rustix::process::Signal;

use super::{
    UNHEARD,
    observer::{Observer, Program},
};
use crate::support::*;

/// Seen to fail when a lost connection drops nothing.
#[test]
fn a_connection_that_is_killed_hides_nothing() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    for _ in 0..5 {
        let tokens = con.issue("auth:42", &[]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        let late = observer.lateness("CLIENT KILL", || {
            con.get::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        });
        assert!(late < UNHEARD, "{late:?}");
    }
}

#[test]
fn a_server_that_comes_back_empty_is_believed() {
    let mut redis = Redis::start();
    let program = Program::of(&redis);
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("a crash without persistence", || {
        redis.kill();
        redis.restart();
    });
    assert!(late < UNHEARD, "{late:?}");
    drop(observer);
    program.learn(&redis.connect().issue("auth:42", &[]).unwrap().access);
}

/// Seen to fail when a heartbeat without an epoch counts.
#[test]
fn a_module_that_is_gone_is_relied_on_for_a_second_at_most() {
    let redis = Redis::start();
    let mut con = redis.connect();
    // It looks at the freed command of whichever module when a client repeats it, and crashes.
    if con.get::<String>(&["INFO", "server"]).contains("redis_version:8.2") {
        return;
    }
    let program = Program::of(&redis);
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("MODULE UNLOAD", || con.get(&["MODULE", "UNLOAD", "hallpass"]));
    assert!(late < UNHEARD, "{late:?}");
}

/// Seen to fail when the role is not looked at.
#[test]
fn a_primary_that_becomes_a_replica_is_relied_on_for_a_second_at_most() {
    let [first, second] = [(); 2].map(|()| Redis::builder().tcp().keyring(shared_ring()).start());
    let program = Program::of(&first);
    let mut con = first.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.reliance("REPLICAOF", || {
        con.get::<()>(&["REPLICAOF", "127.0.0.1", &second.port().to_string()]);
    });
    assert!(late < UNHEARD, "{late:?}");
    drop(observer);
    con.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    program.learn(&con.issue("auth:42", &[]).unwrap().access);
}

/// A node that takes over other data and is in charge again before a heartbeat has seen it as a replica. Seen to fail when a
/// null push drops nothing and the role is not looked at.
#[test]
fn a_resync_drops_what_it_replaces() {
    let [first, other] = [(); 2].map(|()| Redis::builder().tcp().keyring(shared_ring()).start());
    let program = Program::of(&first);
    let mut con = first.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.lateness("a resync", || {
        con.get::<()>(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]);
        // It may refuse while it is loading.
        wait_until("the data is replaced", SOON, || {
            con.run(&["EXISTS", "auth:42"]) == Ok(redis::Value::Int(0))
        });
        con.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    });
    assert!(late < UNHEARD, "{late:?}");
}

/// One ring for servers that follow one another.
fn shared_ring() -> Keyring {
    static RING: std::sync::OnceLock<Keyring> = std::sync::OnceLock::new();
    RING.get_or_init(Keyring::default).clone()
}

#[test]
fn a_primary_that_hands_over_is_relied_on_for_a_second_at_most() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let program = Program::of(&primary);
    let mut con = primary.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let observer = Observer::start(&program, &tokens.access);
    let late = observer.reliance("FAILOVER", || {
        con.get::<()>(&["FAILOVER"]);
        wait_until("the replica is promoted", SOON, || replica.is_primary());
    });
    assert!(late < UNHEARD, "{late:?}");
}

/// A primary on the other side of a split accepts what it would say itself, as it does without local verification.
#[test]
fn a_primary_that_is_cut_off_is_believed_for_as_long_as_it_answers() {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    let program = Program::of(&primary);
    let tokens = primary.connect().issue("auth:42", &[]).unwrap();
    primary.wait_until_replicated();
    program.learn(&tokens.access);
    let mut successor = replica.connect();
    successor.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!(successor.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 1);
    program.verify(&tokens.access).unwrap();
    primary.connect().verify("auth:42", &tokens.access, &[]).unwrap();
}

/// Seen to fail without heartbeats.
#[test]
fn a_primary_that_hangs_or_dies_under_sentinels_hides_nothing() {
    let sentinels = Sentinels::start(&["appendonly yes"]);
    let program = Program::new(&sentinels.url());
    let mut at = 0;
    for signal in [Signal::STOP, Signal::KILL] {
        let tokens = sentinels.servers[at].connect().issue("auth:42", &[]).unwrap();
        sentinels.servers[at].wait_until_replicated();
        let observer = Observer::start(&program, &tokens.access);
        let mut heir = at;
        let late = observer.lateness(&format!("a failover after {signal:?}"), || {
            sentinels.servers[at].signal(signal);
            heir = sentinels.wait_for_failover(at);
            sentinels.servers[heir].connect().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        });
        assert!(late < UNHEARD, "{late:?}");
        drop(observer);
        program.learn(&sentinels.servers[heir].connect().issue("auth:42", &[]).unwrap().access);
        if signal == Signal::STOP {
            sentinels.servers[at].signal(Signal::CONT);
            sentinels.wait_until_following(at);
        }
        at = heir;
    }
}

/// Seen to fail when nobody asks the Sentinels while all tokens are kept.
#[test]
fn a_failover_with_the_connection_kept_is_followed() {
    let sentinels = Sentinels::start(&[]);
    let program = Program::new(&sentinels.url());
    let tokens = sentinels.servers[0].connect().issue("auth:42", &[]).unwrap();
    sentinels.servers[0].wait_until_replicated();
    let observer = Observer::start(&program, &tokens.access);
    observer.lateness("SENTINEL FAILOVER", || {
        let heir = sentinels.hand_over(0);
        sentinels.servers[heir].connect().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    });
    drop(observer);
    program.learn(&sentinels.servers[1].connect().issue("auth:43", &[]).unwrap().access);
}
