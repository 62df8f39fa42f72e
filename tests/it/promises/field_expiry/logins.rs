//! Logins of a user some of whose sessions' fields have expired.

use super::*;

#[test]
fn a_login_joins_the_live_sessions() {
    in_every_case(2, 3, |user| {
        let next = user.issue(&[]);
        assert_eq!(next.evicted, Some(vec![]));
        let expired = user.expired.clone();
        user.lives_not_in(&expired);
        user.lives_in(&[&user.live[..], &[next]].concat());
    });
}

#[test]
fn an_expired_session_counts_towards_no_limit() {
    in_every_case(2, 3, |user| {
        let third = user.issue(&["LIMIT", "3", "REJECT"]);
        assert_eq!(refused(user.con.issue(&user.key, &["LIMIT", "3", "REJECT"])), "SESSIONLIMIT");
        let fourth = user.issue(&["LIMIT", "3"]);
        assert_eq!(fourth.evicted.clone().unwrap(), sids(&user.live[..1]));
        let live = [user.live[1].clone(), third, fourth];
        user.lives_in(&live);
    });
}

#[test]
fn an_expired_session_counts_towards_no_limit_of_a_class() {
    in_every_case(0, 0, |user| {
        let first: Vec<String> = (0..3).map(|_| user.issue(&["CLASS", "web"]).session_id).collect();
        let phone = user.issue(&["CLASS", "phone"]);
        user.expire(&first);
        let second = user.issue(&["CLASS", "web", "LIMIT", "1"]);
        assert_eq!(second.evicted, Some(vec![]));
        let third = user.issue(&["CLASS", "web", "LIMIT", "1"]);
        assert_eq!(third.evicted.clone().unwrap(), [second.session_id]);
        user.lives_in(&[phone, third]);
    });
}

#[test]
fn an_expired_session_counts_towards_no_cap_on_all() {
    in_every_case(2, 3, |user| {
        user.con.get::<()>(&["CONFIG", "SET", "hallpass.session-limit", "3"]);
        let third = user.issue(&[]);
        assert_eq!(third.evicted, Some(vec![]));
        let fourth = user.issue(&[]);
        user.con.get::<()>(&["CONFIG", "SET", "hallpass.session-limit", "0"]);
        assert_eq!(fourth.evicted.clone().unwrap(), sids(&user.live[..1]));
        let live = [user.live[1].clone(), third, fourth];
        user.lives_in(&live);
    });
}

#[test]
fn the_id_of_an_expired_session_is_free_and_the_new_one_has_no_ttl() {
    in_every_case(1, 2, |user| {
        let sid = user.expired[1].session_id.clone();
        let next = user.issue(&["SID", &sid, "CLAIMS", r#"{"a":1}"#]);
        assert_eq!((next.session_id.as_str(), &next.claims()["a"]), (sid.as_str(), &1.into()));
        assert_eq!(user.issue(&["SID", &sid]).access, next.access, "the same again");
        user.ask_both(|con, key| assert_eq!(of_fields(con, "HPTTL", key, &[], &[&sid]), [-1]));
        let live = [user.live[0].clone(), next];
        user.lives_in(&live);
    });
}

#[test]
fn a_key_that_somebody_made_persistent_gets_an_expiry() {
    in_every_case(1, 2, |user| {
        user.con.get::<i64>(&["PERSIST", &user.key]);
        let next = user.issue(&["IDLETTL", "1000"]);
        let left = user.con.expires_at(&user.key) - user.con.now_ms();
        assert!(left / 1000 > 1_000_000, "that of the older session, which ends later: {left}");
        let live = [user.live[0].clone(), next];
        user.lives_in(&live);
    });
}

#[test]
fn a_foreign_field_that_has_expired_is_no_wrong_type() {
    in_every_case(1, 0, |user| {
        user.con.get::<i64>(&["HSET", &user.key, "name", "x"]);
        assert_eq!(refused(user.con.issue(&user.key, &[])), "WRONGTYPE");
        user.expire(&["name".to_owned()]);
        let live = [user.live[0].clone(), user.issue(&[])];
        user.lives_in(&live);
    });
}
