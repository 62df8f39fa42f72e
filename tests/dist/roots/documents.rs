//! The commands of the documents, as scripts for a system that is not this one.

use std::fs;

use crate::support::repository;

/// The blocks of one language in a section of a document, up to the next heading.
pub fn blocks(document: &str, section: &str, language: &str) -> String {
    let text = fs::read_to_string(repository().join(document)).unwrap();
    let section =
        text.split(&format!("# {section}\n")).nth(1).unwrap_or_else(|| panic!("{document} lacks {section}"));
    let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = section.split(&fence).skip(1).map(|block| block.split("```").next().unwrap());
    let script: String = blocks.collect();
    assert!(!script.is_empty(), "{document}: {section}");
    script
}

/// The commands of docs/install.md in a section.
pub fn install(section: &str) -> String {
    blocks("docs/install.md", section, "sh")
}

/// The README's tour with redis-cli, with the Redis on port 6379 that runs already.
pub fn tour_with_redis_cli() -> String {
    let tour = blocks("README.md", "A tour with redis-cli", "sh").replace(" -p 6380", "");
    let is_about_sessions = |part: &&str| !part.contains("redis-server") && !part.contains("SHUTDOWN");
    tour.split("\n\n").filter(is_about_sessions).collect::<Vec<_>>().join("\n")
}

/// The README's tour with curl, for a server with its data in `data`.
pub fn tour_with_curl(data: &str) -> String {
    blocks("README.md", "A tour with curl", "sh")
        .replace("data/client-secret", &format!("{data}/client-secret"))
}
