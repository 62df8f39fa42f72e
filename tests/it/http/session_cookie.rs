//! `/verify` by cookie, for pages without JavaScript: who gets through, when the cookie is renewed and when it is cleared.

mod other_sites;

use std::thread;

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::*,
    support::{
        http::{HttpAnswer, HttpRequest},
        http_server::{Server, add_client, clients_file, directory, refuses_to_serve},
    },
};

/// The flags of a server behind a gateway on this machine.
pub const FLAGS: [&str; 3] = ["--session-cookie", "--trusted-proxy", "127.0.0.1"];

/// A navigation, as a gateway tells of it.
pub const NAVIGATION: [(&str, &str); 2] = [("x-forwarded-method", "GET"), ("sec-fetch-mode", "navigate")];
/// A request for an image.
const IMAGE: [(&str, &str); 2] = [("x-forwarded-method", "GET"), ("sec-fetch-mode", "no-cors")];
/// A form that is sent from a page of the site itself.
const FORM: [(&str, &str); 2] = [("x-forwarded-method", "POST"), ("sec-fetch-site", "same-origin")];

/// Returns the cookie of a new session.
#[track_caller]
pub fn login(server: &Server, more: Json) -> String {
    let mut body = json!({"subject": "42", "cookie": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.sessions(&body);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.set_cookie().expect("a cookie")
}

/// A question about a request with these headers.
pub fn question(server: &Server, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
    headers.iter().fold(server.request("GET", path), |request, (name, value)| request.header(name, value))
}

/// Asks about a request with this cookie.
fn ask(server: &Server, cookie: &str, headers: &[(&str, &str)]) -> HttpAnswer {
    question(server, "/verify", headers).header("cookie", cookie).send()
}

/// Asks about a page that is opened with this cookie.
pub fn ask_for_page(server: &Server, cookie: &str) -> HttpAnswer {
    ask(server, cookie, &NAVIGATION)
}

#[test]
fn the_audience_by_cookie_is_that_of_the_module_now() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let ours = login(&server, json!({}));
    let shops = login(&server, json!({"audience": "shop"}));
    let statuses = || [&ours, &shops].map(|cookie| ask_for_page(&server, cookie).status);
    assert_eq!(statuses(), [200, 401]);
    for (audience, shop) in [("other", 401), ("shop", 200), ("", 200), ("api", 401)] {
        redis.connect().get::<()>(&["CONFIG", "SET", "hallpass.audience", audience]);
        assert_eq!(
            ask_for_page(&server, &ours).status,
            200,
            "at once: it has the audience {audience:?}, too"
        );
        wait_until("the audience of now", SOON, || statuses() == [200, shop]);
    }
}

#[test]
fn cookies_of_others_may_be_anything() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let cookie = login(&server, json!({}));
    assert_eq!(ask_for_page(&server, &format!("theme=schön; {cookie}; x")).status, 200);
}

/// Asserts that the request is refused, and the cookie cleared.
#[track_caller]
fn is_cleared(answer: &HttpAnswer) {
    assert_eq!(answer.error(), (401, "invalid_token".into()), "{answer:?}");
    assert_eq!(answer.set_cookie().as_deref(), Some("__Host-hallpass="), "{answer:?}");
    let line = answer.header("set-cookie");
    assert!(
        line.contains("; Max-Age=0;") && line.contains("; Path=/;") && line.contains("; Secure"),
        "{line}"
    );
    assert!(!answer.has_header("x-auth-subject"));
}

/// Asserts that the request is refused, and the cookie left alone.
#[track_caller]
fn is_refused(answer: &HttpAnswer, status: u16, code: &str) {
    assert_eq!(answer.error(), (status, code.into()), "{answer:?}");
    assert_eq!(answer.set_cookie(), None, "{answer:?}");
}

