//! Exchanges in cookie mode: for scripts of the page itself, and not for forms on other sites.

use serde_json::json;

use super::*;

/// What sets the header that a form cannot set.
fn marked(request: HttpRequest) -> HttpRequest {
    request.header("x-hallpass", "1")
}

#[test]
fn with_cookie_the_refresh_token_is_in_a_cookie_only_and_refreshes() {
    let trusting = Trusting::with(&json!({}));
    let request = exchange_request(&trusting.server, &trusting.token("42"), &[("cookie", "true")]);
    let answer = marked(request).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    let (pair, attributes) = answer.header("set-cookie").split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-hallpass=hp1."), "{pair}");
    assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Strict"), "{attributes}");
    assert!(answer.json().get("refresh_token").is_none() && !answer.text.contains("hp1."), "{answer:?}");
    let form = [("grant_type", "refresh_token")];
    let refresh = trusting.server.request("POST", "/token").header("cookie", pair);
    let next = marked(refresh).form(&form).send();
    assert_eq!(next.json()["session_id"], answer.json()["session_id"]);
    assert_eq!(trusting.server.verify(&next.text_of("access_token")).status, 200);
}

#[test]
fn a_form_on_another_site_cannot_log_a_browser_in() {
    let trusting = Trusting::with(&json!({}));
    let attackers = trusting.token("attacker");
    for (cookie, origin) in [("", "https://evil.example"), ("__Host-hallpass=hp1.x", "null"), ("a=b", "")] {
        let request = exchange_request(&trusting.server, &attackers, &[("cookie", "true")]);
        let answer = request.header("cookie", cookie).header("origin", origin).send();
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{cookie} {origin}");
        assert!(!answer.has_header("set-cookie"));
    }
    let plain =
        exchange_request(&trusting.server, &attackers, &[]).header("origin", "https://evil.example").send();
    assert_eq!(plain.status, 200, "what a form could read, it could have had without a browser");
    assert!(!plain.has_header("set-cookie"), "nobody is logged in by it");
}

#[test]
fn a_refused_exchange_leaves_the_cookie_alone() {
    let trusting = Trusting::with(&json!({}));
    let cookie = "__Host-hallpass=hp1.x";
    let used = trusting.token("42");
    trusting.exchange(&used);
    for token in ["nonsense", &used] {
        let request =
            exchange_request(&trusting.server, token, &[("cookie", "true")]).header("cookie", cookie);
        let answer = marked(request).send();
        assert_eq!((answer.status, answer.has_header("set-cookie")), (400, false), "{answer:?}");
    }
}

#[test]
fn a_script_of_an_allowed_origin_may_exchange() {
    let origin = "https://app.example";
    let trusting = Trusting::with_flags(&json!({}), &["--allowed-origin", origin]);
    let request = exchange_request(&trusting.server, &trusting.token("42"), &[("cookie", "true")]);
    let answer = marked(request).header("origin", origin).send();
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, origin));
    assert!(answer.has_header("set-cookie"));
}
