//! Redis is killed and started again while clients refresh, verify and log in over HTTP: 503 meanwhile, no request
//! waits too long, the first one afterwards is served, and all clients carry on by asking again.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::{
    http::{HttpAnswer, HttpRequest, agent},
    http_server::{ISSUER, Server},
    *,
};

const CLIENTS: usize = 8;
/// The number of times that Redis is killed.
const ROUNDS: usize = 3;
/// The server gives a call to Redis three seconds; the rest is for a busy machine.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);
/// How long the server waits for one answer of Redis.
const ANSWER_OF_REDIS: Duration = Duration::from_secs(2);
/// A client's pause between two requests.
const PAUSE: Duration = Duration::from_millis(10);

/// The phase that the clients are in, and the phases in which each got an answer.
struct Load {
    server: Server,
    /// Counts up: 0 modulo 4 while Redis certainly answers, 2 while it certainly does not, odd in between.
    phase: AtomicUsize,
    is_over: AtomicBool,
    /// By client: the phase in which it last got an answer, plus one, and the phase in which it last got none.
    answered: [AtomicUsize; CLIENTS],
    unanswered: [AtomicUsize; CLIENTS],
    /// By client: the phase in which its login was last refreshed, plus one.
    refreshed: [AtomicUsize; CLIENTS],
}

impl Load {
    fn new(server: Server) -> Self {
        Self {
            server,
            phase: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            answered: Default::default(),
            unanswered: Default::default(),
            refreshed: Default::default(),
        }
    }

    /// Begins the next phase.
    fn next_phase(&self) -> usize {
        self.phase.fetch_add(1, SeqCst) + 1
    }

    /// Sends a request of `client` and checks that the answer fits the state of Redis during the request.
    fn ask(&self, client: usize, agent: &ureq::Agent, request: HttpRequest) -> Option<HttpAnswer> {
        let (phase, started) = (self.phase.load(SeqCst), Instant::now());
        let answer = request.try_send_through(agent).expect("an answer");
        let took = started.elapsed();
        assert!(took < REQUEST_LIMIT, "{took:?} for {answer:?}");
        let is_certain = self.phase.load(SeqCst) == phase;
        if answer.status == 503 {
            // A Redis that does not get the processor may take too long; a server that did not ask it gives up earlier.
            let is_late = took >= ANSWER_OF_REDIS;
            assert!(!is_certain || phase % 4 != 0 || is_late, "Redis is there, {took:?}: {answer:?}");
            assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
            assert!(answer.has_header("retry-after") && !answer.has_header("set-cookie"));
            self.unanswered[client].store(phase + 1, SeqCst);
            return None;
        }
        assert!(matches!(answer.status, 200 | 201), "an outage is not a logout: {answer:?}");
        assert!(!is_certain || phase % 4 != 2, "Redis is away: {answer:?}");
        self.answered[client].store(phase + 1, SeqCst);
        Some(answer)
    }

    /// Runs a client that stays logged in, and logs in on further devices; returns the refresh tokens of all.
    fn client(&self, client: usize, mut refresh: String) -> Vec<String> {
        let agent = agent();
        let mut others = vec![];
        while !self.is_over.load(SeqCst) {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
            let request = self.server.request("POST", "/token").form(&form);
            let phase = self.phase.load(SeqCst);
            if let Some(next) = self.ask(client, &agent, request) {
                self.refreshed[client].store(phase + 1, SeqCst);
                refresh = next.text_of("refresh_token");
                let verify = self.server.request("GET", "/verify").bearer(&next.text_of("access_token"));
                self.ask(client, &agent, verify);
            }
            thread::sleep(PAUSE);
            if others.len() < 40 {
                let login = self.server.request("POST", "/sessions").basic("local", self.server.secret());
                let login = login.json(&json!({"subject": format!("user {client}")}));
                others.extend(self.ask(client, &agent, login).map(|login| login.text_of("refresh_token")));
            }
            thread::sleep(PAUSE);
        }
        others.push(refresh);
        others
    }

    /// Waits until every client got an answer, or none, in this phase.
    fn everybody(&self, what: &str, seen: &[AtomicUsize], phase: usize) {
        wait_until(what, SOON, || seen.iter().all(|seen| seen.load(SeqCst) > phase));
    }
}

