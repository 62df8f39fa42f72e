//! The commands' documentation as data: what COMMAND DOCS, COMMAND GETKEYS, ACL rules and `redis-cli` hints are made of.

use std::ffi::CStr;

/// What a command does with the key that is its first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// It has no key.
    None,
    /// It reads the key.
    Read,
    /// It reads the key and changes what is in it.
    Update,
    /// As `Update`, and it may create the key.
    Insert,
    /// It reads the key and removes from it.
    Delete,
}

/// One command.
pub struct CommandSpec {
    /// Name.
    pub name: &'static CStr,
    /// Summary, a short sentence.
    pub summary: &'static CStr,
    /// Time complexity.
    pub complexity: &'static CStr,
    /// Number of arguments, the name included; negative: at least that many.
    pub arity: i32,
    /// ACL categories, by which `+@read` or `-@write` mean this command too.
    pub categories: &'static CStr,
    /// What it does with its key.
    pub key: KeyAccess,
    /// Arguments behind the key.
    pub args: &'static [ArgSpec],
}

/// One argument.
pub struct ArgSpec {
    /// Name.
    pub name: &'static CStr,
    /// The word in front of the value.
    pub token: Option<&'static CStr>,
    /// Type.
    pub kind: ArgKind,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be repeated, without repeating its token.
    pub multiple: bool,
}

