//! The log: one JSON line for each request, with the request id of the answer, and never a secret.

use aws_lc_rs::hmac;
use serde_json::{Value as Json, json};

use crate::{
    http::redis,
    support::{
        http::HttpAnswer,
        http_server::{Server, directory, refuses_to_serve},
        *,
    },
};

/// Returns the complete lines of the log.
#[track_caller]
fn lines(server: &Server) -> Vec<Json> {
    let log = server.log();
    let complete = log.rsplit_once('\n').map_or("", |(complete, _)| complete);
    let parsed = complete
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")));
    parsed.collect()
}

/// Returns the line about the request with this id.
#[track_caller]
fn line(server: &Server, id: &str) -> Json {
    wait_for("a line about the request", SOON, || {
        lines(server).into_iter().find(|line| line["request_id"] == id)
    })
}

#[test]
fn a_request_is_one_line_that_its_answer_names() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let answer = server.token("hp1.nonsense", &[]);
    let id = answer.header("x-request-id").to_owned();
    assert!(id.len() >= 16, "{answer:?}");
    let line = line(&server, &id);
    assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("request")));
    assert_eq!((&line["method"], &line["route"]), (&json!("POST"), &json!("/token")));
    assert_eq!((&line["status"], &line["outcome"]), (&json!(400), &json!("invalid_grant")));
    let latency = line["latency_ms"].as_f64().expect("a number");
    assert!((0.0..30_000.0).contains(&latency) && line["timestamp"].is_string(), "{line}");
    assert_eq!(lines(&server).iter().filter(|line| line["request_id"] == id.as_str()).count(), 1);
    assert_ne!(server.token("hp1.nonsense", &[]).header("x-request-id"), id);
}

#[test]
fn a_callers_id_is_kept_if_it_looks_like_one() {
    let redis = redis();
    let server = Server::before(&redis, &["--log", "debug"]);
    let with = |id: &str| server.request("GET", "/healthz").header("x-request-id", id).send();
    let given = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(with(given).header("x-request-id"), given);
    assert_eq!(line(&server, given)["route"], "/healthz");
    let token = server.login("42").text_of("refresh_token");
    for other in [token.as_str(), "two words", "", &"x".repeat(100)] {
        let answer = with(other);
        assert_eq!((answer.status, answer.header("x-request-id") == other), (200, false), "{other}");
    }
    assert!(!server.log().contains(&token));
}

#[test]
fn routes_are_templates_and_methods_are_known_ones() {
    let redis = redis();
    let server = Server::before(&redis, &["--log", "trace"]);
    for (method, path, logged, route) in [
        ("GET", "/verify/private/path?token=private", "GET", "/verify/{*path}"),
        ("GET", "/private/path", "GET", "-"),
        ("PRIVATE", "/verify", "OTHER", "/verify"),
        ("DELETE", "/subjects/private/sessions", "DELETE", "/subjects/{sub}/sessions"),
    ] {
        let id = server.request(method, path).send().header("x-request-id").to_owned();
        let line = line(&server, &id);
        assert_eq!((&line["method"], &line["route"]), (&json!(logged), &json!(route)), "{path}");
    }
    assert!(!server.log().to_lowercase().contains("private"), "{}", server.log());
}

#[test]
fn levels_choose() {
    let redis = redis();
    let count = |level: &str, id: &str| {
        let server = Server::before(&redis, &["--log", level]);
        let access = server.login("42").text_of("access_token");
        server.request("GET", "/verify").bearer(&access).header("x-request-id", "good").send();
        server.request("GET", "/verify").header("x-request-id", "bad").send();
        server.request("POST", "/token").header("x-request-id", "last").send();
        if level == "info" || level == "debug" {
            line(&server, "last");
        }
        let found = lines(&server).iter().filter(|line| line["request_id"] == id).count();
        assert!(level != "off" || server.log().is_empty(), "{}", server.log());
        found
    };
    assert_eq!((count("info", "good"), count("info", "bad"), count("debug", "good")), (0, 1, 1));
    assert_eq!((count("error", "last"), count("off", "last")), (0, 0));
}

