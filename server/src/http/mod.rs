//! The HTTP that the routes speak: reading the parts of a request, and OAuth errors.

pub mod bearer;
pub mod body;
pub mod claims;
pub mod command_error;
pub mod cookie;
pub mod cross_site;
pub mod error;
pub mod form;
pub mod framing;
pub mod notes;
pub mod page;
pub mod path;
pub mod verified_token;
