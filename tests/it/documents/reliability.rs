//! docs/reliability.md: every line of its tables names a test that exists.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::pages::project_file;

/// Returns whether there is a file or a folder for this path of modules, or one of the folders of tests has it.
pub(super) fn is_a_test(name: &str) -> bool {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    let path = name.replace("::", "/");
    let folders = fs::read_dir(&tests).unwrap().map(|folder| folder.unwrap().path());
    let has =
        |folder: PathBuf| [".rs", "/mod.rs"].iter().any(|end| folder.join(format!("{path}{end}")).exists());
    folders.chain([tests.clone()]).any(has)
}

#[test]
fn every_line_of_the_tables_names_a_test_that_exists() {
    let page = project_file("docs/reliability.md");
    let last_cell = |line: &str| line.strip_suffix(" |")?.rsplit(" | ").next().map(str::to_owned);
    let named = page.split("### ").skip(1).flat_map(|part| part.split("\n## ").next().unwrap().lines());
    let cells: Vec<_> = named.filter_map(last_cell).filter(|cell| cell.starts_with('`')).collect();
    assert!(cells.len() > 20, "{cells:?}");
    for name in cells.iter().flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`')) {
        assert!(name.starts_with("make ") || name.starts_with("cargo ") || is_a_test(name), "{name}");
    }
}
