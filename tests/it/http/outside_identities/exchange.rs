//! What a good token opens: a session with the subject, the claims and the rest that the issuers file says.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::support::{
    clock::Clocked,
    http_server::{ISSUER, add_client},
    outside_issuer::unix_seconds,
    tokens::{claims, refresh_parts, unbase64},
};

#[test]
fn an_outside_token_opens_a_session_that_works_like_any_other() {
    let trusting =
        Trusting::with(&json!({"subject": "outside:{sub}", "claims": ["email", "scope"], "class": "web"}));
    let token =
        trusting.token_with(&json!({"email": "ada@example.com", "scope": "read", "roles": ["admin"]}));
    let answer = trusting.exchange(&token);
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["issued_token_type"], ACCESS_TOKEN, "RFC 8693 §2.2.1");
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("read")));
    assert_eq!((&body["expires_in"], &body["evicted"]), (&json!(900), &json!([])));
    let access = claims(&answer.text_of("access_token"));
    assert_eq!((&access["sub"], &access["email"]), (&json!("outside:42"), &json!("ada@example.com")));
    assert!(access.get("roles").is_none(), "only what the file names is copied");

    let verified = trusting.server.verify(&answer.text_of("access_token"));
    assert_eq!((verified.status, verified.header("x-auth-subject")), (200, "outside:42"));
    let next = trusting.server.token(&answer.text_of("refresh_token"), &[]);
    assert_eq!(next.status, 200, "{next:?}");
    assert_eq!(claims(&next.text_of("access_token"))["auth_time"], access["auth_time"]);
    assert!(next.json().get("issued_token_type").is_none());
    let session: Vec<redis::Value> = trusting.redis.connect().get(&["AUTH.SESSIONS", "auth:outside:42"]);
    assert!(format!("{session:?}").contains("web"), "{session:?}");
}

#[test]
fn every_algorithm_and_both_types_of_token_will_do() {
    for alg in ["ES256", "EdDSA", "RS256"] {
        let key = IssuerKey::new(alg, "k");
        let issuer = OutsideIssuer::with(&[&key]);
        let redis = redis();
        let file = json!([entry(&issuer, &json!({"jwks_uri": issuer.jwks_uri(), "algorithms": [alg]}))]);
        let server = serve(&redis, &file, &[]);
        for kind in [ID_TOKEN, JWT] {
            let form = [
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token", &key.token(&issuer.claims("42"))),
                ("subject_token_type", kind),
                ("requested_token_type", ACCESS_TOKEN),
            ];
            let answer = server.request("POST", "/token").form(&form).send();
            assert_eq!(answer.status, 200, "{alg}: {answer:?}");
        }
        let nameless = key.token_with(&json!({ "alg": alg }), &issuer.claims("42"));
        assert_eq!(exchange(&server, &nameless, &[]).status, 200, "one key needs no name");
    }
}

