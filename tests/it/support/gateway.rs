//! A gateway with its shipped example configuration, in front of an application and of Hallpass; and the requirements
//! that every gateway must meet.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value as Json, json};

use super::{
    Redis, SOON,
    application::{Application, header},
    build::repository,
    http::{HttpAnswer, HttpRequest, escaped},
    http_server::{ISSUER, Server},
    process::Process,
    tools::system_program,
    wait_until,
};

/// The headers that tell an application who the user is.
const IDENTITY: [&str; 3] = ["X-Auth-Subject", "X-Auth-Session", "X-Auth-Claims"];

/// A gateway, the application and Hallpass.
pub struct Site {
    gateway: Process,
    port: u16,
    application: Application,
    server: Server,
    redis: Redis,
}

impl Site {
    /// Starts all three. `launch` gets a directory for its files and [`Ports`] to write example configurations with.
    #[track_caller]
    pub fn behind(launch: impl FnOnce(&Path, &Ports<'_>) -> Command) -> Self {
        let redis = Redis::with(&[&format!("hallpass.issuer {ISSUER}"), "hallpass.audience api"]);
        let server = Server::before(&redis, &["--trusted-proxy", "127.0.0.1"]);
        let application = Application::start();
        let port = free_port();
        let ports = Ports { gateway: port, hallpass: server.address(), application: application.address() };
        let log = File::create(server.dir().join("gateway.log")).expect("a log");
        let mut command = launch(server.dir(), &ports);
        command.current_dir(server.dir()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        let gateway = Process::new(command.spawn().expect("the gateway starts"));
        let mut site = Self { gateway, port, application, server, redis };
        wait_until("the gateway serves", SOON, || {
            assert!(site.gateway.is_running(), "{}", site.log());
            site.request("GET", "/up").try_send().is_ok_and(|answer| answer.status == 200)
        });
        site
    }

    fn log(&self) -> String {
        fs::read_to_string(self.server.dir().join("gateway.log")).expect("its log")
    }

    fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, &format!("http://127.0.0.1:{}{path}", self.port))
    }

    /// Returns the text of the request as the application received it.
    #[track_caller]
    fn received(&self, request: HttpRequest) -> String {
        let answer = request.send();
        assert_eq!(answer.status, 200, "{answer:?} {}", self.log());
        answer.text
    }

    /// Asserts that the answer is a refusal and that the application received nothing.
    #[track_caller]
    fn is_refused(&self, request: HttpRequest, status: u16) -> HttpAnswer {
        let before = self.application.calls();
        let answer = request.send();
        assert_eq!(answer.status, status, "{answer:?} {}", self.log());
        assert_eq!(self.application.calls(), before, "the application was called");
        answer
    }

    /// Asserts that the largest claims, and a subject with special characters, arrive unchanged.
    pub fn passes_identity_on_unharmed(&self) {
        let subject = "Jürgen Müller/日本 100%";
        // These look like placeholders and variables of gateways.
        let tricky = r#"{env.HOME} {http.request.uri} $host ${HOME} %h "q" \ {{.}} ü 日本 😀"#;
        for filler in ["x", "ü", "\u{7f}"] {
            let mut claims = json!({ "tricky": tricky, "fill": "" });
            let room = 4096 - claims.to_string().len();
            claims["fill"] = filler.repeat(room / filler.len()).into();
            let login = self.server.sessions(&json!({ "subject": subject, "claims": claims }));
            assert_eq!(login.status, 201, "{login:?}");
            let request = self.request("POST", "/api/orders?a=%20b&audience=other");
            let request = request.typed("text/plain", "the body").bearer(&login.text_of("access_token"));
            let received = self.received(request);
            assert!(received.starts_with("POST /api/orders?a=%20b&audience=other HTTP/1.1"), "{received}");
            assert!(received.ends_with("\r\n\r\nthe body"), "{received}");
            assert_eq!(header(&received, "x-auth-subject"), Some(&*escaped_subject(subject)));
            assert_eq!(header(&received, "x-auth-session"), Some(&*login.text_of("session_id")));
            let shown: Json =
                serde_json::from_str(header(&received, "x-auth-claims").expect("claims")).unwrap();
            assert_eq!(shown, claims);
        }
    }

    /// Asserts that without a valid token only the public part behind the gateway is reached.
    pub fn asks_for_a_token(&self) {
        let refused = self.is_refused(self.request("GET", "/api/orders"), 401);
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        for token in ["x", "a.b.c", &self.server.login("42").text_of("refresh_token")] {
            let refused = self.is_refused(self.request("GET", "/api/orders").bearer(token), 401);
            assert!(refused.header("www-authenticate").contains("invalid_token"), "{refused:?}");
        }
        // All of these are /api/x to some applications.
        for path in
            ["/api/../api/x", "//api/x", "/%61pi/x", "/public/%2e%2e/api/x", "/about/../api/x", "/./api/x"]
        {
            let answer = self.request("GET", path).send();
            assert_ne!(answer.status, 200, "{path}: {answer:?}");
        }
        self.received(self.request("GET", "/about"));
    }

