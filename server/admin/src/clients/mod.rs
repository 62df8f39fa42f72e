//! `clients …`: the applications that may issue, introspect and manage sessions. Each has a secret, of which only the
//! hash is kept, scopes, and possibly a list of audiences.

mod arguments;
mod client;
mod command;
mod file;
mod secret;

pub use arguments::ClientsCommand;
pub use client::{Client, Scope};
pub use command::run;
pub use file::load;
pub use secret::{Secret, SecretHash};
