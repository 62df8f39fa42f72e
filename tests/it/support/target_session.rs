//! A session that is attacked with hostile arguments: each answer is a known error, and nothing changes.

use std::collections::BTreeMap;

use super::{AuthCommands, Con, Raw, Redis, Reply, Tokens};

/// The codes that an AUTH command may answer with.
pub const CODES: [&str; 8] = [
    "ERR",
    "INVALIDTOKEN",
    "EXPIREDTOKEN",
    "NOSESSION",
    "REUSEDTOKEN",
    "STALETOKEN",
    "SESSIONLIMIT",
    "WRONGTYPE",
];

/// Keywords that errors may name.
pub const OPTIONS: [&str; 15] = [
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
    "SHARED",
    "AUTHTIME",
    "FORMAT",
    "PUBLIC",
];

/// Arguments that have broken other programs.
pub fn hostile_values() -> Vec<Vec<u8>> {
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

/// Returns whether a hostile value is a JSON object: it may hold numbers that few readers can hold.
pub fn is_json_object(value: &[u8]) -> bool {
    [&b"{}"[..], b"{\"a\":1e999}", b"{\"a\":123456789012345678901234567890}"].contains(&value)
}

/// A live session, and the state that must not change.
pub struct TargetSession {
    redis: Redis,
    raw: Raw,
    con: Con,
    /// Its tokens.
    pub tokens: Tokens,
    records: BTreeMap<String, Vec<u8>>,
    expires_at: i64,
    run_id: String,
}

impl TargetSession {
    /// Starts a session that is bound to the client `web`.
    pub fn new() -> Self {
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
    pub fn attack(&mut self, args: &[&[u8]]) {
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

    /// Sends a command that must find nothing to do.
    #[track_caller]
    pub fn counts_nothing(&mut self, args: &[&[u8]]) {
        assert_eq!(self.raw.call(args), Reply::Integer(0));
    }

    /// Asserts that no attack had an effect.
    #[track_caller]
    pub fn unharmed(mut self) {
        assert_eq!(self.con.records("auth:42"), self.records);
        assert_eq!(self.con.expires_at("auth:42"), self.expires_at);
        assert_eq!(self.con.run_id(), self.run_id);
        assert_eq!(self.con.get::<i64>(&["DBSIZE"]), 1, "nothing else was created");
        assert!(!self.redis.log().contains("Module hallpass"), "{}", self.redis.log());
        self.con.verify("auth:42", &self.tokens.access, &[]).unwrap();
        self.con.refresh("auth:42", &self.tokens.refresh, &["CLIENT", "web"]).unwrap();
    }
}
