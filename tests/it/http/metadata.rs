//! `/.well-known/…`: a client that knows the issuer finds everything else (RFC 8414).

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::http_server::{ISSUER, Server, directory},
    support::*,
};

const NAMES: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

#[track_caller]
fn metadata(server: &Server, path: &str) -> Json {
    let answer = server.get(path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert!(answer.header("content-type").starts_with("application/json"));
    assert!(answer.header("cache-control").contains("max-age="), "{answer:?}");
    answer.json()
}

#[test]
fn both_names_tell_the_same() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let metadata = NAMES.map(|path| metadata(&server, path));
    assert_eq!(metadata[0], metadata[1]);
    let [document, _] = metadata;
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["token_endpoint"], format!("{ISSUER}/token"));
    assert_eq!(document["revocation_endpoint"], format!("{ISSUER}/revoke"));
    assert_eq!(document["introspection_endpoint"], format!("{ISSUER}/introspect"));
    assert_eq!(document["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
    assert_eq!(document["grant_types_supported"], json!(["refresh_token"]));
    let methods = |name: &str| document[format!("{name}_endpoint_auth_methods_supported")].clone();
    let all = json!(["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!((methods("token"), methods("revocation")), (all.clone(), all));
    assert_eq!(methods("introspection"), json!(["client_secret_basic", "client_secret_post"]));
    assert!(document["response_types_supported"].is_array(), "required by RFC 8414 §2");
    assert_eq!(
        document["subject_types_supported"],
        json!(["public"]),
        "required by OpenID Connect Discovery"
    );
    let algorithms = &document["id_token_signing_alg_values_supported"];
    assert_eq!(*algorithms, json!(["EdDSA", "ES256", "RS256", "PS256"]), "likewise");
    assert!(document.get("authorization_endpoint").is_none(), "there is no login page here");
}

#[test]
fn what_is_named_is_there() {
    let server = Server::start();
    let document = metadata(&server, NAMES[0]);
    let issuer = format!("http://{}", server.address());
    assert_eq!(document["issuer"], issuer);
    let login = server.login("42");
    let path =
        |name: &str| document[name].as_str().expect("a URL").strip_prefix(&issuer).expect("ours").to_owned();
    assert_eq!(server.get(&path("jwks_uri")).status, 200);
    let refresh = login.text_of("refresh_token");
    let post = |name: &str, form: &[(&str, &str)]| {
        server.request("POST", &path(name)).basic("local", server.secret()).form(form).send()
    };
    let next = post("token_endpoint", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(next.status, 200);
    let token = next.text_of("access_token");
    assert_eq!(post("introspection_endpoint", &[("token", &token)]).json()["active"], true);
    assert_eq!(post("revocation_endpoint", &[("token", &token)]).status, 200);
    assert_eq!(post("introspection_endpoint", &[("token", &token)]).json()["active"], false);
}

#[test]
fn an_issuer_with_a_path_is_found_by_both_ways_of_writing_it() {
    let issuer = "https://example.com/auth/v1";
    let redis = Redis::with(&[&format!("hallpass.issuer {issuer}")]);
    let server = Server::before(&redis, &[]);
    for name in NAMES {
        for path in [name.to_owned(), format!("{name}/auth/v1"), format!("{name}/auth/v1/")] {
            let document = metadata(&server, &path);
            assert_eq!(document["issuer"], issuer);
            assert_eq!(document["token_endpoint"], format!("{issuer}/token"));
        }
        for path in ["/auth", "/other", "/auth/v1/x", "/auth%2Fv1"] {
            let answer = server.get(&format!("{name}{path}"));
            assert_eq!(answer.error(), (404, "not_found".into()), "{path}");
        }
    }
}

#[test]
fn a_slash_at_the_issuers_end_stays_and_is_not_doubled() {
    let server = Server::start_in(directory(), &["--issuer", "https://example.com/"]);
    let document = metadata(&server, NAMES[1]);
    assert_eq!(document["issuer"], "https://example.com/");
    assert_eq!(document["token_endpoint"], "https://example.com/token");
    let claims = tokens::claims(&server.login("42").text_of("access_token"));
    assert_eq!(claims["iss"], document["issuer"], "byte for byte");
}

#[test]
fn it_is_read_only_and_needs_no_redis() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    redis.stop();
    for path in NAMES {
        metadata(&server, path);
        let head = server.request("HEAD", path).send();
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert!(head.header("cache-control").contains("max-age="));
        let post = server.request("POST", path).send();
        assert_eq!(post.error(), (405, "invalid_request".into()));
        let allow = post.header("allow");
        assert!(allow.contains("GET") && allow.contains("HEAD"), "{allow}");
    }
}
