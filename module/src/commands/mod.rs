//! The commands. Each file opens with the command's grammar and reply.

pub mod inspect;
pub mod issue;
pub mod jwks;
pub mod keys;
pub mod refresh;
pub mod reload;
pub mod revoke;
pub mod sessions;
pub mod setclaims;
pub mod verify;

use crate::error::Error;
use crate::minting::UnsignedTokens;
use crate::reply::Reply;

/// What every command ends in.
pub type Outcome = Result<Answer, Error>;

/// What is sent to the client.
pub enum Answer {
    /// It is complete.
    Complete(Reply),
    /// It lacks a signature, which may be slow to make. All else is done.
    Unsigned(Box<UnsignedTokens>),
}

/// An answer that is complete.
fn complete(reply: Reply) -> Outcome {
    Ok(Answer::Complete(reply))
}
