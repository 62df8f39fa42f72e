//! A primary that is demoted while signatures are made: every client gets an answer, and a retry gets tokens.

use super::*;

/// Returns a primary and its replica, in sync.
fn pair() -> (Redis, Redis) {
    let primary = Redis::builder().keyring(Keyring::generated("RS256")).tcp().start();
    let replica = Redis::builder()
        .keyring(Keyring::generated("RS256"))
        .tcp()
        .line(&format!("replicaof 127.0.0.1 {}", primary.port()))
        .start();
    let mut there = replica.connect();
    let in_sync = |con: &mut Con| con.get::<String>(&["INFO", "replication"]).contains("link_status:up");
    wait_until("the replica is in sync", SOON, || in_sync(&mut there));
    (primary, replica)
}

/// Waits until the replica has everything that `con` wrote.
fn caught_up(con: &mut Con) {
    assert_eq!(con.get::<i64>(&["WAIT", "1", "30000"]), 1);
}

/// Returns the answer to each client: its next refresh token, or nothing if it was refused.
fn answers(clients: &mut [Raw]) -> Vec<Option<String>> {
    let answer = |raw: &mut Raw| match raw.reply() {
        Reply::Error(line) => {
            assert!(line.starts_with("UNBLOCKED ") || line.starts_with("READONLY "), "{line}");
            None
        }
        tokens => Some(text(&tokens, "refresh_token")),
    };
    clients.iter_mut().map(answer).collect()
}

#[test]
fn waiting_clients_of_a_demoted_primary_are_answered_and_nothing_is_lost() {
    let (primary, replica) = pair();
    let (mut con, mut there) = (primary.connect(), replica.connect());
    let run_id = con.run_id();
    let sessions = sessions(&mut con);
    caught_up(&mut con);
    let clients = connect_many(&primary);
    there.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    let mut control = primary.raw();
    let mut clients = all_at_once(&primary, || {
        let clients = send_refreshes(clients, &sessions);
        control.send(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()]);
        clients
    });
    assert_eq!(control.reply().text(), "OK");
    let answers = answers(&mut clients);
    assert!(answers.contains(&None), "the demotion came before the last signature");

    // The new primary has no rotation: clients with new tokens go on with them, refused ones ask again.
    for ((key, tokens), answer) in sessions.iter().zip(&answers) {
        let token = answer.as_ref().unwrap_or(&tokens.refresh);
        let next = there.refresh(key, token, &[]).unwrap();
        there.verify(key, &next.access, &[]).unwrap();
        there.refresh(key, &next.refresh, &[]).unwrap();
    }
    assert_eq!((there.counter("reused"), waiting(&mut con)), (0, 0));
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn a_primary_that_is_demoted_and_promoted_again_answers_the_same_tokens() {
    let (primary, _replica) = pair();
    let mut con = primary.connect();
    let sessions = sessions(&mut con);
    let clients = connect_many(&primary);
    let mut control = primary.raw();
    let mut clients = all_at_once(&primary, || {
        let clients = send_refreshes(clients, &sessions);
        control.send(&["REPLICAOF", "127.0.0.1", "1"]);
        control.send(&["REPLICAOF", "NO", "ONE"]);
        clients
    });
    assert_eq!([control.reply().text(), control.reply().text()], ["OK", "OK"]);
    let answers = answers(&mut clients);
    assert!(answers.contains(&None));
    for ((key, tokens), answer) in sessions.iter().zip(&answers) {
        let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
        assert!(answer.as_ref().is_none_or(|token| *token == next.refresh));
        let again = con.refresh(key, &tokens.refresh, &[]).unwrap();
        assert_eq!((next.generation(), &next.access), (1, &again.access));
    }
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
}

#[test]
fn logins_that_named_their_session_are_repeated_on_the_new_primary() {
    let (primary, replica) = pair();
    let (mut con, mut there) = (primary.connect(), replica.connect());
    let sid = |user: usize| format!("0190b2c4-7d1a-7abc-8def-{user:012x}");
    let mut clients = connect_many(&primary);
    caught_up(&mut con);
    there.get::<()>(&["REPLICAOF", "NO", "ONE"]);
    let mut control = primary.raw();
    all_at_once(&primary, || {
        for (user, raw) in clients.iter_mut().enumerate() {
            raw.send(&["AUTH.ISSUE", &format!("auth:{user}"), "SID", &sid(user)]);
        }
        control.send(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()]);
    });
    control.reply();
    for (user, answer) in answers(&mut clients).into_iter().enumerate() {
        let key = format!("auth:{user}");
        let tokens = there.issue(&key, &["SID", &sid(user)]).unwrap();
        assert!(answer.is_none_or(|token| token == tokens.refresh), "the same login");
        assert_eq!(there.records(&key).len(), 1);
    }
}

#[test]
fn a_coordinated_failover_loses_nothing() {
    let (primary, replica) = pair();
    let (mut con, mut there) = (primary.connect(), replica.connect());
    let sessions = sessions(&mut con);
    caught_up(&mut con);
    let clients = connect_many(&primary);
    let mut control = primary.raw();
    let mut clients = all_at_once(&primary, || {
        let clients = send_refreshes(clients, &sessions);
        control.send(&["FAILOVER"]);
        clients
    });
    assert_eq!(control.reply().text(), "OK");
    answers(&mut clients);
    let role = |con: &mut Con| con.get::<String>(&["INFO", "replication"]);
    wait_until("the replica is promoted", SOON, || role(&mut there).contains("role:master"));
    for (key, tokens) in &sessions {
        let next = there.refresh(key, &tokens.refresh, &[]).unwrap();
        assert_eq!(next.generation(), 1, "the rotation was replicated, or never happened");
        there.refresh(key, &next.refresh, &[]).unwrap();
    }
    assert_eq!((there.counter("reused"), there.counter("recovered")), (0, 0));
}
