//! The HTTP server behind real Sentinels, with the rights that docs/security.md gives it.

use crate::{
    redis_side::acl_roles::server_user,
    support::{
        holders::stay_logged_in,
        http_server::{ISSUER, Server},
        *,
    },
};

/// Seen to fail if the server asks the Sentinels only once.
#[test]
fn users_stay_logged_in_when_the_primary_hands_over_and_when_it_dies() {
    let (issuer, user) = (format!("hallpass.issuer {ISSUER}"), server_user(""));
    let lines = [&issuer, "hallpass.audience api", "appendonly yes", &user];
    let mut sentinels = Sentinels::start(&lines);
    let url = sentinels.url().replace("://", "://server:secret@");
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    stay_logged_in(&server, &["1".into(), "2".into()], |holders| {
        sentinels.servers[0].wait_until_replicated();
        assert_eq!(sentinels.hand_over(0), 1);
        sentinels.wait_until_following(0);
        holders.wait_until_served();
        sentinels.servers[1].wait_until_replicated();
        sentinels.servers[1].kill();
        holders.wait_until_refused(0);
        assert_eq!(sentinels.wait_for_failover(1), 0);
    });
    assert_eq!(sentinels.servers[0].connect().counter("reused"), 0);
}
