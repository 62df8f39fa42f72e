//! Module and server: how large they are, what they need, what they say of themselves.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::support::{Platform, VERSION, name, repository, shell};

/// The newest symbols of the C library that may be needed: those of RHEL 8.
const GLIBC: (u32, u32) = (2, 28);

fn readelf(options: &str, file: &Path) -> String {
    shell(&format!("readelf {options} {}", file.display()))
}

#[test]
fn they_are_small() {
    for platform in Platform::all() {
        let [module, server] = platform.binaries().map(|file| fs::metadata(file).unwrap().len());
        assert!(module <= 4_500_000 && server <= 9_000_000, "{}: {module}, {server}", platform.name);
    }
}

#[test]
fn their_debug_symbols_are_apart() {
    for platform in Platform::all() {
        for file in platform.binaries() {
            let sections = readelf("-SW", &file);
            assert!(!sections.contains(".debug_line") && !sections.contains(".symtab"), "{sections}");
            assert!(sections.contains(".gnu_debuglink"), "{sections}");
            let symbols = platform.symbols(name(&file));
            assert!(readelf("-SW", &symbols).contains(".debug_line"), "{symbols:?}");
            let link = shell(&format!("readelf --string-dump=.gnu_debuglink {}", file.display()));
            assert!(link.contains(name(&symbols)), "{link}");
        }
    }
}

#[test]
fn they_need_no_newer_c_library_than_2_28() {
    for platform in Platform::all() {
        for file in platform.binaries() {
            let newest = newest_glibc(&readelf("--dyn-syms -W", &file));
            println!("{} of {}: GLIBC {newest:?}", name(&file), platform.name);
            assert_eq!(newest.is_some(), platform.is_gnu(), "{file:?}");
            assert!(newest.is_none_or(|newest| newest <= GLIBC), "{file:?}: {newest:?}");
        }
    }
}

fn newest_glibc(symbols: &str) -> Option<(u32, u32)> {
    let versions = symbols.split("@GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split([' ', '\n']).next()?;
        let mut numbers = version.split('.').map_while(|number| number.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    versions.max()
}

#[test]
fn they_need_no_library_but_the_c_library() {
    for platform in Platform::all() {
        for file in platform.binaries() {
            let dynamic = readelf("-d", &file);
            let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
            let needed: Vec<_> = needed.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
            let belongs = |library: &&str| {
                ["libc.", "libm.", "libdl.", "librt.", "libpthread.", "ld-linux"]
                    .iter()
                    .any(|own| library.starts_with(own))
            };
            assert!(needed.iter().all(belongs), "{file:?}: {needed:?}");
            let is_static = !platform.is_gnu() && name(&file) == "hallpass-server";
            assert_eq!(needed.is_empty(), is_static, "{file:?}: {needed:?}");
        }
    }
}

#[test]
fn they_name_no_path_of_the_machine_that_built_them() {
    let home = std::env::var("HOME").unwrap();
    for platform in Platform::all() {
        let binaries = platform.binaries();
        let symbols = binaries.each_ref().map(|file| platform.symbols(name(file)));
        for file in binaries.iter().chain(&symbols) {
            let content = fs::read(file).unwrap();
            for path in [repository().to_str().unwrap(), &format!("{home}/.cargo")] {
                let found = content.windows(path.len()).any(|window| window == path.as_bytes());
                assert!(!found, "{file:?} has {path}");
            }
        }
    }
}

#[test]
fn both_tell_version_and_commit() {
    let platform = Platform::native();
    let commit = shell("git describe --always --dirty --abbrev=12 --exclude '*' || echo unknown");
    let commit = commit.trim();
    let said = shell(&format!("{} --version", platform.file("hallpass-server").display()));
    assert_eq!(said, format!("hallpass-server {VERSION} ({commit})\n"));
    let redis = Redis::start(&platform);
    let info = redis.cli("INFO hallpass");
    for line in [format!("hallpass_version:{VERSION}"), format!("hallpass_commit:{commit}")] {
        assert!(info.contains(&line), "{info}");
    }
}

/// A Redis of this machine with the module of a tarball; it ends with the value.
struct Redis {
    process: Child,
    folder: tempfile::TempDir,
}

impl Redis {
    fn start(platform: &Platform) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let server = platform.file("hallpass-server");
        shell(&format!("{} keys generate --keyring {}", server.display(), path("keyring.json")));
        let process = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", &path("redis.sock"), "--dir", &path("")])
            .arg("--loadmodule")
            .arg(platform.file("libhallpass.so"))
            .args(["--hallpass.keyring-file", &path("keyring.json")])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { process, folder };
        let ping = format!("redis-cli -s {} PING 2>&1 | grep -q PONG", redis.socket());
        shell(&format!("timeout 60 sh -c 'until {ping}; do sleep 0.05; done'"));
        redis
    }

    fn socket(&self) -> String {
        self.folder.path().join("redis.sock").display().to_string()
    }

    fn cli(&self, command: &str) -> String {
        shell(&format!("redis-cli -s {} {command}", self.socket()))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
