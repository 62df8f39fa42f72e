//! Users who refresh and verify over HTTP while something happens to Redis or to the server. Each answer must be a success or
//! 503, which takes away neither token nor cookie; every other answer ends the test.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    OnDrop, SOON,
    http::{HttpAnswer, HttpRequest, agent},
    http_server::Server,
    wait_until,
};

/// The server gives a call to Redis three seconds; the rest is for a busy machine.
const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// The server's shortest time limit. A 503 that comes later may be the fault of a busy machine.
const PROMPT: Duration = Duration::from_secs(1);
/// A user's pause between two refreshes.
const PAUSE: Duration = Duration::from_millis(10);

/// Where users come in.
pub trait Entrance: Sync {
    /// A path that is only for holders of a valid access token.
    const GUARDED: &'static str;

    /// Returns a request to `path`.
    fn request(&self, method: &str, path: &str) -> HttpRequest;

    /// Logs `subject` in, and returns what the user keeps: the refresh token, or the cookie with it.
    fn log_in(&self, subject: &str, by_cookie: bool) -> String;
}

impl Entrance for Server {
    const GUARDED: &'static str = "/verify";

    fn request(&self, method: &str, path: &str) -> HttpRequest {
        self.request(method, path)
    }

    fn log_in(&self, subject: &str, by_cookie: bool) -> String {
        let login = self.sessions(&json!({"subject": subject, "cookie": by_cookie}));
        assert_eq!(login.status, 201, "{login:?}");
        held(&login, by_cookie)
    }
}

/// The users, while they work.
pub struct Holders<'a, E> {
    entrance: &'a E,
    is_over: AtomicBool,
    users: Vec<User>,
}

/// One user, with the numbers of successes, of 503s, and of 503s that waited for nothing.
struct User {
    subject: String,
    by_cookie: bool,
    served: AtomicU64,
    refused: AtomicU64,
    refused_at_once: AtomicU64,
}

/// Logs users with these subjects in, two each, one by cookie and one without, and keeps them busy during `disturbance`
/// and until all are served again. Returns how many answers were 503 at once, before any time limit.
#[track_caller]
pub fn stay_logged_in<E: Entrance>(
    entrance: &E,
    subjects: &[String],
    disturbance: impl FnOnce(&Holders<'_, E>),
) -> u64 {
    let user = |subject: &String, by_cookie| User {
        subject: subject.clone(),
        by_cookie,
        served: AtomicU64::new(0),
        refused: AtomicU64::new(0),
        refused_at_once: AtomicU64::new(0),
    };
    let users = subjects.iter().flat_map(|subject| [user(subject, false), user(subject, true)]).collect();
    let holders = Holders { entrance, is_over: AtomicBool::new(false), users };
    thread::scope(|scope| {
        let over = OnDrop(&holders.is_over);
        let working: Vec<_> = holders.users.iter().map(|user| scope.spawn(|| holders.stay(user))).collect();
        holders.wait_until_served();
        disturbance(&holders);
        holders.wait_until_served();
        drop(over);
        for user in working {
            user.join().expect("nobody is logged out");
        }
    });
    holders.users.iter().map(|user| user.refused_at_once.load(SeqCst)).sum()
}

impl<E: Entrance> Holders<'_, E> {
    /// Waits until every user has been served again.
    #[track_caller]
    pub fn wait_until_served(&self) {
        self.wait_until_each("everybody is served", |user| &user.served, 0..self.users.len());
    }

    /// Waits until the users of the subject with this number have got a 503 again.
    #[track_caller]
    pub fn wait_until_refused(&self, subject: usize) {
        self.wait_until_each("somebody is told to wait", |user| &user.refused, 2 * subject..2 * subject + 2);
    }

    /// Waits until a count of each of these users has grown by two, so that at least one request was sent meanwhile.
    #[track_caller]
    fn wait_until_each(&self, what: &str, count: impl Fn(&User) -> &AtomicU64, users: Range<usize>) {
        let users = &self.users[users];
        let before: Vec<u64> = users.iter().map(|user| count(user).load(SeqCst)).collect();
        wait_until(what, SOON, || {
            let now = users.iter().zip(&before).all(|(user, before)| count(user).load(SeqCst) >= before + 2);
            now || self.is_over.load(SeqCst)
        });
    }

    /// Logs in, then refreshes and verifies until the end, and until the last token has proved valid.
    fn stay(&self, user: &User) {
        let _over = OnDrop(&self.is_over);
        let agent = agent();
        let mut token = self.entrance.log_in(&user.subject, user.by_cookie);
        let mut last_served = Instant::now();
        loop {
            let is_over = self.is_over.load(SeqCst);
            if let Some(next) = self.ask(user, &agent, self.refresh(user, &token)) {
                token = held(&next, user.by_cookie);
                let verify = self.entrance.request("GET", E::GUARDED).bearer(&next.text_of("access_token"));
                self.ask(user, &agent, verify);
                last_served = Instant::now();
                if is_over {
                    return;
                }
            }
            assert!(!is_over || last_served.elapsed() < 2 * SOON, "{} is not served again", user.subject);
            thread::sleep(PAUSE);
        }
    }

    fn refresh(&self, user: &User, token: &str) -> HttpRequest {
        let request = self.entrance.request("POST", "/token");
        if user.by_cookie {
            let form = [("grant_type", "refresh_token")];
            request.header("cookie", token).header("x-hallpass", "1").form(&form)
        } else {
            request.form(&[("grant_type", "refresh_token"), ("refresh_token", token)])
        }
    }

    /// Returns the answer, unless it is 503.
    fn ask(&self, user: &User, agent: &ureq::Agent, request: HttpRequest) -> Option<HttpAnswer> {
        let started = Instant::now();
        let answer = request.try_send_through(agent).expect("an answer");
        let waited = started.elapsed();
        assert!(waited < REQUEST_LIMIT, "{waited:?} for {answer:?}");
        if answer.status == 503 {
            assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
            assert!(answer.has_header("retry-after") && !answer.has_header("set-cookie"), "{answer:?}");
            user.refused.fetch_add(1, SeqCst);
            user.refused_at_once.fetch_add(u64::from(waited < PROMPT), SeqCst);
            return None;
        }
        assert_eq!(answer.status, 200, "{}: an outage is not a logout: {answer:?}", user.subject);
        user.served.fetch_add(1, SeqCst);
        Some(answer)
    }
}

/// Returns the part of an answer that a user keeps: the refresh token, or the cookie with it.
fn held(answer: &HttpAnswer, by_cookie: bool) -> String {
    if by_cookie {
        let cookie = answer.header("set-cookie").split(';').next();
        cookie.filter(|pair| pair.contains("=hp1.")).expect("a cookie").to_owned()
    } else {
        answer.text_of("refresh_token")
    }
}
