//! Properties that must hold in every world, and events that must happen in some. They have names, so that each promise
//! can choose its own.

use crate::rules::Rules;
use crate::world::World;
use stateright::Property;

/// No tab learns that its session is over.
pub const NOBODY_IS_LOGGED_OUT: &str = "no tab is logged out";
/// All answers to a token are of one generation.
pub const ONE_SUCCESSOR: &str = "one generation has one successor";
/// The tokens of a generation are minted once.
pub const MINTED_ONCE: &str = "a generation is minted once";
/// The stored generation grows.
pub const NEVER_BACK: &str = "the generation never decreases";
/// No token is exchanged again after its windows.
pub const NEVER_LATE: &str = "no token is answered outside its windows";
/// An ended session stays ended.
pub const NO_RETURN: &str = "an ended session does not come back";
/// After a logout, copies of a token are worthless, with or without a failover.
pub const LOG_OUT_IS_FINAL: &str = "a token copied before a log-out is worth nothing after it";
/// A theft is detected.
pub const FOUND_OUT: &str = "a thief is found out";

/// Happens: a retry.
pub const A_RETRY: &str = "a retry is answered";
/// Happens: a token ahead of the store.
pub const A_RECOVERY: &str = "a token ahead of the store is honoured";
/// Happens: a session ends by reuse.
pub const A_REUSE: &str = "a reuse is found";

/// Returns all properties; each check names its own.
pub fn all() -> Vec<Property<Rules>> {
    vec![
        Property::always(NOBODY_IS_LOGGED_OUT, |_: &Rules, world: &World| world.history.refused.is_none()),
        Property::always(ONE_SUCCESSOR, |_, world: &World| !world.history.has_two_successors),
        Property::always(MINTED_ONCE, |_, world: &World| !world.history.is_minted_twice),
        Property::always(NEVER_BACK, |_, world: &World| !world.history.went_back),
        Property::always(NEVER_LATE, |_, world: &World| !world.history.is_answered_late),
        Property::always(NO_RETURN, |_, world: &World| {
            !world.history.has_ended || (world.server.session.is_none() && !world.history.is_revived)
        }),
        Property::always(LOG_OUT_IS_FINAL, |_, world: &World| !world.history.outlived_log_out),
        Property::eventually(FOUND_OUT, |rules: &Rules, world: &World| {
            world.history.found_out || (world.thief.is_none() && world.now > rules.theft_until)
        }),
        Property::sometimes(A_RETRY, |_, world: &World| world.history.retried),
        Property::sometimes(A_RECOVERY, |_, world: &World| world.history.recovered),
        Property::sometimes(A_REUSE, |_, world: &World| world.history.found_out),
    ]
}
