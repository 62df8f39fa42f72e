//! AUTH.RELOAD: another keyring without a restart, and the tokens of keys that were removed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use crate::support::{keyring::write_secret, *};

mod expiry;

fn path(redis: &Redis) -> PathBuf {
    redis.path("keyring.json")
}

/// Replaces the keyring file and reloads it.
#[track_caller]
fn reload(redis: &Redis, ring: &Keyring) {
    ring.write(&path(redis));
    redis.connect().get::<()>(&["AUTH.RELOAD"]);
}

/// Returns the kids of `AUTH.KEYS`.
fn kids(con: &mut Con) -> Vec<String> {
    let entries: Vec<std::collections::BTreeMap<String, redis::Value>> = con.get(&["AUTH.KEYS"]);
    entries
        .into_iter()
        .map(|mut entry| redis::from_redis_value(entry.remove("kid").unwrap()).unwrap())
        .collect()
}

#[test]
fn a_new_ring_is_in_use_at_once() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let ring = redis.ring().clone().and(Key::signing("ES256", "sig-2")).and(Key::refresh("ref-2"));
    reload(&redis, &ring);

    assert_eq!(kids(&mut con), ["sig-1", "sig-2", "ref-1", "ref-2"]);
    assert_eq!((con.info("signing_kid"), con.info("refresh_kid")), ("sig-2".into(), "ref-2".into()));
    con.verify("auth:42", &first.access, &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(tokens::header(&second.access)["kid"], "sig-2");
    assert_eq!(tokens::refresh_parts(&second.refresh)[1], "ref-2");
    jwt::independently_verified(&con.jwks(), &second.access);
    jwt::independently_verified(&con.jwks(), &first.access);
    con.refresh("auth:42", &second.refresh, &["ACCESS", &first.access]).unwrap();
}

#[test]
fn the_answer_is_ok_in_both_protocols() {
    let redis = Redis::start();
    assert_eq!(redis.raw().call(&["AUTH.RELOAD"]), Reply::Simple("OK".into()));
    assert_eq!(redis.raw().resp3().call(&["AUTH.RELOAD"]), Reply::Simple("OK".into()));
    assert_eq!(redis.raw().call(&["AUTH.RELOAD", "/etc/passwd"]).error_code(), "ERR");
    assert!(redis.log().contains("reloaded"));
}

/// Returns files that are not a usable ring, with the reason for each.
fn bad_files() -> Vec<(&'static str, String)> {
    let (sig, refresh) = (Key::signing("EdDSA", "sig-9"), Key::refresh("ref-9"));
    let ring = |keys: &[&Key]| Keyring(keys.iter().map(|&key| key.clone()).collect()).text();
    let text = ring(&[&sig, &refresh]);
    vec![
        ("empty", String::new()),
        ("cut short", text[..text.len() - 1].to_owned()),
        ("no JSON", "keys".into()),
        ("no set", "{}".into()),
        ("an array", format!("[{text}]")),
        ("no keys", ring(&[])),
        ("no refresh key", ring(&[&sig])),
        ("no signing key", ring(&[&refresh])),
        ("a kid twice", ring(&[&sig, &refresh, &refresh])),
        ("a kid that is none", ring(&[&sig, &refresh, &Key::refresh("a b")])),
        ("an unknown use", ring(&[&sig, &refresh, &Key::refresh("x").with("use", "enc")])),
        (
            "another pair's half",
            ring(&[&sig.clone().with("x", Key::signing("EdDSA", "y").text("x")), &refresh]),
        ),
        ("a short secret", ring(&[&sig, &Key::refresh("x").with("k", "AAAA")])),
        ("never valid", ring(&[&sig.clone().with("nbf", 5).with("exp", 5), &refresh])),
        ("too large", " ".repeat(1 << 20) + &text),
    ]
}

#[test]
fn a_bad_file_is_refused_and_the_old_ring_stays() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let mut tokens = con.issue("auth:42", &[]).unwrap();
    let jwks = con.jwks();
    for (what, text) in bad_files() {
        write_secret(&path(&redis), &text, 0o600);
        let refusal = con.run(&["AUTH.RELOAD"]).unwrap_err();
        assert_eq!(refusal.code, "ERR", "{what}");
        assert!(refusal.text.starts_with("hallpass: the keyring file is not usable"), "{what}: {refusal:?}");
        assert_eq!(kids(&mut con), ["sig-1", "ref-1"], "{what}");
        assert_eq!(con.jwks(), jwks, "{what}");
        con.verify("auth:42", &tokens.access, &[]).unwrap();
        tokens = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    }
    let log = redis.log();
    let complaints = log.lines().filter(|line| line.contains("the keyring in use stays")).count();
    assert_eq!(complaints, bad_files().len(), "{log}");
    assert!(log.contains("no key with \"use\":\"refresh\""), "{log}");
    assert!(bad_files().iter().all(|(_, text)| text.len() < 40 || !log.contains(&text[..40])));
    redis.ring().write(&path(&redis));
    con.get::<()>(&["AUTH.RELOAD"]);
}

#[test]
fn the_mode_of_the_file_counts_again() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let text = redis.ring().clone().and(Key::refresh("ref-2")).text();
    for mode in [0o644, 0o604, 0o660, 0o620, 0o602, 0o606, 0o777] {
        write_secret(&path(&redis), &text, mode);
        assert_eq!(refused(con.run(&["AUTH.RELOAD"])), "ERR", "{mode:o}");
        assert_eq!(kids(&mut con), ["sig-1", "ref-1"], "{mode:o}");
    }
    for mode in [0o640, 0o440, 0o600, 0o400] {
        fs::set_permissions(path(&redis), fs::Permissions::from_mode(mode)).unwrap();
        con.get::<()>(&["AUTH.RELOAD"]);
    }
    assert_eq!(kids(&mut con).len(), 3);
    assert!(redis.log().contains("readable by its group"));
}

