//! The calls of an open loop: each has a time at which it is due, whatever became of the calls before it.

use std::time::Duration;

/// A call of a client. Sessions are named by their index, new users by their number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    Verify(u32),
    Refresh(u32),
    Issue(u32),
    /// Logs out one of the sessions that are kept for it.
    Revoke,
}

/// A call, and the time after the beginning at which its client makes it.
pub type Arrival = (Duration, Call);

/// The calls after which the mix begins anew: 16 of VERIFY, 3 of REFRESH, and ISSUE and REVOKE by turns.
const ROUND: u64 = 20;
/// Has no factor in common with the round, and so mixes its calls.
const STEP: u64 = 7;

/// The mix of calls of an application: 80 % verify, 15 % refresh, 5 % log in or out.
pub struct Mix {
    sessions: u32,
    /// The number of sessions whose access tokens are verified; all are refreshed.
    pub in_use: u32,
    made: u64,
    next_user: u32,
}

impl Mix {
    /// Creates the mix for this many sessions; new users have numbers from `next_user` on.
    pub fn new(sessions: u32, next_user: u32) -> Self {
        Self { sessions, in_use: sessions, made: 0, next_user }
    }

    /// Returns the calls that arrive at a steady rate per second, for this many seconds.
    pub fn steady(&mut self, rate: u32, seconds: u32) -> impl Iterator<Item = Arrival> {
        let count = u64::from(rate) * u64::from(seconds);
        (0..count)
            .map(move |number| (Duration::from_nanos(number * 1_000_000_000 / u64::from(rate)), self.call()))
    }

    fn call(&mut self) -> Call {
        let (round, place) = (self.made / ROUND, self.made * STEP % ROUND);
        self.made += 1;
        match place {
            0 if round.is_multiple_of(2) => self.login(),
            0 => Call::Revoke,
            1..=3 => Call::Refresh(scattered(self.made, self.sessions)),
            _ => Call::Verify(scattered(self.made, self.in_use) * (self.sessions / self.in_use)),
        }
    }

    fn login(&mut self) -> Call {
        self.next_user += 1;
        Call::Issue(self.next_user - 1)
    }
}

/// Returns the calls with which all sessions refresh when their access tokens expire. Of a second that many share, each
/// client has its own moment. The wave begins with the first call: nothing is gained by waiting for it.
pub fn refresh_wave(lifetimes: &[u32]) -> Vec<Arrival> {
    let first = lifetimes.iter().min().copied().unwrap_or_default();
    let due = |(session, lifetime): (u32, &u32)| {
        let moment = Duration::from_micros(scattered(session.into(), 1_000_000).into());
        (Duration::from_secs((lifetime - first).into()) + moment, Call::Refresh(session))
    };
    let mut wave: Vec<Arrival> = (0..).zip(lifetimes).map(due).collect();
    wave.sort_unstable();
    wave
}

/// Returns a number below `end`, evenly scattered for successive numbers (the golden ratio's multiples).
pub fn scattered(number: u64, end: u32) -> u32 {
    let fraction = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    u32::try_from((fraction * u64::from(end)) >> 32).expect("below the end")
}
