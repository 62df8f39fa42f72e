//! Users with 1, 100 and 10,000 sessions: everything works, and no command keeps Redis long.
//!
//! Results are asserted; times are printed (`cargo test large_hashes -- --nocapture`), as Redis itself measured them.

use crate::support::*;

const SIZES: [usize; 3] = [1, 100, 10_000];

/// Returns the sid of the session `number`, ascending.
fn sid(number: usize) -> String {
    format!("01890a5d-ac96-774b-8000-{number:012x}")
}

/// A user 42 with `count` sessions, all like the one that was issued first; the last of them has the newest sid.
struct LoadClients {
    redis: Redis,
    con: Con,
    count: usize,
    /// The tokens of session 0.
    first: Tokens,
}

impl LoadClients {
    fn of(count: usize) -> Self {
        Self::with(count, &["CLASS", "web", "META", r#"{"ua":"Firefox"}"#, "CLAIMS", r#"{"role":"user"}"#])
    }

    fn with(count: usize, options: &[&str]) -> Self {
        let redis = Redis::with(&["hallpass.session-limit 0"]);
        let mut con = redis.connect();
        let first = con.issue("auth:42", &[&["SID", &sid(0)], options].concat()).unwrap();
        let mut crowd = Self { redis, con, count, first };
        crowd.fill();
        crowd
    }

    /// Copies the first session's record until there are `count`.
    fn fill(&mut self) {
        let record = self.con.records("auth:42").remove(&sid(0)).unwrap();
        let sids: Vec<String> = (1..self.count).map(sid).collect();
        for some in sids.chunks(1000) {
            let mut args: Vec<&[u8]> = vec![b"HSET", b"auth:42"];
            args.extend(some.iter().flat_map(|sid| [sid.as_bytes(), &record]));
            self.con.run(&args).unwrap();
        }
        assert_eq!(self.sessions(), self.count);
        self.con.get::<()>(&["CONFIG", "RESETSTAT"]);
    }

    fn sessions(&mut self) -> usize {
        self.con.get(&["HLEN", "auth:42"])
    }

    /// Prints what Redis measured of a command since the hash was filled.
    fn print(&mut self, what: &str, command: &str) {
        let text: String = self.con.get(&["INFO", "commandstats"]);
        let start = format!("cmdstat_{}:", command.to_lowercase());
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).expect("it was called");
        let number = |name: &str| line.split(',').find_map(|part| part.strip_prefix(name)).expect("a number");
        println!("{:>6} sessions  {what:<24} {:>9} us per call", self.count, number("usec_per_call="));
        self.con.get::<()>(&["CONFIG", "RESETSTAT"]);
    }

    fn list(&self, options: &[&str]) -> Vec<String> {
        let reply = self.redis.raw().call(&[&["AUTH.SESSIONS", "auth:42"], options].concat());
        reply.items().iter().map(|entry| entry.member("sid").text()).collect()
    }
}

#[test]
fn they_are_listed() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        let newest: Vec<String> = (0..count).rev().take(100).map(sid).collect();
        assert_eq!(crowd.list(&[]), newest);
        crowd.print("SESSIONS", "AUTH.SESSIONS");
        assert_eq!(crowd.list(&["COUNT", "1000", "WITHCLAIMS"]).len(), count.min(1000));
        crowd.print("SESSIONS COUNT 1000", "AUTH.SESSIONS");
        let last = (count - 1).to_string();
        assert_eq!(crowd.list(&["OFFSET", &last]), [sid(0)]);
        crowd.print("SESSIONS OFFSET n-1", "AUTH.SESSIONS");
    }
}

#[test]
fn one_of_the_sessions_is_verified_inspected_and_refreshed() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        let first = crowd.first.clone();
        crowd.con.verify("auth:42", &first.access, &[]).unwrap();
        crowd.print("VERIFY", "AUTH.VERIFY");
        let inspected = crowd.redis.raw().call(&["AUTH.INSPECT", "auth:42", &first.refresh]);
        assert_eq!(inspected.member("state").text(), "current");
        crowd.print("INSPECT", "AUTH.INSPECT");
        assert_eq!(crowd.con.refresh("auth:42", &first.refresh, &[]).unwrap().generation(), 1);
        crowd.print("REFRESH", "AUTH.REFRESH");
        assert_eq!(crowd.sessions(), count);
    }
}

