//! The console in a real browser: every function, and every way to be refused. What it does is in tests/browser/console.

use std::{env, ffi::OsStr, fs, path::Path, process::Command, sync::PoisonError};

use super::browser::BROWSER;
use crate::support::{
    build::{built, repository},
    http_server::{Server, add_client, clients_file, directory},
    tools::{installed, node, succeeds, system_program},
};

/// Runs a script with a browser of its own, in front of a server with these flags.
#[track_caller]
fn run(script: &str, flags: &[&str]) {
    run_before(&Server::start_in(directory(), flags), script, &[]);
}

/// The same in front of this server; the script also gets these variables.
#[track_caller]
fn run_before(server: &Server, script: &str, envs: &[(&str, &OsStr)]) {
    installed("tests/browser/node_modules/playwright-core");
    let _alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = node();
    command
        .arg(repository().join("tests/browser/console").join(script))
        .env("HALLPASS_URL", format!("http://{}", server.address()))
        .env("HALLPASS_CLIENT_SECRET", server.secret())
        .env("REDIS_PID", server.redis_pid().to_string())
        .env("REDIS_SOCKET", server.data("redis.sock"))
        .env("CHROMIUM", system_program("chromium"))
        .envs(envs.iter().copied());
    succeeds(script, &mut command);
}

#[test]
fn only_a_client_that_manages_gets_in_and_its_secret_is_kept_nowhere() {
    let clients = directory();
    let reader = add_client(clients.path(), "reader", &["--scope", "issue,introspect"]);
    let file = clients_file(clients.path());
    let flags = ["--rate-limit", "1", "--clients-file", file.to_str().expect("a plain path")];
    let server = Server::start_in(directory(), &flags);
    run_before(&server, "sign_in.mjs", &[("READER_SECRET", reader.as_ref())]);
}

#[test]
fn sessions_are_shown_and_ended_and_claims_changed() {
    run("sessions.mjs", &[]);
}

#[test]
fn ten_thousand_sessions_are_shown_by_pages() {
    run("many_sessions.mjs", &["--set", "hallpass.session-limit=10000"]);
}

#[test]
fn a_pasted_token_is_explained() {
    run("tokens.mjs", &[]);
}

#[test]
fn keys_are_shown_with_their_time_line() {
    let server = Server::start();
    let keyring = server.data("keyring.json");
    let dir = server.stop();
    let mut rotate = Command::new(&built().server);
    rotate
        .args(["keys", "rotate", "--activate-in", "24h", "--retire-after", "90d", "--keyring"])
        .arg(keyring);
    succeeds("keys rotate", &mut rotate);
    run_before(&Server::start_in(dir, &[]), "keys.mjs", &[]);
}

#[test]
fn numbers_are_drawn_live_and_written_out() {
    run("overview.mjs", &[]);
}

#[test]
fn events_are_told_live_without_gaps_that_nobody_sees() {
    run("events.mjs", &[]);
}

#[test]
fn an_outage_is_said_and_nothing_is_lost_by_it() {
    run("outage.mjs", &[]);
}

#[test]
fn hostile_text_stays_text() {
    run("hostile.mjs", &[]);
}

#[test]
fn everybody_can_use_it() {
    run("accessible.mjs", &["--rate-limit", "0"]);
}

/// With PICTURES, as in `make pictures`, those of the documents are drawn anew, of which no two are alike.
#[test]
fn the_pictures_of_the_documents_can_be_drawn() {
    let server = Server::start_in(directory(), &["--demo"]);
    let (place, seconds) = env::var_os("PICTURES").map_or((server.dir().into(), "0"), |place| (place, "60"));
    let envs = [("PICTURES", place.as_os_str()), ("SECONDS", seconds.as_ref())];
    run_before(&server, "screenshots.mjs", &envs);
    for name in ["overview", "users", "phone"] {
        let file = format!("console-{name}.png");
        let [drawn, shown] =
            [Path::new(&place), &repository().join("docs")].map(|place| size(&place.join(&file)));
        assert_eq!(drawn, shown, "{file}");
    }
}

/// Returns the width and height of a PNG file (PNG §11.2.1).
#[track_caller]
fn size(file: &Path) -> [u8; 8] {
    let picture = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(picture.starts_with(b"\x89PNG"), "{}", file.display());
    picture[16..24].try_into().expect("eight bytes")
}
