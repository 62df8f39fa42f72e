//! The crate hallpass-client as a library: every command by its method, on one server and in a cluster.

use std::{fs, os::unix::fs::PermissionsExt};

use hallpass_client::{
    ANY_AUDIENCE, Address, CommandError, Hallpass, IssueOptions, OnLimit, Page, RefreshOptions, Revocation,
    SubjectKeys, TokenState, is_refresh_token,
};

use crate::support::*;

/// Returns a client of a server's socket.
fn client(redis: &Redis) -> Hallpass {
    Hallpass::new(&Address::unix(&redis.socket()).unwrap()).unwrap()
}

/// Returns the subject that claims name.
fn subject(claims: &str) -> String {
    serde_json::from_str::<serde_json::Value>(claims).unwrap()["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_example_of_the_front_page_works() {
    let redis = Redis::start();
    let hallpass = client(&redis);
    let keys = hallpass.module_info().await.unwrap().subject_keys().unwrap();
    let key = keys.of_subject("ann").unwrap();
    let first = hallpass.issue(&key, &IssueOptions::default()).await.unwrap();
    assert!(is_refresh_token(&first.refresh_token) && !is_refresh_token(&first.access_token));
    assert_eq!(keys.of_token(&first.access_token).as_ref(), Some(&key));
    assert_eq!(keys.of_token(&first.refresh_token).as_ref(), Some(&key));
    let claims = hallpass.verify(&key, &first.access_token, None).await.unwrap();
    assert_eq!(subject(&claims), "ann");
    let second = hallpass.refresh(&key, &first.refresh_token, &RefreshOptions::default()).await.unwrap();
    assert_eq!((&second.session_id, second.expires_in), (&first.session_id, 900));
}

#[tokio::test]
async fn every_option_of_a_login_arrives() {
    let redis = Redis::start();
    let (hallpass, key) = (client(&redis), "auth:42");
    let options = IssueOptions {
        claims: Some(r#"{"scope":"read"}"#),
        audience: Some("api"),
        client: Some("web"),
        is_public: false,
        class: Some("phone"),
        meta: Some(r#"{"name":"Ann's"}"#),
        limit: Some(1),
        on_limit: Some(OnLimit::Evict),
        session_id: Some("01890a5d-ac96-774b-bcce-b302099a8057"),
        access_ttl: Some(60),
        idle_ttl: Some(120),
        max_ttl: Some(180),
        shared: Some(0),
        auth_time: Some(1_700_000_000),
    };
    let tokens = hallpass.issue(key, &options).await.unwrap();
    assert_eq!((tokens.expires_in, tokens.refresh_expires_in, tokens.evicted), (60, 120, Some(vec![])));
    let again = IssueOptions { on_limit: Some(OnLimit::Reject), session_id: None, ..options };
    assert_eq!(hallpass.issue(key, &again).await.err(), Some(CommandError::SessionLimit));

    let asked = hallpass.verify(key, &tokens.access_token, Some("other")).await;
    assert_eq!(asked, Err(CommandError::InvalidToken));
    hallpass.verify(key, &tokens.access_token, Some(ANY_AUDIENCE)).await.unwrap();
    let inspected = hallpass.inspect(key, &tokens.refresh_token, true).await.unwrap();
    assert_eq!((inspected.is_active, inspected.state), (true, Some(TokenState::Current)));
    assert_eq!((inspected.sub.as_str(), inspected.sid.as_str()), ("42", tokens.session_id.as_str()));
    let named = [inspected.aud, inspected.client_id, inspected.scope].map(Option::unwrap);
    assert_eq!(named, ["api", "web", "read"]);
    assert_eq!((inspected.is_bound, inspected.generation), (true, Some(0)));
    assert_eq!(inspected.auth_time, Some(1_700_000_000));
    assert_eq!(inspected.access_expires_at, inspected.iat.map(|at| at + 60));
    assert_eq!(inspected.claims.as_deref(), Some(r#"{"scope":"read"}"#));

    let options = RefreshOptions {
        access: Some(&tokens.access_token),
        client: Some("web"),
        meta: Some(r#"{"name":"Bob's"}"#),
    };
    hallpass.refresh(key, &tokens.refresh_token, &options).await.unwrap();
    let listed = hallpass.sessions(key, Page::default(), true).await.unwrap();
    assert_eq!(listed[0].class.as_deref(), Some("phone"));
    assert_eq!(listed[0].meta.as_deref(), Some(r#"{"name":"Bob's"}"#));
    assert_eq!((listed[0].claims.as_deref(), listed[0].generation), (Some(r#"{"scope":"read"}"#), 1));
    assert_eq!(listed[0].ends_at - listed[0].issued_at, 180);
}

#[tokio::test]
async fn a_public_client_and_a_shared_session_arrive() {
    let redis = Redis::start();
    let (hallpass, key) = (client(&redis), "auth:42");
    let options =
        IssueOptions { client: Some("web"), is_public: true, shared: Some(1), ..IssueOptions::default() };
    let tokens = hallpass.issue(key, &options).await.unwrap();
    let inspected = hallpass.inspect(key, &tokens.refresh_token, false).await.unwrap();
    assert_eq!((inspected.client_id.as_deref(), inspected.is_bound), (Some("web"), false));
    let again = hallpass.refresh(key, &tokens.refresh_token, &RefreshOptions::default()).await.unwrap();
    assert_eq!(again.refresh_token, tokens.refresh_token, "all holders get the young token");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_in_every_way() {
    let redis = Redis::start();
    let (hallpass, key) = (client(&redis), "auth:42");
    let mut tokens = vec![];
    for _ in 0..6 {
        tokens.push(hallpass.issue(key, &IssueOptions::default()).await.unwrap());
    }
    let sids: Vec<&str> = tokens.iter().map(|tokens| tokens.session_id.as_str()).collect();

    let page = Page { offset: Some(1.into()), count: Some("2".into()) };
    assert_eq!(hallpass.sessions(key, page, false).await.unwrap().len(), 2);
    let page = Page { offset: None, count: Some("many".into()) };
    let refused = hallpass.sessions(key, page, false).await.unwrap_err();
    assert_eq!(refused, CommandError::Rejected("value is not an integer or out of range".into()));

    assert_eq!(hallpass.set_claims(key, Some(sids[0]), r#"{"role":"x"}"#).await, Ok(1));
    let stale = hallpass.verify(key, &tokens[0].access_token, None).await;
    assert_eq!(stale, Err(CommandError::StaleToken));
    assert_eq!(hallpass.set_claims(key, None, "{}").await, Ok(6));

    let bound = Revocation::Token { token: &tokens[0].refresh_token, client: Some("web") };
    assert_eq!(hallpass.revoke(key, bound).await, Ok(1));
    assert_eq!(hallpass.revoke(key, Revocation::Sessions(&[sids[1], sids[2], sids[1], "x"])).await, Ok(2));
    assert_eq!(hallpass.revoke(key, Revocation::All { except: Some(sids[3]) }).await, Ok(2));
    assert_eq!(hallpass.revoke(key, Revocation::All { except: None }).await, Ok(1));
    let options = RefreshOptions::default();
    let gone = hallpass.refresh(key, &tokens[3].refresh_token, &options).await;
    assert_eq!(gone.err(), Some(CommandError::NoSession));
    let inspected = hallpass.inspect(key, &tokens[3].refresh_token, false).await.unwrap();
    assert_eq!((inspected.state, inspected.exp), (Some(TokenState::Gone), None));
}

#[tokio::test]
async fn each_error_has_its_own_variant() {
    let redis = Redis::start();
    let hallpass = client(&redis);
    redis.connect().get::<()>(&["SET", "auth:other", "x"]);
    let options = IssueOptions::default();
    assert_eq!(hallpass.issue("auth:other", &options).await.err(), Some(CommandError::WrongType));
    let refused = hallpass.issue("elsewhere", &options).await.err().unwrap().to_string();
    assert_eq!(refused, "the command was rejected: key does not match hallpass.key-pattern");
    let empty = hallpass.revoke("auth:42", Revocation::Sessions(&[])).await;
    assert_eq!(empty, Err(CommandError::Rejected("syntax error".into())));

    let bare = Redis::builder().without_module().start();
    let error = client(&bare).verify("auth:42", "hp1.secret", None).await.unwrap_err().to_string();
    assert!(error.contains("module is not loaded") && !error.contains("secret"), "{error}");
    assert!(matches!(client(&bare).module_info().await, Err(CommandError::Unavailable(_))));
}

#[tokio::test]
async fn answers_come_as_json_too() {
    let redis = Redis::start();
    let (hallpass, key) = (client(&redis), "auth:42");
    let read = |json: Vec<u8>| serde_json::from_slice::<serde_json::Value>(&json).unwrap();
    let options = IssueOptions { meta: Some(r#"{"ua":"x"}"#), ..IssueOptions::default() };
    let first = read(hallpass.issue_json(key, &options).await.unwrap());
    let token = first["refresh_token"].as_str().unwrap();
    let second = read(hallpass.refresh_json(key, token, &RefreshOptions::default()).await.unwrap());
    assert_eq!((&second["session_id"], &second["token_type"]), (&first["session_id"], &"Bearer".into()));
    let sessions = read(hallpass.sessions_json(key, Page::default(), false).await.unwrap());
    assert_eq!((&sessions[0]["sid"], &sessions[0]["meta"]["ua"]), (&first["session_id"], &"x".into()));
    let refused = hallpass.refresh_json(key, "hp1.nonsense", &RefreshOptions::default()).await;
    assert_eq!(refused, Err(CommandError::InvalidToken));
}

#[tokio::test]
async fn the_keyring_is_shown_and_read_again() {
    let redis = Redis::start();
    let hallpass = client(&redis);
    let keys = hallpass.keys().await.unwrap();
    let seen = keys.iter().map(|key| (key.kid.as_str(), key.usage.as_str(), key.status.as_str(), key.exp));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("sig-1", "sig", "active", None), ("ref-1", "refresh", "active", None)]
    );
    assert!(hallpass.jwks().await.unwrap().contains(r#""kid":"sig-1""#));

    let ring = redis.ring().clone().and(Key::signing("ES256", "sig-2"));
    ring.write(&redis.path("keyring.json"));
    hallpass.reload().await.unwrap();
    assert_eq!(hallpass.keys().await.unwrap().len(), 3);
    fs::set_permissions(redis.path("keyring.json"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(hallpass.reload().await, Err(CommandError::Rejected(_))));
    assert_eq!(hallpass.keys().await.unwrap().len(), 3);
}

#[tokio::test]
async fn every_node_of_a_cluster_reads_its_keyring_again() {
    let cluster = Cluster::start();
    let hallpass = Hallpass::new(&Address::parse(&cluster.url()).unwrap()).unwrap();
    let keys = SubjectKeys::new(&hallpass.module_info().await.unwrap().key_pattern).unwrap();
    for subject in ["ann", "bob", "eve"] {
        let key = keys.of_subject(subject).unwrap();
        let tokens = hallpass.issue(&key, &IssueOptions::default()).await.unwrap();
        let claims = hallpass.verify(&key, &tokens.access_token, None).await.unwrap();
        assert_eq!(self::subject(&claims), subject);
    }
    // It has replicas, too, but a young cluster does not list them yet.
    let reloads = |number: usize| cluster.node(number).log().matches("the keyring was reloaded").count();
    hallpass.reload().await.unwrap();
    assert_eq!([0, 1, 2].map(reloads), [1, 1, 1]);
    let ring = cluster.node(2).path("keyring.json");
    fs::set_permissions(ring, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(hallpass.reload().await, Err(CommandError::Rejected(_))));
    assert_eq!([0, 1, 2].map(reloads), [2, 2, 1], "one cannot, and the others do");
}
