//! The documents lead somewhere: every link between them names a file and a heading that exist, and every page can be
//! reached from the README.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::pages::{documents, project_file};
use crate::support::build::repository;

/// A link to another place in the project.
struct Link {
    /// The path from the root; that of the document itself for a link within it.
    target: String,
    /// The heading, as it stands behind `#`.
    anchor: Option<String>,
}

/// Returns the text of a document without code.
fn prose(document: &str) -> String {
    let text = project_file(document);
    let outside_fences: String = text.split("\n```").step_by(2).collect();
    outside_fences.split('`').step_by(2).collect()
}

/// Returns the links of a document that stay inside the project.
fn links(document: &str) -> Vec<Link> {
    let prose = prose(document);
    let targets = prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let inner = targets.filter(|target| !target.contains("://"));
    inner.map(|target| resolve(document, target)).collect()
}

fn resolve(document: &str, link: &str) -> Link {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let from = Path::new(document);
    let joined = if path.is_empty() { from.into() } else { from.with_file_name("").join(path) };
    let target = normal(&joined).to_str().unwrap().to_owned();
    Link { target, anchor: anchor.map(str::to_owned) }
}

/// Returns the path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(normal.pop(), "{path:?} leaves the project"),
            component => normal.push(component),
        }
    }
    normal
}

/// Returns the anchors that a document's headings get: lower case, without punctuation, hyphens for blanks.
fn anchors(document: &str) -> BTreeSet<String> {
    let outside_fences: String = project_file(document).split("\n```").step_by(2).collect();
    let headings = outside_fences.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_names_a_file_and_a_heading_that_exist() {
    for document in documents() {
        for Link { target, anchor } in links(&document) {
            assert!(repository().join(&target).exists(), "{document}: there is no {target}");
            if let Some(anchor) = anchor {
                assert!(anchors(&target).contains(&anchor), "{document}: {target} has no heading #{anchor}");
            }
        }
    }
}

#[test]
fn no_document_has_two_headings_with_one_anchor() {
    for document in documents() {
        let outside_fences: String = project_file(&document).split("\n```").step_by(2).collect();
        let headings = outside_fences.lines().filter(|line| line.starts_with('#')).count();
        // A changelog repeats its headings, and nothing links to them.
        assert!(anchors(&document).len() == headings || document == "CHANGELOG.md", "{document}");
    }
}

#[test]
fn every_page_can_be_reached_from_the_readme_and_from_llms_txt() {
    for start in ["README.md", "llms.txt"] {
        let named: BTreeSet<String> = links(start).into_iter().map(|link| link.target).collect();
        for page in documents().iter().filter(|page| page.starts_with("docs/") && *page != start) {
            let folder = Path::new(page).parent().unwrap().to_str().unwrap();
            assert!(named.contains(page) || named.contains(folder), "{start} does not lead to {page}");
        }
    }
}

/// The folders whose paths stand between backticks in documents.
const FOLDERS: [&str; 6] = ["docs/", "examples/", "fuzz/", "module/", "server/", "tests/"];

#[test]
fn every_path_of_the_project_that_is_mentioned_exists() {
    let mut mentioned = 0;
    for document in documents() {
        for code in project_file(&document).lines().flat_map(|line| line.split('`').skip(1).step_by(2)) {
            // NAME stands for any name.
            if FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains("NAME") {
                assert!(repository().join(code).exists(), "{document}: there is no {code}");
                mentioned += 1;
            }
        }
    }
    assert!(mentioned > 20, "{mentioned}");
}

#[test]
fn a_link_is_read_as_a_browser_reads_it() {
    let link = resolve("docs/bench/README.md", "../http.md#rate-limits");
    assert_eq!((link.target.as_str(), link.anchor.as_deref()), ("docs/http.md", Some("rate-limits")));
    let link = resolve("docs/http.md", "#routes");
    assert_eq!((link.target.as_str(), link.anchor.as_deref()), ("docs/http.md", Some("routes")));
}
