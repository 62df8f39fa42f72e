//! `/me/…`: users see and end their own sessions with an access token, and no others.

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    http::subjects::DELICATE,
    support::*,
    support::{
        http::{HttpAnswer, escaped},
        http_server::{Server, refuses_to_serve},
    },
};

fn ask(server: &Server, method: &str, path: &str, login: &HttpAnswer) -> HttpAnswer {
    server.request(method, path).bearer(&login.text_of("access_token")).send()
}

#[track_caller]
fn listed(answer: &HttpAnswer) -> Vec<Json> {
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
    answer.json()["sessions"].as_array().expect("an array").clone()
}

#[track_caller]
fn revoked(answer: &HttpAnswer) -> u64 {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["revoked"].as_u64().expect("a number")
}

fn alive(server: &Server, login: &HttpAnswer) -> bool {
    server.verify(&login.text_of("access_token")).status == 200
}

#[test]
fn the_own_session_is_marked_among_the_others() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let phone = json!({"subject": "42", "class": "phone", "meta": {"ua": "x"}, "claims": {"secret": 1}});
    let (one, two) = (server.login("42"), server.sessions(&phone));
    server.login("43");
    for (own, other) in [(&one, &two), (&two, &one)] {
        let sessions = listed(&ask(&server, "GET", "/me/sessions", own));
        assert_eq!(sessions.len(), 2);
        for session in &sessions {
            let is_own = session["sid"] == own.json()["session_id"];
            assert!(is_own || session["sid"] == other.json()["session_id"]);
            assert_eq!(session["current"], is_own, "{session}");
            assert!(session.get("claims").is_none(), "{session}");
        }
        let phone = sessions.iter().find(|session| session["class"] == "phone").expect("listed");
        assert_eq!(phone["meta"], json!({"ua": "x"}));
    }
    assert_eq!(listed(&ask(&server, "GET", "/me/sessions?count=1", &one)).len(), 1);
    assert_eq!(listed(&ask(&server, "GET", "/me/sessions?offset=2", &one)).len(), 0);
}

#[test]
fn users_end_one_session_all_others_or_all() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let logins: Vec<HttpAnswer> = (0..4).map(|_| server.login("42")).collect();
    let other = server.login("43");
    let end = |rest: &str| ask(&server, "DELETE", &format!("/me/sessions{rest}"), &logins[0]);
    let sid = |login: &HttpAnswer| format!("/{}", login.text_of("session_id"));

    assert_eq!(revoked(&end(&sid(&logins[1]))), 1);
    assert_eq!(revoked(&end(&sid(&logins[1]))), 0, "once");
    assert_eq!(revoked(&end(&sid(&other))), 0, "somebody else's");
    assert_eq!(revoked(&end("?except=current")), 2);
    assert_eq!(revoked(&end("?except=current")), 0);
    assert!(alive(&server, &logins[0]) && alive(&server, &other));
    assert_eq!(revoked(&end("")), 1, "me");
    assert_eq!(end("").error(), (401, "invalid_token".into()));

    let last = server.login("42");
    let path = format!("/me/sessions/{}", last.text_of("session_id"));
    assert_eq!(revoked(&ask(&server, "DELETE", &path, &last)), 1, "oneself alone");
    assert!(!alive(&server, &last) && alive(&server, &other));
}

#[test]
fn delicate_subjects_are_their_own_masters() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    for subject in DELICATE {
        let login = server.login(subject);
        assert_eq!(listed(&ask(&server, "GET", "/me/sessions", &login)).len(), 1, "{subject}");
        assert_eq!(revoked(&ask(&server, "DELETE", "/me/sessions", &login)), 1, "{subject}");
    }
}

#[test]
fn only_a_good_access_token_for_this_audience_opens_the_door() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let sid = login.text_of("session_id");
    let elsewhere = server.sessions(&json!({"subject": "42", "audience": "reports"})).text_of("access_token");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let cut = &access[..access.len() - 1];
    let paths = [("GET", "/me/sessions".to_owned()), ("DELETE", "/me/sessions".to_owned())];
    for (method, path) in paths.into_iter().chain([("DELETE", format!("/me/sessions/{sid}"))]) {
        let missing = server.request(method, &path).send();
        assert_eq!((missing.status, missing.header("www-authenticate")), (401, "Bearer"));
        let basic = server.request(method, &path).basic("local", server.secret()).send();
        assert_eq!((basic.status, basic.header("www-authenticate")), (401, "Bearer"));
        for wrong in [refresh.as_str(), cut, &elsewhere, "x", "a.b.c", ""] {
            let answer = server.request(method, &path).bearer(wrong).send();
            assert_eq!(answer.error(), (401, "invalid_token".into()), "{method} {path}");
            assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
        }
        let query = server.request(method, &format!("{path}?access_token={access}")).send();
        assert_eq!(query.status, 401, "Bearer only");
    }
    assert!(alive(&server, &login));
}

