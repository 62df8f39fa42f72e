//! Several hallpass-servers before one Redis: how soon a revocation at one of them counts at the others.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cpu,
    report::{
        Report,
        Target::{self, AtMost},
    },
    stats,
    support::{
        AuthCommands, OnDrop, Redis,
        http_server::{ISSUER, Server},
    },
    table,
};

/// Revocations of each site.
const REVOCATIONS: usize = 300;
/// The time from one revocation to the next.
const PACE: Duration = Duration::from_millis(20);
/// Requests that each front serves in a second, whoever waits for them.
const REQUESTS: u32 = 500;
/// Users whose tokens are verified all the time.
const USERS: usize = 50;
/// Refreshes of other users in a second, where there are any.
const REFRESHES: u32 = 1000;

/// A site: the number of its fronts, whether others refresh, and the targets of the median and the 99th percentile, in
/// milliseconds.
const SITES: [(usize, bool, Target, Target); 2] =
    [(2, false, AtMost(1.0), AtMost(5.0)), (8, true, Target::Shown, AtMost(20.0))];

/// Takes the measurements.
pub fn measure(report: &mut Report) {
    let mut rows = vec![table::row(&["fronts", "refreshes of others", "p50", "p99", "longest"])];
    for (count, others, median, tail) in SITES {
        let site = Site::start(count, &[]);
        let times = site.under_load(others, |site| site.revoke_and_wait());
        let [p50, p99, longest] = [0.5, 0.99, 1.0].map(|share| stats::quantile(&times, share));
        let what =
            |which: &str| format!("REVOKE answered at one of {count} fronts to 401 at another, ms, {which}");
        report.ratio(what("p50"), p50, median);
        report.ratio(what("p99"), p99, tail);
        let refreshes = if others { REFRESHES.to_string() } else { "none".to_owned() };
        let times = [p50, p99, longest].map(|time| format!("{time:.2} ms"));
        rows.push([count.to_string(), refreshes].into_iter().chain(times).collect());
    }
    report.table(format!("Revocation, {REQUESTS} requests a second at each front"), rows);
    let [with, without] = [&[][..], &["--verify-cache", "0"]].map(|flags| {
        let site = Site::start(8, flags);
        site.under_load(true, Site::processor_time)
    });
    report.ratio(
        "processor time of 8 fronts per /verify, with local verification vs without",
        with / without,
        AtMost(1.1),
    );
}

/// Fronts before one Redis, and tokens that all of them have verified.
struct Site {
    redis: Redis,
    fronts: Vec<Server>,
    tokens: Vec<String>,
}

impl Site {
    fn start(count: usize, flags: &[&str]) -> Self {
        let redis = Redis::with(&[&format!("hallpass.issuer {ISSUER}")]);
        let flags = [&["--rate-limit", "0", "--log", "warn"], flags].concat();
        let fronts: Vec<_> = (0..count).map(|_| Server::before(&redis, &flags)).collect();
        let mut con = redis.connect();
        let tokens =
            (0..USERS).map(|user| con.issue(&format!("auth:{user}"), &[]).expect("a session").access);
        Self { tokens: tokens.collect(), redis, fronts }
    }

    /// Does `work` while each front serves its requests, and other users refresh if they are to.
    fn under_load<T>(&self, others: bool, work: impl FnOnce(&Self) -> T) -> T {
        let is_over = AtomicBool::new(false);
        let requests: Vec<Vec<u8>> = self.tokens.iter().map(|token| request(token)).collect();
        thread::scope(|scope| {
            let _over = OnDrop(&is_over);
            for front in &self.fronts {
                let stream = connect(front);
                let mut answers = stream.try_clone().expect("a handle");
                scope.spawn(move || while answers.read(&mut [0; 1 << 16]).is_ok_and(|length| length > 0) {});
                scope.spawn(|| send_at_pace(stream, &requests, &is_over));
            }
            if others {
                scope.spawn(|| self.refresh_others(&is_over));
            }
            thread::sleep(Duration::from_secs(1));
            work(self)
        })
    }

