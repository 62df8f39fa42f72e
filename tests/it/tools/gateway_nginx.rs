//! nginx with its shipped configuration, in front of an application.

use std::{fs, process::Command};

use crate::support::{gateway::Site, tools};

fn site() -> Site {
    Site::behind(|dir, ports| {
        // Its own paths, since only root may write to the defaults.
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let own: String = kinds.map(|kind| format!("{kind}_temp_path {}/{kind};\n", dir.display())).concat();
        let text = ports.example("nginx.conf").replace("http {", &format!("http {{\n{own}"));
        fs::write(dir.join("nginx.conf"), text).unwrap();
        let pid = format!("daemon off; master_process off; pid {}/nginx.pid;", dir.display());
        let mut command = Command::new(tools::system_program("nginx"));
        command.args(["-c", "nginx.conf", "-e", "stderr", "-g", &pid]).arg("-p").arg(dir);
        command
    })
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
