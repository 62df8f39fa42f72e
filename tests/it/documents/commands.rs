//! Every command in a document is run by a test: the blocks are listed here, and what stands inside of sentences must
//! exist.

use std::{collections::BTreeSet, process::Command};

use super::{
    pages::{blocks, documents, project_file, script},
    shell::Shell,
};
use crate::{
    redis_side::command_docs,
    support::{build::built, *},
};

/// Each section with code that is run, with its language. Tests in the file of this folder that has the document's name
/// run commands; code in other languages is run by tests that need their tools: `tools::{snippets, moving, production, browser, prometheus}`. Those of
/// docs/install.md are run on bare systems, by `make test-roots` and `make test-images`.
const RUN: [(&str, &str, &str); 45] = [
    ("README.md", "A tour with curl", "sh"),
    ("README.md", "A tour with redis-cli", "sh"),
    ("docs/browsers.md", "At Hallpass", "sh"),
    ("docs/browsers.md", "At the proxy", "nginx"),
    ("docs/browsers.md", "In the page", "javascript"),
    ("docs/browsers.md", "Pages on another origin", "javascript"),
    ("docs/browsers.md", "Try it", "sh"),
    ("docs/commands.md", "AUTH.ISSUE", "sh"),
    ("docs/commands.md", "Replies", "python"),
    ("docs/commands.md", "The subject of a token", "go"),
    ("docs/commands.md", "The subject of a token", "javascript"),
    ("docs/commands.md", "The subject of a token", "python"),
    ("docs/configuration.md", "The clients file", "sh"),
    ("docs/configuration.md", "The keyring", "sh"),
    ("docs/console.md", "Who gets in", "sh"),
    ("docs/http.md", "Events", "sh"),
    ("docs/identities.md", "An issuer of your own", "javascript"),
    ("docs/identities.md", "Firebase", "javascript"),
    ("docs/identities.md", "Outside identities", "sh"),
    ("docs/install.md", "A server with a private Redis", "sh"),
    ("docs/install.md", "Any Linux", "sh"),
    ("docs/install.md", "Containers", "dockerfile"),
    ("docs/install.md", "Debian and Ubuntu", "sh"),
    ("docs/install.md", "Key rotation", "sh"),
    ("docs/install.md", "The module in Debian's Redis", "sh"),
    ("docs/moving.md", "From a JWT in a cookie", "python"),
    ("docs/moving.md", "From a JWT, without code", "sh"),
    ("docs/moving.md", "From a hash in Redis", "python"),
    ("docs/moving.md", "The order of things", "python"),
    ("docs/operations.md", "Backup and restore", "sh"),
    ("docs/operations.md", "Monitoring", "yaml"),
    ("docs/production.md", "A bad day, on purpose", "sh"),
    ("docs/production.md", "A firewall", "sh"),
    ("docs/production.md", "Alerts", "sh"),
    ("docs/production.md", "Backups", "sh"),
    ("docs/production.md", "Key rotation", "sh"),
    ("docs/production.md", "Redis", "sh"),
    ("docs/production.md", "Restore a backup", "sh"),
    ("docs/production.md", "Sentinels", "sh"),
    ("docs/production.md", "The site's files", "sh"),
    ("docs/production.md", "hallpass-server", "sh"),
    ("docs/production.md", "nginx", "sh"),
    ("docs/security.md", "Redis users and rights", "sh"),
    ("docs/upgrade.md", "Going back", "sh"),
    ("docs/upgrade.md", "One server", "sh"),
];

/// Languages of blocks that are not run: grammars and sketches, what `make` does, examples of messages.
const NOT_RUN: [&str; 3] = ["", "console", "json"];

#[test]
fn every_block_of_commands_is_run_by_a_test() {
    let mut found = BTreeSet::new();
    // Another test program starts the examples as their pages say, and looks at every block.
    for document in documents().iter().filter(|document| !document.starts_with("docs/stacks/")) {
        for block in blocks(document) {
            if !NOT_RUN.contains(&block.language.as_str()) {
                found.insert((document.clone(), block.section, block.language));
            }
        }
    }
    let owned = |(document, section, language): (&str, &str, &str)| {
        (document.to_owned(), section.to_owned(), language.to_owned())
    };
    assert_eq!(found, BTreeSet::from(RUN.map(owned)));
}

