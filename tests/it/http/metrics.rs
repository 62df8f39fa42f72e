//! `GET /metrics`: the metrics for Prometheus, and a dashboard that uses no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::Value as Json;

use crate::{http::redis, support::http_server::Server, support::*};

/// Returns the samples of `/metrics`: name with labels, and value. Each must belong to the family announced before it.
#[track_caller]
fn samples(server: &Server) -> BTreeMap<String, f64> {
    let answer = server.get("/metrics");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text.ends_with('\n'));
    let (mut found, mut family, mut seen) =
        (BTreeMap::new(), (String::new(), String::new()), BTreeSet::new());
    for line in answer.text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert!(seen.insert(name.to_owned()), "{name} comes twice");
            family = (name.to_owned(), kind.to_owned());
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let suffix = sample.split('{').next().unwrap().strip_prefix(&family.0).expect("of its family");
            let right: &[&str] = if family.1 == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(right.contains(&suffix), "{line}");
            found.insert(sample.to_owned(), value.parse().expect("a number"));
        }
    }
    found
}

/// Returns the one sample with this name and all of these labels; 0 if there is none.
fn value(samples: &BTreeMap<String, f64>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    let fits = |sample: &&String| {
        sample.split('{').next() == Some(name) && labels.iter().all(|label| sample.contains(label))
    };
    let mut fitting = samples.keys().filter(fits);
    let first = fitting.next();
    assert!(fitting.next().is_none(), "{name} {labels:?} is more than one");
    first.map_or(0.0, |sample| samples[sample])
}

#[test]
fn requests_are_counted_and_timed_by_route_and_outcome() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    server.token("hp1.nonsense", &[]);
    server.token("hp1.nonsense", &[]);
    server.token(&login.text_of("refresh_token"), &[]);
    for path in ["/verify/a", "/verify/b", "/nowhere/a", "/nowhere/b"] {
        server.get(path);
    }
    server.request("MADEUP", "/verify").send();
    let samples = samples(&server);
    for (method, route, status, outcome, count) in [
        ("POST", "/sessions", "201", "ok", 1.0),
        ("POST", "/token", "400", "invalid_grant", 2.0),
        ("POST", "/token", "200", "ok", 1.0),
        ("GET", "/verify/{*path}", "401", "invalid_token", 2.0),
        ("GET", "-", "404", "not_found", 2.0),
        ("OTHER", "/verify", "401", "invalid_token", 1.0),
    ] {
        let labels = [("method", method), ("route", route), ("status", status), ("outcome", outcome)];
        assert_eq!(value(&samples, "hallpass_http_requests_total", &labels), count, "{labels:?}");
        let histogram = "hallpass_http_request_duration_seconds";
        assert_eq!(value(&samples, &format!("{histogram}_count"), &labels), count, "{labels:?}");
        assert!(value(&samples, &format!("{histogram}_sum"), &labels) > 0.0, "{labels:?}");
        let endless = [&labels[..], &[("le", "+Inf")]].concat();
        assert_eq!(value(&samples, &format!("{histogram}_bucket"), &endless), count, "{labels:?}");
    }
    assert_eq!(value(&samples, "hallpass_http_requests_in_flight", &[]), 1.0, "this one");
}

#[test]
fn redis_is_timed_and_the_modules_counters_are_there() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let login = server.login("42");
    let refresh = login.text_of("refresh_token");
    server.token(&refresh, &[]);
    server.token(&refresh, &[]);
    server.verify(&login.text_of("access_token"));
    server.verify("x.y.z");
    let samples_now = samples(&server);
    let command = |name: &str, outcome: &str| {
        let labels = [("command", name), ("outcome", outcome)];
        value(&samples_now, "hallpass_redis_command_duration_seconds_count", &labels)
    };
    assert_eq!(
        (command("AUTH.ISSUE", "ok"), command("AUTH.REFRESH", "ok"), command("AUTH.VERIFY", "ok")),
        (1.0, 2.0, 1.0)
    );
    let mut con = redis.connect();
    for name in [
        "issued",
        "refreshed",
        "retried",
        "shared",
        "reused",
        "recovered",
        "revoked",
        "evicted",
        "verified",
        "verify_cache_hits",
        "invalid",
        "expired",
        "stale",
        "unreadable_records",
        "receipts_kept",
        "receipts_dropped",
    ] {
        let metric = format!("hallpass_{name}_total");
        assert!(samples_now.contains_key(&metric), "{metric}");
        let counted = con.counter(name) as f64;
        assert_eq!(samples_now[&metric], counted, "{metric}");
    }
    assert_eq!(samples_now["hallpass_retried_total"], 1.0);
    assert_eq!(
        (samples_now["hallpass_users_estimate"], samples_now["hallpass_sessions_estimate"]),
        (1.0, 1.0)
    );
    assert_eq!(value(&samples_now, "hallpass_retry_delay_seconds_count", &[]), 1.0);
    assert_eq!((samples_now["hallpass_redis_up"], samples_now["hallpass_keyring_stale"]), (1.0, 0.0));
    drop(con);

    redis.stop();
    let during = samples(&server);
    assert_eq!(during["hallpass_redis_up"], 0.0);
    assert!(!during.contains_key("hallpass_issued_total"), "unknown is not zero");
    server.verify("x.y.z");
    redis.restart();
    wait_until("Redis is back", SOON, || samples(&server)["hallpass_redis_up"] == 1.0);
}

#[test]
fn a_refusal_is_not_an_outage() {
    let mut redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    redis.connect().get::<i64>(&["DEL", "auth:42"]);
    server.verify(&access);
    redis.stop();
    server.verify(&access);
    let samples = samples(&server);
    for outcome in ["refused", "unavailable"] {
        let labels = [("command", "AUTH.VERIFY"), ("outcome", outcome)];
        assert_eq!(
            value(&samples, "hallpass_redis_command_duration_seconds_count", &labels),
            1.0,
            "{outcome}"
        );
    }
}

/// Asserts that these PromQL expressions use our metrics, and only existing ones.
#[track_caller]
fn assert_known(expressions: &[&str]) {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    server.verify(&server.login("42").text_of("access_token"));
    let samples = samples(&server);
    let names: BTreeSet<_> = samples.keys().map(|sample| sample.split('{').next().unwrap()).collect();
    for expression in expressions {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let asked: Vec<_> = words.filter(|word| word.starts_with("hallpass_")).collect();
        assert!(!asked.is_empty() || expression.contains("up{job=\"hallpass\"}"), "{expression}");
        for name in asked {
            assert!(names.contains(name), "there is no {name}: {expression}");
        }
    }
}

/// Returns a file among the examples.
fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_dashboard_asks_for_metrics_that_are_there() {
    let dashboard: Json = serde_json::from_str(&example("grafana-dashboard.json")).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array());
    let expressions: Vec<_> = targets.flatten().map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(expressions.len() >= 10, "{expressions:?}");
    assert_known(&expressions);
    let all = expressions.join(" ");
    for name in [
        "hallpass_http_requests_total",
        "hallpass_redis_command_duration_seconds_bucket",
        "hallpass_reused_total",
    ] {
        assert!(all.contains(name), "the dashboard lacks {name}");
    }
}

#[test]
fn the_alerts_ask_for_metrics_that_are_there() {
    let rules = example("alerts.yml");
    let expressions: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert_eq!(expressions.len(), rules.matches("- alert: ").count());
    assert_known(&expressions);
}
