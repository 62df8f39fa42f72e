//! Keeps an issuer's keys, and decides when to fetch them.
//!
//! Keys are kept as long as their answer says, within [`MIN_KEPT`] and [`MAX_KEPT`]. A token with an unknown key id
//! asks for them anew, at most once in [`UNKNOWN_KEY_PACE`], because anyone can make up ids. While the issuer cannot be
//! reached the keys stay for [`MAX_KEPT`]. One fetch serves all callers that wait for it, and goes on after they have
//! left. The time of waiting and the number of waiting callers are limited.

use crate::http::FetchError;
use crate::key_set::{Key, KeySet, Wanted};
use crate::key_source::{Fetched, KeySource};
use crate::refusal::Refusal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

/// The least time that keys count as current, whatever the issuer says: it bounds the load on the issuer.
const MIN_KEPT: Duration = Duration::from_secs(5 * 60);
/// The most time, and the time that keys are used for while the issuer is away: it bounds how long a withdrawn key is
/// trusted.
const MAX_KEPT: Duration = Duration::from_secs(24 * 3600);
/// The least time between two fetches because of unknown key ids.
const UNKNOWN_KEY_PACE: Duration = Duration::from_secs(10);
/// The least time from a failed fetch to the next one.
const RETRY_PACE: Duration = Duration::from_secs(1);
/// How long a token waits for a fetch. The fetch itself may take longer; then later tokens find the keys.
const WAIT: Duration = Duration::from_secs(3);
/// How many tokens may wait for one issuer, so that there is room for those of other issuers.
const MAX_WAITING: usize = 64;

/// The keys of one issuer.
pub struct KeyCache {
    source: Arc<KeySource>,
    state: Arc<Mutex<State>>,
    waiting: Semaphore,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// When the last fetch failed, unless one has succeeded since.
    failed_at: Option<Instant>,
    /// When an unknown key id was last the reason for a fetch.
    asked_for_unknown_at: Option<Instant>,
    /// The fetch under way: closed when it is over.
    under_way: Option<watch::Receiver<()>>,
}

/// Keys, and how long they may be used.
#[derive(Clone)]
struct Kept {
    keys: Arc<KeySet>,
    current_until: Instant,
    usable_until: Instant,
}

/// What to do about a token.
enum Step {
    /// Use this key.
    Use(Arc<Key>),
    /// Wait for the fetch under way.
    Wait(watch::Receiver<()>),
    /// Refuse the token.
    Refuse(Refusal),
}

impl KeyCache {
    /// Begins without keys.
    pub fn new(source: KeySource) -> Self {
        Self { source: Arc::new(source), state: Arc::default(), waiting: Semaphore::new(MAX_WAITING) }
    }

    /// Takes over the keys of another cache of the same source, in case the issuer is away. They are not current any
    /// more, so that a reload asks for the keys anew.
    pub fn inherit(&self, other: &Self) {
        if !self.source.is_same_as(&other.source) {
            return;
        }
        let kept = lock(&other.state).kept.clone();
        lock(&self.state).kept = kept.map(|kept| Kept { current_until: Instant::now(), ..kept });
    }

    /// Fetches the keys ahead of the first token.
    pub fn warm_up(&self) {
        self.begin_fetch(&mut lock(&self.state));
    }

    /// Returns the key that a token asks for.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] and [`Refusal::KeysUnavailable`].
    pub async fn key(&self, wanted: Wanted<'_>) -> Result<Arc<Key>, Refusal> {
        match self.first_step(wanted) {
            Step::Use(key) => Ok(key),
            Step::Refuse(refusal) => Err(refusal),
            Step::Wait(fetch) => {
                self.wait_for(fetch).await;
                lock(&self.state).conclusion(wanted, Instant::now())
            }
        }
    }

    /// Decides on a token, and begins a fetch if there is need for one.
    fn first_step(&self, wanted: Wanted<'_>) -> Step {
        let (mut state, now) = (lock(&self.state), Instant::now());
        if state.must_fetch(wanted, now) {
            self.begin_fetch(&mut state);
        }
        state.step(wanted, now)
    }

