//! `keys prune`: removes expired keys.

use super::file::Locked;
use super::utc;
use super::wording::kind;
use anyhow::{Result, bail};
use hallpass_engine::keys::{KeyStatus, KeySummary};
use std::path::Path;

/// Removes the expired keys of a keyring. Returns the report.
pub fn prune(path: &Path) -> Result<String> {
    let mut file = Locked::open(path)?;
    let keys = file.keys(utc::now()?);
    let expired = expired(&keys)?;
    if expired.is_empty() {
        return Ok(format!("no key of {} has expired: nothing removed\n", path.display()));
    }
    let mut report = String::new();
    for key in expired {
        file.document.remove(&key.kid);
        let since = key.validity.exp.map_or_else(String::new, utc::format);
        report += &format!("removed {} key {} ({}), expired {since}\n", kind(key.usage), key.kid, key.alg);
    }
    file.replace()?;
    Ok(report + "next: AUTH.RELOAD on every node, at any time: nothing used these keys any more\n")
}

/// Returns the expired keys. Fails if a kind would be left without a key, because such a ring is not usable.
fn expired(keys: &[KeySummary]) -> Result<Vec<&KeySummary>> {
    let is_expired = |key: &&KeySummary| key.status == KeyStatus::Expired;
    for usage in ["sig", "refresh"] {
        if keys.iter().filter(|key| key.usage == usage).all(|key| is_expired(&key)) {
            let kind = kind(usage);
            bail!(
                "nothing removed: every {kind} key has expired; make new keys first, with `keys rotate --activate-in 0s`"
            );
        }
    }
    Ok(keys.iter().filter(is_expired).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_engine::keys::Validity;

    fn key(kid: &str, usage: &'static str, status: KeyStatus) -> KeySummary {
        KeySummary {
            kid: kid.into(),
            alg: "HS256",
            usage,
            status,
            validity: Validity { nbf: 0, exp: Some(1) },
        }
    }

    #[test]
    fn only_what_expired_goes() {
        let keys = [
            key("a", "sig", KeyStatus::Expired),
            key("b", "sig", KeyStatus::Active),
            key("c", "sig", KeyStatus::Retiring),
            key("d", "refresh", KeyStatus::Next),
        ];
        let kids: Vec<_> =
            expired(&keys).expect("enough is left").into_iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kids, ["a"]);
    }

    #[test]
    fn each_kind_keeps_a_key() {
        let keys = [key("a", "sig", KeyStatus::Active), key("b", "refresh", KeyStatus::Expired)];
        assert!(expired(&keys).expect_err("refused").to_string().contains("every refresh key"));
    }
}
