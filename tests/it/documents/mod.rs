//! The promises of the documents, the OpenAPI text and the command line's help.

mod browsers;
mod commands;
mod configuration;
mod console;
mod keys_cli;
mod links;
mod moving;
pub mod openapi;
mod operations;
pub mod pages;
mod readme;
mod reliability;
mod security;
pub mod shell;
mod upgrade;
