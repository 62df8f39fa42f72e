//! docs/browsers.md: origins are allowed as it shows.

use super::pages::script;
use crate::{http::redis, support::http_server::Server};

#[test]
fn origins_are_allowed_as_written() {
    let redis = redis();
    let line = script("docs/browsers.md", "At Hallpass");
    let flags: Vec<&str> = line.split_whitespace().skip(1).collect();
    let server = Server::before(&redis, &flags);
    for (origin, is_allowed) in [
        ("https://app.example.com", true),
        ("https://admin.example.com", true),
        ("https://app.example.org", false),
    ] {
        let request = server.request("OPTIONS", "/token").header("origin", origin);
        let answer = request.header("access-control-request-method", "POST").send();
        assert_eq!(answer.has_header("access-control-allow-origin"), is_allowed, "{origin}");
    }
}
