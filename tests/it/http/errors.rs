//! The HTTP routes: the answer to each wrong request, which reveals nothing more.

use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{
        http::HttpAnswer,
        http_server::{Server, add_client, clients_file, directory},
    },
};

/// The status and the error code.
#[track_caller]
fn is(answer: &HttpAnswer, status: u16, code: &str) {
    assert_eq!(answer.error(), (status, code.to_owned()), "{answer:?}");
}

#[test]
fn issuing_needs_right_credentials() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let body = json!({"subject": "42"});
    let post = || server.request("POST", "/sessions").json(&body);
    for answer in [
        post().send(),
        post().basic("local", "wrong").send(),
        post().basic("nobody", server.secret()).send(),
        post().basic("local", "").send(),
        post().header("authorization", "Basic !!!").send(),
        post().bearer(server.secret()).send(),
    ] {
        is(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
    }
    assert_eq!(redis.connect().get::<i64>(&["DBSIZE"]), 0);
}

#[test]
fn issuing_needs_the_scope_and_the_audience() {
    let redis = redis();
    let dir = directory();
    add_client(dir.path(), "local", &["--scope", "issue"]);
    let reader = add_client(dir.path(), "reader", &["--scope", "introspect"]);
    let shop = add_client(dir.path(), "shop", &["--scope", "issue", "--audience", "shop,cart"]);
    let clients = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", clients.to_str().unwrap()]);
    let issue = |id: &str, secret: &str, body| {
        server.request("POST", "/sessions").basic(id, secret).json(&body).send()
    };
    is(&issue("reader", &reader, json!({"subject": "42"})), 403, "insufficient_scope");
    is(&issue("shop", &shop, json!({"subject": "42"})), 403, "insufficient_scope");
    is(&issue("shop", &shop, json!({"subject": "42", "audience": "api"})), 403, "insufficient_scope");
    assert_eq!(issue("shop", &shop, json!({"subject": "42", "audience": "cart"})).status, 201);
}

#[test]
fn a_wrong_session_request_is_refused_and_creates_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let text = |body: &str| {
        server
            .request("POST", "/sessions")
            .basic("local", server.secret())
            .typed("application/json", body)
            .send()
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"subject":42}"#,
        r#"{"subject":""}"#,
        r#"{"subject":".."}"#,
        r#"{"subject":"a\u0000"}"#,
        r#"{"subject":"42","sub":"42"}"#,
        r#"{"subject":"42","subject":"43"}"#,
        r#"{"subject":"42","claims":[]}"#,
        r#"{"subject":"42","claims":{"sub":"43"}}"#,
        r#"{"subject":"42","claims":{"a":1,"a":2}}"#,
        r#"{"subject":"42","limit":0}"#,
        r#"{"subject":"42","limit":"1"}"#,
        r#"{"subject":"42","limit":1,"on_limit":"explode"}"#,
        r#"{"subject":"42","on_limit":"evict"}"#,
        r#"{"subject":"42","session_id":"x"}"#,
        r#"{"subject":"42","access_ttl":0}"#,
        r#"{"subject":"42","access_ttl":60,"idle_ttl":30}"#,
        r#"{"subject":"42","class":"a b"}"#,
        r#"{"subject":"42","meta":1}"#,
        r#"{"subject":"42","meta":null}"#,
        r#"{"subject":"42","claims":null}"#,
        r#"{"subject":"42","audience":null}"#,
        r#"{"subject":"42","class":null}"#,
        r#"{"subject":"42","session_id":null}"#,
        r#"{"subject":"42","max_ttl":null}"#,
        r#"{"subject":"42","cookie":null}"#,
        r#"{"subject":"42","audience":"*"}"#,
        r#"{"subject":"42","max_ttl":-1}"#,
        r#"{"subject":"42","max_ttl":1.5}"#,
        r#"{"subject":"42"} x"#,
    ] {
        is(&text(body), 400, "invalid_request");
    }
    assert_eq!(redis.connect().get::<i64>(&["DBSIZE"]), 0);
}

#[test]
fn foreign_data_at_the_key_is_a_conflict() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    redis.connect().get::<()>(&["SET", "auth:42", "x"]);
    is(&server.sessions(&json!({"subject": "42"})), 409, "wrong_type");
}

#[test]
fn a_wrong_token_request_is_refused_by_its_fault() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let refresh = server.login("42").text_of("refresh_token");
    let form = |pairs: &[(&str, &str)]| server.request("POST", "/token").form(pairs).send();
    let grant = ("grant_type", "refresh_token");
    let good = ("refresh_token", refresh.as_str());
    is(&form(&[]), 400, "invalid_request");
    is(&form(&[grant]), 400, "invalid_request");
    is(&form(&[good]), 400, "invalid_request");
    is(&form(&[grant, good, good]), 400, "invalid_request");
    is(&form(&[grant, grant, good]), 400, "invalid_request");
    is(&form(&[grant, good, ("unknown", "1"), ("unknown", "2")]), 400, "invalid_request");
    is(&form(&[grant, good, ("client_id", "a"), ("client_id", "a")]), 400, "invalid_request");
    is(&form(&[("grant_type", "password"), good]), 400, "unsupported_grant_type");
    is(&form(&[("grant_type", "authorization_code"), good]), 400, "unsupported_grant_type");
    is(&form(&[grant, good, ("client_id", "local"), ("client_secret", "wrong")]), 401, "invalid_client");
    is(&form(&[grant, good, ("client_id", "nobody"), ("client_secret", "wrong")]), 401, "invalid_client");
    let mut last = refresh[..refresh.len() - 1].to_owned();
    last.push('!');
    for bad in ["x", "hp1.a.b.c.0.d", &last, &refresh.to_uppercase(), &"x".repeat(9_000)] {
        is(&server.token(bad, &[]), 400, "invalid_grant");
    }
    let text = format!("grant_type=refresh_token&refresh_token={refresh}");
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        is(&server.request("POST", "/token").typed(kind, text.clone()).send(), 400, "invalid_request");
    }
    let untyped = server.request("POST", &format!("/token?{text}")).send();
    is(&untyped, 400, "invalid_request");
    let refreshed = server.token(&refresh, &[("unknown", "1")]);
    assert_eq!(refreshed.status, 200, "nothing of this cost the session");
    assert_eq!(refreshed.header("pragma"), "no-cache", "RFC 6749 §5.1");
}

