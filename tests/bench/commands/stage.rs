//! The Redis that commands are measured on, filled anew before each round: users with one session each, and strings as
//! long as what AUTH.VERIFY answers.

use crate::{
    resp,
    support::{
        Key, Keyring, Raw, Redis, Reply, Tokens, jwt,
        tokens::{claims, unbase64},
    },
};

/// Users where nothing else is said. Keys of users beyond these are not in use.
pub const USERS: usize = 10_000;
/// How many keys the cases use that repeat theirs.
pub const REPEATED: usize = 1_000;
/// How many commands are sent at a time while nothing is measured.
const BATCH: usize = 500;

/// A redis-server with sessions.
pub struct Stage {
    /// The server.
    pub redis: Redis,
    /// The users' access and refresh tokens, by user.
    pub tokens: Vec<Tokens>,
    /// What signs.
    pub key: Key,
    /// What authenticates refresh tokens.
    refresh_key: Key,
    /// How many users it has, and so how many commands a case has that sends each of them once.
    pub users: usize,
    /// How many times the stage was filled.
    round: u64,
}

impl Stage {
    /// Starts a redis-server that signs with `alg`, for this many users, with more lines of configuration.
    pub fn new(alg: &str, users: usize, lines: &[&str]) -> Self {
        let ring = Keyring::generated(alg);
        let of_use = |usage: &str| ring.0.iter().find(|key| key.text("use") == usage).expect("a key").clone();
        let (key, refresh_key) = (of_use("sig"), of_use("refresh"));
        let builder = Redis::builder().keyring(ring).tcp();
        let redis = lines.iter().fold(builder, |builder, line| builder.line(line)).start();
        Self { redis, tokens: vec![], key, refresh_key, users, round: 0 }
    }

    /// Begins a round: everything as new.
    pub fn fill(&mut self) {
        let mut raw = self.redis.raw();
        raw.call(&["FLUSHALL"]);
        let issue = |user: usize| words(&["AUTH.ISSUE", &user_key(user)]);
        self.tokens.clear();
        for users in (0..self.users).collect::<Vec<_>>().chunks(BATCH) {
            self.tokens.extend(call_all(&mut raw, users.iter().copied().map(issue)).iter().map(tokens));
            // Tokens are remembered as they are minted while some are verified.
            let (user, tokens) = (user_key(self.tokens.len() - 1), &self.tokens[self.tokens.len() - 1]);
            raw.call(&["AUTH.VERIFY", &user, &tokens.access]);
        }
        let set = |number: usize| words(&["SET", &text_key(number), &self.text()]);
        call_all(&mut raw, (0..REPEATED).map(set));
        let by_token = |tokens: &Tokens| words(&["SET", &tokens.access, &self.text()]);
        call_all(&mut raw, self.tokens.iter().take(REPEATED).map(by_token));
        self.round += 1;
    }

    /// Returns the value of the strings.
    pub fn text(&self) -> String {
        let payload = self.tokens[0].access.split('.').nth(1).expect("a payload");
        "x".repeat(unbase64(payload).len())
    }

    /// The refresh token that a refresh with the user's own answers, without asking.
    pub fn next_refresh_token(&self, user: usize) -> String {
        jwt::forge_refresh(&self.refresh_key, &self.tokens[user].refresh, "1")
    }

    /// As the user's access token, but signed outside this Redis: minted some seconds earlier, differently in each
    /// round, otherwise byte for byte what the module writes.
    pub fn minted_elsewhere(&self, user: usize) -> String {
        let token = &self.tokens[user].access;
        let iat = claims(token)["iat"].as_u64().expect("a time");
        let mut parts = token.split('.').map(|part| String::from_utf8_lossy(&unbase64(part)).into_owned());
        let (header, payload) = (parts.next().expect("a header"), parts.next().expect("a payload"));
        let earlier = iat - self.round;
        let payload = payload
            .replace(&format!("\"iat\":{iat},"), &format!("\"iat\":{earlier},"))
            .replace(&format!(".{iat}\""), &format!(".{earlier}\""));
        jwt::sign_text(&self.key, &header, &payload)
    }
}

/// Returns the key of a user.
pub fn user_key(user: usize) -> String {
    format!("auth:{user:08}")
}

/// Returns the key of a string: as long as a user's.
pub fn text_key(number: usize) -> String {
    format!("text:{number:08}")
}

/// Returns a command.
pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Encodes a command.
pub fn encoded(words: &[String]) -> Vec<u8> {
    let mut out = vec![];
    resp::append(&mut out, &words.iter().map(String::as_bytes).collect::<Vec<_>>());
    out
}

/// Sends commands that must succeed, many at a time.
pub fn call_all(raw: &mut Raw, commands: impl Iterator<Item = Vec<String>>) -> Vec<Reply> {
    let mut replies = vec![];
    for batch in commands.collect::<Vec<_>>().chunks(BATCH) {
        batch.iter().for_each(|command| raw.send(command));
        replies.extend(batch.iter().map(|_| raw.reply()));
    }
    assert!(!replies.iter().any(Reply::has_error), "a command failed");
    replies
}

/// Returns the tokens in a reply.
fn tokens(reply: &Reply) -> Tokens {
    let number = |name| match reply.member(name) {
        Reply::Integer(seconds) => seconds,
        other => panic!("{name} is {other:?}"),
    };
    Tokens {
        access: reply.member("access_token").text(),
        expires_in: number("expires_in"),
        refresh: reply.member("refresh_token").text(),
        refresh_expires_in: number("refresh_expires_in"),
        session_id: reply.member("session_id").text(),
        evicted: None,
    }
}
