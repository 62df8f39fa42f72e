//! Nodes that are upgraded one by one while users refresh: replicas first, then a failover, then the former primaries.

use crate::{
    redis_side::acl_roles::server_user,
    support::{
        holders::stay_logged_in,
        http_server::{ISSUER, Server},
        *,
    },
};

/// Stops a server that has written what it must, and starts it again. One that still writes its first append-only file after a
/// resync ignores SIGTERM.
fn upgrade(server: &mut Redis) {
    server.wait_until_in_sync();
    let mut con = server.connect();
    wait_until("no append-only file is rewritten", SOON, || {
        let info: String = con.get(&["INFO", "persistence"]);
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    });
    drop(con);
    server.restart();
    server.wait_until_in_sync();
}

/// The steps of docs/upgrade.md. Each restart would load another module.
#[test]
fn users_stay_logged_in_while_a_replicated_pair_is_upgraded() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let mut sentinels = Sentinels::start(&[&issuer, "hallpass.audience api", "appendonly yes", &user]);
    let url = sentinels.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    stay_logged_in(&server, &["1".into(), "2".into()], |holders| {
        upgrade(&mut sentinels.servers[1]);
        sentinels.servers[0].wait_until_replicated();
        assert_eq!(sentinels.hand_over(0), 1);
        sentinels.wait_until_following(0);
        holders.wait_until_served();
        upgrade(&mut sentinels.servers[0]);
        holders.wait_until_served();
    });
    assert_eq!(sentinels.servers[1].connect().counter("reused"), 0);
}
