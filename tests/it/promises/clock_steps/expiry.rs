//! Sessions and keys that expire between one step and the next.

use super::*;

/// Runs a transaction in which a session ends, and returns its replies; `None` if the session had ended before, because
/// the machine was busy.
fn transaction_beyond_the_end(redis: &Redis) -> Option<Reply> {
    let mut con = redis.connect();
    con.get::<()>(&["FLUSHALL"]);
    let tokens = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    con.issue("auth:42", &[]).unwrap();
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    for command in [
        &["AUTH.INSPECT", "auth:42", &tokens.refresh][..],
        &["DEBUG", "SLEEP", "1.1"],
        &["AUTH.REFRESH", "auth:42", &tokens.refresh],
        &["AUTH.REFRESH", "auth:42", &tokens.refresh],
        &["AUTH.ISSUE", "auth:42"],
    ] {
        raw.call(command);
    }
    let replies = raw.call(&["EXEC"]);
    let state = replies.items()[0].member("state").text();
    assert!(["current", "expired"].contains(&&*state), "{replies:?}");
    (state == "current").then_some(replies)
}

#[test]
fn a_session_that_ends_inside_a_transaction_is_expired_there() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let replies = wait_for("the session ends inside", 2 * SOON, || transaction_beyond_the_end(&redis));
    let [_, _, refreshed, again, issued] = replies.items() else { panic!("{replies:?}") };
    assert_eq!((refreshed.error_code(), again.error_code()), ("EXPIREDTOKEN", "NOSESSION"));
    assert!(con.records("auth:42").contains_key(&issued.member("session_id").text()));
    assert_eq!(con.records("auth:42").len(), 2);
}

/// A script that goes on when the session of the first argument has ended. For Redis, time stands still meanwhile.
const WAIT: &str = "redis.call('PEXPIRE', KEYS[1], 300)
    repeat local state = redis.call('AUTH.INSPECT', KEYS[1], ARGV[1])[4] until state == 'expired'\n";

#[test]
fn a_key_that_expires_while_a_script_runs_is_alive_to_its_end() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let short = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let script = format!("{WAIT} return redis.call('AUTH.REFRESH', KEYS[1], ARGV[2])");
    let reply = con.run(&["EVAL", &script, "1", "auth:42", &short.refresh, &tokens.refresh]).unwrap();
    let next = Tokens::from_reply(&reply);
    assert_usable(&mut con, &next);
    assert!(con.expires_at("auth:42") > con.now_ms() + 1_000_000, "the key outlives the session again");
}

#[test]
fn a_session_that_ends_while_a_script_runs_is_removed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let short = con.issue("auth:42", &["IDLETTL", "1"]).unwrap();
    let script = format!(
        "{WAIT} local refused = redis.pcall('AUTH.REFRESH', KEYS[1], ARGV[1])['err']
        redis.call('AUTH.ISSUE', KEYS[1])
        return refused"
    );
    let refused: String = con.get(&["EVAL", &script, "1", "auth:42", &short.refresh]);
    assert!(refused.starts_with("EXPIREDTOKEN"), "{refused}");
    assert!(!con.records("auth:42").contains_key(&short.session_id));
    assert_eq!(con.records("auth:42").len(), 1, "the new session has a key that lasts");
}

#[test]
fn whoever_gets_tokens_at_the_last_moment_has_a_session() {
    let redis = Redis::start();
    let mut con = redis.connect();
    // Each session, and its key, ends within a few milliseconds of the moment at which it is refreshed.
    let sessions: Vec<_> = (0..300)
        .map(|user| {
            let key = format!("auth:{user}");
            let tokens = con.issue(&key, &["IDLETTL", "1"]).unwrap();
            let end = con.now_ms() + 1000;
            con.get::<i64>(&["PEXPIREAT", &key, &end.to_string()]);
            (key, tokens, end)
        })
        .collect();
    let mut outcomes = std::collections::BTreeMap::new();
    for (offset, (key, tokens, end)) in (-3..=3).cycle().zip(&sessions) {
        while con.now_ms() < end + offset {}
        let outcome = match con.refresh(key, &tokens.refresh, &[]) {
            Ok(next) => {
                // The access token lasts until the next second begins, which may be now.
                let code = con.verify(key, &next.access, &[]).err().map(|refusal| refusal.code);
                assert!(code.as_ref().is_none_or(|code| code == "EXPIREDTOKEN"), "{code:?}");
                assert!(con.records(key).contains_key(&next.session_id));
                assert!(con.expires_at(key) > end + 1000, "the key outlives the session again");
                "tokens".to_owned()
            }
            Err(refusal) => {
                assert!(con.records(key).is_empty(), "nothing is left of it");
                refusal.code
            }
        };
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    let known = ["EXPIREDTOKEN", "NOSESSION", "tokens"];
    assert!(outcomes.keys().all(|outcome| known.contains(&outcome.as_str())), "{outcomes:?}");
}
