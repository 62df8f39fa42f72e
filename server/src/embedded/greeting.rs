//! The text that the server prints on stdout once it serves: its address and, with a private Redis, commands to try.

use super::data_dir::DataDir;
use crate::healthcheck::reachable;
use crate::listener::address::ListenAddress;
use crate::serve::sockets::Sockets;
use anyhow::Result;
use std::io::{self, Write};
use std::path::Path;

/// Prints where the server listens, and the issuer if it is known yet.
pub fn print_listening(sockets: &Sockets, issuer: Option<&str>) -> Result<()> {
    let issuer = issuer.map_or(String::new(), |issuer| format!(", issuer {issuer}"));
    print(&format!("Hallpass listens on {}{issuer}\n", shown(&sockets.public_address()?)));
    if let Some(admin) = sockets.admin_address()? {
        print(&format!("The routes for the operator are on {}\n", shown(&admin)));
    }
    if let Some(ListenAddress::Tcp(console)) = sockets.console_address()? {
        print(&format!("The console is on http://{}/console\n", reachable(console)));
    }
    Ok(())
}

/// Prints where the server listens and how to use it. The first command stores its response in a file for the others,
/// which work in any order; the shell reads the secret, so that it is never printed.
pub fn print_embedded(sockets: &Sockets, issuer: &str, directory: &DataDir, is_demo: bool) -> Result<()> {
    print_listening(sockets, Some(issuer))?;
    let secret = shell_word(&directory.shown("client-secret"));
    if let Some(ListenAddress::Tcp(_)) = sockets.console_address()? {
        print(&format!("Sign in there as local, with the secret that `cat {secret}` shows.\n"));
    }
    if is_demo {
        print(
            "This is a demo: the users demo-ada, demo-grace and others are made up, and end with this server.\n",
        );
    }
    let session = shell_word(&directory.shown("session.json"));
    print(&examples(&base(&sockets.public_address()?), &secret, &session));
    Ok(())
}

/// Formats an address for people.
fn shown(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => format!("http://{address}"),
        ListenAddress::Unix(_) => address.to_string(),
    }
}

/// Returns what goes before the path in a curl command.
fn base(address: &ListenAddress) -> String {
    match address {
        ListenAddress::Tcp(address) => format!("http://{}", reachable(*address)),
        ListenAddress::Unix(path) => format!("--unix-socket {} http://localhost", shell_word(path)),
    }
}

/// Returns the curl commands, for this address and these shell words.
fn examples(base: &str, secret: &str, session: &str) -> String {
    let member = |name: &str| format!(r#"$(sed 's/.*"{name}":"\([^"]*\)".*/\1/' {session})"#);
    let (access, refresh) = (member("access_token"), member("refresh_token"));
    format!(
        r#"
# Begin a session, as your login handler would:
curl -sS -u "local:$(cat {secret})" -H 'Content-Type: application/json' -d '{{"subject":"alice","claims":{{"role":"admin"}}}}' -w '\n' {base}/sessions | tee {session}

# Verify its access token:
curl -sS -i -H "Authorization: Bearer {access}" {base}/verify

# Exchange its refresh token for the next one:
curl -sS -d grant_type=refresh_token -d "refresh_token={refresh}" -w '\n' {base}/token

# The public keys, for verifiers of your own:
curl -sS -w '\n' {base}/.well-known/jwks.json

"#
    )
}

/// Quotes a path as one word of a shell command.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Prints, ignoring a closed stdout: that is no reason to stop.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_the_shell_needs_it() {
        assert_eq!(shell_word(Path::new("data/client-secret")), "data/client-secret");
        assert_eq!(shell_word(Path::new("my data/it's")), r"'my data/it'\''s'");
    }

    #[test]
    fn curl_reaches_a_unix_socket_too() {
        let base = |text: &str| base(&text.parse().expect("an address"));
        assert_eq!(base("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(base("unix:/run/a b"), "--unix-socket '/run/a b' http://localhost");
    }

    #[test]
    fn the_examples_read_the_secret_from_its_file() {
        let text = examples("http://127.0.0.1:8080", "data/client-secret", "data/session.json");
        assert!(text.contains("$(cat data/client-secret)"));
        assert_eq!(text.lines().filter(|line| line.starts_with("curl ")).count(), 4);
    }
}
