//! The promises to a client without faults: lost answers, racing tabs, clocks that step back and failovers never log it
//! out, and a retry changes nothing.

use crate::support::{NOW, NOW_MS, SUBJECT, claims, login, parse, random, signing_jwk};
use hallpass_engine::keys::{Algorithm, Jwk, Keyring};
use hallpass_engine::record::Session;
use hallpass_engine::rotation::{Decision, Policy, decide};
use hallpass_engine::{access, keygen, refresh};
use proptest::prelude::*;
use proptest::sample::Index;

const POLICY: Policy = Policy {
    race_window: 10_000,
    retry_window: 600_000,
    access_ttl: 900,
    idle_ttl: 3_600,
    shared: 0,
    recovery: true,
    not_before: 0,
};

/// One refresh, seen by the client.
#[derive(Clone, Debug)]
struct Round {
    /// The time since the last one; with the time of the retries, less than the idle TTL.
    pause: i64,
    /// One entry for each lost answer: the client's wait after it, in thousandths of the remaining window.
    lost: Vec<u64>,
    /// Whether the new access token is verified.
    verifies: bool,
    /// Another tab asks with the same token, this much later.
    other_tab: Option<u64>,
    /// Before the round, the store goes back to an earlier state.
    failover: Option<Index>,
}

fn round() -> impl Strategy<Value = Round> {
    (
        prop_oneof![-60_000..0_i64, 0..2_900_000_i64],
        proptest::collection::vec(0..999_u64, 0..4),
        any::<bool>(),
        proptest::option::of(0..POLICY.race_window),
        proptest::option::weighted(0.2, any::<Index>()),
    )
        .prop_map(|(pause, lost, verifies, other_tab, failover)| Round {
            pause,
            lost,
            verifies,
            other_tab,
            failover,
        })
}

/// A store with one session, and its earlier states.
struct Store {
    past: Vec<Session>,
    session: Session,
    now: u64,
    seen: Option<u64>,
}

impl Store {
    fn new() -> Self {
        let session = Session {
            issued_at: NOW_MS,
            rotated_at: NOW_MS,
            idle_expiry: NOW_MS + POLICY.idle_ttl * 1000,
            absolute_expiry: NOW_MS * 2,
            ..Session::default()
        };
        Self { past: vec![session.clone()], session, now: NOW_MS, seen: None }
    }

    /// Returns the generation in the answer to the client.
    fn refresh(&mut self, generation: u64) -> Result<u64, TestCaseError> {
        let is_seen = self.seen == Some(self.session.generation);
        match decide(Some(&self.session), generation, self.now, &POLICY, is_seen) {
            Decision::Rotate { next, .. } => {
                self.past.push(next.clone());
                self.session = next;
            }
            Decision::Retry { .. } => {}
            other => return Err(TestCaseError::fail(format!("logged out: {other:?}"))),
        }
        Ok(self.session.generation)
    }
}

/// Runs the rounds; returns the client's last generation, and the store.
fn live(rounds: &[Round]) -> Result<(u64, Store), TestCaseError> {
    let mut store = Store::new();
    let mut held = 0;
    for round in rounds {
        store.now = store.now.saturating_add_signed(round.pause);
        if let Some(failover) = &round.failover {
            // Only a state that is not yet over: Redis would have dropped the others.
            let (earlier, now) = (failover.get(&store.past).clone(), store.now);
            if now < earlier.idle_expiry {
                store.session = earlier;
            }
        }
        let mut answered = store.refresh(held)?;
        let mut left = POLICY.retry_window - 1;
        for wait in &round.lost {
            let wait = left * wait / 1000;
            left -= wait;
            store.now += wait;
            let again = store.refresh(held)?;
            prop_assert_eq!(again, answered, "a retry gets the same answer");
            answered = again;
        }
        let previous = std::mem::replace(&mut held, answered);
        if round.verifies {
            store.seen = Some(held);
        }
        if let Some(later) = round.other_tab.filter(|_| round.lost.is_empty()) {
            store.now += later;
            prop_assert_eq!(store.refresh(previous)?, held, "the other tab gets the same answer");
        }
    }
    Ok((held, store))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn it_is_never_logged_out(rounds in proptest::collection::vec(round(), 1..40)) {
        let (held, mut store) = live(&rounds)?;
        prop_assert_eq!(held, store.session.generation, "client and store agree in the end");
        prop_assert_eq!(store.refresh(held)?, held + 1, "and its token is the current one");
    }

    #[test]
    fn without_failovers_each_round_is_one_generation(rounds in proptest::collection::vec(round(), 1..40)) {
        let rounds: Vec<_> = rounds.into_iter().map(|round| Round { failover: None, ..round }).collect();
        let (held, store) = live(&rounds)?;
        prop_assert_eq!(held, rounds.len() as u64);
        prop_assert_eq!(store.past.len(), rounds.len() + 1, "retries and racing tabs change nothing");
    }

    #[test]
    fn an_old_token_that_comes_back_later_ends_the_session(
        rounds in proptest::collection::vec(round(), 2..10),
        stolen in any::<Index>(),
    ) {
        let (held, store) = live(&rounds)?;
        let stolen = stolen.index(usize::try_from(held).expect("few")) as u64;
        let later = store.now.max(store.session.rotated_at) + POLICY.retry_window;
        prop_assume!(later < store.session.idle_expiry);
        let decision = decide(Some(&store.session), stolen, later, &POLICY, false);
        let is_reuse = matches!(decision, Decision::Reuse { distance, .. } if distance == held - stolen);
        prop_assert!(is_reuse, "{:?}", decision);
    }
}

/// Returns the answer to a refresh, as a function of the stored session, the ring and the time.
fn answer(ring: &Keyring, session: &Session, now: u64) -> (String, String) {
    let rotated_at = session.rotated_at / 1000;
    let login = login(1);
    let key = ring.signing_key(rotated_at, now).expect("a signing key");
    let claims = access::Claims { generation: session.generation, iat: rotated_at, ..claims(&login) };
    let refresh_key = ring.refresh_key(rotated_at, now).expect("a refresh key");
    let access = access::mint(key, &claims).expect("signs");
    (access, refresh::mint(refresh_key, SUBJECT, &login, session.generation, 0))
}

#[test]
fn a_retry_gets_the_same_tokens_byte_for_byte_also_while_keys_change() {
    for alg in [Algorithm::EdDSA, Algorithm::HS256] {
        let next_keys = Jwk { nbf: Some(NOW + 100), ..signing_jwk(alg, 3) };
        let next_refresh = Jwk { nbf: Some(NOW + 100), ..keygen::refresh_key(&random(4)) };
        let keys = [signing_jwk(alg, 1), keygen::refresh_key(&random(2)), next_keys, next_refresh];
        let ring = parse(&keys).expect("usable keys");
        let session = Session { generation: 1, rotated_at: NOW_MS + 99_999, ..Session::default() };
        let first = answer(&ring, &session, NOW + 99);
        assert_eq!(answer(&ring, &session, NOW + 600), first);
        let reloaded = parse(&keys).expect("usable keys");
        assert_eq!(answer(&reloaded, &session, NOW + 600), first);
        let rotated = Session { rotated_at: NOW_MS + 100_000, ..session };
        let second = answer(&ring, &rotated, NOW + 600);
        assert_ne!((&second.0, &second.1), (&first.0, &first.1), "from then on the new keys answer");
    }
}
