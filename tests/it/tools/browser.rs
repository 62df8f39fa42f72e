//! A real browser on the example page and on pages elsewhere: tabs, lost answers, logout, other sites. The scenarios are
//! in tests/browser.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    sync::{Mutex, PoisonError},
};

use serde_json::json;

use crate::{
    documents::pages::{blocks, script},
    support::{
        build::repository,
        gateway::{Ports, nginx, serving},
        http_server::{Server, directory},
        ports::free_port,
        process::Process,
        tools::{installed, node, succeeds, system_program, tool_path},
        *,
    },
};

/// One browser at a time: it needs the whole machine.
pub static BROWSER: Mutex<()> = Mutex::new(());

/// The programs that serve pages: the example, a React application, and one whose pages have no script.
const EXAMPLE: &str = "examples/browser/server.mjs";
const REACT: &str = "tests/browser/react_app.mjs";
const SERVER_RENDERED: &str = "tests/browser/server_rendered.mjs";

/// Starts a program for Node.js that prints its address, and returns that too.
#[track_caller]
fn start(program: &str, dir: &Path, envs: &[(&str, &str)]) -> (Process, String) {
    fs::create_dir_all(dir).unwrap();
    let output = dir.join("stdout");
    let mut command = node();
    command
        .arg(repository().join(program))
        .env("PATH", tool_path())
        .env("DIR", dir)
        .envs(envs.iter().copied());
    command.stdin(Stdio::null()).stdout(File::create(&output).unwrap());
    let mut process = Process::new(command.spawn().unwrap());
    let url = wait_for("the program prints its address", SOON, || {
        let text = fs::read_to_string(&output).unwrap();
        let start = text.find("http://").filter(|_| text.ends_with('\n'));
        assert!(start.is_some() || process.is_running(), "{program} ended");
        Some(text[start?..].trim().to_owned())
    });
    (process, url)
}

/// The example application in front of a server of its own.
struct Example {
    server: Server,
    hallpass: String,
    url: String,
    _process: Process,
}

impl Example {
    #[track_caller]
    fn start(flags: &[&str], envs: &[(&str, &str)]) -> Self {
        Self::of(EXAMPLE, flags, envs)
    }

    /// Starts another application.
    #[track_caller]
    fn of(program: &str, flags: &[&str], envs: &[(&str, &str)]) -> Self {
        let server = Server::start_in(directory(), flags);
        let hallpass = format!("http://{}", server.address());
        let own = [("PORT", "0"), ("HALLPASS_URL", &hallpass), ("HALLPASS_CLIENT_SECRET", server.secret())];
        let (process, url) = start(program, &server.dir().join("example"), &[&own, envs].concat());
        Self { server, hallpass, url, _process: process }
    }

    /// Runs a script with a browser of its own.
    #[track_caller]
    fn run(&self, script: &str, envs: &[(&str, &str)]) {
        installed("tests/browser/node_modules/playwright-core");
        let _alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = node();
        command
            .arg(repository().join("tests/browser").join(script))
            .envs([("EXAMPLE_URL", &self.url), ("HALLPASS_URL", &self.hallpass)])
            .envs(envs.iter().copied())
            .env("HALLPASS_CLIENT_SECRET", self.server.secret())
            .env("PROFILE", self.server.dir().join("profile"))
            .env("CHROMIUM", system_program("chromium"));
        succeeds(script, &mut command);
    }
}

/// Runs a script with a new browser on the page of the example application.
#[track_caller]
fn run(script: &str) {
    Example::start(&["--dev-cookie"], &[]).run(script, &[]);
}

/// Where scripts of another origin are allowed to read answers.
#[derive(Clone, Copy)]
enum Cors {
    /// In the example application, which passes /token and /revoke on.
    Application,
    /// In hallpass-server for /token and /revoke, in the application for its own routes.
    Hallpass,
    /// In nginx, configured as documented.
    Proxy,
    /// In nginx and in hallpass-server, which is once too often.
    Twice,
}

/// The origins of a page and of its application with the server, on ports that were free a moment ago.
struct Elsewhere {
    page: String,
    page_port: String,
    line: String,
}

