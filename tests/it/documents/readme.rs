//! The README's tours work as they are written, pasted as one block.

use std::fs;

use super::{
    pages::{project_file, script},
    shell::{self, Shell},
};
use crate::support::http_server::Server;

#[test]
fn the_tour_with_redis_cli_works_as_written() {
    let shell = Shell::new();
    let said = shell.run(&script("README.md", "A tour with redis-cli"));
    assert!(said.contains(r#""role":"admin""#) && said.contains("STALETOKEN"), "{said}");
    assert!(said.trim_end().lines().last().unwrap().contains("NOSESSION"), "{said}");
    let tokens: Vec<&str> = said.lines().filter(|line| line.starts_with("hp1.")).collect();
    assert!(tokens.len() == 2 && tokens[0] == tokens[1], "{said}");
}

#[test]
fn the_tour_with_redis_cli_keeps_a_keyring_that_is_there() {
    let shell = Shell::new();
    let tour = script("README.md", "A tour with redis-cli");
    let keyring = || fs::read(shell.path("keyring.json")).unwrap();
    shell.run(&tour);
    let before = keyring();
    shell.run(&format!("while redis-cli PING > gone.txt 2>&1; do sleep 0.1; done\n{tour}"));
    assert_eq!(keyring(), before);
}

#[test]
fn the_tour_with_curl_works_as_written() {
    let server = Server::start();
    let tour = script("README.md", "A tour with curl").replace("127.0.0.1:8080", server.address());
    let said = shell::run(server.dir(), &tour);
    assert!(said.contains("200 OK") && said.contains("Ed25519"), "{said}");
    assert_eq!(said.matches(r#""refresh_token":"#).count(), 2, "{said}");
}

#[test]
fn the_readme_is_short_enough_to_be_read() {
    let length = project_file("README.md").len();
    assert!(length <= 10 * 1024, "{length} bytes");
}
