//! AUTH.ISSUE: the values that its options accept and refuse.

use crate::support::*;

/// Asserts that `options` are refused as the caller's mistake and create no session.
#[track_caller]
fn assert_refused(con: &mut Con, options: &[&str]) {
    let refusal = con.issue("auth:42", options).expect_err(&format!("{options:?}"));
    assert_eq!(refusal.code, "ERR", "{options:?}: {refusal:?}");
    assert!(refusal.text.starts_with("hallpass: "), "{options:?}: {refusal:?}");
    assert_eq!(con.get::<i64>(&["EXISTS", "auth:42"]), 0, "{options:?}");
}

#[test]
fn options_come_in_any_order_and_any_case() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let options = [
        "maxttl",
        "500",
        "Class",
        "phone",
        "CLAIMS",
        "{\"a\":1}",
        "limit",
        "3",
        "reject",
        "client",
        "web",
        "accessttl",
        "60",
        "meta",
        "{}",
        "idlettl",
        "120",
        "audience",
        "api",
    ];
    let tokens = con.issue("auth:42", &options).unwrap();
    assert_eq!((tokens.expires_in, tokens.refresh_expires_in), (60, 120));
    assert_eq!(tokens.claims()["a"], 1);
}

#[test]
fn unknown_repeated_and_half_given_options_are_refused() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for options in [
        &["COLOUR", "blue"][..],
        &["CLAIMS"],
        &["CLAIMS", "{}", "CLAIMS", "{}"],
        &["claims", "{}", "Claims", "{}"],
        &["LIMIT", "1", "LIMIT", "2"],
        &["LIMIT", "1", "EVICT", "REJECT"],
        &["LIMIT", "1", "EVICT", "EVICT"],
        &["EVICT"],
        &["REJECT", "LIMIT", "1"],
        &["ACCESSTTL"],
        &["CLASS", "a", "CLASS", "a"],
        &["META", "{}", "META", "{}"],
        &["CLIENT", "a", "CLIENT", "a"],
        &["AUDIENCE", "a", "AUDIENCE", "a"],
        &["IDLETTL", "9", "IDLETTL", "9"],
        &["MAXTTL", "9", "MAXTTL", "9"],
        &["ACCESSTTL", "9", "ACCESSTTL", "9"],
        &[""],
    ] {
        assert_refused(&mut con, options);
    }
}

#[test]
fn claims_must_be_a_plain_object() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for claims in [
        "",
        "{",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{}{}",
        "{} x",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":01}",
        "// c\n{}",
    ] {
        assert_refused(&mut con, &["CLAIMS", claims]);
        assert_refused(&mut con, &["META", claims]);
    }
}

#[test]
fn duplicate_members_are_refused_at_any_depth() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for claims in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"a":1,"a":1}}"#,
        r#"{"x":[[{"a":1,"b":2,"a":3}]]}"#,
    ] {
        assert_refused(&mut con, &["CLAIMS", claims]);
    }
}