/// The type of an argument.
pub enum ArgKind {
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A word that stands for itself.
    Word,
    /// One of these.
    OneOf(&'static [ArgSpec]),
    /// These, one after the other.
    Block(&'static [ArgSpec]),
}

/// Release in which all of these commands appeared.
pub const SINCE: &CStr = c"0.1.0";

/// Flags of the commands, for COMMAND INFO. None is ever shown in MONITOR or SLOWLOG, since arguments are secrets.
pub mod flags {
    use std::ffi::CStr;

    /// `AUTH.ISSUE`: refused when memory is full.
    pub const ISSUE: &CStr = c"write deny-oom no-monitor no-slowlog";
    /// `AUTH.REFRESH`: works when memory is full, since refusing it would log users out.
    pub const REFRESH: &CStr = c"write no-monitor no-slowlog";
    /// Commands that read a user's sessions: they serve from replicas, too.
    pub const READ: &CStr = c"readonly no-monitor no-slowlog";
    /// `AUTH.REVOKE`: logging out works when memory is full.
    pub const REVOKE: &CStr = c"write no-monitor no-slowlog";
    /// `AUTH.SETCLAIMS`: refused when memory is full.
    pub const SETCLAIMS: &CStr = c"write deny-oom no-monitor no-slowlog";
    /// `AUTH.JWKS` and `AUTH.KEYS`: they need no data.
    pub const RING: &CStr = c"readonly allow-loading allow-stale no-monitor no-slowlog";
    /// `AUTH.RELOAD`.
    pub const RELOAD: &CStr = c"admin allow-loading allow-stale no-monitor no-slowlog";
}

const fn required(name: &'static CStr, kind: ArgKind) -> ArgSpec {
    ArgSpec { name, token: None, kind, optional: false, multiple: false }
}

const fn option(name: &'static CStr, token: &'static CStr, kind: ArgKind) -> ArgSpec {
    ArgSpec { name, token: Some(token), kind, optional: true, multiple: false }
}

const fn word(name: &'static CStr, token: &'static CStr) -> ArgSpec {
    ArgSpec { name, token: Some(token), kind: ArgKind::Word, optional: false, multiple: false }
}

const LIMIT_MODE: [ArgSpec; 2] = [word(c"evict", c"EVICT"), word(c"reject", c"REJECT")];

const LIMIT: [ArgSpec; 2] = [
    ArgSpec { name: c"n", token: Some(c"LIMIT"), kind: ArgKind::Integer, optional: false, multiple: false },
    ArgSpec {
        name: c"mode",
        token: None,
        kind: ArgKind::OneOf(&LIMIT_MODE),
        optional: true,
        multiple: false,
    },
];

const REVOKE_TARGETS: [ArgSpec; 3] = [
    ArgSpec {
        name: c"all",
        token: None,
        kind: ArgKind::Block(&[word(c"all", c"ALL"), option(c"sid", c"EXCEPT", ArgKind::Text)]),
        optional: false,
        multiple: false,
    },
    ArgSpec { name: c"sid", token: Some(c"SESSION"), kind: ArgKind::Text, optional: false, multiple: true },
    ArgSpec {
        name: c"token",
        token: None,
        kind: ArgKind::Block(&[
            ArgSpec {
                name: c"token",
                token: Some(c"TOKEN"),
                kind: ArgKind::Text,
                optional: false,
                multiple: false,
            },
            option(c"id", c"CLIENT", ArgKind::Text),
        ]),
        optional: false,
        multiple: false,
    },
];

/// Every command.
pub static COMMANDS: [CommandSpec; 10] = [
    CommandSpec {
        name: c"auth.issue",
        summary: c"Begins a session and returns its first access and refresh token.",
        complexity: c"O(N) with N being the number of the user's sessions, bounded when no limit binds.",
        arity: -2,
        categories: c"write slow",
        key: KeyAccess::Insert,
        args: &[
            option(c"json", c"CLAIMS", ArgKind::Text),
            option(c"aud", c"AUDIENCE", ArgKind::Text),
            option(c"id", c"CLIENT", ArgKind::Text),
            option(c"name", c"CLASS", ArgKind::Text),
            option(c"json", c"META", ArgKind::Text),
            ArgSpec {
                name: c"limit",
                token: None,
                kind: ArgKind::Block(&LIMIT),
                optional: true,
                multiple: false,
            },
            option(c"uuid", c"SID", ArgKind::Text),
            option(c"seconds", c"ACCESSTTL", ArgKind::Integer),
            option(c"seconds", c"IDLETTL", ArgKind::Integer),
            option(c"seconds", c"MAXTTL", ArgKind::Integer),
        ],
    },
    CommandSpec {
        name: c"auth.refresh",
        summary: c"Exchanges a refresh token for its successor and a new access token.",
        complexity: c"O(1)",
        arity: -3,
        categories: c"write fast",
        key: KeyAccess::Update,
        args: &[
            required(c"refresh-token", ArgKind::Text),
            option(c"access-token", c"ACCESS", ArgKind::Text),
            option(c"id", c"CLIENT", ArgKind::Text),
            option(c"json", c"META", ArgKind::Text),
        ],
    },
    CommandSpec {
        name: c"auth.verify",
        summary: c"Checks an access token and its session and returns the token's claims.",
        complexity: c"O(1)",
        arity: -3,
        categories: c"read fast",
        key: KeyAccess::Read,
        args: &[required(c"access-token", ArgKind::Text), option(c"aud", c"AUDIENCE", ArgKind::Text)],
    },
    CommandSpec {
        name: c"auth.inspect",
        summary: c"Tells what a refresh token would be answered, without rotating.",
        complexity: c"O(1)",
        arity: 3,
        categories: c"read fast",
        key: KeyAccess::Read,
        args: &[required(c"refresh-token", ArgKind::Text)],
    },
    CommandSpec {
        name: c"auth.sessions",
        summary: c"Lists a user's sessions, newest first.",
        complexity: c"O(N*log(N)) with N being the number of the user's sessions.",
        arity: -2,
        categories: c"read slow",
        key: KeyAccess::Read,
        args: &[
            ArgSpec {
                name: c"withclaims",
                token: Some(c"WITHCLAIMS"),
                kind: ArgKind::Word,
                optional: true,
                multiple: false,
            },
            option(c"n", c"OFFSET", ArgKind::Integer),
            option(c"n", c"COUNT", ArgKind::Integer),
        ],
    },
    CommandSpec {
        name: c"auth.revoke",
        summary: c"Ends all, some or one of a user's sessions.",
        complexity: c"O(N) with N being the number of sessions named, or of all of the user's with ALL.",
        arity: -3,
        categories: c"write slow",
        key: KeyAccess::Delete,
        args: &[ArgSpec {
            name: c"target",
            token: None,
            kind: ArgKind::OneOf(&REVOKE_TARGETS),
            optional: false,
            multiple: false,
        }],
    },
    CommandSpec {
        name: c"auth.setclaims",
        summary: c"Replaces the custom claims of all or one of a user's sessions.",
        complexity: c"O(N) with N being the number of sessions updated.",
        arity: 4,
        categories: c"write slow",
        key: KeyAccess::Update,
        args: &[
            ArgSpec {
                name: c"target",
                token: None,
                kind: ArgKind::OneOf(&[word(c"all", c"ALL"), required(c"sid", ArgKind::Text)]),
                optional: false,
                multiple: false,
            },
            required(c"json", ArgKind::Text),
        ],
    },
    CommandSpec {
        name: c"auth.keys",
        summary: c"Tells what each key of the ring is doing, without key material.",
        complexity: c"O(N) with N being the number of keys in the ring.",
        arity: 1,
        categories: c"read fast",
        key: KeyAccess::None,
        args: &[],
    },
    CommandSpec {
        name: c"auth.reload",
        summary: c"Reads the keyring file again.",
        complexity: c"O(N) with N being the number of keys in the file.",
        arity: 1,
        categories: c"admin dangerous slow",
        key: KeyAccess::None,
        args: &[],
    },
    CommandSpec {
        name: c"auth.jwks",
        summary: c"Returns the public keys that access tokens can be verified with, as a JWK Set.",
        complexity: c"O(N) with N being the number of keys in the ring.",
        arity: 1,
        categories: c"read fast",
        key: KeyAccess::None,
        args: &[],
    },
];
