//! A session's tokens: [`builder`] builds them, [`signing`] signs them and answers, at once or on a worker thread.
//! [`verify_cache`] and [`receipts`] remember access tokens that were verified by this process.

pub mod builder;
pub mod receipts;
pub mod signing;
pub mod verify_cache;
