//! Loading: the requirements, refusals with one clear line, and the other data after a refusal.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::{build::built, keyring::write_secret, redis_server::refuses_to_start, *};

/// Returns the module's warnings in a log, without the line that its framework writes at every load.
fn warnings(log: &str) -> Vec<&str> {
    let ours = |line: &&str| line.contains(" # <hallpass>") && !line.contains("Skip register defrag");
    log.lines().filter(ours).collect()
}

/// Returns the one warning of the module in a log.
#[track_caller]
fn one_clear_line(log: &str) -> String {
    let lines = warnings(log);
    assert_eq!(lines.len(), 1, "one line, not {lines:#?} in {log}");
    let text = lines[0].split_once("<hallpass>").unwrap().1.trim();
    assert!(text.len() > 20 && text.is_ascii(), "{text}");
    text.to_owned()
}

/// Returns the one line of a server that must not start with this keyring file.
#[track_caller]
fn refusal(text: &str, mode: u32) -> String {
    let log = refuses_to_start(|dir| {
        let ring = dir.join("keyring.json");
        write_secret(&ring, text, mode);
        configured(dir, "")
    });
    let secrets = Keyring::default().secrets();
    assert!(secrets.iter().all(|secret| !log.contains(secret)));
    one_clear_line(&log)
}

/// Returns configuration lines that load the module with `keyring.json` and `more`.
fn configured(dir: &Path, more: &str) -> String {
    let module = built().module.display();
    format!("loadmodule {module}\nhallpass.keyring-file {}/keyring.json\n{more}", dir.display())
}

#[test]
fn no_keyring_no_load_and_the_line_says_how_to_make_one() {
    let unset = refuses_to_start(|_| format!("loadmodule {}", built().module.display()));
    let missing = refuses_to_start(|dir| configured(dir, ""));
    for log in [unset, missing] {
        let line = one_clear_line(&log);
        assert!(line.contains("hallpass-server keys generate"), "{line}");
    }
}

#[test]
fn a_keyring_that_others_can_read_is_refused() {
    let text = Keyring::default().text();
    for mode in [0o644, 0o604, 0o666, 0o606, 0o444] {
        let line = refusal(&text, mode);
        assert!(line.contains("chmod 600"), "{mode:o}: {line}");
    }
}

#[test]
fn a_keyring_that_the_group_can_read_loads_with_a_warning() {
    for mode in [0o640, 0o440] {
        let redis = Redis::start();
        let ring = redis.path("shared.json");
        write_secret(&ring, &Keyring::default().text(), mode);
        let other = Redis::builder()
            .line(&format!("hallpass.keyring-file {}", ring.display()))
            .line("appendonly yes")
            .start();
        assert!(one_clear_line(&other.log()).contains("group"));
        other.connect().issue("auth:42", &[]).unwrap();
    }
}

#[test]
fn a_keyring_of_the_owner_alone_loads_without_a_warning() {
    for mode in [0o600, 0o400] {
        let redis = Redis::start();
        let ring = redis.path("own.json");
        write_secret(&ring, &Keyring::default().text(), mode);
        let other = Redis::builder()
            .line(&format!("hallpass.keyring-file {}", ring.display()))
            .line("appendonly yes")
            .start();
        assert!(warnings(&other.log()).is_empty(), "{}", other.log());
    }
}

