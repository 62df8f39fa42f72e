//! AUTH.ISSUE … CLIENT id PUBLIC: the tokens name the client, and anybody may refresh.

use crate::support::*;

#[test]
fn a_public_client_is_named_and_binds_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["client", "web", "public"]).unwrap();
    assert_eq!(first.claims()["client_id"], "web");
    for options in [&[][..], &["CLIENT", "web"], &["CLIENT", "other"]] {
        let second = con.refresh("auth:42", &first.refresh, options).unwrap();
        assert_eq!(second.claims()["client_id"], "web", "{options:?}");
    }
    let inspected = redis.raw().resp3().call(&["AUTH.INSPECT", "auth:42", &first.refresh]);
    assert_eq!(inspected.member("client_id").text(), "web");
    assert_eq!(inspected.member("bound"), Reply::Boolean(false));
    let listed = redis.raw().call(&["AUTH.SESSIONS", "auth:42"]);
    assert_eq!(listed.items()[0].member("client").text(), "web");
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "TOKEN", &first.access, "CLIENT", "other"]), 1);
}

#[test]
fn without_the_word_it_binds() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
    for options in [&[][..], &["CLIENT", "other"]] {
        assert_eq!(refused(con.refresh("auth:42", &first.refresh, options)), "INVALIDTOKEN", "{options:?}");
    }
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", "auth:42", "TOKEN", &first.access]), 0);
    con.refresh("auth:42", &first.refresh, &["CLIENT", "web"]).unwrap();
}

#[test]
fn the_word_belongs_to_the_client() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for options in [
        &["PUBLIC"][..],
        &["PUBLIC", "CLIENT", "web"],
        &["CLIENT", "web", "PUBLIC", "PUBLIC"],
        &["CLIENT", "web", "CLASS", "a", "PUBLIC"],
    ] {
        assert_eq!(refused(con.issue("auth:42", options)), "ERR", "{options:?}");
    }
    let tokens = con.issue("auth:42", &["CLIENT", "PUBLIC", "CLASS", "a"]).unwrap();
    assert_eq!(tokens.claims()["client_id"], "PUBLIC", "a client may be called so");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &["CLIENT", "web", "PUBLIC"])), "ERR");
}

#[test]
fn a_session_id_is_repeated_by_its_own_client_only() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let sid = ["SID", "01890a5d-ac96-774b-bcce-b302099a8057"];
    for (own, others) in [
        (&["CLIENT", "web"][..], [&["CLIENT", "app"][..], &["CLIENT", "web", "PUBLIC"], &[]]),
        (&["CLIENT", "web", "PUBLIC"], [&["CLIENT", "app", "PUBLIC"], &["CLIENT", "web"], &[]]),
        (&[], [&["CLIENT", "web"], &["CLIENT", "web", "PUBLIC"], &["CLIENT", "app"]]),
    ] {
        let first = con.issue("auth:42", &[own, &sid].concat()).unwrap();
        for other in others {
            assert_eq!(refused(con.issue("auth:42", &[other, &sid].concat())), "ERR", "{own:?} {other:?}");
        }
        let again = con.issue("auth:42", &[own, &sid, &["CLASS", "ignored"]].concat()).unwrap();
        assert_eq!((again.refresh, again.access), (first.refresh, first.access));
        con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    }
}
