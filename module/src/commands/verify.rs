//! `AUTH.VERIFY key access-token [AUDIENCE aud|*]` → the token's claims set as JSON, exactly as signed.
//!
//! Checked in this order: form, `kid` and `alg`, signature, `typ`, `sub` against the key, `exp`, `nbf`, `iss`,
//! audience, session alive, claims version. Writes nothing. Every success is remembered as proof of receipt of this
//! generation.

use super::call::{Call, Command};
use crate::error::{self, Error};
use crate::keyring;
use crate::redis::args::Arg;
use crate::redis::spec::{
    ArgKind, CommandSpec, DEPENDS_ON_MORE_THAN_THE_KEY, KeyAccess, required, text_option,
};
use crate::reply::{CommandResult, Value};
use crate::stats::STATS;
use crate::tokens::receipts::Arrival;
use crate::tokens::verify_cache;
use crate::user_hash::{Field, UserHash};
use hallpass_engine::access::{self, AccessToken, Expectations};
use hallpass_engine::arguments::{self, Options};
use hallpass_engine::keywords;
use hallpass_engine::record::SessionError;
use std::sync::Arc;

/// The command.
pub struct Verify;

keywords! {
    enum VerifyOption { Audience = "AUDIENCE" }
}

impl Command for Verify {
    const SPEC: CommandSpec = CommandSpec {
        name: c"auth.verify",
        summary: c"Checks an access token and its session and returns the token's claims.",
        flags: c"readonly no-monitor no-slowlog",
        tips: DEPENDS_ON_MORE_THAN_THE_KEY,
        complexity: c"O(1)",
        arity: -3,
        categories: c"read fast",
        key: KeyAccess::Read,
        args: &[required(c"access-token", ArgKind::Text), text_option(c"aud", c"AUDIENCE")],
    };

    fn impossible_subject(_args: &[Arg]) -> Error {
        Error::InvalidToken
    }

    fn run(call: &Call<'_>) -> CommandResult {
        let (text, options) = call.args.split_first().ok_or(error::SYNTAX)?;
        let audience = audience(options)?;
        let token = authenticate(call, text)?;
        token.check(&Expectations {
            subject: call.subject,
            database: call.database,
            issuer: call.config.issuer(),
            audience: arguments::required_audience(audience, call.config.audience()),
            now: call.now_seconds(),
            leeway: call.config.leeway,
        })?;
        check_session(call, &token)?;
        STATS.verified.add(1);
        Ok(Value::Claims(token).into())
    }
}

fn audience(options: &[Arg]) -> Result<Option<&str>, Error> {
    let mut options = Options::new(options);
    let mut audience = None;
    while let Some(option) = options.next_name()? {
        match option {
            VerifyOption::Audience => audience = Some(arguments::audience(options.value()?)?),
        }
    }
    Ok(audience)
}

/// Returns the token after its key, signature and type are proven: now, or by the verify cache.
fn authenticate(call: &Call<'_>, text: &[u8]) -> Result<Arc<AccessToken>, Error> {
    let now = call.now_seconds();
    if let Some(token) = verify_cache::get(text, now) {
        STATS.verify_cache_hits.add(1);
        return Ok(token);
    }
    let token = Arc::new(access::authenticate(&keyring::current()?.ring, text, now)?);
    verify_cache::insert(token.clone(), verify_cache::epoch(), call.config.verify_cache_limit());
    Ok(token)
}

/// Checks that the session is alive and has the token's claims. Then the token has proven its receipt, which is noted.
fn check_session(call: &Call<'_>, token: &AccessToken) -> Result<(), Error> {
    let AccessToken { login, generation, claims_version, .. } = token;
    let hash = UserHash::read(call.ctx, call.key, call.now)?;
    let check = hash.view(&Field::of(&login.sid), |session| {
        session.check(login, *claims_version, call.now, call.policy.not_before)?;
        Ok::<_, SessionError>(session.receipt(*generation, call.now))
    });
    if let Some(began) = check.ok_or(Error::NoSession)?? {
        let arrival = Arrival { database: call.database, login, generation: *generation, began };
        arrival.note(call.now, call.policy.retry_window);
    }
    Ok(())
}
