//! Proofs of receipt, in a hash table of fixed size: the latest generation of a login whose tokens are known to have
//! arrived.
//!
//! Each login has two possible buckets and takes the emptier one, so that nothing is displaced before the table is
//! almost full. A receipt matters while the retry window of its generation is open; older ones are displaced first.
//! After a loss the time limit applies.

/// Entries of a bucket.
const WAYS: usize = 16;

/// The bits of an entry's second word for the time at which its generation began, in seconds, modulo 194 days.
const TIME_BITS: u32 = 24;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// Later generations are noted as this one.
const MAX_NOTED: u64 = (1 << (64 - TIME_BITS)) - 1;

/// The hash of a login, and its generation with the time at which that began. All zero: empty.
type Entry = [u64; 2];
type Bucket = [Entry; WAYS];

/// The result of noting a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// This login had an entry already.
    Again,
    /// It is new.
    New,
    /// It is new, and took the place of another one that was still worth keeping.
    InsteadOfAnother,
}

/// Returns whether the receipt of a generation that began at `began` still matters at `now`: while the retry window is
/// open.
pub fn is_of_use(began: u64, now: u64, window: u64) -> bool {
    now.saturating_sub(began) < window
}

/// The table.
pub struct Receipts {
    buckets: Vec<Bucket>,
}

impl Receipts {
    /// Returns a table of at most this many bytes, and of one bucket at least.
    pub fn with_bytes(bytes: usize) -> Self {
        let buckets = (bytes / size_of::<Bucket>()).max(1);
        Self { buckets: vec![[[0; 2]; WAYS]; 1 << buckets.ilog2()] }
    }

    /// Notes that a generation, which began at `began`, has arrived. `login` is an unpredictable hash of the login.
    /// Receipts whose generation began `window` ago or earlier may be displaced. Times are in Unix seconds.
    pub fn add(&mut self, login: u64, generation: u64, began: u64, now: u64, window: u64) -> Noted {
        let login = login.max(1);
        let entry = [login, generation.min(MAX_NOTED) << TIME_BITS | began & TIME_MASK];
        if let Some([_, noted]) = self.entry(login) {
            *noted = entry[1].max(*noted);
            return Noted::Again;
        }
        let age =
            |entry: &Entry| if entry[0] == 0 { u64::MAX } else { now.wrapping_sub(entry[1]) & TIME_MASK };
        let is_free = |entry: &&Entry| age(entry) >= window;
        let free = |bucket: usize| self.buckets[bucket].iter().filter(is_free).count();
        let [first, second] = self.places(login);
        let (here, there) = (free(first), free(second));
        let bucket = &mut self.buckets[if there > here { second } else { first }];
        if let Some(oldest) = bucket.iter_mut().max_by_key(|entry| age(entry)) {
            *oldest = entry;
        }
        if here.max(there) > 0 { Noted::New } else { Noted::InsteadOfAnother }
    }

    /// Returns the latest generation of a login that is known to have arrived.
    pub fn latest(&self, login: u64) -> Option<u64> {
        let login = login.max(1);
        let entries = self.places(login).into_iter().flat_map(|bucket| &self.buckets[bucket]);
        entries.into_iter().find(|entry| entry[0] == login).map(|entry| entry[1] >> TIME_BITS)
    }

    fn entry(&mut self, login: u64) -> Option<&mut Entry> {
        let [first, second] = self.places(login);
        let bucket = if self.buckets[first].iter().any(|entry| entry[0] == login) { first } else { second };
        self.buckets[bucket].iter_mut().find(|entry| entry[0] == login)
    }

    /// Returns the two buckets of a login.
    fn places(&self, login: u64) -> [usize; 2] {
        let mask = self.buckets.len() - 1;
        let [low, high] =
            [login, login >> 32].map(|part| usize::try_from(part & 0xffff_ffff).unwrap_or(0) & mask);
        [low, if high == low { (high ^ 1) & mask } else { high }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_760_000_000;
    const BYTES: usize = 4 << 20;

    /// Mixes the bits of a number (SplitMix64).
    fn hash(number: u64) -> u64 {
        let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[test]
    fn two_hundred_thousand_logins_fit_into_four_mebibytes() {
        let mut receipts = Receipts::with_bytes(BYTES);
        assert_eq!(receipts.buckets.len() * size_of::<Bucket>(), BYTES);
        for number in 0..210_000 {
            assert_eq!(receipts.add(hash(number), number, NOW, NOW, 600), Noted::New, "{number}");
        }
        for number in 0..210_000 {
            assert_eq!(receipts.latest(hash(number)), Some(number));
        }
        assert_eq!(receipts.latest(hash(210_000)), None);
    }

    #[test]
    fn a_full_table_drops_the_oldest_and_counts_it() {
        let mut receipts = Receipts::with_bytes(1);
        for number in 0..16 {
            assert_eq!(receipts.add(hash(number), 0, NOW - number, NOW, 600), Noted::New);
        }
        assert_eq!(receipts.add(hash(16), 7, NOW, NOW, 600), Noted::InsteadOfAnother);
        assert_eq!(receipts.latest(hash(15)), None, "the oldest");
        assert_eq!((receipts.latest(hash(14)), receipts.latest(hash(16))), (Some(0), Some(7)));
    }

    #[test]
    fn what_is_past_its_retry_window_makes_room_first() {
        let mut receipts = Receipts::with_bytes(1);
        for number in 0..16 {
            receipts.add(hash(number), 0, NOW, NOW, 600);
        }
        for number in 16..32 {
            assert_eq!(receipts.add(hash(number), 0, NOW + 600, NOW + 600, 600), Noted::New);
        }
        assert_eq!(receipts.add(hash(32), 0, NOW + 600, NOW + 1_199, 600), Noted::InsteadOfAnother);
    }

    #[test]
    fn the_latest_generation_of_a_login_counts() {
        let mut receipts = Receipts::with_bytes(BYTES);
        assert_eq!(receipts.add(9, 5, NOW, NOW, 600), Noted::New);
        assert_eq!(receipts.add(9, 4, NOW, NOW, 600), Noted::Again);
        assert_eq!(receipts.latest(9), Some(5));
        assert_eq!(receipts.add(9, 6, NOW, NOW, 600), Noted::Again);
        assert_eq!((receipts.latest(9), receipts.latest(10)), (Some(6), None));
    }

    #[test]
    fn odd_hashes_generations_and_clocks_do_no_harm() {
        let mut receipts = Receipts::with_bytes(BYTES);
        assert_eq!(receipts.latest(0), None);
        for (login, generation) in [(0, 0), (u64::MAX, (1 << 53) - 1), (1 << 32, 1)] {
            receipts.add(login, generation, NOW + 5, NOW, 0);
            assert_eq!(receipts.latest(login), Some(generation.min(MAX_NOTED)));
        }
    }
}
