//! One table of promises, kept by each example in examples/ with its own framework and client: `make test-stacks`.
//!
//! # Layout
//! - `table`: the examples, and the promises that each of them keeps
//! - `rig`: Redis with the module, hallpass-server, and one example, started as its page in docs/stacks says
//! - `store`: its Redis, or its cluster
//! - `holder`: somebody who is logged in, through the routes that all web examples have
//! - `web`: the promises of web applications; `garbage` are the tokens that they refuse
//! - `go_gin`, `nextjs`, `spring`: what only these examples do; `gin_page` is the page of the first
//! - `agents`: the same promises, of command-line tools
//! - `documents`: the pages in docs/stacks
//!
//! With words as arguments it runs only the rows that contain one of them.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the other test program needs all of it")]
#[path = "../it/documents/pages.rs"]
mod pages;
#[path = "../it/documents/shell.rs"]
mod shell;
#[allow(dead_code, unused_imports, reason = "the other test program needs all of it")]
#[path = "../it/support/mod.rs"]
mod support;

mod agents;
mod documents;
mod garbage;
mod gin_page;
mod go_gin;
mod holder;
mod nextjs;
mod rig;
mod spring;
mod store;
mod table;
mod web;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let rows = table::rows(|row| wanted.is_empty() || wanted.iter().any(|word| row.name().contains(word)));
    if wanted.is_empty() {
        documents::are_true(table::ROWS);
    }
    if table::run(rows) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
