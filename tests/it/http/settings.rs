//! What can be said to the server and its private Redis, and what it says to a word that means nothing.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use rustix::process::geteuid;

use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{
        build::built,
        http_server::{ISSUER, Server, add_client, clients_file, directory, refuses_to_serve},
    },
};

#[test]
fn a_setting_of_the_private_redis_is_set_by_flag() {
    let flags = [
        "--set",
        "hallpass.access-ttl=60",
        "--set",
        "hallpass.audience=shop",
        "--set",
        "hallpass.race-window=0",
    ];
    let server = Server::start_in(directory(), &flags);
    let login = server.login("42");
    assert_eq!(login.json()["expires_in"], 60);
    assert_eq!(tokens::claims(&login.text_of("access_token"))["aud"], "shop");
}

#[test]
fn a_setting_that_the_module_does_not_know_is_told_in_its_words() {
    let dir = directory();
    let module = built().module.to_str().unwrap();
    for (setting, word) in [
        ("hallpass.acces-ttl=60", "--set"),
        ("hallpass.access-ttl=-1", "hallpass.access-ttl argument must be"),
    ] {
        let complaint = refuses_to_serve(dir.path(), &["--module-path", module, "--set", setting]);
        assert!(complaint.contains("redis-server did not start") && complaint.contains(word), "{complaint}");
    }
}

#[test]
fn the_algorithm_of_the_first_keyring_is_chosen_by_flag() {
    let server = Server::start_in(directory(), &["--alg", "ES256"]);
    assert_eq!(tokens::header(&server.login("42").text_of("access_token"))["alg"], "ES256");
    let server = Server::start_in(server.stop(), &["--alg", "EdDSA"]);
    let alg = tokens::header(&server.login("42").text_of("access_token"))["alg"].clone();
    assert_eq!(alg, "ES256", "an existing keyring stays");
}

#[test]
fn an_issuer_that_is_nobodys_address_is_warned_of() {
    let server = Server::start_in(directory(), &["--listen", "0.0.0.0:0", "--issuer", "https://id.example"]);
    assert!(!server.log().contains("--issuer"), "{}", server.log());
    drop(server);
    let server = Server::start_in(directory(), &["--listen", "0.0.0.0:0"]);
    assert!(server.log().contains("nobody's address: set --issuer"), "{}", server.log());
}

