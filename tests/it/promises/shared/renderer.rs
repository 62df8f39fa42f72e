//! A server-side renderer refreshes while it renders, and cannot set the cookie: the browser comes with the old one again.

use std::time::Duration;

use crate::support::{clock::Clocked, *};

const DAY: u64 = 86_400;

/// A visit: three loaders of a page refresh with the cookie, and use what they got.
fn visit(con: &mut Con, cookie: &str) -> Answer<()> {
    let answers: Vec<_> = (0..3).map(|_| con.refresh("auth:42", cookie, &[])).collect();
    for answer in answers {
        con.verify("auth:42", &answer?.access, &[])?;
    }
    Ok(())
}

/// Daily visits, every new cookie dropped, as long as they go well.
fn daily_visits(clocked: &Clocked, options: &[&str], days: u64) -> Result<(), (u64, String)> {
    let mut con = clocked.redis.connect();
    let cookie = con.issue("auth:42", options).unwrap().refresh;
    for day in 1..=days {
        clocked.forward(Duration::from_secs(day * DAY));
        visit(&mut con, &cookie).map_err(|refusal| (day, refusal.code))?;
    }
    Ok(())
}

#[test]
fn a_renderer_whose_cookies_are_dropped_for_a_month_stays_logged_in() {
    let clocked = Clocked::with(&[]);
    assert_eq!(daily_visits(&clocked, &["SHARED", "1"], 31), Ok(()));
    let mut con = clocked.redis.connect();
    assert_eq!((con.counter("refreshed"), con.counter("reused")), (1, 0), "one generation is enough");
}

#[test]
fn it_stays_logged_in_until_the_longest_lifetime_is_over() {
    let clocked = Clocked::with(&[]);
    let options = ["SHARED", "1", "MAXTTL", "2592000"];
    let (day, code) = daily_visits(&clocked, &options, 40).expect_err("it ends");
    assert_eq!(day, 30);
    assert!(["EXPIREDTOKEN", "NOSESSION"].contains(&code.as_str()), "{code}");
}

#[test]
fn without_shared_the_second_day_logs_out() {
    let clocked = Clocked::with(&[]);
    assert_eq!(daily_visits(&clocked, &["SHARED", "0"], 31), Err((2, "REUSEDTOKEN".into())));
}

#[test]
fn a_browser_with_the_old_cookie_gets_what_the_loaders_got() {
    let clocked = Clocked::with(&[]);
    let mut con = clocked.redis.connect();
    let cookie = con.issue("auth:42", &["SHARED", "1"]).unwrap().refresh;
    clocked.forward(Duration::from_secs(1000));
    let loaded: Vec<Tokens> = (0..3).map(|_| con.refresh("auth:42", &cookie, &[]).unwrap()).collect();
    con.verify("auth:42", &loaded[0].access, &[]).unwrap();
    clocked.forward(Duration::from_secs(1011));
    let browser = con.refresh("auth:42", &cookie, &[]).unwrap();
    assert!(loaded.iter().all(|tokens| tokens.refresh == browser.refresh));
    assert_eq!(browser.access, loaded[0].access, "byte for byte");
}
