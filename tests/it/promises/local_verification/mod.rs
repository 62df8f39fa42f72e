//! Tokens that are verified without asking Redis each time: how long a revoked one is still accepted, whatever happens.
//!
//! The bounds hold on a busy machine, too: each use of a kept answer compares clocks.

mod bounds;
mod cluster;
mod load;
mod observer;
mod refused;
mod revocation;
mod silence;
mod stale;
mod successors;
mod unheard;

use std::time::Duration;

/// For how long a token may be accepted that the client could not hear to be void.
const UNHEARD: Duration = Duration::from_secs(1);
/// The same where Redis says nothing.
const UNSAID: Duration = Duration::from_secs(60);
