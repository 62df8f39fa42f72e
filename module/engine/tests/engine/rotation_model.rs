//! Random histories of logins, rotations, lost answers, thieves, failovers and clocks that jump, driven through the
//! engine and through the naive [`reference`](crate::reference) side by side.

use crate::reference::{Login, Logins, Outcome, answer};
use crate::support::{NOW_MS, SUBJECT, login, ring};
use hallpass_engine::keys::{Algorithm, Keyring};
use hallpass_engine::record::Session;
use hallpass_engine::refresh;
use hallpass_engine::rotation::{Decision, Policy, decide};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::{HashMap, HashSet};

const HOLDERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// A holder logs in, with an idle TTL and a SHARED of its own or without.
    Issue {
        holder: usize,
        idle_ttl: Option<u64>,
        shared: Option<u64>,
    },
    /// A holder uses its refresh token; the answer may get lost.
    Refresh {
        holder: usize,
        is_lost: bool,
    },
    /// One holder copies the refresh token of another.
    Share {
        from: usize,
        to: usize,
    },
    /// Somebody presents any token that was ever handed out.
    Replay {
        token: Index,
    },
    /// The access token that came with a holder's refresh token is verified.
    Verify {
        holder: usize,
    },
    /// The process restarts and forgets the proofs of receipt.
    Restart,
    Backup,
    /// The store goes back to a backup.
    Rollback {
        backup: Index,
    },
    /// The clock moves, in ms.
    Tick(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let holder = || 0..HOLDERS;
    prop_oneof![
        2 => (holder(), proptest::option::of(1..200_u64), proptest::option::of(0..4_u64))
            .prop_map(|(holder, idle_ttl, shared)| Step::Issue { holder, idle_ttl, shared }),
        12 => (holder(), any::<bool>()).prop_map(|(holder, is_lost)| Step::Refresh { holder, is_lost }),
        2 => (holder(), holder()).prop_map(|(from, to)| Step::Share { from, to }),
        2 => any::<Index>().prop_map(|token| Step::Replay { token }),
        3 => holder().prop_map(|holder| Step::Verify { holder }),
        1 => Just(Step::Restart),
        2 => Just(Step::Backup),
        2 => any::<Index>().prop_map(|backup| Step::Rollback { backup }),
        6 => prop_oneof![-15_000..30_000_i64, Just(10_000), Just(0), Just(9_999), -90_000..200_000_i64].prop_map(Step::Tick),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let window = |most: u64| prop_oneof![Just(0), Just(10_000), 0..most];
    let times = (window(20_000), window(90_000), 1..60_u64, 60..400_u64);
    let shared = prop_oneof![Just(0), 0..4_u64];
    (times, shared, any::<bool>(), prop_oneof![9 => Just(0), 1 => Just(NOW_MS)]).prop_map(
        |((race_window, retry_window, access_ttl, idle_ttl), shared, recovery, not_before)| Policy {
            race_window,
            retry_window,
            access_ttl,
            idle_ttl,
            shared,
            recovery,
            not_before,
        },
    )
}

/// Session `n` has the login `login(n)`, and its number is its place in `store` and in `logins`.
struct World {
    ring: Keyring,
    policy: Policy,
    now: u64,
    store: Vec<Option<Vec<u8>>>,
    logins: Logins,
    backups: Vec<(Vec<Option<Vec<u8>>>, Logins)>,
    held: [Option<String>; HOLDERS],
    ever: Vec<String>,
    seen: HashSet<(usize, u64)>,
    /// Successors made since the last rollback.
    made: HashSet<(usize, u64)>,
    sizes: HashMap<usize, usize>,
}

impl World {
    fn new(policy: Policy) -> Self {
        Self {
            ring: ring(Algorithm::HS256),
            policy,
            now: NOW_MS,
            store: Vec::new(),
            logins: Vec::new(),
            backups: Vec::new(),
            held: [const { None }; HOLDERS],
            ever: Vec::new(),
            seen: HashSet::new(),
            made: HashSet::new(),
            sizes: HashMap::new(),
        }
    }

    fn token(&self, number: usize, generation: u64) -> String {
        let key = self.ring.refresh_key(self.now / 1000, self.now / 1000).expect("a refresh key");
        refresh::mint(key, SUBJECT, &login(u8::try_from(number).expect("few")), generation, 0)
    }

    /// Returns session and generation of a token.
    fn open(&self, token: &str) -> (usize, u64) {
        let token = refresh::open(&self.ring, token.as_bytes(), self.now / 1000, 0).expect("authentic");
        (usize::from(*token.login.sid.as_bytes().last().expect("16 bytes")), token.generation)
    }

    fn issue(&mut self, idle_ttl: Option<u64>, shared: Option<u64>) -> String {
        let idle_ms = idle_ttl.unwrap_or(self.policy.idle_ttl) * 1000;
        let session = Session {
            issued_at: self.now,
            rotated_at: self.now,
            idle_expiry: self.now + idle_ms.min(600_000),
            absolute_expiry: self.now + 600_000,
            idle_ttl,
            shared,
            ..Session::default()
        };
        let token = self.token(self.store.len(), 0);
        self.sizes.insert(self.store.len(), session.encode().len());
        self.store.push(Some(session.encode()));
        self.logins.push(Some(Login {
            began: session.issued_at.into(),
            idle_end: session.idle_expiry.into(),
            end: session.absolute_expiry.into(),
            own_idle_ttl: idle_ttl.map(i128::from),
            own_shared: shared.map(i128::from),
            tokens: vec![self.now.into()],
        }));
        self.ever.push(token.clone());
        token
    }

    /// Presents a token to both implementations; returns the new token, if there is one.
    fn present(&mut self, token: &str) -> Result<Option<String>, TestCaseError> {
        let (number, generation) = self.open(token);
        let stored = self.store[number].clone();
        let before = stored.map(|value| Session::decode(&value).expect("readable"));
        let seen = before.as_ref().is_some_and(|session| self.seen.contains(&(number, session.generation)));
        let decision = decide(before.as_ref(), generation, self.now, &self.policy, seen);
        let index = usize::try_from(generation).expect("few");
        let expected = answer(&mut self.logins[number], index, self.now.into(), &self.policy, seen);
        prop_assert_eq!(Outcome::from(&decision), expected);
        match decision {
            Decision::NoSession => Ok(None),
            Decision::Expired | Decision::Reuse { .. } => {
                self.store[number] = None;
                Ok(None)
            }
            Decision::Retry { .. } => {
                let answer = self.token(number, before.expect("a session").generation);
                prop_assert!(self.ever.contains(&answer), "a retry hands out nothing new");
                Ok(Some(answer))
            }
            Decision::Renew { next, .. } => {
                prop_assert_eq!(next.generation, before.expect("a session").generation);
                self.store[number] = Some(next.encode());
                let answer = self.token(number, next.generation);
                prop_assert!(self.ever.contains(&answer), "a renewal hands out nothing new");
                Ok(Some(answer))
            }
            Decision::Rotate { next, .. } => {
                prop_assert!(self.made.insert((number, next.generation)), "a second successor");
                prop_assert!(next.generation > before.expect("a session").generation);
                self.store[number] = Some(next.encode());
                let answer = self.token(number, next.generation);
                self.ever.push(answer.clone());
                Ok(Some(answer))
            }
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Issue { holder, idle_ttl, shared } => {
                self.held[holder] = Some(self.issue(idle_ttl, shared));
            }
            Step::Refresh { holder, is_lost } => {
                let Some(token) = self.held[holder].clone() else { return Ok(()) };
                let answer = self.present(&token)?;
                if !is_lost {
                    self.held[holder] = answer;
                }
            }
            Step::Share { from, to } => self.held[to] = self.held[from].clone(),
            Step::Replay { .. } if self.ever.is_empty() => {}
            Step::Replay { token } => {
                self.present(&token.get(&self.ever).clone())?;
            }
            Step::Verify { holder } => {
                if let Some(token) = &self.held[holder] {
                    self.seen.insert(self.open(token));
                }
            }
            Step::Restart => self.seen.clear(),
            Step::Backup => self.backups.push((self.store.clone(), self.logins.clone())),
            Step::Rollback { .. } if self.backups.is_empty() => {}
            Step::Rollback { backup } => self.roll_back_to(backup.index(self.backups.len())),
            Step::Tick(by) => self.now = self.now.checked_add_signed(by).expect("near the present"),
        }
        Ok(())
    }

    /// Rolls back to a backup: sessions that it lacks are gone, and lost generations may be minted again.
    fn roll_back_to(&mut self, backup: usize) {
        let count = self.store.len();
        (self.store, self.logins) = self.backups[backup].clone();
        self.store.resize(count, None);
        self.logins.resize(count, None);
        self.made.clear();
    }

    /// Checks the invariants after a step.
    fn check(&self) -> Result<(), TestCaseError> {
        for (number, (value, login)) in self.store.iter().zip(&self.logins).enumerate() {
            prop_assert_eq!(value.is_some(), login.is_some(), "session {} lives in one of the two", number);
            let (Some(value), Some(login)) = (value, login) else { continue };
            let session = Session::decode(value).expect("readable");
            prop_assert_eq!(&session.encode(), value);
            prop_assert_eq!(value.len(), self.sizes[&number]);
            prop_assert!(session.idle_expiry <= session.absolute_expiry);
            prop_assert_eq!(i128::from(session.idle_expiry), login.idle_end);
            prop_assert_eq!(usize::try_from(session.generation).expect("few") + 1, login.tokens.len());
            prop_assert_eq!(Some(&i128::from(session.rotated_at)), login.tokens.last());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_naive_reference_does(
        policy in policy(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new(policy);
        world.held[0] = Some(world.issue(None, None));
        for step in &steps {
            let before = world.store.clone();
            world.take(step)?;
            world.check()?;
            if matches!(step, Step::Refresh { .. } | Step::Replay { .. }) {
                let changed = before.iter().zip(&world.store).filter(|(old, new)| old != new).count();
                prop_assert!(changed <= 1, "a refresh touches one session only");
            }
        }
    }
}
