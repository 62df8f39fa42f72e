//! The rights of clients, from one table: every route that needs a client, with every kind of credentials; and the
//! effect of a changed clients file.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::{
    http::redis,
    support::*,
    support::{
        build::built,
        http::{HttpAnswer, HttpRequest},
        http_server::{Server, add_client, clients_file, directory},
    },
};

/// The body of a request.
#[derive(Clone, Copy)]
enum Body {
    None,
    Json(&'static str),
    Form(&'static str),
}

/// A route for clients: method, path, body, the scope that it needs, and its status on success.
type Route = (&'static str, &'static str, Body, &'static str, u16);

const SCOPES: [&str; 3] = ["issue", "introspect", "manage"];

/// All of these routes.
const ROUTES: [Route; 6] = [
    ("POST", "/sessions", Body::Json(r#"{"subject":"new"}"#), "issue", 201),
    ("GET", "/subjects/42/sessions", Body::None, "manage", 200),
    ("DELETE", "/subjects/42/sessions/01890a5d-ac96-774b-bcce-b302099a8057", Body::None, "manage", 200),
    ("PUT", "/subjects/42/claims", Body::Json(r#"{"role":"admin"}"#), "manage", 200),
    ("DELETE", "/subjects/42/sessions", Body::None, "manage", 200),
    ("POST", "/introspect", Body::Form("token=x"), "introspect", 200),
];

/// A server with a client for each scope, named after it, one for each pair of scopes that lacks the third, named
/// `no-…`, and a confidential one.
struct Site {
    redis: Redis,
    server: Server,
    dir: TempDir,
    secrets: Vec<(String, String)>,
}

impl Site {
    fn new() -> Self {
        let (redis, dir) = (redis(), directory());
        let mut secrets = vec![];
        let mut add = |id: &str, more: &[&str]| {
            secrets.push((id.to_owned(), add_client(dir.path(), id, more)));
        };
        for scope in SCOPES {
            let others: Vec<&str> = SCOPES.into_iter().filter(|other| *other != scope).collect();
            add(scope, &["--scope", scope]);
            add(&format!("no-{scope}"), &["--scope", &others.join(",")]);
        }
        add("web", &["--scope", "issue,introspect,manage", "--confidential"]);
        let file = clients_file(dir.path());
        let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
        Self { redis, server, dir, secrets }
    }

    fn secret(&self, id: &str) -> &str {
        let found = self.secrets.iter().find(|(known, _)| known == id);
        &found.expect("a client").1
    }

    /// Returns the request of a route, without credentials.
    fn request(&self, (method, path, body, ..): Route) -> HttpRequest {
        let request = self.server.request(method, path);
        match body {
            Body::None => request,
            Body::Json(text) => request.typed("application/json", text),
            Body::Form(text) => request.typed("application/x-www-form-urlencoded", text),
        }
    }

    /// Returns the answer of a route to a client with its own secret.
    fn as_client(&self, route: Route, id: &str) -> HttpAnswer {
        self.request(route).basic(id, self.secret(id)).send()
    }

    /// Returns a session of 42.
    fn login(&self) -> HttpAnswer {
        let request = self.server.request("POST", "/sessions").basic("issue", self.secret("issue"));
        request.json(&json!({"subject": "42"})).send()
    }
}

/// Asserts that a client must prove itself first.
#[track_caller]
fn is_unauthenticated(answer: &HttpAnswer) {
    assert_eq!(answer.error(), (401, "invalid_client".into()), "{answer:?}");
    assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{answer:?}");
}

#[test]
fn nobody_without_right_credentials_and_the_scope_gets_through() {
    let site = Site::new();
    let login = site.login();
    let access = login.text_of("access_token");
    for route in ROUTES {
        let (_, _, body, scope, _) = route;
        let request = || site.request(route);
        let right = site.secret(scope);
        let pairs = format!("&client_id={scope}&client_secret={right}");
        for answer in [
            request().send(),
            request().basic(scope, "wrong").send(),
            request().basic(scope, "").send(),
            request().basic("", right).send(),
            request().basic("nobody", right).send(),
            request().basic(scope, site.secret("web")).send(),
            request().basic(&scope.to_uppercase(), right).send(),
            request().header("authorization", "Basic").send(),
            request().header("authorization", "Basic !!!").send(),
            request().header("authorization", &format!("Basic {right}")).send(),
            request().bearer(right).send(),
            request().bearer(&access).send(),
        ] {
            is_unauthenticated(&answer);
        }
        if !matches!(body, Body::Form(_)) {
            let (method, path, ..) = route;
            let in_query = site.server.request(method, &format!("{path}?{}", &pairs[1..])).send();
            is_unauthenticated(&in_query);
        }
        let twice = request().basic(scope, right).basic(scope, right).send();
        assert_eq!(twice.error(), (400, "invalid_request".into()));
        let lacking = site.as_client(route, &format!("no-{scope}"));
        assert_eq!(lacking.error(), (403, "insufficient_scope".into()), "{scope}");
        assert!(lacking.text_of("error_description").contains(scope));
    }
    assert_eq!(site.server.verify(&access).status, 200, "none of this had an effect");
    assert_eq!(site.redis.connect().get::<i64>(&["DBSIZE"]), 1);
}

#[test]
fn the_right_client_gets_through() {
    let site = Site::new();
    for route in ROUTES {
        let (method, path, _, scope, status) = route;
        for id in [scope, "web"] {
            let answer = site.as_client(route, id);
            assert_eq!(answer.status, status, "{method} {path} {id}: {answer:?}");
            assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
            assert!(answer.header("content-type").starts_with("application/json"));
        }
        let scheme = site.request(route).header("authorization", &basic(scope, site.secret(scope)));
        assert_eq!(scheme.send().status, status, "schemes have no case");
    }
}

/// Returns Basic credentials with an unusual scheme and an encoded id.
fn basic(id: &str, secret: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let id: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("bAsIc {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[test]
fn credentials_may_be_in_a_form_where_there_is_one() {
    let site = Site::new();
    let (login, secret) = (site.login(), site.secret("introspect"));
    let access = login.text_of("access_token");
    let ask = |pairs: &[(&str, &str)]| {
        let form = [&[("token", access.as_str())], pairs].concat();
        site.server.request("POST", "/introspect").form(&form).send()
    };
    let right = ask(&[("client_id", "introspect"), ("client_secret", secret)]);
    assert_eq!((right.status, &right.json()["active"]), (200, &json!(true)));
    let lacking = ("client_secret", site.secret("issue"));
    assert_eq!(ask(&[("client_id", "issue"), lacking]).error(), (403, "insufficient_scope".into()));
    for wrong in [
        &[("client_id", "introspect")][..],
        &[("client_id", "web")],
        &[("client_id", "single-page-app")],
        &[("client_id", "introspect"), ("client_secret", "wrong")],
        &[("client_id", "introspect"), ("client_secret", "")],
        &[("client_secret", secret)],
    ] {
        is_unauthenticated(&ask(wrong));
    }
}

#[test]
fn holders_routes_take_no_wrong_credentials_either() {
    let site = Site::new();
    let refresh = site.login().text_of("refresh_token");
    let token = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let revoke = [("token", refresh.as_str())];
    for (path, form) in [("/token", &token[..]), ("/revoke", &revoke)] {
        let send =
            |more: &[(&str, &str)]| site.server.request("POST", path).form(&[form, more].concat()).send();
        is_unauthenticated(&site.server.request("POST", path).basic("issue", "wrong").form(form).send());
        is_unauthenticated(&send(&[("client_id", "issue"), ("client_secret", "wrong")]));
        is_unauthenticated(&send(&[("client_id", "nobody"), ("client_secret", "wrong")]));
        is_unauthenticated(&send(&[("client_id", "web")]));
    }
    let rotated = site.server.token(&refresh, &[("client_id", "single-page-app")]);
    assert_eq!(rotated.status, 200, "nothing of this cost the session");
}

#[test]
fn a_hangup_makes_the_clients_file_count() {
    let site = Site::new();
    let issue = |id: &str, secret: &str| {
        let request = site.server.request("POST", "/sessions").basic(id, secret);
        request.json(&json!({"subject": "42"})).send().status
    };
    let file = clients_file(site.dir.path());

    let added = add_client(site.dir.path(), "added", &["--scope", "issue"]);
    site.server.hang_up();
    wait_until("the new client is known", SOON, || issue("added", &added) == 201);
    assert_eq!(issue("issue", site.secret("issue")), 201, "the others stay");
    let second = add_client(site.dir.path(), "added", &["--scope", "issue"]);
    site.server.hang_up();
    wait_until("the second secret is known", SOON, || issue("added", &second) == 201);
    assert_eq!(issue("added", &added), 201, "beside the first");

    let good = fs::read_to_string(&file).unwrap();
    for bad in ["", "{", r#"{"clients":[{"id":"x"}]}"#, "hps_in-the-wrong-place"] {
        fs::write(&file, bad).unwrap();
        let lines = site.server.log().lines().count();
        site.server.hang_up();
        wait_until("a line says so", SOON, || site.server.log().lines().count() > lines);
        assert_eq!(issue("added", &added), 201, "the clients stay: {bad}");
    }
    assert!(site.server.log().contains("the clients stay as they are"));
    assert!(!site.server.log().contains("hps_in-the-wrong-place"));
    fs::remove_file(&file).unwrap();
    site.server.hang_up();
    assert_eq!(issue("added", &added), 201);

    let without = good.replace("\"added\"", "\"renamed\"");
    fs::write(&file, without).unwrap();
    site.server.hang_up();
    wait_until("the client is gone", SOON, || issue("added", &added) == 401);
    assert_eq!(issue("renamed", &added), 201);
}

#[test]
fn a_hangup_keeps_the_client_of_a_private_redis() {
    let server = Server::start();
    server.login("42");
    let added = add_client(&server.dir().join("data"), "added", &["--scope", "issue"]);
    server.hang_up();
    let as_added = || {
        let request = server.request("POST", "/sessions").basic("added", &added);
        request.json(&json!({"subject": "42"})).send().status
    };
    wait_until("the new client is known", SOON, || as_added() == 201);
    server.login("42");
}

#[test]
fn the_sessions_of_a_removed_client_open_to_nobody() {
    let site = Site::new();
    let login = site
        .server
        .request("POST", "/sessions")
        .basic("web", site.secret("web"))
        .json(&json!({"subject": "42"}))
        .send();
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let file = clients_file(site.dir.path());
    let status = std::process::Command::new(&built().server)
        .args(["clients", "remove", "--id", "web", "--clients-file"])
        .arg(&file)
        .status()
        .unwrap();
    assert!(status.success());
    site.server.hang_up();
    let as_web =
        || site.server.request("GET", "/subjects/42/sessions").basic("web", site.secret("web")).send();
    wait_until("the client is gone", SOON, || as_web().status == 401);

    for more in [&[][..], &[("client_id", "web")], &[("client_id", "issue")], &[("client_id", "nobody")]] {
        assert_eq!(site.server.token(&refresh, more).error(), (400, "invalid_grant".into()), "{more:?}");
        let form = [&[("token", refresh.as_str())], more].concat();
        assert_eq!(site.server.request("POST", "/revoke").form(&form).send().status, 200);
        is_unauthenticated(&site.server.request("POST", "/introspect").form(&form).send());
        assert_eq!(site.server.verify(&access).status, 200, "it is there still: {more:?}");
    }
    let own = [("client_id", "web"), ("client_secret", site.secret("web"))];
    assert_eq!(site.server.token(&refresh, &own).error(), (401, "invalid_client".into()));
    let path = format!("/subjects/42/sessions/{}", login.text_of("session_id"));
    let ended = site.server.request("DELETE", &path).basic("manage", site.secret("manage")).send();
    assert_eq!(ended.json(), json!({"revoked": 1}), "whoever manages sessions ends it");
}

#[test]
fn a_session_of_a_client_in_no_file_is_not_refreshed_over_http() {
    let site = Site::new();
    let tokens = site.redis.connect().issue("auth:42", &["CLIENT", "elsewhere"]).unwrap();
    for more in [&[][..], &[("client_id", "elsewhere")]] {
        let answer = site.server.token(&tokens.refresh, more);
        assert_eq!(answer.error(), (400, "invalid_grant".into()), "{more:?}");
    }
}

#[test]
fn a_session_id_is_repeated_by_its_own_client_only() {
    let (redis, dir) = (redis(), directory());
    let add = |id: &str, more: &[&str]| add_client(dir.path(), id, &[&["--scope", "issue"], more].concat());
    let clients = [
        ("web", add("web", &["--confidential"])),
        ("app", add("app", &["--confidential"])),
        ("local", add("local", &[])),
        ("other", add("other", &[])),
    ];
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    let issue = |(id, secret): &(&str, String), sid: &str| {
        let body = json!({"subject": "42", "session_id": sid});
        server.request("POST", "/sessions").basic(id, secret).json(&body).send()
    };
    for (number, first) in clients.iter().enumerate() {
        let sid = format!("01890a5d-ac96-774b-bcce-b302099a800{number}");
        let issued = issue(first, &sid);
        assert_eq!(issued.status, 201, "{issued:?}");
        for second in clients.iter().filter(|second| second.0 != first.0) {
            let answer = issue(second, &sid);
            assert_eq!(answer.error(), (400, "invalid_request".into()), "{} after {}", second.0, first.0);
        }
        let again = issue(first, &sid);
        assert_eq!(again.text_of("refresh_token"), issued.text_of("refresh_token"), "{}", first.0);
    }
}
