//! TLS to a Redis whose certificate is of a private authority, as docs/configuration.md describes it.

use std::{fs, fs::File, path::Path, process::Command};

use crate::{
    documents::shell::run,
    support::{
        build::built,
        http_server::{ISSUER, add_client, directory},
        process::Process,
        tools::system_program,
        *,
    },
};

/// A certificate authority, `ca.pem`, and a certificate of it for 127.0.0.1, `redis.pem`.
const CERTIFICATES: &str = "
    new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test \"$@\"; }
    new -x509 -days 2 -keyout ca.key -out ca.pem
    new -keyout redis.key -out redis.csr
    echo subjectAltName=IP:127.0.0.1 > names
    openssl x509 -req -days 2 -in redis.csr -CA ca.pem -CAkey ca.key -extfile names -out redis.pem -set_serial 1";

/// Starts a Redis that speaks TLS, too, with the certificates in `dir`, and returns its TLS port; `None` if this server
/// was built without TLS.
fn with_tls(dir: &Path) -> Option<(Redis, u16)> {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    let mut con = redis.connect();
    if con.get::<Vec<String>>(&["CONFIG", "GET", "tls-port"]).is_empty() {
        return None;
    }
    let path = |name: &str| dir.join(name).display().to_string();
    let (certificate, key, authority) = (path("redis.pem"), path("redis.key"), path("ca.pem"));
    let port = redis_server::free_port();
    con.get::<()>(&[
        "CONFIG",
        "SET",
        "tls-auth-clients",
        "no",
        "tls-ca-cert-file",
        &authority,
        "tls-key-file",
        &key,
        "tls-cert-file",
        &certificate,
        "tls-port",
        &port.to_string(),
    ]);
    Some((redis, port))
}

/// Starts hallpass-server, with more of an environment, and returns whether it has become ready.
fn starts(dir: &Path, port: u16, environment: &[(&str, &Path)]) -> bool {
    let mut command = Command::new(&built().server);
    command.args(["--listen", "127.0.0.1:0", "--clients-file", "clients.json"]);
    command.args(["--redis-url", &format!("rediss://127.0.0.1:{port}")]).current_dir(dir);
    command.envs(environment.iter().copied()).stdout(File::create(dir.join("stdout")).unwrap());
    let mut process = Process::new(command.spawn().unwrap());
    wait_for("hallpass-server starts or ends", SOON, || {
        let has_started = fs::read_to_string(dir.join("stdout")).unwrap().contains("Hallpass listens");
        (has_started || !process.is_running()).then_some(has_started)
    })
}

#[test]
fn ssl_cert_file_names_a_private_authority() {
    system_program("openssl");
    let dir = directory();
    run(dir.path(), CERTIFICATES);
    add_client(dir.path(), "local", &["--scope", "issue"]);
    let Some((_redis, port)) = with_tls(dir.path()) else { return };
    assert!(!starts(dir.path(), port, &[]), "the system's roots do not have this authority");
    assert!(starts(dir.path(), port, &[("SSL_CERT_FILE", &dir.path().join("ca.pem"))]));
}
