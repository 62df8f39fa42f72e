//! `POST /introspect` (RFC 7662): what a resource server learns about a token, and what not.

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::*,
    support::{
        http::HttpAnswer,
        http_server::{ISSUER, Server, add_client, clients_file, directory},
    },
};

fn introspect(server: &Server, pairs: &[(&str, &str)]) -> HttpAnswer {
    server.request("POST", "/introspect").basic("local", server.secret()).form(pairs).send()
}

/// Returns the answer about an active token.
#[track_caller]
fn told(answer: &HttpAnswer) -> Json {
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    assert!(answer.header("content-type").starts_with("application/json"));
    let body = answer.json();
    assert_eq!(body["active"], true, "{body}");
    body
}

/// Asserts that the answer contains only that the token is not active.
#[track_caller]
fn is_inactive(answer: &HttpAnswer) {
    assert_eq!((answer.status, answer.json()), (200, json!({"active": false})), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

const AS_REFRESH: (&str, &str) = ("token_type_hint", "refresh_token");

#[test]
fn an_access_token_tells_its_claims() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login =
        server.sessions(&json!({"subject": "a b", "claims": {"scope": "read write", "role": "admin"}}));
    let access = login.text_of("access_token");
    for hint in [&[][..], &[("token_type_hint", "access_token")], &[AS_REFRESH], &[("token_type_hint", "x")]]
    {
        let body = told(&introspect(&server, &[&[("token", access.as_str())], hint].concat()));
        assert_eq!((&body["token_use"], &body["token_type"]), (&json!("access_token"), &json!("Bearer")));
        let claims = tokens::claims(&access);
        for (name, value) in claims.as_object().expect("claims") {
            assert_eq!(&body[name], value, "{name}");
        }
        for name in ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "scope", "role"] {
            assert!(body.get(name).is_some(), "{name}: {body}");
        }
        assert_eq!(body["client_id"], "local", "whoever issued it");
    }
}

#[test]
fn a_refresh_token_is_active_only_where_one_is_expected() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.sessions(&json!({"subject": "42", "claims": {"scope": "read"}, "idle_ttl": 3600}));
    let refresh = login.text_of("refresh_token");
    let token = ("token", refresh.as_str());
    for hint in [&[][..], &[("token_type_hint", "access_token")], &[("token_type_hint", "x")]] {
        is_inactive(&introspect(&server, &[&[token], hint].concat()));
    }
    let body = told(&introspect(&server, &[token, AS_REFRESH]));
    let claims = tokens::claims(&login.text_of("access_token"));
    assert_eq!((&body["token_use"], &body["scope"]), (&json!("refresh_token"), &json!("read")));
    assert_eq!((&body["sub"], &body["sid"]), (&json!("42"), &login.json()["session_id"]));
    assert_eq!((&body["aud"], &body["iss"]), (&json!("api"), &json!(ISSUER)));
    assert_eq!(body["iat"], claims["iat"]);
    assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 3600);
    assert_eq!(body["client_id"], "local");
    for absent in ["token_type", "state", "jti"] {
        assert!(body.get(absent).is_none(), "{absent}: {body}");
    }
    assert_eq!(redis.connect().counter("refreshed"), 0, "to look is not to use");

    let next = server.token(&refresh, &[]).text_of("refresh_token");
    told(&introspect(&server, &[token, AS_REFRESH]));
    server.token(&next, &[]);
    is_inactive(&introspect(&server, &[token, AS_REFRESH]));
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(redis.connect().counter("reused"), 0, "nor to reuse it");
}

#[test]
fn nothing_is_told_about_a_token_that_is_not_active() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let ended = server.login("42");
    server.request("POST", "/revoke").form(&[("token", &ended.text_of("refresh_token"))]).send();
    let stale = server.login("43");
    redis.connect().get::<i64>(&["AUTH.SETCLAIMS", "auth:43", "ALL", "{}"]);
    let expired = server.sessions(&json!({"subject": "44", "access_ttl": 1}));
    redis.connect().let_pass(std::time::Duration::from_secs(2));
    let good = server.login("45").text_of("access_token");
    let (body, end) = good.split_at(good.len() - 5);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{body}{other}{}", &end[1..]);
    for token in [
        &ended.text_of("access_token"),
        &ended.text_of("refresh_token"),
        &stale.text_of("access_token"),
        &expired.text_of("access_token"),
        &forged,
        &good[1..],
        "x",
        "a.b.c",
        "hp1.a.b.c.0.d",
        &"x".repeat(9_000),
    ] {
        is_inactive(&introspect(&server, &[("token", token)]));
        is_inactive(&introspect(&server, &[("token", token), AS_REFRESH]));
    }
    told(&introspect(&server, &[("token", &good)]));
    told(&introspect(&server, &[("token", &stale.text_of("refresh_token")), AS_REFRESH]));
}

