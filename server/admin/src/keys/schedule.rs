//! When the keys of a rotation begin and end.

use super::span::Span;
use super::utc;
use super::wording::kind;
use anyhow::{Result, bail};
use hallpass_engine::keys::{KeyStatus, KeySummary, Validity};

/// The default of `hallpass.idle-ttl`, assumed here because no Redis is asked.
const IDLE_TTL: Span = Span::days(14);

/// The times of one rotation, in Unix seconds.
pub struct Schedule {
    now: u64,
    /// When the new keys begin to sign.
    pub activation: u64,
    /// When the old keys expire, unless they expire earlier.
    retirement: u64,
    retire_after: Span,
}

/// The validity of an old key after a rotation.
#[derive(Debug, PartialEq, Eq)]
pub struct Retired {
    /// When it may begin to sign.
    pub nbf: u64,
    /// When it expires.
    pub exp: u64,
}

impl Schedule {
    /// Plans a rotation: new keys sign `activate_in` from `now`, old ones verify for `retire_after` more.
    pub fn new(now: u64, activate_in: Span, retire_after: Span) -> Self {
        let activation = now.saturating_add(activate_in.seconds());
        Self { now, activation, retirement: activation.saturating_add(retire_after.seconds()), retire_after }
    }

    /// Refuses a rotation that would end sessions early or add to a waiting key, unless forced, and in any case one that
    /// would leave a time at which no key signs.
    pub fn check(&self, keys: &[KeySummary], force: bool) -> Result<()> {
        if !force {
            self.check_retirement()?;
            check_none_waits(keys)?;
        }
        ["sig", "refresh"].into_iter().try_for_each(|usage| self.check_no_gap(keys, usage))
    }

    /// Refuses to retire a refresh key before the last token that it signs, which is valid for idle-ttl. Access tokens
    /// live for a day at most.
    fn check_retirement(&self) -> Result<()> {
        if self.retire_after >= IDLE_TTL {
            return Ok(());
        }
        bail!(
            "not rotated: a refresh key must outlast the tokens that it signed, which live for hallpass.idle-ttl, \
             taken to be its default of {IDLE_TTL}; --retire-after {} would end sessions, which needs --force",
            self.retire_after
        )
    }

    /// Refuses a rotation whose old keys expire before the new ones begin to sign.
    fn check_no_gap(&self, keys: &[KeySummary], usage: &str) -> Result<()> {
        let of_kind = || keys.iter().filter(|key| key.usage == usage).map(|key| key.validity);
        // Every gap begins either now or when some key expires.
        let ends = of_kind().filter_map(|validity| validity.exp);
        let gap = std::iter::once(self.now)
            .chain(ends)
            .filter(|at| (self.now..self.activation).contains(at))
            .filter(|at| !of_kind().any(|validity| validity.may_sign(*at)))
            .min();
        let Some(gap) = gap else { return Ok(()) };
        let (kind, from, to) = (kind(usage), utc::format(gap), utc::format(self.activation));
        bail!(
            "not rotated: from {from} to {to} no {kind} key would sign; \
             use a shorter --activate-in, or 0s to sign with the new keys at once"
        )
    }

    /// Returns the new validity of an old, unexpired key. Its expiry is never postponed. A key that waits for a time after
    /// the activation is brought forward to it, where the new key, later in the file, is the one that signs.
    pub fn retired(&self, old: Validity) -> Retired {
        let nbf = old.nbf.min(self.activation);
        let end = self.retirement.max(nbf.saturating_add(1));
        Retired { nbf, exp: old.exp.map_or(end, |exp| exp.min(end)) }
    }

    /// Formats the operator's next steps.
    pub fn next_step(&self) -> String {
        let when = if self.activation > self.now {
            format!("before {}", utc::format(self.activation))
        } else {
            "now".to_owned()
        };
        format!(
            "note: a session that may idle for longer than {} (hallpass.idle-ttl, {IDLE_TTL} by default) can end with its refresh key\n\
             next: put the file on every node and run AUTH.RELOAD there {when}: a node without the new keys refuses what they sign\n",
            self.retire_after
        )
    }
}

