//! A real browser on the example page: tabs, lost answers, logout, other sites. The scenarios are in tests/browser.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use crate::{
    documents::pages::blocks,
    support::{
        application::Application,
        build::repository,
        http_server::{Server, directory},
        process::Process,
        tools::{installed, succeeds, system_program, tool},
        *,
    },
};

/// One browser at a time: it needs the whole machine.
static BROWSER: Mutex<()> = Mutex::new(());

/// Returns Node.js itself: the program from PyPI only starts it, and would leave it running.
#[track_caller]
fn node() -> Command {
    let output = Command::new(tool("node")).args(["-p", "process.execPath"]).output().unwrap();
    Command::new(String::from_utf8(output.stdout).unwrap().trim())
}

/// Runs a script with a new browser, the example application and a new server.
#[track_caller]
fn run(script: &str) {
    run_with(script, &[], &[]);
}

/// Runs a script with more flags for the server and more variables for the script.
#[track_caller]
fn run_with(script: &str, flags: &[&str], variables: &[(&str, &str)]) {
    installed("tests/browser/node_modules/playwright-core");
    let chromium = system_program("chromium");
    let server = Server::start_in(directory(), &[&["--dev-cookie"], flags].concat());
    let hallpass = format!("http://{}", server.address());
    let output = server.dir().join("example.out");
    let mut command = node();
    command
        .arg(repository().join("examples/browser/server.mjs"))
        .envs([("PORT", "0"), ("HALLPASS_URL", &hallpass), ("HALLPASS_CLIENT_SECRET", server.secret())])
        .stdin(Stdio::null())
        .stdout(File::create(&output).unwrap());
    let _example = Process::new(command.spawn().unwrap());
    let url = wait_for("the example prints its address", SOON, || {
        let text = fs::read_to_string(&output).unwrap();
        let start = text.find("http://").filter(|_| text.ends_with('\n'))?;
        Some(text[start..].trim().to_owned())
    });
    let _alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = node();
    command
        .arg(repository().join("tests/browser").join(script))
        .envs([("EXAMPLE_URL", &url), ("HALLPASS_URL", &hallpass)])
        .env("HALLPASS_CLIENT_SECRET", server.secret())
        .envs(variables.iter().copied())
        .env("PROFILE", server.dir().join("profile"))
        .env("CHROMIUM", chromium);
    succeeds(script, &mut command);
}

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
    run_with(
        "other_origin.mjs",
        &["--allowed-origin", &origin, "--allowed-origin", &site],
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
