//! Estimates of the numbers of users and live sessions. INFO, when it is asked, looks at a few more keys of a pass
//! through the database, so that its work is bounded however many there are.

use crate::clock::unix_ms;
use crate::config::Config;
use crate::redis::args::Arg;
use crate::redis::key::{HashKey, KeyKind};
use crate::redis::keyspace::{self, KeyCursor};
use crate::sync::lock;
use hallpass_engine::estimate::{Estimate, Totals, proportional};
use hallpass_engine::rotation::Policy;
use hallpass_engine::scan::ScanFilter;
use redis_module::Context;
use std::sync::Mutex;

/// The least time between two looks at a database that is not new, in ms: any number of clients may ask INFO.
const PAUSE: u64 = 100;
/// The number of databases that count: those that Redis has by default.
const DATABASES: usize = 16;
/// A look ends after this many keys,
const KEYS: u64 = 32;
/// after this many sessions of theirs,
const SESSIONS: u64 = 512;
/// and after this many steps, most of which find no key in a hash table that was larger once.
const STEPS: u32 = 256;

static STATE: Mutex<State> = Mutex::new(State::new());

/// What INFO shows.
#[derive(Default)]
pub struct Estimates {
    /// The estimated numbers.
    pub totals: Totals,
    /// The number of keys that they rest on.
    pub rests_on: u64,
}

/// Looks at a few more keys, and returns the estimates; `None` on a replica, whose keys are its primary's, and while
/// Redis loads its data.
pub fn current(ctx: &Context, config: &Config) -> Option<Estimates> {
    keyspace::is_loaded_primary(ctx).then(|| lock(&STATE).estimates(ctx, config))
}

/// Begins anew.
pub fn clear() {
    *lock(&STATE) = State::new();
}

struct State {
    looked_at: u64,
    /// Whose turn it is among the databases that have keys.
    turn: usize,
    databases: [Option<Database>; DATABASES],
}

impl State {
    const fn new() -> Self {
        Self { looked_at: 0, turn: 0, databases: [const { None }; DATABASES] }
    }

    fn estimates(&mut self, ctx: &Context, config: &Config) -> Estimates {
        let now = unix_ms();
        let filter = ScanFilter { now, not_before: Policy::from(config).not_before, class: None };
        let turn = (now.abs_diff(self.looked_at) >= PAUSE).then_some(self.turn);
        let (mut all, mut in_use) = (Estimates::default(), 0);
        keyspace::each_database(ctx, DATABASES, |number, keys| {
            if keys == 0 {
                self.databases[number] = None;
                return;
            }
            let database = self.databases[number].get_or_insert_with(Database::new);
            if turn == Some(in_use) || database.estimate.rests_on() == 0 {
                database.look(ctx, config, &filter);
            }
            in_use += 1;
            all.add(&database.estimate, keys);
        });
        if turn.is_some() {
            (self.looked_at, self.turn) = (now, if self.turn + 1 < in_use { self.turn + 1 } else { 0 });
        }
        all
    }
}

impl Estimates {
    fn add(&mut self, estimate: &Estimate, keys: u64) {
        let totals = estimate.of(keys);
        self.totals.keys += totals.keys;
        self.totals.users += totals.users;
        self.totals.sessions += totals.sessions;
        self.rests_on += estimate.rests_on();
    }
}

/// A database that has keys.
struct Database {
    cursor: KeyCursor,
    estimate: Estimate,
}

impl Database {
    fn new() -> Self {
        Self { cursor: KeyCursor::new(), estimate: Estimate::default() }
    }

    /// Looks at the next keys.
    fn look(&mut self, ctx: &Context, config: &Config, filter: &ScanFilter<'_>) {
        let (mut keys, mut sessions) = (0, 0);
        for _ in 0..STEPS {
            let goes_on = self.cursor.advance(ctx, |name, key| {
                let live =
                    if is_user(name, key, config) { live_sessions(key, filter, &mut sessions) } else { 0 };
                self.estimate.add(live);
                keys += 1;
            });
            if !goes_on {
                self.estimate.end_pass();
            }
            if !goes_on || keys >= KEYS || sessions >= SESSIONS {
                return;
            }
        }
    }
}

/// Returns whether a key can hold sessions.
fn is_user(name: &Arg, key: &HashKey, config: &Config) -> bool {
    config.pattern.subject_of(name).is_ok() && key.kind() == KeyKind::Hash
}

/// Returns the number of live sessions in a hash; of a large one, what its first fields suggest. Adds to `looked` how
/// many it has looked at.
fn live_sessions(key: &HashKey, filter: &ScanFilter<'_>, looked: &mut u64) -> u64 {
    let (mut fields, mut live) = (0, 0);
    key.each(|field, value| {
        fields += 1;
        live += u64::from(filter.is_live(field, value));
        fields < SESSIONS
    });
    *looked += fields;
    proportional(live, key.len() as u64, fields)
}