#[test]
fn a_page_is_served_by_cookie_with_the_headers_of_a_token() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let body = json!({"subject": "a b", "cookie": true, "claims": {"role": "ädmin", "scope": "read"}});
    let login = server.sessions(&body);
    let cookie = login.set_cookie().unwrap();
    let by_token = server.verify(&login.text_of("access_token"));
    for headers in [&NAVIGATION[..], &IMAGE, &FORM] {
        let by_cookie = ask(&server, &format!("theme=dark; {cookie}"), headers);
        assert_eq!((by_cookie.status, by_cookie.set_cookie()), (200, None), "{by_cookie:?}");
        assert_eq!(by_cookie.header("cache-control"), "no-store");
        for name in ["x-auth-subject", "x-auth-session", "x-auth-claims"] {
            assert_eq!(by_cookie.header(name), by_token.header(name), "{name}");
        }
    }
    let plain = server.sessions(&json!({"subject": "42", "cookie": true}));
    let page = ask(&server, &plain.set_cookie().unwrap(), &NAVIGATION);
    assert_eq!((page.header("x-auth-subject"), page.header("x-auth-claims")), ("42", "{}"));
}

#[test]
fn the_audience_applies_as_for_tokens() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let own = login(&server, json!({}));
    let shop = login(&server, json!({"audience": "shop"}));
    let status = |cookie: &str, path: &str| {
        let answer = question(&server, path, &NAVIGATION).header("cookie", cookie).send();
        if answer.status != 200 {
            is_refused(&answer, 401, "invalid_token");
        }
        answer.status
    };
    for (cookie, path, expected) in [
        (&own, "/verify", 200),
        (&own, "/verify?audience=api", 200),
        (&own, "/verify?audience=shop", 401),
        (&own, "/verify?audience=*", 200),
        (&shop, "/verify", 401),
        (&shop, "/verify?audience=shop", 200),
        (&shop, "/verify?audience=*", 200),
        (&shop, "/verify/?audience=*", 401),
    ] {
        assert_eq!(status(cookie, path), expected, "{path}");
    }
}

#[test]
fn cookies_count_only_where_the_flag_says_so_and_nothing_else_is_sent() {
    let redis = redis();
    let without = Server::before(&redis, &["--trusted-proxy", "127.0.0.1"]);
    let cookie = login(&without, json!({}));
    let answer = ask(&without, &cookie, &NAVIGATION);
    assert_eq!(
        (answer.status, answer.header("www-authenticate"), answer.set_cookie()),
        (401, "Bearer", None)
    );
    let server = Server::before(&redis, &FLAGS);
    assert_eq!(ask(&server, &cookie, &NAVIGATION).status, 200);
    for value in ["Bearer x.y.z", "Basic eDp5", ""] {
        let headers = [&NAVIGATION[..], &[("authorization", value)]].concat();
        let answer = ask(&server, &cookie, &headers);
        assert_eq!((answer.status, answer.set_cookie()), (401, None), "{value}");
    }
    for nothing in ["theme=dark", "__Host-hallpass=", "hallpass=x"] {
        let answer = ask(&server, nothing, &NAVIGATION);
        assert_eq!(
            (answer.status, answer.header("www-authenticate"), answer.set_cookie()),
            (401, "Bearer", None)
        );
    }
}

#[test]
fn a_cookie_that_is_good_for_nothing_is_cleared() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let ended = login(&server, json!({}));
    let sid = ask(&server, &ended, &NAVIGATION).header("x-auth-session").to_owned();
    let path = format!("/subjects/42/sessions/{sid}");
    assert_eq!(server.request("DELETE", &path).basic("local", server.secret()).send().status, 200);
    let expired = login(&server, json!({"access_ttl": 1, "idle_ttl": 1}));
    wait_until("the session expires", SOON, || ask(&server, &expired, &IMAGE).status == 401);
    let good = login(&server, json!({}));
    let (body, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{body}.{}", "A".repeat(43));
    for bad in [&ended, &expired, &forged, "__Host-hallpass=x", "__Host-hallpass=hp1.a.b.c.0.d"] {
        is_cleared(&ask(&server, bad, &NAVIGATION));
    }
    assert_eq!(ask(&server, &good, &NAVIGATION).status, 200);
}

