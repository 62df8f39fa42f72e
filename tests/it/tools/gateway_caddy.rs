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

crate::every_gateway_must!(site);
