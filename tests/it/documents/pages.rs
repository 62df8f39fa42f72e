//! The documents of the project, and the commands in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::build::repository;

/// Reads a file of the project, by its path from the root.
#[track_caller]
pub fn project_file(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the paths of all documents from the root: those beside the README, and every page under docs/.
pub fn documents() -> Vec<String> {
    let mut found = vec![];
    collect(repository(), false, &mut found);
    collect(&repository().join("docs"), true, &mut found);
    let name = |path: &PathBuf| path.strip_prefix(repository()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(name).collect()
}

fn collect(dir: &Path, descends: bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if descends {
                collect(&path, true, found);
            }
        } else if path.extension().is_some_and(|end| end == "md") || path.ends_with("llms.txt") {
            found.push(path);
        }
    }
}

/// A fenced block of code.
pub struct Block {
    /// The heading that it stands under.
    pub section: String,
    /// The word after the opening fence, such as `sh`.
    pub language: String,
    /// The lines between the fences.
    pub text: String,
}

/// Returns all blocks of a document.
pub fn blocks(document: &str) -> Vec<Block> {
    let text = project_file(document);
    let (mut found, mut section, mut open) = (vec![], String::new(), None::<Block>);
    for line in text.lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                let (section, language) = (section.clone(), language.to_owned());
                open = Some(Block { section, language, text: String::new() });
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) if line.starts_with('#') => section = line.trim_start_matches('#').trim().to_owned(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{document}: a block has no end");
    found
}

/// Returns the shell commands in a section of a document, as one script.
#[track_caller]
pub fn script(document: &str, section: &str) -> String {
    let blocks = blocks(document).into_iter();
    let is_meant = |block: &Block| block.language == "sh" && block.section == section;
    let script: String = blocks.filter(is_meant).map(|block| block.text).collect();
    assert!(!script.is_empty(), "{document} has no commands under {section}");
    script
}
