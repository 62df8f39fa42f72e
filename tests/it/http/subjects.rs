//! `/subjects/…`: a client with the scope `manage` sees, ends and changes any user's sessions.

use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::*,
    support::{
        http::{HttpAnswer, escaped},
        http_server::Server,
    },
};

/// Subjects with characters that have a meaning in paths.
pub const DELICATE: [&str; 12] = [
    "a b",
    "a/b",
    "/",
    "user@example.com",
    "Jörg",
    "日本",
    "100%",
    "%2F",
    "a+b",
    "a?b#c;d=e&f",
    "...",
    "auth0|5f7c",
];

/// Returns a request of `local` about a subject.
fn ask(server: &Server, method: &str, subject: &str, rest: &str) -> HttpAnswer {
    let path = format!("/subjects/{}{rest}", escaped(subject));
    server.request(method, &path).basic("local", server.secret()).send()
}

/// Returns the listed sessions.
#[track_caller]
fn listed(server: &Server, subject: &str, query: &str) -> Vec<Json> {
    let answer = ask(server, "GET", subject, &format!("/sessions{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body.as_object().expect("an object").len(), 1, "{body}");
    body["sessions"].as_array().expect("an array").clone()
}

/// Returns the ids of the listed sessions.
#[track_caller]
fn sids(server: &Server, subject: &str, query: &str) -> Vec<String> {
    let sid = |session: &Json| session["sid"].as_str().expect("a sid").to_owned();
    listed(server, subject, query).iter().map(sid).collect()
}

/// Returns the one member of an answer, a count.
#[track_caller]
fn counted(answer: &HttpAnswer, member: &str) -> u64 {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body.as_object().expect("an object").len(), 1, "{body}");
    body[member].as_u64().expect("a number")
}

/// Sends `PUT …/claims` with a body.
fn put_claims(server: &Server, rest: &str, body: &str) -> HttpAnswer {
    let request = server.request("PUT", &format!("/subjects/42/claims{rest}"));
    request.basic("local", server.secret()).typed("application/json", body).send()
}

#[test]
fn a_session_is_listed_with_everything_that_is_known_of_it() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    assert_eq!(listed(&server, "42", ""), Vec::<Json>::new(), "nobody is no error");
    let issued = server.sessions(&json!({"subject": "42", "class": "phone", "meta": {"ua": "a \"b\" ü"},
        "claims": {"role": "admin", "big": 9_007_199_254_740_991_u64}, "idle_ttl": 600, "max_ttl": 1200}));
    let [session] = &listed(&server, "42", "")[..] else { panic!("one session") };
    let claims = tokens::claims(&issued.text_of("access_token"));
    assert_eq!(session["sid"], issued.json()["session_id"]);
    assert_eq!((&session["class"], &session["gen"]), (&json!("phone"), &json!(0)));
    assert_eq!(session["meta"], json!({"ua": "a \"b\" ü"}), "an object, not text");
    assert_eq!(session["claims"], json!({"role": "admin", "big": 9_007_199_254_740_991_u64}));
    let time = |name: &str| session[name].as_i64().expect("Unix seconds");
    assert_eq!(session["issued_at"], claims["auth_time"]);
    assert_eq!(time("last_used_at"), time("issued_at"));
    assert_eq!((time("expires_at") - time("issued_at"), time("ends_at") - time("issued_at")), (600, 1200));
    assert_eq!(session["client"], "local");
    assert!(session.get("current").is_none(), "{session}");
    server.token(&issued.text_of("refresh_token"), &[]);
    assert_eq!(listed(&server, "42", "")[0]["gen"], 1);
    let plain = server.login("43").text_of("session_id");
    let [session] = &listed(&server, "43", "")[..] else { panic!("one session") };
    assert_eq!(session["sid"], plain);
    assert!(["class", "meta", "claims"].iter().all(|name| session.get(name).is_none()), "{session}");
}

#[test]
fn the_list_is_newest_first_and_comes_in_pages() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut all: Vec<String> = (0..5).map(|_| server.login("42").text_of("session_id")).collect();
    all.sort();
    all.reverse();
    assert_eq!(sids(&server, "42", ""), all);
    assert_eq!(sids(&server, "42", "?count=2"), all[..2]);
    assert_eq!(sids(&server, "42", "?offset=3&count=1000"), all[3..]);
    assert_eq!(sids(&server, "42", "?count=2&offset=2"), all[2..4]);
    assert_eq!(sids(&server, "42", "?offset=5"), Vec::<String>::new());
    for query in ["?count=0", "?count=1001", "?count=x", "?count=-1", "?offset=-1", "?offset=1.5"] {
        let answer = ask(&server, "GET", "42", &format!("/sessions{query}"));
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{query}");
    }
}

