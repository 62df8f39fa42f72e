//! FORMAT JSON: one text, the same in RESP2 and RESP3, ready to be sent on.

use serde_json::{Value as Json, json};

use crate::support::{clock::Clocked, *};

/// The text of a reply in both protocols, which must be the same.
fn text(redis: &Redis, args: &[&str]) -> String {
    let replies = [redis.raw(), redis.raw().resp3()].map(|mut raw| raw.call(args));
    let [Reply::Bulk(two), Reply::Bulk(three)] = &replies else { panic!("{args:?}: {replies:?}") };
    assert_eq!(two, three, "{args:?}");
    String::from_utf8(two.clone()).expect("text")
}

fn json(redis: &Redis, args: &[&str]) -> Json {
    serde_json::from_str(&text(redis, args)).expect("JSON")
}

/// The names of an object's members, in the order of the text.
fn names(text: &str) -> Vec<String> {
    let mut names = vec![];
    let (mut depth, mut rest) = (0, text);
    while let Some(at) = rest.find(['{', '}', '[', ']', '"']) {
        match rest.as_bytes()[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let end = at + 1 + rest[at + 1..].find('"').expect("the end of a text without escapes");
                if depth == 1 && rest[end + 1..].starts_with(':') {
                    names.push(rest[at + 1..end].to_owned());
                }
                rest = &rest[end..];
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[at + 1..];
    }
    names
}

/// A server whose clock stands still: lifetimes count from now.
fn stopped(builder: redis_server::Builder) -> Clocked {
    let clocked = Clocked::start(builder);
    clocked.stand_still();
    clocked
}

const TOKEN_RESPONSE: [&str; 6] =
    ["access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in", "session_id"];

#[test]
fn issue_answers_with_the_token_response_of_oauth() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.issue("auth:42", &[]).unwrap();
    let args = ["AUTH.ISSUE", "auth:42", "format", "json", "LIMIT", "1", "CLAIMS", r#"{"scope":"a \"b\""}"#];
    let reply = redis.raw().call(&args).text();
    assert_eq!(names(&reply.replace("\\\"", "")), [&TOKEN_RESPONSE[..], &["scope", "evicted"]].concat());
    let reply: Json = serde_json::from_str(&reply).unwrap();
    let access = reply["access_token"].as_str().unwrap();
    assert_eq!(con.verify("auth:42", access, &[]).unwrap()["sid"], reply["session_id"]);
    con.refresh("auth:42", reply["refresh_token"].as_str().unwrap(), &[]).unwrap();
    assert_eq!(reply["token_type"], "Bearer");
    assert_eq!((&reply["expires_in"], &reply["refresh_expires_in"]), (&json!(900), &json!(1_209_600)));
    assert_eq!(reply["scope"], "a \"b\"");
    assert_eq!(reply["evicted"].as_array().unwrap().len(), 1);
}

#[test]
fn a_repeated_login_and_refresh_answer_the_same_text() {
    let clocked = stopped(Redis::builder());
    let redis = &clocked.redis;
    let issue = ["AUTH.ISSUE", "auth:42", "SID", "01890a5d-ac96-774b-bcce-b302099a8057", "FORMAT", "JSON"];
    let first = json(redis, &issue);
    assert_eq!(first["evicted"], json!([]));
    let token = first["refresh_token"].as_str().unwrap();
    let refreshed = text(redis, &["AUTH.REFRESH", "auth:42", token, "FORMAT", "JSON"]);
    assert_eq!(names(&refreshed), TOKEN_RESPONSE, "without a scope, and never with evicted");
}

#[test]
fn a_scope_that_is_no_text_is_no_scope() {
    let redis = Redis::start();
    for claims in [r#"{"scope":["a"]}"#, r#"{"scope":null}"#, r#"{"scope":7}"#, r#"{"x":{"scope":"a"}}"#] {
        let issue = ["AUTH.ISSUE", "auth:42", "CLAIMS", claims, "FORMAT", "JSON"];
        let reply: Json = serde_json::from_str(&redis.raw().call(&issue).text()).unwrap();
        assert!(reply.get("scope").is_none(), "{claims}: {reply}");
    }
}

#[test]
fn slow_signatures_answer_the_same() {
    let clocked = stopped(Redis::builder().keyring(Keyring::generated("RS256")));
    let redis = &clocked.redis;
    let mut con = redis.connect();
    let reply: Json =
        serde_json::from_str(&redis.raw().call(&["AUTH.ISSUE", "auth:42", "FORMAT", "JSON"]).text()).unwrap();
    con.verify("auth:42", reply["access_token"].as_str().unwrap(), &[]).unwrap();
    let token = reply["refresh_token"].as_str().unwrap();
    let first = text(redis, &["AUTH.REFRESH", "auth:42", token, "FORMAT", "JSON"]);
    assert_eq!(names(&first), TOKEN_RESPONSE);
}

#[test]
fn inspect_answers_with_the_members_of_the_map_and_claims_as_json() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let claims = r#"{"scope":"a b","n":{"x":[1,null]}}"#;
    let tokens = con.issue("auth:42", &["CLAIMS", claims, "AUDIENCE", "api", "CLIENT", "web"]).unwrap();
    let inspect = ["AUTH.INSPECT", "auth:42", &tokens.refresh, "WITHCLAIMS"];
    let map = redis.raw().resp3().call(&inspect);
    let expected: Vec<String> = map.pairs().into_iter().map(|(name, _)| name).collect();
    let text = text(&redis, &[&inspect[..], &["FORMAT", "JSON"]].concat());
    assert_eq!(names(&text), expected);
    let reply: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(reply["claims"], serde_json::from_str::<Json>(claims).unwrap());
    assert_eq!((&reply["active"], &reply["bound"]), (&json!(true), &json!(true)));
    assert_eq!(Reply::Integer(reply["exp"].as_i64().unwrap()), map.member("exp"));
}

