//! Pages that the server renders: they are logged in by the cookie, which rendering cannot set.

use std::thread;

use serde_json::json;

use crate::{
    holder::{cookie, has_part},
    rig::Rig,
    support::{SOON, http::HttpAnswer, wait_for},
};

pub fn keeps_pages_logged_in(rig: &mut Rig) {
    let answer = page(rig, "");
    assert!(
        answer.status == 200 && answer.text.contains("Log in") && !answer.has_header("set-cookie"),
        "{answer:?}"
    );
    let session =
        json!({"subject": "42", "claims": {"name": "Ada"}, "cookie": true, "shared": 1, "access_ttl": 1});
    let before = cookie(&rig.issue(&session)).unwrap();
    let next = || cookie(&greets(rig, &before)).filter(|next| *next != before);
    let renewed = wait_for("the cookie is renewed", SOON, next);
    a_page_that_lost_its_new_cookie_gets_it_again(rig, &before);
    pages_that_load_at_once_stay_logged_in(rig, &renewed);
    a_cookie_that_is_good_for_nothing_is_removed(rig);
    rig.redis_is_away();
    let answer = page(rig, &renewed);
    assert_eq!((answer.status, answer.header("set-cookie")), (503, ""), "{answer:?}");
    rig.redis_is_back();
}

/// Loads the page as a browser does.
fn page(rig: &Rig, cookie: &str) -> HttpAnswer {
    let request =
        rig.request("GET", "/").header("Sec-Fetch-Mode", "navigate").header("Sec-Fetch-Site", "none");
    if cookie.is_empty() { request.send() } else { request.header("Cookie", cookie).send() }
}

/// Loads the page, which must greet the user and list this session.
#[track_caller]
fn greets(rig: &Rig, cookie: &str) -> HttpAnswer {
    let answer = page(rig, cookie);
    let is_complete = answer.text.contains("Hello Ada") && answer.text.contains(", this one");
    assert!(answer.status == 200 && is_complete, "{answer:?}");
    answer
}

fn a_page_that_lost_its_new_cookie_gets_it_again(rig: &Rig, old: &str) {
    assert!(cookie(&greets(rig, old)).is_some());
    let answer = rig.request("GET", "/api/hello").header("Cookie", old).send();
    assert!(answer.status == 200 && cookie(&answer).is_some(), "{answer:?}");
}

fn pages_that_load_at_once_stay_logged_in(rig: &Rig, cookie: &str) {
    thread::scope(|scope| {
        let loading: Vec<_> = (0..6).map(|_| scope.spawn(|| greets(rig, cookie))).collect();
        loading.into_iter().for_each(|page| drop(page.join().unwrap()));
    });
}

fn a_cookie_that_is_good_for_nothing_is_removed(rig: &Rig) {
    let answer = page(rig, "other=1; hallpass=hp1.x");
    assert!(answer.status == 200 && answer.text.contains("Log in"), "{answer:?}");
    assert!(has_part(answer.header("set-cookie"), "Max-Age=0"), "{answer:?}");
}
