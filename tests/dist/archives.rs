//! What is there, and what is in the tarballs.

use std::fs;

use crate::support::{Platform, VERSION, artefacts, name, shell};

#[test]
fn every_artefact_is_listed_with_its_checksum() {
    let folder = artefacts();
    shell(&format!("cd {} && sha256sum --check --strict --quiet SHA256SUMS", folder.display()));
    let listed = fs::read_to_string(folder.join("SHA256SUMS")).unwrap().lines().count();
    assert_eq!(listed, fs::read_dir(&folder).unwrap().count() - 1);
}

#[test]
fn every_platform_has_its_packages() {
    for platform in Platform::all() {
        let debian = match platform.name.as_str() {
            "x86_64-linux-gnu" => Some(("amd64", "x86_64")),
            "aarch64-linux-gnu" => Some(("arm64", "aarch64")),
            _ => None,
        };
        let Some((debian, architecture)) = debian else { continue };
        for file in [
            format!("hallpass_{VERSION}_{debian}.deb"),
            format!("hallpass-{VERSION}-redis-software-{architecture}.zip"),
        ] {
            assert!(artefacts().join(&file).exists(), "{file}");
        }
    }
}

#[test]
fn a_tarball_holds_all_that_an_installation_needs() {
    for platform in Platform::all() {
        for file in [
            "LICENSE",
            "THIRD-PARTY-LICENCES.txt",
            "CHANGELOG.md",
            "hallpass.env",
            "rotate-keys",
            "rotate-everywhere.sh",
            "users.acl",
            "nginx.conf",
            "alerts.yml",
            "man/hallpass-server.1",
            "completions/hallpass-server.bash",
            "systemd/hallpass-server.service",
            "systemd/hallpass-rotate-keys.timer",
            "systemd/redis-server.service.d/hallpass.conf",
        ] {
            assert!(platform.file(file).exists(), "{file} of {}", platform.name);
        }
    }
}

#[test]
fn the_configuration_in_a_tarball_names_the_module_beside_it() {
    for platform in Platform::all() {
        let text = fs::read_to_string(platform.file("redis.conf")).unwrap();
        assert!(text.contains("\nloadmodule ./libhallpass.so\n"), "{text}");
        assert!(!text.contains("target/") && !text.contains("make build"), "{text}");
    }
}

#[test]
fn files_belong_to_root_and_have_the_time_of_the_commit() {
    for platform in Platform::all() {
        let tarball = artefacts().join(format!("hallpass-{VERSION}-{}.tar.gz", platform.name));
        let listed = shell(&format!("tar --numeric-owner --full-time -tvzf {}", tarball.display()));
        let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut times: Vec<_> = listed.lines().map(|line| fields(line)[3..5].join(" ")).collect();
        times.dedup();
        assert_eq!(times.len(), 1, "{listed}");
        assert!(listed.lines().all(|line| fields(line)[1] == "0/0"), "{listed}");
    }
}

#[test]
fn man_pages_and_completions_can_be_read() {
    let platform = Platform::native();
    let pages = fs::read_dir(platform.file("man")).unwrap().map(|entry| entry.unwrap().path());
    let pages: Vec<_> = pages.collect();
    let names: Vec<_> = pages.iter().map(|page| name(page)).collect();
    assert!(names.contains(&"hallpass-server-serve.1") && names.contains(&"hallpass-server-keys-rotate.1"));
    for page in &pages {
        assert!(fs::read_to_string(page).unwrap().contains(".TH "), "{page:?}");
    }
    shell(&format!("bash -n {}", platform.file("completions/hallpass-server.bash").display()));
}
