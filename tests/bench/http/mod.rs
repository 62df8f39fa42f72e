//! hallpass-server over HTTP against a bare axum route, and its /token against alternatives on Node.js: oidc-provider,
//! and a server with the Lua script. EdDSA; each server has a Redis of its own over a unix socket. Nothing is pinned:
//! servers, Redis and load share the cores.

mod bare_axum;
mod child;
mod load;

pub use bare_axum::{ARGUMENT as BARE_AXUM, serve as serve_bare_axum};
pub use child::node;

use std::{cell::Cell, time::Duration};

use child::Child;
use load::{CONNECTIONS, Next, Turn};

use crate::{
    commands::stage::{REPEATED, Stage, USERS, text_key},
    report::{
        Report,
        Target::{self, AtLeast},
    },
    stats,
    support::{
        Redis,
        http_server::{ISSUER, Server},
    },
    table,
};

/// The description on the page.
pub const ABOUT: &str = "\
    hallpass-server beside an axum route that does one GET over the same kind of connection, with \
    requests of the same length; and its /token beside (c) oidc-provider with Redis and (d) a Node.js server with \
    the Lua script and EdDSA, one process each. The servers, Redis and the load share the cores.";

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(350);
/// The first turns, which are not counted: just-in-time compilers have to warm up.
const WARM_UP: usize = 1;
/// Sessions of each connection.
const SESSIONS_EACH: usize = 20;

/// The measured routes, by their index in the results.
const NAMES: [&str; 7] = [
    "hallpass-server /verify",
    "bare axum, GET request",
    "hallpass-server /token",
    "bare axum, POST request",
    "(c) oidc-provider /token",
    "(d) Node.js with Lua /token",
    "bare axum, answer only",
];
/// Pairs of indexes, and the target of their ratio.
const TARGETS: [(usize, usize, Target); 5] = [
    (0, 1, AtLeast(1.5)),
    (0, 6, AtLeast(0.8)),
    (2, 3, AtLeast(0.65)),
    (2, 4, AtLeast(10.0)),
    (2, 5, AtLeast(1.5)),
];

/// All servers, and the tokens of their sessions.
struct Site {
    stage: Stage,
    hallpass: Server,
    bare: Child,
    oidc: Child,
    lua: Child,
    _others: [Redis; 2],
    /// The current refresh tokens of hallpass-server, oidc-provider and the Lua server, by session.
    refresh: [Vec<Cell<String>>; 3],
}

/// Runs the measurement.
pub fn measure() -> Report {
    let site = Site::start();
    let mut turns = NAMES.map(|_| vec![]);
    for round in 0..WARM_UP + ROUNDS {
        for place in (0..NAMES.len()).map(|place| (place + round) % NAMES.len()) {
            let turn = site.turn(place);
            if round >= WARM_UP {
                turns[place].push(turn);
            }
        }
    }
    let mut report = Report::default();
    report.table(format!("HTTP, EdDSA, {CONNECTIONS} connections"), rows(&turns));
    for (ours, theirs, target) in TARGETS {
        let pairs = turns[ours].iter().zip(&turns[theirs]);
        let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours.rate / theirs.rate).collect();
        report.ratio(format!("{} vs {}", NAMES[ours], NAMES[theirs]), stats::median(&ratios), target);
    }
    report
}

impl Site {
    fn start() -> Self {
        let mut stage = Stage::new("EdDSA", USERS, &[&format!("hallpass.issuer {ISSUER}")]);
        stage.fill();
        let flags = ["--rate-limit", "0", "--log", "warn"];
        let hallpass = Server::before(&stage.redis, &flags);
        let bare = Child::start(bare_axum::command(&stage.redis.socket()));
        let others = [(); 2].map(|()| Redis::builder().without_module().start());
        let [oidc, lua] = ["oidc_provider.mjs", "lua_server.mjs"];
        let sessions = CONNECTIONS * SESSIONS_EACH;
        let oidc = Child::start(child::script(oidc, &others[0].socket(), sessions));
        let lua = Child::start(child::script(lua, &others[1].socket(), sessions));
        let own = stage.tokens.iter().take(sessions).map(|tokens| tokens.refresh.clone()).collect();
        let refresh = [own, oidc.tokens.clone(), lua.tokens.clone()]
            .map(|tokens: Vec<String>| tokens.into_iter().map(Cell::new).collect());
        Self { stage, hallpass, bare, oidc, lua, _others: others, refresh }
    }

