//! The configuration of the private Redis, rewritten on every start.

use super::data_dir::DataDir;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The audience of the tokens of a private Redis.
const AUDIENCE: &str = "hallpass";

/// Returns the text of the configuration file. Redis runs in the data directory.
pub fn render(directory: &DataDir, module: &Path, issuer: &str) -> String {
    let (root, socket) = (quote(directory.root()), quote(directory.socket()));
    let (module, keyring) = (quote(module), quote(directory.path("keyring.json")));
    let (issuer, audience) = (quote(issuer), quote(AUDIENCE));
    format!(
        "# Written by hallpass-server at every start: changes are lost.\n\
         # Only over the socket, and only for the owner.\n\
         port 0\n\
         unixsocket {socket}\n\
         unixsocketperm 700\n\
         # Sessions survive a restart; evicting one would log somebody out.\n\
         dir {root}\n\
         appendonly yes\n\
         save \"\"\n\
         maxmemory-policy noeviction\n\
         # A session does not cost a hash table of its own.\n\
         hash-max-listpack-value 1024\n\
         loadmodule {module}\n\
         hallpass.keyring-file {keyring}\n\
         hallpass.issuer {issuer}\n\
         hallpass.audience {audience}\n"
    )
}

/// Quotes a value for redis.conf, with unusual bytes as `\x` escapes.
fn quote(value: impl AsRef<OsStr>) -> String {
    let mut quoted = String::from("\"");
    for &byte in value.as_ref().as_bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quote("/tmp/a b"), r#""/tmp/a b""#);
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\x0ad""#);
        assert_eq!(quote("ü"), r#""\xc3\xbc""#);
    }
}