#[test]
fn an_outage_is_a_warning() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    redis.stop();
    let id = server.get("/.well-known/jwks.json").header("x-request-id").to_owned();
    let line = line(&server, &id);
    assert_eq!((&line["level"], &line["status"]), (&json!("WARN"), &json!(503)));
    assert!(
        lines(&server).iter().any(|line| line["message"].as_str().unwrap().contains("Redis is unavailable"))
    );
}

/// Returns the secret parts of a login.
fn secret_parts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.rsplit('.').next().unwrap().to_owned()).collect()
}

#[test]
fn no_level_no_metric_and_no_error_shows_a_secret() {
    let redis = redis();
    let server = Server::before(&redis, &["--log", "trace", "--rate-limit", "5"]);
    let login =
        server.sessions(&json!({"subject": "private-subject", "claims": {"private-claim": "private-value"}}));
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let browser = server.sessions(&json!({"subject": "private-subject", "cookie": true}));
    let cookie = browser.header("set-cookie").split(';').next().unwrap().to_owned();
    let by_cookie = || {
        let request =
            server.request("POST", "/token").header("cookie", &cookie).header("x-hallpass", &refresh);
        request.form(&[("grant_type", "refresh_token")])
    };
    let rotated = by_cookie().send().header("set-cookie").split(';').next().unwrap().to_owned();
    let mut errors = vec![
        server
            .request("POST", "/token")
            .header("cookie", &cookie)
            .form(&[("grant_type", "refresh_token")])
            .send(),
        server.token(&access, &[]),
        server.token(&refresh, &[("client_id", "local"), ("client_secret", &access)]),
        server.token(&refresh, &[("client_id", &refresh), ("client_secret", server.secret())]),
        server.token(&refresh, &[("client_id", &refresh), ("client_secret", &refresh)]),
        server.token(&refresh, &[("scope", &access)]),
        server.token(&refresh, &[(&refresh, "x"), ("access_token", &refresh)]),
        server.verify(&refresh),
        server.get(&format!("/verify/{access}?audience={refresh}")),
        server.get(&format!("/{access}?{refresh}")),
        server.request("POST", &format!("/token?refresh_token={refresh}")).send(),
        server
            .request("GET", &format!("/subjects/{refresh}/sessions?{access}"))
            .basic("local", &refresh)
            .send(),
        server
            .request("POST", "/introspect")
            .basic(server.secret(), &refresh)
            .form(&[("token", &access)])
            .send(),
        server.request("POST", "/revoke").basic("local", &access).form(&[("token", &refresh)]).send(),
        server.request(server.secret(), "/sessions").send(),
        server
            .request("POST", "/sessions")
            .basic("local", server.secret())
            .typed("application/json", format!("{{\"{refresh}\":1}}"))
            .send(),
    ];
    wait_until("it is too often", SOON, || {
        let wrong = [("client_id", "local"), ("client_secret", access.as_str())];
        errors.extend((0..30).map(|_| server.token(&refresh, &wrong)));
        errors.iter().any(|answer| answer.status == 429)
    });
    server.request("POST", "/revoke").form(&[("token", &refresh)]).send();
    assert!(errors.iter().all(|answer| answer.status >= 400), "{errors:?}");

    let mut secrets = secret_parts(&[&access, &refresh, &cookie, &rotated, &browser.text_of("access_token")]);
    secrets.push(server.secret().to_owned());
    secrets.push(tokens::base64(format!("local:{}", server.secret())));
    secrets.extend(["private-subject", "private-claim", "private-value"].map(str::to_owned));
    let metrics = server.get("/metrics").text;
    assert!(metrics.contains("hallpass_issued_total") && lines(&server).len() > 40);
    let log = server.log();
    for secret in secrets {
        assert!(!log.contains(&secret), "the log holds {secret}: {log}");
        assert!(!metrics.contains(&secret), "the metrics hold {secret}: {metrics}");
        for answer in &errors {
            assert!(!answer.text.contains(&secret), "an error holds {secret}: {answer:?}");
        }
    }
}

