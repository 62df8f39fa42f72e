//! The pages in docs/stacks: their commands are run, and what else they show stands in the examples.

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::{
    pages::{Block, blocks, project_file, script},
    rig::page,
    shell::Shell,
    support::build::repository,
    table::{Row, STARTED_IN},
};

/// The page that is about all stacks.
pub const OVERVIEW: &str = "docs/stacks/README.md";
/// The sections whose commands are run: of the overview, and of the other pages besides those that start an example.
const OF_THE_OVERVIEW: [&str; 2] = ["With Redis alone", "Try it"];
const OF_A_STACK: [&str; 2] = ["Install", "Log in"];

/// Asserts that the overview has this table, and that nothing in the pages is left untried.
pub fn are_true(rows: &[Row]) {
    for row in rows {
        let line = row.line(&vec![true; row.promises().len()]);
        assert!(project_file(OVERVIEW).contains(&line), "{OVERVIEW} lacks: {line}");
        for block in blocks(&page(row.stack)) {
            let is_run = OF_A_STACK.contains(&&*block.section) || STARTED_IN.contains(&&*block.section);
            assert!(
                is_not_run(&block) || is_run || is_excerpt(row.stack, &block),
                "{}: {}",
                row.stack,
                block.text
            );
        }
    }
    for block in blocks(OVERVIEW) {
        assert!(is_not_run(&block) || OF_THE_OVERVIEW.contains(&&*block.section), "{}", block.text);
    }
    the_documented_redis_starts();
}

/// Returns whether a block is marked as not run: what is typed in another terminal, and sketches.
fn is_not_run(block: &Block) -> bool {
    ["console", ""].contains(&&*block.language)
}

/// Returns whether each line of a block is a line of one of the example's files.
fn is_excerpt(stack: &str, block: &Block) -> bool {
    let text = sources(&repository().join("examples").join(stack));
    block.text.lines().all(|line| text.lines().any(|known| known.trim() == line.trim()))
}

/// Returns the text of everything in a folder that is not installed or built.
fn sources(folder: &Path) -> String {
    let is_ours = |path: &PathBuf| {
        !path.ends_with("node_modules") && !path.file_name().unwrap().as_bytes().starts_with(b".")
    };
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_ours);
    paths
        .map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap_or_default() })
        .collect()
}

/// Starts Redis as the overview says.
fn the_documented_redis_starts() {
    let shell = Shell::new();
    shell.run(&script(OVERVIEW, "With Redis alone"));
    let said = shell.run("until redis-cli PING | grep -q PONG; do sleep 0.1; done\nredis-cli AUTH.KEYS");
    assert!(said.contains("active"), "{said}");
}
