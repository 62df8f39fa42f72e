//! The promises of command-line tools: several processes share one file of credentials.
//!
//! `login` reads a token response, `token` prints a valid access token, `logout` ends the session. Status 1 means "log in
//! again", status 75 "ask again later".

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    process::{Output, Stdio},
    thread,
};

use serde_json::{Value as Json, json};

use crate::{
    pages::script,
    rig::{Rig, page, shell_command},
    shell,
    support::{AuthCommands, SOON, build::repository, wait_until},
};

/// The statuses of the tools.
const NO_ACTION: Option<i32> = Some(2);
const LOGGED_OUT: Option<i32> = Some(1);
const TEMPORARY: Option<i32> = Some(75);

/// Runs the documented commands with `action` in place of `token`, and returns the output.
fn run(rig: &Rig, action: &str, input: &str) -> Output {
    run_after(rig, "", action, input)
}

/// Does the same after other commands of the shell.
fn run_after(rig: &Rig, preparation: &str, action: &str, input: &str) -> Output {
    let commands =
        rig.commands.lines().find(|line| line.ends_with(" token")).expect("a command that gets a token");
    let commands = commands.replace(" token", &format!(" {action}"));
    let mut command = shell_command(&format!("{preparation}\n{commands}"));
    command.envs(rig.variables()).env("CREDENTIALS", rig.path("credentials.json"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A tool that reads nothing may have ended.
    process.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    process.wait_with_output().unwrap()
}

/// Logs in, and ends earlier sessions. A token that lasts for a minute is already too old for the tools.
fn login(rig: &Rig, access_ttl: i64) -> Json {
    rig.con().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    let body = json!({"subject": "42", "claims": {"name": "Ada"}, "shared": 3, "access_ttl": access_ttl});
    let tokens = rig.issue(&body).text;
    let output = run(rig, "login", &tokens);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_str(&tokens).unwrap()
}

/// Returns the access token that a process gets.
#[track_caller]
fn token(rig: &Rig) -> String {
    let output = run(rig, "token", "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Returns the status of a process that fails, with one line to say why.
#[track_caller]
fn refused(rig: &Rig, action: &str, input: &str) -> Option<i32> {
    refused_after(rig, "", action, input)
}

/// Does the same after other commands of the shell.
#[track_caller]
fn refused_after(rig: &Rig, preparation: &str, action: &str, input: &str) -> Option<i32> {
    let output = run_after(rig, preparation, action, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.stdout.is_empty() && !said.contains("Traceback") && said.lines().count() == 1,
        "{output:?}"
    );
    output.status.code()
}

fn stored(rig: &Rig) -> String {
    fs::read_to_string(rig.path("credentials.json")).unwrap()
}

/// Logs in with the commands of the page.
fn logs_in_as_documented(rig: &Rig) {
    fs::create_dir(rig.path("data")).unwrap();
    fs::write(rig.path("data/client-secret"), rig.secret()).unwrap();
    symlink(repository().join("examples"), rig.path("examples")).unwrap();
    let set = format!("export CREDENTIALS={}\n", rig.path("credentials.json").display());
    let commands = script(&page("agents"), "Log in").replace("127.0.0.1:8080", rig.front_address());
    shell::run(rig.dir(), &(set + &commands));
    assert_eq!(rig.verify(&token(rig)).status, 200);
}

pub fn logs_in_and_out(rig: &mut Rig) {
    logs_in_as_documented(rig);
    let tokens = login(rig, 900);
    let mode = fs::metadata(rig.path("credentials.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(token(rig), tokens["access_token"], "it is still good");
    login(rig, 60);
    let [first, second] = [token(rig), token(rig)];
    assert!([&first, &second].iter().all(|token| rig.verify(token).status == 200));
    let output = run(rig, "logout", "");
    assert!(output.status.success() && !rig.path("credentials.json").exists(), "{output:?}");
    assert_eq!(rig.verify(&first).status, 401);
    assert_eq!(refused(rig, "token", ""), LOGGED_OUT);
    assert_eq!(["", "tokens", "-h"].map(|action| refused(rig, action, "")), [NO_ACTION; 3]);
}

pub fn garbage_means_log_in_again(rig: &mut Rig) {
    for text in
        ["", "{", "[]", "null", r#"{"refresh_token":42}"#, r#"{"refresh_token":"hp1.x","expires_at":0}"#]
    {
        fs::write(rig.path("credentials.json"), text).unwrap();
        assert_eq!(refused(rig, "token", ""), LOGGED_OUT, "{text}");
    }
    login(rig, 900);
    let before = stored(rig);
    for answer in ["", "<html>", "{}", "[]", "null", r#"{"access_token":"a","refresh_token":"b"}"#] {
        assert_eq!(refused(rig, "login", answer), TEMPORARY, "{answer}");
    }
    assert_eq!(stored(rig), before);
}

pub fn many_processes_stay_logged_in(rig: &mut Rig) {
    login(rig, 60);
    let rig = &*rig;
    for _ in 0..2 {
        let tokens: Vec<String> = thread::scope(|scope| {
            let running: Vec<_> = (0..6).map(|_| scope.spawn(|| token(rig))).collect();
            running.into_iter().map(|process| process.join().unwrap()).collect()
        });
        assert!(tokens.iter().all(|token| rig.verify(token).status == 200));
    }
    assert_eq!(rig.con().get::<Vec<String>>(&["HKEYS", "auth:42"]).len(), 1);
}

pub fn a_lost_response_logs_nobody_out(rig: &mut Rig) {
    login(rig, 60);
    let before = stored(rig);
    assert_eq!(rig.verify(&token(rig)).status, 200);
    // The process died before it could store what it got, or another machine has the file of yesterday.
    fs::write(rig.path("credentials.json"), before).unwrap();
    assert_eq!(rig.verify(&token(rig)).status, 200);
}

pub fn a_revocation_ends_the_login(rig: &mut Rig) {
    login(rig, 60);
    assert_eq!(rig.verify(&token(rig)).status, 200);
    rig.con().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(refused(rig, "token", ""), LOGGED_OUT);
}

pub fn an_outage_logs_nobody_out(rig: &mut Rig) {
    login(rig, 60);
    let before = stored(rig);
    rig.redis_is_away();
    assert_eq!(refused(rig, "token", ""), TEMPORARY);
    assert_eq!(refused(rig, "logout", ""), TEMPORARY);
    assert_eq!(stored(rig), before);
    rig.redis_is_back();
    wait_until("Hallpass finds Redis again", SOON, || run(rig, "token", "").status.success());
    a_full_disk_loses_no_login(rig);
}

/// No file can grow in a process after these commands, as on a full disk.
const FULL_DISK: &str = "trap '' XFSZ\nulimit -f 0";
/// The lock file cannot be made after this one.
const NO_FOLDER: &str = r#"export CREDENTIALS="$CREDENTIALS.missing/credentials.json""#;

fn a_full_disk_loses_no_login(rig: &Rig) {
    login(rig, 60);
    let before = stored(rig);
    let other = rig.issue(&json!({"subject": "42"})).text;
    for preparation in [FULL_DISK, NO_FOLDER] {
        assert_eq!(refused_after(rig, preparation, "login", &other), TEMPORARY, "{preparation}");
    }
    assert_eq!(refused_after(rig, FULL_DISK, "token", ""), TEMPORARY);
    assert_eq!(stored(rig), before);
    assert_eq!(rig.verify(&token(rig)).status, 200, "the refresh is repeated");
}
