//! Hostile arguments to every command: a fixed answer, the session unchanged, the server alive.

use std::collections::BTreeMap;

use crate::support::*;

/// The codes that an AUTH command may answer with.
const CODES: [&str; 8] = [
    "ERR",
    "INVALIDTOKEN",
    "EXPIREDTOKEN",
    "NOSESSION",
    "REUSEDTOKEN",
    "STALETOKEN",
    "SESSIONLIMIT",
    "WRONGTYPE",
];

/// Words that commands know, and that errors may name.
const OPTIONS: [&str; 11] = [
    "CLAIMS",
    "AUDIENCE",
    "CLIENT",
    "CLASS",
    "META",
    "LIMIT",
    "SID",
    "ACCESSTTL",
    "IDLETTL",
    "MAXTTL",
    "ACCESS",
];

/// Arguments that have broken something somewhere before.
fn hostile_values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = [
        "",
        " ",
        "\0",
        "a\0b",
        "%n%s%p%x",
        "%s%s%s%s%s%s%n",
        "Ā",
        "\r\n+OK\r\n",
        "*3\r\n$3\r\nSET\r\n",
        "'; DROP",
        "../../etc/passwd",
        "auth:",
        "auth:\0",
        "auth:\r\n",
        "nan",
        "inf",
        "-0",
        "1e308",
        "99999999999999999999999999",
        "-9223372036854775808",
        "18446744073709551616",
        "null",
        "[]",
        "{",
        "{}",
        "\u{202e}",
        "\u{feff}{}",
        "{\"a\":1e999}",
        "{\"a\":123456789012345678901234567890}",
        "hp1.....",
        "hp1.%n.%s.%p.0.x",
        "...",
        "..",
        ".",
        "e30.e30.e30",
        "𝕳𝖆𝖑𝖑",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    values.push((0..=255).collect());
    values.push(b"\xff\xfe\xc0\xaf".to_vec());
    values.push(b"{\"a\":\"\xff\"}".to_vec());
    values.push(vec![b'A'; 1 << 20]);
    values.push(vec![0; 1 << 20]);
    values.push(vec![b'.'; 1 << 20]);
    values.push(b"[".repeat(100_000));
    values.push([b"{\"a\":".repeat(5_000), b"1".to_vec(), b"}".repeat(5_000)].concat());
    values
}

/// A live session and everything that must not change about it.
struct Victim {
    redis: Redis,
    raw: Raw,
    con: Con,
    tokens: Tokens,
    records: BTreeMap<String, Vec<u8>>,
    expires_at: i64,
    run_id: String,
}

impl Victim {
    fn new() -> Self {
        let redis = Redis::start();
        let mut con = redis.connect();
        let tokens = con.issue("auth:42", &["CLIENT", "web"]).unwrap();
        Self {
            raw: redis.raw(),
            records: con.records("auth:42"),
            expires_at: con.expires_at("auth:42"),
            run_id: con.run_id(),
            redis,
            con,
            tokens,
        }
    }

    /// Sends a command that must answer with a known error that repeats nothing of what was sent.
    #[track_caller]
    fn attack(&mut self, args: &[&[u8]]) {
        let shown =
            || args.iter().map(|arg| String::from_utf8_lossy(&arg[..arg.len().min(40)])).collect::<Vec<_>>();
        let reply = self.raw.call(args);
        assert!(matches!(reply, Reply::Error(_)), "{:?} was answered with {reply:?}", shown());
        let line = reply.text();
        assert!(CODES.contains(&reply.error_code()), "{:?}: {line}", shown());
        assert!(line.is_ascii() && line.len() < 200, "{:?}: {line}", shown());
        let hostile = |arg: &&str| arg.len() > 6 && !arg.starts_with("auth:42") && !OPTIONS.contains(arg);
        let mut texts = args[1..].iter().filter_map(|arg| std::str::from_utf8(arg).ok());
        let echoed = texts.find(|arg| hostile(arg) && line.contains(arg));
        assert_eq!(echoed, None, "{line}");
    }

    /// Asserts that all the attacks came to nothing.
    #[track_caller]
    fn unharmed(mut self) {
        assert_eq!(self.con.records("auth:42"), self.records);
        assert_eq!(self.con.expires_at("auth:42"), self.expires_at);
        assert_eq!(self.con.run_id(), self.run_id);
        assert_eq!(self.con.get::<i64>(&["DBSIZE"]), 1, "nothing else was created");
        assert!(!self.redis.log().contains("Module hallpass"), "{}", self.redis.log());
        self.con.verify("auth:42", &self.tokens.access, &[]).unwrap();
        self.con.refresh("auth:42", &self.tokens.refresh, &["CLIENT", "web"]).unwrap();
    }
}

#[test]
fn as_the_key() {
    let mut victim = Victim::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for value in hostile_values() {
        victim.attack(&[b"AUTH.ISSUE", &value]);
        victim.attack(&[b"AUTH.REFRESH", &value, refresh.as_bytes()]);
        victim.attack(&[b"AUTH.VERIFY", &value, access.as_bytes()]);
    }
    victim.unharmed();
}

