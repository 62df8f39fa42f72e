//! A redis-server whose wall clock a test can step or stop. Its monotonic clock goes on.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;

use super::{AuthCommands, Redis, SOON, c_library::compiled, redis_server::Builder, wait_until};

/// A time at which a clock can stand still, in nanoseconds: 2026-01-02 03:04:05.678 UTC.
const STILL: i64 = 1_767_323_045_678_000_000;

/// A redis-server with a clock of its own.
pub struct Clocked {
    /// The server.
    pub redis: Redis,
    dir: TempDir,
}

impl Clocked {
    /// Starts with more lines of configuration and the right time.
    pub fn with(lines: &[&str]) -> Self {
        Self::start(Redis::builder().lines(lines))
    }

    /// Starts a server of this builder, with the right time.
    pub fn start(builder: Builder) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = dir.path().join("clock");
        fs::write(&clock, [0; 16]).expect("a writable directory");
        // It overrides the C library's clock.
        let library = compiled("clock", dir.path());
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let builder = builder.env("LD_PRELOAD", &text(&library)).env("TEST_CLOCK", &text(&clock));
        Self { redis: builder.start(), dir }
    }

    /// Puts the clock ahead of the right time.
    pub fn forward(&self, by: Duration) {
        self.set(nanoseconds(by), 0);
    }

    /// Puts the clock behind the right time.
    pub fn back(&self, by: Duration) {
        self.set(-nanoseconds(by), 0);
    }

    /// Sets the clock right.
    pub fn right(&self) {
        self.set(0, 0);
    }

    /// Stops the clock until it is set again.
    pub fn stand_still(&self) {
        self.set(0, STILL);
    }

    /// Sets the clock. redis-server has the file mapped, so it sees the change at once.
    fn set(&self, fast_by: i64, still_at: i64) {
        let file = fs::OpenOptions::new().write(true).open(self.dir.path().join("clock"));
        let bytes = [fast_by, still_at].map(i64::to_ne_bytes).concat();
        file.expect("our own file").write_all_at(&bytes, 0).expect("room for 16 bytes");
        self.wait_until_near(|| if still_at == 0 { unix_nanoseconds() + fast_by } else { still_at });
    }

    /// Waits until the server uses the new time: Valkey reads the clock only now and then. All steps here are longer
    /// than a second.
    fn wait_until_near(&self, time: impl Fn() -> i64) {
        let mut con = self.redis.connect();
        wait_until("the server has looked at the clock", SOON, || {
            con.now_ms().abs_diff(time() / 1_000_000) < 1000
        });
    }
}

/// Returns the right time.
fn unix_nanoseconds() -> i64 {
    nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970"))
}

fn nanoseconds(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).expect("less than 292 years")
}
