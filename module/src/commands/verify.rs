//! `AUTH.VERIFY key access-token [AUDIENCE aud|*]` → the token's claims set as JSON, exactly as signed.
//!
//! Checked in this order: form, `kid` and `alg`, signature, `typ`, `sub` against the key, `exp`, `nbf`, `iss`, audience,
//! session alive, claims version. Writes nothing. Every success notes that this generation's token has arrived.

use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::Error;
use crate::info::{STATS, unix_ms};
use crate::reply::Reply;
use crate::store::UserHash;
use crate::{keyring, receipts, verified};
use hallpass_engine::access::{self, AccessToken, Expectations, Refusal};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::keys::Keyring;
use redis_module::{Context, RedisString};

/// Runs the command.
pub fn run(ctx: &Context, args: &[RedisString]) -> Outcome {
    let [_, key, text, options @ ..] = args else {
        return Err(crate::error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let audience = read_audience(options)?;
    let now = unix_ms();
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let token = authenticate(&loaded.ring, text.as_slice(), now, &config)?;
    token.check(&Expectations {
        subject,
        issuer: config.issuer(),
        audience: match audience {
            Some("*") => None,
            Some(audience) => Some(audience),
            None => config.audience(),
        },
        now: now / 1000,
        leeway: config.leeway,
    })?;
    check_session(&UserHash::new(ctx, key, now), &token, now, &config)?;
    receipts::note(token.sid, token.generation);
    STATS.verified.add(1);
    complete(Reply::Text(token.payload))
}

fn read_audience(options: &[RedisString]) -> Result<Option<&str>, Error> {
    let mut options = Options::new(options, &["AUDIENCE"]);
    let mut audience = None;
    while options.next_name()?.is_some() {
        audience = Some(arguments::audience(options.value()?)?);
    }
    Ok(audience)
}

/// The token, once its key, signature and type are found right. A signature found right before is not checked again.
fn authenticate(ring: &Keyring, text: &[u8], now: u64, config: &Config) -> Result<AccessToken, Error> {
    let limit = usize::try_from(config.verify_cache_bytes).unwrap_or(usize::MAX);
    let opened = access::open(ring, text, now / 1000).map_err(|_| Error::InvalidToken)?;
    if limit > 0 && verified::contains(text) {
        STATS.verify_cache_hits.add(1);
    } else if opened.signature_is_right() {
        verified::remember(text, limit);
    } else {
        return Err(Error::InvalidToken);
    }
    opened.claims().map_err(|_| Error::InvalidToken)
}

/// A generation ahead of the record is accepted: the store rolled back, and the next refresh will repair it.
fn check_session(hash: &UserHash<'_>, token: &AccessToken, now: u64, config: &Config) -> Result<(), Error> {
    let session = hash.session(&token.sid)?.ok_or(Error::NoSession)?;
    if session.is_over(now, config.not_before.saturating_mul(1000)) {
        Err(Error::ExpiredToken)
    } else if session.claims_version != token.claims_version {
        Err(Error::StaleToken)
    } else {
        Ok(())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::InvalidToken,
            Refusal::Expired => Self::ExpiredToken,
        }
    }
}