    fn turn(&self, place: usize) -> Turn {
        match place {
            0 => load::run(self.hallpass.address(), TURN, |connection| self.verifying(connection)),
            1 => load::run(&self.bare.address, TURN, |connection| self.getting(connection)),
            2 => load::run(self.hallpass.address(), TURN, |connection| self.refreshing(0, connection)),
            3 => load::run(&self.bare.address, TURN, |connection| self.posting(connection)),
            4 => load::run(&self.oidc.address, TURN, |connection| self.refreshing(1, connection)),
            5 => load::run(&self.lua.address, TURN, |connection| self.refreshing(2, connection)),
            _ => load::run(&self.bare.address, TURN, |_| self.asking_nothing()),
        }
    }

    /// Builds requests with the access tokens of a connection's sessions.
    fn verifying(&self, connection: usize) -> Next<'_> {
        let tokens = self.stage.tokens[..REPEATED].iter().skip(connection).step_by(CONNECTIONS);
        let requests = tokens.map(|tokens| {
            format!("GET /verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", tokens.access)
        });
        one_after_the_other(requests)
    }

    /// Builds requests for strings, with a header of the same length.
    fn getting(&self, connection: usize) -> Next<'_> {
        let token = &self.stage.tokens[0].access;
        let keys = (connection..REPEATED).step_by(CONNECTIONS).map(text_key);
        let requests = keys
            .map(|key| format!("GET /{key} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"));
        one_after_the_other(requests)
    }

    /// Builds a request that is answered without asking, with a header of the same length.
    fn asking_nothing(&self) -> Next<'_> {
        let token = &self.stage.tokens[0].access;
        one_after_the_other(
            [format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")].into_iter(),
        )
    }

    /// Builds the same with a form as long as a refresh's; the answer is searched for a token, too.
    fn posting(&self, connection: usize) -> Next<'_> {
        let form = form(&self.stage.tokens[0].refresh);
        let keys = (connection..REPEATED).step_by(CONNECTIONS).map(text_key);
        let requests = keys.map(|key| post(&format!("/{key}"), &form));
        let mut next = one_after_the_other(requests);
        Box::new(move |body| {
            assert_eq!(refresh_token(body), None);
            next(body)
        })
    }

    /// Builds refreshes of a connection's sessions in turn, each with the token of the previous answer.
    fn refreshing(&self, server: usize, connection: usize) -> Next<'_> {
        let own = &self.refresh[server][connection * SESSIONS_EACH..][..SESSIONS_EACH];
        let mut asked: Option<usize> = None;
        Box::new(move |body| {
            if let Some(index) = asked {
                own[index].set(refresh_token(body).expect("a refresh token").to_owned());
            }
            let index = asked.map_or(0, |index| (index + 1) % own.len());
            asked = Some(index);
            let token = own[index].take();
            let request = post("/token", &form(&token)).into_bytes();
            own[index].set(token);
            request
        })
    }
}

fn one_after_the_other<'a>(requests: impl Iterator<Item = String>) -> Next<'a> {
    let mut requests = requests.map(String::into_bytes).collect::<Vec<_>>().into_iter().cycle();
    Box::new(move |_| requests.next().expect("at least one"))
}

fn form(token: &str) -> String {
    format!("grant_type=refresh_token&client_id=app&refresh_token={token}")
}

fn post(path: &str, form: &str) -> String {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{form}"
    )
}

/// Returns the refresh token in a token response.
fn refresh_token(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).expect("text");
    text.split_once(r#""refresh_token":""#)?.1.split('"').next()
}

fn rows(turns: &[Vec<Turn>]) -> Vec<Vec<String>> {
    let mut rows = vec![table::row(&["route", "per s", "p50", "p99"])];
    for (name, turns) in NAMES.iter().zip(turns) {
        let median = |value: fn(&Turn) -> f64| stats::median_of(turns, value);
        rows.push(vec![
            (*name).to_owned(),
            format!("{:.0}", median(|turn| turn.rate)),
            format!("{:.0} µs", median(|turn| turn.p50)),
            format!("{:.0} µs", median(|turn| turn.p99)),
        ]);
    }
    rows
}
