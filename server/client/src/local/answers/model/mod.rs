//! The rules of local verification, checked exhaustively: every order of events within bounds.
//!
//! One token of one subject, and one node. Tasks ask about the token, and whatever another task or the network could come
//! between is a step of its own. The token is revoked, everything is deleted, or the keys change; the network swallows what
//! it carries; connections are lost, or given up and go on; heartbeats come and go. [`world`] has the state and its steps,
//! [`events`] what may happen when. Each mechanism is switched off once, and a promise is seen to break.

mod events;
mod promises;
mod world;

/// A mechanism that is switched off, to see what it is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Everything works.
    None,
    /// An answer is kept although its subject changed after the question.
    EpochsAreIgnored,
    /// An answer is kept although everything was dropped after the question.
    RoundsAreIgnored,
    /// A kept answer holds without heartbeats.
    HeartbeatsAreIgnored,
    /// A heartbeat's standing is not compared with the one before.
    StandingIsIgnored,
    /// A push is applied by another task than the one that reads it.
    PushesWait,
    /// A task looks for the connection before it gets the permission to keep the answer.
    ConnectionComesFirst,
}

/// What a run of the checker is given.
#[derive(Clone, Copy, Debug)]
struct Rules {
    fault: Fault,
    budget: Budget,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Budget {
    /// Questions about the token.
    asks: u8,
    /// Heartbeats after a connection's first.
    beats: u8,
    /// The token is revoked, and Redis says so.
    revocations: u8,
    /// Everything is deleted, and Redis says so.
    flushes: u8,
    /// The keys change, and Redis does not say so.
    reloads: u8,
    /// The network swallows everything from then on.
    cuts: u8,
    /// A connection is lost, or given up, and made again.
    losses: u8,
    /// Quarters of a second.
    ticks: u8,
}
