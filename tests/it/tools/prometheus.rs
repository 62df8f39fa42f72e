//! Debian's Prometheus with the shipped alert rules and the shipped dashboard.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::{
    documents::pages::{blocks, project_file},
    http::redis,
    support::{
        build::repository,
        http::{HttpAnswer, HttpRequest},
        http_server::{ISSUER, Server},
        ports::free_port,
        process::Process,
        tools::{succeeds, system_program},
        *,
    },
};

/// A Prometheus that scrapes, and judges the rules, each second.
struct Prometheus {
    // Dropped before its directory, so that it has ended by then.
    _process: Process,
    url: String,
    _dir: TempDir,
}

impl Prometheus {
    /// Starts it as docs/operations.md says, with these rules; it scrapes these addresses.
    #[track_caller]
    fn start(rules: &str, targets: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("alerts.yml"), rules).expect("rules");
        let page = blocks("docs/operations.md").into_iter().find(|block| block.language == "yaml");
        let scrapes =
            page.expect("a configuration").text.replace(r#"["127.0.0.1:8080"]"#, &format!("{targets:?}"));
        let config = format!("global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n{scrapes}");
        fs::write(dir.path().join("prometheus.yml"), config).expect("a configuration");
        let address = format!("127.0.0.1:{}", free_port());
        let log = File::create(dir.path().join("log")).expect("a log");
        let child = Command::new(system_program("prometheus"))
            .current_dir(dir.path())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("it starts");
        let url = format!("http://{address}");
        let started = Self { _process: Process::new(child), url, _dir: dir };
        wait_until("Prometheus is ready", SOON, || started.try_get("/-/ready").is_some());
        started
    }

    fn try_get(&self, path: &str) -> Option<HttpAnswer> {
        let answer = HttpRequest::new("GET", &format!("{}{path}", self.url)).try_send().ok();
        answer.filter(|answer| answer.status == 200)
    }

    fn data(&self, path: &str) -> Json {
        self.try_get(path).expect("an answer").json()["data"].clone()
    }

    /// Returns the series that an expression gives now.
    #[track_caller]
    fn query(&self, expression: &str) -> Vec<Json> {
        let url = format!("{}/api/v1/query", self.url);
        let answer = HttpRequest::new("POST", &url).form(&[("query", expression)]).send();
        assert_eq!(answer.status, 200, "{expression}: {answer:?}");
        answer.json()["data"]["result"].as_array().expect("a vector").clone()
    }

    /// Returns the names of the alerts that fire now.
    fn firing(&self) -> Vec<String> {
        let alerts = self.data("/api/v1/alerts")["alerts"].as_array().expect("alerts").clone();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        firing.map(|alert| alert["labels"]["alertname"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Returns the shipped rules, without patience.
fn impatient_rules() -> String {
    let rules = project_file("examples/alerts.yml");
    let lines = rules.lines().map(|line| if line.trim().starts_with("for: ") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the expressions of the dashboard as Grafana would send them.
fn panels() -> Vec<String> {
    let dashboard: Json = serde_json::from_str(&project_file("examples/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let expression = |target: &Json| target["expr"].as_str().unwrap().to_owned();
    let filled = |text: String| text.replace("$instance", ".*").replace("$__rate_interval", "1m");
    targets.map(expression).map(filled).collect()
}

/// Each alert fires in its case, and in no other of the file's cases, over time that is made up.
#[test]
fn every_alert_fires_when_it_should_and_not_before() {
    let cases = repository().join("tests/tools/alerts_test.yml");
    succeeds("promtool", Command::new(system_program("promtool")).args(["test", "rules"]).arg(cases));
    let (rules, cases) = (project_file("examples/alerts.yml"), project_file("tests/tools/alerts_test.yml"));
    for name in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let start = format!("alertname: {name}\n");
        let tested =
            cases.split(&start).skip(1).filter(|rest| rest.lines().next().unwrap().contains("exp_labels"));
        assert!(tested.count() > 0, "{name} never fires in tests/tools/alerts_test.yml");
    }
}

#[test]
fn every_panel_of_the_dashboard_has_an_answer() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let prometheus = Prometheus::start(&impatient_rules(), &[server.address()]);
    for expression in panels() {
        wait_until(&expression, SOON, || {
            server.verify(&access);
            server.verify("x.y.z");
            !prometheus.query(&expression).is_empty()
        });
    }
    let groups = prometheus.data("/api/v1/rules");
    let rules = groups["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), impatient_rules().matches("- alert: ").count());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}

#[test]
fn a_server_that_is_gone_and_a_redis_that_is_gone_are_noticed() {
    let issuer = format!("hallpass.issuer {ISSUER}");
    let mut redis = Redis::with(&[&issuer, "hallpass.audience api", "appendonly yes"]);
    let server = Server::before(&redis, &[]);
    let access = server.login("42").text_of("access_token");
    let prometheus = Prometheus::start(&impatient_rules(), &[server.address()]);
    wait_until("it is scraped", SOON, || !prometheus.query("hallpass_redis_up == 1").is_empty());
    let fires = |name: &str| prometheus.firing().iter().any(|firing| firing == name);
    wait_until("all is well", SOON, || prometheus.firing().is_empty());
    redis.stop();
    wait_until("Redis is missed", SOON, || fires("HallpassRedisDown"));
    wait_until("503 is noticed from the first on", SOON, || {
        server.verify(&access);
        fires("HallpassUnavailable")
    });
    server.stop();
    wait_until("the server is missed", SOON, || fires("HallpassDown"));
    let without = Prometheus::start(&impatient_rules(), &[]);
    wait_until("there is no server", SOON, || without.firing().contains(&"HallpassDown".to_owned()));
}
