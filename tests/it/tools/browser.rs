//! A real browser on the example page and on pages elsewhere: tabs, lost answers, logout, other sites. The scenarios are
//! in tests/browser.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    sync::{Mutex, PoisonError},
};

use crate::{
    documents::pages::blocks,
    support::{
        application::Application,
        build::repository,
        gateway::free_port,
        http_server::{Server, directory},
        process::Process,
        tools::{installed, node, succeeds, system_program, tool_path},
        *,
    },
};

/// One browser at a time: it needs the whole machine.
static BROWSER: Mutex<()> = Mutex::new(());

/// The programs that serve pages: the example, and a React application.
const EXAMPLE: &str = "examples/browser/server.mjs";
const REACT: &str = "tests/browser/react_app.mjs";

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
        let server = Server::start_in(directory(), flags);
        let hallpass = format!("http://{}", server.address());
        let own = [("PORT", "0"), ("HALLPASS_URL", &hallpass), ("HALLPASS_CLIENT_SECRET", server.secret())];
        let (process, url) = start(EXAMPLE, &server.dir().join("example"), &[&own, envs].concat());
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
#[derive(Clone, Copy, PartialEq)]
enum Cors {
    /// The example application, which passes /token and /revoke on.
    Application,
    /// hallpass-server for /token and /revoke, the application for what is its own.
    Hallpass,
}

/// Runs a script on a page that `program` serves on the host `page`, with application and server on the host `api`. The
/// cookie is that of production, because browsers treat `localhost` and its subdomains like https.
#[track_caller]
fn run_elsewhere(script: &str, program: &str, [page, api]: [&str; 2], cors: Cors) {
    let [page_port, line_port] = [free_port(), free_port()].map(|port| port.to_string());
    let (page, line) = (format!("http://{page}:{page_port}"), format!("http://{api}:{line_port}"));
    let flags = if cors == Cors::Hallpass { &["--allowed-origin", &page][..] } else { &[] };
    let example = Example::start(flags, &[("ALLOWED_ORIGIN", &page)]);
    let own = [("PORT", page_port.as_str()), ("API_ORIGIN", &line)];
    let _page = start(program, &example.server.dir().join("page"), &own);
    let token = if cors == Cors::Hallpass { &example.hallpass } else { &example.url };
    example.run(script, &[("PAGE_URL", &page), ("LINE_URL", &line), ("TOKEN_URL", token)]);
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
fn logging_out_in_one_tab_ends_the_other() {
    run("logout.mjs");
}

#[test]
fn other_sites_cannot_use_the_cookie() {
    run("cross_site.mjs");
}

/// Seen to fail without `--allowed-origin`.
#[test]
fn a_page_on_another_origin_refreshes_as_documented_and_one_on_another_site_cannot() {
    let (allowed, other) = (Application::start(), Application::start());
    let port = |page: &Application| page.address().rsplit(':').next().unwrap().to_owned();
    let origin = format!("http://localhost:{}", port(&allowed));
    let site = format!("http://127.0.0.1:{}", port(&allowed));
    let snippet =
        blocks("docs/browsers.md").into_iter().find(|block| block.language == "javascript").unwrap();
    let flags = ["--dev-cookie", "--allowed-origin", &origin, "--allowed-origin", &site];
    Example::start(&flags, &[]).run(
        "other_origin.mjs",
        &[
            ("ALLOWED_ORIGIN", &origin),
            ("OTHER_SITE", &site),
            ("OTHER_ORIGIN", &format!("http://localhost:{}", port(&other))),
            ("SNIPPET", &snippet.text),
        ],
    );
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
    run_elsewhere("elsewhere.mjs", EXAMPLE, ANOTHER_PORT, Cors::Application);
}

#[test]
fn a_react_page_on_another_origin_works() {
    run_elsewhere("elsewhere.mjs", REACT, ANOTHER_PORT, Cors::Hallpass);
}

#[test]
fn a_plain_page_on_a_sibling_host_works() {
    run_elsewhere("elsewhere.mjs", EXAMPLE, SIBLINGS, Cors::Application);
}

#[test]
fn a_react_page_on_a_sibling_host_works() {
    run_elsewhere("elsewhere.mjs", REACT, SIBLINGS, Cors::Hallpass);
}

#[test]
fn a_login_whose_cookie_cannot_be_kept_is_an_error() {
    run_elsewhere("other_site.mjs", EXAMPLE, OTHER_SITES, Cors::Application);
}