#[test]
fn a_broken_keyring_is_refused() {
    let good = Keyring::default();
    let (sig, refresh) = (good.0[0].clone(), good.0[1].clone());
    let set = |keys: &[Key]| Keyring(keys.to_vec()).text();
    for (what, text) in [
        ("empty", String::new()),
        ("no JSON", "keys".to_owned()),
        ("cut off", good.text()[..good.text().len() - 2].to_owned()),
        ("more behind it", good.text() + "x"),
        ("no set", "[]".to_owned()),
        ("no keys member", "{}".to_owned()),
        ("no keys", r#"{"keys":[]}"#.to_owned()),
        ("no refresh key", set(std::slice::from_ref(&sig))),
        ("no signing key", set(std::slice::from_ref(&refresh))),
        ("two keys of one name", set(&[sig.clone(), refresh.clone(), Key::signing("EdDSA", "sig-1")])),
        ("two keys of one name and two uses", set(&[sig.clone(), Key::refresh("sig-1")])),
        ("no kid", set(&[sig.clone().with("kid", json!(null)), refresh.clone()])),
        ("an empty kid", set(&[sig.clone().with("kid", ""), refresh.clone()])),
        ("a kid with a dot", set(&[sig.clone(), refresh.clone().with("kid", "a.b")])),
        ("a long kid", set(&[sig.clone().with("kid", "x".repeat(65)), refresh.clone()])),
        ("an unknown alg", set(&[sig.clone().with("alg", "none"), refresh.clone()])),
        ("an alg of another type", set(&[sig.clone().with("alg", "ES256"), refresh.clone()])),
        (
            "a short secret",
            set(&[
                sig.clone(),
                Key::signing("HS256", "h").with("k", tokens::base64([7; 31])),
                refresh.clone(),
            ]),
        ),
        ("a short refresh key", set(&[sig.clone(), refresh.clone().with("k", tokens::base64([7; 15]))])),
        ("no private half", set(&[sig.clone().with("d", json!(null)), refresh.clone()])),
        (
            "halves of two keys",
            set(&[sig.clone().with("x", Key::signing("EdDSA", "o").text("x")), refresh.clone()]),
        ),
        (
            "a point off the curve",
            set(&[Key::signing("ES256", "e").with("y", tokens::base64([1; 32])), refresh.clone()]),
        ),
        (
            "a padded member",
            set(&[sig.clone(), refresh.clone().with("k", format!("{}=", refresh.text("k")))]),
        ),
        ("a time that is none", set(&[sig.clone().with("exp", "tomorrow"), refresh.clone()])),
    ] {
        println!("a keyring with {what}");
        let line = refusal(&text, 0o600);
        assert!(line.contains("keyring"), "{line}");
        for secret in good.secrets() {
            assert!(!line.contains(&secret), "{what}");
        }
    }
}

#[test]
fn a_ring_whose_keys_have_all_expired_signs_nothing_and_opens_nothing() {
    let mut redis = Redis::with(&["appendonly yes"]);
    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let expired = redis.ring().0.iter().map(|key| key.clone().with("exp", 1)).collect();
    Keyring(expired).write(&redis.path("keyring.json"));
    redis.restart();
    let mut con = redis.connect();
    assert_eq!(refused(con.issue("auth:42", &[])), "ERR");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN");
    assert_eq!(con.records("auth:42").len(), 1);
}

#[test]
fn module_arguments_are_refused() {
    let log = refuses_to_start(|dir| {
        Keyring::default().write(&dir.join("keyring.json"));
        configured(dir, "").replacen(".so\n", ".so access-ttl 60\n", 1)
    });
    assert!(one_clear_line(&log).contains("argument"), "{log}");
}

#[test]
fn a_directory_is_no_keyring() {
    let log = refuses_to_start(|dir| {
        fs::create_dir(dir.join("keyring.json")).unwrap();
        configured(dir, "")
    });
    one_clear_line(&log);
}

#[test]
fn a_live_server_survives_every_refusal() {
    let redis = Redis::builder().without_module().line("notify-keyspace-events KEA").start();
    let mut con = redis.connect();
    let module = built().module.to_str().unwrap().to_owned();
    let public = redis.path("public.json");
    let broken = redis.path("broken.json");
    write_secret(&public, &Keyring::default().text(), 0o644);
    write_secret(&broken, "{", 0o600);
    let good = redis.path("keyring.json");
    let [public, broken, good] = [public, broken, good].map(|path| path.to_str().unwrap().to_owned());
    let run_id = con.run_id();
    for more in [
        &[][..],
        &["CONFIG", "hallpass.keyring-file", "/nonexistent"],
        &["CONFIG", "hallpass.keyring-file", &public],
        &["CONFIG", "hallpass.keyring-file", &broken],
        &["CONFIG", "hallpass.keyring-file", &good, "CONFIG", "hallpass.access-ttl", "0"],
        &["CONFIG", "hallpass.keyring-file", &good, "CONFIG", "hallpass.key-pattern", "auth:"],
        &["CONFIG", "hallpass.keyring-file", &good, "ARGS", "access-ttl", "60"],
        &["CONFIG", "hallpass.keyring-file", &good, "CONFIG", "hallpass.unknown", "1"],
    ] {
        let answer = con.run(&[&["MODULE", "LOADEX", &module], more].concat());
        assert_eq!(refused(answer), "ERR", "{more:?}");
        con.get::<()>(&["SET", "auth:42", "x"]);
        con.get::<i64>(&["HSET", "auth:43", "a", "b"]);
        con.get::<i64>(&["DEL", "auth:42"]);
        con.get::<()>(&["FLUSHALL"]);
        con.get::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    }
    assert_eq!(refused(con.run(&["MODULE", "LOAD", &module])), "ERR");
    con.get::<()>(&["FLUSHALL"]);
    con.get::<()>(&["MODULE", "LOADEX", &module, "CONFIG", "hallpass.keyring-file", &good]);
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!(con.run_id(), run_id);
}

#[test]
fn sessions_outlive_unloading_the_module() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let module = built().module.to_str().unwrap().to_owned();
    let ring = redis.path("keyring.json").to_str().unwrap().to_owned();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<()>(&["MODULE", "UNLOAD", "hallpass"]);
    assert_eq!(refused(con.issue("auth:42", &[])), "ERR");
    assert_eq!(con.records("auth:42").len(), 1);
    con.get::<()>(&["FLUSHALL", "ASYNC"]);
    con.get::<()>(&["MODULE", "LOADEX", &module, "CONFIG", "hallpass.keyring-file", &ring]);
    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "NOSESSION");
    con.issue("auth:42", &[]).unwrap();
}