    /// Waits until a fetch is over, unless that takes too long or too many wait already.
    async fn wait_for(&self, mut fetch: watch::Receiver<()>) {
        if let Ok(_place) = self.waiting.try_acquire() {
            // The channel never changes: it is closed when the fetch is over.
            let _ = timeout(WAIT, fetch.changed()).await;
        }
    }

    fn begin_fetch(&self, state: &mut State) {
        let (over, under_way) = watch::channel(());
        state.under_way = Some(under_way);
        let (source, shared) = (Arc::clone(&self.source), Arc::clone(&self.state));
        tokio::spawn(async move {
            let outcome = source.fetch().await;
            lock(&shared).take_note(source.issuer(), outcome, Instant::now());
            drop(over);
        });
    }
}

impl State {
    /// Returns whether a token is a reason to begin a fetch now, and takes note of it.
    fn must_fetch(&mut self, wanted: Wanted<'_>, now: Instant) -> bool {
        let is_current = self.is_current(now);
        let is_known = self.known(wanted, now).is_some();
        if (is_known && is_current) || self.fetch_under_way().is_some() || !self.may_fetch(is_current, now) {
            return false;
        }
        if is_current {
            self.asked_for_unknown_at = Some(now);
        }
        true
    }

    fn step(&self, wanted: Wanted<'_>, now: Instant) -> Step {
        let known = self.known(wanted, now);
        match (known, self.fetch_under_way()) {
            // If the last attempt failed, tokens do not wait for the next one.
            (Some(key), _) if self.is_current(now) || self.failed_at.is_some() => Step::Use(key),
            (_, Some(fetch)) => Step::Wait(fetch),
            (_, None) => self.conclusion(wanted, now).map_or_else(Step::Refuse, Step::Use),
        }
    }

    /// Decides with the keys that are here.
    fn conclusion(&self, wanted: Wanted<'_>, now: Instant) -> Result<Arc<Key>, Refusal> {
        let is_up_to_date =
            self.is_current(now) && self.failed_at.is_none() && self.fetch_under_way().is_none();
        match self.known(wanted, now) {
            Some(key) => Ok(key),
            None if is_up_to_date => Err(Refusal::UnknownKey),
            // It may be a new key, and the issuer could not be asked.
            None => Err(Refusal::KeysUnavailable),
        }
    }

    fn known(&self, wanted: Wanted<'_>, now: Instant) -> Option<Arc<Key>> {
        self.kept.as_ref().filter(|kept| now < kept.usable_until)?.keys.find(wanted)
    }

    fn is_current(&self, now: Instant) -> bool {
        self.kept.as_ref().is_some_and(|kept| now < kept.current_until)
    }

    fn fetch_under_way(&self) -> Option<watch::Receiver<()>> {
        // A fetch that is over has closed its channel, however it ended.
        self.under_way.clone().filter(|fetch| fetch.has_changed().is_ok())
    }

    /// Returns whether the pace allows a fetch: for an unknown key if the keys are current, else because they are not.
    fn may_fetch(&self, is_current: bool, now: Instant) -> bool {
        let (last, pace) = match is_current {
            true => (self.asked_for_unknown_at, UNKNOWN_KEY_PACE),
            false => (self.failed_at, RETRY_PACE),
        };
        last.is_none_or(|last| now.duration_since(last) >= pace)
    }

