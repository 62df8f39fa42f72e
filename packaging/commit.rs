//! The build script of module and server. Tells them the commit that they are built from: `HALLPASS_COMMIT`, else what git
//! says, else `unknown`.

use std::path::Path;
use std::process::Command;

const VARIABLE: &str = "HALLPASS_COMMIT";

fn main() {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    // Git writes a line to this log whenever another commit is checked out or made.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    let commit = std::env::var(VARIABLE).ok().or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    println!("cargo::rustc-env={VARIABLE}={}", commit.as_deref().unwrap_or("unknown"));
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
