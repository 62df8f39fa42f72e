//! A slot moves while every command for a user in it is in flight, through a cluster client: each command is carried
//! out once, on one node or the other, and the session is the same afterwards.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
};

use crate::support::*;

/// The number of moves.
const MOVES: usize = 6;

/// Work that goes on until the moves are done.
pub struct Work {
    is_over: AtomicBool,
    rounds: AtomicU64,
}

impl Work {
    /// Repeats `step` until the moves are done; a panic ends the work.
    fn repeat(&self, mut step: impl FnMut()) {
        let _over = OnDrop(&self.is_over);
        while !self.is_over.load(SeqCst) {
            step();
            self.rounds.fetch_add(1, SeqCst);
        }
    }

    /// Waits until some steps were done.
    pub fn go_on(&self) {
        let before = self.rounds.load(SeqCst);
        wait_until("the work goes on", SOON, || {
            self.is_over.load(SeqCst) || self.rounds.load(SeqCst) > before + 10
        });
    }
}

/// Runs a device that refreshes, verifies and inspects; returns the number of refreshes.
fn refresh_all_along(work: &Work, mut con: ClusterCon, key: &str, mut tokens: Tokens) -> u64 {
    work.repeat(|| {
        let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
        assert_eq!(next.generation(), tokens.generation() + 1);
        con.verify(key, &next.access, &[]).unwrap();
        con.get::<Vec<redis::Value>>(&["AUTH.INSPECT", key, &next.refresh]);
        tokens = next;
    });
    tokens.generation()
}

/// Runs devices that log in and out.
fn come_and_go(work: &Work, mut con: ClusterCon, key: &str) {
    work.repeat(|| {
        let guest = con.issue(key, &["CLASS", "guest"]).unwrap();
        let sessions: Vec<redis::Value> = con.get(&["AUTH.SESSIONS", key]);
        assert_eq!(sessions.len(), 2, "the device that stays, and the guest");
        assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", key, &guest.session_id, r#"{"a":1}"#]), 1);
        assert_eq!(con.get::<i64>(&["AUTH.REVOKE", key, "SESSION", &guest.session_id]), 1);
    });
}

#[test]
fn a_slot_moves_with_every_command_in_flight() {
    loses_nothing(|cluster, key, to, work| cluster.migrate(key, to, || work.go_on()));
}

/// Moves a user's slot back and forth by `migrate`, with every command for the user in flight.
#[track_caller]
pub fn loses_nothing(migrate: impl Fn(&Cluster, &str, usize, &Work)) {
    let cluster =
        Cluster::of(3, &["hallpass.race-window 0", "hallpass.retry-window 0", "hallpass.recovery no"]);
    let key = cluster.key_of(0, "user");
    let tokens = cluster.connect().issue(&key, &[]).unwrap();
    let sid = tokens.session_id.clone();
    let work = Work { is_over: AtomicBool::new(false), rounds: AtomicU64::new(0) };
    let refreshes = thread::scope(|scope| {
        let over = OnDrop(&work.is_over);
        let stays = scope.spawn(|| refresh_all_along(&work, cluster.connect(), &key, tokens));
        let guests = scope.spawn(|| come_and_go(&work, cluster.connect(), &key));
        for round in 0..MOVES {
            migrate(&cluster, &key, (round + 1) % 3, &work);
            work.go_on();
        }
        drop(over);
        guests.join().expect("the guests");
        stays.join().expect("the device that stays")
    });
    let records = cluster.node(cluster.owner(&key)).connect().records(&key);
    assert_eq!(records.keys().collect::<Vec<_>>(), [&sid], "the one session is left");
    let counted: u64 = (0..3).map(|node| cluster.node(node).connect().counter("refreshed")).sum();
    assert_eq!(counted, refreshes, "each refresh once, none as a retry");
}