#[test]
fn changed_claims_and_an_outage_are_no_answer_about_the_session() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    redis.connect().get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"]);
    let stale = ask(&server, "DELETE", "/me/sessions", &login);
    assert_eq!(stale.error(), (401, "invalid_token".into()));
    assert!(stale.text_of("error_description").contains("refresh"));
    assert_eq!(server.token(&login.text_of("refresh_token"), &[]).status, 200, "it is all there");
    redis.stop();
    for method in ["GET", "DELETE"] {
        let answer = ask(&server, method, "/me/sessions", &login);
        assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
    }
}

#[test]
fn a_parameter_that_means_nothing_ends_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let sid = login.text_of("session_id");
    for rest in [
        "?exept=current",
        "?except=",
        "?except=CURRENT",
        "?except=current&except=current",
        &format!("?except={sid}"),
        &format!("/{sid}?except=current"),
        "/%FF",
    ] {
        let answer = ask(&server, "DELETE", &format!("/me/sessions{rest}"), &login);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{rest}");
    }
    for rest in ["x", "ALL", "current", &escaped("a/b")] {
        let answer = ask(&server, "DELETE", &format!("/me/sessions/{rest}"), &login);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{rest}");
    }
    assert_eq!(ask(&server, "GET", "/me/sessions?count=x", &login).error().0, 400);
    let post = ask(&server, "POST", "/me/sessions", &login);
    assert_eq!(post.error(), (405, "invalid_request".into()));
    let allow = post.header("allow");
    assert!(["GET", "HEAD", "DELETE"].iter().all(|method| allow.contains(method)), "{allow}");
    assert_eq!(ask(&server, "GET", "/me", &login).error(), (404, "not_found".into()));
    assert!(alive(&server, &login));
}

#[test]
fn an_old_login_is_asked_to_log_in_again() {
    let redis = redis();
    let server = Server::before(&redis, &["--me-auth-age", "1800s"]);
    let fresh = server.login("42");
    assert_eq!(ask(&server, "GET", "/me/sessions", &fresh).status, 200, "fresh");
    let mut con = redis.connect();
    let an_hour_ago = (con.now_ms() / 1000 - 3600).to_string();
    let login = con.issue("auth:42", &["AUTHTIME", &an_hour_ago]).unwrap();
    let refreshed = server.token(&login.refresh, &[]);
    let sid = format!("/me/sessions/{}", login.session_id);
    for (method, path) in [("GET", "/me/sessions"), ("DELETE", "/me/sessions"), ("DELETE", &sid)] {
        let answer = ask(&server, method, path, &refreshed);
        assert_eq!(answer.error(), (401, "insufficient_user_authentication".into()), "{method} {path}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with(r#"Bearer error="insufficient_user_authentication""#), "{challenge}");
        assert!(challenge.ends_with(r#"max_age="1800""#), "RFC 9470: {challenge}");
    }
    assert!(alive(&server, &refreshed), "everything else goes on");
    let again = server.login("42");
    assert_eq!(revoked(&ask(&server, "DELETE", "/me/sessions?except=current", &again)), 2);
}

#[test]
fn a_malformed_age_stops_the_server() {
    let dir = http_server::directory();
    for age in ["0", "soon", "1w"] {
        let complaint = refuses_to_serve(dir.path(), &["--me-auth-age", age]);
        assert!(complaint.contains("--me-auth-age"), "{complaint}");
        assert_eq!(complaint.trim().lines().count(), 1, "{complaint}");
    }
}

#[test]
fn one_request_costs_two_commands_and_a_refused_one_only_the_first() {
    let redis = redis();
    // Else the first is needed only once.
    let server = Server::before(&redis, &["--verify-cache", "0"]);
    let login = server.login("42");
    let mut con = redis.connect();
    let mut commands = |method: &str, path: &str, token: &str| {
        con.get::<()>(&["CONFIG", "RESETSTAT"]);
        server.request(method, path).bearer(token).send();
        let stats = con.get::<String>(&["INFO", "commandstats"]);
        let ours = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_auth."));
        let mut calls: Vec<_> = ours.filter_map(|line| line.split(',').next()).map(str::to_owned).collect();
        calls.sort();
        calls.join(" ")
    };
    let access = login.text_of("access_token");
    assert_eq!(commands("GET", "/me/sessions", &access), "sessions:calls=1 verify:calls=1");
    assert_eq!(commands("DELETE", "/me/sessions?except=x", &access), "verify:calls=1");
    assert_eq!(commands("DELETE", "/me/sessions", &access), "revoke:calls=1 verify:calls=1");
    assert_eq!(commands("DELETE", "/me/sessions", &access), "verify:calls=1");
    assert_eq!(commands("DELETE", "/me/sessions", "x"), "");
}
