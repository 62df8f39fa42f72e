//! The OAuth clients: applications that may issue, introspect and manage sessions. [`hallpass_admin::clients`] defines
//! a client and reads the file; this folder authenticates requests.

mod authentication;
mod in_use;

pub use authentication::{Clients, permitted};
pub use hallpass_admin::clients::{Client, Scope};
pub use in_use::clients_in_use;
