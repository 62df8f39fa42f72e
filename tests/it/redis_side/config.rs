//! The `hallpass.*` settings: defaults, ranges, contradictions, and those that cannot be changed.

use crate::support::{build::built, redis_server::refuses_to_start, *};

/// Settings in numbers: default, smallest, largest.
const NUMBERS: [(&str, i64, i64, i64); 12] = [
    ("access-ttl", 900, 1, 86_400),
    ("idle-ttl", 1_209_600, 1, 31_536_000),
    ("max-ttl", 7_776_000, 1, 315_360_000),
    ("race-window", 10, 0, 60),
    ("retry-window", 600, 0, 86_400),
    ("leeway", 0, 0, 60),
    ("shared", 0, 0, 1_000),
    ("access-ttl-jitter", 0, 0, 50),
    ("session-limit", 100, 0, 10_000),
    ("claims-max-bytes", 4096, 0, 65_536),
    ("verify-cache-bytes", 33_554_432, 0, 1 << 40),
    ("not-before", 0, 0, 253_402_300_799),
];

/// Returns the value of `CONFIG GET hallpass.<name>`.
fn get(con: &mut Con, name: &str) -> String {
    let pair: Vec<String> = con.get(&["CONFIG", "GET", &format!("hallpass.{name}")]);
    pair.into_iter().nth(1).unwrap_or_else(|| panic!("no hallpass.{name}"))
}

/// Sends `CONFIG SET` with pairs.
fn set(con: &mut Con, pairs: &[(&str, &str)]) -> Answer<redis::Value> {
    let mut args = vec!["CONFIG".to_owned(), "SET".to_owned()];
    for (name, value) in pairs {
        args.push(format!("hallpass.{name}"));
        args.push((*value).to_owned());
    }
    con.run(&args)
}

#[test]
fn defaults_are_as_documented() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for (name, default, _, _) in NUMBERS {
        assert_eq!(get(&mut con, name), default.to_string(), "{name}");
    }
    for (name, default) in [
        ("key-pattern", "auth:*"),
        ("issuer", ""),
        ("audience", ""),
        ("refresh-requires-access", "no"),
        ("recovery", "yes"),
        ("token-type", "at+jwt"),
        ("events", "reused revoked evicted recovered"),
    ] {
        assert_eq!(get(&mut con, name), default, "{name}");
    }
    assert!(get(&mut con, "keyring-file").ends_with("keyring.json"));
}

#[test]
fn values_out_of_range_are_refused_and_change_nothing() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for (name, default, smallest, largest) in NUMBERS {
        let over = (largest + 1).to_string();
        for value in [&(smallest - 1).to_string(), &over, "x", "", "1.5"] {
            let refusal = set(&mut con, &[(name, value)]).unwrap_err();
            assert_eq!(refusal.code, "ERR", "{name} {value}");
            assert!(refusal.text.contains(name), "{name} {value}: {}", refusal.text);
        }
        assert_eq!(get(&mut con, name), default.to_string());
    }
    for name in ["recovery", "refresh-requires-access"] {
        assert_eq!(refused(set(&mut con, &[(name, "maybe")])), "ERR");
    }
}

#[test]
fn the_limits_of_each_range_are_accepted() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for (name, default, smallest, largest) in &NUMBERS[3..] {
        for value in [smallest, largest, default] {
            set(&mut con, &[(name, &value.to_string())]).unwrap();
            assert_eq!(get(&mut con, name), value.to_string());
        }
    }
    set(&mut con, &[("access-ttl", "1")]).unwrap();
    set(&mut con, &[("idle-ttl", "1")]).unwrap();
    set(&mut con, &[("max-ttl", "1")]).unwrap();
    set(&mut con, &[("max-ttl", "315360000")]).unwrap();
    set(&mut con, &[("idle-ttl", "31536000")]).unwrap();
    set(&mut con, &[("access-ttl", "86400")]).unwrap();
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!((tokens.expires_in, tokens.refresh_expires_in), (86_400, 31_536_000));
}

