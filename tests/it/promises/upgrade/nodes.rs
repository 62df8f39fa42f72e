//! Nodes that are upgraded one by one while users refresh: replicas first, then a failover, then the former primaries.

use crate::{
    redis_side::acl_roles::server_user,
    support::{
        holders::stay_logged_in,
        http_server::{ISSUER, Server},
        *,
    },
};

/// Stops a server that has written what it must, and starts it again.
fn upgrade(server: &mut Redis) {
    wait_until_it_can_stop(server);
    server.restart();
    server.wait_until_in_sync();
}

/// Waits until a replica can be stopped. One that still writes its first append-only file after a resync ignores SIGTERM.
fn wait_until_it_can_stop(server: &Redis) {
    server.wait_until_in_sync();
    let mut con = server.connect();
    wait_until("no append-only file is rewritten", SOON, || {
        let info: String = con.get(&["INFO", "persistence"]);
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    });
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

/// The same with every shard of a cluster.
#[test]
fn users_stay_logged_in_while_a_cluster_is_upgraded_node_by_node() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let mut cluster = Cluster::of(3, &[&issuer, "hallpass.audience api", "appendonly yes", &user]);
    let url = cluster.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    let keys: Vec<String> = (0..3).map(|owner| cluster.key_of(owner, "user")).collect();
    let subjects: Vec<String> = keys.iter().map(|key| key.replacen("auth:", "", 1)).collect();
    let mut suspicious = 0;
    // A restarted node has forgotten what it counted.
    let mut upgrade_node = |cluster: &mut Cluster, number: usize| {
        suspicious += counted(cluster.node(number));
        wait_until_it_can_stop(cluster.node(number));
        cluster.restart(number);
        cluster.node(number).wait_until_in_sync();
        cluster.wait_until_ok();
    };
    stay_logged_in(&server, &subjects, |holders| {
        for (primary, key) in keys.iter().enumerate() {
            let replica = cluster.replica_of(primary);
            upgrade_node(&mut cluster, replica);
            cluster.fail_over_to(replica);
            assert_eq!(cluster.wait_for_heir(key, primary), replica);
            holders.wait_until_served();
            wait_until("the former primary follows", SOON, || !cluster.node(primary).is_primary());
            upgrade_node(&mut cluster, primary);
            holders.wait_until_served();
        }
    });
    assert_eq!(suspicious + cluster.up().map(counted).sum::<u64>(), 0);
}

/// Returns how often this node took a refresh token for stolen, or for ahead of a store that had lost a rotation.
fn counted(node: &Redis) -> u64 {
    let mut con = node.connect();
    con.counter("reused") + con.counter("recovered")
}
