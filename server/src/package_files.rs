//! `package-files`: writes what packages install beside the program. All of it follows from the command line's definition.

use crate::cli::Cli;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use hallpass_admin::error::cannot;
use std::fs;
use std::path::Path;

const PROGRAM: &str = "hallpass-server";

/// Writes `man`, a page for each command, and `completions`, a file for each shell, into `directory`.
pub fn write(directory: &Path) -> Result<()> {
    let (man, completions) = (directory.join("man"), directory.join("completions"));
    for path in [&man, &completions] {
        fs::create_dir_all(path).with_context(cannot("make the directory", path))?;
    }
    clap_mangen::generate_to(Cli::command(), &man).with_context(cannot("write to", &man))?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut Cli::command(), PROGRAM, &completions)
            .with_context(cannot("write to", &completions))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_man_page_and_every_shell_completions() {
        let directory = tempfile::tempdir().expect("directory");
        write(directory.path()).expect("written");
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).expect(name);
        assert!(read("man/hallpass-server.1").contains("keys"));
        assert!(read("man/hallpass-server-serve.1").contains("HALLPASS_LISTEN"));
        assert!(read("man/hallpass-server-keys-rotate.1").contains("activate"));
        for name in ["hallpass-server.bash", "_hallpass-server", "hallpass-server.fish"] {
            assert!(read(&format!("completions/{name}")).contains("redis-url"), "{name}");
        }
    }
}
