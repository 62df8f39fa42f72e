//! `POST /revoke` (RFC 7009): the holder ends a session, and learns nothing about the tokens of others.

use crate::{
    http::redis,
    support::*,
    support::{
        http::HttpAnswer,
        http_server::{Server, add_client, clients_file, directory},
    },
};

fn revoke(server: &Server, pairs: &[(&str, &str)]) -> HttpAnswer {
    server.request("POST", "/revoke").form(pairs).send()
}

/// Asserts that this is the answer that any token gets.
#[track_caller]
fn is_done(answer: &HttpAnswer) {
    assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn either_token_of_any_age_ends_its_session() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let other = server.login("42");
    for (name, old) in
        [("refresh_token", false), ("access_token", false), ("refresh_token", true), ("access_token", true)]
    {
        let first = server.login("42");
        let last = if old { server.token(&first.text_of("refresh_token"), &[]) } else { first.clone() };
        is_done(&revoke(&server, &[("token", &first.text_of(name))]));
        assert_eq!(server.verify(&last.text_of("access_token")).status, 401, "{name}");
        let refused = server.token(&last.text_of("refresh_token"), &[]);
        assert_eq!(refused.error(), (400, "invalid_grant".into()), "{name}");
    }
    assert_eq!(server.verify(&other.text_of("access_token")).status, 200, "the only one left");
    assert_eq!(redis.connect().counter("revoked"), 4);
    assert_eq!(redis.connect().counter("reused"), 0, "to revoke is not to reuse");
}

#[test]
fn a_hint_may_be_right_wrong_or_unknown() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    for hint in ["refresh_token", "access_token", "id_token", "", "x y"] {
        for name in ["refresh_token", "access_token"] {
            let login = server.login("42");
            is_done(&revoke(&server, &[("token", &login.text_of(name)), ("token_type_hint", hint)]));
            assert_eq!(server.verify(&login.text_of("access_token")).status, 401, "{name} {hint}");
        }
    }
}

#[test]
fn unknown_tokens_are_as_good_as_revoked_ones() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let refresh = login.text_of("refresh_token");
    let (body, mac) = refresh.rsplit_once('.').unwrap();
    let forged = format!("{body}.{}", tokens::base64(vec![0; tokens::unbase64(mac).len()]));
    for token in ["x", "a.b.c", "hp1.a.b.c.0.d", &forged, &format!("{refresh}="), &"x".repeat(9_000)] {
        is_done(&revoke(&server, &[("token", token)]));
    }
    assert_eq!(server.verify(&login.text_of("access_token")).status, 200);
    for _ in 0..2 {
        is_done(&revoke(&server, &[("token", &refresh)]));
    }
}

#[test]
fn a_confidential_clients_session_is_ended_by_that_client_only() {
    let redis = redis();
    let dir = directory();
    let local = add_client(dir.path(), "local", &["--scope", "issue"]);
    let web = add_client(dir.path(), "web", &["--scope", "issue", "--confidential"]);
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    let body = serde_json::json!({"subject": "42"});
    let issued = server.request("POST", "/sessions").basic("web", &web).json(&body).send();
    let (access, refresh) = (issued.text_of("access_token"), issued.text_of("refresh_token"));
    let alive = || server.verify(&access).status == 200;

    for token in [&access, &refresh] {
        is_done(&revoke(&server, &[("token", token)]));
        is_done(&revoke(&server, &[("token", token), ("client_id", "single-page-app")]));
        is_done(&revoke(&server, &[("token", token), ("client_id", "local"), ("client_secret", &local)]));
        for wrong in [
            &[("token", token.as_str()), ("client_id", "web")][..],
            &[("token", token), ("client_id", "web"), ("client_secret", &local)],
            &[("token", token), ("client_secret", &web)],
        ] {
            let answer = revoke(&server, wrong);
            assert_eq!(answer.error(), (401, "invalid_client".into()));
            assert!(answer.header("www-authenticate").starts_with("Basic "));
        }
        assert!(alive(), "it is none of theirs");
    }
    let form = [("token", refresh.as_str())];
    is_done(&server.request("POST", "/revoke").basic("web", &web).form(&form).send());
    assert!(!alive());

    let issued = server.request("POST", "/sessions").basic("web", &web).json(&body).send();
    let access = issued.text_of("access_token");
    is_done(&revoke(&server, &[("token", &access), ("client_id", "web"), ("client_secret", &web)]));
    assert_eq!(server.verify(&access).status, 401);
}

#[test]
fn any_known_client_and_any_public_one_may_end_an_unbound_session() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    for more in [
        &[][..],
        &[("client_id", "single-page-app")],
        &[("client_id", "local")],
        &[("client_id", "local"), ("client_secret", server.secret())],
    ] {
        let login = server.login("42");
        let token = login.text_of("refresh_token");
        is_done(&revoke(&server, &[&[("token", token.as_str())], more].concat()));
        assert_eq!(server.verify(&login.text_of("access_token")).status, 401, "{more:?}");
    }
}

#[test]
fn a_broken_request_is_refused_and_ends_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let refresh = login.text_of("refresh_token");
    let token = ("token", refresh.as_str());
    for pairs in [
        &[("token_type_hint", "refresh_token")][..],
        &[("token", "")],
        &[token, token],
        &[token, ("token_type_hint", "a"), ("token_type_hint", "b")],
        &[token, ("client_id", "a"), ("client_id", "b")],
    ] {
        assert_eq!(revoke(&server, pairs).error(), (400, "invalid_request".into()), "{pairs:?}");
    }
    let text = format!("token={refresh}");
    for kind in ["application/json", "text/plain"] {
        let answer = server.request("POST", "/revoke").typed(kind, text.clone()).send();
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{kind}");
    }
    let in_query = server.request("POST", &format!("/revoke?{text}")).form(&[("x", "y")]).send();
    assert_eq!(in_query.error(), (400, "invalid_request".into()), "a query ends up in logs");
    let get = server.get(&format!("/revoke?{text}"));
    assert_eq!((get.error(), get.header("allow")), ((405, "invalid_request".into()), "POST"));
    assert_eq!(server.verify(&login.text_of("access_token")).status, 200);
}

#[test]
fn an_outage_does_not_pass_for_a_revocation() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    redis.stop();
    let answer = revoke(&server, &[("token", &login.text_of("refresh_token"))]);
    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
    assert!(answer.has_header("retry-after"), "RFC 7009 §2.2.1");
}
