//! The configuration of the private Redis, rewritten on every start.

use super::data_dir::DataDir;
use super::setting::Setting;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The audience of the tokens of a private Redis, unless it is set.
const AUDIENCE: (&str, &str) = ("hallpass.audience", "hallpass");

/// The events of a demo, unless they are set: every kind, since there is no flood of them.
const DEMO_EVENTS: (&str, &str) = ("hallpass.events", "reused revoked evicted recovered issued claims");

/// Returns the text of the configuration file. Redis runs in the data directory.
pub fn render(
    directory: &DataDir,
    module: &Path,
    issuer: &str,
    settings: &[Setting],
    is_demo: bool,
) -> String {
    let (root, socket) = (quote(directory.root()), quote(directory.socket()));
    let (module, keyring) = (quote(module), quote(directory.path("keyring.json")));
    let (issuer, settings) = (quote(issuer), render_settings(settings, is_demo));
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
         hallpass.issuer {issuer}\n{settings}"
    )
}

/// Returns a line for each setting, and for those that have a default here. Each may be set once only.
fn render_settings(settings: &[Setting], is_demo: bool) -> String {
    let set = settings.iter().map(|setting| (setting.name.as_str(), setting.value.as_str()));
    let defaults = [Some(AUDIENCE), is_demo.then_some(DEMO_EVENTS)].into_iter().flatten();
    let unset = defaults.filter(|(default, _)| !set.clone().any(|(name, _)| name == *default));
    set.clone().chain(unset).map(|(name, value)| format!("{name} {}\n", quote(value))).collect()
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
    fn the_audience_can_be_set_like_everything_else() {
        let setting = |text: &str| text.parse::<Setting>().expect(text);
        let ttl = setting("hallpass.access-ttl=60");
        let lines = render_settings(std::slice::from_ref(&ttl), false);
        assert_eq!(lines, "hallpass.access-ttl \"60\"\nhallpass.audience \"hallpass\"\n");
        let lines = render_settings(&[setting("hallpass.audience=a\nport 1"), ttl], false);
        assert_eq!(lines, "hallpass.audience \"a\\x0aport 1\"\nhallpass.access-ttl \"60\"\n");
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quote("/tmp/a b"), r#""/tmp/a b""#);
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\x0ad""#);
        assert_eq!(quote("ü"), r#""\xc3\xbc""#);
    }
}