    /// Asserts that a token for another audience is refused, whatever the end user writes into the query.
    pub fn lets_nobody_choose_the_audience(&self) {
        let login = self.server.sessions(&json!({ "subject": "42", "audience": "reports" }));
        let access = login.text_of("access_token");
        for query in ["", "?audience=reports", "?audience=*", "?audience=", "?a=1&audience=reports"] {
            self.is_refused(self.request("GET", &format!("/api/orders{query}")).bearer(&access), 401);
        }
    }

    /// Asserts that identity headers from the end user do not arrive, with and without a token.
    pub fn drops_spoofed_identity(&self) {
        let login = self.server.login("42");
        for (path, subject) in [("/about", None), ("/api/orders", Some("42"))] {
            let mut request = self.request("GET", path).bearer(&login.text_of("access_token"));
            for name in IDENTITY {
                let lower = name.to_ascii_lowercase();
                let first_underscore = lower.replacen('-', "_", 1);
                let last_underscore = format!("x-auth_{}", &lower["x-auth-".len()..]);
                for spelling in [name, &lower, &lower.replace('-', "_"), &first_underscore, &last_underscore]
                {
                    request = request.header(spelling, "spoofed");
                }
            }
            let received = self.received(request);
            assert!(!received.contains("spoofed"), "{path}: {received}");
            assert_eq!(header(&received, "x-auth-subject"), subject, "{received}");
        }
        let nobody = self.request("GET", "/api/orders").header("x-auth-subject", "42");
        self.is_refused(nobody, 401);
    }

    /// Asserts that the next request of an ended session is refused.
    pub fn shuts_out_an_ended_session(&self) {
        let login = self.server.login("42");
        let api = || self.request("GET", "/api/orders").bearer(&login.text_of("access_token"));
        self.received(api());
        let ended =
            self.request("POST", "/revoke").form(&[("token", &login.text_of("refresh_token"))]).send();
        assert_eq!(ended.status, 200, "{ended:?}");
        self.is_refused(api(), 401);
    }

    /// Asserts that apps and browsers reach their routes of Hallpass, and no others.
    pub fn opens_only_what_holders_need(&self) {
        let login = self.server.login("42");
        let pairs = [("grant_type", "refresh_token"), ("refresh_token", &login.text_of("refresh_token"))];
        let refreshed = self.request("POST", "/token").form(&pairs).send();
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        let access = refreshed.text_of("access_token");
        let mine = self.request("GET", "/me/sessions").bearer(&access).send();
        assert_eq!(mine.json()["sessions"].as_array().map(Vec::len), Some(1), "{mine:?}");
        for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
            assert!(self.request("GET", path).send().json().is_object(), "{path}");
        }
        for path in ["/metrics", "/subjects/42/sessions", "/verify", "/docs"] {
            let received = self.received(self.request("GET", path));
            assert!(received.starts_with(&format!("GET {path} HTTP/1.1")), "{path} is the application's");
        }
    }

    /// Asserts that the answer is 503 while Redis is away, and that the user is still logged in afterwards.
    pub fn takes_an_outage_for_an_outage(mut self) {
        let access = self.server.login("42").text_of("access_token");
        self.redis.stop();
        let refused = self.is_refused(self.request("GET", "/api/orders").bearer(&access), 503);
        assert_eq!(refused.header("retry-after"), "1", "{refused:?}");
        assert_eq!(refused.header("www-authenticate"), "", "{refused:?}");
        self.received(self.request("GET", "/about"));
    }
}

/// The ports of the gateway, Hallpass and the application.
pub struct Ports<'a> {
    gateway: u16,
    hallpass: &'a str,
    application: &'a str,
}

impl Ports<'_> {
    /// Returns an example configuration, with these ports instead of its own.
    #[track_caller]
    pub fn example(&self, name: &str) -> String {
        let text = fs::read_to_string(repository().join("examples").join(name)).expect("an example");
        let text = text.replace("127.0.0.1:8080", self.hallpass).replace("127.0.0.1:3000", self.application);
        text.replace("8000", &self.gateway.to_string())
    }
}

/// Returns the command that runs nginx in `dir` with this configuration.
pub fn nginx(dir: &Path, configuration: &str) -> Command {
    // Its own paths, since only root may write to the defaults.
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let own = kinds.map(|kind| format!("{kind}_temp_path {}/{kind};\n", dir.display())).concat();
    let text = configuration.replace("http {", &format!("http {{\n{own}"));
    fs::write(dir.join("nginx.conf"), text).expect("its configuration");
    let pid = format!("daemon off; master_process off; pid {}/nginx.pid;", dir.display());
    let mut command = Command::new(system_program("nginx"));
    command.args(["-c", "nginx.conf", "-e", "stderr", "-g", &pid]).arg("-p").arg(dir);
    command
}

/// Returns a port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Returns a subject as `X-Auth-Subject` has it: a slash is plain there.
fn escaped_subject(subject: &str) -> String {
    escaped(subject).replace("%2F", "/")
}
