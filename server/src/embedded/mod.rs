//! The private Redis: a data directory with keys and secrets, and a redis-server in it that only this server can
//! reach, over a unix socket.

mod data_dir;
pub mod greeting;
mod orphan;
mod redis;
mod redis_conf;
mod redis_log;

pub use data_dir::DataDir;
pub use redis::Redis;