    /// Refreshes other users, whether Redis keeps up or not.
    fn refresh_others(&self, is_over: &AtomicBool) {
        let mut con = self.redis.connect();
        let login = |user: usize| {
            let key = format!("auth:other-{user}");
            let tokens = con.issue(&key, &[]).expect("a session");
            (key, tokens.refresh)
        };
        let mut users: Vec<(String, String)> = (0..USERS).map(login).collect();
        at_pace(REFRESHES, is_over, |number| {
            let (key, refresh) = &mut users[number % USERS];
            *refresh = con.refresh(key, refresh, &[]).expect("the next one").refresh;
        });
    }

    /// Revokes one session after the other at one front, and returns how long each is accepted at another one after that
    /// was answered: until the first 401 arrives, in milliseconds.
    fn revoke_and_wait(&self) -> Vec<f64> {
        let [here, others @ ..] = &self.fronts[..] else { panic!("a front") };
        let mut streams: Vec<TcpStream> = others.iter().map(connect).collect();
        let mut con = self.redis.connect();
        let time = |number: usize| {
            let subject = format!("victim-{number}");
            let token = con.issue(&format!("auth:{subject}"), &[]).expect("a session").access;
            let index = number % streams.len();
            let stream = &mut streams[index];
            // The second time it is known.
            (0..2).for_each(|_| assert_eq!(verify(stream, &token), 200));
            let path = format!("/subjects/{subject}/sessions");
            let answer = here.request("DELETE", &path).basic("local", here.secret()).send();
            let answered = Instant::now();
            assert_eq!(answer.json()["revoked"], 1);
            while verify(stream, &token) != 401 {}
            let took = answered.elapsed().as_secs_f64() * 1000.0;
            thread::sleep(PACE);
            took
        };
        (0..REVOCATIONS).map(time).collect()
    }

    /// Returns the processor time of all fronts per request, in microseconds.
    fn processor_time(&self) -> f64 {
        const SPAN: Duration = Duration::from_secs(5);
        let used = || self.fronts.iter().map(|front| cpu::of_process(front.pid())).sum::<f64>();
        let (before, began) = (used(), Instant::now());
        thread::sleep(SPAN);
        let requests = began.elapsed().as_secs_f64() * f64::from(REQUESTS) * self.fronts.len() as f64;
        (used() - before) / requests * 1e6
    }
}

/// Calls `step` this many times a second, and catches up when it was late.
fn at_pace(per_second: u32, is_over: &AtomicBool, mut step: impl FnMut(usize)) {
    let (began, pause) = (Instant::now(), Duration::from_secs(1) / per_second);
    for number in 0.. {
        if is_over.load(SeqCst) {
            return;
        }
        thread::sleep(
            (began + pause * u32::try_from(number).expect("a short run"))
                .saturating_duration_since(Instant::now()),
        );
        step(number);
    }
}

/// Sends requests, whether they are answered or not.
fn send_at_pace(mut stream: TcpStream, requests: &[Vec<u8>], is_over: &AtomicBool) {
    at_pace(REQUESTS, is_over, |number| {
        stream.write_all(&requests[number % requests.len()]).expect("the front reads");
    });
    // Ends the thread that reads the answers, too.
    stream.shutdown(Shutdown::Both).ok();
}

fn connect(front: &Server) -> TcpStream {
    let stream = TcpStream::connect(front.address()).expect("the front listens");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

fn request(token: &str) -> Vec<u8> {
    format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// Verifies a token over a connection of its own, and returns the status.
fn verify(stream: &mut TcpStream, token: &str) -> u16 {
    stream.write_all(&request(token)).expect("the front reads");
    let mut answer = [0; 1 << 12];
    let length = stream.read(&mut answer).expect("the front answers");
    // An answer is short, and comes whole.
    let text = std::str::from_utf8(&answer[..length]).expect("ASCII");
    text.split(' ').nth(1).expect("a status").parse().expect("a number")
}