#[test]
fn a_module_that_is_loaded_again_knows_nothing_of_before() {
    for alg in ["EdDSA", "ES256", "RS256", "PS256"] {
        let first = Keyring::generated(alg);
        let redis = Redis::builder().keyring(first.clone()).line("hallpass.race-window 0").start();
        let mut con = redis.connect();
        let issued = con.issue("auth:42", &[]).unwrap();
        let tokens = con.refresh("auth:42", &issued.refresh, &[]).unwrap();
        for _ in 0..2 {
            con.verify("auth:42", &tokens.access, &[]).unwrap();
        }
        assert!(con.counter("verify_cache_hits") > 0 && con.counter("receipts_kept") > 0, "{alg}");

        // The same key ids, and other keys.
        let kids: Vec<&str> = first.0.iter().map(Key::kid).collect();
        let other = Keyring(vec![Key::signing("EdDSA", kids[0]), Key::refresh(kids[1])]);
        load_again(&redis, &other);
        assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN", "{alg}");
        for counter in ["issued", "refreshed", "verified", "verify_cache_hits", "receipts_kept"] {
            assert_eq!(con.counter(counter), 0, "{alg}: {counter}");
        }

        load_again(&redis, &first);
        con.get::<()>(&["CONFIG", "SET", "hallpass.race-window", "0"]);
        let again = con.refresh("auth:42", &issued.refresh, &[]).unwrap();
        assert_eq!(again.refresh, tokens.refresh, "{alg}: whether it arrived is not known any more");
        assert_eq!(con.info("retry_delay").matches("=1").count(), 1, "{alg}");
    }
}

/// Loads the module again, with this keyring.
fn load_again(redis: &Redis, ring: &Keyring) {
    let mut con = redis.connect();
    let module = built().module.to_str().unwrap().to_owned();
    let file = redis.path("keyring.json");
    ring.write(&file);
    con.get::<()>(&["MODULE", "UNLOAD", "hallpass"]);
    let file = file.to_str().unwrap().to_owned();
    con.get::<()>(&["MODULE", "LOADEX", &module, "CONFIG", "hallpass.keyring-file", &file]);
}

#[test]
fn where_config_cannot_be_asked_nothing_is_warned_of() {
    for name in ["", "SECRET-CONFIG"] {
        let redis = Redis::with(&[&format!(r#"rename-command CONFIG "{name}""#), "appendonly yes"]);
        assert!(warnings(&redis.log()).is_empty(), "{}", redis.log());
        assert_eq!(redis.connect().info("warnings"), "");
    }
}

#[test]
fn a_policy_that_evicts_and_missing_persistence_are_warned_of() {
    let redis = Redis::with(&["maxmemory-policy volatile-lru"]);
    assert!(redis.log().contains("maxmemory-policy"), "{}", redis.log());
    assert!(redis.connect().info("warnings").contains("maxmemory-policy"));
    let safe = Redis::with(&["appendonly yes"]);
    assert!(warnings(&safe.log()).is_empty(), "{}", safe.log());
}
