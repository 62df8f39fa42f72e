//! docs/configuration.md and the shipped redis.conf: every setting and every flag, with its default; and the commands
//! of the page.

use std::{fs, process::Command};

use serde_json::{Value as Json, json};

use super::{
    pages::{project_file, script},
    shell::{Shell, run},
};
use crate::support::{
    build::built,
    http_server::{Server, directory},
    tokens::{claims, header},
    *,
};

/// Returns the settings of the module with their values.
fn settings() -> Vec<(String, String)> {
    let pairs: Vec<String> = Redis::start().connect().get(&["CONFIG", "GET", "hallpass.*"]);
    pairs.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

#[test]
fn the_shipped_configuration_names_every_setting_with_its_default() {
    let shipped = project_file("redis.conf");
    for (name, default) in settings() {
        let line = shipped.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        let value = line.unwrap_or_else(|| panic!("redis.conf lacks {name}")).trim_matches('"');
        assert!(value == default || name == "hallpass.keyring-file", "{name} is {value}");
    }
}

#[test]
fn the_shipped_configuration_starts_without_a_warning() {
    let shipped = project_file("redis.conf");
    let ours = ["port ", "bind ", "dir ", "loadmodule ", "hallpass.keyring-file "];
    let kept = shipped
        .lines()
        .filter(|line| !line.starts_with('#') && !ours.iter().any(|own| line.starts_with(own)));
    let redis = kept.fold(Redis::builder(), |builder, line| builder.line(line)).start();
    assert!(!redis.log().contains("persistence is off") && !redis.log().contains("maxmemory-policy"));
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    assert!(shipped.contains(&format!("/{}", built().module.file_name().unwrap().to_str().unwrap())));
}

#[test]
fn the_page_explains_every_setting_with_its_default() {
    let page = project_file("docs/configuration.md");
    for (name, default) in settings() {
        let short = name.strip_prefix("hallpass.").unwrap();
        let row = page.lines().find_map(|line| line.strip_prefix(&format!("| `{short}` | ")));
        let cell = row.unwrap_or_else(|| panic!("{name} is not explained")).split(" | ").next().unwrap();
        let documented = cell.trim_matches(['`', ' ', '|']);
        assert!(documented == default || short == "keyring-file", "{name}: {documented} and {default}");
    }
}

#[test]
fn the_page_explains_every_flag() {
    let help = Command::new(&built().server).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let page = project_file("docs/configuration.md");
    let flags: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .map(|word| word.trim_end_matches(','))
        .collect();
    assert!(flags.len() > 10, "{help}");
    for flag in flags.into_iter().filter(|flag| *flag != "--help") {
        let flag = flag.trim_end_matches(|last: char| !last.is_ascii_alphanumeric());
        assert!(page.contains(&format!("`{flag} ")) || page.contains(&format!("`{flag}`")), "{flag}");
    }
}

#[test]
fn the_commands_for_keys_work_as_written() {
    let said = Shell::new().run(&script("docs/configuration.md", "The keyring"));
    for status in ["active", "next"] {
        assert_eq!(said.matches(&format!(" {status} ")).count(), 2, "one key of each use: {said}");
    }
}

#[test]
fn the_commands_for_clients_work_as_written() {
    let shell = Shell::new();
    let said = shell.run(&script("docs/configuration.md", "The clients file"));
    assert_eq!(said, "shop  scopes=issue,manage  audiences=*  confidential=no  secrets=1\n");
    let secret = |file: &str| fs::read_to_string(shell.path(file)).unwrap();
    assert_eq!(secret("shop-secret").trim().len(), "hps_".len() + 43, "256 bits");
    assert_ne!(secret("shop-secret"), secret("shop-secret-2"));
    let clients = fs::read_to_string(shell.path("clients.json")).unwrap();
    let clients: Json = serde_json::from_str(&clients).unwrap();
    assert_eq!(clients["clients"][0]["secrets"].as_array().unwrap().len(), 1, "the older one was removed");
}

#[test]
fn the_private_redis_is_set_up_as_written() {
    let page = project_file("docs/configuration.md");
    let flags = ["--alg ES256", "--set hallpass.access-ttl=300"];
    assert!(flags.iter().all(|flag| page.contains(flag)));
    let server = Server::start_in(directory(), &flags.join(" ").split(' ').collect::<Vec<_>>());
    let login = server.login("42");
    let token = login.text_of("access_token");
    assert_eq!(header(&token)["alg"], "ES256");
    let claims = claims(&token);
    assert_eq!(
        (claims["iss"].as_str(), &claims["aud"]),
        (Some(&*format!("http://{}", server.address())), &json!("hallpass"))
    );

    let socket = server.data("redis.sock").display().to_string();
    let cli = |args: &str| run(server.dir(), &format!("redis-cli -s {socket} {args}"));
    assert_eq!(login.json()["expires_in"], 300);
    assert_eq!(cli("CONFIG SET hallpass.access-ttl 60").trim(), "OK");
    assert_eq!(server.login("42").json()["expires_in"], 60);
    let program = built().server.display();
    run(
        server.dir(),
        &format!("{program} keys rotate --alg EdDSA --keyring data/keyring.json --activate-in 0s"),
    );
    let alg = || header(&server.login("42").text_of("access_token"))["alg"].clone();
    wait_until("the new key signs", SOON, || alg() == "EdDSA");
}
