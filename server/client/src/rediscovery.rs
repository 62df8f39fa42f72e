//! Finding out again who serves, when an answer hints that this has changed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// An outage leads to many hints, of which one per this long is followed.
const PACE: Duration = Duration::from_millis(100);

/// Lets one look at a time; whoever waited for one that began after his hint shares its outcome.
pub struct Rediscovery {
    turn: Mutex<Interval>,
    rounds: AtomicUsize,
}

impl Rediscovery {
    /// Nobody has looked yet. Must be called inside a tokio runtime.
    pub fn new() -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { turn: Mutex::new(pace), rounds: AtomicUsize::new(0) }
    }

    /// How often somebody has looked.
    pub fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Acquire)
    }

    /// Runs `look`, unless somebody has looked since there were `seen` rounds.
    pub async fn look_unless_after(&self, seen: usize, look: impl Future<Output = ()>) {
        let mut pace = self.turn.lock().await;
        if self.rounds() == seen {
            pace.tick().await;
            look.await;
            self.rounds.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn whoever_saw_the_same_shares_a_look() {
        let rediscovery = Rediscovery::new();
        let looks = Cell::new(0);
        let look = || async { looks.set(looks.get() + 1) };
        tokio::join!(rediscovery.look_unless_after(0, look()), rediscovery.look_unless_after(0, look()));
        assert_eq!((looks.get(), rediscovery.rounds()), (1, 1));
        rediscovery.look_unless_after(1, look()).await;
        assert_eq!(looks.get(), 2);
    }
}
