//! Every time limit of this crate. They nest: a node answers before its call ends, and a look-up of the node in charge
//! fits into the call that waits for it.

use std::time::Duration;

/// One call, whatever it has to wait for: connecting, an answer, a look-up, a second attempt.
pub const CALL: Duration = Duration::from_secs(3);
/// One attempt to connect to a node.
pub const CONNECT: Duration = Duration::from_secs(1);
/// One answer of a node.
pub const RESPONSE: Duration = Duration::from_secs(2);
/// The silence after which a host that vanished without closing its connections is given up.
pub const DEAD_PEER: Duration = Duration::from_secs(5);

/// One look-up of the node in charge.
pub const LOOK_UP: Duration = Duration::from_secs(2);
/// The answer of one node of a cluster within a look-up, so that a few silent ones leave time for the others.
pub const LOOK_UP_NODE: Duration = Duration::from_millis(500);
/// The least time from one look-up to the next: an outage gives every call a reason for one.
pub const LOOK_UP_PACE: Duration = Duration::from_millis(100);

/// The least time from one logged outage to the next.
pub const WARNING_PACE: Duration = Duration::from_secs(5);

// A call must outlast the look-up that it waits for, and a look-up must reach more than one node.
const _: () = {
    assert!(CONNECT.as_millis() < RESPONSE.as_millis() && RESPONSE.as_millis() < CALL.as_millis());
    assert!(LOOK_UP.as_millis() < CALL.as_millis() && LOOK_UP_NODE.as_millis() * 2 <= LOOK_UP.as_millis());
};
