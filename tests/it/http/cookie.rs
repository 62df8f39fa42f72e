//! Cookie mode: the refresh token is in a cookie and nowhere else, and only the end of the session clears the cookie.

use serde_json::json;

use crate::{
    http::redis,
    support::*,
    support::{http::HttpAnswer, http_server::Server},
};

/// Returns name and value of the one cookie that an answer sets, and its attributes.
#[track_caller]
fn cookie(answer: &HttpAnswer) -> (String, Vec<String>) {
    let line = answer.header("set-cookie");
    let mut parts = line.split("; ").map(str::to_owned);
    let pair = parts.next().filter(|pair| pair.contains('='));
    let pair = pair.unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    let mut attributes: Vec<String> = parts.collect();
    attributes.sort();
    (pair, attributes)
}

/// Returns a browser's Cookie header, after a login.
fn login(server: &Server) -> String {
    let answer = server.sessions(&json!({"subject": "42", "cookie": true}));
    assert_eq!(answer.status, 201, "{answer:?}");
    cookie(&answer).0
}

/// Sends `POST /token` by cookie, with the required header.
fn by_cookie(server: &Server, cookie: &str) -> HttpAnswer {
    let form = [("grant_type", "refresh_token")];
    server.request("POST", "/token").header("cookie", cookie).header("x-hallpass", "1").form(&form).send()
}

/// Asserts that the browser forgets its cookie.
#[track_caller]
fn is_cleared(answer: &HttpAnswer) {
    let (pair, attributes) = cookie(answer);
    assert_eq!(pair, "__Host-hallpass=");
    assert!(attributes.contains(&"Max-Age=0".to_owned()), "{attributes:?}");
    assert!(attributes.contains(&"Path=/".to_owned()) && attributes.contains(&"Secure".to_owned()));
}

#[test]
fn a_session_with_a_cookie_has_its_refresh_token_there_only() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = server.sessions(&json!({"subject": "42", "cookie": true, "idle_ttl": 7200}));
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    let (pair, attributes) = cookie(&answer);
    assert!(pair.starts_with("__Host-hallpass=hp1."), "{pair}");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=7200", "Path=/", "SameSite=Strict", "Secure"]);
    assert!(answer.json().get("refresh_token").is_none() && !answer.text.contains("hp1."), "{answer:?}");
    assert_eq!(answer.json()["refresh_expires_in"], 7200);
    assert!(answer.text_of("access_token").contains('.'));
    let plain = server.sessions(&json!({"subject": "42", "cookie": false}));
    assert!(!plain.has_header("set-cookie") && plain.text_of("refresh_token").starts_with("hp1."));
}

#[test]
fn the_longest_cookie_fits_into_a_browser() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = server.sessions(&json!({"subject": "ü".repeat(127), "cookie": true}));
    assert_eq!(answer.status, 201, "{answer:?}");
    let length = cookie(&answer).0.len();
    // Browsers count name and value. The id of the key may be as long as that of the generation and more.
    assert!((340..1024).contains(&length), "{length}");
}

#[test]
fn the_cookie_rotates_and_repeats() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let first = login(&server);
    let answer = by_cookie(&server, &format!("theme=dark; {first}; x=y"));
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let (second, attributes) = cookie(&answer);
    assert!(second.starts_with("__Host-hallpass=hp1.") && second != first);
    assert_eq!(attributes, ["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=Strict", "Secure"]);
    assert!(answer.json().get("refresh_token").is_none(), "{answer:?}");
    assert_eq!(cookie(&by_cookie(&server, &first)).0, second, "the other tab");
    let third = by_cookie(&server, &second);
    assert_eq!(third.status, 200);
    assert_eq!(server.verify(&third.text_of("access_token")).status, 200);
}

#[test]
fn a_call_by_cookie_needs_its_header() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    let form = [("grant_type", "refresh_token")];
    let forged = server
        .request("POST", "/token")
        .header("cookie", &session)
        .header("origin", "https://evil.example")
        .form(&form)
        .send();
    assert_eq!(forged.error(), (400, "invalid_request".into()));
    assert!(!forged.has_header("set-cookie"));
    let empty = server.request("POST", "/token").header("cookie", &session).header("x-hallpass", "");
    assert_eq!(empty.form(&form).send().status, 200, "nothing was lost, and any value will do");
    let none = server.request("POST", "/token").header("x-hallpass", "1").form(&form).send();
    assert_eq!(none.error(), (400, "invalid_request".into()));
    assert!(!none.has_header("set-cookie"));
}

#[test]
fn a_missing_cookie_is_no_error_where_it_is_optional() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let optional = |path: &str| server.request("POST", path).header("x-hallpass", "optional");
    let grant = [("grant_type", "refresh_token")];
    for cookies in ["theme=dark", "__Host-hallpass="] {
        let answer = optional("/token").header("cookie", cookies).form(&grant).send();
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{cookies}");
        assert_eq!((answer.header("cache-control"), answer.has_header("set-cookie")), ("no-store", false));
    }
    assert_eq!(optional("/revoke").send().status, 200);

    let session = login(&server);
    let refreshed = optional("/token").header("cookie", &session).form(&grant).send();
    assert_eq!(refreshed.status, 200);
    assert_eq!(optional("/revoke").header("cookie", &session).send().status, 200);
    let ended = optional("/token").header("cookie", &session).form(&grant).send();
    assert_eq!(ended.error(), (400, "invalid_grant".into()), "only a missing one is");
    for form in
        [&[][..], &[("grant_type", "password")], &[grant[0], ("client_id", "local"), ("client_secret", "x")]]
    {
        let answer = optional("/token").form(form).send();
        assert!(answer.status >= 400, "the rest of the request is judged as ever: {answer:?}");
    }
}