#[test]
fn as_the_token() {
    let mut victim = Victim::new();
    let refresh = victim.tokens.refresh.clone();
    for value in hostile_values() {
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", &value]);
        victim.attack(&[b"AUTH.VERIFY", b"auth:42", &value]);
        victim.attack(&[
            b"AUTH.REFRESH",
            b"auth:42",
            refresh.as_bytes(),
            b"CLIENT",
            b"web",
            b"ACCESS",
            &value,
        ]);
    }
    victim.unharmed();
}

#[test]
fn as_part_of_a_token() {
    let mut victim = Victim::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    let replaced = |token: &str, index: usize, value: &[u8]| {
        let mut parts: Vec<&[u8]> = token.split('.').map(str::as_bytes).collect();
        parts[index] = value;
        parts.join(&b'.')
    };
    for value in hostile_values() {
        for index in 0..6 {
            victim.attack(&[b"AUTH.REFRESH", b"auth:42", &replaced(&refresh, index, &value)]);
        }
        for index in 0..3 {
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", &replaced(&access, index, &value)]);
            let encoded = tokens::base64(&value).into_bytes();
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", &replaced(&access, index, &encoded)]);
        }
    }
    victim.unharmed();
}

#[test]
fn as_an_option_and_as_its_value() {
    let mut victim = Victim::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for value in hostile_values() {
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", &value, &value]);
        victim.attack(&[b"AUTH.ISSUE", b"auth:43", b"LIMIT", b"1", &value]);
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), &value]);
        victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), &value, &value]);
        victim.attack(&[b"AUTH.VERIFY", b"auth:42", access.as_bytes(), &value]);
        victim.attack(&[b"AUTH.JWKS", &value]);
        for option in OPTIONS.map(str::as_bytes) {
            if !acceptable(option, &value) {
                victim.attack(&[b"AUTH.ISSUE", b"auth:43", option, &value]);
                victim.attack(&[b"AUTH.ISSUE", b"auth:43", option, &value, option, &value]);
            }
        }
        if !acceptable(b"AUDIENCE", &value) || value != b"*" {
            victim.attack(&[b"AUTH.VERIFY", b"auth:42", access.as_bytes(), b"AUDIENCE", &value]);
        }
        for option in [&b"CLIENT"[..], b"META"] {
            if !acceptable(option, &value) {
                victim.attack(&[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes(), option, &value]);
            }
        }
    }
    victim.unharmed();
}

/// Whether `value` is hostile only by its looks and right for `option`.
fn acceptable(option: &[u8], value: &[u8]) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(byte);
    match option {
        b"AUDIENCE" => {
            (1..=255).contains(&value.len()) && value.iter().all(|byte| (0x20..0x7f).contains(byte))
        }
        b"CLIENT" | b"CLASS" => (1..=64).contains(&value.len()) && value.iter().all(word),
        b"CLAIMS" | b"META" => value == b"{}",
        _ => false,
    }
}

#[test]
fn as_the_number_of_arguments() {
    let mut victim = Victim::new();
    let (access, refresh) = (victim.tokens.access.clone(), victim.tokens.refresh.clone());
    for name in ["AUTH.ISSUE", "AUTH.REFRESH", "AUTH.VERIFY"] {
        victim.attack(&[name.as_bytes()]);
    }
    victim.attack(&[b"AUTH.REFRESH", b"auth:42"]);
    victim.attack(&[b"AUTH.VERIFY", b"auth:42"]);
    victim.attack(&[b"AUTH.JWKS", b"x"]);
    let many = vec![&b"CLASS"[..]; 100_000];
    for start in [
        &[&b"AUTH.ISSUE"[..], b"auth:42"][..],
        &[b"AUTH.REFRESH", b"auth:42", refresh.as_bytes()],
        &[b"AUTH.VERIFY", b"auth:42", access.as_bytes()],
        &[b"AUTH.JWKS"],
    ] {
        victim.attack(&[start, &many].concat());
    }
    victim.unharmed();
}

#[test]
fn subjects_with_odd_characters_are_ordinary_subjects() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for subject in
        ["%n%s%p", "Ā", "a b", "../x", "...", "𝕳", "\"", "\\", "'", "auth:", "*", "{x}", "null", "-1", "<b>"]
    {
        let key = format!("auth:{subject}");
        let first = con.issue(&key, &["LIMIT", "5"]).unwrap();
        let second = con.refresh(&key, &first.refresh, &[]).unwrap();
        assert_eq!(con.verify(&key, &second.access, &[]).unwrap()["sub"], subject);
        let third = con.refresh(&key, &second.refresh, &[]).unwrap();
        con.issue(&key, &["LIMIT", "1"]).unwrap();
        assert_eq!(refused(con.refresh(&key, &third.refresh, &[])), "NOSESSION");
    }
}
