//! Everything that ends a session, or changes its claims, counts at once, whoever does it.

use std::{sync::Arc, thread};

use hallpass_client::{CommandError, IssueOptions, RefreshOptions, Revocation, TokenState};

use super::{
    UNHEARD,
    observer::{Observer, Program},
};
use crate::support::*;

/// Ways to make an access token void, for a connection of another program.
type Void = fn(&mut Con, &Tokens);

const WAYS: [(&str, Void); 18] = [
    ("AUTH.REVOKE ALL", |con, _| con.get(&["AUTH.REVOKE", "auth:42", "ALL"])),
    ("AUTH.REVOKE SESSION", |con, its| con.get(&["AUTH.REVOKE", "auth:42", "SESSION", &its.session_id])),
    ("AUTH.REVOKE TOKEN, refresh", |con, its| con.get(&["AUTH.REVOKE", "auth:42", "TOKEN", &its.refresh])),
    ("AUTH.REVOKE TOKEN, access", |con, its| con.get(&["AUTH.REVOKE", "auth:42", "TOKEN", &its.access])),
    ("AUTH.SETCLAIMS", |con, _| con.get(&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"])),
    ("AUTH.ISSUE LIMIT 1", |con, _| drop(con.issue("auth:42", &["LIMIT", "1"]).unwrap())),
    ("reuse", reuse),
    ("REVOKE in MULTI", |con, _| {
        con.get::<()>(&["MULTI"]);
        con.get::<()>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        con.get(&["EXEC"])
    }),
    ("REVOKE in Lua", |con, _| {
        con.get(&["EVAL", "return redis.call('AUTH.REVOKE', KEYS[1], 'ALL')", "1", "auth:42"])
    }),
    ("DEL", |con, _| con.get(&["DEL", "auth:42"])),
    ("UNLINK", |con, _| con.get(&["UNLINK", "auth:42"])),
    ("HDEL", |con, its| con.get(&["HDEL", "auth:42", &its.session_id])),
    ("HSET of something else", |con, its| con.get(&["HSET", "auth:42", &its.session_id, "x"])),
    ("EXPIRE 0", |con, _| con.get(&["EXPIRE", "auth:42", "0"])),
    ("RENAME", |con, _| con.get(&["RENAME", "auth:42", "auth:43"])),
    ("COPY over it", |con, _| {
        con.get::<()>(&["HSET", "other", "a", "b"]);
        con.get(&["COPY", "other", "auth:42", "REPLACE"])
    }),
    ("FLUSHDB", |con, _| con.get(&["FLUSHDB"])),
    ("FLUSHALL ASYNC", |con, _| con.get(&["FLUSHALL", "ASYNC"])),
];

/// Waits until Redis is asked nothing during some uses of what is kept. A machine that was too busy for heartbeats makes
/// the program ask again.
#[track_caller]
fn asks_nothing(program: &Program, con: &mut Con, token: &str, mut uses: impl FnMut()) {
    wait_until("Redis is asked nothing", SOON, || {
        program.learn(token);
        let asked = con.counter("verified");
        uses();
        con.counter("verified") == asked
    });
}

/// Refreshes with the first token after it was exchanged twice, with no window open.
fn reuse(con: &mut Con, first: &Tokens) {
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    con.refresh("auth:42", &second.refresh, &[]).unwrap();
    assert_eq!(refused(con.refresh("auth:42", &first.refresh, &[])), "REUSEDTOKEN");
}

/// Seen to fail when pushes are not heeded, and with a connection that does not listen.
#[test]
fn every_way_to_end_a_session_counts_at_once() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    for (what, void) in WAYS {
        con.get::<()>(&["FLUSHALL"]);
        let tokens = con.issue("auth:42", &["CLAIMS", r#"{"a":1}"#]).unwrap();
        let observer = Observer::start(&program, &tokens.access);
        assert!(observer.lateness(what, || void(&mut con, &tokens)) < UNHEARD, "{what}");
    }
}

#[test]
fn each_token_is_asked_about_once_and_what_it_says_is_exactly_what_was_signed() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &["CLAIMS", r#"{"b":2,"a":1}"#]).unwrap();
    asks_nothing(&program, &mut con, &tokens.access, || {
        for _ in 0..100 {
            let claims = program.verify(&tokens.access).unwrap();
            assert_eq!(claims.as_bytes(), tokens::unbase64(tokens.access.split('.').nth(1).unwrap()));
        }
    });
    let asked = con.counter("verified");
    let other = con.issue("auth:42", &[]).unwrap();
    program.learn(&other.access);
    assert!(con.counter("verified") > asked, "the first time it is: that is the proof of receipt");
}

#[test]
fn what_another_user_does_drops_nothing() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    let mut theirs = con.issue("auth:43", &[]).unwrap();
    let mut other = redis.connect();
    asks_nothing(&program, &mut con, &tokens.access, || {
        for _ in 0..20 {
            theirs = other.refresh("auth:43", &theirs.refresh, &[]).unwrap();
            program.verify(&tokens.access).unwrap();
        }
    });
}

/// Seen to fail when a program's own commands drop nothing.
#[test]
fn a_programs_own_commands_count_before_they_are_answered() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let hallpass = &program.hallpass;
    for _ in 0..100 {
        let issue = || program.run(hallpass.issue("auth:42", &IssueOptions::default())).unwrap();
        let tokens = issue();
        program.learn(&tokens.access_token);
        let all = Revocation::All { except: None };
        assert_eq!(program.run(hallpass.revoke("auth:42", all)), Ok(1));
        assert_eq!(program.verify(&tokens.access_token), Err(CommandError::NoSession));

        let tokens = issue();
        program.learn(&tokens.access_token);
        assert_eq!(program.run(hallpass.set_claims("auth:42", None, "{}")), Ok(1));
        assert_eq!(program.verify(&tokens.access_token), Err(CommandError::StaleToken));

        program.run(hallpass.refresh("auth:42", &tokens.refresh_token, &RefreshOptions::default())).unwrap();
        program.run(hallpass.revoke("auth:42", all)).unwrap();
    }
}

/// Seen to fail when an answer is kept although a push came after the question.
#[test]
fn no_race_of_verification_and_revocation_keeps_a_revoked_answer() {
    let redis = Redis::start();
    let programs: Vec<Arc<Program>> = (0..4).map(|_| Program::of(&redis)).collect();
    let mut con = redis.connect();
    for program in &programs {
        program.learn(&con.issue("auth:1", &[]).unwrap().access);
    }
    for round in 0..500 {
        let tokens = con.issue("auth:42", &[]).unwrap();
        thread::scope(|scope| {
            for program in &programs {
                scope.spawn(|| program.verify(&tokens.access));
            }
            // Earlier and later, relative to the questions.
            (0..round % 50).for_each(|_| std::hint::spin_loop());
            con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
        });
        // Whoever is asked about something is told of what happened before.
        let other = con.issue("auth:43", &[]).unwrap();
        for program in &programs {
            program.verify(&other.access).unwrap();
            assert_eq!(program.verify(&tokens.access), Err(CommandError::NoSession), "round {round}");
        }
        con.get::<i64>(&["AUTH.REVOKE", "auth:43", "ALL"]);
    }
}

#[test]
fn a_current_refresh_token_is_inspected_once_until_its_session_changes() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    let state = |token: &str| program.inspect(token).expect("an answer").value.state;
    let asked = |con: &mut Con| -> u64 {
        let text: String = con.get(&["INFO", "commandstats"]);
        let line = text.lines().find_map(|line| line.strip_prefix("cmdstat_auth.inspect:calls="));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().expect("a number"))
    };
    program.learn(&con.issue("auth:1", &[]).unwrap().access);
    let first = con.issue("auth:42", &[]).unwrap();
    wait_until("it is inspected once", SOON, || {
        let before = asked(&mut con);
        for _ in 0..10 {
            assert_eq!(state(&first.refresh), Some(TokenState::Current));
        }
        asked(&mut con) == before
    });
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    wait_until("the change is heard", SOON, || state(&first.refresh) == Some(TokenState::Retry));
    let before = asked(&mut con);
    for number in 1..=3 {
        state(&first.refresh);
        assert_eq!(asked(&mut con), before + number, "what is not current is asked about each time");
    }
    state(&second.refresh);
    con.get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    wait_until("the end is heard", SOON, || state(&second.refresh) == Some(TokenState::Gone));
}

#[test]
fn an_inspection_is_kept_until_the_token_is_to_be_renewed() {
    let redis = Redis::start();
    let program = Program::of(&redis);
    let mut con = redis.connect();
    program.learn(&con.issue("auth:1", &[]).unwrap().access);
    let tokens = con.issue("auth:42", &["ACCESSTTL", "2"]).unwrap();
    let inspect = || program.inspect(&tokens.refresh).expect("an answer");
    let renewal = inspect().value.renewal_at().expect("a current token");
    let due = i64::try_from(renewal * 1000).expect("a time");
    wait_until("the token is to be renewed", SOON, || con.now_ms() >= due);
    let hits = program.kept().hits;
    for _ in 0..3 {
        assert_eq!(inspect().value.state, Some(TokenState::Current));
    }
    assert_eq!(program.kept().hits, hits);
}