/// Returns the text after `program` between backticks, in all documents.
fn mentioned(program: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for document in documents() {
        let text = project_file(&document);
        for code in text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)) {
            let rest = code.strip_prefix(program).and_then(|rest| rest.strip_prefix(' '));
            found.extend(rest.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_make_target_that_is_mentioned_exists() {
    let makefile = project_file("Makefile");
    let mentioned = mentioned("make");
    assert!(mentioned.len() > 5, "{mentioned:?}");
    for line in mentioned {
        let target = line.split_whitespace().next().unwrap();
        assert!(makefile.lines().any(|rule| rule.starts_with(&format!("{target}:"))), "make {target}");
    }
}

#[test]
fn every_flag_of_the_server_that_is_mentioned_exists() {
    let mentioned = mentioned("hallpass-server");
    assert!(mentioned.len() > 3, "{mentioned:?}");
    for line in mentioned {
        let is_command = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
        let command: Vec<&str> = line.split_whitespace().take_while(is_command).collect();
        let help = Command::new(&built().server).args(&command).arg("--help").output().unwrap();
        assert!(help.status.success(), "{line}");
        let help = String::from_utf8(help.stdout).unwrap();
        let flags = line.split([' ', '[', ']']).filter(|word| word.starts_with("--"));
        flags.for_each(|flag| assert!(help.contains(flag), "hallpass-server {line}: {flag}"));
    }
}

/// Returns the words in upper case of a grammar, except the command's name.
fn words(grammar: &str) -> BTreeSet<String> {
    let words = grammar.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let is_literal = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
    words.filter(is_literal).map(str::to_owned).collect()
}

#[test]
fn the_page_has_the_grammar_that_redis_documents() {
    let redis = Redis::start();
    let mut raw = redis.raw();
    let grammars = blocks("docs/commands.md").into_iter().filter(|block| block.section.starts_with("AUTH."));
    let mut explained = vec![];
    for block in grammars.filter(|block| block.text.starts_with("AUTH.")) {
        let name = block.section.to_lowercase();
        assert!(block.text.starts_with(&block.section), "{name}: {}", block.text);
        let docs = raw.call(&["COMMAND", "DOCS", &name]).member(&name);
        let known = docs.pairs().into_iter().find(|(member, _)| member == "arguments");
        let known = known.map_or(vec![], |(_, arguments)| command_docs::tokens_of(&arguments));
        assert_eq!(words(&block.text), known.into_iter().collect(), "{name}");
        explained.push(name);
    }
    explained.sort();
    let mut registered = command_docs::NAMES;
    registered.sort_unstable();
    assert_eq!(explained, registered);
}

#[test]
fn the_examples_of_the_page_work_as_written() {
    let shell = Shell::new();
    Keyring::default().write(&shell.path("keyring.json"));
    let start = "redis-server ./redis.conf --daemonize yes\nuntil redis-cli PING | grep -q PONG; do sleep 0.1; done\n";
    let said = shell.run(&(start.to_owned() + &script("docs/commands.md", "AUTH.ISSUE")));
    assert_eq!(said.matches("hp1.").count(), 3, "{said}");
}

#[test]
fn redis_cli_speaks_both_protocols() {
    let redis = Redis::builder().tcp().start();
    let port = redis.port().to_string();
    for protocol in ["-2", "-3"] {
        let cli = |args: &[&str]| {
            let output = Command::new("redis-cli").args(["-p", &port, protocol]).args(args).output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        let after = |text: &str, name: &str| {
            let mut words = text.split_whitespace().skip_while(|word| *word != name);
            words.nth(1).unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
        };
        let issued = cli(&["AUTH.ISSUE", "auth:42", "CLAIMS", r#"{"role":"admin"}"#]);
        let (access, refresh) = (after(&issued, "access_token"), after(&issued, "refresh_token"));
        assert!(cli(&["AUTH.VERIFY", "auth:42", &access]).contains(r#""role":"admin""#));
        let first = cli(&["AUTH.REFRESH", "auth:42", &refresh]);
        let again = cli(&["AUTH.REFRESH", "auth:42", &refresh]);
        assert_eq!(after(&first, "access_token"), after(&again, "access_token"), "{protocol}");
        assert!(cli(&["AUTH.VERIFY", "auth:42", "x"]).contains("INVALIDTOKEN"));
    }
}
