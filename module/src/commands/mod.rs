//! The commands. Each file opens with the command's grammar and reply.

pub mod issue;
pub mod jwks;
pub mod refresh;
pub mod verify;

use crate::error::Error;
use crate::reply::Reply;

/// What every command ends in.
pub type Outcome = Result<Reply, Error>;
