//! schemathesis generates requests from the OpenAPI document, and with all its checks finds no answer that contradicts it.
//! tests/tools/schemathesis.toml names the exceptions, with the reason for each.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::json;

use crate::{
    documents::openapi::documented,
    http::redis,
    support::{build::repository, http_server::Server, outside_issuer::OutsideIssuer, tools},
};

/// Runs schemathesis against the server, with a fresh access token, on some of the document's operations.
fn schemathesis(server: &Server, document: &Path, operations: [&str; 2]) -> Output {
    let login = server.login("the owner of the access token");
    let mut command = Command::new(tools::tool("schemathesis"));
    command
        .arg("--config-file")
        .arg(repository().join("tests/tools/schemathesis.toml"))
        .args(["--no-color", "run"])
        .arg(document)
        .args(["--url", &format!("http://{}", server.address())])
        .args(operations)
        .args([
            "--max-examples",
            "25",
            "--seed",
            "1",
            "--continue-on-failure",
            "--generation-database",
            "none",
        ])
        .env("HALLPASS_CLIENT_SECRET", server.secret())
        .env("HALLPASS_ACCESS_TOKEN", login.text_of("access_token"))
        .current_dir(server.dir());
    command.output().unwrap()
}

#[test]
fn schemathesis_finds_no_answer_that_contradicts_the_document() {
    let redis = redis();
    let issuer = OutsideIssuer::with(&[]);
    let issuers = redis.path("issuers.json");
    fs::write(&issuers, json!([{"issuer": issuer.url(), "audience": "app"}]).to_string()).unwrap();
    let flags = ["--rate-limit", "0", "--issuers-file", issuers.to_str().unwrap()];
    let server = Server::before(&redis, &flags);
    let document = server.get("/openapi.json");
    let all = documented(&document.json()).len();
    let file = server.dir().join("openapi.json");
    fs::write(&file, &document.text).unwrap();
    // The operation that ends the session of the token that all others use runs by itself. One whose answer does not end is
    // left out.
    let ending = ["operation-id", "endMySessions"];
    for (filter, count) in [("exclude", all - 2), ("include", 1)] {
        let flag = format!("--{filter}-{}", ending[0]);
        let output = schemathesis(&server, &file, [&flag, ending[1]]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(&format!("{count} selected / {all} total")), "{said}");
        assert!(!said.contains("Authentication failed"), "it got in: {said}");
    }
}
