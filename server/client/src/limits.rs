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

/// The time from one question to all Sentinels, which is the primary, to the next.
pub const FOLLOW_PACE: Duration = Duration::from_millis(500);

/// The time from one sign of life of the connection that hears security events to the next.
pub const EVENTS_BEAT: Duration = Duration::from_secs(1);
/// The time from the loss of that connection to the next attempt.
pub const EVENTS_PACE: Duration = Duration::from_secs(1);

/// The least time from one logged outage to the next.
pub const WARNING_PACE: Duration = Duration::from_secs(5);

/// How long a kept answer holds, whatever happens: for what Redis pushes late or never.
pub const KEEP: Duration = Duration::from_secs(60);
/// How long kept answers hold without an answered heartbeat, counted from when that was sent: a network that swallows
/// packets swallows pushes, too.
pub const TRUST: Duration = Duration::from_secs(1);
/// The time from one heartbeat to the next.
pub const HEARTBEAT: Duration = Duration::from_millis(250);
/// The least time from one heartbeat that reads the slots of a cluster to the next: about one in a second does.
pub const LOOK_AT_SLOTS: Duration = Duration::from_millis(900);
/// The time from one attempt to listen to a node to the next, while it is away.
pub const LISTEN_PACE: Duration = Duration::from_millis(250);
/// The same, while it answers and refuses.
pub const REFUSED_PACE: Duration = Duration::from_secs(10);

// A call must outlast the look-up that it waits for, and a look-up must reach more than one node.
const _: () = {
    assert!(CONNECT.as_millis() < RESPONSE.as_millis() && RESPONSE.as_millis() < CALL.as_millis());
    assert!(LOOK_UP.as_millis() < CALL.as_millis() && LOOK_UP_NODE.as_millis() * 2 <= LOOK_UP.as_millis());
    // One heartbeat may get lost.
    assert!(HEARTBEAT.as_millis() * 2 < TRUST.as_millis() && TRUST.as_millis() < KEEP.as_millis());
};
