//! Caddy with its shipped configuration, in front of an application.

use std::{fs, process::Command};

use crate::support::{gateway::Site, tools};

fn site() -> Site {
    Site::behind(|dir, ports| {
        fs::write(dir.join("Caddyfile"), ports.example("Caddyfile")).unwrap();
        let mut command = Command::new(tools::tool("caddy"));
        command.args(["run", "--config", "Caddyfile"]);
        // Its own data stays in the directory, too.
        command.env("HOME", dir).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
        command
    })
}

#[test]
fn caddy_passes_identity_on_unharmed() {
    site().passes_identity_on_unharmed();
}

#[test]
fn caddy_asks_for_a_token() {
    site().asks_for_a_token();
}

#[test]
fn caddy_lets_nobody_choose_the_audience() {
    site().lets_nobody_choose_the_audience();
}

#[test]
fn caddy_drops_spoofed_identity() {
    site().drops_spoofed_identity();
}

#[test]
fn caddy_shuts_out_an_ended_session() {
    site().shuts_out_an_ended_session();
}

#[test]
fn caddy_opens_only_what_holders_need() {
    site().opens_only_what_holders_need();
}

#[test]
fn caddy_takes_an_outage_for_an_outage() {
    site().takes_an_outage_for_an_outage();
}