#[test]
fn a_misspelt_variable_is_named_in_one_warning() {
    let redis = redis();
    let variables =
        [("HALLPASS_RATE_LIMT", "hunter2"), ("HALLPASS_LISTN", "x"), ("HALLPASS_RATE_LIMIT", "7")];
    let server = Server::with_variables(&format!("unix:{}", redis.socket().display()), &variables);
    wait_until("it warns", SOON, || server.log().contains("HALLPASS_RATE_LIMT"));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("HALLPASS_")).unwrap();
    assert!(line.contains("HALLPASS_LISTN, HALLPASS_RATE_LIMT") && !line.contains("LIMIT"), "{log}");
    assert_eq!(log.matches("HALLPASS_").count(), 2, "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

/// Sets the mode of a file.
fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_clients_file_that_others_may_write_is_refused_and_one_that_they_may_read_is_warned_of() {
    let (redis, dir) = (redis(), directory());
    let secret = add_client(dir.path(), "local", &["--scope", "issue"]);
    let (url, file) = (format!("unix:{}", redis.socket().display()), clients_file(dir.path()));
    let flags = ["--redis-url", &url, "--clients-file", file.to_str().unwrap()];
    for mode in [0o620, 0o602, 0o666] {
        chmod(&file, mode);
        let complaint = refuses_to_serve(directory().path(), &flags);
        assert!(complaint.contains("others may write it"), "{mode:o}: {complaint}");
    }
    for (mode, warns) in [(0o604, true), (0o640, false)] {
        chmod(&file, mode);
        let server = Server::before(&redis, &flags[2..]);
        let issued = server
            .request("POST", "/sessions")
            .basic("local", &secret)
            .json(&json!({"subject": "42"}))
            .send();
        assert_eq!(issued.status, 201, "{mode:o}");
        assert_eq!(server.log().contains("others may read"), warns, "{mode:o}: {}", server.log());
    }
    let server = Server::before(&redis, &flags[2..]);
    chmod(&file, 0o602);
    wait_until("a change for the worse is refused", SOON, || {
        server.log().contains("the clients stay as they are")
    });
}

#[test]
fn a_client_secret_that_others_may_read_is_warned_of_and_one_that_they_may_write_is_refused() {
    let server = Server::start();
    let path = server.data("client-secret");
    chmod(&path, 0o644);
    let server = Server::start_in(server.stop(), &[]);
    assert!(server.log().contains("others may read"), "{}", server.log());
    let path = server.data("client-secret");
    let dir = server.stop();
    chmod(&dir.path().join(path.strip_prefix(path.ancestors().nth(2).unwrap()).unwrap()), 0o622);
    let complaint = refuses_to_serve(dir.path(), &["--module-path", built().module.to_str().unwrap()]);
    assert!(complaint.contains("others may write it"), "{complaint}");
}

#[test]
fn a_changed_clients_file_counts_without_a_signal() {
    let (redis, dir) = (redis(), directory());
    add_client(dir.path(), "local", &["--scope", "issue"]);
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    let added = add_client(dir.path(), "added", &["--scope", "issue"]);
    let issue = || {
        let request = server.request("POST", "/sessions").basic("added", &added);
        request.json(&json!({"subject": "42"})).send().status
    };
    wait_until("the new client is known", SOON, || issue() == 201);
}

#[test]
fn a_changed_keyring_counts_in_the_private_redis_without_a_signal() {
    let server = Server::start();
    let before = server.get("/.well-known/jwks.json").json();
    let keyring = server.data("keyring.json");
    let rotated = std::process::Command::new(&built().server)
        .args(["keys", "rotate", "--activate-in", "0s", "--keyring"])
        .arg(&keyring)
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let login = || tokens::header(&server.login("42").text_of("access_token"))["kid"].clone();
    let old = before["keys"][0]["kid"].clone();
    wait_until("the new key signs", SOON, || login() != old);
    assert_eq!(server.get("/.well-known/jwks.json").json()["keys"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_password_of_redis_comes_from_a_file() {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    redis.connect().get::<()>(&["CONFIG", "SET", "requirepass", "hunter2"]);
    let dir = directory();
    let file = dir.path().join("password");
    let flags = ["--redis-password-file", file.to_str().unwrap()];
    let write = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        chmod(&file, mode);
    };
    write("hunter2\n", 0o600);
    let url = format!("redis://127.0.0.1:{}", redis.port());
    let server = Server::before_url(&url, &flags);
    assert_eq!(server.verify(&server.login("42").text_of("access_token")).status, 200);
    write("wrong\n", 0o600);
    let log = Server::waiting_for(&url, &flags).log();
    assert!(log.contains("WRONGPASS") && !log.contains("wrong"), "{log}");
    for (text, mode, url) in [
        ("hunter2", 0o622, url.as_str()),
        ("\n", 0o600, &url),
        ("hunter2", 0o600, "redis://:hunter2@127.0.0.1:1"),
    ] {
        write(text, mode);
        let complaint = refuses_to_serve(directory().path(), &[&["--redis-url", url], &flags[..]].concat());
        assert!(complaint.contains("password") && !complaint.contains("hunter2"), "{complaint}");
    }
}

#[test]
fn a_secret_that_cannot_be_written_is_an_error() {
    let dir = directory();
    let mut add = std::process::Command::new(&built().server);
    add.args(["clients", "add", "--id", "shop", "--scope", "issue", "--clients-file"]);
    add.arg(clients_file(dir.path())).stdout(fs::File::create("/dev/full").unwrap());
    let output = add.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("clients remove") && !said.contains("panicked"), "{said}");
}

#[test]
fn the_clients_file_keeps_its_owner_group_and_mode() {
    let dir = directory();
    add_client(dir.path(), "first", &["--scope", "issue"]);
    let file = clients_file(dir.path());
    chmod(&file, 0o640);
    if geteuid().is_root() {
        // As root does for a server that runs as somebody else.
        std::os::unix::fs::chown(&file, Some(4711), Some(4712)).unwrap();
    }
    let access = || fs::metadata(&file).map(|it| (it.uid(), it.gid(), it.mode() & 0o777)).unwrap();
    let before = access();
    add_client(dir.path(), "second", &["--scope", "issue"]);
    assert_eq!(access(), before, "after clients add");
    let mut remove = std::process::Command::new(&built().server);
    remove.args(["clients", "remove", "--id", "second", "--clients-file"]).arg(&file);
    assert!(remove.status().unwrap().success());
    assert_eq!(access(), before, "after clients remove");
}
