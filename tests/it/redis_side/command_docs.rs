//! Redis' description of the commands: flags, keys, arity, documentation.

use crate::support::*;

/// The commands.
pub const NAMES: [&str; 10] = [
    "auth.issue",
    "auth.refresh",
    "auth.verify",
    "auth.inspect",
    "auth.sessions",
    "auth.revoke",
    "auth.setclaims",
    "auth.jwks",
    "auth.keys",
    "auth.reload",
];

/// Returns the flags and the arity of a command.
fn info(redis: &Redis, name: &str) -> (i64, Vec<String>) {
    let reply = redis.raw().call(&["COMMAND", "INFO", name]);
    let entry = reply.items()[0].items();
    let Reply::Integer(arity) = entry[1] else { panic!("{entry:?}") };
    // Valkey's slow log became one of its command logs.
    let name = |flag: &Reply| flag.text().replace("skip_commandlog", "skip_slowlog");
    let mut flags: Vec<String> = entry[2].items().iter().map(name).collect();
    flags.sort();
    (arity, flags)
}

#[test]
fn arity_and_flags_are_as_documented() {
    let redis = Redis::start();
    let has = |name: &str, arity: i64, wanted: &[&str], unwanted: &[&str]| {
        let (found, flags) = info(&redis, name);
        assert_eq!(found, arity, "{name}");
        for flag in ["module", "skip_monitor", "skip_slowlog"].iter().chain(wanted) {
            assert!(flags.iter().any(|known| known == flag), "{name} lacks {flag}: {flags:?}");
        }
        for flag in unwanted {
            assert!(!flags.iter().any(|known| known == flag), "{name} has {flag}: {flags:?}");
        }
    };
    has("auth.issue", -2, &["write", "denyoom"], &["readonly", "admin", "loading", "stale"]);
    has("auth.refresh", -3, &["write"], &["readonly", "denyoom", "admin", "loading", "stale"]);
    for (name, arity) in [("auth.verify", -3), ("auth.inspect", -3), ("auth.sessions", -2)] {
        has(name, arity, &["readonly"], &["write", "denyoom", "admin", "loading", "stale"]);
    }
    has("auth.revoke", -3, &["write"], &["readonly", "denyoom", "admin", "loading", "stale"]);
    has("auth.setclaims", 4, &["write", "denyoom"], &["readonly", "admin", "loading", "stale"]);
    for (name, arity) in [("auth.jwks", 1), ("auth.keys", -1)] {
        has(name, arity, &["readonly", "loading", "stale"], &["write", "denyoom", "admin"]);
    }
    has("auth.reload", 1, &["admin", "loading", "stale"], &["write", "readonly", "denyoom"]);
}

#[test]
fn answers_that_depend_on_more_than_the_key_are_not_to_be_cached_by_it() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    for name in NAMES {
        let reply = raw.call(&["COMMAND", "INFO", name]);
        let tips: Vec<_> = reply.items()[0].items()[7].items().iter().map(Reply::text).collect();
        let depends = ["auth.verify", "auth.inspect", "auth.sessions"].contains(&name);
        let expected: &[&str] = if depends { &["nondeterministic_output", "dont_cache"] } else { &[] };
        assert_eq!(tips, expected, "{name}");
    }
}

#[test]
fn a_wrong_number_of_arguments_has_the_error_of_redis() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    for args in [
        &["AUTH.ISSUE"][..],
        &["AUTH.REFRESH"],
        &["AUTH.REFRESH", "auth:42"],
        &["AUTH.VERIFY"],
        &["AUTH.VERIFY", "auth:42"],
        &["AUTH.INSPECT", "auth:42"],
        &["AUTH.SESSIONS"],
        &["AUTH.REVOKE", "auth:42"],
        &["AUTH.SETCLAIMS", "auth:42", "ALL"],
        &["AUTH.SETCLAIMS", "auth:42", "ALL", "{}", "x"],
        &["AUTH.JWKS", "x"],
        &["AUTH.RELOAD", "x"],
    ] {
        let line = raw.call(args).text();
        let name = args[0].to_lowercase();
        assert_eq!(line, format!("ERR wrong number of arguments for '{name}' command"));
    }
}

#[test]
fn the_key_is_the_first_argument_whatever_else_looks_like_one() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    for args in [
        &["AUTH.ISSUE", "auth:42"][..],
        &["AUTH.ISSUE", "auth:42", "CLAIMS", "auth:1", "META", "auth:2"],
        &["AUTH.REFRESH", "auth:42", "token", "ACCESS", "auth:3"],
        &["AUTH.VERIFY", "auth:42", "token", "AUDIENCE", "auth:4"],
        &["AUTH.INSPECT", "auth:42", "auth:5"],
        &["AUTH.SESSIONS", "auth:42", "WITHCLAIMS", "COUNT", "1"],
        &["AUTH.REVOKE", "auth:42", "SESSION", "auth:6", "auth:7"],
        &["AUTH.SETCLAIMS", "auth:42", "auth:8", "auth:9"],
    ] {
        let keys = raw.call(&[&["COMMAND", "GETKEYS"], args].concat());
        assert_eq!(keys, Reply::Array(vec![Reply::Bulk(b"auth:42".to_vec())]), "{args:?}");
    }
    for name in ["AUTH.JWKS", "AUTH.KEYS", "AUTH.RELOAD"] {
        assert!(raw.call(&["COMMAND", "GETKEYS", name]).has_error(), "{name}");
    }
}

