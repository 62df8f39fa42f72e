//! Fields with a TTL of their own (HEXPIRE, since Redis 7.4 and Valkey 9): an expired one is not a session, whether or
//! not the server has removed it. A replica, and the server itself after a restart, agree.
//!
//! Each test runs with both encodings of a hash, and with and without the server removing expired fields by itself. If
//! the server has no such fields, there is nothing to test.

use std::{collections::BTreeMap, time::Duration};

use redis::{Value, from_redis_value};

use crate::support::*;

mod commands;
mod large_hashes;
mod logins;
mod revocations;
mod ttl_of_a_live_session;

/// The TTL of a field that will expire.
const TTL: Duration = Duration::from_millis(20);

/// A user's name, the most fields of a listpack, and whether the server removes expired fields by itself.
const CASES: [(&str, &str, bool); 4] = [
    ("listpack-kept", "512", false),
    ("listpack-removed", "512", true),
    ("hashtable-kept", "0", false),
    ("hashtable-removed", "0", true),
];

/// A user's state in a server: the records, the expiry of their fields, and the expiry of the key.
type State = (BTreeMap<String, Vec<u8>>, Vec<i64>, i64);

/// A user of a primary that has a replica.
struct User<'a> {
    primary: &'a Redis,
    con: Con,
    replica: Con,
    key: String,
    encoding: &'static str,
    removes: bool,
    /// Sessions that live.
    live: Vec<Tokens>,
    /// Sessions whose fields have expired.
    expired: Vec<Tokens>,
}

