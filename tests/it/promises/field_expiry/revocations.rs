//! AUTH.REVOKE counts and ends live sessions, and they stay ended.

use super::*;

#[test]
fn all_counts_the_live_sessions() {
    in_every_case(3, 2, |user| {
        let before = user.con.counter("revoked");
        assert_eq!(user.revoke(&["ALL"]), 3);
        assert_eq!(user.revoke(&["ALL"]), 0);
        assert_eq!(user.con.counter("revoked") - before, 3);
        let all = [&user.live[..], &user.expired].concat();
        user.lives_not_in(&all);
        assert_eq!(user.con.get::<i64>(&["EXISTS", &user.key]), 0);
        let next = user.issue(&[]);
        user.lives_in(&[next]);
    });
}

#[test]
fn all_but_a_live_session_keeps_that_one() {
    in_every_case(3, 2, |user| {
        let kept = user.live[1].clone();
        assert_eq!(user.revoke(&["ALL", "EXCEPT", &kept.session_id]), 2);
        user.lives_in(&[kept]);
    });
}

#[test]
fn all_but_an_expired_session_keeps_none() {
    in_every_case(3, 2, |user| {
        let sid = user.expired[0].session_id.clone();
        assert_eq!(user.revoke(&["ALL", "EXCEPT", &sid]), 3);
        user.lives_in(&[]);
        let expired = user.expired.clone();
        user.lives_not_in(&expired);
    });
}

#[test]
fn sessions_that_are_named_count_if_they_live() {
    in_every_case(3, 3, |user| {
        let (live, expired) = (user.live.clone(), user.expired.clone());
        let (live_sids, expired_sids) = (sids(&live), sids(&expired));
        assert_eq!(user.revoke(&["SESSION", expired_sids[0]]), 0);
        assert_eq!(user.revoke(&["SESSION", expired_sids[1], live_sids[0], expired_sids[0]]), 1);
        user.lives_in(&live[1..]);
        assert_eq!(user.revoke(&[&["SESSION"], &live_sids[..], &expired_sids[..]].concat()), 2);
        user.lives_in(&[]);
        let next = user.issue(&[]);
        user.lives_in(&[next]);
    });
}

#[test]
fn a_token_of_either_kind_counts_if_its_session_lives() {
    in_every_case(3, 2, |user| {
        let (live, expired) = (user.live.clone(), user.expired.clone());
        assert_eq!(user.revoke(&["TOKEN", &expired[0].refresh]), 0);
        assert_eq!(user.revoke(&["TOKEN", &expired[1].access]), 0);
        assert_eq!(user.revoke(&["TOKEN", &live[0].refresh]), 1);
        assert_eq!(user.revoke(&["TOKEN", &live[1].access]), 1);
        user.lives_in(&live[2..]);
    });
}

#[test]
fn no_event_tells_of_an_expired_session() {
    in_every_case(1, 2, |user| {
        let mut events = user.primary.raw();
        events.call(&["SUBSCRIBE", "hallpass:events"]);
        let sid = user.expired[0].session_id.clone();
        assert_eq!(user.revoke(&["SESSION", &sid]), 0);
        assert_eq!(user.revoke(&["ALL"]), 1);
        let message = events.reply().items()[2].text();
        assert!(message.contains(&user.live[0].session_id) && message.contains(r#""count":1"#), "{message}");
    });
}
