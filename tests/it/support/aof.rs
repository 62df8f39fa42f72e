//! The append-only file of a test's Redis, and the loss of its end.

use std::{
    fs::{self, OpenOptions},
    path::PathBuf,
};

use super::{AuthCommands, Redis, SOON, wait_until};

/// Returns the part of the append-only file that grows.
pub fn growing_file(redis: &Redis) -> PathBuf {
    let files = fs::read_dir(redis.path("appendonlydir")).expect("an append-only file");
    let mut paths = files.map(|entry| entry.expect("an entry").path());
    paths.find(|path| path.to_string_lossy().ends_with(".incr.aof")).expect("a part that grows")
}

/// Returns the size of the part that grows.
pub fn written(redis: &Redis) -> u64 {
    fs::metadata(growing_file(redis)).expect("its size").len()
}

/// Waits until everything that was answered is in the file. While a disk is busy, Redis answers up to two seconds before
/// it writes, under `appendfsync everysec`.
#[track_caller]
pub fn wait_until_written(redis: &Redis) {
    let mut con = redis.connect();
    wait_until("the append-only file is written", SOON, || {
        con.get::<String>(&["INFO", "persistence"]).contains("aof_buffer_length:0\r")
    });
}

/// Shortens the append-only file of a stopped Redis to `length`, as a power cut may.
pub fn shorten_to(redis: &Redis, length: u64) {
    assert!(written(redis) > length, "there was nothing to lose");
    let file = OpenOptions::new().write(true).open(growing_file(redis)).expect("our own file");
    file.set_len(length).expect("a shorter file");
}
