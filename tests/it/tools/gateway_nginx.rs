//! nginx with its shipped configuration, in front of an application.

use crate::support::gateway::{Site, nginx};

fn site() -> Site {
    Site::behind(|dir, ports| nginx(dir, &ports.example("nginx.conf")))
}

#[test]
fn nginx_passes_identity_on_unharmed() {
    site().passes_identity_on_unharmed();
}

#[test]
fn nginx_asks_for_a_token() {
    site().asks_for_a_token();
}

#[test]
fn nginx_lets_nobody_choose_the_audience() {
    site().lets_nobody_choose_the_audience();
}

#[test]
fn nginx_drops_spoofed_identity() {
    site().drops_spoofed_identity();
}

#[test]
fn nginx_shuts_out_an_ended_session() {
    site().shuts_out_an_ended_session();
}

#[test]
fn nginx_opens_only_what_holders_need() {
    site().opens_only_what_holders_need();
}

#[test]
fn nginx_takes_an_outage_for_an_outage() {
    site().takes_an_outage_for_an_outage();
}
