//! `GET /events`: what is told, and what a reader is told of that was missed.

use std::{fs, iter, time::Duration};

use serde_json::json;

use super::redis;
use crate::support::{
    event_stream::EventStream,
    http_server::{ISSUER, Server, add_client, clients_file, directory},
    *,
};

/// As many streams as may be open at the same time.
const MAX_STREAMS: usize = 64;
/// Longer than a request may take.
const LONGER_THAN_A_REQUEST: Duration = Duration::from_secs(11);

/// Begins and ends a session of this user, which is one event.
fn happen(con: &mut Con, user: &str) {
    let key = format!("auth:{user}");
    con.issue(&key, &[]).unwrap();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", &key, "ALL"]), 1);
}

#[test]
fn events_are_told_as_they_happen_and_go_on_where_a_reader_was() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    wait_until("the server listens", SOON, || subscribers(&mut con) == 1);
    happen(&mut con, "before");
    let mut first = EventStream::open(&server, None);
    assert_eq!(first.status, 200);
    for header in ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"] {
        assert!(first.headers.iter().any(|line| line == header), "{header}: {:?}", first.headers);
    }
    first.tells_of(&["before"]);
    happen(&mut con, "ada");
    let told = first.tells_of(&["ada"]);
    assert_eq!((told[0].event.as_str(), &told[0].data["event"]), ("message", &json!("revoked")));
    drop(first);
    happen(&mut con, "grace");
    EventStream::open(&server, Some(&told[0].id)).tells_of(&["grace"]);
    let mut second = EventStream::open(&server, None);
    second.tells_of(&["before", "ada", "grace"]);
    happen(&mut con, "linus");
    second.tells_of(&["linus"]);
    assert_eq!(subscribers(&mut con), 1, "one subscription for all streams");
}

/// The number of connections that listen to the channel.
fn subscribers(con: &mut Con) -> i64 {
    con.get::<(String, i64)>(&["PUBSUB", "NUMSUB", "hallpass:events"]).1
}

#[test]
fn a_reader_is_told_of_every_gap() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    wait_until("the server listens", SOON, || subscribers(&mut con) == 1);
    happen(&mut con, "ada");

    // A place that this server does not know, such as one of the server before a restart.
    let mut stream = EventStream::open(&server, Some("1790000000000-7"));
    assert_eq!(stream.next().unwrap().event, "reset");
    stream.tells_of(&["ada"]);

    // A connection to Redis that was lost for a while.
    assert_eq!(con.get::<i64>(&["CLIENT", "KILL", "TYPE", "PUBSUB"]), 1);
    wait_until("the server listens again", SOON, || subscribers(&mut con) == 1);
    happen(&mut con, "grace");
    let gap = stream.next().unwrap();
    assert_eq!(gap.event, "reset");
    stream.tells_of(&["grace"]);
    EventStream::open(&server, Some(&gap.id)).tells_of(&["grace"]);

    // A memory that has gone on: it keeps the newest 512.
    let seen = EventStream::open(&server, None).next().unwrap();
    (0..600).for_each(|number| happen(&mut con, &format!("flood {number}")));
    wait_until("all of them were heard", SOON, || {
        let mut stream = EventStream::open(&server, Some(&seen.id));
        let gap = stream.next().unwrap();
        gap.event == "reset" && stream.next().unwrap().data["sub"] == "flood 88"
    });
}

#[test]
fn at_most_sixty_four_streams_are_open_at_the_same_time() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut streams: Vec<_> = (0..MAX_STREAMS).map(|_| EventStream::open(&server, None)).collect();
    assert!(streams.iter().all(|stream| stream.status == 200));
    let refused = EventStream::open(&server, None);
    assert_eq!(refused.status, 503);
    assert!(refused.headers.iter().any(|line| line == "retry-after: 1"), "{:?}", refused.headers);
    assert_eq!(server.login("42").status, 201, "streams take nothing away from requests");
    streams.truncate(MAX_STREAMS - 1);
    // The server notices that a reader has gone when it next writes.
    let mut con = redis.connect();
    wait_until("there is room again", SOON, || {
        happen(&mut con, "somebody");
        EventStream::open(&server, None).status == 200
    });
}

#[test]
fn a_stream_outlasts_a_request_and_ends_with_the_rights_of_its_reader() {
    let redis = redis();
    let dir = directory();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    wait_until("the server listens", SOON, || subscribers(&mut con) == 1);
    let mut stream = EventStream::open(&server, None);
    std::thread::sleep(LONGER_THAN_A_REQUEST);
    // On a busy machine the server may have lost its connection to Redis meanwhile, and says so.
    wait_until("the server listens", SOON, || subscribers(&mut con) == 1);
    happen(&mut con, "ada");
    let told = iter::from_fn(|| stream.next()).find(|message| message.event != "reset").unwrap();
    assert_eq!(told.data["sub"], "ada");
    // The clients file of another server, whose client has the same name and another secret.
    add_client(dir.path(), "local", &["--scope", "issue,introspect,manage"]);
    fs::write(clients_file(server.dir()), fs::read(clients_file(dir.path())).unwrap()).unwrap();
    server.hang_up();
    assert_eq!(stream.patient(2 * SOON).next(), None);
}

#[test]
fn streams_end_at_once_when_the_server_is_stopped_or_its_redis_is_gone() {
    let server = Server::start();
    let mut stream = EventStream::open(&server, None);
    server.stop();
    assert_eq!(stream.next(), None);

    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut stream = EventStream::open(&server, None);
    drop(redis);
    assert_eq!(server.request("GET", "/keys").basic("local", server.secret()).send().status, 503);
    let log = server.dir().join("stderr");
    let dir = server.stop();
    assert_eq!(stream.next(), None);
    let said = fs::read_to_string(dir.path().join(log.file_name().unwrap())).unwrap();
    assert!(!said.contains("requests still in flight"), "{said}");
}

#[test]
fn what_somebody_else_publishes_is_passed_on_only_if_it_could_be_an_event() {
    let redis = redis();
    let server = Server::before(&redis, &[]);
    let mut con = redis.connect();
    wait_until("the server listens", SOON, || subscribers(&mut con) == 1);
    for message in
        ["", "text", "[]", "null", "{", "{\"sub\":\"x\"}\n\nevent: reset\ndata: {}", &"x".repeat(1 << 20)]
    {
        con.get::<i64>(&["PUBLISH", "hallpass:events", message]);
    }
    con.get::<i64>(&["PUBLISH", "hallpass:events", r#"{"sub":"somebody"}"#]);
    con.get::<i64>(&["PUBLISH", "hallpass:other", r#"{"sub":"elsewhere"}"#]);
    happen(&mut con, "ada");
    EventStream::open(&server, None).tells_of(&["somebody", "ada"]);
}

#[test]
fn without_the_right_to_listen_everything_else_goes_on() {
    let redis = redis();
    let line = "server on >secret resetchannels -@all ~auth:* +auth.issue +auth.keys +info +ping";
    redis.connect().get::<()>(&[&["ACL", "SETUSER"], &line.split(' ').collect::<Vec<_>>()[..]].concat());
    let url = format!("redis+unix://{}?user=server&pass=secret", redis.socket().display());
    let server = Server::before_url(&url, &["--issuer", ISSUER]);
    assert_eq!(EventStream::open(&server, None).status, 200);
    wait_until("it is said", SOON, || server.log().contains("security events are not heard"));
    assert_eq!(server.login("42").status, 201);
    assert_eq!(server.log().matches("security events are not heard").count(), 1);
}