#[test]
fn a_session_that_answers_only_to_its_client_is_none_for_pages() {
    let (redis, dir) = (redis(), directory());
    let web = add_client(dir.path(), "web", &["--scope", "issue", "--confidential"]);
    let clients = clients_file(dir.path());
    let server =
        Server::before(&redis, &[&FLAGS[..], &["--clients-file", clients.to_str().unwrap()]].concat());
    let body = json!({"subject": "42", "cookie": true});
    let issued = server.request("POST", "/sessions").basic("web", &web).json(&body).send();
    is_cleared(&ask(&server, &issued.set_cookie().unwrap(), &NAVIGATION));
    assert_eq!(server.verify(&issued.text_of("access_token")).status, 200, "it is there still");
}

#[test]
fn a_repeated_cookie_and_an_outage_clear_nothing() {
    let mut redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let cookie = login(&server, json!({}));
    is_refused(&ask(&server, &format!("{cookie}; {cookie}"), &NAVIGATION), 401, "invalid_token");
    let two_lines =
        question(&server, "/verify", &NAVIGATION).header("cookie", &cookie).header("cookie", &cookie);
    is_refused(&two_lines.send(), 401, "invalid_token");
    redis.stop();
    let answer = ask(&server, &cookie, &NAVIGATION);
    is_refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

#[test]
fn a_navigation_renews_as_soon_as_an_access_token_would_have_expired() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    assert_eq!(ask(&server, &login(&server, json!({})), &NAVIGATION).set_cookie(), None, "not yet");
    let cookie = login(&server, json!({"access_ttl": 1}));
    let answer = wait_for("a renewal", SOON, || {
        for other in [&IMAGE[..], &FORM, &[NAVIGATION[0], NAVIGATION[1], ("sec-purpose", "prefetch")]] {
            let answer = ask(&server, &cookie, other);
            assert_eq!((answer.status, answer.set_cookie()), (200, None), "that is no navigation");
        }
        let answer = ask(&server, &cookie, &NAVIGATION);
        assert_eq!(answer.status, 200);
        answer.set_cookie().is_some().then_some(answer)
    });
    let line = answer.header("set-cookie");
    assert!(line.contains("; Max-Age=1209600; HttpOnly; Secure; SameSite=Strict"), "{line}");
    assert_eq!((answer.header("x-auth-subject"), answer.header("cache-control")), ("42", "no-store"));
    let next = answer.set_cookie().unwrap();
    assert_ne!(next, cookie);
    assert_eq!(ask(&server, &next, &IMAGE).status, 200);
    let by_script = server.request("POST", "/token").header("cookie", &next).header("x-hallpass", "1");
    assert_eq!(by_script.form(&[("grant_type", "refresh_token")]).send().status, 200, "scripts share it");
}

#[test]
fn another_request_renews_when_a_quarter_of_the_idle_time_has_passed() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    for headers in [IMAGE, FORM] {
        let cookie = login(&server, json!({"access_ttl": 1, "idle_ttl": 12}));
        wait_until("a renewal", SOON, || {
            let answer = ask(&server, &cookie, &headers);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.set_cookie().is_some()
        });
    }
}

#[test]
fn thirty_requests_at_once_get_the_same_cookie() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let cookie = login(&server, json!({"access_ttl": 1}));
    let sid = ask(&server, &cookie, &NAVIGATION).header("x-auth-session").to_owned();
    thread::sleep(std::time::Duration::from_secs(2));
    let requests = (0..30).map(|_| {
        let request = question(&server, "/verify", &NAVIGATION).header("cookie", &cookie);
        thread::spawn(move || request.send())
    });
    let requests: Vec<_> = requests.collect();
    let answers: Vec<_> = requests.into_iter().map(|request| request.join().unwrap()).collect();
    let cookies: Vec<_> = answers.iter().map(|answer| answer.set_cookie().expect("a renewal")).collect();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.header("x-auth-session") == sid));
    assert!(cookies.iter().all(|next| *next == cookies[0] && *next != cookie), "{cookies:?}");
    assert_eq!(ask(&server, &cookies[0], &NAVIGATION).status, 200);
}

