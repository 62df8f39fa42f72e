//! `clients add|list|remove`: the clients file from the command line.

use super::arguments::ClientsCommand;
use super::client::{Client, MAX_SECRETS, Scope};
use super::file;
use super::secret::{Secret, SecretHash};
use crate::access;
use anyhow::{Context, Result, anyhow, bail};
use std::io::{self, Write};
use std::path::Path;

/// The note on how a change takes effect.
const SERVER_NOTE: &str = "a running server reads the file again within 5 seconds";

/// Runs `clients …`.
pub fn run(command: ClientsCommand) -> Result<()> {
    match command {
        ClientsCommand::Add { clients_file, id, scope, audience, confidential } => {
            let wanted =
                Client { id, scopes: ordered(&scope), audiences: audience, confidential, secrets: vec![] };
            let secret = add(&clients_file, wanted)?;
            let file = clients_file.display();
            eprintln!("the secret, shown this once: only its hash is in {file}; {SERVER_NOTE}");
            writeln!(io::stdout(), "{}", secret.reveal()).context(
                "the secret could not be written, so nobody has it: `clients remove` removes the client with all its secrets",
            )?;
            if let Some(note) = access::note_on_owner(&clients_file) {
                eprintln!("{note}");
            }
            Ok(())
        }
        ClientsCommand::List { clients_file } => list(&clients_file),
        ClientsCommand::Remove { clients_file, id, older_secret } => remove(&clients_file, &id, older_secret),
    }
}

/// Adds the client with a new secret, or a second secret to one that is there already.
fn add(path: &Path, wanted: Client) -> Result<Secret> {
    let secret = Secret::generate()?;
    let hash = SecretHash::of(secret.reveal());
    file::update(path, |clients| {
        match clients.iter_mut().find(|client| client.id == wanted.id) {
            None => clients.push(Client { secrets: vec![hash], ..wanted }),
            Some(client) => add_secret(client, &wanted, hash)?,
        }
        Ok(())
    })?;
    Ok(secret)
}

/// Adds a second secret to a client, which must be described as it is: adding a secret changes no right.
fn add_secret(client: &mut Client, wanted: &Client, hash: SecretHash) -> Result<()> {
    let id = &client.id;
    let same = client.scopes == wanted.scopes
        && client.audiences == wanted.audiences
        && client.confidential == wanted.confidential;
    if !same {
        bail!("client {id} exists with other scopes, audiences or confidentiality: remove it first");
    }
    if client.secrets.len() >= MAX_SECRETS {
        bail!("client {id} has two secrets: remove one with `clients remove --id {id} --older-secret`");
    }
    client.secrets.push(hash);
    Ok(())
}

fn list(path: &Path) -> Result<()> {
    if let Some(warning) = access::warning(path) {
        eprintln!("{warning}");
    }
    let missing = || anyhow!("{} does not exist", path.display());
    let clients = file::load(path)?.ok_or_else(missing)?;
    let lines: String = clients.iter().map(|client| describe(client) + "\n").collect();
    // The reader may have seen enough.
    let _ = io::stdout().write_all(lines.as_bytes());
    Ok(())
}

/// Formats one line about a client: `shop  scopes=issue  audiences=*  confidential=no  secrets=1`.
fn describe(client: &Client) -> String {
    let scopes: Vec<_> = client.scopes.iter().map(|scope| scope.name()).collect();
    let audiences = client.audiences.as_ref().map_or("*".to_owned(), |list| list.join(","));
    let confidential = if client.confidential { "yes" } else { "no" };
    let (id, scopes, secrets) = (&client.id, scopes.join(","), client.secrets.len());
    format!("{id}  scopes={scopes}  audiences={audiences}  confidential={confidential}  secrets={secrets}")
}

fn remove(path: &Path, id: &str, older_secret: bool) -> Result<()> {
    file::update(path, |clients| {
        let unknown = || anyhow!("there is no client {id:?} in {}", path.display());
        let index = clients.iter().position(|client| client.id == id).ok_or_else(unknown)?;
        if !older_secret {
            clients.remove(index);
            return Ok(());
        }
        if clients[index].secrets.len() < MAX_SECRETS {
            bail!("client {id} has only one secret: add the new one first");
        }
        clients[index].secrets.remove(0);
        Ok(())
    })?;
    eprintln!("removed; {SERVER_NOTE}");
    Ok(())
}

/// Returns each scope once, in a fixed order.
fn ordered(scopes: &[Scope]) -> Vec<Scope> {
    Scope::ALL.into_iter().filter(|scope| scopes.contains(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(scope: Scope) -> Client {
        Client {
            id: "shop".into(),
            scopes: vec![scope],
            audiences: None,
            confidential: false,
            secrets: vec![],
        }
    }

    #[test]
    fn a_client_has_at_most_two_live_secrets() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        let first = add(&path, wanted(Scope::Issue)).expect("first");
        let second = add(&path, wanted(Scope::Issue)).expect("second");
        assert_ne!(first.reveal(), second.reveal());
        assert!(add(&path, wanted(Scope::Issue)).is_err(), "a third one");
        remove(&path, "shop", true).expect("older removed");
        let clients = file::load(&path).expect("readable").expect("there");
        assert_eq!(clients[0].secrets.len(), 1);
        assert!(clients[0].secrets[0].matches(&SecretHash::of(second.reveal())));
        assert!(remove(&path, "shop", true).is_err(), "the last one");
        remove(&path, "shop", false).expect("removed");
        assert!(remove(&path, "shop", false).is_err(), "unknown");
    }

    #[test]
    fn a_second_secret_changes_no_right() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        add(&path, wanted(Scope::Issue)).expect("first");
        assert!(add(&path, wanted(Scope::Manage)).is_err());
    }
}