#[test]
fn sessions_are_ended_one_by_one_or_all_but_one_or_all() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let logins: Vec<HttpAnswer> = (0..4).map(|_| server.login("42")).collect();
    let sid = |index: usize| logins[index].text_of("session_id");
    let other = server.login("43");
    let end = |rest: &str| counted(&ask(&server, "DELETE", "42", &format!("/sessions{rest}")), "revoked");
    let alive = |login: &HttpAnswer| server.verify(&login.text_of("access_token")).status == 200;

    assert_eq!(end(&format!("/{}", sid(0))), 1);
    assert!(!alive(&logins[0]) && alive(&logins[1]), "at once");
    assert_eq!(end(&format!("/{}", sid(0))), 0, "once");
    assert_eq!(end("/01890a5d-ac96-774b-bcce-b302099a8057"), 0, "nor was this one ever there");
    assert_eq!(end(&format!("/{}", other.text_of("session_id"))), 0, "somebody else's");
    assert_eq!(end(&format!("?except={}", sid(2))), 2);
    assert_eq!(logins.iter().map(alive).collect::<Vec<_>>(), [false, false, true, false]);
    assert_eq!(end(""), 1);
    assert_eq!(end(""), 0, "nobody is no error");
    assert!(alive(&other));
    let refused = server.token(&logins[2].text_of("refresh_token"), &[]);
    assert_eq!(refused.error(), (400, "invalid_grant".into()));
}

#[test]
fn changed_claims_ask_for_a_refresh_and_end_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let (one, two) = (server.login("42"), server.login("42"));
    let updated = |rest: &str, body: &str| counted(&put_claims(&server, rest, body), "updated");

    assert_eq!(updated("", r#" {"role": "editor", "scope": "read"} "#), 2);
    let stale = server.verify(&one.text_of("access_token"));
    assert_eq!(stale.error(), (401, "invalid_token".into()));
    let next = server.token(&one.text_of("refresh_token"), &[]);
    assert_eq!(next.json()["scope"], "read");
    assert_eq!(server.verify(&next.text_of("access_token")).status, 200);

    assert_eq!(updated(&format!("?sid={}", two.text_of("session_id")), "{}"), 1);
    let claims = |session: &Json| session.get("claims").cloned();
    let listed = listed(&server, "42", "");
    let of = |sid: String| listed.iter().find(|session| session["sid"] == sid).expect("listed");
    assert_eq!(claims(of(one.text_of("session_id"))), Some(json!({"role": "editor", "scope": "read"})));
    assert!(claims(of(two.text_of("session_id"))).is_none_or(|claims| claims == json!({})));
    assert_eq!(updated("?sid=01890a5d-ac96-774b-bcce-b302099a8057", "{}"), 0);
    assert_eq!(counted(&put_claims(&server, "", "{}"), "updated"), 2);
}

#[test]
fn invalid_claims_change_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let large = json!({"a": "x".repeat(5_000)}).to_string();
    for body in
        ["", "{", "[]", "null", "1", "\"x\"", "{} {}", r#"{"sub":"43"}"#, r#"{"a":1,"a":2}"#, large.as_str()]
    {
        let answer = put_claims(&server, "", body);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{body}");
    }
    let request = || server.request("PUT", "/subjects/42/claims").basic("local", server.secret());
    let typed = |kind: &str| request().typed(kind, "{}").send().error();
    assert_eq!(typed("application/x-www-form-urlencoded"), (415, "invalid_request".into()));
    assert_eq!(request().send().error(), (415, "invalid_request".into()));
    let huge = request().typed("application/json", format!("{{\"a\":\"{}\"}}", "x".repeat(20_000))).send();
    assert_eq!(huge.error(), (413, "invalid_request".into()));
    assert_eq!(server.verify(&login.text_of("access_token")).status, 200, "as it was");
}

#[test]
fn delicate_subjects_are_found_by_their_encoded_names() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let long = "ü".repeat(127);
    for subject in DELICATE.into_iter().chain([long.as_str()]) {
        let login = server.login(subject);
        let sid = login.text_of("session_id");
        assert_eq!(sids(&server, subject, ""), [sid.as_str()], "{subject}");
        let path = format!("/subjects/{}/claims", escaped(subject));
        let put = server.request("PUT", &path).basic("local", server.secret()).json(&json!({"a": 1})).send();
        assert_eq!(counted(&put, "updated"), 1, "{subject}");
        let end = ask(&server, "DELETE", subject, &format!("/sessions/{sid}"));
        assert_eq!(counted(&end, "revoked"), 1, "{subject}");
        server.login(subject);
        assert_eq!(counted(&ask(&server, "DELETE", subject, "/sessions"), "revoked"), 1, "{subject}");
    }
}

