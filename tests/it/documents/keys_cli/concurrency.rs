//! Concurrent runs, and runs that are killed: no key is ever lost.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::File;
use crate::support::{Keyring, build::built};

#[test]
fn concurrent_rotations_lose_no_key() {
    let file = File::of(&Keyring::default());
    let reports: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> =
            (0..8).map(|_| scope.spawn(|| file.run("rotate", &["--force"]).succeeds())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let kids = file.kids();
    assert_eq!(kids.len(), 2 + 8 * 2);
    for report in reports {
        let new: Vec<_> = report.lines().filter(|line| line.starts_with("new ")).collect();
        assert_eq!(new.len(), 2, "{report}");
        for line in new {
            assert!(kids.iter().any(|kid| line.contains(kid)), "{line}");
        }
    }
    assert_eq!(file.names(), ["keyring.json"]);
}

#[test]
fn of_concurrent_rotations_without_force_one_happens() {
    let file = File::of(&Keyring::default());
    let done = thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| file.run("rotate", &[]).ok)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!((done, file.kids().len()), (1, 4));
}

#[test]
fn a_killed_rotation_leaves_a_whole_ring_and_the_next_clears_up() {
    let file = File::of(&Keyring::default());
    let mut kids = file.kids();
    for round in 0..40 {
        let mut child = Command::new(&built().server)
            .args(["keys", "rotate", "--force", "--keyring"])
            .arg(&file.path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_micros(round * 250));
        child.kill().unwrap();
        child.wait().unwrap();
        file.run("list", &[]).succeeds();
        let after = file.kids();
        assert_eq!(after[..kids.len()], kids);
        assert!([0, 2].contains(&(after.len() - kids.len())));
        kids = after;
    }
    let leftover = file.dir.path().join(".keyring.json.00112233aabbccdd");
    fs::write(&leftover, "half a ring").unwrap();
    file.run("rotate", &["--force"]).succeeds();
    assert_eq!(file.names(), ["keyring.json"]);
}
