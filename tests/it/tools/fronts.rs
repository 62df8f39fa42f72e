//! Two hallpass-servers behind one nginx, as docs/production.md has them, are replaced one after the other under load.
//! `HALLPASS_EARLIER_SERVER` names the program that is replaced; without it both are the one under test, and only their settings
//! differ.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{
    application::Application,
    build::{built, earlier_server},
    gateway::{Ports, nginx, serving},
    holders::{Entrance, stay_logged_in},
    http::HttpRequest,
    http_server::{ISSUER, add_client, clients_file, directory},
    ports::free_port,
    process::Process,
    *,
};

/// Redis, the application and nginx. The servers come and go.
struct Site {
    redis: Redis,
    dir: TempDir,
    gateway: u16,
    _nginx: Process,
}

impl Site {
    /// Starts everything but the servers, which will listen at these ports.
    fn before(fronts: [u16; 2]) -> Self {
        let redis = Redis::with(&[&format!("hallpass.issuer {ISSUER}"), "hallpass.audience api"]);
        let (dir, gateway, application) = (directory(), free_port(), Application::start());
        add_client(dir.path(), "local", &["--scope", "issue"]);
        let hallpass = fronts.map(|port| format!("server 127.0.0.1:{port};")).join(" ");
        let ports = Ports { gateway, hallpass: "HALLPASS", application: application.address() };
        let text = ports.example("nginx.conf").replace("server HALLPASS;", &hallpass);
        let nginx = serving(nginx(dir.path(), &text), gateway);
        Self { redis, dir, gateway, _nginx: nginx }
    }

    /// Starts a server, and waits until it may get requests.
    #[track_caller]
    fn front(&self, program: PathBuf, port: u16, flags: &[&str]) -> Process {
        let mut command = Command::new(program);
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("HALLPASS_")) {
            command.env_remove(name);
        }
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--trusted-proxy", "127.0.0.1"]);
        command.args(["--rate-limit", "0", "--redis-url"]);
        command.arg(format!("unix:{}", self.redis.socket().display()));
        command.arg("--clients-file").arg(clients_file(self.dir.path())).args(flags);
        let log = fs::File::create(self.dir.path().join(format!("{port}.log"))).expect("a log");
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut process = Process::new(command.spawn().expect("hallpass-server starts"));
        wait_until("hallpass-server is ready", SOON, || {
            assert!(process.is_running(), "it ended");
            let ready = HttpRequest::new("GET", &format!("http://127.0.0.1:{port}/readyz")).try_send();
            ready.is_ok_and(|answer| answer.status == 200)
        });
        process
    }
}

impl Entrance for Site {
    const GUARDED: &'static str = "/api/orders";

    fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, &format!("http://127.0.0.1:{}{path}", self.gateway))
    }

    fn log_in(&self, subject: &str, by_cookie: bool) -> String {
        let tokens = self.redis.connect().issue(&format!("auth:{subject}"), &[]).expect("tokens");
        let before = if by_cookie { "__Host-hallpass=" } else { "" };
        format!("{before}{}", tokens.refresh)
    }
}

/// Step 4 of docs/upgrade.md. Seen to fail without the lines of examples/nginx.conf that repeat a request at the other server.
#[test]
fn users_stay_logged_in_while_servers_behind_nginx_are_replaced_one_by_one() {
    let ports = [free_port(), free_port()];
    let site = Site::before(ports);
    let mut fronts = ports.map(|port| site.front(earlier_server(), port, &[]));
    stay_logged_in(&site, &["1".into(), "2".into()], |holders| {
        for (front, port) in fronts.iter_mut().zip(ports) {
            let status = front.terminate(SOON);
            assert!(status.is_some_and(|status| status.success()), "no clean stop: {status:?}");
            holders.wait_until_served();
            *front = site.front(built().server.clone(), port, &["--verify-cache", "0"]);
            holders.wait_until_served();
        }
    });
    let mut con = site.redis.connect();
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
}