#[test]
fn a_client_is_told_about_its_own_audiences_only() {
    let redis = redis();
    let dir = directory();
    let local = add_client(dir.path(), "local", &["--scope", "issue,introspect"]);
    let shop = add_client(dir.path(), "shop", &["--scope", "introspect", "--audience", "shop,cart"]);
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    let ask = |pairs: &[(&str, &str)]| {
        server.request("POST", "/introspect").basic("shop", &shop).form(pairs).send()
    };
    for (audience, known) in [("cart", true), ("shop", true), ("api", false), ("shop2", false)] {
        let body = json!({"subject": "42", "audience": audience});
        let login = server.request("POST", "/sessions").basic("local", &local).json(&body).send();
        let access = login.text_of("access_token");
        let refresh = login.text_of("refresh_token");
        for answer in [ask(&[("token", &access)]), ask(&[("token", &refresh), AS_REFRESH])] {
            if known {
                assert_eq!(told(&answer)["aud"], audience);
            } else {
                is_inactive(&answer);
            }
        }
        let form = [("token", access.as_str())];
        let all = server.request("POST", "/introspect").basic("local", &local).form(&form).send();
        assert_eq!(told(&all)["aud"], audience, "no list, any audience");
    }
}

#[test]
fn a_bound_session_names_its_client() {
    let redis = redis();
    let dir = directory();
    let web = add_client(dir.path(), "web", &["--scope", "issue,introspect", "--confidential"]);
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    let body = json!({"subject": "42", "claims": {"scope": ["no", "string"]}});
    let login = server.request("POST", "/sessions").basic("web", &web).json(&body).send();
    let credentials = [("client_id", "web"), ("client_secret", web.as_str())];
    let ask = |pairs: &[(&str, &str)]| {
        server.request("POST", "/introspect").form(&[pairs, &credentials].concat()).send()
    };
    let access = told(&ask(&[("token", &login.text_of("access_token"))]));
    let refresh = told(&ask(&[("token", &login.text_of("refresh_token")), AS_REFRESH]));
    for body in [access, refresh] {
        assert_eq!(body["client_id"], "web");
        assert!(body.get("scope").is_none(), "RFC 7662: a string or nothing");
    }
}

#[test]
fn a_broken_request_is_told_so() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let token = ("token", access.as_str());
    for pairs in [
        &[][..],
        &[("token", "")],
        &[token, token],
        &[token, AS_REFRESH, AS_REFRESH],
        &[token, ("client_id", "local"), ("client_secret", "x")],
        &[token, ("client_id", "other")],
    ] {
        assert_eq!(introspect(&server, pairs).error(), (400, "invalid_request".into()), "{pairs:?}");
    }
    let json = server.request("POST", "/introspect").basic("local", server.secret());
    let json = json.json(&json!({"token": access})).send();
    assert_eq!(json.error(), (400, "invalid_request".into()));
    let get = server.get("/introspect");
    assert_eq!((get.error(), get.header("allow")), ((405, "invalid_request".into()), "POST"));
}

#[test]
fn one_request_costs_one_command() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let mut con = redis.connect();
    let mut commands = |pairs: &[(&str, &str)]| {
        con.get::<()>(&["CONFIG", "RESETSTAT"]);
        introspect(&server, pairs);
        let stats = con.get::<String>(&["INFO", "commandstats"]);
        let ours = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_auth."));
        ours.filter_map(|line| line.split(',').next()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(commands(&[("token", &access)]), "verify:calls=1");
    assert_eq!(commands(&[("token", &access), AS_REFRESH]), "verify:calls=1");
    assert_eq!(commands(&[("token", &refresh), AS_REFRESH]), "inspect:calls=1");
    assert_eq!(commands(&[("token", &refresh)]), "", "it cannot be active");
}

#[test]
fn an_outage_says_nothing_about_the_token() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    redis.stop();
    for pairs in [
        &[("token", login.text_of("access_token").as_str())][..],
        &[("token", &login.text_of("refresh_token")), AS_REFRESH],
    ] {
        assert_eq!(introspect(&server, pairs).error(), (503, "temporarily_unavailable".into()));
    }
}

#[test]
fn numbers_stay_as_they_were_signed_on_every_way() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let claims = r#"{"n":[-0,1e-400,1E400,18446744073709551616]}"#;
    let body = format!(r#"{{"subject":"42","claims":{claims},"meta":{claims}}}"#);
    let request = server.request("POST", "/sessions").basic("local", server.secret());
    let login = request.typed("application/json", body.as_str()).send();
    assert_eq!(login.status, 201, "{login:?}");
    let access = login.text_of("access_token");
    let told = introspect(&server, &[("token", access.as_str())]);
    assert!(told.text.contains(&claims[1..claims.len() - 1]), "{told:?}");
    let verified = server.request("GET", "/verify").bearer(&access).send();
    assert_eq!(verified.header("x-auth-claims"), claims);
    let listed = server.request("GET", "/subjects/42/sessions").basic("local", server.secret()).send();
    assert_eq!(listed.text.matches(claims).count(), 2, "meta and claims: {listed:?}");
}
