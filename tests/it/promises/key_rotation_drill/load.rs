//! The clients' work during the drill.

use super::*;

/// Starts a primary and its replica, with files of their own.
fn replicated() -> Nodes {
    let primary = Redis::builder().tcp().start();
    let replica = Redis::replica_of(&primary);
    Nodes([primary, replica])
}

/// Starts two primaries that share only their keys.
fn independent() -> Nodes {
    let one = Redis::start();
    let other = Redis::builder().keyring(one.ring().clone()).start();
    Nodes([one, other])
}

/// Refreshes on the primary, verifies on both nodes, and begins a new session now and then.
fn mint_and_verify(nodes: &Nodes, worker: usize, tally: &Tally) {
    let [mut primary, mut replica] = nodes.connect();
    let key = format!("auth:{worker}");
    let mut tokens = primary.issue(&key, &[]).unwrap();
    while !tally.is_over.load(Relaxed) {
        let round = tally.rounds[worker].fetch_add(1, Relaxed);
        let former = tokens.clone();
        let next = match round % 8 {
            7 => primary.issue(&key, &["LIMIT", "2"]),
            _ => primary.refresh(&key, &former.refresh, &[]),
        };
        let Some(next) = tally.note("mint", next) else { return };
        tokens = next;
        if tokens.generation() > 0 {
            let again = tally.note("retry", primary.refresh(&key, &former.refresh, &[]));
            let is_same =
                |again: &Tokens| (&again.access, &again.refresh) == (&tokens.access, &tokens.refresh);
            tally.check("a retry differs", again.as_ref().is_some_and(is_same));
        }
        primary.get::<i64>(&["WAIT", "1", "30000"]);
        for con in [&mut primary, &mut replica] {
            tally.note("verify", con.verify(&key, &tokens.access, &[]));
            tally.note("verify the former", con.verify(&key, &former.access, &[]));
            tally.note("inspect", con.run(&["AUTH.INSPECT", &key, &tokens.refresh]));
        }
    }
}

/// Mints on one node and sends the tokens to the other, which has no such session but must know the keys.
fn show_elsewhere(nodes: &Nodes, worker: usize, tally: &Tally) {
    let mut cons = nodes.connect();
    cons.rotate_left(worker % 2);
    let [mut here, mut there] = cons;
    let key = format!("auth:{worker}");
    let mut tokens = here.issue(&key, &[]).unwrap();
    while !tally.is_over.load(Relaxed) {
        tally.rounds[worker].fetch_add(1, Relaxed);
        let Some(next) = tally.note("refresh", here.refresh(&key, &tokens.refresh, &[])) else { return };
        tokens = next;
        tally.note("verify", here.verify(&key, &tokens.access, &[]));
        let answers = [
            there.verify(&key, &tokens.access, &[]).map(drop),
            there.refresh(&key, &tokens.refresh, &[]).map(drop),
        ];
        for answer in answers {
            let is_known = answer.as_ref().is_err_and(|refusal| refusal.code == "NOSESSION");
            tally.check(&format!("shown elsewhere: {answer:?}"), is_known);
        }
    }
}

#[test]
fn nobody_notices_when_the_primary_is_reloaded_first() {
    let nodes = replicated();
    drill(&nodes, 0, |worker, tally| mint_and_verify(&nodes, worker, tally));
}

#[test]
fn nobody_notices_when_the_replica_is_reloaded_first() {
    let nodes = replicated();
    drill(&nodes, 1, |worker, tally| mint_and_verify(&nodes, worker, tally));
}

#[test]
fn each_node_knows_what_the_other_signs() {
    let nodes = independent();
    drill(&nodes, 0, |worker, tally| show_elsewhere(&nodes, worker, tally));
}