/// Returns a Redis that syncs its file as told, and the load on a server before it.
fn site(fsync: &str, over_tcp: bool) -> (Redis, Load) {
    let lines = [
        format!("hallpass.issuer {ISSUER}"),
        "hallpass.audience api".into(),
        "appendonly yes".into(),
        format!("appendfsync {fsync}"),
    ];
    let builder = if over_tcp { Redis::builder().tcp() } else { Redis::builder() };
    let redis = lines.iter().fold(builder, |builder, line| builder.line(line)).start();
    let url = match over_tcp {
        true => format!("redis://127.0.0.1:{}", redis.port()),
        false => format!("unix:{}", redis.socket().display()),
    };
    let server = Server::before_url(&url, &["--rate-limit", "0"]);
    (redis, Load::new(server))
}

/// Kills Redis under load, with `harm` done before and after, and starts it again, a few times. Returns the refresh
/// tokens of all logins.
fn drill(redis: &mut Redis, load: &Load, before: impl Fn(&Redis), after: impl Fn(&Redis)) -> Vec<String> {
    let logins = [(); CLIENTS].map(|()| load.server.login("42").text_of("refresh_token"));
    written(redis);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .zip(logins)
            .map(|(client, refresh)| scope.spawn(move || load.client(client, refresh)))
            .collect();
        let over = OnDrop(&load.is_over);
        for round in 0..ROUNDS as u64 {
            load.everybody("all clients are served", &load.answered, load.phase.load(SeqCst));
            thread::sleep(Duration::from_millis(100 + 70 * round));
            load.next_phase();
            before(redis);
            redis.kill();
            after(redis);
            let away = load.next_phase();
            load.everybody("all clients notice", &load.unanswered, away);
            load.next_phase();
            redis.restart();
            let back = load.next_phase();
            let is_back = || load.answered.iter().any(|seen| seen.load(SeqCst) > back);
            wait_until("the service is back", SOON, is_back);
        }
        load.everybody("all logins go on", &load.refreshed, load.phase.load(SeqCst));
        drop(over);
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    })
}

/// Waits until everything is in the append-only file.
fn written(redis: &Redis) {
    let mut con = redis.connect();
    wait_until("the logins are written", SOON, || {
        let text: String = con.get(&["INFO", "persistence"]);
        text.contains("aof_buffer_length:0") && text.contains("aof_pending_bio_fsync:0")
    });
}

/// Returns the module's counter since Redis was last started.
fn counted(redis: &Redis, name: &str) -> u64 {
    let text: String = redis.connect().get(&["INFO", "hallpass"]);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("hallpass_{name}:")));
    line.expect("a counter").parse().expect("a number")
}

fn nothing(_: &Redis) {}

#[test]
fn with_every_write_on_disk_nobody_who_ever_logged_in_is_logged_out() {
    let (mut redis, load) = site("always", false);
    let everybody = drill(&mut redis, &load, nothing, nothing);
    assert!(everybody.len() > 2 * CLIENTS, "{}", everybody.len());
    for refresh in everybody {
        assert_eq!(load.server.token(&refresh, &[]).status, 200);
    }
    assert_eq!(counted(&redis, "reused"), 0);
}

#[test]
fn over_tcp_and_with_a_write_each_second_everybody_carries_on() {
    let (mut redis, load) = site("everysec", true);
    drill(&mut redis, &load, nothing, nothing);
    assert_eq!(counted(&redis, "reused"), 0);
}

#[test]
fn requests_to_a_redis_that_hangs_before_it_dies_end_in_time() {
    let (mut redis, load) = site("everysec", true);
    let hang = |redis: &Redis| {
        let pid = i32::try_from(redis.pid()).ok().and_then(Pid::from_raw).expect("a process");
        kill_process(pid, Signal::STOP).expect("it runs");
        load.everybody("all requests are given up", &load.unanswered, load.phase.load(SeqCst));
    };
    drill(&mut redis, &load, hang, nothing);
    assert_eq!(counted(&redis, "reused"), 0);
}

#[test]
fn a_redis_that_lost_its_last_refreshes_with_the_power_logs_nobody_out() {
    let (mut redis, load) = site("everysec", false);
    let length = Cell::new(0);
    let note_length = |redis: &Redis| {
        length.set(aof::written(redis));
        let before = counted(redis, "refreshed");
        // Some client refreshes for the second time, so that it knows the answer to the first.
        let is_known = || counted(redis, "refreshed") > before + CLIENTS as u64;
        wait_until("what will be lost is written", SOON, || is_known() && aof::written(redis) > length.get());
    };
    let lose_the_rest = |redis: &Redis| aof::shorten_to(redis, length.get());
    drill(&mut redis, &load, note_length, lose_the_rest);
    assert!(counted(&redis, "recovered") > 0);
    assert_eq!(counted(&redis, "reused"), 0);
}
