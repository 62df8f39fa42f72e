//! The harness' Sentinels: a real failover.

use crate::support::*;

#[test]
fn the_sentinels_promote_the_replica() {
    let mut sentinels = Sentinels::start(&[]);
    sentinels.servers[0].kill();
    assert_eq!(sentinels.wait_for_failover(0), 1);
}