#[test]
fn a_refusal_names_parameters_and_not_options_of_commands() {
    let redis = redis();
    redis.connect().get::<()>(&["CONFIG", "SET", "hallpass.refresh-requires-access", "yes"]);
    let server = Server::before(&redis, &[]);
    let refresh = server.login("42").text_of("refresh_token");
    let answer = server.token(&refresh, &[]);
    assert_eq!(answer.text_of("error_description"), "access_token is required");
    let answer = server.sessions(&json!({"subject": "42", "access_ttl": 60, "idle_ttl": 30}));
    let description = answer.text_of("error_description");
    assert!(description.contains("access_ttl <= idle_ttl <= max_ttl"), "{description}");
}

#[test]
fn verify_challenges_as_rfc_6750_says() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let missing = server.get("/verify");
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, "Bearer"));
    let with = |value: &str| server.request("GET", "/verify").header("authorization", value).send();
    for bad in ["x", "x.y.z", &refresh, &access[1..], &format!("{access}="), &"x".repeat(9_000)] {
        let answer = with(&format!("Bearer {bad}"));
        is(&answer, 401, "invalid_token");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#),
            "{challenge}"
        );
        assert!(!answer.has_header("x-auth-subject"));
    }
    assert_eq!(with(&format!("bearer {access}")).status, 200, "schemes have no case");
    for other in [format!("Basic {access}"), access.clone(), String::new()] {
        assert_eq!(with(&other).status, 401, "{other}");
    }
    let in_query = server.get(&format!("/verify?access_token={access}"));
    assert_eq!(in_query.status, 401, "Bearer only");
    redis.connect().get::<i64>(&["DEL", "auth:42"]);
    let dead = || with(&format!("Bearer {access}"));
    wait_until("the end is heard", SOON, || dead().status == 401);
    is(&dead(), 401, "invalid_token");
}

#[test]
fn two_authorization_headers_are_one_too_many() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let answer = server.request("GET", "/verify").bearer(&access).bearer(&access).send();
    assert!([400, 401].contains(&answer.status));
}

#[test]
fn unknown_routes_and_methods_are_json_too() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    is(&server.get("/"), 404, "not_found");
    is(&server.get("/nowhere/%ff"), 404, "not_found");
    for (method, path) in
        [("GET", "/token"), ("GET", "/sessions"), ("POST", "/healthz"), ("DELETE", "/.well-known/jwks.json")]
    {
        let answer = server.request(method, path).send();
        is(&answer, 405, "invalid_request");
        assert!(answer.has_header("allow"), "{method} {path}");
    }
}

#[test]
fn what_the_query_says_proves_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let refresh = server.login("42").text_of("refresh_token");
    let query = format!("client_id=local&client_secret={}", server.secret());
    let introspection = server.request("POST", &format!("/introspect?{query}")).form(&[("token", &refresh)]);
    is(&introspection.send(), 401, "invalid_client");
    let grant = format!("/token?{query}&grant_type=refresh_token&refresh_token={refresh}");
    is(&server.request("POST", &grant).form(&[("a", "b")]).send(), 400, "invalid_request");
}

#[test]
fn a_huge_body_is_refused() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let huge = "x".repeat(2 << 20);
    let token =
        server.request("POST", "/token").typed("application/x-www-form-urlencoded", huge.clone()).try_send();
    let session = server
        .request("POST", "/sessions")
        .basic("local", server.secret())
        .typed("application/json", huge)
        .try_send();
    for answer in [token, session].into_iter().flatten() {
        is(&answer, 413, "invalid_request");
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn no_log_at_any_level_and_no_refusal_repeats_a_secret() {
    let redis = redis();
    let server = Server::before(&redis, &["--log", "debug"]);
    let login = server.login("42");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let next = server.token(&refresh, &[("access_token", &access)]).text_of("refresh_token");
    server.token(&next, &[("client_id", "local"), ("client_secret", server.secret())]);
    let with_secret = || server.request("POST", "/sessions").basic("local", server.secret());
    let refused = [
        with_secret().typed("application/json", format!("\"{refresh}\"")).send(),
        with_secret().typed("application/json", format!("{{\"{refresh}\":1}}")).send(),
        with_secret().json(&json!({"subject": "42", "on_limit": refresh})).send(),
        server.token(&refresh, &[]),
        server.token(&refresh, &[]),
        server.verify(&access),
        server.get(&format!("/verify/{access}?token={refresh}")),
        server.get(&format!("/{refresh}")),
        server.request("POST", "/sessions").basic("local", &access).json(&json!({"subject": "42"})).send(),
    ];
    let mac = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let secrets = [mac(&access), mac(&refresh), mac(&next), server.secret().to_owned()];
    let log = server.log() + &server.printed();
    for secret in secrets {
        assert!(!log.contains(&secret), "{log}");
        assert!(refused.iter().all(|answer| !answer.text.contains(&secret)), "{refused:?}");
    }
}