#[test]
fn an_invalid_subject_is_refused() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    for path in ["%2e", "%2E%2e", "a%00b", "%7F", "%0A", "%FF", "%C3", &"x".repeat(256)] {
        for (method, rest) in [("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/x")] {
            let answer = server.request(method, &format!("/subjects/{path}{rest}"));
            let answer = answer.basic("local", server.secret()).send();
            assert_eq!(answer.error(), (400, "invalid_request".into()), "{method} {path}");
        }
    }
    for path in ["/subjects", "/subjects/", "/subjects/42", "/subjects/42/", "/subjects/a/b/sessions"] {
        let answer = server.request("GET", path).basic("local", server.secret()).send();
        assert_eq!(answer.error(), (404, "not_found".into()), "{path}");
    }
}

#[test]
fn a_parameter_that_means_nothing_ends_nothing() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let sid = login.text_of("session_id");
    for rest in [
        format!("/sessions?exept={sid}"),
        format!("/sessions?EXCEPT={sid}"),
        "/sessions?except=".to_owned(),
        "/sessions?except=x".to_owned(),
        "/sessions?except=current".to_owned(),
        format!("/sessions?except={sid}&except={sid}"),
        format!("/sessions/{sid}?except={sid}"),
    ] {
        let answer = ask(&server, "DELETE", "42", &rest);
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{rest}");
    }
    for rest in ["?sid=", "?sid=ALL", "?sid=all", "?id=x", "?sid=x&sid=x"] {
        assert_eq!(put_claims(&server, rest, "{}").error(), (400, "invalid_request".into()), "{rest}");
    }
    let (upper, bare) = (sid.to_uppercase(), sid.replace('-', ""));
    for no_sid in ["x", "ALL", "all", "%2F", "EXCEPT", &upper, &bare] {
        let answer = ask(&server, "DELETE", "42", &format!("/sessions/{no_sid}"));
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{no_sid}");
        let answer = put_claims(&server, &format!("?sid={no_sid}"), "{}");
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{no_sid}");
    }
    let version_4 = format!("{}4{}", &sid[..14], &sid[15..]);
    for unknown in ["01890a5d-ac96-774b-bcce-b302099a8057", &version_4] {
        assert_eq!(counted(&ask(&server, "DELETE", "42", &format!("/sessions/{unknown}")), "revoked"), 0);
        assert_eq!(counted(&put_claims(&server, &format!("?sid={unknown}"), "{}"), "updated"), 0);
    }
    assert_eq!(server.verify(&login.text_of("access_token")).status, 200, "as it was");
}

#[test]
fn other_methods_are_told_which_there_are() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    for (method, rest, allowed) in [
        ("POST", "/sessions", &["GET", "HEAD", "DELETE"][..]),
        ("GET", "/sessions/x", &["DELETE"]),
        ("GET", "/claims", &["PUT"]),
    ] {
        let answer = ask(&server, method, "42", rest);
        assert_eq!(answer.error(), (405, "invalid_request".into()));
        let mut named: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        let mut allowed = allowed.to_vec();
        named.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(named, allowed, "{rest}");
    }
    server.login("42");
    let head = ask(&server, "HEAD", "42", "/sessions");
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert!(head.header("content-type").starts_with("application/json"));
}

#[test]
fn foreign_data_at_the_key_is_a_conflict() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    redis.connect().get::<()>(&["SET", "auth:42", "x"]);
    for (method, rest) in [("GET", "/sessions"), ("DELETE", "/sessions")] {
        assert_eq!(ask(&server, method, "42", rest).error(), (409, "wrong_type".into()), "{method}");
    }
    assert_eq!(put_claims(&server, "", "{}").error(), (409, "wrong_type".into()));
}