#[test]
fn a_renewal_that_the_browser_did_not_get_is_made_again() {
    let redis = Redis::with(&[
        &format!("hallpass.issuer {}", http_server::ISSUER),
        "hallpass.audience api",
        "hallpass.race-window 0",
    ]);
    let server = Server::before(&redis, &FLAGS);
    let cookie = login(&server, json!({"access_ttl": 1}));
    let renewed = || wait_for("a renewal", SOON, || ask(&server, &cookie, &NAVIGATION).set_cookie());
    let next = renewed();
    for headers in [&NAVIGATION[..], &IMAGE, &FORM] {
        let answer = ask(&server, &cookie, headers);
        assert_eq!((answer.status, answer.set_cookie().as_deref()), (200, Some(&*next)), "the same again");
    }
    assert_eq!(ask(&server, &next, &IMAGE).status, 200);
}

#[test]
fn a_thief_and_the_owner_find_each_other_out() {
    let redis = Redis::with(&[
        &format!("hallpass.issuer {}", http_server::ISSUER),
        "hallpass.audience api",
        "hallpass.race-window 0",
    ]);
    let server = Server::before(&redis, &FLAGS);
    let mut events = redis.raw();
    events.call(&["SUBSCRIBE", "hallpass:events"]);
    let copied = login(&server, json!({"access_ttl": 1}));
    let next = wait_for("a renewal", SOON, || ask(&server, &copied, &NAVIGATION).set_cookie());
    // One of them uses the next cookie, then the other one comes with the one before.
    assert_eq!(ask(&server, &next, &IMAGE).status, 200);
    is_cleared(&ask(&server, &copied, &IMAGE));
    let event: Json = serde_json::from_str(&events.reply().items()[2].text()).unwrap();
    assert_eq!((&event["event"], &event["seen"]), (&json!("reused"), &json!(true)), "{event}");
    is_cleared(&ask(&server, &next, &NAVIGATION));
}

#[test]
fn a_shared_session_renews_whoever_is_behind() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let first = login(&server, json!({"access_ttl": 2, "shared": 3}));
    let second = wait_for("a renewal", SOON, || ask(&server, &first, &NAVIGATION).set_cookie());
    assert_eq!(ask(&server, &second, &IMAGE).status, 200);
    let behind = ask(&server, &first, &IMAGE);
    assert_eq!((behind.status, behind.set_cookie()), (200, Some(second)));
}

#[test]
fn renewals_are_limited_and_pages_are_not() {
    let redis = redis();
    let server = Server::before(&redis, &[&FLAGS[..], &["--rate-limit", "1"]].concat());
    let cookies: Vec<_> = (0..20).map(|_| login(&server, json!({"access_ttl": 1}))).collect();
    thread::sleep(std::time::Duration::from_secs(2));
    let answers: Vec<_> = cookies.iter().map(|cookie| ask(&server, cookie, &NAVIGATION)).collect();
    assert!(answers.iter().all(|answer| answer.status == 200));
    let renewed = answers.iter().filter(|answer| answer.set_cookie().is_some()).count();
    assert!((4..20).contains(&renewed), "{renewed} were renewed");
    let elsewhere = [&NAVIGATION[..], &[("x-forwarded-for", "192.0.2.1")]].concat();
    let answer = ask(&server, cookies.last().unwrap(), &elsewhere);
    assert!(answer.set_cookie().is_some(), "another address has its own");
}

#[test]
fn a_module_that_requires_access_tokens_contradicts_the_flag() {
    let line = format!("hallpass.issuer {}", http_server::ISSUER);
    let redis = Redis::with(&[&line, "hallpass.refresh-requires-access yes"]);
    let url = format!("unix:{}", redis.socket().display());
    let complaint = refuses_to_serve(directory().path(), &[&["--redis-url", &url], &FLAGS[..]].concat());
    assert!(complaint.contains("hallpass.refresh-requires-access"), "{complaint}");
}
