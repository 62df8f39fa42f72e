//! A gateway with its shipped example configuration, in front of an application and of Hallpass; and the requirements
//! that every gateway must meet.

mod program;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
};

pub use program::{Ports, nginx, serving};

use serde_json::{Value as Json, json};

use super::{
    Redis, SOON,
    application::{Application, header},
    http::{HttpAnswer, HttpRequest, escaped},
    http_server::{ISSUER, Server},
    ports::free_port,
    process::Process,
    wait_for, wait_until,
};

/// The headers that tell an application who the user is.
const IDENTITY: [&str; 4] = ["X-Auth-Subject", "X-Auth-Session", "X-Auth-Claims", "X-Auth-Stale"];

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
        let issuer = format!("hallpass.issuer {ISSUER}");
        let redis = Redis::with(&[&issuer, "hallpass.audience api", "hallpass.race-window 60"]);
        let server = Server::before(&redis, &["--trusted-proxy", "127.0.0.1", "--session-cookie"]);
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
            assert_eq!(header(&received, "x-auth-stale"), Some("0"));
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
        for path in [
            "/api/../api/x",
            "//api/x",
            "/%61pi/x",
            "/public/%2e%2e/api/x",
            "/about/../api/x",
            "/./api/x",
            "/API/x",
            "/api%2Fx",
            "/public/..%2fapi/x",
            "/api;a=b/x",
            "/api%3Bx/y",
            "/;/api/x",
            "/ü;/api/x",
            "/public/..;/api/x",
            "/api\\x",
            "/api%5Cx",
            "/public/..%5capi/x",
        ] {
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
        // A proxy removes what Connection names.
        for connection in ["X-Auth-Subject, x-auth-claims", "close, X-Auth-Stale,x-auth-session, Upgrade"] {
            let request = self.request("GET", "/api/orders").bearer(&login.text_of("access_token"));
            let received = self.received(request.header("connection", connection));
            for name in IDENTITY {
                assert!(header(&received, name).is_some(), "{connection}, {name}: {received}");
            }
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

    /// Returns the cookie of a new session.
    fn cookie(&self, more: &Json) -> String {
        let mut body = json!({ "subject": "42", "cookie": true });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = self.server.sessions(&body);
        answer.set_cookie().expect("a cookie")
    }

    /// Returns a browser's request for something below /account/.
    fn by_cookie(&self, method: &str, path: &str, cookie: &str, mode: &str) -> HttpRequest {
        let request = self.request(method, path).header("cookie", cookie);
        request.header("sec-fetch-mode", mode).header("sec-fetch-site", "same-origin")
    }

    /// Returns the user's way to a page.
    fn navigation(&self, cookie: &str) -> HttpRequest {
        self.by_cookie("GET", "/account/orders?page=2", cookie, "navigate")
    }

    /// Asserts that a page, an image and a form are served by cookie alone, and nothing without one.
    pub fn serves_pages_by_cookie(&self) {
        let cookie = format!("theme=dark; {}", self.cookie(&json!({ "claims": { "role": "admin" } })));
        let image = self.by_cookie("GET", "/account/photo.png", &cookie, "no-cors");
        let form = self.by_cookie("POST", "/account/orders", &cookie, "navigate").form(&[("item", "7")]);
        for (request, line) in [
            (self.navigation(&cookie), "GET /account/orders?page=2 HTTP/1.1"),
            (image, "GET /account/photo.png HTTP/1.1"),
            (form, "POST /account/orders HTTP/1.1"),
        ] {
            let received = self.received(request);
            assert!(received.starts_with(line), "{received}");
            assert_eq!(header(&received, "x-auth-subject"), Some("42"), "{received}");
            assert_eq!(header(&received, "x-auth-claims"), Some(r#"{"role":"admin"}"#), "{received}");
        }
        let form = self.by_cookie("POST", "/account/orders", &cookie, "navigate").form(&[("item", "7")]);
        assert!(self.received(form).ends_with("item=7"));
        let anonymous = self.is_refused(self.request("GET", "/account/orders"), 401);
        assert_eq!(anonymous.header("www-authenticate"), "Bearer");
        let by_token = self.server.login("43").text_of("access_token");
        let received = self.received(self.request("GET", "/account/orders").bearer(&by_token));
        assert_eq!(header(&received, "x-auth-subject"), Some("43"), "an access token will do, too");
    }

    /// Asserts that thirty pages at once get the same renewed cookie, and that a page which did not get it gets it again.
    pub fn renews_the_cookie(&self) {
        let cookie = self.cookie(&json!({ "access_ttl": 1 }));
        let fresh = self.cookie(&json!({}));
        let page = self.navigation(&fresh).send();
        assert_eq!((page.status, page.set_cookie()), (200, None), "not yet");
        let next = wait_for("a renewal", SOON, || self.navigation(&cookie).send().set_cookie());
        assert_ne!(next, cookie);
        let pages = (0..30).map(|_| {
            let request = self.navigation(&cookie);
            thread::spawn(move || request.send())
        });
        for page in pages.collect::<Vec<_>>() {
            let page = page.join().expect("an answer");
            assert_eq!((page.status, page.set_cookie().as_deref()), (200, Some(&*next)), "{page:?}");
            assert_eq!(page.headers("cache-control"), ["private"], "{page:?}");
        }
        assert_eq!(self.navigation(&next).send().status, 200);
    }

    /// Asserts that no shared cache may keep an answer with a renewed cookie, whatever the application says.
    pub fn keeps_a_renewed_cookie_out_of_caches(&self) {
        for path in ["/account/orders", "/api/orders"] {
            let cookie = self.cookie(&json!({ "access_ttl": 1 }));
            let page = wait_for("a renewal", SOON, || {
                let request = self.by_cookie("GET", path, &cookie, "navigate");
                let page = request.header("x-answer-cache-control", "public, max-age=600").send();
                page.set_cookie().map(|_| page)
            });
            let directives = page.headers("cache-control").join(",");
            assert!(directives.split(',').any(|directive| directive.trim() == "private"), "{path}: {page:?}");
        }
    }

    /// Asserts that a cookie which is good for nothing is cleared.
    pub fn clears_a_dead_cookie(&self) {
        let cookie = self.cookie(&json!({}));
        let logout = self.request("POST", "/revoke").header("cookie", &cookie).header("x-hallpass", "1");
        assert_eq!(logout.send().status, 200);
        let refused = self.is_refused(self.navigation(&cookie), 401);
        assert_eq!(refused.set_cookie().as_deref(), Some("__Host-hallpass="), "{refused:?}");
    }

    /// Asserts that another site's forms and handshakes are refused, and those of the own site are not.
    pub fn keeps_other_sites_out(&self) {
        let cookie = self.cookie(&json!({}));
        let own = format!("http://127.0.0.1:{}", self.port);
        let from = |method: &str, headers: &[(&str, &str)]| {
            let request = self.request(method, "/account/orders").header("cookie", &cookie);
            headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        let sibling = ("origin", "http://sibling.example");
        for headers in [
            &[("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")][..],
            &[("sec-fetch-site", "same-site"), sibling],
            &[sibling],
            &[("origin", "null")],
            &[],
        ] {
            let refused = self.is_refused(from("POST", headers).form(&[("item", "7")]), 403);
            assert_eq!(refused.set_cookie(), None, "{refused:?}");
        }
        // Whatever an end user writes there, the gateway knows better.
        let spoofed = [
            ("x-forwarded-method", "GET"),
            ("x-original-method", "GET"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "evil.example"),
            ("origin", "http://evil.example"),
        ];
        self.is_refused(from("POST", &spoofed).form(&[("item", "7")]), 403);
        for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", &own)]] {
            self.received(from("POST", headers).form(&[("item", "7")]));
        }
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        self.is_refused(from("GET", &[key, ("origin", "http://evil.example")]), 403);
        self.received(from("GET", &[key, ("origin", &own)]));
        let before = self.application.calls();
        let handshake = format!(
            "GET /account/live HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\nOrigin: http://evil.example\r\nCookie: {cookie}\r\n\r\n",
            self.port, key.1
        );
        assert_eq!(status_of(self.port, &handshake), 403, "{}", self.log());
        assert_eq!(self.application.calls(), before, "the application was called");
        self.received(from("GET", &[("sec-fetch-site", "cross-site")]));
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

/// Makes a test of each requirement, for the gateway that the function `site` starts.
#[macro_export]
macro_rules! every_gateway_must {
    ($site:ident: $($requirement:ident),* $(,)?) => {
        $(
            #[test]
            fn $requirement() {
                $site().$requirement();
            }
        )*
    };
    ($site:ident) => {
        $crate::every_gateway_must! {
            $site:
            passes_identity_on_unharmed,
            asks_for_a_token,
            lets_nobody_choose_the_audience,
            drops_spoofed_identity,
            shuts_out_an_ended_session,
            opens_only_what_holders_need,
            serves_pages_by_cookie,
            renews_the_cookie,
            keeps_a_renewed_cookie_out_of_caches,
            clears_a_dead_cookie,
            keeps_other_sites_out,
            takes_an_outage_for_an_outage,
        }
    };
}

/// Returns the status of the answer to a request as it is written.
fn status_of(port: u16, request: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the gateway listens");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// Returns a subject as `X-Auth-Subject` has it: a slash is plain there.
fn escaped_subject(subject: &str) -> String {
    escaped(subject).replace("%2F", "/")
}
