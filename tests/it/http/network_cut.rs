//! The network between the server and Redis swallows packets, and comes back: 503 in time, then all clients carry on.

use crate::support::{
    holders::stay_logged_in,
    http_server::{ISSUER, Server},
    network::{Network, Passing},
    *,
};

/// Returns a Redis, the network to it, and a server at the other end.
fn site() -> (Redis, Network, Server) {
    let lines = [&format!("hallpass.issuer {ISSUER}"), "hallpass.audience api"];
    let redis = lines.iter().fold(Redis::builder().tcp(), |builder, line| builder.line(line)).start();
    let network = Network::to(redis.port());
    let url = format!("redis://127.0.0.1:{}", network.port());
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    (redis, network, server)
}

/// Seen to fail with both retry windows off.
#[test]
fn users_stay_logged_in_while_the_network_is_cut() {
    let (redis, network, server) = site();
    stay_logged_in(&server, &["1".into(), "2".into()], |holders| {
        for passing in [Passing::Nothing, Passing::Requests] {
            network.let_pass(passing);
            holders.wait_until_refused(0);
            network.let_pass(Passing::All);
            holders.wait_until_served();
        }
    });
    let mut con = redis.connect();
    assert_eq!((con.counter("reused"), con.counter("recovered")), (0, 0));
}

/// Seen to fail with both retry windows off.
#[test]
fn whoever_got_no_answer_asks_again_and_gets_the_lost_one() {
    let (redis, network, server) = site();
    let refresh = server.login("42").text_of("refresh_token");
    network.let_pass(Passing::Requests);
    let lost = server.token(&refresh, &[]);
    assert_eq!(lost.error(), (503, "temporarily_unavailable".into()));
    let mut con = redis.connect();
    assert_eq!(con.counter("refreshed"), 1, "carried out, but not heard of");
    network.let_pass(Passing::All);
    let [first, second] = [(); 2].map(|()| server.token(&refresh, &[]));
    assert_eq!((first.status, second.status), (200, 200), "{first:?}");
    for member in ["access_token", "refresh_token"] {
        assert_eq!(first.text_of(member), second.text_of(member));
    }
    assert_eq!(tokens::claims(&first.text_of("access_token"))["gen"], 1);
    assert_eq!(con.counter("refreshed"), 1);
}
