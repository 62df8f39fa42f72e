//! Access tokens with exactly one error: algorithm, key, type, header, time, issuer, audience, use.

use serde_json::json;

use crate::support::{
    target::{Target, merged},
    *,
};

#[test]
fn no_algorithm_but_the_keys_own() {
    let mut target = Target::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS512", "ES256", "RS256", "PS256", "eddsa", "ed25519",
        "EDDSA",
    ] {
        let header = target.header("sig-1", &json!({ "alg": alg }));
        let signed = target.with_header("sig-1", &header);
        target.refuses(&format!("alg {alg}"), &signed);
        let (unsigned, _) = signed.rsplit_once('.').unwrap();
        target.refuses(&format!("alg {alg} unsigned"), &format!("{unsigned}."));
    }
    for alg in [json!(null), json!(0), json!(["EdDSA"]), json!({"EdDSA": 1}), json!(true)] {
        let header = target.header("sig-1", &json!({ "alg": alg }));
        let token = target.with_header("sig-1", &header);
        target.refuses(&format!("alg {alg}"), &token);
    }
    target.still_works();
}

#[test]
fn no_public_key_as_a_secret() {
    let mut target = Target::new();
    for kid in ["sig-1", "es"] {
        let key = target.key(kid);
        let x = key.text("x").to_owned();
        let mut published = key.0.clone();
        published.as_object_mut().unwrap().remove("d");
        let secrets = [tokens::unbase64(&x), x.into_bytes(), published.to_string().into_bytes(), vec![]];
        for secret in secrets {
            let header = target.header(kid, &json!({"alg": "HS256"}));
            let message = format!(
                "{}.{}",
                tokens::base64(header.to_string()),
                tokens::base64(target.claims.to_string())
            );
            let mac = keyring::hmac_sha256(&secret, message.as_bytes());
            target.refuses("HS256 with a public key", &format!("{message}.{}", tokens::base64(mac)));
        }
    }
    target.still_works();
}

#[test]
fn no_key_but_the_one_that_is_named() {
    let mut target = Target::new();
    let stranger = Key::signing("EdDSA", "sig-1");
    let token = jwt::sign(&stranger, &jwt::header_for(&stranger), &target.claims);
    target.refuses("another key of that name", &token);
    for kid in [
        json!("nobody"),
        json!(""),
        json!(null),
        json!(1),
        json!(["sig-1"]),
        json!("SIG-1"),
        json!("sig-1 "),
        json!("es"),
        json!("hs"),
        json!("ref-1"),
        json!("../sig-1"),
        json!("sig-1\u{0}"),
    ] {
        let header = target.header("sig-1", &json!({ "kid": kid }));
        let token = target.with_header("sig-1", &header);
        target.refuses(&format!("kid {kid}"), &token);
    }
    for (signer, named) in [("es", "sig-1"), ("hs", "sig-1"), ("hs", "es"), ("sig-1", "hs"), ("es", "hs")] {
        let named_header = jwt::header_for(&target.key(named));
        let token = target.with_header(signer, &named_header);
        target.refuses(&format!("{named} signed by {signer}"), &token);
        let header = target.header(signer, &json!({ "kid": named }));
        let token = target.with_header(signer, &header);
        target.refuses(&format!("{signer}'s alg under the name {named}"), &token);
    }
    target.still_works();
}

#[test]
fn no_other_type() {
    let mut target = Target::new();
    for typ in [
        json!("jwt"),
        json!(""),
        json!(null),
        json!(1),
        json!("logout+jwt"),
        json!("refresh+jwt"),
        json!("id+jwt"),
        json!("at+jwt "),
        json!("at"),
        json!(["at+jwt"]),
    ] {
        let header = target.header("sig-1", &json!({ "typ": typ }));
        let token = target.with_header("sig-1", &header);
        target.refuses(&format!("typ {typ}"), &token);
    }
    target.still_works();
}

#[test]
fn no_key_that_the_sender_brings() {
    let mut target = Target::new();
    let own = Key::signing("EdDSA", "sig-1");
    let mut public = own.0.clone();
    public.as_object_mut().unwrap().remove("d");
    let brought = [
        json!({ "jwk": public }),
        json!({"jku": "https://evil.example/jwks.json"}),
        json!({"x5u": "https://evil.example/cert.pem"}),
        json!({"x5c": ["MIIB"]}),
        json!({"x5t": "AAAA"}),
        json!({"x5t#S256": "AAAA"}),
    ];
    for extra in &brought {
        let header = merged(&jwt::header_for(&own), extra);
        let token = jwt::sign(&own, &header, &target.claims);
        target.refuses(&format!("a token of one's own with {extra}"), &token);
        let token = target.with_header("sig-1", &header);
        target.refuses(&format!("a token of ours with {extra}"), &token);
    }
    target.still_works();
}