    /// Keeps what was fetched. Logs a line when an issuer becomes reachable or unreachable, not for each attempt.
    fn take_note(&mut self, issuer: &str, outcome: Result<Fetched, FetchError>, now: Instant) {
        match outcome {
            Ok(fetched) => {
                if self.failed_at.take().is_some() {
                    tracing::info!(issuer, "the issuer's keys can be fetched again");
                }
                let current = fetched.max_age.unwrap_or(MIN_KEPT).clamp(MIN_KEPT, MAX_KEPT);
                let (current_until, usable_until) = (now + current, now + MAX_KEPT);
                self.kept = Some(Kept { keys: Arc::new(fetched.keys), current_until, usable_until });
            }
            Err(error) => {
                if self.failed_at.replace(now).is_none() {
                    tracing::warn!(issuer, "the issuer's keys cannot be fetched: {error}");
                }
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Every change is complete when it is made, so a panic cannot leave one half done.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Http;
    use crate::key_set::KeySet;
    use crate::place::Place;
    use crate::testing::{Answering, SigningKey, issuer, ok};
    use jsonwebtoken::Algorithm;
    use serde_json::json;
    use tokio::task::JoinSet;

    const SECOND: Duration = Duration::from_secs(1);

    fn wanted(kid: &str) -> Wanted<'_> {
        Wanted { kid: Some(kid), algorithm: Algorithm::EdDSA }
    }

    fn jwks(kids: &[&str]) -> serde_json::Value {
        let keys: Vec<_> = kids.iter().map(|kid| SigningKey::ed25519(kid).jwk()).collect();
        json!({ "keys": keys })
    }

    /// Returns an issuer with these keys, which may be kept for this many seconds.
    fn fetched(kids: &[&str], max_age: Option<u64>) -> Result<Fetched, FetchError> {
        Ok(Fetched {
            keys: KeySet::parse(jwks(kids).to_string().as_bytes()).expect("a JWK Set"),
            max_age: max_age.map(Duration::from_secs),
            place: Place::named_by_operator("https://id.example/jwks").expect("a place"),
        })
    }

    /// Returns the state after a fetch with this outcome.
    fn after(outcome: Result<Fetched, FetchError>, now: Instant) -> State {
        let mut state = State::default();
        state.take_note("test", outcome, now);
        state
    }

    /// `use`, `wait`, or the reason of a refusal.
    fn step(state: &State, kid: &str, now: Instant) -> String {
        match state.step(wanted(kid), now) {
            Step::Use(_) => "use".into(),
            Step::Wait(_) => "wait".into(),
            Step::Refuse(refusal) => format!("{refusal:?}"),
        }
    }

    #[test]
    fn keys_are_kept_as_the_answer_says_within_bounds() {
        let start = Instant::now();
        for (max_age, kept) in [
            (None, 300),
            (Some(0), 300),
            (Some(600), 600),
            (Some(86_400), 86_400),
            (Some(u64::MAX / 2), 86_400),
        ] {
            let mut state = after(fetched(&["a"], max_age), start);
            let (before, at) = (start + SECOND * (kept - 1), start + SECOND * kept);
            assert!(!state.must_fetch(wanted("a"), before), "{max_age:?}");
            assert_eq!(step(&state, "a", before), "use");
            assert!(state.must_fetch(wanted("a"), at), "{max_age:?}");
        }
    }

    #[test]
    fn an_unknown_key_is_asked_for_at_most_once_in_ten_seconds() {
        let start = Instant::now();
        let mut state = after(fetched(&["a"], Some(3600)), start);
        assert!(state.must_fetch(wanted("b"), start), "it may have been added since");
        for later in 0..10 {
            assert!(!state.must_fetch(wanted("b"), start + SECOND * later), "{later}");
            assert_eq!(step(&state, "b", start), "UnknownKey");
        }
        assert!(state.must_fetch(wanted("c"), start + SECOND * 10));
        assert_eq!(step(&state, "a", start), "use");
    }

    #[test]
    fn keys_serve_for_a_day_while_the_issuer_is_away() {
        let start = Instant::now();
        let mut state = after(fetched(&["a"], None), start);
        let later = start + SECOND * 1_000;
        assert!(state.must_fetch(wanted("a"), later));
        state.take_note("test", Err(FetchError::Timeout), later);
        assert_eq!(
            (step(&state, "a", later), step(&state, "b", later)),
            ("use".into(), "KeysUnavailable".into())
        );
        assert!(!state.must_fetch(wanted("a"), later), "not again at once");
        assert!(state.must_fetch(wanted("a"), later + RETRY_PACE));
        assert_eq!(step(&state, "a", start + MAX_KEPT - SECOND), "use");
        assert_eq!(step(&state, "a", start + MAX_KEPT), "KeysUnavailable");
        state.take_note("test", fetched(&["b"], None), later);
        assert_eq!((step(&state, "a", later), step(&state, "b", later)), ("UnknownKey".into(), "use".into()));
    }

    #[test]
    fn without_keys_a_token_is_not_called_wrong() {
        let start = Instant::now();
        let mut state = State::default();
        assert!(state.must_fetch(wanted("a"), start));
        state.take_note("test", Err(FetchError::NoAddress), start);
        assert_eq!(step(&state, "a", start), "KeysUnavailable");
        let current = &mut after(fetched(&["a"], None), start);
        current.take_note("test", Err(FetchError::NoAddress), start);
        assert_eq!(step(current, "b", start), "KeysUnavailable", "a new key, perhaps");
        assert_eq!(step(current, "a", start), "use");
    }

    #[test]
    fn a_fetch_under_way_is_waited_for_unless_the_issuer_was_away() {
        let start = Instant::now();
        let mut state = State::default();
        let (over, under_way) = watch::channel(());
        state.under_way = Some(under_way);
        assert!(!state.must_fetch(wanted("a"), start), "one is enough");
        assert_eq!(step(&state, "a", start), "wait");
        state.take_note("test", fetched(&["a"], None), start);
        assert_eq!((step(&state, "a", start), step(&state, "b", start)), ("use".into(), "wait".into()));
        assert_eq!(state.conclusion(wanted("b"), start).err(), Some(Refusal::KeysUnavailable));
        let stale = start + MIN_KEPT;
        assert_eq!(step(&state, "a", stale), "wait");
        state.failed_at = Some(stale);
        assert_eq!(step(&state, "a", stale), "use");
        drop(over);
        state.failed_at = None;
        assert_eq!(step(&state, "b", start), "UnknownKey");
    }

    fn cache(url: &str) -> KeyCache {
        KeyCache::new(KeySource::new(&issuer(&json!({ "jwks_uri": url })), Arc::new(Http::new())))
    }

    #[tokio::test]
    async fn one_fetch_serves_all_who_wait() {
        let server = Answering::with(&ok(&jwks(&["a"]))).await;
        let cache = Arc::new(cache(&server.url()));
        let asking: JoinSet<_> = (0..32)
            .map(|_| {
                let cache = Arc::clone(&cache);
                async move { cache.key(wanted("a")).await.is_ok() }
            })
            .collect();
        assert!(asking.join_all().await.into_iter().all(|is_found| is_found));
        assert_eq!(server.connections(), 1);
        assert_eq!(cache.key(wanted("b")).await.err(), Some(Refusal::UnknownKey));
        assert_eq!(server.connections(), 2);
    }

    #[tokio::test]
    async fn a_fetch_goes_on_when_whoever_asked_has_left() {
        let server = Answering::with(&ok(&jwks(&["a"]))).await;
        let cache = cache(&server.url());
        drop(timeout(Duration::ZERO, cache.key(wanted("a"))).await);
        let found = timeout(Duration::from_secs(30), async {
            while cache.key(wanted("a")).await.is_err() {
                tokio::task::yield_now().await;
            }
        });
        assert!(found.await.is_ok());
        assert_eq!(server.connections(), 1, "the first fetch was enough");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_silent_issuer_and_few_wait_at_all() {
        let server = Answering::silent().await;
        let cache = Arc::new(cache(&server.url()));
        let start = Instant::now();
        let asking: JoinSet<_> = (0..MAX_WAITING + 20)
            .map(|_| {
                let cache = Arc::clone(&cache);
                async move {
                    assert_eq!(cache.key(wanted("a")).await.err(), Some(Refusal::KeysUnavailable));
                    Instant::now()
                }
            })
            .collect();
        let ends = asking.join_all().await;
        assert_eq!(ends.iter().filter(|end| **end == start).count(), 20);
        assert!(ends.iter().all(|end| *end <= start + WAIT + SECOND));
    }

    #[tokio::test]
    async fn a_reload_keeps_the_keys_for_an_outage_and_asks_anew() {
        let server = Answering::with(&ok(&jwks(&["a"]))).await;
        let (before, after) = (cache(&server.url()), cache(&server.url()));
        before.key(wanted("a")).await.expect("a key");
        after.inherit(&before);
        after.key(wanted("a")).await.expect("a key");
        assert_eq!(server.connections(), 2);
        server.goes_away();
        let later = cache(&server.url());
        later.inherit(&after);
        assert!(later.key(wanted("a")).await.is_ok(), "the issuer is away");
        let elsewhere = cache("http://127.0.0.1:9");
        elsewhere.inherit(&after);
        assert_eq!(elsewhere.key(wanted("a")).await.err(), Some(Refusal::KeysUnavailable));
    }
}
