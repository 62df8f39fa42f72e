//! The properties of a keyring file that a rewrite keeps, and the files that are left alone.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
};

use super::{File, keys};
use crate::support::{Key, Keyring};

#[test]
fn members_that_hallpass_does_not_know_survive() {
    let (sig, refresh) = (Key::signing("EdDSA", "a").0, Key::refresh("b").0);
    let number = "123456789012345678901234567890.10";
    let text = format!(
        r#"{{"x-comment": {{"by":  "ops"}}, "keys": [{},{}], "x-number": {number}}}"#,
        sig.to_string().replacen('{', r#"{"x5t":"\u0041bc", "x-why": [1, null],"#, 1),
        refresh
    );
    let file = File::with(&text, 0o600);
    for command in ["rotate", "rotate", "prune"] {
        let flags: &[_] = if command == "rotate" { &["--force"] } else { &[] };
        file.run(command, flags).succeeds();
    }
    let after = fs::read_to_string(&file.path).unwrap();
    for kept in [number, r#""\u0041bc""#, r#"{"by":  "ops"}"#, "[1, null]"] {
        assert!(after.contains(kept), "{kept}");
    }
    for name in ["d", "x", "kty", "crv", "use", "alg", "kid"] {
        assert_eq!(file.keys()[0][name], sig[name]);
    }
}

#[test]
fn access_to_the_file_stays_as_it_was() {
    let (dead, live) = (Key::signing("EdDSA", "dead").with("exp", 5), Key::signing("EdDSA", "live"));
    for mode in [0o600, 0o640, 0o440, 0o400] {
        let file = File::with(&Keyring(vec![dead.clone(), live.clone(), Key::refresh("r")]).text(), mode);
        // Only root may give a file away.
        let owner = rustix::process::geteuid().is_root().then_some(12_345);
        std::os::unix::fs::chown(&file.path, owner, owner).unwrap();
        let before = fs::metadata(&file.path).unwrap();
        for command in ["rotate", "prune"] {
            file.run(command, &[]).succeeds();
            let after = fs::metadata(&file.path).unwrap();
            assert_eq!(after.mode(), before.mode(), "{command}");
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()), "{command}");
        }
    }
}

#[test]
fn a_link_stays_a_link() {
    let file = File::of(&Keyring::default());
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("mounted.json");
    symlink(&file.path, &link).unwrap();
    keys("rotate", &link, &[]).succeeds();
    assert_eq!(fs::read_link(&link).unwrap(), file.path);
    assert_eq!(file.keys().len(), 4);
    assert_eq!(fs::read_dir(links.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_the_module_would_refuse_is_left_alone() {
    let good = Keyring::default().text();
    let twice = Keyring(vec![Key::signing("EdDSA", "a"), Key::refresh("a")]).text();
    let large = format!("{good}{}", " ".repeat(1 << 20));
    for (text, mode, word) in [
        ("", 0o600, "not a JWK Set"),
        ("{", 0o600, "not a JWK Set"),
        ("[]", 0o600, "not a JWK Set"),
        (r#"{"keys":[]}"#, 0o600, "\"use\":\"sig\""),
        (&good[..good.len() - 1], 0o600, "not a JWK Set"),
        (&twice, 0o600, "used twice"),
        (&large, 0o600, "1 MiB"),
        (&good, 0o644, "chmod 600"),
        (&good, 0o660, "chmod 600"),
        (&good, 0o604, "0604"),
    ] {
        let file = File::with(text, mode);
        for command in ["rotate", "list", "prune"] {
            file.refuses(command, &[], &[word, "keyring.json"]);
        }
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("keyring.json");
    for command in ["rotate", "list", "prune"] {
        keys(command, &missing, &[]).fails();
        keys(command, dir.path(), &[]).fails();
        keys(command, Path::new("/dev/null"), &[]).fails();
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_that_cannot_be_written_keeps_its_file() {
    // Root may write anywhere.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let file = File::of(&Keyring::default());
    fs::set_permissions(file.dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    file.refuses("rotate", &[], &["cannot write", "keyring.json"]);
    fs::set_permissions(file.dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
}