#[test]
fn numbers_are_signed_as_they_came() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let numbers =
        "[-0,1e-400,1E400,18446744073709551616,-9223372036854775809,123456789012345678901234567890,1.0,0e1]";
    let claims = format!(r#"{{"scope":"a","n":{numbers}}}"#);
    let first = con.issue("auth:42", &["CLAIMS", &claims, "META", &claims]).unwrap();
    let second = con.refresh("auth:42", &first.refresh, &[]).unwrap();
    for access in [&first.access, &second.access] {
        let text: String = con.get(&["AUTH.VERIFY", "auth:42", access]);
        assert!(text.ends_with(&claims[1..]), "{text}");
    }
    let inspected = redis.raw().call(&["AUTH.INSPECT", "auth:42", &second.refresh, "WITHCLAIMS"]);
    assert_eq!(
        (inspected.member("scope").text(), inspected.member("claims").text()),
        ("a".into(), claims.clone())
    );
    let listed = redis.raw().call(&["AUTH.SESSIONS", "auth:42", "FORMAT", "JSON"]).text();
    assert!(listed.contains(&format!(r#""meta":{claims}"#)), "{listed}");
    assert_eq!(con.get::<i64>(&["AUTH.SETCLAIMS", "auth:42", "ALL", &claims]), 1);
}

#[test]
fn names_that_a_json_library_keeps_to_itself_are_refused_at_any_depth() {
    let redis = Redis::start();
    let mut con = redis.connect();
    for claims in [
        r#"{"$serde_json::private::RawValue":"{\"role\":\"admin\"}"}"#,
        r#"{"x":{"$serde_json::private::RawValue":"{\"role\":\"admin\"}"}}"#,
        r#"{"x":[{"\u0024serde_json::private::Number":"1"}]}"#,
    ] {
        assert_refused(&mut con, &["CLAIMS", claims]);
        assert_refused(&mut con, &["META", claims]);
    }
}

#[test]
fn reserved_claim_names_are_refused_however_they_are_spelt() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let reserved = "iss sub aud exp nbf iat jti sid gen cv auth_time client_id cnf act active token_type token_use db der";
    for name in reserved.split(' ') {
        assert_refused(&mut con, &["CLAIMS", &format!(r#"{{"{name}":1}}"#)]);
        let first = u32::from(name.chars().next().unwrap());
        let escaped = format!(r#"{{"\u{first:04x}{}":1}}"#, &name[1..]);
        assert_refused(&mut con, &["CLAIMS", &escaped]);
    }
    con.issue("auth:42", &["CLAIMS", r#"{"x":{"sub":"inside is no claim"},"Sub":1}"#]).unwrap();
}

#[test]
fn depth_is_limited_to_sixteen() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let arrays = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    for option in ["CLAIMS", "META"] {
        con.issue("auth:16", &[option, &nested(16)]).unwrap();
        con.issue("auth:16", &[option, &arrays(16)]).unwrap();
        assert_refused(&mut con, &[option, &nested(17)]);
        assert_refused(&mut con, &[option, &arrays(17)]);
    }
}

#[test]
fn claims_and_meta_have_a_largest_size() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let object = |size: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(size - 8));
    con.issue("auth:1", &["CLAIMS", &object(4096), "META", &object(1024)]).unwrap();
    assert_refused(&mut con, &["CLAIMS", &object(4097)]);
    assert_refused(&mut con, &["META", &object(1025)]);

    con.get::<()>(&["CONFIG", "SET", "hallpass.claims-max-bytes", "10"]);
    con.issue("auth:1", &["CLAIMS", &object(10)]).unwrap();
    assert_refused(&mut con, &["CLAIMS", &object(11)]);
}

#[test]
fn claims_are_serialised_anew() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let spaced = "{ \"a\" :\t[ 1 , 2 ] , \"b\" : \"\\u0041\\/\" }\n";
    let tokens = con.issue("auth:42", &["CLAIMS", spaced]).unwrap();
    let payload = tokens.access.split('.').nth(1).unwrap();
    let text = String::from_utf8(tokens::unbase64(payload)).unwrap();
    assert!(text.contains(r#""a":[1,2]"#) && text.contains(r#""b":"A/""#), "{text}");
}

#[test]
fn class_and_client_are_short_plain_words() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let longest = "x".repeat(64);
    for option in ["CLASS", "CLIENT"] {
        con.issue("auth:1", &[option, "aZ09_.:-"]).unwrap();
        con.issue("auth:1", &[option, &longest]).unwrap();
        for bad in ["", "a b", "é", "a/b", "a\n", "a\0", &format!("{longest}x")] {
            assert_refused(&mut con, &[option, bad]);
        }
    }
}

#[test]
fn an_audience_is_printable_and_at_most_255_bytes() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let longest = "x".repeat(255);
    con.issue("auth:1", &["AUDIENCE", "https://api.example/v1?x=y"]).unwrap();
    con.issue("auth:1", &["AUDIENCE", &longest]).unwrap();
    for bad in ["", "a\nb", "a\0b", "\u{7f}", &format!("{longest}x")] {
        assert_refused(&mut con, &["AUDIENCE", bad]);
    }
}

#[test]
fn a_key_must_match_the_pattern() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let longest = format!("auth:{}", "x".repeat(255));
    for key in ["auth:42", "auth:a b", "auth:é", "auth:...", "auth:a:b", "auth:*", &longest] {
        con.issue(key, &[]).unwrap();
    }
    let too_long = format!("{longest}x");
    for key in [
        "",
        "auth:",
        "auth",
        "Auth:42",
        "user:42",
        " auth:42",
        "auth:.",
        "auth:..",
        "auth:a\nb",
        "auth:a\0b",
        "auth:\u{85}",
        "auth:\u{7f}",
        &too_long,
    ] {
        let refusal = con.issue(key, &[]).unwrap_err();
        assert_eq!(refusal.code, "ERR", "{key:?}");
        assert_eq!(con.get::<i64>(&["EXISTS", key]), 0);
    }
    let bad_utf8 = con.run(&[&b"AUTH.ISSUE"[..], b"auth:\xff"]);
    assert_eq!(refused(bad_utf8), "ERR");
}

#[test]
fn the_pattern_may_carry_a_hash_tag_and_a_suffix() {
    let redis = Redis::with(&["hallpass.key-pattern app:{*}:auth"]);
    let mut con = redis.connect();
    let key = "app:{42}:auth";
    let tokens = con.issue(key, &[]).unwrap();
    assert_eq!(tokens.claims()["sub"], "42");
    con.refresh(key, &tokens.refresh, &[]).unwrap();
    con.verify(key, &tokens.access, &[]).unwrap();
    for other in ["auth:42", "app:{}:auth", "app:{42}:auth:", "app:{42", "app:{42}"] {
        assert_eq!(refused(con.issue(other, &[])), "ERR", "{other}");
    }
}

#[test]
fn another_type_and_another_hash_are_left_alone() {
    let redis = Redis::start();
    let mut con = redis.connect();
    con.get::<()>(&["SET", "auth:string", "x"]);
    con.get::<()>(&["HSET", "auth:hash", "name", "Ann"]);
    for key in ["auth:string", "auth:hash"] {
        assert_eq!(refused(con.issue(key, &[])), "WRONGTYPE");
        assert_eq!(con.expires_at(key), -1, "no expiry was set");
    }
    assert_eq!(con.get::<String>(&["GET", "auth:string"]), "x");
    assert_eq!(con.get::<Vec<String>>(&["HGETALL", "auth:hash"]), ["name", "Ann"]);
}

#[test]
fn a_session_hash_with_a_foreign_field_is_no_longer_ours_to_extend() {
    let redis = Redis::start();
    let mut con = redis.connect();
    let tokens = con.issue("auth:42", &[]).unwrap();
    con.get::<()>(&["HSET", "auth:42", "name", "Ann"]);
    assert_eq!(refused(con.issue("auth:42", &[])), "WRONGTYPE");
    con.refresh("auth:42", &tokens.refresh, &[]).unwrap();
    con.verify("auth:42", &tokens.access, &[]).unwrap();
}
