//! The table of verifiers in docs/commands.md: which libraries that we did not write take our access tokens.

use std::{collections::BTreeMap, process::Command};

use serde_json::from_str;

use crate::{
    documents::pages::project_file,
    support::{
        oauth_server::OauthServer,
        tools::{installed, system_program, tool},
    },
};

/// The columns of the table, except the last one.
const ALGORITHMS: [&str; 4] = ["EdDSA", "ES256", "RS256", "PS256"];

/// Whether a library takes a token, and whether it takes one without `client_id`.
type Accepted = BTreeMap<String, (bool, bool)>;

/// Asks the verifiers of each language about tokens of this algorithm.
fn accepted(alg: &str) -> Accepted {
    let server = OauthServer::start(alg);
    installed("tests/clients/node_modules/.installed");
    let mut python = Command::new(tool("python"));
    let mut go = Command::new(system_program("go"));
    // Debian's packages for Go are not modules.
    go.args(["run"]).envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")]);
    let said = [
        server.passes(&mut Command::new(tool("node")), "verifiers.mjs", "all"),
        server.passes(python.args(["-B", "-s", "-W", "ignore"]), "verifiers.py", "all"),
        server.passes(&mut go, "verifiers.go", "all"),
    ];
    said.iter().flat_map(|json| from_str::<Accepted>(json).unwrap()).collect()
}

/// Returns the library of a row of the table: `jsonwebtoken 9 with jwks-rsa 4 (Node.js)` without versions and language.
fn library(cell: &str) -> String {
    let name = cell.split(" (").next().unwrap().split(' ');
    name.filter(|word| word.parse::<u32>().is_err()).collect::<Vec<_>>().join(" ")
}

/// Returns the rows of the page by library: the cells behind it.
fn documented() -> BTreeMap<String, Vec<bool>> {
    let page = project_file("docs/commands.md");
    let table = page.split("| library |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().skip(2).map(|row| row.trim_matches(['|', ' ']).split(" | "));
    let row = |mut cells: std::str::Split<'_, &str>| {
        let library = library(cells.next().unwrap());
        (library, cells.map(|cell| cell == "yes").collect())
    };
    rows.map(row).collect()
}

#[test]
fn the_table_of_verifiers_is_true() {
    let by_algorithm = ALGORITHMS.map(accepted);
    let mut found: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for accepted in &by_algorithm {
        accepted
            .iter()
            .for_each(|(library, (takes, _))| found.entry(library.clone()).or_default().push(*takes));
    }
    for (library, row) in &mut found {
        row.push(by_algorithm.iter().any(|accepted| accepted[library].1));
    }
    assert_eq!(documented(), found);
}
