//! The clients: applications that may issue, introspect and manage sessions. Each has a secret, of which only the hash
//! is kept, scopes, and possibly a list of audiences.

mod auth;
mod reload;

pub use auth::Clients;
pub use hallpass_admin::clients::{Client, Scope, Secret, SecretHash, load};
pub use reload::on_hangup;