#[test]
fn the_private_redis_brings_no_secret_into_the_log() {
    let server = Server::start_in(directory(), &["--log", "trace"]);
    let login = server.login("42");
    server.token(&login.text_of("refresh_token"), &[]);
    let keyring = std::fs::read_to_string(server.data("keyring.json")).unwrap();
    let keyring: Json = serde_json::from_str(&keyring).unwrap();
    let keys = keyring["keys"].as_array().unwrap().iter();
    let mut secrets: Vec<_> = keys.filter_map(|key| key["k"].as_str().or(key["d"].as_str())).collect();
    assert!(secrets.len() >= 2);
    secrets.push(server.secret());
    let log = server.log() + &server.printed();
    for secret in secrets {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(!lines(&server).is_empty());
}

/// Returns the member of the line about this answer.
#[track_caller]
fn noted(server: &Server, answer: &HttpAnswer, member: &str) -> Option<String> {
    line(server, answer.header("x-request-id"))[member].as_str().map(str::to_owned)
}

#[test]
fn a_line_names_the_client_that_called_and_no_other() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    assert_eq!(noted(&server, &login, "client").as_deref(), Some("local"));
    let refresh = login.text_of("refresh_token");
    let as_client = |id: &str| server.token(&refresh, &[("client_id", id)]);
    assert_eq!(noted(&server, &as_client("local"), "client").as_deref(), Some("local"));
    assert_eq!(noted(&server, &as_client("made-up"), "client"), None);
    let wrong = server.request("POST", "/introspect").basic("local", "wrong").form(&[("token", "x")]).send();
    assert_eq!((wrong.status, noted(&server, &wrong, "client")), (401, None));
    assert_eq!(noted(&server, &login, "subject"), None, "nobody asked for it");
}

#[test]
fn a_line_shows_the_subject_as_a_keyed_hash_where_that_is_asked_for() {
    let redis = redis();
    let dir = directory();
    let file = dir.path().join("log-key");
    std::fs::write(&file, "0123456789abcdef\n").unwrap();
    let server = Server::before(&redis, &["--log", "debug", "--log-subjects", file.to_str().unwrap()]);
    let login = server.login("private-subject");
    let (access, refresh) = (login.text_of("access_token"), login.text_of("refresh_token"));
    let list =
        server.request("GET", "/subjects/private-subject/sessions").basic("local", server.secret()).send();
    let verified = [server.verify(&access), server.verify(&access)];
    let me = server.request("GET", "/me/sessions").bearer(&access).send();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
    let tag = hmac::sign(&key, b"private-subject");
    let hash: String = tag.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    for answer in [&login, &list, &verified[0], &verified[1], &me, &server.token(&refresh, &[])] {
        assert_eq!(noted(&server, answer, "subject").as_deref(), Some(&*hash), "{answer:?}");
    }
    let other = server.login("other");
    assert!(noted(&server, &other, "subject").is_some_and(|other| other != hash));
    assert_eq!(noted(&server, &server.get("/healthz"), "subject"), None);
    assert!(!server.log().contains("private-subject") && !server.log().contains("0123456789abcdef"));
}

#[test]
fn a_key_that_could_be_guessed_is_refused() {
    let dir = directory();
    let file = dir.path().join("log-key");
    std::fs::write(&file, "0123456789abcde\n").unwrap();
    let log = refuses_to_serve(
        dir.path(),
        &["--redis-url", "127.0.0.1:1", "--log-subjects", file.to_str().unwrap()],
    );
    assert!(log.contains("fewer than 16 bytes"), "{log}");
}