#[test]
fn a_missing_file_and_a_directory_are_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    fs::remove_file(path(&redis)).unwrap();
    assert_eq!(refused(con.run(&["AUTH.RELOAD"])), "ERR");
    fs::create_dir(path(&redis)).unwrap();
    assert_eq!(refused(con.run(&["AUTH.RELOAD"])), "ERR");
    con.issue("auth:42", &[]).unwrap();
    assert_eq!(con.info("signing_kid"), "sig-1");
}

#[test]
fn the_directory_that_redis_works_in_may_change() {
    let redis = Redis::with(&["enable-protected-configs yes", "hallpass.keyring-file keyring.json"]);
    let mut con = redis.connect();
    let elsewhere = redis.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    con.get::<()>(&["CONFIG", "SET", "dir", elsewhere.to_str().unwrap()]);
    reload(&redis, &redis.ring().clone().and(Key::refresh("ref-2")));
    assert_eq!(kids(&mut con).len(), 3);
}

#[test]
fn tokens_of_a_removed_key_are_refused_afterwards() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    let before = con.records("auth:42");
    let old = redis.ring().clone();
    let new = Keyring(vec![Key::signing("EdDSA", "sig-2"), Key::refresh("ref-2")]);
    reload(&redis, &new);

    assert_eq!(refused(con.verify("auth:42", &tokens.access, &[])), "INVALIDTOKEN", "also one in the cache");
    assert_eq!(refused(con.refresh("auth:42", &tokens.refresh, &[])), "INVALIDTOKEN");
    assert_eq!(refused(con.run(&["AUTH.INSPECT", "auth:42", &tokens.refresh])), "INVALIDTOKEN");
    assert_eq!(con.records("auth:42"), before, "the session is not touched");
    reload(&redis, &Keyring([old.0, new.0].concat()));
    con.verify("auth:42", &tokens.access, &[]).unwrap();
    let second = con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert_eq!(tokens::refresh_parts(&second.refresh)[1], "ref-2");
}

#[test]
fn losing_only_the_signing_key_in_use_costs_a_refresh() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let first = con.issue("auth:42", &[]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    reload(&redis, &Keyring(vec![redis.ring().key("ref-1").clone(), Key::signing("EdDSA", "sig-2")]));
    assert_eq!(refused(con.verify("auth:42", &second.access, &[])), "INVALIDTOKEN");
    assert_eq!(
        refused(con.refresh("auth:42", &second.refresh, &["ACCESS", &second.access])),
        "INVALIDTOKEN",
        "an access token that nobody can check binds nothing"
    );
    let again = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    assert_eq!(again.refresh, second.refresh, "a retry is signed by the key that is there");
    con.verify("auth:42", &again.access, &[]).unwrap();
    let third = con.refresh("auth:42", &second.refresh, &[]).unwrap();
    con.verify("auth:42", &third.access, &[]).unwrap();
}

#[test]
fn a_kid_used_again_for_another_key_is_not_served_from_the_cache() {
    for alg in ["EdDSA", "ES256", "HS256"] {
        let redis = Redis::builder().keyring(Keyring::signing_with(alg)).start();
        let mut con = redis.connect();
        let old = con.issue("auth:42", &[]).unwrap();
        con.verify("auth:42", &old.access, &[]).unwrap();
        con.verify("auth:42", &old.access, &[]).unwrap();
        assert!(con.counter("verify_cache_hits") > 0);
        reload(&redis, &Keyring::signing_with(alg));
        assert_eq!(refused(con.verify("auth:42", &old.access, &[])), "INVALIDTOKEN", "{alg}");
        assert_eq!(refused(con.refresh("auth:42", &old.refresh, &[])), "INVALIDTOKEN", "{alg}");
        let new = con.issue("auth:42", &[]).unwrap();
        con.verify("auth:42", &new.access, &[]).unwrap();
    }
}

#[test]
fn info_says_when_the_file_is_newer_than_the_ring() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(con.info("keyring_stale"), "0");
    let ring = redis.ring().clone().and(Key::signing("EdDSA", "sig-2"));
    ring.write(&path(&redis));
    let later = SystemTime::now() + Duration::from_secs(2);
    fs::File::options().append(true).open(path(&redis)).unwrap().set_modified(later).unwrap();
    assert_eq!(con.info("keyring_stale"), "1");
    assert_eq!(con.info("signing_kid"), "sig-1", "the file is looked at by RELOAD only");
    assert_eq!(con.jwks()["keys"].as_array().unwrap().len(), 1);
    con.get::<()>(&["AUTH.RELOAD"]);
    assert_eq!(con.info("keyring_stale"), "0");
    assert_eq!(con.jwks()["keys"].as_array().unwrap().len(), 2, "it is published");

    write_secret(&path(&redis), "{", 0o600);
    let later = later + Duration::from_secs(2);
    fs::File::options().append(true).open(path(&redis)).unwrap().set_modified(later).unwrap();
    con.run(&["AUTH.RELOAD"]).unwrap_err();
    assert_eq!(con.info("keyring_stale"), "1", "a refused file is newer still");
}
