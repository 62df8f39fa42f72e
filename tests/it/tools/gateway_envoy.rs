//! Envoy with its shipped configuration, in front of an application.

use std::{fs, process::Command};

use crate::support::{gateway::Site, tools};

fn site() -> Site {
    Site::behind(|dir, ports| {
        fs::write(dir.join("envoy.yaml"), ports.example("envoy.yaml")).unwrap();
        let mut command = Command::new(tools::tool("envoy"));
        command.args(["-c", "envoy.yaml", "--log-level", "warning", "--concurrency", "1"]);
        // Any number of them may run on one machine.
        command.arg("--disable-hot-restart");
        command
    })
}

crate::every_gateway_must!(site);
