//! docs/moving.md: an old JWT opens a session as it shows, by the issuers file alone. The functions of the page are tried in
//! `tools::moving`.

use std::fs;

use serde_json::{Value as Json, json};

use super::{
    pages::{blocks, script},
    shell::run,
};
use crate::{
    http::redis,
    support::{
        http_server::{Server, directory},
        outside_issuer::{IssuerKey, OutsideIssuer, unix_seconds},
        *,
    },
};

/// Returns the page's issuers file, with the keys where they are.
fn issuers(keys: &OutsideIssuer) -> Json {
    let block = blocks("docs/moving.md").into_iter().find(|block| block.language == "json");
    let mut issuers: Json = serde_json::from_str(&block.unwrap().text).unwrap();
    issuers[0]["jwks_uri"] = keys.jwks_uri().into();
    issuers
}

/// Exchanges the old JWT as the page does, until its key has been fetched, and returns the answer with its head.
#[track_caller]
fn exchanged(server: &Server, old: &str) -> String {
    let script = script("docs/moving.md", "From a JWT, without code");
    let script = script.replace("https://app.example.com", &format!("http://{}", server.address()));
    wait_for("the keys are there", SOON, || {
        let answer = run(server.dir(), &format!("OLD_JWT={old}\n{script}"));
        (!answer.contains(" 503 ")).then_some(answer)
    })
}

/// Seen to fail with an old token of 25 hours left that is expected to work.
#[test]
fn an_old_jwt_opens_one_session_by_the_issuers_file_alone() {
    let key = IssuerKey::new("RS256", "old");
    let keys = OutsideIssuer::with(&[&key]);
    let (redis, dir) = (redis(), directory());
    let file = dir.path().join("issuers.json");
    fs::write(&file, issuers(&keys).to_string()).unwrap();
    let server = Server::before(&redis, &["--issuers-file", file.to_str().unwrap(), "--rate-limit", "0"]);
    let with_hours_left = |hours: u64| {
        let now = unix_seconds();
        let claims = json!({"iss": "https://old.example.com", "aud": "app", "sub": "42", "iat": now - 3600, "exp": now + hours * 3600});
        key.token(&claims)
    };

    let old = with_hours_left(23);
    let answer = exchanged(&server, &old);
    assert!(answer.contains("200 OK"), "{answer}");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.unwrap().split(';').next().unwrap().to_owned();
    let with_cookie = |path: &str, form: &[(&str, &str)]| {
        let request = server.request("POST", path).header("cookie", &cookie).header("x-hallpass", "1");
        request.form(form).send()
    };
    let renewed = with_cookie("/token", &[("grant_type", "refresh_token")]);
    let access = renewed.text_of("access_token");
    assert_eq!(server.verify(&access).status, 200);
    assert!(
        tokens::claims(&access)["auth_time"].as_u64() < Some(unix_seconds() - 3000),
        "that of the old login"
    );

    assert!(exchanged(&server, &old).contains("invalid_grant"), "once");
    let ended: u64 = redis.connect().get(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(ended, 1);
    assert!(exchanged(&server, &old).contains("invalid_grant"), "and not after a logout");
    let refused = exchanged(&server, &with_hours_left(25));
    assert!(refused.contains("invalid_request"), "more than a day: {refused}");
}