#[test]
fn a_form_token_wins_over_the_cookie() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    let other = server.login("43");
    let with_cookie = |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let request = server.request("POST", "/token").header("cookie", &session).header("x-hallpass", "1");
        request.form(&form).send()
    };
    let answer = with_cookie(&other.text_of("refresh_token"));
    assert_eq!(answer.json()["session_id"], other.json()["session_id"]);
    assert!(answer.text_of("refresh_token").starts_with("hp1.") && !answer.has_header("set-cookie"));
    let refused = with_cookie("hp1.nonsense");
    assert_eq!(refused.error(), (400, "invalid_grant".into()));
    assert!(!refused.has_header("set-cookie"), "the cookie's session is another one");
    assert_eq!(by_cookie(&server, &session).status, 200);
}

#[test]
fn what_has_ended_is_cleared() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    redis.connect().get::<i64>(&["DEL", "auth:42"]);
    let ended = by_cookie(&server, &session);
    assert_eq!(ended.error(), (400, "invalid_grant".into()));
    is_cleared(&ended);
    let garbage = by_cookie(&server, "__Host-hallpass=garbage");
    assert_eq!(garbage.error(), (400, "invalid_grant".into()));
    is_cleared(&garbage);
}

#[test]
fn nothing_else_is_cleared() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    let request = || server.request("POST", "/token").header("cookie", &session).header("x-hallpass", "1");
    let grant = ("grant_type", "refresh_token");
    for (answer, status) in [
        (request().form(&[("grant_type", "password")]).send(), 400),
        (request().form(&[grant, ("client_id", "local"), ("client_secret", "wrong")]).send(), 401),
        (request().typed("text/plain", "x").send(), 400),
        (request().header("cookie", &session).form(&[grant]).send(), 400),
    ] {
        assert_eq!((answer.status, answer.has_header("set-cookie")), (status, false), "{answer:?}");
    }
    let scope = request().form(&[grant, ("scope", "admin")]).send();
    assert_eq!(scope.error(), (400, "invalid_scope".into()));
    assert!(cookie(&scope).0.starts_with("__Host-hallpass=hp1."), "the browser holds the successor");

    redis.connect().get::<()>(&["SAVE"]);
    redis.stop();
    let outage = by_cookie(&server, &session);
    assert_eq!(outage.error(), (503, "temporarily_unavailable".into()));
    assert!(!outage.has_header("set-cookie"), "an outage logs nobody out");
    redis.restart();
    wait_until("the server is back", SOON, || server.get("/readyz").status == 200);
    assert_eq!(by_cookie(&server, &session).status, 200);
}

#[test]
fn logging_out_by_cookie_ends_the_session_and_clears() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    let revoke = || server.request("POST", "/revoke").header("cookie", &session);
    let forged = revoke().send();
    assert_eq!(forged.error(), (400, "invalid_request".into()));
    assert!(!forged.has_header("set-cookie"));

    redis.connect().get::<()>(&["SAVE"]);
    redis.stop();
    let outage = revoke().header("x-hallpass", "1").send();
    assert_eq!((outage.status, outage.has_header("set-cookie")), (503, false));
    redis.restart();
    wait_until("the server is back", SOON, || server.get("/readyz").status == 200);

    let done = revoke().header("x-hallpass", "1").send();
    assert_eq!(done.status, 200, "an empty body will do: {done:?}");
    is_cleared(&done);
    let gone = by_cookie(&server, &session);
    assert_eq!(gone.error(), (400, "invalid_grant".into()));
    let again = revoke().header("x-hallpass", "1").form(&[]).send();
    assert_eq!(again.status, 200);
    is_cleared(&again);
    assert_eq!(redis.connect().counter("revoked"), 1);
}

#[test]
fn revoking_a_named_token_leaves_the_cookie() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let session = login(&server);
    let other = server.login("43").text_of("refresh_token");
    let request = server.request("POST", "/revoke").header("cookie", &session).header("x-hallpass", "1");
    let answer = request.form(&[("token", &other)]).send();
    assert_eq!((answer.status, answer.has_header("set-cookie")), (200, false));
    assert_eq!(by_cookie(&server, &session).status, 200);
    assert_eq!(server.token(&other, &[]).status, 400);
}

#[test]
fn the_development_cookie_works_without_tls_on_the_loopback_only() {
    let redis = redis();
    let server = Server::before(&redis, &["--dev-cookie"]);
    let answer = server.sessions(&json!({"subject": "42", "cookie": true}));
    let (pair, attributes) = cookie(&answer);
    assert!(pair.starts_with("hallpass=hp1."), "{pair}");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=Strict"]);
    let next = by_cookie(&server, &pair);
    assert!(cookie(&next).0.starts_with("hallpass=hp1."));
    let secure = by_cookie(&server, &format!("__Host-{pair}"));
    assert_eq!(secure.error(), (400, "invalid_request".into()), "that is another cookie");

    let dir = http_server::directory();
    let complaint = http_server::refuses_to_serve(dir.path(), &["--dev-cookie", "--listen", "0.0.0.0:0"]);
    assert!(complaint.lines().count() == 1 && complaint.contains("--dev-cookie"), "{complaint}");
}
