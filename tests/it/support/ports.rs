//! Ports for servers that must be told theirs.

use std::{
    net::TcpListener,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the range from which Linux takes ports for outgoing connections and for port 0, so that nobody gets one by chance.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// Returns a port that was free a moment ago. Each call returns another one, and other test processes begin elsewhere.
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let start = process::id().wrapping_mul(61) % COUNT;
    let ports = (0..COUNT).map(|_| FIRST + (start + CALLS.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let mut ports = ports.filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("0.0.0.0", *port)).is_ok()).expect("a free port")
}
