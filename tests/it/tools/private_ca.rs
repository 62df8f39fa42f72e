//! TLS to a Redis whose certificate is of a private authority, and which may ask for one of ours, as docs/configuration.md
//! describes it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use crate::{
    documents::shell::run,
    support::{
        http_server::{ISSUER, Server, directory},
        tools::system_program,
        *,
    },
};

/// A certificate authority, `ca.pem`; certificates of it for 127.0.0.1, `redis.pem`, and for us, `client.pem`; and another
/// authority, `other.pem`.
const CERTIFICATES: &str = "
    new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test \"$@\"; }
    sign() { openssl x509 -req -days 2 -in $1.csr -CA ca.pem -CAkey ca.key -extfile names -out $1.pem -set_serial $2; }
    new -x509 -days 2 -keyout ca.key -out ca.pem
    new -x509 -days 2 -keyout other.key -out other.pem
    echo subjectAltName=IP:127.0.0.1 > names
    new -keyout redis.key -out redis.csr && sign redis 1
    new -keyout client.key -out client.csr && sign client 2";

/// Redis that speaks TLS, too, and its certificates.
struct Site {
    _redis: Redis,
    dir: TempDir,
    url: String,
}

impl Site {
    /// Starts it; `None` if this server was built without TLS.
    fn new(asks_for_certificates: bool) -> Option<Self> {
        if !speaks_tls() {
            return None;
        }
        system_program("openssl");
        let dir = directory();
        run(dir.path(), CERTIFICATES);
        let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
        let mut con = redis.connect();
        let port = ports::free_port();
        let settings = [
            ("tls-auth-clients", if asks_for_certificates { "yes" } else { "no" }.to_owned()),
            ("tls-ca-cert-file", path(&dir, "ca.pem")),
            ("tls-key-file", path(&dir, "redis.key")),
            ("tls-cert-file", path(&dir, "redis.pem")),
            ("tls-port", port.to_string()),
        ];
        let settings = settings.iter().flat_map(|(name, value)| [name, value.as_str()]);
        con.get::<()>(&["CONFIG", "SET"].into_iter().chain(settings).collect::<Vec<_>>());
        Some(Self { _redis: redis, dir, url: format!("rediss://127.0.0.1:{port}") })
    }

    /// A file of certificates.
    fn path(&self, name: &str) -> String {
        path(&self.dir, name)
    }

    /// Asserts that a login works with these flags.
    #[track_caller]
    fn works(&self, flags: &[&str]) {
        let server = Server::before_url(&self.url, flags);
        assert_eq!(server.verify(&server.login("42").text_of("access_token")).status, 200);
    }

    /// What the log says of a Redis that cannot be used with these flags.
    #[track_caller]
    fn complaint(&self, flags: &[&str]) -> String {
        Server::waiting_for(&self.url, flags).log()
    }
}

/// Returns whether the server was built with TLS, by a name of OpenSSL in the program. One that was not takes the settings all
/// the same, and then crashes.
fn speaks_tls() -> bool {
    let program = build::redis_server();
    let path = if program.is_absolute() { program } else { system_program(&program.display().to_string()) };
    let name = b"SSL_CTX_new";
    fs::read(path).unwrap().windows(name.len()).any(|bytes| bytes == name)
}

fn path(dir: &TempDir, name: &str) -> String {
    dir.path().join(name).display().to_string()
}

#[test]
fn ssl_cert_file_names_a_private_authority() {
    let Some(site) = Site::new(false) else { return };
    assert!(site.complaint(&[]).contains("certificate"), "the system's roots do not have this authority");
    Server::with_variables(&site.url, &[("SSL_CERT_FILE", &site.path("ca.pem"))]);
}

#[test]
fn a_private_authority_is_the_only_one_that_is_trusted() {
    let Some(site) = Site::new(false) else { return };
    site.works(&["--redis-ca-file", &site.path("ca.pem")]);
    assert!(site.complaint(&["--redis-ca-file", &site.path("other.pem")]).contains("certificate"));
}

#[test]
fn a_redis_that_asks_for_a_certificate_is_shown_one() {
    let Some(site) = Site::new(true) else { return };
    let authority = ["--redis-ca-file", &site.path("ca.pem")];
    let own = ["--redis-cert-file", &site.path("client.pem"), "--redis-key-file", &site.path("client.key")];
    site.works(&[authority, [own[0], own[1]], [own[2], own[3]]].concat());
    site.complaint(&authority);
    fs::set_permissions(Path::new(own[3]), fs::Permissions::from_mode(0o644)).unwrap();
    let server = Server::before_url(&site.url, &[authority, [own[0], own[1]], [own[2], own[3]]].concat());
    assert!(server.log().contains("others may read"), "{}", server.log());
}
