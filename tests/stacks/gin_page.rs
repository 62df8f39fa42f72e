//! The page of the Gin application: in React, and on the one other origin whose scripts it allows.

use serde_json::json;

use crate::{
    holder::{Holder, with_cookie},
    rig::Rig,
    support::{
        AuthCommands,
        build::repository,
        http::HttpAnswer,
        tools::{installed, node, succeeds, system_program},
    },
};

/// The allowed origin. It has no port: the browser is told where to find it.
pub const ALLOWED_ORIGIN: &str = "http://app.demo.localhost";
/// Origins that are not allowed.
const OTHERS: [&str; 4] =
    ["http://demo.localhost", "http://app.demo.localhost:81", "https://app.demo.localhost", "null"];

/// What an answer must say, so that a script may send the cookie and read the answer.
const CORS: [(&str, &str); 6] = [
    ("access-control-allow-origin", ALLOWED_ORIGIN),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "GET, POST, DELETE"),
    ("access-control-allow-headers", "Authorization, Content-Type, X-Hallpass"),
    ("access-control-expose-headers", "Retry-After, WWW-Authenticate"),
    ("access-control-max-age", "600"),
];

pub fn one_other_origin_may_read_answers(rig: &Rig) {
    let holder = Holder::login(rig, "ada");
    let statuses = |origin, check: fn(&HttpAnswer)| {
        calls(rig, &holder, origin).map(|answer| {
            check(&answer);
            answer.status
        })
    };
    assert_eq!(statuses(ALLOWED_ORIGIN, is_readable), [200, 401, 200, 200]);
    for origin in OTHERS {
        assert_eq!(statuses(origin, is_not_readable), [200, 401, 200, 200]);
    }
    for path in ["/login", "/token", "/revoke", "/set-cache", "/move", "/api/hello", "/api/devices"] {
        let answer = preflight(rig, path, ALLOWED_ORIGIN);
        assert_eq!((answer.status, &*answer.text), (204, ""), "{answer:?}");
        is_readable(&answer);
        OTHERS.iter().for_each(|origin| is_not_readable(&preflight(rig, path, origin)));
    }
    is_not_readable(&holder.hello(rig));
}

/// Sends what a browser asks first.
fn preflight(rig: &Rig, path: &str, origin: &str) -> HttpAnswer {
    let request = rig.request("OPTIONS", path).header("Origin", origin);
    let request = request.header("Access-Control-Request-Headers", "authorization,x-hallpass");
    request.header("Access-Control-Request-Method", "POST").send()
}

/// Sends what scripts of an origin send: to the protected route with a good and a bad token, a login, and a refresh.
fn calls(rig: &Rig, holder: &Holder, origin: &str) -> [HttpAnswer; 4] {
    let request = |method, path| rig.request(method, path).header("Origin", origin);
    let hello = |token: &str| request("GET", "/api/hello").bearer(token).send();
    let login = request("POST", "/login").json(&json!({"name": "ada", "password": "demo"})).send();
    let refresh = with_cookie(request("POST", "/token"), &holder.cookie).header("X-Hallpass", "1").send();
    [hello(&holder.access), hello("x"), login, refresh]
}

#[track_caller]
fn is_readable(answer: &HttpAnswer) {
    for (name, value) in CORS {
        assert_eq!(answer.headers(name), [value], "{name}: {answer:?}");
    }
    assert!(answer.headers("vary").contains(&"Origin"), "{answer:?}");
}

#[track_caller]
fn is_not_readable(answer: &HttpAnswer) {
    CORS.iter().for_each(|(name, _)| assert!(!answer.has_header(name), "{name}: {answer:?}"));
    assert!(answer.headers("vary").contains(&"Origin"), "another origin is answered otherwise: {answer:?}");
}

/// Uses the page in Chromium, on its own origin, on the allowed one, and on another.
pub fn the_react_page_works(rig: &Rig) {
    rig.con().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    installed("tests/browser/node_modules/playwright-core");
    let mut command = node();
    command
        .arg(repository().join("tests/browser/gin_react.mjs"))
        .envs(rig.variables())
        .env("EXAMPLE_URL", format!("http://{}", rig.address()))
        .envs([("LINE_URL", "http://api.demo.localhost:0"), ("ALLOWED_ORIGIN", ALLOWED_ORIGIN)])
        .env("PROFILE", rig.path("profile"))
        .env("CHROMIUM", system_program("chromium"));
    succeeds("gin_react.mjs", &mut command);
}
