//! The console's routes: where they are, who may ask, and what they answer. What the page does is tested with a browser.

use std::iter;

use serde_json::json;

use super::redis;
use crate::support::{
    event_stream::EventStream,
    http::HttpRequest,
    http_server::{Server, add_client, clients_file, directory},
    *,
};

/// The routes, each with a method that it takes.
const ROUTES: [(&str, &str); 5] = [
    ("GET", "/console"),
    ("GET", "/console/app.js"),
    ("GET", "/keys"),
    ("POST", "/inspect"),
    ("GET", "/events"),
];

/// Asserts that the console is at an address, or that none of its routes is.
#[track_caller]
fn is_there(base: &str, wanted: bool) {
    for (method, path) in ROUTES {
        let expected = match (wanted, path.starts_with("/console")) {
            (false, _) => 404,
            (true, true) => 200,
            (true, false) => 401,
        };
        let answer = HttpRequest::new(method, &format!("{base}{path}")).send();
        assert_eq!(answer.status, expected, "{base}{path}");
    }
}

#[test]
fn the_console_is_on_the_loopback_and_elsewhere_only_when_asked_for() {
    for (flags, wanted) in [
        (&[][..], true),
        (&["--listen", "0.0.0.0:0"], false),
        (&["--listen", "0.0.0.0:0", "--console"], true),
    ] {
        let server = Server::start_in(directory(), flags);
        is_there(&format!("http://{}", server.address()), wanted);
        assert_eq!(server.printed().contains("/console"), wanted, "{}", server.printed());
    }
}

#[test]
fn with_an_admin_address_the_console_is_there_alone() {
    let redis = redis();
    for more in [&[][..], &["--console"]] {
        let flags = [&["--admin-listen", "127.0.0.1:0"], more].concat();
        let server = Server::before(&redis, &flags);
        let printed = server.printed();
        let (_, console) = printed.split_once("The console is on ").expect(&printed);
        is_there(console.trim_end().trim_end_matches("/console"), true);
        is_there(&format!("http://{}", server.address()), false);
    }
}

#[test]
fn the_page_can_do_nothing_but_what_its_policy_says() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let page = server.get("/console");
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ] {
        assert!(policy.split("; ").any(|given| given == part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!((page.header("x-frame-options"), page.header("referrer-policy")), ("DENY", "no-referrer"));
    let script = server.get("/console/app.js");
    assert_eq!(
        (script.header("content-type"), script.header("cache-control")),
        ("text/javascript", "no-cache")
    );
    assert_eq!(server.get("/console/console.css").header("content-type"), "text/css");
    for other in ["/console/", "/console/nothing.js", "/console/..%2fopenapi.json", "/console/console.html"] {
        assert_eq!(server.get(other).status, 404, "{other}");
    }
}

#[test]
fn every_number_that_the_page_asks_for_is_told() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let token = server.login("42").text_of("access_token");
    assert_eq!(server.request("GET", "/verify").bearer(&token).send().status, 200);
    let told = server.get("/metrics").text;
    let mut asked = vec![];
    for file in ["live.js", "overview.js", "app.js"] {
        let script = server.get(&format!("/console/{file}")).text;
        let words = script.split(|c: char| c != '_' && !c.is_ascii_lowercase());
        asked.extend(words.filter(|word| word.starts_with("hallpass_")).map(str::to_owned));
    }
    assert!(asked.len() > 10, "{asked:?}");
    asked.iter().for_each(|name| assert!(told.contains(&format!("# TYPE {name} ")), "{name}"));
}

#[test]
fn keys_inspect_and_events_are_for_clients_that_manage() {
    let redis = redis();
    let dir = directory();
    let reader = add_client(dir.path(), "reader", &["--scope", "issue,introspect"]);
    let file = clients_file(dir.path());
    let server = Server::before(&redis, &["--clients-file", file.to_str().unwrap()]);
    for (method, path) in &ROUTES[2..] {
        let ask = || server.request(method, path);
        assert_eq!(ask().send().error(), (401, "invalid_client".into()), "{path}");
        assert_eq!(ask().basic("reader", "wrong").send().error(), (401, "invalid_client".into()), "{path}");
        let refused = ask().basic("reader", &reader).send();
        assert_eq!(refused.error(), (403, "insufficient_scope".into()), "{path}");
        let bearer = ask().bearer("token").send();
        assert_eq!(bearer.error(), (401, "invalid_client".into()), "{path}");
    }
}

#[test]
fn keys_are_those_of_the_ring_without_key_material() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = server.request("GET", "/keys").basic("local", server.secret()).send();
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let of = |kid: &str| keys.iter().find(|key| key["kid"] == kid).unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(of("sig-1")["use"], "sig");
    assert_eq!((&of("ref-1")["use"], &of("ref-1")["status"]), (&json!("refresh"), &json!("active")));
    let is_known = |name: &String| ["kid", "alg", "use", "status", "nbf", "exp"].contains(&name.as_str());
    assert!(keys.iter().all(|key| key.as_object().unwrap().keys().all(is_known)), "{answer:?}");
}

