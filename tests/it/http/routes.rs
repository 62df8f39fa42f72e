//! The HTTP routes: the answer of each to a valid request.

use serde_json::{Value as Json, json};

use super::redis;
use crate::support::{
    http_server::{ISSUER, Server, add_client},
    *,
};

#[test]
fn posting_a_session_answers_with_a_token_response() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer =
        server.sessions(&json!({"subject": "42", "claims": {"role": "admin", "scope": "read write"}}));
    assert_eq!(answer.status, 201);
    assert!(answer.header("content-type").starts_with("application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!((&body["expires_in"], &body["refresh_expires_in"]), (&json!(900), &json!(1_209_600)));
    assert_eq!((&body["scope"], &body["evicted"]), (&json!("read write"), &json!([])));
    let claims = tokens::claims(&answer.text_of("access_token"));
    assert_eq!(claims["sid"], body["session_id"]);
    assert_eq!(
        (&claims["role"], &claims["iss"], &claims["aud"]),
        (&json!("admin"), &json!(ISSUER), &json!("api"))
    );
    assert!(redis.connect().records("auth:42").contains_key(&answer.text_of("session_id")));
}

#[test]
fn every_member_of_a_session_request_reaches_the_module() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let sid = "01890a5d-ac96-774b-bcce-b302099a8057";
    let body = json!({"subject": "a/ü b", "claims": {"a": [1, "x"]}, "audience": "reports", "class": "phone", "meta": {"ua": "agent"},
        "limit": 3, "on_limit": "reject", "session_id": sid, "access_ttl": 60, "idle_ttl": 120, "max_ttl": 180, "shared": 7, "cookie": false});
    let answer = server.sessions(&body);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(
        (&answer.json()["expires_in"], &answer.json()["refresh_expires_in"]),
        (&json!(60), &json!(120))
    );
    let claims = tokens::claims(&answer.text_of("access_token"));
    assert_eq!(
        (&claims["sub"], &claims["aud"], &claims["a"]),
        (&json!("a/ü b"), &json!("reports"), &json!([1, "x"]))
    );
    assert_eq!(claims["client_id"], "local", "every token names the client that issued it");
    let record = redis.connect().records("auth:a/ü b").remove(sid).unwrap();
    let record = String::from_utf8_lossy(&record);
    assert!(record.contains("phone") && record.contains(r#"{"ua":"agent"}"#));
    assert!(record.ends_with('\u{7}'), "shared stands at its end");
    assert_eq!(server.token(&answer.text_of("refresh_token"), &[]).status, 200, "and it is bound to nobody");

    let again = server.sessions(&body);
    assert_eq!(
        again.text_of("refresh_token"),
        answer.text_of("refresh_token"),
        "session_id makes it repeatable"
    );
}

#[test]
fn a_limit_evicts_or_rejects() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let first = server.login("42").text_of("session_id");
    let rejected = server.sessions(&json!({"subject": "42", "limit": 1, "on_limit": "reject"}));
    assert_eq!(rejected.error(), (409, "session_limit".into()));
    let second = server.sessions(&json!({"subject": "42", "limit": 1}));
    assert_eq!(second.json()["evicted"], json!([first]));
}

#[test]
fn the_refresh_grant_rotates_and_repeats() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let first = server.login("42");
    let refresh = first.text_of("refresh_token");
    let second = server.token(&refresh, &[]);
    assert_eq!(second.status, 200);
    assert_eq!(second.header("cache-control"), "no-store");
    assert_eq!(second.json()["token_type"], "Bearer");
    assert_eq!(second.json()["session_id"], first.json()["session_id"]);
    assert!(second.json().get("evicted").is_none());
    assert_ne!(second.text_of("refresh_token"), refresh);
    let again = server.token(&refresh, &[("unknown", "ignored")]);
    for token in ["access_token", "refresh_token"] {
        assert_eq!(again.text_of(token), second.text_of(token));
    }
    let third = server.token(&second.text_of("refresh_token"), &[]);
    assert_eq!(third.status, 200);
    assert_eq!(server.token(&refresh, &[]).error(), (400, "invalid_grant".into()), "reused");
    assert_eq!(
        server.token(&third.text_of("refresh_token"), &[]).error(),
        (400, "invalid_grant".into()),
        "ended"
    );
    assert_eq!(server.verify(&third.text_of("access_token")).status, 401);
}

#[test]
fn the_refresh_grant_takes_an_access_token_and_a_narrower_scope() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let other = server.login("42");
    let first = server.sessions(&json!({"subject": "42", "claims": {"scope": "read write"}}));
    let refresh = first.text_of("refresh_token");
    let bound = server.token(&refresh, &[("access_token", &other.text_of("access_token"))]);
    assert_eq!(bound.error(), (400, "invalid_grant".into()));
    let pairs = [("access_token", first.text_of("access_token")), ("scope", "write".to_owned())];
    let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
    let second = server.token(&refresh, &pairs);
    assert_eq!(second.json()["scope"], "read write");
    let wider = server.token(&second.text_of("refresh_token"), &[("scope", "write admin")]);
    assert_eq!(wider.error(), (400, "invalid_scope".into()));
    let retry = server.token(&second.text_of("refresh_token"), &[]);
    assert_eq!(retry.status, 200, "a refused scope costs nothing");
}

