//! The private Redis: a data directory with keys and secrets, and a redis-server in it that listens on a unix socket
//! only.

mod data_dir;
pub mod greeting;
mod orphan;
mod redis;
mod redis_conf;
mod redis_log;
pub mod setting;

pub use data_dir::DataDir;
pub use redis::Redis;
