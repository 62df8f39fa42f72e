//! The promises of the documents, the OpenAPI text and the command line's help.

mod keys_cli;
pub mod openapi;
mod operations;
pub mod readme;
