//! `hallpass-server`: the HTTP front of Hallpass. It translates HTTP requests into `AUTH.*` commands, one each; every
//! decision about a session falls inside Redis.
//!
//! # Layout
//! [`cli`] reads the flags; [`serve`], [`healthcheck`] and [`package_files`] are the commands beside those of
//! [`hallpass_admin`]. [`embedded`] runs the private Redis, [`listener`] accepts connections, [`watched_file`] tells when a
//! file has changed, and [`systemd`] tells the service manager when the server is ready.
//!
//! A request passes through [`middleware`], one layer for every route, to its handler in [`routes`], which reads it with
//! [`http`] and sends one command with [`hallpass_client`]. [`router`] has the table of all routes, [`state`] is what they
//! share, [`http::error`] what every refusal becomes. Imports go one way: `http`, `middleware`, `state`, `routes`,
//! `router`, `serve`.

#![forbid(unsafe_code)]

mod cli;
mod demo;
mod embedded;
mod events;
mod healthcheck;
mod http;
mod listener;
mod metrics;
mod middleware;
mod oauth_clients;
mod outside_issuers;
mod package_files;
mod router;
mod routes;
mod serve;
mod shutdown;
mod state;
mod systemd;
#[cfg(test)]
mod testing;
mod watched_file;

/// A request allocates some hundred times, little at a time: what Linux comes with spends a fifth of its time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use anyhow::Result;
use cli::{Cli, Command};
use hallpass_admin::error::one_line;
use hallpass_admin::keys;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hallpass-server: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// Runs the command that the command line names.
fn run() -> Result<()> {
    let Some(cli) = Cli::read(std::env::args_os())? else { return Ok(()) };
    match cli.command {
        Command::Serve(flags) => serve::run(&flags),
        Command::Keys(command) => keys::run(command),
        Command::Clients(command) => hallpass_admin::clients::run(command),
        Command::Issuers(command) => hallpass_issuers::run(command),
        Command::Healthcheck(flags) => healthcheck::run(&flags.admin_listen.unwrap_or(flags.listen)),
        Command::PackageFiles { directory } => package_files::write(&directory),
    }
}
