//! Traefik with its shipped configuration, in front of an application.

use std::{fs, process::Command};

use crate::support::{gateway::Site, tools};

fn site() -> Site {
    Site::behind(|dir, ports| {
        let text = ports.example("traefik.yml").replace("examples/traefik-dynamic.yml", "dynamic.yml");
        fs::write(dir.join("traefik.yml"), text).unwrap();
        fs::write(dir.join("dynamic.yml"), ports.example("traefik-dynamic.yml")).unwrap();
        let mut command = Command::new(tools::tool("traefik"));
        command.arg("--configFile=traefik.yml");
        command
    })
}

#[test]
fn traefik_passes_identity_on_unharmed() {
    site().passes_identity_on_unharmed();
}

#[test]
fn traefik_asks_for_a_token() {
    site().asks_for_a_token();
}

#[test]
fn traefik_lets_nobody_choose_the_audience() {
    site().lets_nobody_choose_the_audience();
}

#[test]
fn traefik_drops_spoofed_identity() {
    site().drops_spoofed_identity();
}

#[test]
fn traefik_shuts_out_an_ended_session() {
    site().shuts_out_an_ended_session();
}

#[test]
fn traefik_opens_only_what_holders_need() {
    site().opens_only_what_holders_need();
}

#[test]
fn traefik_takes_an_outage_for_an_outage() {
    site().takes_an_outage_for_an_outage();
}
