//! HTTP as the routes see it: reading what a request carries, and writing refusals in OAuth's words.

pub mod bearer;
pub mod body;
pub mod claims;
pub mod cookie;
pub mod error;
pub mod form;
pub mod path;
