//! The server with its private Redis: first start, second start, second server, killed server, printed lines.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use serde_json::Value as Json;

use crate::support::{
    http_server::{Server, directory, refuses_to_serve},
    process::exists,
    *,
};

/// Returns the curl lines that a server printed.
fn curl_lines(server: &Server) -> Vec<String> {
    let text = server.printed();
    text.lines().filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
}

/// Runs a line as printed, in the directory in which the server was started.
#[track_caller]
fn run(server: &Server, line: &str) -> String {
    let Output { status, stdout, stderr } =
        Command::new("sh").args(["-c", line]).current_dir(server.dir()).output().unwrap();
    assert!(status.success(), "{line}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Returns the one printed line with this word.
#[track_caller]
fn line_with(lines: &[String], word: &str) -> String {
    let found: Vec<_> = lines.iter().filter(|line| line.contains(word)).collect();
    assert_eq!(found.len(), 1, "{word} in {lines:#?}");
    found[0].clone()
}

/// Returns the answer of a line as JSON, with the member `name` as text.
fn member(answer: &str, name: &str) -> String {
    let json: Json = serde_json::from_str(answer).expect(answer);
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

#[test]
fn the_printed_lines_work_as_printed() {
    let server = Server::start();
    let mut raw = Raw::connect(&server.data("redis.sock"));
    // A busy machine needs longer for these lines than the window lasts by default.
    let mut race_window = |seconds| raw.call(&["CONFIG", "SET", "hallpass.race-window", seconds]).text();
    assert_eq!(race_window("60"), "OK");
    let lines = curl_lines(&server);
    assert!(!server.printed().contains(server.secret()), "the secret is not printed");
    let issued = run(&server, &line_with(&lines, "/sessions"));
    assert!(issued.contains("access_token"), "{issued}");
    let verified = run(&server, &line_with(&lines, "/verify"));
    assert!(verified.contains("200 OK"), "{verified}");
    assert!(verified.to_lowercase().contains("x-auth-subject"), "{verified}");
    let refresh = line_with(&lines, "/token");
    let first = run(&server, &refresh);
    let retried = run(&server, &refresh);
    for name in ["access_token", "refresh_token"] {
        assert_eq!(member(&first, name), member(&retried, name), "a retry at once");
    }

    assert_eq!(server.verify(&member(&first, "access_token")).status, 200);
    let again = run(&server, &refresh);
    assert_eq!(member(&again, "refresh_token"), member(&first, "refresh_token"), "within the race window");
    assert_eq!(race_window("0"), "OK");
    assert!(run(&server, &refresh).contains("invalid_grant"), "and after it");
    assert_eq!(server.verify(&member(&first, "access_token")).status, 401, "the session is gone");
    assert!(run(&server, &line_with(&lines, "jwks")).contains("Ed25519"));
}

#[test]
fn a_second_start_continues_with_the_same_sessions_and_keys() {
    let server = Server::start();
    let (secret, keys) = (server.secret().to_owned(), fs::read(server.data("keyring.json")).unwrap());
    let login = server.login("42");
    let old = server.login("43").text_of("refresh_token");
    let next = server.token(&old, &[]).text_of("refresh_token");
    let server = Server::start_in(server.stop(), &[]);
    assert_eq!(server.secret(), secret);
    assert_eq!(fs::read(server.data("keyring.json")).unwrap(), keys);
    let token = server.token(&login.text_of("refresh_token"), &[]);
    assert_eq!(token.status, 200);
    assert_eq!(token.text_of("session_id"), login.text_of("session_id"));
    assert_eq!(server.token(&old, &[]).text_of("refresh_token"), next, "a retry across the restart");
}

#[test]
fn new_keys_are_read_by_a_redis_that_was_busy_when_they_came() {
    let server = Server::start();
    let mut raw = Raw::connect(&server.data("redis.sock"));
    let mut other = Raw::connect(&server.data("redis.sock"));
    assert_eq!(raw.call(&["CONFIG", "SET", "busy-reply-threshold", "1"]).text(), "OK");
    raw.send(&["EVAL", "while true do end", "0"]);
    wait_until("it is busy", SOON, || other.call(&["GET", "x"]).has_error());
    server.hang_up();
    wait_until("the server has tried", SOON, || server.log().contains("Redis answered BUSY"));
    assert_eq!(other.call(&["SCRIPT", "KILL"]).text(), "OK");
    wait_until("they are read", SOON, || {
        server.log().contains("SIGHUP: the module has read the keyring again")
    });
}

#[test]
fn issuer_and_audience_are_those_of_the_documentation() {
    let server = Server::start();
    let claims = tokens::claims(&server.login("42").text_of("access_token"));
    assert_eq!(claims["iss"], format!("http://{}", server.address()));
    assert_eq!(claims["aud"], "hallpass");
}

#[test]
fn its_files_are_for_the_owner_only() {
    let server = Server::start();
    server.login("42");
    let mode = |name: &str| fs::metadata(server.data(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    for name in ["keyring.json", "client-secret"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let others: Vec<_> =
        fs::read_dir(server.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        others.iter().all(|name| ["data", "stdout", "stderr"].contains(&name.to_str().unwrap())),
        "{others:?}"
    );
}

#[test]
fn redis_listens_on_no_port_and_writes_an_append_only_file() {
    let server = Server::start();
    let mut raw = Raw::connect(&server.data("redis.sock"));
    let setting = |raw: &mut Raw, name: &str| raw.call(&["CONFIG", "GET", name]).items()[1].text();
    assert_eq!(setting(&mut raw, "port"), "0");
    assert_eq!(setting(&mut raw, "appendonly"), "yes");
    assert_eq!(setting(&mut raw, "hash-max-listpack-value"), "1024");
    let policy = setting(&mut raw, "maxmemory-policy");
    assert_eq!(policy, "noeviction");
}

#[test]
fn a_second_server_in_the_same_directory_refuses() {
    let server = Server::start();
    let login = server.login("42");
    let path = server.dir().join("data");
    let module = crate::support::build::built().module.to_str().unwrap();
    let elsewhere = directory();
    let flags = ["--module-path", module, "--data-dir", path.to_str().unwrap()];
    let complaint = refuses_to_serve(elsewhere.path(), &flags);
    assert!(complaint.contains("another hallpass-server"), "{complaint}");
    assert_eq!(server.token(&login.text_of("refresh_token"), &[]).status, 200, "the first one is untouched");
}

#[test]
fn an_orphaned_redis_is_stopped_before_a_new_one_starts() {
    let server = Server::start();
    let login = server.login("42");
    let orphan = server.redis_pid();
    let dir = server.kill();
    assert!(exists(orphan), "nobody stopped it yet");
    let server = Server::start_in(dir, &[]);
    wait_until("the orphan is gone", SOON, || !exists(orphan));
    assert_ne!(server.redis_pid(), orphan);
    assert_eq!(server.token(&login.text_of("refresh_token"), &[]).status, 200, "nothing was lost");
}

#[test]
fn sigterm_leaves_no_redis_and_no_socket() {
    let server = Server::start();
    server.login("42");
    let dir = server.stop();
    assert!(!dir.path().join("data/redis.sock").exists());
}

#[test]
fn a_taken_port_is_one_clear_line_and_leaves_no_redis() {
    let first = Server::start();
    let dir = directory();
    let module = crate::support::build::built().module.to_str().unwrap();
    let complaint = refuses_to_serve(dir.path(), &["--listen", first.address(), "--module-path", module]);
    assert!(complaint.contains(first.address()), "{complaint}");
    assert!(!dir.path().join("data/redis.sock").exists());
}

#[test]
fn flags_that_cannot_work_are_one_clear_line() {
    let dir = directory();
    let secret = "redis://user:hunter2@127.0.0.1:1/";
    for flags in [
        &["--redis-url", "http://127.0.0.1:1"][..],
        &["--redis-url", secret, "--module-path", "/x"],
        &["--module-path", "/nonexistent.so"],
        &["--redis-server", "/nonexistent"],
        &["--issuer", "no url"],
        &["--unknown"],
        &["--listen", "nowhere"],
        &["--verify-claims", "sub"],
        &["--listen", "unix:/nonexistent/http.sock", "--issuer", "https://id.example"],
        &["--listen", "unix:/tmp/http.sock"],
        &["--alg", "none"],
        &["--set", "access-ttl=60"],
        &["--set", "hallpass.issuer=https://id.example"],
        &["--redis-url", secret, "--set", "hallpass.access-ttl=60"],
    ] {
        let complaint = refuses_to_serve(dir.path(), flags);
        let lines: Vec<&str> =
            complaint.lines().filter(|line| line.starts_with("hallpass-server:")).collect();
        assert_eq!(lines.len(), 1, "{flags:?}: {complaint}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[test]
fn a_redis_that_does_not_fit_is_refused() {
    let dir = directory();
    let url = |redis: &Redis| format!("unix:{}", redis.socket().display());
    let bare = Redis::builder().without_module().start();
    let complaint = refuses_to_serve(dir.path(), &["--redis-url", &url(&bare)]);
    assert!(complaint.contains("module"), "{complaint}");
    let nameless = Redis::start();
    let complaint = refuses_to_serve(dir.path(), &["--redis-url", &url(&nameless)]);
    assert!(complaint.contains("issuer"), "{complaint}");
    let other = Redis::with(&["hallpass.issuer https://a"]);
    let complaint = refuses_to_serve(dir.path(), &["--redis-url", &url(&other), "--issuer", "https://b"]);
    assert!(complaint.contains("https://a") && complaint.contains("https://b"), "{complaint}");
}

#[test]
fn keys_are_generated_once_and_load() {
    let dir = directory();
    let path = dir.path().join("keyring.json");
    let generate = |alg: &str| {
        let mut command = Command::new(&crate::support::build::built().server);
        command.args(["keys", "generate", "--alg", alg, "--keyring"]).arg(&path).output().unwrap()
    };
    for alg in ["EdDSA", "ES256", "HS256"] {
        assert!(generate(alg).status.success(), "{alg}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let redis = Redis::builder().line(&format!("hallpass.keyring-file {}", path.display())).start();
        let tokens = redis.connect().issue("auth:42", &[]).unwrap();
        assert_eq!(tokens::header(&tokens.access)["alg"], alg);
        let before = fs::read(&path).unwrap();
        assert!(!generate(alg).status.success(), "an existing file is not overwritten");
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::remove_file(&path).unwrap();
    }
}
