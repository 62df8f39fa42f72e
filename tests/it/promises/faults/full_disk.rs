//! A full disk, simulated by a limit on file sizes: Redis' writes to its files fail in the same way.

use serde_json::json;

use super::load_clients::{LoadClients, Losses};
use crate::support::{
    http::HttpAnswer,
    http_server::{ISSUER, Server},
    *,
};

/// The number of times that the disk is full.
const ROUNDS: usize = 3;
/// The bytes that still fit each time.
const ROOM: u64 = 10_000;

/// Starts a Redis on a disk that will be full.
fn redis(lines: &[&str]) -> Redis {
    let issuer = format!("hallpass.issuer {ISSUER}");
    let builder = Redis::builder().with_a_disk_that_fills().lines(lines);
    builder.lines(&[&issuer, "hallpass.audience api"]).start()
}

/// Asserts that every write is refused, and that reads are answered.
fn only_reads(con: &mut Con, held: &Tokens) {
    let key = "auth:42";
    assert_eq!(refused(con.issue(key, &[])), "MISCONF");
    assert_eq!(refused(con.refresh(key, &held.refresh, &[])), "MISCONF");
    assert_eq!(refused(con.run(&["AUTH.SETCLAIMS", key, "ALL", "{}"])), "MISCONF");
    assert_eq!(refused(con.run(&["AUTH.REVOKE", key, "ALL"])), "MISCONF");
    con.verify(key, &held.access, &[]).unwrap();
    assert_eq!(con.get::<Vec<redis::Value>>(&["AUTH.SESSIONS", key]).len(), 1);
    con.get::<redis::Value>(&["AUTH.INSPECT", key, &held.refresh]);
}

/// Waits until the user at `auth:42` can refresh again.
fn is_back(con: &mut Con, held: &Tokens) -> Tokens {
    wait_for("Redis writes again", SOON, || con.refresh("auth:42", &held.refresh, &[]).ok())
}

/// Takes a snapshot, and returns whether that worked.
fn save(con: &mut Con) -> bool {
    con.get::<()>(&["BGSAVE"]);
    let state = wait_for("saving is over", SOON, || {
        let text: String = con.get(&["INFO", "persistence"]);
        text.contains("rdb_bgsave_in_progress:0").then_some(text)
    });
    state.contains("rdb_last_bgsave_status:ok")
}

/// Sends a browser's `POST` with its cookie.
fn by_cookie(server: &Server, path: &str, cookie: &str, form: &[(&str, &str)]) -> HttpAnswer {
    server.request("POST", path).header("cookie", cookie).header("x-hallpass", "1").form(form).send()
}

/// Asserts that the cookie stays. Seen to fail if the server takes MISCONF for a refusal of the token.
fn keeps_the_cookie(server: &Server, cookie: &str) {
    for (path, form) in [("/token", &[("grant_type", "refresh_token")][..]), ("/revoke", &[])] {
        let answer = by_cookie(server, path, cookie, form);
        assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
        assert!(answer.has_header("retry-after") && !answer.has_header("set-cookie"), "{answer:?}");
    }
}

#[test]
fn without_room_for_the_append_only_file_nothing_changes_and_with_room_all_goes_on() {
    let mut redis = redis(&["appendonly yes", "appendfsync everysec"]);
    let server = Server::before(&redis, &[]);
    let login = server.sessions(&json!({"subject": "browser", "cookie": true}));
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let mut con = redis.connect();
    let mut held = con.issue("auth:42", &[]).unwrap();
    let mut crowd = LoadClients::log_in(&redis);
    for _ in 0..ROUNDS {
        redis.limit_files(Some(aof::written(&redis) + ROOM));
        crowd.work(&redis, &[]);
        only_reads(&mut con, &held);
        keeps_the_cookie(&server, &cookie);
        assert_eq!(server.verify(&login.text_of("access_token")).status, 200);
        redis.limit_files(None);
        held = is_back(&mut con, &held);
        assert_eq!(crowd.carry_on(&redis), Losses::default());
    }
    let form = [("grant_type", "refresh_token")];
    assert_eq!(by_cookie(&server, "/token", &cookie, &form).status, 200);
    aof::wait_until_written(&redis);
    redis.kill();
    redis.restart();
    assert_eq!(crowd.carry_on(&redis), Losses::default(), "everything is in the file");
}

/// Seen to fail with `appendfsync everysec`, under which Redis goes on.
#[test]
fn with_every_write_on_disk_redis_ends_and_nothing_acknowledged_is_lost() {
    let mut redis = redis(&["appendonly yes", "appendfsync always"]);
    let mut crowd = LoadClients::log_in(&redis);
    for _ in 0..ROUNDS {
        redis.limit_files(Some(aof::written(&redis) + ROOM));
        crowd.work(&redis, &[]);
        redis.kill();
        assert!(redis.log().contains("Can't recover from AOF write error"), "it ended by itself");
        redis.restart();
        assert_eq!(crowd.carry_on(&redis), Losses::default());
    }
}

/// Seen to fail with `stop-writes-on-bgsave-error no`.
#[test]
fn without_room_for_a_snapshot_nothing_changes_and_with_room_all_goes_on() {
    let mut redis = redis(&["save 3600 1000000"]);
    let mut con = redis.connect();
    let mut held = con.issue("auth:42", &[]).unwrap();
    for _ in 0..ROUNDS {
        redis.limit_files(Some(64));
        assert!(!save(&mut con));
        only_reads(&mut con, &held);
        redis.limit_files(None);
        assert!(save(&mut con));
        held = is_back(&mut con, &held);
    }
    redis.kill();
    redis.restart();
    is_back(&mut redis.connect(), &held);
}
