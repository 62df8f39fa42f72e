//! What a release says that it is made of.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::support::{Platform, VERSION, artefacts, repository};

fn components() -> Vec<Value> {
    let path = artefacts().join(format!("hallpass-{VERSION}.cdx.json"));
    let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(document["bomFormat"], "CycloneDX");
    document["components"].as_array().unwrap().clone()
}

fn text<'a>(component: &'a Value, member: &str) -> &'a str {
    component[member].as_str().unwrap()
}

#[test]
fn the_bill_of_materials_names_every_crate_with_its_checksum() {
    let locked = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let components = components();
    let names: BTreeSet<_> = components.iter().map(|component| text(component, "name")).collect();
    for direct in ["redis-module", "aws-lc-sys", "axum", "redis", "mimalloc", "clap"] {
        assert!(names.contains(direct), "{direct} is missing");
    }
    for component in &components {
        let (name, version) = (text(component, "name"), text(component, "version"));
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        let rest = locked.split(&entry).nth(1).unwrap_or_else(|| panic!("{entry} is not in Cargo.lock"));
        let checksum = rest.split("checksum = \"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(component["hashes"][0]["content"], checksum, "{name}");
        assert!(component["licenses"][0]["expression"].is_string(), "{name}");
    }
}

#[test]
fn every_crate_comes_with_the_text_of_its_licence() {
    let components = components();
    for platform in Platform::all() {
        let licences = fs::read_to_string(platform.file("THIRD-PARTY-LICENCES.txt")).unwrap();
        let (list, texts) = licences.split_once("\n=====").unwrap();
        let listed: Vec<_> =
            list.lines().filter_map(|line| line.split_once(": ")).map(|(part, _)| part).collect();
        for component in &components {
            let part = format!("{} {}", text(component, "name"), text(component, "version"));
            let has_text = texts.contains(&format!("\n{part}, ")) || !listed.contains(&part.as_str());
            assert!(has_text, "{part} of {}", platform.name);
        }
        assert!(listed.len() > 100, "{}", listed.len());
        assert!(listed.iter().any(|part| part.starts_with("The Rust standard library")));
    }
}
