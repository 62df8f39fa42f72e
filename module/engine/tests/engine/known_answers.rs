//! The examples of RFC 7515 and RFC 8037: what others sign is verified here, and signed alike.

use crate::support::{NOW, base64url, bytes_of, parse};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, Keyring};

fn ring_with(key: Jwk) -> Keyring {
    let key = Jwk { usage: "sig".into(), kid: "rfc".into(), ..key };
    parse(&[key, keygen::refresh_key(&[2; 32])]).expect("usable keys")
}

/// RFC 8037, appendix A.1.
fn ed25519() -> Jwk {
    Jwk {
        kty: "OKP".into(),
        crv: Some("Ed25519".into()),
        d: Some("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into()),
        x: Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into()),
        ..Jwk::default()
    }
}

/// RFC 7515, appendix A.3.1.
fn p256() -> Jwk {
    Jwk {
        kty: "EC".into(),
        crv: Some("P-256".into()),
        x: Some("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".into()),
        y: Some("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".into()),
        d: Some("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI".into()),
        ..Jwk::default()
    }
}

/// RFC 7515, appendix A.1.1.
fn hmac() -> Jwk {
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    Jwk { kty: "oct".into(), k: Some(secret.into()), ..Jwk::default() }
}

const RFC_7515_PAYLOAD: &str = concat!(
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt",
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
);

#[test]
fn rfc_8037_a_4_ed25519_signs_and_verifies() {
    let ring = ring_with(ed25519());
    let key = ring.verifying_key("rfc", NOW).expect("known");
    assert_eq!(key.alg(), Algorithm::EdDSA);
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(key.verify(message.as_bytes(), signature));
    assert_eq!(base64url(key.sign(message.as_bytes()).expect("signs")), signature);
    assert!(!key.verify(&message.as_bytes()[1..], signature));
}

#[test]
fn rfc_7515_a_1_hs256_signs_and_verifies() {
    let ring = ring_with(hmac());
    let key = ring.verifying_key("rfc", NOW).expect("known");
    assert_eq!(key.alg(), Algorithm::HS256);
    let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{RFC_7515_PAYLOAD}");
    let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert!(key.verify(message.as_bytes(), signature));
    assert_eq!(base64url(key.sign(message.as_bytes()).expect("signs")), signature);
}

#[test]
fn rfc_7515_a_3_es256_verifies() {
    let ring = ring_with(p256());
    let key = ring.verifying_key("rfc", NOW).expect("known");
    assert_eq!(key.alg(), Algorithm::ES256);
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{RFC_7515_PAYLOAD}");
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(key.verify(message.as_bytes(), signature));
    let own = key.sign(message.as_bytes()).expect("signs");
    assert_eq!(own.len(), 64, "R and S, not DER (RFC 7518 §3.4)");
    assert!(key.verify(message.as_bytes(), &base64url(own)));
}

#[test]
fn keys_made_here_are_the_examples_keys() {
    for (alg, example) in [(Algorithm::EdDSA, ed25519()), (Algorithm::ES256, p256())] {
        let secret = bytes_of(example.d.as_deref().expect("a private key"));
        let made = keygen::signing_key(alg, &secret.try_into().expect("32 bytes")).expect("a key");
        assert_eq!((made.x, made.y, made.d), (example.x, example.y, example.d), "{alg}");
    }
}
