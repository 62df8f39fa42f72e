//! The issuers file: checked at the start, read again on SIGHUP, and checked by `issuers check`.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::json;

use super::*;
use crate::support::{
    build::built,
    http_server::{ISSUER, directory, refuses_to_serve},
    outside_issuer::Behaviour,
};

/// The complaint about a file with this text, of a server before this Redis.
#[track_caller]
fn complaint(redis: &Redis, file: &str) -> String {
    let dir = directory();
    let path = dir.path().join("issuers.json");
    fs::write(&path, file).unwrap();
    let url = format!("unix:{}", redis.socket().display());
    let complaint =
        refuses_to_serve(dir.path(), &["--redis-url", &url, "--issuers-file", path.to_str().unwrap()]);
    let lines: Vec<&str> = complaint.lines().filter(|line| line.starts_with("hallpass-server:")).collect();
    assert_eq!(lines.len(), 1, "{complaint}");
    lines[0].to_owned()
}

#[test]
fn a_file_that_is_not_right_stops_the_server_with_one_line() {
    let redis = redis();
    let plain = json!({"issuer": "https://id.example.com", "audience": "app"});
    for (file, word) in [
        ("nonsense".to_owned(), "issuers.json"),
        (json!({}).to_string(), "issuers.json"),
        (json!([{"issuer": "https://id.example.com"}]).to_string(), "audience"),
        (json!([merged(&plain, &json!({"audiance": "x"}))]).to_string(), "audiance"),
        (json!([merged(&plain, &json!({"algorithms": ["HS256"]}))]).to_string(), "HS256"),
        (json!([merged(&plain, &json!({"issuer": "http://id.example.com"}))]).to_string(), "https"),
        (json!([merged(&plain, &json!({"claims": ["sub"]}))]).to_string(), "sub"),
        (json!([plain, merged(&plain, &json!({"issuer": "https://b.example"}))]).to_string(), "subject"),
        (json!([merged(&plain, &json!({"issuer": ISSUER}))]).to_string(), ISSUER),
    ] {
        let complaint = complaint(&redis, &file);
        assert!(complaint.contains(word), "{file}: {complaint}");
    }
    let dir = directory();
    let url = format!("unix:{}", redis.socket().display());
    let missing = refuses_to_serve(dir.path(), &["--redis-url", &url, "--issuers-file", "/nonexistent.json"]);
    assert!(missing.contains("/nonexistent.json"), "{missing}");
    let path = dir.path().join("issuers.json");
    fs::write(&path, json!([plain]).to_string()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o602)).unwrap();
    let flags = ["--redis-url", &url, "--issuers-file", path.to_str().unwrap()];
    let complaint = refuses_to_serve(dir.path(), &flags);
    assert!(complaint.contains("others may write it"), "{complaint}");
}

#[test]
fn a_key_pattern_that_matches_used_tokens_is_refused_with_an_issuers_file() {
    let file = json!([{"issuer": "https://id.example.com", "audience": "app"}]).to_string();
    let issuer = format!("hallpass.issuer {ISSUER}");
    for pattern in ["*", "hallpass:*", "hallpass:used:*"] {
        let redis = Redis::with(&[&issuer, &format!("hallpass.key-pattern {pattern}")]);
        let complaint = complaint(&redis, &file);
        assert!(complaint.contains("hallpass:used:") && complaint.contains(pattern), "{complaint}");
        drop(Server::before(&redis, &[]));
    }
    let redis = Redis::with(&[&issuer, "hallpass.key-pattern hallpass:session:*"]);
    let key = IssuerKey::new("EdDSA", "k");
    let outside = OutsideIssuer::with(&[&key]);
    let server = serve(&redis, &json!([entry(&outside, &json!({}))]), &[]);
    assert_eq!(exchange(&server, &key.token(&outside.claims("42")), &[]).status, 200);
}

#[test]
fn the_file_is_read_again_on_sighup_and_a_bad_one_changes_nothing() {
    let trusting = Trusting::with(&json!({}));
    let key = IssuerKey::new("EdDSA", "k");
    let other = OutsideIssuer::with(&[&key]);
    let foreign = || exchange(&trusting.server, &key.token(&other.claims("42")), &[]).status;
    assert_eq!(foreign(), 400);
    let both = json!([
        entry(&trusting.issuer, &json!({"subject": "a:{sub}"})),
        entry(&other, &json!({"subject": "b:{sub}"})),
    ]);
    write_issuers(&trusting.redis, &both);
    trusting.server.hang_up();
    wait_until("the other issuer is trusted", SOON, || foreign() == 200);
    assert_eq!(sessions(&trusting.redis, "b:42"), 1);

    write_issuers(&trusting.redis, &json!([{"issuer": "https://id.example.com"}]));
    trusting.server.hang_up();
    wait_until("the mistake is in the log", SOON, || trusting.server.log().contains("audience"));
    assert_eq!(foreign(), 200, "they are still trusted");

    write_issuers(&trusting.redis, &json!([]));
    trusting.server.hang_up();
    wait_until("nobody is trusted", SOON, || foreign() == 400);
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 400);
}

#[test]
fn issuers_check_says_what_works() {
    let key = IssuerKey::new("ES256", "k");
    let issuers: Vec<OutsideIssuer> = (0..3).map(|_| OutsideIssuer::with(&[&key])).collect();
    let redis = redis();
    let file = json!([
        entry(&issuers[0], &json!({"subject": "a:{sub}"})),
        entry(&issuers[1], &json!({"subject": "b:{sub}", "jwks_uri": issuers[1].jwks_uri()})),
        entry(&issuers[2], &json!({"subject": "c:{sub}", "algorithms": ["RS256"]})),
    ]);
    let path = write_issuers(&redis, &file);
    issuers[1].behaves(Behaviour::Status(404));
    let check = || {
        let mut command = Command::new(&built().server);
        let output = command.args(["issuers", "check", "--issuers-file"]).arg(&path).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), stdout, stderr)
    };
    let (is_good, stdout, stderr) = check();
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(!is_good && lines.len() == 3, "{stdout}");
    assert!(
        lines[0].contains("ok") && lines[0].contains("ES256") && lines[0].contains(&issuers[0].jwks_uri())
    );
    assert!(lines[1].contains("FAILED") && lines[1].contains("404"), "{stdout}");
    assert!(lines[2].contains("FAILED") && lines[2].contains("algorithm"), "{stdout}");
    assert_eq!(stderr.trim(), "hallpass-server: 2 of 3 issuers cannot be used");

    write_issuers(&redis, &json!([entry(&issuers[0], &json!({}))]));
    let (is_good, stdout, stderr) = check();
    assert!(is_good && stdout.contains("1 key (ES256)") && stderr.is_empty(), "{stdout}{stderr}");
    write_issuers(&redis, &json!([{"issuer": "id.example.com", "audience": "app"}]));
    let (is_good, stdout, stderr) = check();
    assert!(!is_good && stdout.is_empty() && stderr.contains("id.example.com"), "{stdout}{stderr}");
}
