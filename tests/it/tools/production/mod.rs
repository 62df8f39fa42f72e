//! docs/production.md, followed to the end with real programs on the loopback network: a replicated Redis with TLS under Sentinels, two
//! fronts, nginx, a rotation, a backup and its restoration, the alerts, a failover. Only what needs a machine of its own is stood in for:
//! systemd, apt-get, ssh, users and the kernel's settings and packet filter, whose files are written but read by nobody. The failover is
//! asked for here; that Sentinels see by themselves when they need one is tried elsewhere.

mod machine;

use std::{env, fs};

use machine::{Machine, Ports};

use crate::{
    documents::pages::blocks,
    support::{tools::system_program, *},
};

/// Returns the blocks of commands in a section of the page.
#[track_caller]
fn commands<const N: usize>(section: &str) -> [String; N] {
    let blocks = blocks("docs/production.md").into_iter();
    let found: Vec<_> = blocks.filter(|block| block.section == section && block.language == "sh").collect();
    let texts: Vec<_> = found.into_iter().map(|block| block.text).collect();
    texts.try_into().unwrap_or_else(|texts| panic!("{section}: {texts:#?}"))
}

/// Returns the status of `/verify` with the token of the login in a file.
fn status(web: &Machine<'_>, login: &str) -> String {
    web.run(&format!(
        "ACCESS=$(sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/' {login})
         curl -s -o verified -w '%{{http_code}}' -H \"Authorization: Bearer $ACCESS\" http://127.0.0.1:8081/verify"
    ))
}

/// Counts the keys in an answer of AUTH.KEYS that do not sign yet.
fn keys_that_wait(said: &str) -> usize {
    said.lines().filter(|line| *line == "next").count()
}

#[test]
fn the_way_to_production_leads_there() {
    // It is Debian's Redis that the page is about.
    if env::var_os("REDIS_SERVER").is_some() {
        return;
    }
    ["openssl", "promtool", "redis-check-rdb"].iter().for_each(|program| drop(system_program(program)));
    let ports = Ports::new();
    let [web, node1, node2] = [(); 3].map(|()| Machine::new(&ports));
    let nodes = [&node1, &node2];
    let all = [&web, &node1, &node2];
    node1.reaches(&node2);

    node1.run(&commands::<6>("The site's files").concat());
    node2.receives(&node1.path("root/site/node2"));
    web.receives(&node1.path("root/site/web"));

    let [install, in_sync] = commands("Redis");
    nodes.iter().for_each(|node| drop(node.run(&install)));
    assert!(node1.run(&in_sync).contains("role:master"));
    assert!(node2.run(&in_sync).contains("master_link_status:up"));

    let [files, start, quorum] = commands("Sentinels");
    web.run(&files);
    // A busy machine is no reason for a failover.
    all.iter().for_each(|machine| drop(machine.run(&start.replace("hallpass 5000", "hallpass 3600000"))));
    all.iter().for_each(|machine| drop(machine.run(&quorum)));

    let [fronts] = commands("hallpass-server");
    for node in nodes {
        let (start, check) = fronts.split_once("hallpass-server healthcheck").expect("the check");
        node.run(start);
        node.run(&format!(
            "until hallpass-server healthcheck{} 2> unready; do sleep 1; done",
            check.trim_end()
        ));
    }
    let [nginx, login] = commands("nginx");
    web.run(&nginx);
    let said = web.run(&login);
    assert!(said.contains("Ed25519") && said.contains(r#""refresh_token":"#), "{said}");

    let [allow, rotate] = commands("Key rotation");
    node2.run(&allow);
    node2.run("cd hallpass");
    assert_eq!(keys_that_wait(&node1.run(&rotate)), 2);
    let known = node2.run("hallpass-redis default AUTH.KEYS; hallpass-redis default INFO hallpass");
    assert!(keys_that_wait(&known) == 2 && known.contains("keyring_stale:0"), "{known}");

    web.run(
        r#"curl -sS -u "app:$(cat app-secret)" -H 'Content-Type: application/json' -d '{"subject":"bob"}' http://127.0.0.1:8081/sessions > bob.json"#,
    );
    wait_until("bob is in", SOON, || status(&web, "bob.json") == "200");
    let [backup] = commands("Backups");
    node2.run("until hallpass-redis default EXISTS auth:bob | grep 1; do sleep 1; done");
    node2.run(&backup);
    let restored = node2.path("root/sessions.rdb");
    let made: Vec<_> =
        fs::read_dir(node2.path("var/backups/hallpass")).unwrap().map(|made| made.unwrap().path()).collect();
    fs::copy(made[0].join("sessions.rdb"), restored).unwrap();
    fs::copy(made[0].join("settings.tar.cms"), node1.path("root/settings.tar.cms")).unwrap();
    let decrypt =
        "cd; openssl cms -decrypt -binary -inform DER -inkey site/backup.key -in settings.tar.cms | tar -t";
    assert!(node1.run(decrypt).contains("etc/hallpass/keyring.json\n"));

    let [on_all, on_web] = commands("Alerts");
    all.iter().for_each(|machine| drop(machine.run(&on_all)));
    assert!(web.run(&on_web).contains("12 rules found"));

    let [firewall] = commands("A firewall");
    all.iter().for_each(|machine| drop(machine.run(&firewall)));
    assert!(fs::read_to_string(web.path("etc/nftables.conf")).unwrap().contains("ip saddr { 127."));

    let [stop, goes_on, start] = commands("A bad day, on purpose");
    node1.run(&stop);
    // A Sentinel of a busy machine may find the replica too slow at first.
    let goes_on =
        goes_on.replace("do sleep 1; done", "do hallpass-sentinel FAILOVER hallpass || true; sleep 1; done");
    let said = web.run(&goes_on);
    assert!(said.contains(r#""refresh_token":"#), "{said}");
    node1.run(&start);

    node2.run("hallpass-redis default AUTH.REVOKE auth:bob ALL");
    wait_until("bob is out", 3 * SOON, || status(&web, "bob.json") == "401");
    let [restore, end_all, on_replica] = commands("Restore a backup");
    all.iter().for_each(|machine| drop(machine.run("systemctl stop redis-sentinel")));
    node2.run(&restore);
    // A front must find the primary.
    all.iter().for_each(|machine| drop(machine.run("systemctl start redis-sentinel")));
    wait_until("the session that was ended is back", 3 * SOON, || status(&web, "bob.json") == "200");
    node2.run(&end_all);
    node1.run(&on_replica);
    let moments = nodes.map(|node| node.run("hallpass-redis default CONFIG GET hallpass.not-before"));
    assert_eq!(moments[0], moments[1], "a failover ends nothing more");
    wait_until("and is ended with all others", 3 * SOON, || status(&web, "bob.json") == "401");
    node2.run("systemctl restart redis-server");
    let set = "until hallpass-redis default PING | grep PONG; do sleep 1; done; hallpass-redis default CONFIG GET hallpass.not-before appendonly";
    let set = node2.run(set);
    assert!(set.contains("yes") && !set.contains("\n0\n"), "it holds after a restart: {set}");
}
