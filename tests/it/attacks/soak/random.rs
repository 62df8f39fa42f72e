//! A seeded source of random choices, and random changes of bytes and commands.

/// The arguments of a command, its name first.
pub type Command = Vec<Vec<u8>>;

/// Numbers that only depend on the seed (SplitMix64).
pub struct Random(u64);

impl Random {
    /// Creates the numbers of one stream of a run.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(1_000_003).wrapping_add(stream))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }

    /// Returns a byte.
    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Returns true once in this many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns one of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Returns up to `most` random bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.byte()).collect()
    }

    /// Returns the bytes with one to four changes.
    pub fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut changed);
        }
        changed
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        const ODD: [&[u8]; 10] =
            [b"\0", b"\r\n", b".", b"\"", b"{", b"%n", b"\xff", b"-1", b"18446744073709551616", b"*"];
        let at = self.below(bytes.len() + 1);
        let end = at + self.below(bytes.len() - at + 1);
        match self.below(6) {
            0 => drop(bytes.splice(at..at, self.pick(&ODD).iter().copied())),
            1 => drop(bytes.splice(at..at, self.bytes(8))),
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            4 => bytes.truncate(at),
            _ if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            _ => {}
        }
    }

    /// Returns the command with an argument changed, left out, doubled, added, moved, or enlarged.
    pub fn spoilt(&mut self, mut command: Command) -> Command {
        let at = self.below(command.len());
        match self.below(12) {
            0 => drop(command.remove(at)),
            1 => command.insert(at, command[at].clone()),
            2 => command.insert(at, self.bytes(40)),
            3 => command.swap(at, 0),
            4 => command.truncate(at),
            5 if self.one_in(20) => command[at] = vec![self.byte(); 1 << self.below(21)],
            6 => command[at] = self.bytes(40),
            _ => command[at] = self.mutated(&command[at]),
        }
        command
    }
}
