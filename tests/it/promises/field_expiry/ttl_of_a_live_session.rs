//! A TTL on the field of a live session: commands that write the field drop it, as HSET does, and others leave it
//! alone.

use super::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(1000);

impl User<'_> {
    /// Gives all live sessions a long TTL.
    fn give_ttls(&mut self) {
        let fields: Vec<String> = self.live.iter().map(|tokens| tokens.session_id.clone()).collect();
        self.set_ttl(&fields, LONG);
    }

    /// Asserts which of the live sessions have a TTL, on the primary and on the replica.
    #[track_caller]
    fn ttls_are(&mut self, expected: &[bool]) {
        let live = self.live.clone();
        self.ask_both(|con, key| {
            let left = of_fields(con, "HPTTL", key, &[], &sids(&live));
            assert!(left.iter().all(|ttl| *ttl == -1 || *ttl > 0), "{left:?}");
            assert_eq!(left.iter().map(|ttl| *ttl > 0).collect::<Vec<_>>(), expected);
        });
    }
}

#[test]
fn a_refresh_drops_it_and_a_retry_changes_nothing() {
    in_every_case(2, 0, |user| {
        user.give_ttls();
        let first = user.live[0].clone();
        let second = user.con.refresh(&user.key, &first.refresh, &[]).unwrap();
        user.ttls_are(&[false, true]);
        user.give_ttls();
        let again = user.con.refresh(&user.key, &first.refresh, &[]).unwrap();
        assert_eq!(again.refresh, second.refresh);
        user.ttls_are(&[true, true]);
    });
}

#[test]
fn new_claims_drop_it() {
    in_every_case(3, 0, |user| {
        user.give_ttls();
        let sid = user.live[1].session_id.clone();
        assert_eq!(user.set_claims(&sid, "{}"), 1);
        user.ttls_are(&[true, false, true]);
        assert_eq!(user.set_claims("ALL", "{}"), 3);
        user.ttls_are(&[false; 3]);
    });
}

#[test]
fn reading_leaves_it_and_so_does_another_login_or_logout() {
    in_every_case(2, 0, |user| {
        user.give_ttls();
        let live = user.live.clone();
        user.lives_in(&live);
        user.ask_both(|con, key| assert_eq!(inspected(con, key, &live[0]), "current"));
        let other = user.issue(&["LIMIT", "3"]);
        user.ttls_are(&[true; 2]);
        assert_eq!(user.revoke(&["SESSION", &other.session_id]), 1);
        user.ttls_are(&[true; 2]);
    });
}

#[test]
fn a_session_that_was_refreshed_outlives_it() {
    in_every_case(1, 1, |user| {
        let sid = user.live[0].session_id.clone();
        user.set_ttl(&[sid], LONG);
        user.live[0] = user.con.refresh(&user.key, &user.live[0].refresh, &[]).unwrap();
        let fields = vec![user.issue(&[]).session_id];
        user.expire(&fields);
        let live = user.live.clone();
        user.lives_in(&live);
    });
}