impl Elsewhere {
    fn on([page, api]: [&str; 2]) -> Self {
        let [page_port, line_port] = [free_port(), free_port()].map(|port| port.to_string());
        let line = format!("http://{api}:{line_port}");
        Self { page: format!("http://{page}:{page_port}"), page_port, line }
    }

    /// Runs a script on the page that `program` serves. The cookie is that of production, because browsers treat
    /// `localhost` and its subdomains like https.
    #[track_caller]
    fn run(&self, script: &str, program: &str, cors: Cors) {
        let allow = ["--allowed-origin", self.page.as_str()];
        let flags = if matches!(cors, Cors::Hallpass | Cors::Twice) { &allow[..] } else { &[] };
        let is_proxied = matches!(cors, Cors::Proxy | Cors::Twice);
        let example = Example::start(flags, &[("ALLOWED_ORIGIN", if is_proxied { "" } else { &self.page })]);
        let own = [("PORT", self.page_port.as_str()), ("API_ORIGIN", &self.line)];
        let _page = start(program, &example.server.dir().join("page"), &own);
        let proxy = is_proxied.then(|| self.proxy(&example));
        let target = proxy.as_ref().map_or(&example.url, |(_, url)| url);
        let token = if matches!(cors, Cors::Hallpass) { &example.hallpass } else { target };
        example.run(script, &[&self.urls()[..], &[("EXAMPLE_URL", target), ("TOKEN_URL", token)]].concat());
    }