#[test]
fn lifetimes_that_contradict_each_other_are_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for pairs in [
        &[("idle-ttl", "899")][..],
        &[("max-ttl", "1209599")],
        &[("idle-ttl", "7776001")],
        &[("access-ttl", "100"), ("idle-ttl", "99")],
    ] {
        assert_eq!(refused(set(&mut con, pairs)), "ERR", "{pairs:?}");
    }
    assert_eq!(get(&mut con, "idle-ttl"), "1209600");
    assert_eq!(get(&mut con, "access-ttl"), "900", "all or nothing");
    set(&mut con, &[("access-ttl", "10"), ("idle-ttl", "20"), ("max-ttl", "30")]).unwrap();
    let tokens = con.issue("auth:42", &[]).unwrap();
    assert_eq!((tokens.expires_in, tokens.refresh_expires_in), (10, 20));
}

#[test]
fn lifetimes_in_a_file_may_come_in_any_order() {
    let mut lines = ["hallpass.max-ttl 30", "hallpass.idle-ttl 20", "hallpass.access-ttl 10"];
    for _ in 0..2 {
        let tokens = Redis::with(&lines).connect().issue("auth:42", &[]).unwrap();
        assert_eq!((tokens.expires_in, tokens.refresh_expires_in), (10, 20), "{lines:?}");
        lines.reverse();
    }
}

#[test]
fn a_server_does_not_start_with_a_bad_setting() {
    for line in [
        "hallpass.access-ttl 0",
        "hallpass.access-ttl 86401",
        "hallpass.idle-ttl 10\nhallpass.access-ttl 20",
        "hallpass.max-ttl 10",
        "hallpass.key-pattern auth:",
        "hallpass.key-pattern *:*",
        "hallpass.key-pattern \"\"",
        "hallpass.token-type \"\"",
        "hallpass.recovery maybe",
        "hallpass.token-type jwt",
        "hallpass.events everything",
        "hallpass.shared 1001",
        "hallpass.access-ttl-jitter 51",
        "hallpass.unknown 1",
    ] {
        let log = refuses_to_start(|dir| {
            Keyring::default().write(&dir.join("keyring.json"));
            let module = built().module.display();
            format!("loadmodule {module}\nhallpass.keyring-file {}/keyring.json\n{line}", dir.display())
        });
        assert!(log.contains("hallpass"), "{line}: {log}");
    }
}

#[test]
fn the_keyring_and_the_pattern_cannot_be_changed() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(refused(set(&mut con, &[("keyring-file", "/tmp/x")])), "ERR");
    assert_eq!(refused(set(&mut con, &[("key-pattern", "x:*")])), "ERR");
    assert_eq!(get(&mut con, "key-pattern"), "auth:*");
}

#[test]
fn changes_take_effect_at_once_and_survive_a_rewrite() {
    let mut redis = Redis::start();
    let mut con = redis.connect();
    let pairs = [("issuer", "https://id.example"), ("audience", "api"), ("access-ttl", "60")];
    set(&mut con, &pairs).unwrap();
    let claims = con.issue("auth:42", &[]).unwrap().claims();
    assert_eq!((&claims["iss"], &claims["aud"]), (&"https://id.example".into(), &"api".into()));
    con.get::<()>(&["CONFIG", "REWRITE"]);
    redis.restart();
    let mut con = redis.connect();
    assert_eq!(get(&mut con, "issuer"), "https://id.example");
    assert_eq!(con.issue("auth:42", &[]).unwrap().expires_in, 60);
}

#[test]
fn tokens_stay_valid_when_a_lifetime_changes() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    set(&mut con, &[("access-ttl", "60"), ("idle-ttl", "120")]).unwrap();
    con.verify("auth:42", &first.access, &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!((second.expires_in, second.refresh_expires_in), (60, 120));
}
