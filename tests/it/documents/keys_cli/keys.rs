//! `keys generate`, `keys list` and `keys prune`; none of the commands reveals a secret.

use std::{fs, os::unix::fs::MetadataExt};

use serde_json::{Value as Json, json};

use super::{DAY, File, keys, now};
use crate::support::{Key, Keyring};

#[test]
fn generate_makes_each_algorithm_and_names_the_verifiers_that_lack_eddsa() {
    for (alg, kty) in
        [("EdDSA", "OKP"), ("ES256", "EC"), ("RS256", "RSA"), ("PS256", "RSA"), ("HS256", "oct")]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keyring.json");
        let report = keys("generate", &path, &["--alg", alg]).succeeds();
        assert_eq!(report.contains("lack EdDSA"), alg == "EdDSA", "{report}");
        let ring: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((&ring["keys"][0]["alg"], &ring["keys"][0]["kty"]), (&json!(alg), &json!(kty)));
        assert_eq!(ring["keys"][1]["use"], "refresh");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(keys("list", &path, &[]).succeeds().contains(alg));
    }
}

#[test]
fn prune_removes_expired_keys_only() {
    let ring = Keyring::default()
        .and(Key::signing("ES256", "old-sig").with("exp", 1_000_000_000))
        .and(Key::refresh("old-ref").with("exp", 5))
        .and(Key::refresh("retiring").with("exp", now() + DAY))
        .and(Key::signing("HS256", "next").with("nbf", now() + DAY));
    let file = File::of(&ring);
    let report = file.run("prune", &[]).succeeds();
    assert!(report.contains("removed signing key old-sig (ES256), expired 2001-09-09T01:46:40Z"), "{report}");
    assert!(report.contains("removed refresh key old-ref"), "{report}");
    assert_eq!(file.kids(), ["sig-1", "ref-1", "retiring", "next"]);
    for key in file.keys() {
        assert_eq!(key, ring.key(key["kid"].as_str().unwrap()).0);
    }
    let (text, inode) = (fs::read(&file.path).unwrap(), fs::metadata(&file.path).unwrap().ino());
    assert!(file.run("prune", &[]).succeeds().contains("nothing removed"));
    assert_eq!((fs::read(&file.path).unwrap(), fs::metadata(&file.path).unwrap().ino()), (text, inode));
}

#[test]
fn list_shows_everything_but_secrets() {
    let ring = Keyring::default()
        .and(Key::signing("HS256", "gone").with("exp", 1_000_000_000))
        .and(Key::signing("ES256", "next").with("nbf", 4_107_542_400_u64));
    let file = File::of(&ring);
    let before = fs::read(&file.path).unwrap();
    let table = file.run("list", &[]).succeeds();
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            ["kid", "use", "alg", "status", "nbf", "exp"],
            ["sig-1", "sig", "EdDSA", "active", "-", "-"],
            ["gone", "sig", "HS256", "expired", "-", "2001-09-09T01:46:40Z"],
            ["next", "sig", "ES256", "next", "2100-03-01T00:00:00Z", "-"],
            ["ref-1", "refresh", "HS256", "active", "-", "-"],
        ]
    );
    for secret in ring.secrets() {
        assert!(!table.contains(&secret));
    }
    assert_eq!(fs::read(&file.path).unwrap(), before);
}

#[test]
fn reports_and_complaints_hold_no_secret() {
    let ring = Keyring::default();
    let file = File::of(&ring);
    let report = file.run("rotate", &["--alg", "HS256"]).succeeds();
    let new = file.keys().into_iter().map(Key);
    for secret in Keyring(new.collect()).secrets() {
        assert!(!report.contains(&secret));
    }
    let broken = File::with(&ring.text().replace("\"use\"", "\"usage\""), 0o600);
    for command in ["rotate", "list", "prune"] {
        let line = broken.run(command, &[]).fails();
        assert!(ring.secrets().iter().all(|secret| !line.contains(secret)), "{line}");
    }
}
