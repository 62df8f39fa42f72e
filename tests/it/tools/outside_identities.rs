//! Outside identities with programs that we did not write: oidc-provider as the issuer, Chromium as the browser,
//! openid-client and oauth4webapi as clients. What they do is in tests/identities. And an issuer with a certificate of a
//! private authority.

use std::{fs, process::Command, sync::PoisonError};

use serde_json::{Value as Json, json};

use super::browser::BROWSER;
use crate::documents::pages::blocks;
use crate::support::{
    authority::Authority,
    build::{built, repository},
    http_server::{Server, add_client, clients_file, directory},
    outside_issuer::{IssuerKey, OutsideIssuer, unix_seconds},
    tokens,
    tools::{installed, node, succeeds, system_program, tool},
};

#[test]
fn a_user_of_a_foreign_issuer_logs_in_with_a_browser() {
    installed("tests/identities/node_modules/.installed");
    let chromium = system_program("chromium");
    let dir = directory();
    let file = dir.path().join("issuers.json");
    fs::write(&file, "[]").unwrap();
    let server = Server::start_in(dir, &["--dev-cookie", "--issuers-file", file.to_str().unwrap()]);
    let _alone = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = node();
    command
        .arg(repository().join("tests/identities/browser_login.mjs"))
        .env("HALLPASS_URL", format!("http://{}", server.address()))
        .env("HALLPASS_PID", server.process_id().to_string())
        .env("ISSUERS_FILE", &file)
        .env("PROFILE", server.dir().join("profile"))
        .env("CHROMIUM", chromium);
    succeeds("browser_login.mjs", &mut command);
}

