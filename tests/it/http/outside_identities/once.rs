//! An outside token opens at most one session, whoever asks, however often, and whatever became of the session.

use std::thread;

use serde_json::json;

use super::*;
use crate::{
    redis_side::acl_roles::server_user,
    support::{http_server::ISSUER, outside_issuer::unix_seconds},
};

/// What a second use is answered.
#[track_caller]
fn is_used_up(answer: &HttpAnswer) {
    assert_eq!(answer.error(), (400, "invalid_grant".into()));
    assert!(answer.text_of("error_description").contains("used"), "{answer:?}");
}

#[test]
fn sixty_four_exchanges_at_once_open_one_session() {
    let trusting = Trusting::with(&json!({}));
    let token = trusting.token("42");
    let answers: Vec<HttpAnswer> = thread::scope(|scope| {
        let asking: Vec<_> = (0..64).map(|_| scope.spawn(|| trusting.exchange(&token))).collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((good.len(), refused.len()), (1, 63));
    refused.into_iter().for_each(is_used_up);
    assert_eq!((sessions(&trusting.redis, "42"), trusting.redis.connect().counter("issued")), (1, 1));
}

#[test]
fn a_used_token_stays_used_also_after_logout_and_at_another_server() {
    let trusting = Trusting::with(&json!({}));
    let token = trusting.token("42");
    let session = trusting.exchange(&token);
    is_used_up(&trusting.exchange(&token));
    is_used_up(&trusting.exchange(&trusting.key.sign_again(&token)));
    assert_ne!(trusting.key.sign_again(&token), token, "ES256 is randomised");
    let logout = [("token", &*session.text_of("refresh_token"))];
    assert_eq!(trusting.server.request("POST", "/revoke").form(&logout).send().status, 200);
    is_used_up(&trusting.exchange(&token));
    let path = trusting.redis.path("issuers.json");
    let other = Server::before(&trusting.redis, &["--issuers-file", path.to_str().unwrap()]);
    is_used_up(&exchange(&other, &token, &[]));
    assert_eq!(sessions(&trusting.redis, "42"), 0);
    assert_eq!(trusting.exchange(&trusting.token("42")).status, 200, "a new one is as good as the first");
}

#[test]
fn what_is_remembered_of_a_token_is_a_hash_until_it_expires() {
    let trusting = Trusting::with(&json!({}));
    let token = trusting.token_with(&json!({"exp": unix_seconds() + 600}));
    trusting.exchange(&token);
    let mut con = trusting.redis.connect();
    let keys: Vec<String> = con.get(&["KEYS", "hallpass:used:*"]);
    let [key] = keys.try_into().unwrap();
    assert_eq!(key.len(), "hallpass:used:".len() + 43, "{key}");
    let ttl: u64 = con.get(&["TTL", &key]);
    assert!((500..=600).contains(&ttl), "{ttl}");
    assert_eq!(con.get::<String>(&["GET", &key]), "1");
}

#[test]
fn a_refused_token_is_not_used_up_and_a_refused_session_has_used_it_up() {
    let trusting = Trusting::with(&json!({"claims": ["big"]}));
    let early = trusting.token_with(&json!({"nonce": "n"}));
    assert_eq!(exchange(&trusting.server, &early, &[("nonce", "m")]).status, 400);
    assert_eq!(exchange(&trusting.server, &early, &[("nonce", "n")]).status, 200);
    let too_big = trusting.token_with(&json!({"big": "x".repeat(4_200)}));
    assert_eq!(
        trusting.exchange(&too_big).error(),
        (400, "invalid_request".into()),
        "the module refuses the claims"
    );
    is_used_up(&trusting.exchange(&too_big));
}

#[test]
fn an_outage_of_redis_opens_nothing() {
    let mut trusting = Trusting::with(&json!({}));
    let token = trusting.token("42");
    trusting.redis.connect().get::<()>(&["SAVE"]);
    trusting.redis.stop();
    let outage = exchange_once(&trusting.server, &token, &[]);
    assert_eq!(outage.error(), (503, "temporarily_unavailable".into()));
    trusting.redis.restart();
    wait_until("the server is back", SOON, || trusting.server.get("/readyz").status == 200);
    assert_eq!(trusting.exchange(&token).status, 200, "nothing was sent, so nothing was used up");
}

#[test]
fn the_servers_role_may_take_note_of_used_tokens_and_set_nothing_else() {
    let redis = Redis::builder().tcp().line(&format!("hallpass.issuer {ISSUER}")).start();
    let role = server_user("");
    let words: Vec<&str> = role.split_whitespace().collect();
    redis.connect().get::<()>(&[&["ACL", "SETUSER"], &words[1..]].concat());
    let key = IssuerKey::new("EdDSA", "k");
    let issuer = OutsideIssuer::with(&[&key]);
    let path = write_issuers(&redis, &json!([entry(&issuer, &json!({}))]));
    let url = format!("redis://server:secret@127.0.0.1:{}", redis.port());
    let server = Server::before_url(&url, &["--issuers-file", path.to_str().unwrap()]);
    let token = key.token(&issuer.claims("42"));
    assert_eq!(exchange(&server, &token, &[]).status, 200);
    is_used_up(&exchange(&server, &token, &[]));
    let mut con = redis.connect_as("server", "secret");
    con.get::<()>(&["SET", "hallpass:used:x", "1"]);
    for command in [
        &["SET", "auth:42", "x"][..],
        &["SET", "auth:43", "x"],
        &["SET", "other", "x"],
        &["GET", "hallpass:used:x"],
        &["DEL", "hallpass:used:x"],
        &["AUTH.ISSUE", "hallpass:used:x"],
    ] {
        assert_eq!(refused(con.run(command)), "NOPERM", "{command:?}");
    }
}
