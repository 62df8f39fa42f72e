//! `/subjects/{sub}/…`: a client with the scope `manage` looks after the sessions of any user. In the path a subject is
//! percent-encoded, a slash in it as `%2F`.

mod end;
mod list;
mod set_claims;

pub use end::{end_all, end_one};
pub use list::list;
pub use set_claims::set_claims;
