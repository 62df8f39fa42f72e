//! The clients file: `{"clients": [{"id", "scopes", "audiences", "confidential", "secrets"}]}`, mode 0600.

use super::client::Client;
use crate::access;
use crate::atomic_file::{self, directory_of};
use crate::error::cannot;
use crate::json;
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::Path;

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    clients: Vec<Client>,
}

/// Reads the file. `Ok(None)` when there is none. Fails when others may write it.
pub fn load(path: &Path) -> Result<Option<Vec<Client>>> {
    let Some(bytes) = access::read(path)? else { return Ok(None) };
    let content = parse(&bytes).with_context(cannot("use the clients file", path))?;
    Ok(Some(content.clients))
}

/// Parses and checks the content of the file.
fn parse(bytes: &[u8]) -> Result<Content> {
    let content: Content = serde_json::from_slice(bytes).map_err(|error| anyhow!(json::problem(&error)))?;
    check(&content.clients)?;
    Ok(content)
}

/// Changes the file under a lock, so that two changes at the same time both happen. It keeps its owner, group and mode:
/// the server must still be able to read it. Writes nothing when `change` fails.
pub fn update<T>(path: &Path, change: impl FnOnce(&mut Vec<Client>) -> Result<T>) -> Result<T> {
    // A link stays a link: the file that it points to is the one replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let _lock = lock(directory_of(&target))?;
    let mut clients = load(&target)?.unwrap_or_default();
    let result = change(&mut clients)?;
    check(&clients)?;
    let json = serde_json::to_string_pretty(&Content { clients })? + "\n";
    let written = match fs::metadata(&target) {
        Ok(former) => atomic_file::replace_like(&target, json.as_bytes(), &former),
        Err(_) => atomic_file::create(&target, json.as_bytes()),
    };
    written.with_context(cannot("write", path))?;
    Ok(result)
}

/// Locks the directory rather than the file, which is replaced while the lock is held.
fn lock(directory: &Path) -> Result<File> {
    let file = File::open(directory).with_context(cannot("open", directory))?;
    file.lock().with_context(cannot("lock", directory))?;
    Ok(file)
}

/// Refuses clients that contradict themselves or each other.
fn check(clients: &[Client]) -> Result<()> {
    for (index, client) in clients.iter().enumerate() {
        let is_repeated = clients[..index].iter().any(|other| other.id == client.id);
        if let Some(problem) = client.problem().or(is_repeated.then_some("the id is used twice")) {
            bail!("client {:?}: {problem}", client.id);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::client::Scope;
    use crate::clients::secret::SecretHash;
    use std::os::unix::fs::PermissionsExt;

    fn client(id: &str) -> Client {
        Client {
            id: id.into(),
            scopes: vec![Scope::Issue],
            audiences: None,
            confidential: false,
            secrets: vec![SecretHash::of("secret")],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        assert!(load(&path).expect("no error").is_none());
        update(&path, |clients| {
            clients.push(client("shop"));
            Ok(())
        })
        .expect("written");
        let clients = load(&path).expect("readable").expect("there");
        assert_eq!(clients.len(), 1);
        assert_eq!(clients[0].id, "shop");
    }

    #[test]
    fn a_change_keeps_the_access() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        let add = |id: &str| {
            update(&path, |clients| {
                clients.push(client(id));
                Ok(())
            })
        };
        add("first").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600, "a new file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("our own");
        add("second").expect("written");
        assert_eq!(mode(&path), 0o640);
    }

    #[test]
    fn a_failed_change_writes_nothing() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        assert!(update(&path, |_| Err::<(), _>(anyhow!("no"))).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn contradictions_are_found() {
        assert!(check(&[client("a"), client("b")]).is_ok());
        assert!(check(&[client("a"), client("a")]).is_err());
        assert!(check(&[client("a:b")]).is_err());
        assert!(check(&[Client { secrets: vec![], ..client("a") }]).is_err());
        assert!(check(&[Client { scopes: vec![], ..client("a") }]).is_err());
        assert!(check(&[Client { audiences: Some(vec![]), ..client("a") }]).is_err());
    }

    #[test]
    fn an_unknown_member_is_refused() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("clients.json");
        fs::write(&path, r#"{"clients":[{"id":"a","scopes":["issue"],"secrets":[],"confidental":true}]}"#)
            .expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own");
        let refusal = load(&path).expect_err("refused");
        assert!(format!("{refusal:#}").contains("unknown"), "{refusal:#}");
    }
}
