//! Outside identities: trusts the tokens of other issuers (Firebase, Google, Keycloak, one's own) as far as the issuers
//! file says, and no further.
//!
//! ```no_run
//! # async fn example(token: &str) -> anyhow::Result<()> {
//! let issuers = hallpass_issuers::load("issuers.json".as_ref())?;
//! let trusted = hallpass_issuers::TrustedIssuers::new(issuers, None);
//! let login = trusted.judge(token, None).await?;
//! println!("{} may begin a session", login.subject);
//! # Ok(())
//! # }
//! ```
//!
//! A token is judged in this order: its form (`token`), the issuer that it names, its header, the
//! signature by one of that issuer's keys, and the rules for its claims. Nothing about sessions is decided here, and
//! nothing is remembered but keys: that a token is used once is up to the caller, who is told its fingerprint.
//!
//! # Layout
//! - `file` reads the issuers file into [`Issuer`]s, with their subject templates. `command` is
//!   `issuers check`.
//! - `trusted` has all issuers with their keys and judges tokens; `token` reads a token's form, `rules` has the
//!   rules for its claims, `refusal` why it is refused.
//! - `key_cache` keeps an issuer's keys and says when to fetch them; `key_source` finds and fetches them;
//!   `key_set` reads them.
//! - `http` sends the requests, within limits, to the places that `place` allows.

#![forbid(unsafe_code)]

mod algorithm;
mod command;
mod file;
mod http;
mod issuer;
mod key_cache;
mod key_set;
mod key_source;
mod place;
mod refusal;
mod rules;
mod template;
#[cfg(test)]
mod testing;
mod token;
mod trusted;

pub use command::{IssuersCommand, run};
pub use file::{load, parse};
pub use issuer::Issuer;
pub use refusal::Refusal;
pub use trusted::{Login, TrustedIssuers};
