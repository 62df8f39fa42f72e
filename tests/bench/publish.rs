//! The documentation of a complete run: `docs/bench` with the numbers as JSON, as a page, and the ratios as a chart.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Value as Json, json};

use crate::{
    Measurement, chart,
    machine::{describe, describe_others},
    report::{Ratio, Report},
};

const INTRODUCTION: &str = "# Benchmarks

Written by `make bench`, which measures everything again. Hallpass is compared with Redis itself, and with
what one would build instead, on the same machine in the same run: the compared sides take turns, and each
number is the median of the rounds. Ratios carry over to other machines better than rates do.

";

const LEGEND: &str = "
What one would build instead:

- (a) by hand: both tokens are JWTs, and GET, DEL and SET are sent one after the other
- (b) an atomic Lua script compares and writes the hash of a random token
- (c) oidc-provider, on Node.js with Redis
- (d) a Node.js server with that Lua script and EdDSA
";

/// The results of each measurement.
pub type Results = Vec<(Measurement, Report)>;

/// Writes all three files.
pub fn write(results: &Results) {
    let ratios: Vec<&Ratio> = results.iter().flat_map(|(_, report)| &report.ratios).collect();
    for (name, text) in [
        ("results.json", as_json(results)),
        ("README.md", page(results)),
        ("ratios.svg", chart::draw(&ratios)),
    ] {
        write_file(name, &text);
    }
}

/// Writes a file of `docs/bench`.
pub fn write_file(name: &str, text: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench");
    fs::create_dir_all(&dir).expect("a writable directory");
    fs::write(dir.join(name), text).expect("a writable directory");
}

fn as_json(results: &Results) -> String {
    let origin = describe().into_iter().chain(describe_others());
    let machine: Json = origin.map(|(what, which)| (what.to_owned(), json!(which))).collect();
    let by_name =
        |(measurement, report): &(Measurement, Report)| (measurement.name.to_owned(), report_json(report));
    let measurements: Json = results.iter().map(by_name).collect();
    let all = json!({ "machine": machine, "measurements": measurements });
    serde_json::to_string_pretty(&all).expect("JSON") + "\n"
}

fn report_json(report: &Report) -> Json {
    let ratio = |ratio: &Ratio| {
        json!({ "what": ratio.what, "value": ratio.value, "target": ratio.target.text(),
            "met": ratio.target.is_met_by(ratio.value) })
    };
    let table = |(title, rows): &(String, Vec<Vec<String>>)| json!({ "title": title, "rows": rows });
    let (ratios, tables): (Vec<_>, Vec<_>) =
        (report.ratios.iter().map(ratio).collect(), report.tables.iter().map(table).collect());
    json!({ "ratios": ratios, "tables": tables })
}

fn page(results: &Results) -> String {
    let mut out = String::from(INTRODUCTION);
    out.push_str(&origin(&[describe(), describe_others()].concat()));
    out.push_str("\n![Ratios by their targets](ratios.svg)\n\n## Ratios\n\n");
    out.push_str(&ratio_table(results));
    out.push_str(LEGEND);
    for (Measurement { name, about, .. }, report) in results {
        write!(out, "\n## {name}\n\n`make bench BENCH={name}`\n\n{about}\n").expect("a string");
        for (title, rows) in &report.tables {
            write!(out, "\n{title}:\n\n{}", markdown(rows)).expect("a string");
        }
    }
    out
}

fn ratio_table(results: &Results) -> String {
    let head = ["ratio", "value", "target", "", "repeat"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    for (Measurement { name, .. }, report) in results {
        let again = format!("`make bench BENCH={name}`");
        rows.extend(report.ratios.iter().map(|ratio| [ratio.row(), vec![again.clone()]].concat()));
    }
    markdown(&rows)
}

/// Returns the origin of numbers as a list.
pub fn origin(facts: &[(&str, String)]) -> String {
    facts.iter().map(|(what, which)| format!("- {what}: {which}\n")).collect()
}

/// Returns a table whose first row is the head and whose first column alone is text.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let columns = rows.first().map_or(0, Vec::len);
    let rule = format!("| --- |{}\n", " ---: |".repeat(columns.saturating_sub(1)));
    let body: String = rows.iter().skip(1).map(|row| line(row)).collect();
    line(&rows[0]) + &rule + &body
}
