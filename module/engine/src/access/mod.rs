//! The access token: a JWT in the profile of RFC 9068, when issuer and audience are set.

mod mint;
mod open;
mod payload;
mod token;

pub use mint::{Claims, SignError, Unsigned, longest, mint, unsigned};
pub use open::{InvalidAccessToken, Opened, authenticate, open};
pub use token::{AccessToken, ClaimsError, Expectations};