#[test]
fn another_one_begins_with_and_without_a_limit() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        let issue = |crowd: &mut LoadClients, options: &[&str]| crowd.con.issue("auth:42", options).unwrap();
        assert_eq!(issue(&mut crowd, &[]).evicted, Some(vec![]));
        crowd.print("ISSUE", "AUTH.ISSUE");
        assert_eq!(
            issue(&mut crowd, &["CLASS", "web", "LIMIT", "10000"]).evicted.unwrap().len(),
            count / 10_000
        );
        crowd.print("ISSUE LIMIT 10000", "AUTH.ISSUE");
        let (of_class, limit) = ((count + 1).min(10_000), count / 2 + 2);
        let evicted = issue(&mut crowd, &["CLASS", "web", "LIMIT", &limit.to_string()]).evicted.unwrap();
        crowd.print("ISSUE LIMIT n/2", "AUTH.ISSUE");
        let expected: Vec<String> = (count / 10_000..).map(sid).take(of_class + 1 - limit).collect();
        assert_eq!(evicted, expected, "of equally old sessions the smallest sids");
        assert_eq!(refused(crowd.con.issue("auth:42", &["LIMIT", "1", "REJECT"])), "SESSIONLIMIT");
        crowd.print("ISSUE LIMIT 1 REJECT", "AUTH.ISSUE");
        let last = issue(&mut crowd, &["LIMIT", "1"]);
        crowd.print("ISSUE LIMIT 1", "AUTH.ISSUE");
        assert_eq!(crowd.list(&[]), [last.session_id]);
    }
}

#[test]
fn the_cap_on_all_sessions_evicts_the_oldest() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        crowd.con.get::<()>(&["CONFIG", "SET", "hallpass.session-limit", &count.to_string()]);
        assert_eq!(crowd.con.issue("auth:42", &[]).unwrap().evicted, Some(vec![sid(0)]));
        crowd.print("ISSUE at session-limit", "AUTH.ISSUE");
        assert_eq!(crowd.sessions(), count);
    }
}

#[test]
fn claims_change_for_one_and_for_all() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        let set = |crowd: &mut LoadClients, target: &str| -> usize {
            crowd.con.get(&["AUTH.SETCLAIMS", "auth:42", target, r#"{"role":"admin"}"#])
        };
        assert_eq!(set(&mut crowd, &sid(count - 1)), 1);
        crowd.print("SETCLAIMS sid", "AUTH.SETCLAIMS");
        assert_eq!(set(&mut crowd, "ALL"), count);
        crowd.print("SETCLAIMS ALL", "AUTH.SETCLAIMS");
        let access = crowd.first.access.clone();
        assert_eq!(refused(crowd.con.verify("auth:42", &access, &[])), "STALETOKEN");
    }
}

#[test]
fn one_some_and_all_of_them_are_revoked() {
    for count in SIZES {
        let mut crowd = LoadClients::of(count);
        let revoke = |crowd: &mut LoadClients, target: &[&str]| -> usize {
            crowd.con.get(&[&["AUTH.REVOKE", "auth:42"], target].concat())
        };
        let token = crowd.first.refresh.clone();
        assert_eq!(revoke(&mut crowd, &["TOKEN", &token]), 1);
        crowd.print("REVOKE TOKEN", "AUTH.REVOKE");
        crowd.con.issue("auth:42", &[]).unwrap();
        let half: Vec<String> = (1..count).step_by(2).map(sid).collect();
        if !half.is_empty() {
            let named: Vec<&str> = half.iter().map(String::as_str).collect();
            assert_eq!(revoke(&mut crowd, &[&["SESSION"], &named[..]].concat()), half.len());
            crowd.print("REVOKE SESSION n/2 sids", "AUTH.REVOKE");
        }
        let kept = crowd.list(&["COUNT", "1"]).remove(0);
        let rest = crowd.sessions() - 1;
        assert_eq!(revoke(&mut crowd, &["ALL", "EXCEPT", &kept]), rest);
        crowd.print("REVOKE ALL EXCEPT (n/2)", "AUTH.REVOKE");
        assert_eq!(crowd.list(&[]), [kept]);

        let mut crowd = LoadClients::of(count);
        assert_eq!(revoke(&mut crowd, &["ALL"]), count);
        crowd.print("REVOKE ALL", "AUTH.REVOKE");
        assert_eq!(crowd.con.get::<i64>(&["EXISTS", "auth:42"]), 0);
    }
}

#[test]
fn many_expired_sessions_are_pruned_bit_by_bit() {
    let mut crowd = LoadClients::with(10_000, &["IDLETTL", "1"]);
    let lasting = crowd.con.issue("auth:42", &["IDLETTL", "100"]).unwrap().session_id;
    wait_until("they have expired", SOON, || crowd.list(&[]) == [lasting.as_str()]);
    crowd.con.get::<()>(&["CONFIG", "RESETSTAT"]);
    let before = crowd.sessions();
    let evicted = crowd.con.issue("auth:42", &["LIMIT", "1"]).unwrap().evicted.unwrap();
    crowd.print("ISSUE pruning", "AUTH.ISSUE");
    assert_eq!(evicted, [lasting], "who has expired is not counted");
    let pruned = before - crowd.sessions();
    assert!((1..=100).contains(&pruned), "some, and bounded per call: {pruned}");
    assert_eq!(crowd.con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]), 1);
    assert_eq!(crowd.con.get::<i64>(&["EXISTS", "auth:42"]), 0);
}
