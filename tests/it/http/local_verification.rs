//! `/verify` and `/me` verify a token, or a session cookie, without asking Redis each time: a revocation counts at every
//! front, and an outage of Redis may be bridged.

use std::{thread, time::Duration};

use rustix::process::Signal;
use serde_json::json;

use crate::{
    http::{redis, session_cookie},
    support::{
        http::HttpAnswer,
        http_server::{ISSUER, Server},
        *,
    },
};

/// How often a front has verified a token without asking, and how often it let one pass as stale.
fn counts(server: &Server) -> [u64; 2] {
    let text = server.get("/metrics").text;
    ["hallpass_verify_kept_total", "hallpass_verify_stale_total"].map(|name| {
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")));
        line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().expect("a number"))
    })
}

/// Verifies a valid token until that needs no question any more.
#[track_caller]
fn learn(server: &Server, token: &str) {
    wait_until("a token is verified here", SOON, || {
        let [before, _] = counts(server);
        server.verify(token).status == 200 && counts(server)[0] > before
    });
}

#[track_caller]
fn is_refused(answer: &HttpAnswer) {
    assert_eq!(answer.error(), (401, "invalid_token".into()));
}

/// Ways to make an access token void, over HTTP.
type Void = fn(&Server, &HttpAnswer) -> HttpAnswer;

const WAYS: [(&str, Void); 7] = [
    ("DELETE /subjects/42/sessions", |server, _| as_local(server, "DELETE", "/subjects/42/sessions")),
    ("DELETE /subjects/42/sessions/{sid}", |server, login| {
        as_local(server, "DELETE", &format!("/subjects/42/sessions/{}", login.text_of("session_id")))
    }),
    ("PUT /subjects/42/claims", |server, _| {
        let request = server.request("PUT", "/subjects/42/claims").basic("local", server.secret());
        request.json(&json!({ "role": "none" })).send()
    }),
    ("POST /revoke, refresh token", |server, login| revoke(server, &login.text_of("refresh_token"))),
    ("POST /revoke, access token", |server, login| revoke(server, &login.text_of("access_token"))),
    ("DELETE /me/sessions", |server, login| {
        server.request("DELETE", "/me/sessions").bearer(&login.text_of("access_token")).send()
    }),
    ("POST /sessions with a limit", |server, _| server.sessions(&json!({ "subject": "42", "limit": 1 }))),
];

fn as_local(server: &Server, method: &str, path: &str) -> HttpAnswer {
    server.request(method, path).basic("local", server.secret()).send()
}

fn revoke(server: &Server, token: &str) -> HttpAnswer {
    server.request("POST", "/revoke").form(&[("token", token)]).send()
}

/// Seen to fail without the front's dropping what its own commands change, and at the other front without pushes.
#[test]
fn whatever_one_front_is_told_counts_there_at_once_and_at_another_one_soon() {
    let redis = redis();
    let [here, there] = [(); 2].map(|()| Server::before(&redis, &["--rate-limit", "0"]));
    for (what, void) in WAYS {
        for _ in 0..3 {
            let login = here.login("42");
            let token = login.text_of("access_token");
            learn(&here, &token);
            learn(&there, &token);
            let answer = void(&here, &login);
            assert!([200, 201].contains(&answer.status), "{what}: {answer:?}");
            is_refused(&here.verify(&token));
            wait_until(what, SOON, || there.verify(&token).status == 401);
            is_refused(&there.request("GET", "/me/sessions").bearer(&token).send());
        }
    }
}

/// Seen to fail when the age of the last heartbeat is not compared at each use.
#[test]
fn a_front_that_was_stopped_relies_on_nothing_that_it_could_not_hear() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    for _ in 0..3 {
        let token = server.login("42").text_of("access_token");
        learn(&server, &token);
        server.signal(Signal::STOP);
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        con.let_pass(Duration::from_millis(1100));
        let answer = thread::scope(|scope| {
            // It is sent before the front goes on, which may read it before it reads what Redis said.
            let asked = scope.spawn(|| server.verify(&token));
            thread::sleep(Duration::from_millis(50));
            server.signal(Signal::CONT);
            asked.join().expect("an answer")
        });
        is_refused(&answer);
    }
}

#[test]
fn a_token_that_redis_vouched_for_passes_as_stale_at_verify_only() {
    let mut redis = redis();
    let bridging = Server::before(&redis, &["--stale-if-error", "60"]);
    let strict = Server::before(&redis, &[]);
    let token = bridging.login("42").text_of("access_token");
    let revoked = bridging.login("43").text_of("access_token");
    for server in [&bridging, &strict] {
        learn(server, &token);
        learn(server, &revoked);
        assert_eq!(server.verify(&token).header("x-auth-stale"), "0");
    }
    assert_eq!(as_local(&bridging, "DELETE", "/subjects/43/sessions").status, 200);
    learn(&bridging, &token);
    redis.kill();
    wait_until("it is noticed", SOON, || strict.verify(&token).status == 503);
    wait_until("it is noticed", SOON, || bridging.verify(&token).header("x-auth-stale") == "1");
    let answer = bridging.verify(&token);
    assert_eq!((answer.status, answer.header("x-auth-subject")), (200, "42"));
    assert_eq!(bridging.verify(&revoked).status, 503);
    let me = bridging.request("GET", "/me/sessions").bearer(&token).send();
    assert_eq!(me.error(), (503, "temporarily_unavailable".into()));
    assert!(counts(&bridging)[1] >= 2 && counts(&strict)[1] == 0);
    redis.restart();
    wait_until("Redis is asked again", SOON, || bridging.verify(&token).status == 401);
}

