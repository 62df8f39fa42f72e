//! nginx with its shipped configuration, in front of an application.

use crate::support::gateway::{Site, nginx};

fn site() -> Site {
    Site::behind(|dir, ports| nginx(dir, &ports.example("nginx.conf")))
}

crate::every_gateway_must!(site);
