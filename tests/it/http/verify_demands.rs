//! What `/verify` demands of a valid token besides, by its query: a scope, and a recent login. It is judged each time, also
//! where the token is known.

use std::time::Duration;

use serde_json::json;

use crate::{
    http::{redis, session_cookie},
    support::{http_server::Server, *},
};

#[test]
fn verify_asks_for_a_scope() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let claims = json!({ "scope": "read write" });
    let token = server.sessions(&json!({ "subject": "42", "claims": claims })).text_of("access_token");
    let plain = server.login("42").text_of("access_token");
    let ask =
        |query: &str, token: &str| server.request("GET", &format!("/verify{query}")).bearer(token).send();
    for query in ["?scope=read", "?scope=write+read", "?scope=read%20write", "?scope=", ""] {
        assert_eq!(ask(query, &token).status, 200, "{query}");
    }
    for (query, token) in [("?scope=admin", &token), ("?scope=read+admin", &token), ("?scope=read", &plain)] {
        // The second time the token is known.
        for _ in 0..2 {
            let refused = ask(query, token);
            assert_eq!(refused.error(), (403, "insufficient_scope".into()), "{query}");
            let challenge = refused.header("www-authenticate");
            assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
            let scope = query.trim_start_matches("?scope=").replace('+', " ");
            assert!(challenge.ends_with(&format!(" scope=\"{scope}\"")), "{challenge}");
        }
    }
    assert_eq!(ask("?scope=read", "a.b.c").error(), (401, "invalid_token".into()));
    assert_eq!(ask("?scope=%22", &token).error(), (400, "invalid_request".into()));
    assert_eq!(server.request("GET", "/verify/x?scope=admin").bearer(&token).send().status, 200);
}

#[test]
fn verify_asks_for_a_recent_login() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    redis.connect().let_pass(Duration::from_secs(3));
    let refreshed = server.token(&login.text_of("refresh_token"), &[]).text_of("access_token");
    let ask = |query: &str| server.request("GET", &format!("/verify{query}")).bearer(&refreshed).send();
    for query in ["?max_age=3600", "?max_age="] {
        assert_eq!(ask(query).status, 200, "{query}");
    }
    for _ in 0..2 {
        let refused = ask("?max_age=1");
        assert_eq!(refused.error(), (401, "insufficient_user_authentication".into()));
        assert!(refused.header("www-authenticate").ends_with("max_age=\"1\""), "{refused:?}");
    }
    for query in ["?max_age=-1", "?max_age=1h"] {
        assert_eq!(ask(query).error(), (400, "invalid_request".into()), "{query}");
    }
    assert_eq!(server.request("GET", "/verify/x?max_age=1").bearer(&refreshed).send().status, 200);
}

#[test]
fn a_page_by_cookie_has_to_meet_the_same_demands() {
    let redis = redis();
    let server = Server::before(&redis, &session_cookie::FLAGS);
    let cookie = session_cookie::login(&server, json!({ "claims": { "scope": "read" } }));
    redis.connect().let_pass(Duration::from_secs(3));
    let ask = |query: &str| {
        let request =
            session_cookie::question(&server, &format!("/verify{query}"), &session_cookie::NAVIGATION);
        request.header("cookie", &cookie).send()
    };
    for query in ["?scope=read", "?max_age=3600", "?scope=read&max_age=3600"] {
        assert_eq!(ask(query).status, 200, "{query}");
    }
    for _ in 0..2 {
        for (query, status, code) in [
            ("?scope=admin", 403, "insufficient_scope"),
            ("?max_age=1", 401, "insufficient_user_authentication"),
            ("?max_age=x", 400, "invalid_request"),
        ] {
            let refused = ask(query);
            assert_eq!(refused.error(), (status, code.into()), "{query}");
            assert!(!refused.has_header("set-cookie"), "{query}");
        }
    }
}
