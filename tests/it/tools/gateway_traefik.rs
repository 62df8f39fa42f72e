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

crate::every_gateway_must!(site);
