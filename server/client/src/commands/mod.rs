//! The commands, one per file: what it takes, what it answers, and the method that sends it.

mod inspect;
mod issue;
mod keyring;
mod refresh;
mod revoke;
mod server;
mod sessions;
mod set_claims;
mod tokens;
mod use_outside_token;
mod verify;

pub(crate) use inspect::inspect_command;
pub use inspect::{Inspected, TokenState};
pub use issue::{IssueOptions, OnLimit};
pub use keyring::KeyStatus;
pub use refresh::RefreshOptions;
pub use revoke::Revocation;
pub use sessions::{Number, Page, Session};
pub use tokens::Tokens;
pub use verify::ANY_AUDIENCE;
pub(crate) use verify::verify_command;