#[test]
fn inspect_tells_what_a_token_is_and_exchanges_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let inspect = |token: &str| {
        let ask = server.request("POST", "/inspect").basic("local", server.secret());
        let answer = ask.json(&json!({ "token": token })).send();
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
        let body = answer.json();
        (body["active"].as_bool().unwrap(), body["state"].as_str().unwrap().to_owned(), body)
    };
    let login = server.sessions(&json!({"subject": "4/2", "claims": {"role": "admin"}}));
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let (active, state, body) = inspect(&refresh);
    assert_eq!((active, state.as_str(), &body["sub"]), (true, "current", &json!("4/2")));
    assert_eq!((&body["claims"], &body["gen"]), (&json!({"role": "admin"}), &json!(0)));
    let (active, state, body) = inspect(&access);
    assert_eq!((active, state.as_str()), (true, "current"));
    assert_eq!(body["claims"], tokens::claims(&access));
    for unknown in ["", "x", "a.b.c", "hp1.a.b.c.0.d", &format!("{access}x")] {
        assert_eq!(inspect(unknown).2, json!({"active": false, "state": "invalid"}), "{unknown}");
    }
    let next = server.token(&refresh, &[]).text_of("refresh_token");
    assert_eq!(inspect(&refresh).1, "retry");
    assert_eq!(inspect(&next).1, "current");
    assert_eq!(inspect(&access).1, "current", "nothing has ended");
    let mut con = redis.connect();
    con.get::<i64>(&["AUTH.SETCLAIMS", "auth:4/2", "ALL", "{}"]);
    assert_eq!(inspect(&access).2, json!({"active": false, "state": "stale"}));
    con.get::<i64>(&["AUTH.REVOKE", "auth:4/2", "ALL"]);
    assert_eq!(inspect(&access).2, json!({"active": false, "state": "gone"}));
    assert_eq!((inspect(&next).0, inspect(&next).1.as_str()), (false, "gone"));
    for body in ["", "{}", "[]", r#"{"token":1}"#, r#"{"token":"a","more":1}"#] {
        let ask = server.request("POST", "/inspect").basic("local", server.secret());
        assert_eq!(ask.typed("application/json", body).send().error().0, 400, "{body}");
    }
}

#[test]
fn the_demo_shows_users_and_a_theft_and_leaves_nothing_behind() {
    let server = Server::start_in(directory(), &["--demo"]);
    assert!(server.printed().contains("This is a demo"), "{}", server.printed());
    assert!(server.get("/console").text.contains("<body data-demo>"));
    let sessions = |subject: &str| {
        let ask = server.request("GET", &format!("/subjects/{subject}/sessions"));
        ask.basic("local", server.secret()).send().json()["sessions"].as_array().unwrap().clone()
    };
    let grace = sessions("demo-grace");
    assert_eq!(grace.len(), 3);
    assert!(grace.iter().all(|session| session["meta"]["demo"] == true), "{grace:?}");
    let mut events = EventStream::open(&server, None);
    let theft = iter::from_fn(|| events.next()).find(|message| message.data["event"] == "reused").unwrap();
    assert_eq!(theft.data["sub"], "demo-grace");
    wait_until("the users go on", SOON, || {
        sessions("demo-ada").iter().any(|session| session["gen"].as_u64() > Some(0))
    });
    let dir = server.stop();
    let server = Server::start_in(dir, &[]);
    assert!(!server.get("/console").text.contains("data-demo"));
    for user in ["ada", "grace", "linus", "mary", "alan", "katherine"] {
        let ask = server.request("GET", &format!("/subjects/demo-{user}/sessions"));
        let answer = ask.basic("local", server.secret()).send();
        assert_eq!(answer.json(), json!({"sessions": []}), "{user}");
    }
}
