//! What the Gin application did before it had Hallpass, and still does.

use std::thread;

use serde_json::json;

use crate::{
    gin_page,
    holder::Holder,
    rig::Rig,
    support::{AuthCommands, http::HttpAnswer},
};

pub fn does_what_it_did_before(rig: &mut Rig) {
    takes_a_login_at_firebase(rig);
    tells_whether_a_login_has_ended(rig);
    moves_a_login_of_before(rig);
    gin_page::one_other_origin_may_read_answers(rig);
    gin_page::the_react_page_works(rig);
}

fn takes_a_login_at_firebase(rig: &Rig) {
    let token = rig.outside_token("f1");
    let login = |token: &str| {
        rig.request("POST", "/set-cache").json(&json!({"userID": "f1", "authToken": token})).send()
    };
    let holder = Holder::of(&login(&token)).refreshed(rig);
    let answer = holder.hello(rig);
    assert!(answer.status == 200 && answer.text_of("user").contains("firebase:f1"), "{answer:?}");
    assert_eq!(login(&token).status, 400, "a token of Firebase opens one session");
    assert_eq!(login("x").status, 400);
}

fn tells_whether_a_login_has_ended(rig: &Rig) {
    let holder = Holder::login(rig, "ada");
    let ended =
        || rig.request("GET", "/check-expiration").bearer(&holder.access).send().json()["expired"].clone();
    assert_eq!(ended(), false);
    rig.con().get::<i64>(&["AUTH.REVOKE", "auth:42", "ALL"]);
    assert_eq!(ended(), true);
}

fn moves_a_login_of_before(rig: &Rig) {
    rig.con().get::<i64>(&["HSET", "user:44", "UserID", "44", "AuthToken", "of-before"]);
    rig.con().get::<i64>(&["HSET", "user:45", "UserID", "45", "AuthToken", ""]);
    let move_of = |user: &str, token: &str| {
        rig.request("POST", "/move").json(&json!({"userID": user, "authToken": token})).send()
    };
    let request = |token: &str| move_of("44", token);
    assert_eq!([request("wrong").status, request("").status], [401, 401]);
    assert_eq!(move_of("45", "").status, 401, "an empty token is no login");
    let tabs: Vec<HttpAnswer> = thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(|| request("of-before"))).collect();
        asking.into_iter().map(|tab| tab.join().unwrap()).collect()
    });
    let holders: Vec<Holder> = tabs.iter().map(Holder::of).collect();
    assert!(holders.iter().all(|holder| holder == &holders[0]), "{holders:?}");
    holders[0].refreshed(rig).is_answered(rig, 200);
    assert!(rig.con().get::<i64>(&["TTL", "user:44"]) > 0, "the old login ends soon");
}