#[test]
fn openid_client_and_oauth4webapi_exchange_tokens() {
    installed("tests/identities/node_modules/.installed");
    let key = IssuerKey::new("RS256", "k1");
    let issuer = OutsideIssuer::with(&[&key]);
    let dir = directory();
    let secret = add_client(dir.path(), "bff", &["--scope", "issue", "--confidential"]);
    let (file, clients) = (dir.path().join("issuers.json"), clients_file(dir.path()));
    fs::write(&file, json!([{"issuer": issuer.url(), "audience": "app"}]).to_string()).unwrap();
    let flags = ["--issuers-file", file.to_str().unwrap(), "--clients-file", clients.to_str().unwrap()];
    let server = Server::start_in(directory(), &flags);
    let tokens: Vec<String> = (0..4).map(|_| key.token(&issuer.claims("42"))).collect();
    let facts = json!({
        "issuer": format!("http://{}", server.address()), "tokens": tokens, "audience": "hallpass", "secret": secret,
    });
    let mut command = Command::new(tool("node"));
    command.arg(repository().join("tests/identities/clients.mjs")).arg(facts.to_string());
    succeeds("clients.mjs", &mut command);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn keys_are_fetched_over_tls_by_the_certificates_that_the_system_trusts() {
    let (ours, stranger) = (Authority::new(), Authority::new());
    let key = IssuerKey::new("ES256", "k");
    let issuer = OutsideIssuer::with_tls(&[&key], ours.server_config());
    let dir = directory();
    let path = dir.path().join("issuers.json");
    fs::write(&path, json!([{"issuer": issuer.url(), "audience": "app"}]).to_string()).unwrap();
    let check = |certificates: &str| {
        let file = dir.path().join("ca.pem");
        fs::write(&file, certificates).unwrap();
        let mut command = Command::new(&built().server);
        command.args(["issuers", "check", "--issuers-file"]).arg(&path).env("SSL_CERT_FILE", file);
        String::from_utf8(command.env_remove("SSL_CERT_DIR").output().unwrap().stdout).unwrap()
    };
    assert!(check(&ours.pem()).contains("1 key (ES256)"), "{}", check(&ours.pem()));
    let refused = check(&stranger.pem());
    assert!(refused.contains("FAILED") && refused.contains("TLS"), "{refused}");
    let none = check("");
    assert!(none.contains("FAILED") && none.contains("root certificates"), "{none}");
    assert_eq!(issuer.asked(), 1, "who does not trust the certificate asks nothing");
}

/// Returns the block of a language in a section of docs/identities.md.
#[track_caller]
fn block(section: &str, language: &str) -> String {
    let mut blocks = blocks("docs/identities.md").into_iter();
    let found = blocks.find(|block| block.section == section && block.language == language);
    found.expect("the block").text
}

/// Runs a module with Node.js, where `jose` can be imported, and returns its output.
#[track_caller]
fn run_module(text: &str, environment: &[(&str, &str)]) -> String {
    let dir = directory();
    let modules = installed("tests/clients/node_modules");
    std::os::unix::fs::symlink(modules, dir.path().join("node_modules")).unwrap();
    fs::write(dir.path().join("snippet.mjs"), text).unwrap();
    let mut command = Command::new(tool("node"));
    succeeds("snippet", command.arg("snippet.mjs").current_dir(dir.path()).envs(environment.iter().copied()))
}

/// Starts a server with this issuers file.
fn serving(issuers: &str) -> Server {
    let dir = directory();
    let file = dir.path().join("issuers.json");
    fs::write(&file, issuers).unwrap();
    Server::start_in(dir, &["--issuers-file", file.to_str().unwrap()])
}

#[test]
fn an_issuer_of_ones_own_signs_as_the_page_says() {
    const SECTION: &str = "An issuer of your own";
    let issuer = OutsideIssuer::with(&[]);
    let here = |text: String| {
        text.replace("https://login.example.com/jwks.json", &issuer.jwks_uri())
            .replace("https://login.example.com", issuer.url())
    };
    let keys = "import { generateKeyPairSync } from 'node:crypto'\nconst user = { id: '42' }\n\
                const { privateKey, publicKey } = generateKeyPairSync('ed25519')\n";
    let print = "\nconst jwk = { ...publicKey.export({ format: 'jwk' }), kid: '2026-01' }\n\
                 console.log(JSON.stringify({ token, jwk }))\n";
    let said = run_module(&format!("{keys}{}{print}", here(block(SECTION, "javascript"))), &[]);
    let said: Json = serde_json::from_str(&said).unwrap();
    issuer.publish_jwks(vec![said["jwk"].clone()]);
    let server = serving(&here(block(SECTION, "json")));
    let output = Command::new("sh")
        .args([
            "-ec",
            &block("Outside identities", "sh")
                .replace("https://app.example.com", &format!("http://{}", server.address())),
        ])
        .env("ID_TOKEN", said["token"].as_str().unwrap())
        .output()
        .unwrap();
    let answer: Json = serde_json::from_slice(&output.stdout).expect("a token response");
    let access = tokens::claims(answer["access_token"].as_str().unwrap());
    assert_eq!((&access["sub"], &access["role"]), (&json!("42"), &json!("admin")), "{answer}");
}

#[test]
fn a_page_exchanges_a_firebase_token_as_the_page_says() {
    let key = IssuerKey::new("RS256", "k1");
    let issuer = OutsideIssuer::with(&[&key]);
    let project = "https://securetoken.google.com/my-project";
    let mut file: Json = serde_json::from_str(&block("Firebase", "json")).unwrap();
    file[0]["jwks_uri"] = issuer.jwks_uri().into();
    let server = serving(&file.to_string());
    let now = unix_seconds();
    let token = key.token(&json!({
        "iss": project, "aud": "my-project", "sub": "uid", "iat": now, "exp": now + 3600, "auth_time": now - 60,
    }));
    let page = "const auth = { currentUser: { getIdToken: async () => process.env.TOKEN } }\n\
                const real = fetch\n\
                const inPage = async (path, init) => {\n\
                const answer = await real(process.env.URL + path, init)\n\
                console.log(answer.status, answer.headers.getSetCookie().join())\n\
                }\n";
    let code = block("Firebase", "javascript").replace("await fetch(", "await inPage(");
    let url = format!("http://{}", server.address());
    let said = run_module(&format!("{page}{code}"), &[("TOKEN", &token), ("URL", &url)]);
    assert!(said.starts_with("200 __Host-hallpass=hp1."), "{said}");
}
