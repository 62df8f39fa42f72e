//! The artefacts, unpacked, and shell scripts about them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The version in Cargo.toml, which all crates share.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// Where `make dist` puts things.
pub fn artefacts() -> PathBuf {
    let folder = repository().join("target/artefacts");
    assert!(folder.join("SHA256SUMS").exists(), "there are no artefacts: `make dist` makes them");
    folder
}

/// The artefacts whose names end like this.
pub fn ending(end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(artefacts()).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.to_str().unwrap().ends_with(end)).collect();
    found.sort();
    found
}

/// What a path is called.
pub fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// A platform's tarball, unpacked.
pub struct Platform {
    /// Like `x86_64-linux-gnu`.
    pub name: String,
    root: TempDir,
}

impl Platform {
    /// Every platform that was built.
    pub fn all() -> Vec<Self> {
        let tarballs = ending(".tar.gz");
        let names = tarballs.iter().map(|path| name(path).strip_suffix(".tar.gz").unwrap());
        let platforms: Vec<_> = names
            .filter_map(|name| name.strip_prefix(&format!("hallpass-{VERSION}-")))
            .filter(|name| !name.ends_with("-debug"))
            .map(Self::unpack)
            .collect();
        assert!(!platforms.is_empty(), "{tarballs:?}");
        platforms
    }

    /// The one for this machine.
    pub fn native() -> Self {
        Self::unpack(&format!("{}-linux-gnu", std::env::consts::ARCH))
    }

    fn unpack(name: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for part in ["", "-debug"] {
            let tarball = artefacts().join(format!("hallpass-{VERSION}-{name}{part}.tar.gz"));
            shell(&format!("tar -xzf {} -C {}", tarball.display(), root.path().display()));
        }
        Self { name: name.to_owned(), root }
    }

    /// A file of the tarball.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.path().join(format!("hallpass-{VERSION}-{}", self.name)).join(path)
    }

    /// The debug symbols of a binary.
    pub fn symbols(&self, binary: &str) -> PathBuf {
        self.root.path().join(format!("hallpass-{VERSION}-{}-debug/{binary}.debug", self.name))
    }

    /// Module and server.
    pub fn binaries(&self) -> [PathBuf; 2] {
        ["libhallpass.so", "hallpass-server"].map(|name| self.file(name))
    }

    /// Whether it has glibc.
    pub fn is_gnu(&self) -> bool {
        self.name.ends_with("-gnu")
    }
}

/// Runs a script that must succeed, and returns what it printed.
#[track_caller]
pub fn shell(script: &str) -> String {
    let output = Command::new("sh").args(["-euc", script]).current_dir(repository()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{said}{errors}");
    said
}
