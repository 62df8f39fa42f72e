//! Local verification: what Redis answered about a token is kept and used again, until Redis says that it may have changed.
//!
//! One connection per node asks and listens ([`link`], [`tracking`]), and sends a [`heartbeat`]. [`answers`] has the rules by
//! which an answer is kept and holds, checked over every order of events in its `model`; [`store`] puts them under locks,
//! [`asking`] asks and keeps, and [`verifier`] is what callers see.

mod answers;
mod asking;
mod heartbeat;
mod link;
mod moment;
mod question;
mod settings;
mod store;
mod tracking;
mod verifier;

pub use asking::Verified;
pub use link::{Link, NodeCache};
pub use settings::{Settings, VerifyCache};
pub use store::Kept;
pub use verifier::{Claims, Verifier};
