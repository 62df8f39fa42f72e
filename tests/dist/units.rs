//! The units of systemd: they can be loaded, and expose little.

use std::fs;

use crate::support::{Platform, shell};

/// The units of the tarball in a folder, with the programs where they lie here.
fn units(platform: &Platform) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    shell(&format!("cp -r {}/. {path}", platform.file("systemd").display()));
    let server = platform.file("hallpass-server");
    let rotate = platform.file("rotate-keys");
    shell(&format!(
        "cd {path} && sed -i 's,^ExecStart=hallpass-server,ExecStart={},; s,^ExecStart=/usr/lib/hallpass/rotate-keys,ExecStart={},' *.service",
        server.display(),
        rotate.display(),
    ));
    folder
}

#[test]
fn they_and_their_drop_ins_are_valid() {
    let platform = Platform::native();
    let units = units(&platform);
    let path = units.path().display();
    let found = shell(&format!("cd {path} && systemd-analyze verify --man=no ./*.service ./*.timer 2>&1"));
    assert_eq!(found, "");
}

#[test]
fn the_drop_in_for_debians_redis_is_valid_and_lets_it_load_the_module() {
    let platform = Platform::native();
    let units = units(&platform);
    let path = units.path().display();
    let theirs = "/lib/systemd/system/redis-server.service";
    let found = shell(&format!(
        "cd {path} && cp {theirs} . && systemd-analyze verify --man=no ./redis-server.service 2>&1"
    ));
    assert_eq!(found, "");
    let text = fs::read_to_string(theirs).unwrap();
    let allowed = text.lines().find(|line| line.starts_with("ExecPaths=")).unwrap();
    assert!(allowed.contains(" /usr/lib"), "the package's own place needs no drop-in: {allowed}");
}

#[test]
fn their_exposure_is_below_two() {
    let platform = Platform::native();
    let units = units(&platform);
    for unit in ["hallpass-server", "hallpass-rotate-keys"] {
        let file = units.path().join(format!("{unit}.service"));
        let table =
            shell(&format!("systemd-analyze security --offline=true --no-pager {} 2>&1", file.display()));
        let last = table.trim_end().lines().last().unwrap();
        let words: Vec<_> = last.split_whitespace().collect();
        let score = words.iter().find_map(|word| word.parse::<f32>().ok()).unwrap();
        println!("{last}");
        assert!(score < 2.0, "{table}");
    }
}
