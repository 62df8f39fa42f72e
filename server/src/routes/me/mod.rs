//! `/me/…`: users look after their own sessions, with an access token. These are the only routes that cost two commands:
//! the token is verified first, and only then is anything shown or ended.

mod caller;
mod end;
mod list;

pub use end::{end_one, end_several};
pub use list::list;