#[test]
fn sessions_answers_with_an_array_and_meta_and_claims_as_json() {
    let redis = Redis::start();
    let mut con = redis.connect();
    assert_eq!(text(&redis, &["AUTH.SESSIONS", "auth:42", "FORMAT", "JSON"]), "[]");
    con.issue("auth:42", &["META", r#"{"ua":"x"}"#, "CLAIMS", r#"{"role":"y"}"#, "CLASS", "web"]).unwrap();
    con.issue("auth:42", &[]).unwrap();
    let reply = json(&redis, &["AUTH.SESSIONS", "auth:42", "FORMAT", "JSON", "WITHCLAIMS"]);
    let [bare, full] = &reply.as_array().unwrap()[..] else { panic!("{reply}") };
    assert_eq!((bare.get("meta"), bare.get("claims"), bare.get("class")), (None, None, None));
    assert_eq!((&full["meta"], &full["claims"]), (&json!({"ua": "x"}), &json!({"role": "y"})));
    assert_eq!((&full["class"], &full["gen"]), (&json!("web"), &json!(0)));
}

#[test]
fn keys_answers_with_an_array() {
    let ring = Keyring::default().and(Key::refresh("ref-2").with("nbf", 4_000_000_000_u64));
    let redis = Redis::builder().keyring(ring).start();
    let reply = json(&redis, &["AUTH.KEYS", "Format", "Json"]);
    let expected = json!([
        {"kid": "sig-1", "alg": "EdDSA", "use": "sig", "status": "active"},
        {"kid": "ref-1", "alg": "HS256", "use": "refresh", "status": "active"},
        {"kid": "ref-2", "alg": "HS256", "use": "refresh", "status": "next", "nbf": 4_000_000_000_u64},
    ]);
    assert_eq!(reply, expected);
}

#[test]
fn what_this_module_did_not_write_adds_no_members() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let (meta, claims) = (r#"{"ua":"xxxxxxxxxxxxxxxxx"}"#, r#"{"role":"yyyyyyyyyyyyy"}"#);
    let tokens = con.issue("auth:42", &["META", meta, "CLAIMS", claims]).unwrap();
    let good = con.records("auth:42").remove(&tokens.session_id).unwrap();
    let replaced = |old: &str, new: &str| {
        assert_eq!(old.len(), new.len());
        let at = good.windows(old.len()).position(|part| part == old.as_bytes()).expect("it is there");
        [&good[..at], new.as_bytes(), &good[at + old.len()..]].concat()
    };
    for record in [
        replaced(meta, r#"{"ua":"x"},"sub":"forged"}"#),
        replaced(meta, r#"{ "ua":"xxxxxxxxxxxxxxxx"}"#),
        replaced(meta, r#""xxxxxxxxxxxxxxxxxxxxxxxx""#),
    ] {
        con.run(&[&b"HSET"[..], b"auth:42", tokens.session_id.as_bytes(), &record]).unwrap();
        let reply = json(&redis, &["AUTH.SESSIONS", "auth:42", "WITHCLAIMS", "FORMAT", "JSON"]);
        assert!(reply[0].get("meta").is_none() && reply[0].get("sub").is_none(), "{reply}");
        assert!(reply[0].get("claims").is_some());
    }
    for record in
        [replaced(claims, r#"{"role":"y"},"exp":9999}"#), replaced(claims, r#"{"sub":"someone else!!"}"#)]
    {
        con.run(&[&b"HSET"[..], b"auth:42", tokens.session_id.as_bytes(), &record]).unwrap();
        let inspect = ["AUTH.INSPECT", "auth:42", &tokens.refresh, "WITHCLAIMS", "FORMAT", "JSON"];
        let inspected = json(&redis, &inspect);
        assert!(inspected.get("claims").is_none(), "{inspected}");
        let listed = json(&redis, &["AUTH.SESSIONS", "auth:42", "WITHCLAIMS", "FORMAT", "JSON"]);
        assert!(listed[0].get("claims").is_none() && listed[0].get("meta").is_some(), "{listed}");
    }
}

#[test]
fn any_other_format_is_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    for command in [
        &["AUTH.ISSUE", "auth:42"][..],
        &["AUTH.REFRESH", "auth:42", &tokens.refresh],
        &["AUTH.INSPECT", "auth:42", &tokens.refresh],
        &["AUTH.SESSIONS", "auth:42"],
        &["AUTH.KEYS"],
    ] {
        for format in
            [&["FORMAT"][..], &["FORMAT", "XML"], &["FORMAT", ""], &["FORMAT", "JSON", "FORMAT", "JSON"]]
        {
            let line = redis.raw().call(&[command, format].concat()).text();
            assert!(line.starts_with("ERR hallpass: "), "{command:?} {format:?}: {line}");
        }
    }
    assert_eq!(con.records("auth:42").len(), 1);
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
}

#[test]
fn errors_stay_errors() {
    let redis = Redis::start();
    for command in [&["AUTH.REFRESH", "auth:42", "x"][..], &["AUTH.INSPECT", "auth:42", "x"]] {
        let reply = redis.raw().call(&[command, &["FORMAT", "JSON"]].concat());
        assert_eq!(reply.error_code(), "INVALIDTOKEN");
    }
}

#[test]
fn it_works_in_transactions_and_scripts() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let script = "return redis.call('AUTH.ISSUE', KEYS[1], 'FORMAT', 'JSON')";
    let issued: String = con.get(&["EVAL", script, "1", "auth:42"]);
    let issued: Json = serde_json::from_str(&issued).unwrap();
    let token = issued["refresh_token"].as_str().unwrap();
    let script =
        "return cjson.decode(redis.call('AUTH.INSPECT', KEYS[1], ARGV[1], 'FORMAT', 'JSON'))['state']";
    assert_eq!(con.get::<String>(&["EVAL_RO", script, "1", "auth:42", token]), "current");
    let mut raw = redis.raw();
    raw.call(&["MULTI"]);
    raw.call(&["AUTH.REFRESH", "auth:42", token, "FORMAT", "JSON"]);
    let replies = raw.call(&["EXEC"]);
    assert_eq!(names(&replies.items()[0].text()), TOKEN_RESPONSE);
}
