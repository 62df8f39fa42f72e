//! `keys rotate`: adds a key of each kind that takes over later, when every node has it, and sets the expiry of the old
//! ones.

use super::arguments::Rotate;
use super::document::Document;
use super::file::Locked;
use super::new_keys::{refresh_key, signing_key};
use super::schedule::{Retired, Schedule};
use super::utc;
use super::wording::{EDDSA_NOTE, kind};
use crate::error::cannot;
use anyhow::{Context, Result};
use hallpass_engine::keys::{Algorithm, Jwk, KeyStatus, KeySummary};
use serde_json::Result as JsonResult;

/// Rotates a keyring. Returns the report.
pub fn rotate(flags: &Rotate) -> Result<String> {
    let mut file = Locked::open(&flags.keyring)?;
    let now = utc::now()?;
    let keys = file.keys(now);
    let schedule = Schedule::new(now, flags.activate_in, flags.retire_after);
    schedule.check(&keys, flags.force)?;

    let former = newest_algorithm(&keys);
    let alg = flags.alg.or(former).unwrap_or(Algorithm::EdDSA);
    let new = [signing_key(alg)?, refresh_key()?];
    let changed = apply(&mut file.document, &keys, new, &schedule);
    let changed = changed.with_context(cannot("change", &flags.keyring))?;
    file.replace()?;

    let note = if alg == Algorithm::EdDSA && former != Some(alg) { EDDSA_NOTE } else { "" };
    Ok(format!("rotated {}\n{changed}{}{note}", flags.keyring.display(), schedule.next_step()))
}

/// Returns the algorithm of the newest signing key.
fn newest_algorithm(keys: &[KeySummary]) -> Option<Algorithm> {
    let newest = keys
        .iter()
        .filter(|key| key.usage == "sig")
        .max_by_key(|key| (key.status != KeyStatus::Expired, key.validity.nbf));
    newest.and_then(|key| key.alg.parse().ok())
}

/// Adds the new keys and sets the expiry of the old ones. Returns a line about each.
fn apply(document: &mut Document, old: &[KeySummary], new: [Jwk; 2], times: &Schedule) -> JsonResult<String> {
    let mut report = String::new();
    for key in new {
        let key = Jwk { nbf: Some(times.activation), ..key };
        document.add(&key)?;
        let (kind, alg, from) = (kind(&key.usage), key.alg.as_deref(), utc::format(times.activation));
        report += &format!("new {kind} key {} ({}), signs from {from}\n", key.kid, alg.unwrap_or("HS256"));
    }
    for key in old.iter().filter(|key| key.status != KeyStatus::Expired) {
        let Retired { nbf, exp } = times.retired(key.validity);
        if nbf != key.validity.nbf {
            document.set_time(&key.kid, "nbf", nbf)?;
        }
        if Some(exp) != key.validity.exp {
            document.set_time(&key.kid, "exp", exp)?;
        }
        let (usage, alg) = (key.usage, key.alg);
        report +=
            &format!("old {} key {} ({alg}), verifies until {}\n", kind(usage), key.kid, utc::format(exp));
    }
    Ok(report)
}
