//! The OpenAPI document and the page that shows it: explained, and served without help from elsewhere. A test of the
//! router compares it with the routes.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::{http::redis, support::http_server::Server};

/// The methods of OpenAPI that this server uses.
const METHODS: [&str; 4] = ["get", "put", "post", "delete"];

/// Returns the operations of the document, as `method path`.
pub fn documented(document: &Json) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| METHODS.contains(&key.as_str()));
        methods.map(move |method| format!("{method} {path}"))
    });
    operations.collect()
}

#[test]
fn the_document_is_served_with_its_gaps_filled() {
    let redis = redis();
    let document = Server::before(&redis, &[]).get("/openapi.json");
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "https://id.example" }]));
}

#[test]
fn the_document_explains_every_operation() {
    let redis = redis();
    let document = Server::before(&redis, &[]).get("/openapi.json").json();
    let tags: Vec<&Json> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in documented(&document) {
        let (method, path) = operation.split_once(' ').unwrap();
        let it = &document["paths"][path][method];
        assert!(ids.insert(it["operationId"].as_str().unwrap().to_owned()), "{operation}: its id is unique");
        assert!(it["summary"].is_string() && it["security"].is_array(), "{operation}");
        assert!(tags.contains(&&it["tags"][0]), "{operation}: the page groups by tags");
    }
}

#[test]
fn the_page_may_load_nothing_from_elsewhere() {
    let redis = redis();
    let page = Server::before(&redis, &[]).get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
}
