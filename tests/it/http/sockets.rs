//! Where the server listens: a unix socket, an address for the operator, and what it tells a service manager.

use std::{
    fs,
    io::{Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixDatagram, UnixStream},
    },
    path::Path,
    process::Command,
};

use crate::{
    http::redis,
    support::*,
    support::{
        build::built,
        http::HttpRequest,
        http_server::{ISSUER, Server, directory},
    },
};

/// The answer over a unix socket, as text.
fn ask(socket: &Path, head: &str) -> String {
    let mut stream = UnixStream::connect(socket).expect("it listens");
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(format!("{head}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The exit status of `healthcheck` with these flags.
fn healthcheck(flags: &[&str]) -> bool {
    let output = Command::new(&built().server).arg("healthcheck").args(flags).output().unwrap();
    output.status.success()
}

#[test]
fn a_unix_socket_is_a_trusted_proxy_and_goes_with_its_server() {
    let redis = redis();
    let dir = directory();
    let socket = dir.path().join("http.sock");
    let listen = format!("unix:{}", socket.display());
    let flags = ["--listen", &listen, "--issuer", ISSUER, "--rate-limit", "1"];
    let server = Server::at_socket(&redis, &socket, &flags);
    assert!(ask(&socket, "GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200 "));
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(healthcheck(&["--listen", &listen]));
    let token = |address: &str| {
        let head = format!("POST /token HTTP/1.1\r\nX-Forwarded-For: {address}\r\nContent-Length: 0");
        ask(&socket, &head).split(' ').nth(1).unwrap().to_owned()
    };
    assert!((0..50).any(|_| token("192.0.2.1") == "429"), "one address is limited");
    assert_eq!(token("192.0.2.2"), "400", "and another one is not");
    drop(server);
    assert!(!socket.exists());
}

#[test]
fn the_routes_for_the_operator_are_at_the_admin_address_alone() {
    let redis = redis();
    let server = Server::before(&redis, &["--admin-listen", "127.0.0.1:0"]);
    let printed = server.printed();
    let (_, admin) = printed.split_once("operator are on http://").expect(&printed);
    let admin = admin.split_whitespace().next().unwrap();
    let access = server.login("42").text_of("access_token");
    let at_admin = |path: &str| HttpRequest::new("GET", &format!("http://{admin}{path}"));
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"] {
        assert_eq!(server.get(path).error(), (404, "not_found".into()), "{path}");
        assert_eq!(at_admin(path).send().status, 200, "{path}");
    }
    assert_eq!(server.verify(&access).status, 200);
    assert_eq!(at_admin("/verify").bearer(&access).send().status, 200, "every route is there");
    assert!(healthcheck(&["--listen", server.address(), "--admin-listen", admin]));
    assert!(!healthcheck(&["--listen", server.address()]));
}

#[test]
fn a_service_manager_is_told_when_the_server_is_ready_and_when_it_stops() {
    let redis = redis();
    let dir = directory();
    let path = dir.path().join("notify");
    let url = format!("unix:{}", redis.socket().display());
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    let server = Server::with_variables(&url, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let state = || {
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).expect("a state");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert_eq!(state(), "READY=1");
    server.stop();
    assert_eq!(state(), "STOPPING=1");
}