#[test]
fn no_critical_extension() {
    let mut target = Target::new();
    for extra in [
        json!({"crit": []}),
        json!({"crit": ["exp"]}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": false}),
        json!({"b64": true}),
        json!({"crit": ["unknown"], "unknown": 1}),
        json!({"zip": "DEF"}),
        json!({"enc": "A256GCM"}),
        json!({"cty": "JWT"}),
    ] {
        let header = target.header("sig-1", &extra);
        let token = target.with_header("sig-1", &header);
        target.refuses(&format!("{extra}"), &token);
        let unencoded = jwt::sign_parts(
            &target.key("sig-1"),
            &tokens::base64(header.to_string()),
            &target.claims.to_string(),
        );
        target.refuses(&format!("{extra} over an unencoded payload"), &unencoded);
    }
    target.still_works();
}

#[test]
fn no_token_of_another_kind() {
    let mut target = Target::new();
    let refresh = target.refresh.clone();
    target.refuses("a refresh token", &refresh);
    let key = target.key("sig-1");
    let now = target.claims["iat"].clone();
    let id = json!({"iss": "https://id", "aud": "web", "sub": "42", "iat": now, "exp": target.claims["exp"], "nonce": "n"});
    let token = jwt::sign(&key, &json!({"typ": "JWT", "alg": "EdDSA", "kid": "sig-1"}), &id);
    target.refuses("an ID token of the same key", &token);
    let token = jwt::sign(&key, &json!({"alg": "EdDSA", "kid": "sig-1"}), &id);
    target.refuses("an ID token without a type", &token);
    let token = jwt::sign(&key, &jwt::header_for(&key), &id);
    target.refuses("an ID token that calls itself an access token", &token);
    target.still_works();
}

#[test]
fn no_key_of_another_use() {
    let mut target = Target::new();
    let refresh_key = target.key("ref-1");
    for alg in ["HS256", "EdDSA", "none"] {
        let header = json!({"typ": "at+jwt", "alg": alg, "kid": "ref-1"});
        let token = jwt::sign(&refresh_key, &header, &target.claims);
        target.refuses("a refresh key as a signing key", &token);
    }
    let forged = jwt::forge_refresh(&target.key("hs"), &target.refresh.replace("ref-1", "hs"), "0");
    let answer = target.con.refresh("auth:42", &forged, &[]);
    assert_eq!(refused(answer), "INVALIDTOKEN", "a signing key as a refresh key");
    target.still_works();
}

#[test]
fn no_expired_key() {
    let mut target = Target::new();
    let old = target.key("old");
    let token = jwt::sign(&old, &jwt::header_for(&old), &target.claims);
    target.refuses("an expired key", &token);
    target.still_works();
}

#[test]
fn no_wrong_time_issuer_or_audience() {
    let mut target = Target::new();
    let now = target.claims["iat"].as_i64().unwrap();
    for (changes, code) in [
        (json!({"exp": now - 10}), "EXPIREDTOKEN"),
        (json!({"exp": 0}), "EXPIREDTOKEN"),
        (json!({"nbf": now + 1000}), "INVALIDTOKEN"),
        (json!({"iss": "https://id/"}), "INVALIDTOKEN"),
        (json!({"iss": "https://evil"}), "INVALIDTOKEN"),
        (json!({"iss": null}), "INVALIDTOKEN"),
        (json!({"aud": "API"}), "INVALIDTOKEN"),
        (json!({"aud": "other"}), "INVALIDTOKEN"),
        (json!({"aud": null}), "INVALIDTOKEN"),
        (json!({"aud": []}), "INVALIDTOKEN"),
        (json!({"aud": ["other"]}), "INVALIDTOKEN"),
        (json!({"cv": 1}), "STALETOKEN"),
    ] {
        let token = target.with_claims(&changes);
        target.verify_refuses(&changes.to_string(), &token, code);
    }
    target.still_works();
}

#[test]
fn no_missing_or_misshapen_claim() {
    let mut target = Target::new();
    for changes in [
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"exp": -1}),
        json!({"exp": [9_999_999_999_u64]}),
        json!({"exp": true}),
        json!({"sub": null}),
        json!({"sub": 42}),
        json!({"sub": "43"}),
        json!({"sub": ""}),
        json!({"sid": null}),
        json!({"sid": 1}),
        json!({"sid": "x"}),
        json!({"gen": null}),
        json!({"gen": "0"}),
        json!({"gen": -1}),
        json!({"gen": 0.5}),
        json!({"cv": null}),
        json!({"cv": "0"}),
        json!({"sid": target.claims["sid"].as_str().unwrap().to_uppercase()}),
    ] {
        let token = target.with_claims(&changes);
        target.refuses(&changes.to_string(), &token);
    }
    let key = target.key("sig-1");
    for payload in ["", "null", "[]", "42", "{}", "{", "\"sub\"", "{\"sub\":\"42\"} x"] {
        let token = jwt::sign_text(&key, &jwt::header_for(&key).to_string(), payload);
        target.refuses(&format!("the payload {payload}"), &token);
    }
    target.still_works();
}
