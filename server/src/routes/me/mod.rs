//! `/me/…`: users manage their own sessions with an access token. Only these routes send two commands: they verify the
//! token before they list or end anything.

mod caller;
mod end;
mod list;

pub use end::{end_one, end_several};
pub use list::list;