#[test]
fn a_confidential_clients_session_answers_only_to_it() {
    let redis = redis();
    let server_dir = http_server::directory();
    let local = add_client(server_dir.path(), "local", &["--scope", "issue"]);
    let web = add_client(server_dir.path(), "web", &["--scope", "issue", "--confidential"]);
    let clients = http_server::clients_file(server_dir.path());
    let server = Server::before(&redis, &["--clients-file", clients.to_str().unwrap()]);
    let issued =
        server.request("POST", "/sessions").basic("web", &web).json(&json!({"subject": "42"})).send();
    assert_eq!(tokens::claims(&issued.text_of("access_token"))["client_id"], "web");
    let refresh = issued.text_of("refresh_token");

    assert_eq!(server.token(&refresh, &[]).error(), (401, "invalid_client".into()));
    assert_eq!(server.token(&refresh, &[("client_id", "web")]).error(), (401, "invalid_client".into()));
    let wrong = server.token(&refresh, &[("client_id", "web"), ("client_secret", &local)]);
    assert_eq!(wrong.error(), (401, "invalid_client".into()));
    let other = server.token(&refresh, &[("client_id", "local"), ("client_secret", &local)]);
    assert_eq!(other.error(), (400, "invalid_grant".into()));
    let right = server.token(&refresh, &[("client_id", "web"), ("client_secret", &web)]);
    assert_eq!(right.status, 200);
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", &right.text_of("refresh_token"))];
    let basic = server.request("POST", "/token").basic("web", &web).form(&pairs).send();
    assert_eq!(basic.status, 200);
}

#[test]
fn a_public_client_may_name_itself() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let first = server.login("42").text_of("refresh_token");
    let second = server.token(&first, &[("client_id", "single-page-app")]);
    assert_eq!(second.status, 200);
}

#[test]
fn verify_answers_any_method_and_any_path_below_it() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.sessions(&json!({"subject": "42", "claims": {"role": "admin"}}));
    let token = login.text_of("access_token");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "HEAD"] {
        for path in ["/verify", "/verify/", "/verify/a/b?audience=other", "/verify/%2e%2e/x"] {
            let answer = server.request(method, path).bearer(&token).send();
            assert_eq!(answer.status, 200, "{method} {path}");
            assert_eq!(answer.header("x-auth-subject"), "42");
            assert_eq!(answer.header("x-auth-session"), login.text_of("session_id"));
            assert_eq!(answer.header("x-auth-claims"), r#"{"role":"admin"}"#);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[test]
fn verify_speaks_ascii_whatever_subject_and_claims_are() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.sessions(&json!({"subject": "a b%ü\u{202e}", "claims": {"name": "Jörg 𝕳\u{7f}"}}));
    let answer = server.verify(&login.text_of("access_token"));
    assert_eq!(answer.header("x-auth-subject"), "a%20b%25%C3%BC%E2%80%AE");
    let claims: Json = serde_json::from_str(answer.header("x-auth-claims")).unwrap();
    assert_eq!(claims["name"], "Jörg 𝕳\u{7f}");
    assert!(answer.header("x-auth-claims").is_ascii());
    let plain = server.verify(&server.login("42").text_of("access_token"));
    assert_eq!(plain.header("x-auth-claims"), "{}");
}

#[test]
fn verify_can_show_selected_claims_only() {
    let redis = redis();
    let server = Server::before(&redis, &["--verify-claims", "role,team"]);
    let login = server.sessions(&json!({"subject": "42", "claims": {"role": "admin", "salary": 1}}));
    let answer = server.verify(&login.text_of("access_token"));
    assert_eq!(answer.header("x-auth-claims"), r#"{"role":"admin"}"#);
}

#[test]
fn verify_takes_the_audience_from_its_own_query() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let token = server.sessions(&json!({"subject": "42", "audience": "reports"})).text_of("access_token");
    let status = |path: &str| server.request("GET", path).bearer(&token).send().status;
    assert_eq!(status("/verify"), 401);
    assert_eq!(status("/verify?audience=reports"), 200);
    assert_eq!(status("/verify?audience=*"), 200);
    assert_eq!(status("/verify?audience=api"), 401);
}

#[test]
fn the_published_keys_verify_access_tokens_elsewhere() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = server.get("/.well-known/jwks.json");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").contains("json"));
    assert!(answer.header("cache-control").contains("max-age"));
    let token = server.login("42").text_of("access_token");
    let claims = jwt::independently_verified(&answer.json(), &token);
    assert_eq!(claims["sub"], "42");
    for secret in redis.ring().secrets() {
        assert!(!answer.text.contains(&secret));
    }
}

#[test]
fn health_and_readiness_are_told_apart() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    redis.stop();
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 503));
    redis.restart();
    wait_until("ready again", SOON, || server.get("/readyz").status == 200);
}