#[test]
fn key_flags_say_who_writes() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    let mut flags = |args: &[&str]| -> Vec<String> {
        let reply = raw.call(&[&["COMMAND", "GETKEYSANDFLAGS"], args].concat());
        reply.items()[0].items()[1].items().iter().map(Reply::text).collect()
    };
    for (args, doing) in [
        (&["AUTH.ISSUE", "auth:42"][..], "insert"),
        (&["AUTH.REFRESH", "auth:42", "t"], "update"),
        (&["AUTH.SETCLAIMS", "auth:42", "ALL", "{}"], "update"),
        (&["AUTH.REVOKE", "auth:42", "ALL"], "delete"),
    ] {
        assert_eq!(flags(args), ["RW", "access", doing], "{args:?}");
    }
    for args in [
        &["AUTH.VERIFY", "auth:42", "t"][..],
        &["AUTH.INSPECT", "auth:42", "t"],
        &["AUTH.SESSIONS", "auth:42"],
    ] {
        assert_eq!(flags(args), ["RO", "access"], "{args:?}");
    }
}

#[test]
fn every_command_documents_itself() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    for name in NAMES {
        let docs = raw.call(&["COMMAND", "DOCS", name]).member(name);
        for member in ["summary", "since", "complexity"] {
            assert!(docs.member(member).text().len() > 3, "{name} {member}");
        }
        assert_eq!(docs.member("module").text(), "hallpass");
    }
}

#[test]
fn every_option_stands_in_the_documented_arguments() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    let issue = [
        "CLAIMS",
        "AUDIENCE",
        "CLIENT",
        "CLASS",
        "META",
        "LIMIT",
        "EVICT",
        "REJECT",
        "SID",
        "ACCESSTTL",
        "IDLETTL",
        "MAXTTL",
        "PUBLIC",
        "SHARED",
        "AUTHTIME",
        "FORMAT",
        "JSON",
    ];
    for (name, options) in [
        ("auth.issue", &issue[..]),
        ("auth.refresh", &["ACCESS", "CLIENT", "META", "FORMAT", "JSON"]),
        ("auth.verify", &["AUDIENCE"]),
        ("auth.inspect", &["WITHCLAIMS", "FORMAT", "JSON"]),
        ("auth.sessions", &["WITHCLAIMS", "OFFSET", "COUNT", "FORMAT", "JSON"]),
        ("auth.revoke", &["ALL", "EXCEPT", "SESSION", "TOKEN", "CLIENT"]),
        ("auth.setclaims", &["ALL"]),
    ] {
        let arguments = raw.call(&["COMMAND", "DOCS", name]).member(name).member("arguments");
        let mut found = tokens_of(&arguments);
        let mut expected: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{name}");
        let first = &arguments.items()[0];
        assert_eq!(first.member("type").text(), "key", "{name}");
        let second = arguments.items()[1].pairs();
        let is_bare_string = second.contains(&("type".to_owned(), Reply::Bulk(b"string".to_vec())))
            && !second.iter().any(|(member, _)| member == "token");
        let takes_token = ["auth.refresh", "auth.verify", "auth.inspect"].contains(&name);
        assert_eq!(is_bare_string, takes_token, "{name}: the token");
    }
}

/// Returns the literal words among documented arguments, nested ones included.
pub fn tokens_of(arguments: &Reply) -> Vec<String> {
    let mut found = vec![];
    for argument in arguments.items() {
        for (member, value) in argument.pairs() {
            match member.as_str() {
                "token" => found.push(value.text()),
                "arguments" => found.extend(tokens_of(&value)),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn the_keys_of_the_ring_come_in_json_too() {
    let redis = Redis::start();
    let arguments =
        redis.raw().call(&["COMMAND", "DOCS", "auth.keys"]).member("auth.keys").member("arguments");
    let mut found = tokens_of(&arguments);
    found.sort();
    assert_eq!(found, ["FORMAT", "JSON"]);
}

#[test]
fn the_module_registers_exactly_its_commands() {
    let redis = Redis::start();
    let list = redis.raw().call(&["COMMAND", "LIST", "FILTERBY", "MODULE", "hallpass"]);
    let mut found: Vec<String> = list.items().iter().map(Reply::text).collect();
    let mut expected = NAMES;
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