/// Runs `work`, in every case, for a user with `live` sessions and `expired` more that have expired.
fn in_every_case(live: usize, expired: usize, work: impl Fn(&mut User<'_>)) {
    let lines = ["appendonly yes", "hallpass.session-limit 0"];
    let mut primary = Redis::builder().tcp().lines(&lines).start();
    if !has_field_expiry(&mut primary.connect()) {
        return;
    }
    let replica = Redis::replica_of(&primary);
    let mut before = vec![];
    for case in CASES {
        let mut user = User::of(&primary, &replica, case);
        user.start_over(live, expired);
        work(&mut user);
        before.push(user.agreed_state());
    }
    primary.restart();
    let mut con = primary.connect();
    let after = CASES.map(|(name, ..)| state(&mut con, &format!("auth:{name}")));
    assert_eq!(after.to_vec(), before, "after a restart from the append-only file");
}

/// Returns whether the server has fields with a TTL of their own. The server is asked, so that the tests run wherever
/// they can.
fn has_field_expiry(con: &mut Con) -> bool {
    let found: Vec<Value> = con.get(&["COMMAND", "INFO", "HPEXPIRE"]);
    found != [Value::Nil]
}

/// Returns a user's state in a server. A key whose records have all expired counts as missing.
fn state(con: &mut Con, key: &str) -> State {
    let records = con.records(key);
    if records.is_empty() {
        return (records, vec![], 0);
    }
    let fields: Vec<&str> = records.keys().map(String::as_str).collect();
    let expiries = of_fields(con, "HPEXPIRETIME", key, &[], &fields);
    let key_expiry = con.expires_at(key);
    (records, expiries, key_expiry)
}

/// Returns the reply of a command such as HPEXPIRE or HPTTL for each field.
fn of_fields(con: &mut Con, command: &str, key: &str, options: &[&str], fields: &[&str]) -> Vec<i64> {
    let count = fields.len().to_string();
    con.get(&[&[command, key], options, &["FIELDS", &count], fields].concat())
}

/// Returns the ids of sessions.
fn sids(sessions: &[Tokens]) -> Vec<&str> {
    sessions.iter().map(|tokens| tokens.session_id.as_str()).collect()
}

/// Returns the ids that AUTH.SESSIONS lists, newest first.
fn listed(con: &mut Con, key: &str) -> Vec<String> {
    let entries: Vec<BTreeMap<String, Value>> = con.get(&["AUTH.SESSIONS", key, "COUNT", "1000"]);
    entries.into_iter().map(|mut entry| from_redis_value(entry.remove("sid").unwrap()).unwrap()).collect()
}

/// Returns the state in which AUTH.INSPECT finds a refresh token.
fn inspected(con: &mut Con, key: &str, tokens: &Tokens) -> String {
    let mut members: BTreeMap<String, Value> = con.get(&["AUTH.INSPECT", key, &tokens.refresh]);
    from_redis_value(members.remove("state").unwrap()).unwrap()
}

impl<'a> User<'a> {
    /// Returns a user without sessions.
    fn of(primary: &'a Redis, replica: &Redis, (name, entries, removes): (&str, &str, bool)) -> Self {
        println!("{name}");
        let (mut con, mut replica) = (primary.connect(), replica.connect());
        for server in [&mut con, &mut replica] {
            server.get::<()>(&["CONFIG", "SET", "hash-max-listpack-entries", entries]);
        }
        con.get::<()>(&["DEBUG", "SET-ACTIVE-EXPIRE", if removes { "1" } else { "0" }]);
        let encoding = if entries == "0" { "hashtable" } else { "listpack" };
        let (live, expired) = (vec![], vec![]);
        Self { primary, con, replica, key: format!("auth:{name}"), encoding, removes, live, expired }
    }

    /// Starts again with `live` sessions and `expired` older ones that have expired.
    fn start_over(&mut self, live: usize, expired: usize) {
        self.con.get::<i64>(&["DEL", &self.key]);
        self.expired = (0..expired).map(|_| self.issue(&[])).collect();
        self.live = (0..live).map(|_| self.issue(&[])).collect();
        if live + expired > 0 {
            assert_eq!(self.con.get::<String>(&["OBJECT", "ENCODING", &self.key]), self.encoding);
        }
        let fields: Vec<String> = self.expired.iter().map(|tokens| tokens.session_id.clone()).collect();
        self.expire(&fields);
    }

    /// Lets fields expire.
    fn expire(&mut self, fields: &[String]) {
        if fields.is_empty() {
            return;
        }
        let before = self.fields();
        self.set_ttl(fields, TTL);
        self.con.let_pass(TTL);
        if self.removes {
            wait_until("the server removes them", SOON, || self.fields() == before - fields.len());
        } else {
            assert_eq!(self.fields(), before, "nothing has removed them yet");
        }
    }

    /// Gives fields a TTL.
    fn set_ttl(&mut self, fields: &[String], ttl: Duration) {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let ttl = ttl.as_millis().to_string();
        let done = of_fields(&mut self.con, "HPEXPIRE", &self.key, &[&ttl], &fields);
        assert_eq!(done, vec![1; fields.len()]);
    }

    /// Returns the number of fields of the hash, including expired ones that are not removed.
    fn fields(&mut self) -> usize {
        self.con.get(&["HLEN", &self.key])
    }

    /// Logs the user in.
    #[track_caller]
    fn issue(&mut self, options: &[&str]) -> Tokens {
        self.con.issue(&self.key, options).unwrap()
    }

    /// Returns the reply of `AUTH.REVOKE key …`.
    #[track_caller]
    fn revoke(&mut self, target: &[&str]) -> i64 {
        self.con.get(&[&["AUTH.REVOKE", &self.key], target].concat())
    }

    /// Returns the reply of `AUTH.SETCLAIMS key …`.
    #[track_caller]
    fn set_claims(&mut self, target: &str, json: &str) -> i64 {
        self.con.get(&["AUTH.SETCLAIMS", &self.key, target, json])
    }

    /// Waits until the replica has everything, including what the server did by itself: a write follows it.
    fn caught_up(&mut self) {
        self.con.get::<()>(&["SET", "the end", "so far"]);
        assert_eq!(self.con.get::<i64>(&["WAIT", "1", "30000"]), 1);
    }

    /// Runs the same on the primary and, once it has everything, on the replica.
    fn ask_both(&mut self, mut ask: impl FnMut(&mut Con, &str)) {
        self.caught_up();
        ask(&mut self.con, &self.key);
        ask(&mut self.replica, &self.key);
    }

    /// Asserts that exactly these sessions live, on the primary and on the replica.
    #[track_caller]
    fn lives_in(&mut self, sessions: &[Tokens]) {
        let mut expected = sids(sessions);
        expected.sort_unstable_by(|one, other| other.cmp(one));
        self.ask_both(|con, key| {
            assert_eq!(listed(con, key), expected);
            for tokens in sessions {
                con.verify(key, &tokens.access, &[]).unwrap();
            }
        });
    }

    /// Asserts that none of these sessions lives, on the primary or on the replica.
    #[track_caller]
    fn lives_not_in(&mut self, sessions: &[Tokens]) {
        self.ask_both(|con, key| {
            for tokens in sessions {
                assert_eq!(refused(con.verify(key, &tokens.access, &[])), "NOSESSION");
            }
        });
    }

    /// Returns the state that the primary and the replica have, which must be the same.
    #[track_caller]
    fn agreed_state(&mut self) -> State {
        self.caught_up();
        let held = state(&mut self.con, &self.key);
        assert_eq!(state(&mut self.replica, &self.key), held, "what the replica holds");
        let keys: Vec<String> = self.con.get(&["HKEYS", &self.key]);
        assert_eq!(keys.len(), held.0.len());
        held
    }
}
