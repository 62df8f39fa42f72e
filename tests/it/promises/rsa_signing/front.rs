//! What the front's other users feel of slow signatures: nothing, because these have connections of their own.

use std::thread;

use super::waiting;
use crate::support::{
    http::HttpRequest,
    http_server::{ISSUER, Server},
    *,
};

#[test]
fn verify_does_not_wait_for_the_refreshes_of_others() {
    let ring = Keyring::generated("RS256");
    let redis = Redis::builder().keyring(ring).line(&format!("hallpass.issuer {ISSUER}")).start();
    let server = Server::before(&redis, &["--rate-limit", "0"]);
    let access = server.login("verified").text_of("access_token");
    let refreshed: Vec<_> =
        (0..30).map(|user| server.login(&user.to_string()).text_of("refresh_token")).collect();

    // A command that may not write yet holds its connection up as one does that is still being signed.
    let mut con = redis.connect();
    con.get::<()>(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let url = format!("http://{}/token", server.address());
    let refreshes = refreshed.into_iter().map(|token| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        let request = HttpRequest::new("POST", &url).form(&form);
        thread::spawn(move || request.send().status)
    });
    let refreshes: Vec<_> = refreshes.collect();
    wait_until("the refreshes wait", SOON, || waiting(&mut con) > 0);
    assert_eq!(server.verify(&access).status, 200);
    con.get::<()>(&["CLIENT", "UNPAUSE"]);
    for refresh in refreshes {
        // Those that waited too long on a busy machine are told to come again.
        let status = refresh.join().unwrap();
        assert!([200, 503].contains(&status), "{status}");
    }
}