#[test]
fn tokens_of_firebases_shape_open_sessions() {
    let key = IssuerKey::new("RS256", "9c5c6e5fd5a4d5f8b3a1a7c3e2d1f0a9b8c7d6e5");
    let keys = OutsideIssuer::with(&[&key]);
    keys.caches("public, max-age=22347, must-revalidate, no-transform");
    let redis = redis();
    let project = "https://securetoken.google.com/my-project";
    let file = json!([{
        "issuer": project, "audience": "my-project", "jwks_uri": keys.jwks_uri(), "algorithms": ["RS256"],
        "subject": "firebase:{sub}", "claims": ["name", "email", "email_verified"], "max_age": 86_400,
    }]);
    let server = serve(&redis, &file, &[]);
    let now = unix_seconds();
    let token = key.token(&json!({
        "name": "Ada Lovelace", "picture": "https://lh3.googleusercontent.com/a/x", "iss": project,
        "aud": "my-project", "auth_time": now - 7200, "user_id": "AbCdEfGhIjKlMnOpQrStUvWxYz12",
        "sub": "AbCdEfGhIjKlMnOpQrStUvWxYz12", "iat": now - 60, "exp": now + 3540, "email": "ada@example.com",
        "email_verified": true,
        "firebase": {"identities": {"google.com": ["103"], "email": ["ada@example.com"]}, "sign_in_provider": "google.com"},
    }));
    let answer = exchange(&server, &token, &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let access = claims(&answer.text_of("access_token"));
    assert_eq!(access["sub"], "firebase:AbCdEfGhIjKlMnOpQrStUvWxYz12");
    assert_eq!((&access["email_verified"], &access["name"]), (&json!(true), &json!("Ada Lovelace")));
    let old = key.token(&json!({
        "iss": project, "aud": "my-project", "auth_time": now - 86_500, "sub": "x", "iat": now, "exp": now + 3600,
    }));
    assert_eq!(
        exchange(&server, &old, &[]).error(),
        (400, "invalid_request".into()),
        "the SDK renewed it all day"
    );
}

#[test]
fn two_users_of_two_issuers_are_two_subjects() {
    let keys = [IssuerKey::new("ES256", "k"), IssuerKey::new("ES256", "k")];
    let issuers = [OutsideIssuer::with(&[&keys[0]]), OutsideIssuer::with(&[&keys[1]])];
    let redis = redis();
    let file = json!([
        entry(&issuers[0], &json!({"subject": "a:{sub}"})),
        entry(&issuers[1], &json!({"subject": "b:{sub}"})),
    ]);
    let server = serve(&redis, &file, &[]);
    for (index, (subject, expected)) in
        [("42", "a:42"), ("42", "b:42"), ("b:42", "a:b%3A42"), ("%3A", "b:%253A")].into_iter().enumerate()
    {
        let (key, issuer) = (&keys[index % 2], &issuers[index % 2]);
        let answer = exchange(&server, &key.token(&issuer.claims(subject)), &[]);
        assert_eq!(claims(&answer.text_of("access_token"))["sub"], expected);
        let encoded = &refresh_parts(&answer.text_of("refresh_token"))[2];
        assert_eq!(unbase64(encoded), expected.as_bytes());
    }
}

#[test]
fn a_limit_ends_the_oldest_session_of_the_class() {
    let trusting = Trusting::with(&json!({"limit": 1, "class": "web"}));
    let first = trusting.exchange(&trusting.token("42"));
    let other = trusting.server.sessions(&json!({"subject": "42", "class": "phone"}));
    let second = trusting.exchange(&trusting.token("42"));
    assert_eq!(second.json()["evicted"], json!([first.json()["session_id"]]));
    assert_eq!(trusting.server.token(&other.text_of("refresh_token"), &[]).status, 200);
}

#[test]
fn the_request_is_checked_before_the_token_is_used_up() {
    let trusting = Trusting::with(&json!({"claims": ["scope"]}));
    let token = trusting.token_with(&json!({"scope": "read write"}));
    let grant = ("grant_type", TOKEN_EXCHANGE);
    let subject = ("subject_token", token.as_str());
    let kind = ("subject_token_type", ID_TOKEN);
    let wrong = "invalid_request";
    for (form, error) in [
        (vec![grant, kind], wrong),
        (vec![grant, subject], wrong),
        (vec![grant, ("subject_token", ""), kind], wrong),
        (vec![grant, subject, subject, kind], wrong),
        (vec![grant, subject, ("subject_token_type", ACCESS_TOKEN)], wrong),
        (vec![grant, subject, ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")], wrong),
        (
            vec![grant, subject, kind, ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2")],
            wrong,
        ),
        (vec![grant, subject, kind, ("requested_token_type", ID_TOKEN)], wrong),
        (vec![grant, subject, kind, ("actor_token", &token), ("actor_token_type", ID_TOKEN)], wrong),
        (vec![grant, subject, kind, ("actor_token_type", ID_TOKEN)], wrong),
        (vec![grant, subject, kind, ("cookie", "true")], wrong),
        (vec![grant, subject, kind, ("cookie", "yes")], wrong),
        (vec![grant, subject, kind, ("scope", "admin")], "invalid_scope"),
        (vec![grant, subject, kind, ("audience", "elsewhere")], "invalid_target"),
        (vec![grant, subject, kind, ("resource", "https://elsewhere.example")], "invalid_target"),
        (
            vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), subject, kind],
            "unsupported_grant_type",
        ),
    ] {
        let answer = trusting.server.request("POST", "/token").form(&form).send();
        assert_eq!(answer.error(), (400, error.into()), "{form:?}");
    }
    let unknown = [("client_id", "local"), ("client_secret", "wrong")];
    assert_eq!(exchange(&trusting.server, &token, &unknown).error(), (401, "invalid_client".into()));
    assert_eq!(sessions(&trusting.redis, "42"), 0);

    let more =
        [("scope", "read"), ("audience", "api"), ("resource", "api"), ("unknown", "1"), ("cookie", "false")];
    let answer = exchange(&trusting.server, &token, &more);
    assert_eq!(answer.status, 200, "after all that it is still good: {answer:?}");
}

#[test]
fn the_session_belongs_to_the_confidential_client_that_asked() {
    let trusting = Trusting::with(&json!({}));
    let dir = trusting.server.dir();
    let secret = add_client(dir, "bff", &["--scope", "issue", "--confidential"]);
    trusting.server.hang_up();
    let credentials = [("client_id", "bff"), ("client_secret", secret.as_str())];
    let ask = || exchange(&trusting.server, &trusting.token("42"), &credentials);
    let answer = wait_for("the client is known", SOON, || Some(ask()).filter(|answer| answer.status == 200));
    let refresh = answer.text_of("refresh_token");
    assert_ne!(trusting.server.token(&refresh, &[]).status, 200, "bound");
    assert_eq!(trusting.server.token(&refresh, &credentials).status, 200);
    let public = exchange(&trusting.server, &trusting.token("42"), &[("client_id", "spa")]);
    assert_eq!(public.status, 200, "{public:?}");
    assert_eq!(trusting.server.token(&public.text_of("refresh_token"), &[]).status, 200);
}

#[test]
fn the_metadata_names_the_grant_where_somebody_is_trusted() {
    let trusting = Trusting::with(&json!({}));
    let grants = |server: &Server| {
        server.get("/.well-known/oauth-authorization-server").json()["grant_types_supported"].clone()
    };
    assert_eq!(grants(&trusting.server), json!(["refresh_token", TOKEN_EXCHANGE]));
    let redis = redis();
    let nobody = Server::before(&redis, &[]);
    assert_eq!(grants(&nobody), json!(["refresh_token"]));
    let answer = exchange(&nobody, &trusting.token("42"), &[]);
    assert_eq!(answer.error(), (400, "unsupported_grant_type".into()));
}

#[test]
fn exchanges_are_rate_limited_by_address() {
    let trusting = Trusting::with_flags(&json!({}), &["--trusted-proxy", "127.0.0.0/8"]);
    let path = trusting.redis.path("issuers.json");
    let flags =
        ["--issuers-file", path.to_str().unwrap(), "--rate-limit", "1", "--trusted-proxy", "127.0.0.0/8"];
    let limited = Server::before(&trusting.redis, &flags);
    let from = |address: &str| {
        exchange_request(&limited, "nonsense", &[]).header("x-forwarded-for", address).send().status
    };
    assert!((0..50).any(|_| from("192.0.2.1") == 429));
    assert_eq!(from("192.0.2.2"), 400);
}

#[test]
fn the_session_knows_when_the_user_authenticated() {
    let trusting = Trusting::with(&json!({}));
    let now = unix_seconds();
    for (claims_of_token, expected) in [
        (json!({"auth_time": now - 7200}), now - 7200),
        (json!({"iat": now - 7200, "exp": now + 60}), now - 7200),
        (json!({"iat": now - 60, "auth_time": now - 80_000}), now - 80_000),
    ] {
        let answer = trusting.exchange(&trusting.token_with(&claims_of_token));
        assert_eq!(claims(&answer.text_of("access_token"))["auth_time"], expected, "{claims_of_token}");
    }
    let ahead = trusting.exchange(&trusting.token_with(&json!({"iat": now + 8, "auth_time": now + 8})));
    let at = claims(&ahead.text_of("access_token"))["auth_time"].as_u64().unwrap();
    assert!(at >= now && at <= unix_seconds(), "never in the future: {at}");
}

#[test]
fn a_login_of_a_moment_ago_opens_a_session_where_the_clock_of_redis_is_behind() {
    let key = IssuerKey::new("ES256", "k");
    let issuer = OutsideIssuer::with(&[&key]);
    let clocked = Clocked::with(&[&format!("hallpass.issuer {ISSUER}")]);
    let server = serve(&clocked.redis, &json!([entry(&issuer, &json!({}))]), &[]);
    clocked.back(Duration::from_secs(20));
    let answer = exchange(&server, &key.token(&issuer.claims("42")), &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn the_session_is_shared_as_the_file_says() {
    for (shared, is_same) in [(json!(3), true), (json!(0), false)] {
        let trusting = Trusting::with(&json!({ "shared": shared }));
        let first = trusting.exchange(&trusting.token("42")).text_of("refresh_token");
        let next = trusting.server.token(&first, &[]).text_of("refresh_token");
        assert_eq!(next == first, is_same, "a shared generation lasts for half an access token's life");
    }
}
