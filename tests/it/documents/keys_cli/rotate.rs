//! `keys rotate`: the times it sets, and the rotations it refuses.

use serde_json::json;

use super::{DAY, File, assert_in, now};
use crate::support::{Key, Keyring};

#[test]
fn rotate_adds_a_key_of_each_kind_and_gives_the_old_ones_an_end() {
    let ring = Keyring::signing_with("ES256").and(Key::signing("HS256", "dead").with("exp", 5));
    let file = File::of(&ring);
    let report = file.run("rotate", &[]).succeeds();
    let keys = file.keys();
    assert_eq!(keys.len(), 5);
    for old in &keys[..2] {
        assert_in(&old["exp"], 91 * DAY);
        assert_eq!(old.get("nbf"), None);
    }
    assert_eq!(keys[2], ring.key("dead").0);
    assert_eq!((&keys[3]["use"], &keys[3]["alg"]), (&json!("sig"), &json!("ES256")));
    assert_eq!((&keys[4]["use"], &keys[4]["kty"]), (&json!("refresh"), &json!("oct")));
    for new in &keys[3..] {
        assert_in(&new["nbf"], DAY);
        assert_eq!(new.get("exp"), None);
        assert!(report.contains(new["kid"].as_str().unwrap()), "{report}");
    }
    assert!(report.contains("AUTH.RELOAD there before 2"), "{report}");
    assert_eq!(file.names(), ["keyring.json"]);
}

#[test]
fn rotate_takes_times_and_an_algorithm() {
    let file = File::of(&Keyring::default());
    let flags = ["--activate-in", "0s", "--retire-after", "336h", "--alg", "RS256"];
    let report = file.run("rotate", &flags).succeeds();
    let keys = file.keys();
    assert_in(&keys[0]["exp"], 14 * DAY);
    assert_in(&keys[2]["nbf"], 0);
    assert_eq!(keys[2]["alg"], "RS256");
    assert!(report.contains("AUTH.RELOAD there now"), "{report}");

    let table = file.run("list", &[]).succeeds();
    let status = |kid: &str| {
        let line = table.lines().find(|line| line.starts_with(kid)).unwrap();
        line.split_whitespace().nth(3).unwrap().to_owned()
    };
    assert_eq!([status("sig-1"), status("ref-1")], ["retiring", "retiring"]);
    for new in &keys[2..] {
        assert_eq!(status(new["kid"].as_str().unwrap()), "active");
    }
    // Once more at once: the newer keys win although they begin in the same second, and RS256 stays.
    file.run("rotate", &flags[..2]).succeeds();
    let active: Vec<_> = file
        .run("list", &[])
        .succeeds()
        .lines()
        .filter(|l| l.contains(" active "))
        .map(str::to_owned)
        .collect();
    for (line, new) in active.iter().zip(&file.keys()[4..]) {
        assert!(line.starts_with(new["kid"].as_str().unwrap()), "{line}");
    }
    assert_eq!(file.keys()[4]["alg"], "RS256");
}

#[test]
fn rotate_moves_no_end_back() {
    let (soon, late) = (now() + 2 * DAY, now() + 1000 * DAY);
    let ring = Keyring(vec![
        Key::signing("EdDSA", "soon").with("exp", soon),
        Key::signing("EdDSA", "late").with("exp", late),
        Key::refresh("none"),
    ]);
    let file = File::of(&ring);
    file.run("rotate", &[]).succeeds();
    let keys = file.keys();
    assert_eq!(keys[0]["exp"], soon);
    assert_in(&keys[1]["exp"], 91 * DAY);
}

#[test]
fn a_rotation_that_would_end_sessions_needs_force() {
    let file = File::of(&Keyring::default());
    for short in ["0s", "13d", "1209599s"] {
        file.refuses(
            "rotate",
            &["--retire-after", short],
            &["hallpass.idle-ttl", "default of 14d", "--force"],
        );
    }
    file.run("rotate", &["--activate-in", "0s", "--retire-after", "0s", "--force"]).succeeds();
    for old in &file.keys()[..2] {
        assert_in(&old["exp"], 0);
    }
}

#[test]
fn a_rotation_while_a_key_waits_needs_force_and_overtakes_it() {
    let file = File::of(&Keyring::default());
    file.run("rotate", &["--activate-in", "3d"]).succeeds();
    file.refuses("rotate", &[], &["waits already", &file.kids()[2], "--force"]);
    file.run("rotate", &["--force", "--activate-in", "0s"]).succeeds();
    let kids = file.kids();
    assert_eq!(kids.len(), 6);
    let table = file.run("list", &[]).succeeds();
    for kid in &kids[4..] {
        assert!(table.lines().any(|line| line.starts_with(kid) && line.contains("active")), "{table}");
    }
    assert!(!table.contains("next"), "{table}");
}

#[test]
fn a_rotation_that_would_leave_a_time_without_a_key_is_refused() {
    let ring =
        Keyring(vec![Key::signing("EdDSA", "a").with("exp", 5), Key::refresh("b").with("exp", now() + 3600)]);
    let file = File::of(&ring);
    file.refuses("rotate", &["--force"], &["no signing key would sign", "0s"]);
    file.refuses("rotate", &["--activate-in", "2h", "--force"], &["0s"]);
    file.refuses("prune", &[], &["every signing key has expired", "--activate-in 0s"]);
    file.run("rotate", &["--activate-in", "0s"]).succeeds();
    let table = file.run("list", &[]).succeeds();
    assert_eq!(table.matches(" active ").count(), 2, "{table}");
}

#[test]
fn a_wrong_flag_changes_nothing() {
    let file = File::of(&Keyring::default());
    for flags in [
        ["--activate-in", "24"],
        ["--activate-in", "+1h"],
        ["--activate-in", "99999999999999999999d"],
        ["--retire-after", "1w"],
        ["--retire-after", "36501d"],
        ["--alg", "none"],
    ] {
        file.refuses("rotate", &flags, &[flags[0]]);
    }
}
