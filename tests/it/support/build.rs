//! The module and the server under test: built once per run, in the profile and target directory of the tests.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The paths of the module and the server under test.
pub struct Built {
    /// `libhallpass.so`
    pub module: PathBuf,
    /// `hallpass-server`
    pub server: PathBuf,
}

/// Returns the paths of the module and the server: from `HALLPASS_MODULE` and `HALLPASS_SERVER`, or freshly built.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let given = (env::var_os("HALLPASS_MODULE"), env::var_os("HALLPASS_SERVER"));
        if let (Some(module), Some(server)) = given {
            return Built { module: module.into(), server: server.into() };
        }
        let out = build();
        Built {
            module: given.0.map_or(out.join("libhallpass.so"), PathBuf::from),
            server: given.1.map_or(out.join("hallpass-server"), PathBuf::from),
        }
    })
}

/// Returns the hallpass-server of an earlier release, `HALLPASS_EARLIER_SERVER`, or the one under test.
#[cfg(feature = "tools")]
pub fn earlier_server() -> PathBuf {
    env::var_os("HALLPASS_EARLIER_SERVER").map_or_else(|| built().server.clone(), PathBuf::from)
}

/// Returns the redis-server to test against: `REDIS_SERVER`, or the one on the path.
pub fn redis_server() -> PathBuf {
    env::var_os("REDIS_SERVER").map_or("redis-server".into(), PathBuf::from)
}

/// Returns the root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace")
}

/// Builds the workspace, as `make build` does, and returns the directory that holds the products.
fn build() -> PathBuf {
    let out = profile_dir();
    let profile = match out.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev".to_owned(),
        Some(name) => name.to_owned(),
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace"])
        .args(["--profile", &profile])
        .arg("--target-dir")
        .arg(out.parent().expect("a target directory"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "what is to be tested does not build");
    out
}

/// Returns `target/<profile>`, two levels above this binary.
fn profile_dir() -> PathBuf {
    let binary = env::current_exe().expect("a path of the test binary");
    let profile = binary.parent().and_then(Path::parent);
    profile.expect("target/<profile>/deps").to_owned()
}
