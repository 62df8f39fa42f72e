//! The promises of web applications.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use crate::{
    garbage,
    holder::{Holder, hello, is_logged_out, try_login, with_cookie},
    rig::{Rig, run_documented},
    support::{AuthCommands, SOON, http::HttpAnswer, wait_until},
};

/// The key of the user ada, who is 42.
const ADA: &str = "auth:42";

pub fn logs_in_lists_devices_and_logs_out_everywhere(rig: &mut Rig) {
    assert_eq!(try_login(rig, "ada", "wrong").status, 401);
    assert_eq!(try_login(rig, "nobody", "demo").status, 401);
    refuses_logins_that_make_no_sense(rig);
    let [phone, laptop] = [Holder::login(rig, "ada"), Holder::login(rig, "ada")];
    let other = Holder::login(rig, "grace");
    let answer = phone.hello(rig);
    assert_eq!((answer.status, answer.text_of("message")), (200, "Hello Ada".to_owned()), "{answer:?}");
    let phone = phone.refreshed(rig);
    lists_two_devices(rig, &phone);
    needs_a_header_that_other_sites_cannot_send(rig, &phone);
    let answer = rig.request("DELETE", "/api/devices").bearer(&phone.access).send();
    assert_eq!((answer.status, answer.json()["revoked"].as_i64()), (200, Some(2)), "{answer:?}");
    for holder in [phone, laptop] {
        holder.is_answered(rig, 401);
        is_logged_out(&holder.try_refresh(rig));
    }
    other.is_answered(rig, 200);
    works_as_documented(rig);
    serves_a_page(rig);
}

/// Bodies that are no login: members are missing, null or of another type, or the whole is something else.
const NO_LOGINS: [&str; 13] = [
    "",
    "{",
    "null",
    "[]",
    r#""ada""#,
    "{}",
    r#"{"name":"nobody"}"#,
    r#"{"name":"nobody","password":null}"#,
    r#"{"name":"__proto__","password":null}"#,
    r#"{"name":"ada","password":null}"#,
    r#"{"name":"ada","password":["demo"]}"#,
    r#"{"name":null,"password":null}"#,
    r#"{"name":{"ada":1},"password":"demo"}"#,
];

