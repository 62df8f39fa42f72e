//! The HTTP server behind real Sentinels, with the rights that docs/security.md gives it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::json;

use crate::{
    redis_side::acl_roles::server_user,
    support::{
        holders::stay_logged_in,
        http_server::{ISSUER, Server},
        *,
    },
};

/// Seen to fail if the server asks the Sentinels only once.
#[test]
fn users_stay_logged_in_when_the_primary_hands_over_and_when_it_dies() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let lines = [&issuer, "hallpass.audience api", "appendonly yes", &user];
    let mut sentinels = Sentinels::start(&lines);
    let url = sentinels.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    stay_logged_in(&server, &["1".into(), "2".into()], |holders| {
        sentinels.servers[0].wait_until_replicated();
        assert_eq!(sentinels.hand_over(0), 1);
        sentinels.wait_until_following(0);
        holders.wait_until_served();
        sentinels.servers[1].wait_until_replicated();
        sentinels.servers[1].kill();
        holders.wait_until_refused(0);
        assert_eq!(sentinels.wait_for_failover(1), 0);
    });
    assert_eq!(sentinels.servers[0].connect().counter("reused"), 0);
}

/// A former primary that the Sentinels cannot make a replica answers as before, and what it is told is lost.
#[test]
fn a_former_primary_is_left_although_it_answers() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let sentinels = Sentinels::start(&[&issuer, "hallpass.audience api", &user]);
    let server = Server::before_url(&sentinels.url().replace("://", "://server:secret@"), &[]);
    assert_eq!(server.login("42").status, 201);
    let mut former = sentinels.servers[0].connect();
    former.get::<()>(&["ACL", "SETUSER", "default", "-replicaof", "-slaveof"]);
    assert_eq!(sentinels.hand_over(0), 1);
    let mut heir = sentinels.servers[1].connect();
    wait_until("sessions are issued by the new primary", SOON, || {
        assert_eq!(server.login("43").status, 201);
        heir.get::<i64>(&["EXISTS", "auth:43"]) == 1
    });
    assert!(sentinels.servers[0].is_primary(), "nothing has told the server to look for another");
}

/// As docs/upgrade.md advises. Without the pause, what the former primary answers last is lost.
#[test]
fn nothing_that_was_answered_is_lost_when_a_paused_primary_hands_over() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let sentinels = Sentinels::start(&[&issuer, "hallpass.audience api", &user]);
    let url = sentinels.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    let is_over = AtomicBool::new(false);
    let acknowledged: Vec<u32> = thread::scope(|scope| {
        let logging_in = scope.spawn(|| {
            let numbers = (0..).take_while(|_| !is_over.load(Ordering::Relaxed));
            let log_in = |number: &u32| server.sessions(&json!({"subject": number.to_string()}));
            numbers.filter(|number| log_in(number).status == 201).collect()
        });
        // Longer than a busy machine takes.
        sentinels.servers[0].connect().get::<()>(&["CLIENT", "PAUSE", "300000", "WRITE"]);
        sentinels.servers[0].wait_until_replicated();
        sentinels.hand_over(0);
        // Sentinels cut the connections of a server that they promote.
        let mut heir = sentinels.servers[1].connect();
        wait_until("the new primary issues sessions", SOON, || heir.counter("issued") > 0);
        is_over.store(true, Ordering::Relaxed);
        logging_in.join().unwrap()
    });
    let mut heir = sentinels.servers[1].connect();
    for number in acknowledged {
        assert_eq!(heir.get::<i64>(&["EXISTS", &format!("auth:{number}")]), 1, "{number}");
    }
}
