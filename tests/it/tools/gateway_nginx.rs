//! nginx with its shipped configuration, in front of an application.

use crate::support::{
    application::{Application, header},
    gateway::{Ports, Site, nginx, serving},
    http::HttpRequest,
    http_server::{ISSUER, Server, directory},
    ports::free_port,
    *,
};

fn site() -> Site {
    Site::behind(|dir, ports| nginx(dir, &ports.example("nginx.conf")))
}

crate::every_gateway_must!(site);

#[test]
fn every_route_of_hallpass_is_503_where_no_hallpass_answers() {
    let (dir, application, gateway) = (directory(), Application::start(), free_port());
    let hallpass = format!("unix:{}", dir.path().join("none.sock").display());
    let ports = Ports { gateway, hallpass: &hallpass, application: application.address() };
    let _nginx = serving(nginx(dir.path(), &ports.example("nginx.conf")), gateway);
    for path in
        ["/token", "/revoke", "/me/sessions", "/.well-known/jwks.json", "/api/orders", "/account/orders"]
    {
        let answer = HttpRequest::new("GET", &format!("http://127.0.0.1:{gateway}{path}")).send();
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{path}: {answer:?}");
    }
}

#[test]
fn hallpass_may_listen_on_a_unix_socket() {
    let redis = Redis::with(&[&format!("hallpass.issuer {ISSUER}"), "hallpass.audience api"]);
    let dir = directory();
    let socket = dir.path().join("http.sock");
    let hallpass = format!("unix:{}", socket.display());
    let flags = ["--listen", &hallpass, "--issuer", ISSUER, "--session-cookie"];
    let server = Server::at_socket(&redis, &socket, &flags);
    let (application, gateway) = (Application::start(), free_port());
    let ports = Ports { gateway, hallpass: &hallpass, application: application.address() };
    let _nginx = serving(nginx(server.dir(), &ports.example("nginx.conf")), gateway);
    let url = format!("http://127.0.0.1:{gateway}");
    let to = |method: &str, path: &str| HttpRequest::new(method, &format!("{url}{path}"));

    let tokens = redis.connect().issue("auth:42", &[]).unwrap();
    let cookie = format!("__Host-hallpass={}", tokens.refresh);
    let order =
        |origin: &str| to("POST", "/account/orders").header("cookie", &cookie).header("origin", origin);
    for request in [
        to("GET", "/api/orders").bearer(&tokens.access),
        to("GET", "/account/orders").header("cookie", &cookie),
        order(&url),
    ] {
        let answer = request.send();
        assert_eq!((answer.status, header(&answer.text, "x-auth-subject")), (200, Some("42")), "{answer:?}");
    }
    assert_eq!(order("http://evil.example").send().status, 403);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*tokens.refresh)];
    assert_eq!(to("POST", "/token").form(&form).send().status, 200);
}
