//! `docs/console.md`, and the stream of events in `docs/http.md`.

use std::{fs, os::unix::fs::symlink};

use super::{pages::script, shell::run};
use crate::support::{build::built, http_server::Server, *};

#[test]
fn the_client_of_a_person_gets_in_and_no_further() {
    let server = Server::start();
    fs::create_dir(server.dir().join("bin")).unwrap();
    symlink(&built().server, server.dir().join("bin/hallpass-server")).unwrap();
    let said = run(server.dir(), &script("docs/console.md", "Who gets in"));
    let secret = said.split_whitespace().max_by_key(|word| word.len()).unwrap();
    let keys = || server.request("GET", "/keys").basic("support-ada", secret).send();
    wait_until("the server knows the client", SOON, || keys().status == 200);
    let issue = server.request("POST", "/sessions").basic("support-ada", secret);
    assert_eq!(issue.json(&serde_json::json!({"subject": "42"})).send().status, 403);
}

#[test]
fn the_stream_of_events_is_read_as_written() {
    let server = Server::start();
    let sid = server.login("42").text_of("session_id");
    let ask = server.request("DELETE", &format!("/subjects/42/sessions/{sid}"));
    assert_eq!(ask.basic("local", server.secret()).send().status, 200);
    let line = script("docs/http.md", "Events").replace("127.0.0.1:8080", server.address());
    wait_until("the event is told", SOON, || {
        let said = run(server.dir(), &format!("{} --max-time 1 || true", line.trim()));
        said.contains(&sid) && said.contains("revoked")
    });
}
