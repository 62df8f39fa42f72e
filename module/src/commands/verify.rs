//! `AUTH.VERIFY key access-token [AUDIENCE aud|*]` → the token's claims set as JSON, exactly as signed.
//!
//! Checked in this order: form, `kid` and `alg`, signature, `typ`, `sub` against the key, `exp`, `nbf`, `iss`, audience,
//! session alive, claims version. Writes nothing. Every success notes that this generation's token has arrived.

use super::{Outcome, complete};
use crate::args;
use crate::config::Config;
use crate::error::Error;
use crate::ffi::Arg;
use crate::info::{STATS, unix_ms};
use crate::reply::Reply;
use crate::store::{Field, UserHash};
use crate::{keyring, receipts, verified};
use hallpass_engine::access::{self, AccessToken, Expectations, Refusal};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::record::Glance;
use redis_module::Context;
use std::sync::Arc;

/// Runs the command.
pub fn run(ctx: &Context, args: &[Arg]) -> Outcome {
    let [_, key, text, options @ ..] = args else {
        return Err(crate::error::SYNTAX);
    };
    let config = Config::current();
    let subject = args::subject(&config.pattern, key)?;
    let audience = read_audience(options)?;
    let now = unix_ms();
    let token = authenticate(text, now / 1000, &config)?;
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
    check_session(&UserHash::read(ctx, key, now)?, &token, now, &config)?;
    receipts::note(token.sid, token.generation);
    STATS.verified.add(1);
    complete(Reply::Claims(token))
}

fn read_audience(options: &[Arg]) -> Result<Option<&str>, Error> {
    let mut options = Options::new(options, &["AUDIENCE"]);
    let mut audience = None;
    while options.next_name()?.is_some() {
        audience = Some(arguments::audience(options.value()?)?);
    }
    Ok(audience)
}

/// The token, once its key, signature and type are found right: now, or earlier. `now` in Unix seconds.
fn authenticate(text: &[u8], now: u64, config: &Config) -> Result<Arc<AccessToken>, Error> {
    if let Some(token) = verified::recall(text, now) {
        STATS.verify_cache_hits.add(1);
        return Ok(token);
    }
    let loaded = keyring::current().ok_or(Error::NoKey)?;
    let token = access::authenticate(&loaded.ring, text, now).map_err(|_| Error::InvalidToken)?;
    let token = Arc::new(token);
    verified::remember(token.clone(), verified::epoch(), config.verify_cache_limit());
    Ok(token)
}

/// A generation ahead of the record is accepted: the store rolled back, and the next refresh will repair it.
fn check_session(hash: &UserHash<'_>, token: &AccessToken, now: u64, config: &Config) -> Result<(), Error> {
    let not_before = config.not_before.saturating_mul(1000);
    let check = |session: Glance<'_>| {
        if session.is_over(now, not_before) {
            Err(Error::ExpiredToken)
        } else if session.claims_version != token.claims_version {
            Err(Error::StaleToken)
        } else {
            Ok(())
        }
    };
    hash.glance(&Field::of(&token.sid), check).unwrap_or(Err(Error::NoSession))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::InvalidToken,
            Refusal::Expired => Self::ExpiredToken,
        }
    }
}
