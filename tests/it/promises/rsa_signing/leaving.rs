//! Clients that disconnect before their signature is made: the state has changed, and a retry gets the tokens.

use super::*;

/// Checks that every session's token, used again, gets the first successor, and that no client waits any more.
fn assert_nothing_is_lost(con: &mut Con, sessions: &[(String, Tokens)]) {
    for (key, tokens) in sessions {
        let next = con.refresh(key, &tokens.refresh, &[]).unwrap();
        assert_eq!(next.generation(), 1);
        con.verify(key, &next.access, &[]).unwrap();
    }
    wait_until("nobody waits", SOON, || waiting(con) == 0);
    assert_eq!(con.counter("reused"), 0);
}

#[test]
fn a_client_that_disconnects_leaves_the_rest_alone() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let run_id = con.run_id();
    let sessions = sessions(&mut con);
    let mut clients = connect_many(&redis);
    let leaving = clients.split_off(MANY / 2);
    let (staying_sessions, leaving_sessions) = sessions.split_at(MANY / 2);
    let mut staying = all_at_once(&redis, || {
        drop(send_refreshes(leaving, leaving_sessions));
        send_refreshes(clients, staying_sessions)
    });
    for (raw, (_, tokens)) in staying.iter_mut().zip(staying_sessions) {
        assert_eq!(text(&raw.reply(), "session_id"), tokens.session_id);
    }
    assert_nothing_is_lost(&mut con, &sessions);
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn a_client_that_is_killed_leaves_the_rest_alone() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let run_id = con.run_id();
    let sessions = sessions(&mut con);
    let mut clients = connect_many(&redis);
    let ids: Vec<String> =
        clients.iter_mut().map(|raw| format!("{:?}", raw.call(&["CLIENT", "ID"]))).collect();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut control = redis.raw();
    let mut clients = all_at_once(&redis, || {
        let clients = send_refreshes(clients, &sessions);
        for id in ids.iter().skip(MANY / 2) {
            control.send(&["CLIENT", "KILL", "ID", &digits(id)]);
        }
        clients
    });
    let killed: Vec<Reply> = (MANY / 2..MANY).map(|_| control.reply()).collect();
    assert!(killed.iter().all(|reply| *reply == Reply::Integer(1)), "{killed:?}");
    for raw in &mut clients[..MANY / 2] {
        assert!(!raw.reply().has_error());
    }
    assert_nothing_is_lost(&mut con, &sessions);
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn client_unblock_does_not_reach_a_client_that_waits_for_a_signature() {
    let redis = signing_with("RS256");
    let mut con = redis.connect();
    let sessions = sessions(&mut con);
    let mut clients = connect_many(&redis);
    let Reply::Integer(id) = clients[MANY - 1].call(&["CLIENT", "ID"]) else { panic!("no id") };
    let mut control = redis.raw();
    let mut clients = all_at_once(&redis, || {
        let clients = send_refreshes(clients, &sessions);
        control.send(&["CLIENT", "UNBLOCK", &id.to_string(), "ERROR"]);
        clients
    });
    assert_eq!(control.reply(), Reply::Integer(0), "there is no timeout to bring forward");
    for raw in &mut clients {
        assert!(!raw.reply().has_error());
    }
}
