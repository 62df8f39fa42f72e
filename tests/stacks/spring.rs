//! What the Spring application does besides: the reissue compares both tokens, and a login is one transaction.

use serde_json::json;

use crate::{
    holder::{Holder, is_logged_out, with_cookie},
    rig::Rig,
    support::{
        AuthCommands, SOON,
        http::{HttpAnswer, HttpRequest},
        wait_until,
    },
};

pub fn reissues_and_logs_in_within_a_transaction(rig: &mut Rig) {
    rig.con().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    an_expired_access_token_is_good_for_the_reissue_of_its_own_session(rig);
    a_login_whose_transaction_fails_leaves_no_session(rig);
}

fn an_expired_access_token_is_good_for_the_reissue_of_its_own_session(rig: &Rig) {
    let other = Holder::login(rig, "ada");
    let tokens = rig.con().issue("auth:42", &["CLAIMS", r#"{"name":"Ada"}"#, "ACCESSTTL", "1"]).unwrap();
    let name = other.cookie.split('=').next().unwrap();
    let holder = Holder {
        access: tokens.access,
        cookie: format!("{name}={}", tokens.refresh),
        session: tokens.session_id,
    };
    wait_until("the access token expires", SOON, || holder.hello(rig).status == 401);
    is_logged_out(&reissue(rig, &holder, &other.access));
    is_logged_out(&reissue(rig, &holder, "x"));
    let next = Holder::of(&reissue(rig, &holder, &holder.access));
    assert_eq!(next.session, holder.session);
}

fn reissue(rig: &Rig, holder: &Holder, access: &str) -> HttpAnswer {
    let request: HttpRequest = with_cookie(rig.request("POST", "/token"), &holder.cookie);
    request.header("X-Hallpass", "1").bearer(access).send()
}

fn a_login_whose_transaction_fails_leaves_no_session(rig: &Rig) {
    let sessions = || rig.con().get::<Vec<String>>(&["HKEYS", "auth:43"]).len();
    let before = sessions();
    let login = |device: &str| {
        let credentials = json!({"name": "grace", "password": "demo", "device": device});
        rig.request("POST", "/login").json(&credentials).send().status
    };
    // The database takes a hundred characters; the session has begun by then.
    assert_eq!(login(&"x".repeat(101)), 400);
    assert_eq!(sessions(), before);
    assert_eq!((login("phone"), sessions()), (200, before + 1));
}
