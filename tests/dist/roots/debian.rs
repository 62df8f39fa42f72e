//! The Debian packages: installed as docs/install.md says, used, upgraded, removed and purged.

use super::{
    documents::{install, tour_with_curl, tour_with_redis_cli},
    root::Root,
};
use crate::support::{VERSION, artefacts, shell};

const PACKAGES: &str = "systemd,systemd-sysv,dbus,redis-server,curl";

fn debian(suite: &str) -> Root {
    let root = Root::debian(suite, "amd64", PACKAGES);
    root.put(&artefacts().join(format!("hallpass_{VERSION}_amd64.deb")));
    root
}

/// Starts the server with a private Redis, takes a tour, and renews the keys, which the server notices.
fn with_a_private_redis(root: &Root) {
    let steps = [
        &install("Debian and Ubuntu"),
        &install("A server with a private Redis"),
        &tour_with_curl("/var/lib/hallpass"),
        &install("Key rotation"),
        "systemctl start hallpass-rotate-keys
         keys() { curl -sS http://127.0.0.1:8080/.well-known/jwks.json | grep -o '\"kid\"' | wc -l; }
         timeout 60 sh -c 'until [ $(keys) = 2 ]; do sleep 0.2; done' || [ $(keys) = 2 ]
         systemctl is-active hallpass-server hallpass-rotate-keys.timer
         stat -c '%U %G %a' /var/lib/hallpass/keyring.json",
    ];
    let said = root.boot(&steps.join("\n"));
    assert!(said.contains("200 OK") && said.contains("Ed25519"), "{said}");
    assert!(said.ends_with("active\nactive\nhallpass hallpass 600\n"), "{said}");
}

/// Loads the module into the distribution's Redis, under its own unit, and puts a server with little rights before it.
fn with_the_module_in_its_redis(root: &Root) {
    let module = install("The module in Debian's Redis");
    let (module, server) = module.split_once("umask 077").unwrap();
    let steps = [
        &install("Debian and Ubuntu"),
        module,
        &tour_with_redis_cli(),
        server,
        "curl -sS -u \"app:$(cat app-secret)\" -H 'Content-Type: application/json' -d '{\"subject\":\"alice\"}' \\
             http://127.0.0.1:8080/sessions",
        &install("Key rotation"),
        "systemctl start hallpass-rotate-keys
         redis-cli -a \"$(cat /etc/hallpass/redis-password)\" INFO hallpass | grep keyring_stale
         redis-cli -a \"$(cat /etc/hallpass/redis-password)\" AUTH.KEYS | grep -c next
         stat -c '%U %G %a' /etc/hallpass/keyring.json /etc/hallpass/clients.json",
    ];
    let said = root.boot(&steps.join("\n"));
    assert!(said.contains("NOSESSION") && said.contains(r#""access_token":"#), "{said}");
    for line in ["hallpass_keyring_stale:0", "2", "root redis 640\nroot hallpass 640"] {
        assert!(said.replace('\r', "").contains(&format!("\n{line}\n")), "{line}: {said}");
    }
}

#[test]
fn debian_12_with_a_private_redis() {
    with_a_private_redis(&debian("bookworm"));
}

#[test]
fn debian_13_with_a_private_redis() {
    with_a_private_redis(&debian("trixie"));
}

#[test]
fn debian_12_with_the_module_in_its_redis() {
    with_the_module_in_its_redis(&debian("bookworm"));
}

#[test]
fn debian_13_with_the_module_in_its_redis() {
    with_the_module_in_its_redis(&debian("trixie"));
}

/// Under emulation, so without systemd: what its units do, in short.
#[test]
fn debian_12_on_arm64() {
    let root = Root::debian("bookworm", "arm64", "redis-server,curl");
    root.put(&artefacts().join(format!("hallpass_{VERSION}_arm64.deb")));
    let systemctl = "systemctl() {
            [ $1 = start ] || redis-cli SHUTDOWN
            install -d -o redis /run/redis
            runuser -u redis -- redis-server /etc/redis/redis.conf --daemonize yes
            timeout 120 sh -c 'until redis-cli PING | grep -q PONG; do sleep 0.2; done' >ready.txt
        }";
    let module = install("The module in Debian's Redis");
    let (module, _) = module.split_once("umask 077").unwrap();
    let steps = [
        systemctl,
        &install("Debian and Ubuntu"),
        module,
        &tour_with_redis_cli(),
        START_SERVER,
        &tour_with_curl(DATA),
    ];
    let said = root.run(&steps.join("\n"));
    assert!(said.contains("NOSESSION") && said.contains("200 OK"), "{said}");
}

const DATA: &str = "/var/lib/hallpass";
const START_SERVER: &str = "
    install -d -o hallpass -m 700 /var/lib/hallpass
    runuser -u hallpass -- env HALLPASS_DATA_DIR=/var/lib/hallpass hallpass-server serve &
    ";

#[test]
fn removing_keeps_keys_clients_and_sessions_and_purging_leaves_nothing() {
    let root = debian("bookworm");
    let before = root.paths();
    root.run(&install("Debian and Ubuntu"));
    use_it(&root);

    let said = root.run("echo 'include /etc/hallpass/redis.conf' >>/etc/redis/redis.conf; dpkg -r hallpass");
    assert!(said.contains("/etc/redis/redis.conf still loads the module of hallpass"), "{said}");
    let paths = root.paths();
    let left: Vec<&str> = paths.lines().filter(|line| line.contains("hallpass")).collect();
    for path in [
        "/etc/hallpass/keyring.json",
        "/etc/hallpass/clients.json",
        "/etc/hallpass/hallpass.env",
        "/var/lib/hallpass/client-secret",
    ] {
        assert!(left.iter().any(|line| line.starts_with(&format!("{path} "))), "{path} is gone: {left:?}");
    }
    let elsewhere =
        |line: &&&str| !line.starts_with("/etc/hallpass") && !line.starts_with("/var/lib/hallpass");
    assert_eq!(left.iter().find(elsewhere), None);

    root.run("sed -i '/hallpass/d' /etc/redis/redis.conf; dpkg -P hallpass; ! getent passwd hallpass; ! getent group hallpass");
    let after = root.paths();
    let difference: Vec<&str> =
        after.lines().filter(|line| !before.lines().any(|known| known == *line)).collect();
    assert!(difference.is_empty(), "{difference:?}");
}

/// Makes keys and a client, and has the server write to its directory.
fn use_it(root: &Root) {
    root.run(&[
        "hallpass-server keys generate --keyring /etc/hallpass/keyring.json
         hallpass-server clients add --clients-file /etc/hallpass/clients.json --id app --scope issue >app-secret",
        START_SERVER,
        &tour_with_curl(DATA),
    ].join("\n"));
}

#[test]
fn an_upgrade_keeps_keys_clients_sessions_and_settings() {
    let root = debian("bookworm");
    root.run(&install("Debian and Ubuntu"));
    root.run("echo HALLPASS_LOG=debug >>/etc/hallpass/hallpass.env");
    use_it(&root);
    let state =
        "cd /etc/hallpass && sha256sum keyring.json clients.json hallpass.env && stat -c '%n %U %G %a' *";
    let before = root.run(state);

    let next = newer_package();
    root.put(&next.path().join("hallpass_newer.deb"));
    root.run("dpkg -i hallpass_newer.deb </dev/null");
    assert!(root.run("dpkg -s hallpass").contains(&format!("Version: {VERSION}+newer")));
    assert_eq!(root.run(state), before);
    // The session of the tour before: its first refresh token gets the answer that it got then.
    let said = root.run(&format!(
        "{START_SERVER}
         until curl -sf http://127.0.0.1:8080/readyz >ready.txt; do sleep 0.2; done
         REFRESH=$(sed 's/.*\"refresh_token\":\"\\([^\"]*\\)\".*/\\1/' session.json)
         curl -sS -d grant_type=refresh_token -d \"refresh_token=$REFRESH\" http://127.0.0.1:8080/token"
    ));
    assert!(said.contains(r#""access_token":"#), "{said}");
}

/// The same package with a higher version.
fn newer_package() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    shell(&format!(
        "cd {} && dpkg-deb -R {}/hallpass_{VERSION}_amd64.deb tree && sed -i 's/^Version: .*/&+newer/' tree/DEBIAN/control &&
         dpkg-deb --root-owner-group --build tree hallpass_newer.deb",
        folder.path().display(),
        artefacts().display(),
    ));
    folder
}