    fn urls(&self) -> [(&'static str, &str); 2] {
        [("PAGE_URL", &self.page), ("LINE_URL", &self.line)]
    }

    /// Starts nginx with the documented configuration, and returns its address too.
    #[track_caller]
    fn proxy(&self, example: &Example) -> (Process, String) {
        let block = blocks("docs/browsers.md").into_iter().find(|block| block.language == "nginx");
        let port = free_port();
        let text = block.expect("the configuration").text.replace("8000", &port.to_string());
        let text = text.replace("http://app.demo.localhost:3001", &self.page);
        let text = text.replace("http://127.0.0.1:8080", &example.hallpass);
        let text = text.replace("http://127.0.0.1:3000", &example.url);
        let command = nginx(example.server.dir(), &format!("events {{}}\nhttp {{\n{text}}}\n"));
        (serving(command, port), format!("http://127.0.0.1:{port}"))
    }
}

const ANOTHER_PORT: [&str; 2] = ["localhost"; 2];
const SIBLINGS: [&str; 2] = ["app.demo.localhost", "auth.demo.localhost"];
const OTHER_SITES: [&str; 2] = ["app.elsewhere.localhost", "auth.demo.localhost"];

#[test]
fn two_tabs_that_refresh_at_once_stay_logged_in() {
    run("two_tabs.mjs");
}

#[test]
fn two_tabs_that_know_nothing_of_each_other_stay_logged_in() {
    run("two_tabs_alone.mjs");
}

#[test]
fn an_answer_that_is_lost_logs_nobody_out() {
    run("lost_answers.mjs");
}

#[test]
fn a_request_that_is_aborted_does_not_wait_for_a_refresh() {
    run("aborted.mjs");
}

#[test]
fn a_request_made_for_one_user_is_not_sent_for_another() {
    run("another_user.mjs");
}

#[test]
fn four_tabs_share_the_failure_of_a_refresh() {
    run("shared_failure.mjs");
}

#[test]
fn logging_out_in_one_tab_ends_the_other() {
    run("logout.mjs");
}

#[test]
fn other_sites_cannot_use_the_cookie() {
    run("cross_site.mjs");
}

#[test]
fn the_pages_draw_without_a_complaint() {
    run("pages.mjs");
}

#[test]
fn the_console_of_an_anonymous_visitor_stays_clean() {
    run("anonymous.mjs");
}

#[test]
fn a_link_from_a_mail_finds_its_user() {
    run("mail_link.mjs");
}

#[test]
fn a_plain_page_on_another_origin_works() {
    Elsewhere::on(ANOTHER_PORT).run("elsewhere.mjs", EXAMPLE, Cors::Application);
}

#[test]
fn a_react_page_on_another_origin_works() {
    Elsewhere::on(ANOTHER_PORT).run("elsewhere.mjs", REACT, Cors::Hallpass);
}

#[test]
fn a_plain_page_on_a_sibling_host_behind_nginx_works() {
    Elsewhere::on(SIBLINGS).run("elsewhere.mjs", EXAMPLE, Cors::Proxy);
}

#[test]
fn a_react_page_on_a_sibling_host_works() {
    Elsewhere::on(SIBLINGS).run("elsewhere.mjs", REACT, Cors::Hallpass);
}

#[test]
fn the_pages_on_sibling_hosts_can_be_tried_as_documented() {
    let elsewhere = Elsewhere::on(SIBLINGS);
    let line_port = elsewhere.line.rsplit(':').next().unwrap();
    let commands = script("docs/browsers.md", "Try it");
    let commands = commands.replace("3001", &elsewhere.page_port).replace("3000", line_port);
    let [server, application, page]: [&str; 3] = commands.lines().collect::<Vec<_>>().try_into().unwrap();
    let flags: Vec<&str> = server.split(' ').skip(1).collect();
    let example = Example::start(&flags, &variables(application));
    let _page = start(EXAMPLE, &example.server.dir().join("page"), &variables(page));
    example.run("elsewhere.mjs", &elsewhere.urls());
}

/// Returns the variables before a command that runs the example.
#[track_caller]
fn variables(command: &str) -> Vec<(&str, &str)> {
    let (variables, program) = command.split_once(" node ").unwrap();
    assert_eq!(program, EXAMPLE);
    variables.split(' ').map(|variable| variable.split_once('=').unwrap()).collect()
}

#[test]
fn cors_at_the_proxy_and_at_hallpass_is_an_error_that_says_so() {
    Elsewhere::on(SIBLINGS).run("cors_twice.mjs", EXAMPLE, Cors::Twice);
}

#[test]
fn the_page_of_the_documents_works_as_written() {
    run("documented.mjs");
}

#[test]
fn an_outside_token_logs_in_once() {
    let dir = directory();
    let file = dir.path().join("issuers.json");
    let issuer = format!("http://127.0.0.1:{}", free_port());
    let trusted = json!([{
        "issuer": issuer,
        "audience": "app",
        "jwks_uri": format!("{issuer}/jwks"),
        "algorithms": ["ES256"],
        "claims": ["name"],
    }]);
    fs::write(&file, trusted.to_string()).unwrap();
    let flags = ["--dev-cookie", "--issuers-file", file.to_str().unwrap()];
    Example::start(&flags, &[]).run("outside_token.mjs", &[("ISSUER", &issuer)]);
}

/// Runs a script on pages without JavaScript, which nginx guards by cookie, with more flags of the server.
#[track_caller]
fn run_by_cookie(script: &str, more: &[&str]) {
    let flags = [&["--trusted-proxy", "127.0.0.1", "--session-cookie"], more].concat();
    let example = Example::of(SERVER_RENDERED, &flags, &[]);
    let (gateway, sibling) = (free_port(), free_port());
    let application = example.url.strip_prefix("http://").unwrap();
    let ports = Ports { gateway, hallpass: example.server.address(), application };
    let _nginx = serving(nginx(example.server.dir(), &ports.example("nginx.conf")), gateway);
    let [url, sibling] =
        [(SIBLINGS[0], gateway), (SIBLINGS[1], sibling)].map(|(host, port)| format!("http://{host}:{port}"));
    example.run(script, &[("EXAMPLE_URL", &url), ("PAGE_URL", &sibling)]);
}

#[test]
fn pages_by_cookie_need_no_script() {
    run_by_cookie("no_script.mjs", &[]);
}

#[test]
fn a_copied_cookie_and_the_browsers_own_find_each_other_out() {
    run_by_cookie("copied_cookie.mjs", &["--set", "hallpass.race-window=0"]);
}

#[test]
fn a_link_from_a_mail_finds_its_user_on_pages_by_cookie() {
    run_by_cookie("mail_to_page.mjs", &[]);
}

#[test]
fn a_lax_cookie_comes_with_a_link_from_a_mail() {
    run_by_cookie("mail_to_page.mjs", &["--cookie-same-site", "lax"]);
}

#[test]
fn a_login_whose_cookie_cannot_be_kept_is_an_error() {
    Elsewhere::on(OTHER_SITES).run("other_site.mjs", EXAMPLE, Cors::Application);
}
