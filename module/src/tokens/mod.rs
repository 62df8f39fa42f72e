//! A session's tokens: [`builder`] makes them, [`signing`] signs them and answers, now or on a worker thread.
//! [`verify_cache`] and [`receipts`] are what this process keeps of access tokens that were verified.

pub mod builder;
pub mod receipts;
pub mod signing;
pub mod verify_cache;
