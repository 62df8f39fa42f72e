//! No other site gets anything done with the cookie.

use serde_json::json;

use super::{FLAGS, FORM, NAVIGATION, ask, is_refused, login};
use crate::{
    http::redis,
    support::{http_server::Server, *},
};

#[test]
fn another_site_gets_nothing_done() {
    let redis = redis();
    let flags = [&FLAGS[..], &["--allowed-origin", "https://admin.example"]].concat();
    let server = Server::before(&redis, &flags);
    let cookie = login(&server, json!({}));
    let before = redis.connect().counter("verified");
    let forwarded = [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example")];
    let post = |more: &[(&'static str, &'static str)]| {
        let headers = [&[("x-forwarded-method", "POST")], &forwarded[..], more].concat();
        ask(&server, &cookie, &headers)
    };
    for more in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://sibling.example")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
    ] {
        is_refused(&post(more), 403, "cross_site_request");
    }
    for more in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://app.example")],
        &[("origin", "https://app.example")],
        &[("origin", "https://admin.example")],
    ] {
        assert_eq!(post(more).status, 200, "{more:?}");
    }
    let handshake =
        [&NAVIGATION[..1], &forwarded, &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")]].concat();
    let from = |origin| ask(&server, &cookie, &[&handshake[..], &[("origin", origin)]].concat());
    is_refused(&from("https://evil.example"), 403, "cross_site_request");
    assert_eq!(from("https://app.example").status, 200);
    is_refused(&ask(&server, &cookie, &[]), 403, "cross_site_request");
    is_refused(&ask(&server, "__Host-hallpass=x", &[]), 403, "cross_site_request");
    assert_eq!(redis.connect().counter("verified"), before);
    assert_eq!(
        ask(&server, &cookie, &[("x-forwarded-method", "GET"), ("sec-fetch-site", "cross-site")]).status,
        200
    );
}

#[test]
fn the_own_method_counts_where_a_gateway_appends_the_path() {
    let redis = redis();
    let server = Server::before(&redis, &FLAGS);
    let cookie = login(&server, json!({}));
    let status = |method: &str, headers: &[(&str, &str)]| {
        let request = server.request(method, "/verify/orders/7").header("cookie", &cookie);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().status
    };
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(status(method, &[]), 200, "{method}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(status(method, &[]), 403, "{method}");
        assert_eq!(status(method, &[("x-forwarded-method", "GET")]), 403, "{method}");
        assert_eq!(status(method, &[("sec-fetch-site", "same-origin")]), 200, "{method}");
    }
    assert_eq!(status("GET", &[("x-forwarded-method", "POST")]), 403);
}

#[test]
fn what_a_stranger_forwards_counts_for_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &["--session-cookie", "--trusted-proxy", "192.0.2.0/24"]);
    let cookie = login(&server, json!({}));
    is_refused(&ask(&server, &cookie, &NAVIGATION), 403, "cross_site_request");
    let forwarded = [FORM[0], ("x-forwarded-proto", "https"), ("x-forwarded-host", "evil.example")];
    is_refused(
        &ask(&server, &cookie, &[&forwarded[..], &[("origin", "https://evil.example")]].concat()),
        403,
        "cross_site_request",
    );
    assert_eq!(ask(&server, &cookie, &FORM).status, 200, "the browser itself says so");
}

#[test]
fn links_from_other_sites_bring_the_cookie_where_it_is_lax() {
    let redis = redis();
    let server = Server::before(&redis, &[&FLAGS[..], &["--cookie-same-site", "lax"]].concat());
    let line = server.sessions(&json!({"subject": "42", "cookie": true})).header("set-cookie").to_owned();
    assert!(line.ends_with("; Secure; SameSite=Lax"), "{line}");
}