#[test]
fn a_revoked_token_does_not_pass_as_stale_while_redis_answers() {
    let redis = redis();
    let server = Server::before(&redis, &["--stale-if-error", "3600"]);
    let token = server.login("42").text_of("access_token");
    learn(&server, &token);
    let mut con = redis.connect();
    // The connection that listens is cut, and none can be made in its place.
    con.get::<()>(&["CONFIG", "SET", "maxclients", "1"]);
    let clients: String = con.get(&["CLIENT", "LIST"]);
    let listening = clients.lines().filter(|line| line.contains(" flags=t"));
    for line in listening {
        let id = line.split([' ', '=']).nth(1).unwrap();
        assert_eq!(con.get::<i64>(&["CLIENT", "KILL", "ID", id]), 1, "{line}");
    }
    // Before the second attempt to make one, the server knows that the first one failed.
    wait_until("the server has tried twice", SOON, || {
        let stats: String = con.get(&["INFO", "stats"]);
        let rejected = stats.lines().find_map(|line| line.strip_prefix("rejected_connections:"));
        rejected.unwrap().parse::<u32>().unwrap() >= 2
    });
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    let answer = server.verify(&token);
    assert_eq!(answer.error(), (401, "invalid_token".into()), "{answer:?}");
}

#[test]
fn the_first_use_of_a_token_is_a_proof_of_receipt() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    let login = server.login("42");
    learn(&server, &login.text_of("access_token"));
    let next = server.token(&login.text_of("refresh_token"), &[]);
    let before = con.counter("verified");
    assert_eq!(server.verify(&next.text_of("access_token")).status, 200);
    assert_eq!(con.counter("verified"), before + 1);
}

#[test]
fn where_tracking_is_refused_there_is_one_warning_and_every_request_asks() {
    let issuer = format!("hallpass.issuer {ISSUER}");
    let user = "user some on >secret ~auth:* +@all -client|tracking";
    let redis = Redis::builder().tcp().lines(&[&issuer, "hallpass.audience api", user]).start();
    let server = Server::before_url(&format!("redis://some:secret@127.0.0.1:{}", redis.port()), &[]);
    let token = server.login("42").text_of("access_token");
    let warning = "cannot be listened to";
    wait_until("it is said", SOON, || {
        server.verify(&token);
        server.log().contains(warning)
    });
    let mut con = redis.connect();
    for _ in 0..20 {
        let before = con.counter("verified");
        assert_eq!(server.verify(&token).status, 200);
        assert_eq!(con.counter("verified"), before + 1);
    }
    assert_eq!(server.log().matches(warning).count(), 1, "{}", server.log());
    assert!(server.get("/metrics").text.contains("\nhallpass_verify_listening{node=\"127.0.0.1:"));
}

#[test]
fn without_a_cache_nobody_listens() {
    let redis = redis();
    let server = Server::before(&redis, &["--verify-cache", "0"]);
    let mut con = redis.connect();
    let token = server.login("42").text_of("access_token");
    for _ in 0..3 {
        let before = con.counter("verified");
        assert_eq!(server.verify(&token).header("x-auth-stale"), "0");
        assert_eq!(con.counter("verified"), before + 1);
    }
    assert!(!server.get("/metrics").text.contains("hallpass_verify_kept"));
}

/// Returns how often Redis was asked about a refresh token.
fn inspections(con: &mut Con) -> u64 {
    let text: String = con.get(&["INFO", "commandstats"]);
    let line = text.lines().find_map(|line| line.strip_prefix("cmdstat_auth.inspect:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().expect("a number"))
}

/// Verifies a valid cookie until that needs no question any more.
#[track_caller]
fn learn_cookie(server: &Server, cookie: &str) {
    wait_until("a cookie is verified here", SOON, || {
        let [before, _] = counts(server);
        session_cookie::ask_for_page(server, cookie).status == 200 && counts(server)[0] > before
    });
}

#[test]
fn a_session_cookie_is_asked_about_until_it_is_known_and_its_end_counts_everywhere() {
    let redis = redis();
    let [here, there] = [(); 2].map(|()| Server::before(&redis, &session_cookie::FLAGS));
    let mut con = redis.connect();
    for _ in 0..3 {
        let cookie = session_cookie::login(&here, json!({}));
        learn_cookie(&here, &cookie);
        learn_cookie(&there, &cookie);
        // On a busy machine a heartbeat may be late, and then the front asks.
        wait_until("ten pages cost no question", SOON, || {
            let ([kept, _], asked) = (counts(&there), inspections(&mut con));
            for _ in 0..10 {
                let page = session_cookie::ask_for_page(&there, &cookie);
                assert_eq!((page.status, page.header("x-auth-stale")), (200, "0"));
            }
            let (kept, asked) = (counts(&there)[0] - kept, inspections(&mut con) - asked);
            assert_eq!(kept + asked, 10, "each is answered in one of the two ways");
            asked == 0
        });
        assert_eq!(as_local(&here, "DELETE", "/subjects/42/sessions").status, 200);
        is_refused(&session_cookie::ask_for_page(&here, &cookie));
        wait_until("the end is heard", SOON, || session_cookie::ask_for_page(&there, &cookie).status == 401);
    }
}

#[test]
fn a_cookie_that_redis_vouched_for_passes_as_stale_and_is_not_renewed() {
    let mut redis = redis();
    let flags = [&session_cookie::FLAGS[..], &["--stale-if-error", "60"]].concat();
    let server = Server::before(&redis, &flags);
    let cookie = session_cookie::login(&server, json!({}));
    learn_cookie(&server, &cookie);
    redis.kill();
    let page = || session_cookie::ask_for_page(&server, &cookie);
    wait_until("it is noticed", SOON, || page().header("x-auth-stale") == "1");
    let page = page();
    assert_eq!((page.status, page.header("x-auth-subject")), (200, "42"));
    assert!(!page.has_header("set-cookie"));
}