fn refuses_logins_that_make_no_sense(rig: &Rig) {
    let refuses = |content_type: &str, body: &str| {
        let answer = rig.request("POST", "/login").typed(content_type, body).send();
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
        assert_eq!(answer.header("set-cookie"), "", "{body}: {answer:?}");
    };
    NO_LOGINS.iter().for_each(|body| refuses("application/json", body));
    refuses("application/x-www-form-urlencoded", "name=ada&password=demo");
    refuses("text/plain", r#"{"name":"ada","password":"demo"}"#);
}

fn lists_two_devices(rig: &Rig, one: &Holder) {
    let answer = rig.request("GET", "/api/devices").bearer(&one.access).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    let devices = answer.json()["sessions"].as_array().expect("sessions").clone();
    let own: Vec<_> = devices.iter().filter(|device| device["current"] == true).collect();
    assert_eq!((devices.len(), own.len()), (2, 1), "{answer:?}");
    assert_eq!(own[0]["sid"], one.session.as_str(), "{answer:?}");
}

fn needs_a_header_that_other_sites_cannot_send(rig: &Rig, holder: &Holder) {
    let answer = with_cookie(rig.request("POST", "/token"), &holder.cookie).send();
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(answer.header("set-cookie"), "", "{answer:?}");
}

fn works_as_documented(rig: &Rig) {
    let said = run_documented("Try it", rig.address(), rig.dir());
    assert!(said.contains("Hello Ada") && said.contains(r#""revoked":"#), "{said}");
}

/// The page is that of examples/browser, or one of the example's own.
fn serves_a_page(rig: &Rig) {
    let page = rig.request("GET", "/").send();
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{page:?}");
    if page.text.contains("page.js") {
        for (file, content) in [("/page.js", "restore()"), ("/page.css", "{"), ("/hallpass.js", "refresh()")]
        {
            let answer = rig.request("GET", file).send();
            assert!(answer.status == 200 && answer.text.contains(content), "{file}: {answer:?}");
        }
    }
}

pub fn garbage_is_unauthorized(rig: &mut Rig) {
    let holder = Holder::login(rig, "ada");
    is_unauthorized(&rig.request("GET", "/api/hello").send(), "no token");
    is_unauthorized(&rig.request("GET", "/api/hello").header("Authorization", "Bearer").send(), "no token");
    is_unauthorized(&rig.request("GET", "/api/hello").basic("ada", "demo").send(), "a password");
    let (name, refresh) = holder.cookie.split_once('=').unwrap();
    for token in garbage::access_tokens(&holder.access, refresh) {
        is_unauthorized(&hello(rig, &token), &token);
        let answer = rig.request("DELETE", "/api/devices").bearer(&token).send();
        is_unauthorized(&answer, &token);
    }
    assert_eq!(status_of_bytes(rig, b"\xe9\xff.\xc3\xa9.x"), 401);
    for token in garbage::refresh_tokens(refresh) {
        let answer = Holder { cookie: format!("{name}={token}"), ..holder.clone() }.try_refresh(rig);
        assert!([400, 401].contains(&answer.status), "{token}: {answer:?}");
    }
    holder.refreshed(rig).is_answered(rig, 200);
}

#[track_caller]
fn is_unauthorized(answer: &HttpAnswer, token: &str) {
    assert_eq!(answer.status, 401, "{token}: {answer:?}");
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{token}: {answer:?}");
}

/// Returns the status of the protected route for a token that is not ASCII.
fn status_of_bytes(rig: &Rig, token: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(rig.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = b"GET /api/hello HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer ";
    stream.write_all(&[head, token, b"\r\n\r\n"].concat()).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

pub fn two_tabs_stay_logged_in(rig: &mut Rig) {
    let holder = Holder::login(rig, "ada");
    let rig = &*rig;
    let tabs: Vec<Holder> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| holder.refreshed(rig))).collect();
        asking.into_iter().map(|tab| tab.join().unwrap()).collect()
    });
    assert!(tabs.iter().all(|tab| tab == &tabs[0]), "{tabs:?}");
    tabs[0].refreshed(rig).is_answered(rig, 200);
}

pub fn a_lost_response_logs_nobody_out(rig: &mut Rig) {
    let holder = Holder::login(rig, "ada");
    let lost = holder.refreshed(rig);
    let again = holder.refreshed(rig);
    assert_eq!(lost, again);
    again.is_answered(rig, 200);
    again.refreshed(rig).is_answered(rig, 200);
}

pub fn a_revocation_counts_at_the_next_request(rig: &mut Rig) {
    let [holder, other] = [Holder::login(rig, "ada"), Holder::login(rig, "ada")];
    // Twice, so that an answer that is kept would be used.
    holder.is_answered(rig, 200);
    holder.is_answered(rig, 200);
    let mut con = rig.con();
    assert_eq!(con.get::<i64>(&["AUTH.REVOKE", ADA, "SESSION", &holder.session]), 1);
    is_seen(rig, &holder);
    is_logged_out(&holder.try_refresh(rig));
    // Claims that have changed are no logout: the next refresh brings them.
    other.is_answered(rig, 200);
    con.get::<i64>(&["AUTH.SETCLAIMS", ADA, &other.session, r#"{"name":"Ada L."}"#]);
    is_seen(rig, &other);
    let answer = other.refreshed(rig).hello(rig);
    assert_eq!((answer.status, answer.text_of("message")), (200, "Hello Ada L.".to_owned()), "{answer:?}");
}

/// Asserts that the token is refused from now on. Where Redis pushes what has changed, this takes the milliseconds in
/// which the push arrives.
#[track_caller]
fn is_seen(rig: &Rig, holder: &Holder) {
    if rig.hears_by_push {
        wait_until("the push arrives", SOON, || holder.hello(rig).status == 401);
    }
    is_unauthorized(&holder.hello(rig), "revoked");
}

pub fn an_outage_logs_nobody_out(rig: &mut Rig) {
    let holder = Holder::login(rig, "ada");
    holder.is_answered(rig, 200);
    rig.redis_is_away();
    let fresh = garbage::access_tokens(&holder.access, "x");
    for answer in [
        holder.hello(rig),
        holder.try_refresh(rig),
        try_login(rig, "ada", "demo"),
        rig.request("GET", "/api/devices").bearer(&holder.access).send(),
        rig.request("DELETE", "/api/devices").bearer(&holder.access).send(),
    ] {
        assert_eq!((answer.status, answer.header("set-cookie")), (503, ""), "{answer:?}");
    }
    assert!([401, 503].contains(&hello(rig, &fresh[4]).status));
    rig.redis_is_back();
    wait_until("the example finds Redis again", SOON, || {
        let answer = holder.hello(rig);
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        answer.status == 200
    });
    holder.refreshed(rig).is_answered(rig, 200);
}