/// Refuses a rotation while a key waits: that key has not been used yet, so another one would only pile up.
fn check_none_waits(keys: &[KeySummary]) -> Result<()> {
    let Some(key) = keys.iter().find(|key| key.status == KeyStatus::Next) else { return Ok(()) };
    bail!(
        "not rotated: {} key {} waits already and signs from {}; --force adds newer keys that overtake it",
        kind(key.usage),
        key.kid,
        utc::format(key.validity.nbf)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_785_585_600;
    const DAY: u64 = 86_400;

    fn span(text: &str) -> Span {
        text.parse().expect("a span")
    }

    fn usual() -> Schedule {
        Schedule::new(NOW, span("24h"), span("90d"))
    }

    fn keys(signing: &[(KeyStatus, u64, Option<u64>)]) -> Vec<KeySummary> {
        let key = |usage, status, nbf, exp| KeySummary {
            kid: "k".into(),
            alg: "HS256",
            usage,
            status,
            validity: Validity { nbf, exp },
        };
        let signing = signing.iter().map(|(status, nbf, exp)| key("sig", *status, *nbf, *exp));
        signing.chain([key("refresh", KeyStatus::Active, 0, None)]).collect()
    }

    fn refusal(schedule: &Schedule, keys: &[KeySummary], force: bool) -> String {
        schedule.check(keys, force).expect_err("refused").to_string()
    }

    #[test]
    fn an_end_is_set_or_brought_forward_and_never_moved_back() {
        let retirement = NOW + 91 * DAY;
        for (exp, expected) in [
            (None, retirement),
            (Some(retirement + 1), retirement),
            (Some(retirement), retirement),
            (Some(NOW + 1), NOW + 1),
        ] {
            let retired = usual().retired(Validity { nbf: 5, exp });
            assert_eq!(retired, Retired { nbf: 5, exp: expected });
        }
    }

    #[test]
    fn an_overtaken_key_stays_valid_and_signs_no_more() {
        let waiting = Validity { nbf: NOW + 2 * DAY, exp: None };
        for (activate_in, retire_after, nbf, exp) in [
            ("24h", "90d", NOW + DAY, NOW + 91 * DAY),
            ("0s", "0s", NOW, NOW + 1),
            ("3d", "0s", NOW + 2 * DAY, NOW + 3 * DAY),
        ] {
            let retired = Schedule::new(NOW, span(activate_in), span(retire_after)).retired(waiting);
            assert_eq!(retired, Retired { nbf, exp }, "{activate_in} {retire_after}");
        }
    }

    #[test]
    fn refresh_keys_outlast_idle_ttl_unless_forced() {
        let ring = keys(&[(KeyStatus::Active, 0, None)]);
        assert!(Schedule::new(NOW, span("0s"), span("14d")).check(&ring, false).is_ok());
        let short = Schedule::new(NOW, span("0s"), span("1209599s"));
        let refusal = refusal(&short, &ring, false);
        assert!(refusal.contains("14d") && refusal.contains("--force"), "{refusal}");
        assert!(short.check(&ring, true).is_ok());
    }

    #[test]
    fn a_waiting_key_is_not_joined_by_another_unless_forced() {
        let ring = keys(&[(KeyStatus::Active, 0, None), (KeyStatus::Next, NOW + 5, None)]);
        let refusal = refusal(&usual(), &ring, false);
        assert!(refusal.contains("waits already") && refusal.contains("2026-08-01T12:00:05Z"), "{refusal}");
        assert!(usual().check(&ring, true).is_ok());
    }

    #[test]
    fn a_time_without_a_signing_key_is_refused_even_when_forced() {
        let hour = Some(NOW + 3600);
        for ring in [
            keys(&[(KeyStatus::Expired, 0, Some(NOW))]),
            keys(&[(KeyStatus::Active, 0, hour)]),
            keys(&[(KeyStatus::Active, 0, hour), (KeyStatus::Next, NOW + 3601, None)]),
            keys(&[(KeyStatus::Next, NOW + 5, None)]),
        ] {
            let refusal = refusal(&usual(), &ring, true);
            assert!(refusal.contains("no signing key would sign"), "{refusal}");
            assert!(Schedule::new(NOW, span("0s"), span("90d")).check(&ring, true).is_ok());
        }
        let handed_over = keys(&[(KeyStatus::Active, 0, hour), (KeyStatus::Next, NOW + 3600, None)]);
        assert!(usual().check(&handed_over, true).is_ok());
    }

    #[test]
    fn the_longest_spans_overflow_nothing() {
        let schedule = Schedule::new(u64::MAX - 1, span("36500d"), span("36500d"));
        assert_eq!(schedule.retired(Validity { nbf: 0, exp: None }).exp, u64::MAX);
    }
}
