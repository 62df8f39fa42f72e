//! A hallpass-server with some clients and keys of one algorithm, for scripts in tests/clients.

use std::{
    fs::{DirBuilder, Permissions, set_permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    process::Command,
};

use serde_json::{Value as Json, json};

use super::{
    build::{built, repository},
    http_server::{Server, add_client, directory},
    tools::succeeds,
};

/// The confidential client. Form encoding changes its name.
const APPLICATION: &str = "shop-front.v1_x";

/// A server for scripts.
pub struct OauthServer {
    server: Server,
    facts: Json,
}

impl OauthServer {
    /// Starts a server with a private Redis and a keyring of this algorithm.
    #[track_caller]
    pub fn start(alg: &str) -> Self {
        let dir = directory();
        let data = dir.path().join("data");
        DirBuilder::new().mode(0o700).create(&data).expect("a data directory");
        set_permissions(&data, Permissions::from_mode(0o700)).expect("its mode");
        let keyring = data.join("keyring.json");
        let keys = ["keys", "generate", "--alg", alg, "--keyring"];
        succeeds("keys generate", Command::new(&built().server).args(keys).arg(&keyring));
        let application =
            add_client(&data, APPLICATION, &["--confidential", "--scope", "issue,introspect,manage"]);
        let issue_only = add_client(&data, "issue-only", &["--scope", "issue"]);
        let server = Server::start_in(dir, &[]);
        let facts = json!({
            "issuer": format!("http://{}", server.address()),
            "audience": "hallpass",
            "alg": alg,
            "secrets": {"local": server.secret(), APPLICATION: application, "issue-only": issue_only},
            "program": built().server,
            "keyring": keyring,
            "socket": server.data("redis.sock"),
            "redis": server.redis_pid(),
        });
        Self { server, facts }
    }

    /// Runs a scenario of a script in tests/clients with `interpreter`; it must succeed. Returns its output.
    #[track_caller]
    pub fn passes(&self, interpreter: &mut Command, script: &str, scenario: &str) -> String {
        let path = repository().join("tests/clients").join(script);
        let command = interpreter.arg(path).arg(scenario).arg(self.facts.to_string());
        let output = succeeds(&format!("{script} {scenario}, {}", self.facts["alg"]), command);
        assert!(!self.server.log().contains("panicked"), "{}", self.server.log());
        output
    }
}
