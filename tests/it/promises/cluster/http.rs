//! The HTTP server in front of a cluster, with the rights that docs/security.md gives it: users on all nodes stay
//! logged in while slots move and primaries fail.

use std::fs;

use serde_json::json;

use crate::{
    http::outside_identities::{entry, exchange},
    redis_side::acl_roles::server_user,
    support::{
        holders::stay_logged_in,
        http_server::{ISSUER, Server, directory},
        outside_issuer::{IssuerKey, OutsideIssuer},
        *,
    },
};

/// Starts a cluster with an issuer, and a server in front of it.
fn site() -> (Cluster, Server) {
    site_with(&[])
}

fn site_with(lines: &[&str]) -> (Cluster, Server) {
    let issuer = format!("hallpass.issuer {ISSUER}");
    let user = server_user("");
    let cluster =
        Cluster::of(3, &[&[&issuer, "hallpass.audience api", "appendonly yes", &user], lines].concat());
    let url = cluster.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    (cluster, server)
}

/// Returns a subject on each primary.
fn subjects(cluster: &Cluster) -> Vec<String> {
    (0..3).map(|owner| cluster.key_of(owner, "user").replacen("auth:", "", 1)).collect()
}

/// Returns the sum of a counter over the running nodes.
fn counted(cluster: &Cluster, name: &str) -> u64 {
    cluster.up().map(|node| node.connect().counter(name)).sum()
}

/// Seen to fail without ASKING before a command that ASK redirected.
#[test]
fn a_slot_moves_while_its_user_refreshes() {
    let (cluster, server) = site();
    let subjects = subjects(&cluster);
    let key = format!("auth:{}", subjects[0]);
    let refused = stay_logged_in(&server, &subjects, |holders| {
        for to in [1, 2, 0, 1] {
            cluster.migrate(&key, to, || holders.wait_until_served());
            holders.wait_until_served();
        }
    });
    assert_eq!((refused, counted(&cluster, "reused"), counted(&cluster, "recovered")), (0, 0, 0));
    let owner = cluster.node(cluster.owner(&key));
    assert_eq!(owner.connect().records(&key).len(), 2, "both sessions, on the new owner");
}

/// Seen to fail if the server reads the slots only once.
#[test]
fn a_primary_dies_and_its_replica_takes_over() {
    let (mut cluster, server) = site();
    let subjects = subjects(&cluster);
    let key = format!("auth:{}", subjects[0]);
    stay_logged_in(&server, &subjects, |holders| {
        cluster.node(0).wait_until_replicated();
        cluster.kill(0);
        holders.wait_until_refused(0);
        let heir = cluster.wait_for_heir(&key, 0);
        holders.wait_until_served();
        cluster.restart(0);
        wait_until("the former primary follows", SOON, || !cluster.node(0).is_primary());
        cluster.node(0).wait_until_in_sync();
        cluster.kill(heir);
        cluster.wait_for_heir(&key, heir);
    });
    assert_eq!(counted(&cluster, "reused"), 0);
}

#[test]
fn a_primary_hands_over_before_maintenance() {
    let (cluster, server) = site();
    let subjects = subjects(&cluster);
    let key = format!("auth:{}", subjects[0]);
    stay_logged_in(&server, &subjects, |holders| {
        for _ in 0..2 {
            let former = cluster.owner(&key);
            cluster.fail_over_to(cluster.replica_of(former));
            cluster.wait_for_heir(&key, former);
            holders.wait_until_served();
        }
    });
    assert_eq!((counted(&cluster, "reused"), counted(&cluster, "recovered")), (0, 0));
}

#[test]
fn each_node_has_its_own_numbers() {
    let (mut cluster, server) = site();
    for subject in subjects(&cluster) {
        server.login(&subject);
    }
    let up = |node: &Redis| format!("hallpass_redis_up{{node=\"127.0.0.1:{}\"}} 1\n", node.port());
    let issued = |node: &Redis| format!("hallpass_issued_total{{node=\"127.0.0.1:{}\"}} 1\n", node.port());
    let users = |node: &Redis| format!("hallpass_users_estimate{{node=\"127.0.0.1:{}\"}} 1\n", node.port());
    let text = server.get("/metrics").text;
    for node in 0..3 {
        let node = cluster.node(node);
        assert!([up, issued, users].iter().all(|line| text.contains(&line(node))), "{text}");
    }
    // The cluster names a replica to clients once it has data.
    let text = wait_for("replicas, too", SOON, || {
        Some(server.get("/metrics").text).filter(|text| text.contains(&up(cluster.node(3))))
    });
    // A replica has its primary's users: they would count twice.
    assert!(text.contains(&users(cluster.node(0))) && !text.contains(&users(cluster.node(3))), "{text}");
    cluster.kill(3);
    let text = server.get("/metrics").text;
    assert!(!text.contains(&up(cluster.node(3))) && text.contains(&up(cluster.node(0))), "{text}");
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.get("/.well-known/jwks.json").status, 200);
}

#[test]
fn a_whole_cluster_that_was_away_is_found_again() {
    let (mut cluster, server) = site_with(&["appendfsync always"]);
    let subjects = subjects(&cluster);
    stay_logged_in(&server, &subjects, |holders| {
        // The replicas first, so that none takes over.
        (0..6).rev().for_each(|node| cluster.kill(node));
        (0..3).for_each(|subject| holders.wait_until_refused(subject));
        assert_eq!(server.get("/readyz").status, 503);
        (0..6).for_each(|node| cluster.restart(node));
        cluster.wait_until_ok();
    });
    assert_eq!(counted(&cluster, "reused"), 0);
}

#[test]
fn an_outside_token_opens_one_session_whichever_node_remembers_it() {
    let (cluster, _) = site();
    let key = IssuerKey::new("EdDSA", "k");
    let issuer = OutsideIssuer::with(&[&key]);
    let dir = directory();
    let path = dir.path().join("issuers.json");
    fs::write(&path, json!([entry(&issuer, &json!({}))]).to_string()).unwrap();
    let url = cluster.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0", "--issuers-file", path.to_str().unwrap()]);
    for subject in subjects(&cluster).iter().cycle().take(24) {
        let token = key.token(&issuer.claims(subject));
        assert_eq!(exchange(&server, &token, &[]).status, 200);
        assert_eq!(exchange(&server, &token, &[]).error(), (400, "invalid_grant".into()));
    }
    let remembered = |node: &Redis| node.connect().get::<Vec<String>>(&["KEYS", "hallpass:used:*"]).len();
    let counts: Vec<usize> = cluster.up().filter(|node| node.is_primary()).map(remembered).collect();
    assert_eq!(counts.iter().sum::<usize>(), 24);
    assert!(counts.iter().filter(|count| **count > 0).count() > 1, "{counts:?}");
}
