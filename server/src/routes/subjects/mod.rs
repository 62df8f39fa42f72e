//! `/subjects/{sub}/…`: a client with the scope `manage` manages the sessions of any user. In the path the subject is
//! percent-encoded, and a slash in it is `%2F`.

mod end;
mod list;
mod set_claims;

pub use end::{end_all, end_one};
pub use list::list;
pub use set_claims::set_claims;
