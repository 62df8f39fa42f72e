//! Estimates how many users and live sessions a database has, from a sample of its keys.
//!
//! Keys arrive in slices of a pass through the whole database, in an order that has nothing to do with what they hold.
//! [`SAMPLE`] of them make an estimate, and so does a pass through fewer: that one is exact. Then the next sample
//! begins.

/// The number of keys that an estimate rests on. A count that it infers from a share `p` of them has a relative standard
/// error of √((1 − p) ÷ (p × SAMPLE)).
pub const SAMPLE: u64 = 1024;

/// The numbers of a database, or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Keys of any kind.
    pub keys: u64,
    /// Keys with a live session.
    pub users: u64,
    /// Live sessions.
    pub sessions: u64,
}

impl Totals {
    /// Adds a key with this many live sessions, 0 for a key of any other kind.
    fn add(&mut self, live: u64) {
        self.keys += 1;
        self.users += u64::from(live > 0);
        self.sessions += live;
    }

    /// Returns what a database of this many keys has, if these are a fair sample of it.
    fn scaled(self, keys: u64) -> Self {
        let scaled = |number| proportional(number, keys, self.keys);
        Self { keys, users: scaled(self.users), sessions: scaled(self.sessions) }
    }
}

/// The samples of one database.
#[derive(Debug, Default)]
pub struct Estimate {
    last: Option<Totals>,
    current: Totals,
    began_later: bool,
}

impl Estimate {
    /// Adds the next key of the pass, with this many live sessions.
    pub fn add(&mut self, live: u64) {
        self.current.add(live);
        if self.current.keys == SAMPLE {
            self.last = Some(self.current);
            self.current = Totals::default();
            self.began_later = true;
        }
    }

    /// Ends the pass: every key has been added.
    pub fn end_pass(&mut self) {
        if !self.began_later {
            self.last = Some(self.current);
        }
        self.current = Totals::default();
        self.began_later = false;
    }

    /// Returns the estimate for a database that has this many keys now.
    pub fn of(&self, keys: u64) -> Totals {
        self.sample().scaled(keys)
    }

    /// Returns the number of keys that it rests on.
    pub fn rests_on(&self) -> u64 {
        self.sample().keys
    }

    /// Returns the last whole sample; as long as there is none, the part of the first.
    fn sample(&self) -> Totals {
        self.last.unwrap_or(self.current)
    }
}

/// Returns `part` × `whole` ÷ `of`, rounded; 0 of nothing.
pub fn proportional(part: u64, whole: u64, of: u64) -> u64 {
    let product = u128::from(part) * u128::from(whole) + u128::from(of / 2);
    product.checked_div(u128::from(of)).map_or(0, |number| u64::try_from(number).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(estimate: &mut Estimate, lives: impl IntoIterator<Item = u64>) {
        lives.into_iter().for_each(|live| estimate.add(live));
        estimate.end_pass();
    }

    #[test]
    fn a_pass_through_few_keys_is_exact() {
        let mut estimate = Estimate::default();
        for _ in 0..3 {
            pass(&mut estimate, [0, 1, 5, 0]);
            assert_eq!(estimate.of(4), Totals { keys: 4, users: 2, sessions: 6 });
        }
        pass(&mut estimate, [2]);
        assert_eq!(estimate.of(1), Totals { keys: 1, users: 1, sessions: 2 });
        pass(&mut estimate, []);
        assert_eq!((estimate.of(0), estimate.of(7).users), (Totals::default(), 0));
    }

    #[test]
    fn an_estimate_follows_the_number_of_keys_at_once() {
        let mut estimate = Estimate::default();
        pass(&mut estimate, [0, 2, 4, 0]);
        assert_eq!(estimate.of(1000), Totals { keys: 1000, users: 500, sessions: 1500 });
        estimate.add(0);
        assert_eq!(estimate.of(1000).users, 500, "half a sample changes nothing");
    }

    #[test]
    fn the_first_keys_are_an_estimate_until_there_is_a_whole_sample() {
        let mut estimate = Estimate::default();
        assert_eq!((estimate.of(5).users, estimate.rests_on()), (0, 0));
        estimate.add(1);
        assert_eq!((estimate.of(5).users, estimate.rests_on()), (5, 1));
    }

    #[test]
    fn the_rest_of_a_pass_is_no_sample() {
        let mut estimate = Estimate::default();
        pass(&mut estimate, (0..SAMPLE + 3).map(|key| u64::from(key < SAMPLE)));
        assert_eq!((estimate.rests_on(), estimate.of(SAMPLE).users), (SAMPLE, SAMPLE));
        pass(&mut estimate, [0, 1]);
        assert_eq!((estimate.rests_on(), estimate.of(2).users), (2, 1));
    }

    #[test]
    fn proportions_are_rounded_and_do_not_overflow() {
        assert_eq!((proportional(1, 3, 2), proportional(1, 1, 3), proportional(7, 1, 0)), (2, 0, 0));
        assert_eq!(proportional(u64::MAX, u64::MAX, 1), u64::MAX);
    }
}
