//! The examples of RFC 7515 and RFC 8037: signatures of others are verified, and the same signatures are made. No RFC
//! has one for PS256: its vectors are those of [`crate::wycheproof`].

use crate::support::{NOW, base64url, bytes_of, parse, random};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, Keyring};

fn ring_with(key: Jwk) -> Keyring {
    let key = Jwk { usage: "sig".into(), kid: "rfc".into(), ..key };
    parse(&[key, keygen::refresh_key(&random(2))]).expect("usable keys")
}

/// Returns the key of RFC 8037, appendix A.1.
fn ed25519() -> Jwk {
    Jwk {
        kty: "OKP".into(),
        crv: Some("Ed25519".into()),
        d: Some("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into()),
        x: Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into()),
        ..Jwk::default()
    }
}

/// Returns the key of RFC 7515, appendix A.3.1.
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

/// Returns the key of RFC 7515, appendix A.2.1, for `alg`.
fn rsa(alg: Algorithm) -> Jwk {
    let text = |parts: &[&str]| Some(parts.concat());
    Jwk {
        kty: "RSA".into(),
        alg: Some(alg.to_string()),
        n: text(&[
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
            "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
            "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
            "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        ]),
        e: text(&["AQAB"]),
        d: text(&[
            "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46su",
            "i395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4",
            "qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB",
            "4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
        ]),
        p: text(&[
            "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8",
            "cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
        ]),
        q: text(&[
            "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t",
            "62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
        ]),
        dp: text(&[
            "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCj",
            "n12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
        ]),
        dq: text(&[
            "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnw",
            "gjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
        ]),
        qi: text(&[
            "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93",
            "IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
        ]),
        ..Jwk::default()
    }
}

/// Returns the key of RFC 7515, appendix A.1.1.
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
    assert_eq!(base64url(key.sign(message.as_bytes(), <[u8]>::to_vec).expect("signs")), signature);
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
    assert_eq!(base64url(key.sign(message.as_bytes(), <[u8]>::to_vec).expect("signs")), signature);
}

#[test]
fn rfc_7515_a_2_rs256_signs_and_verifies() {
    let ring = ring_with(rsa(Algorithm::RS256));
    let key = ring.verifying_key("rfc", NOW).expect("known");
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{RFC_7515_PAYLOAD}");
    let signature = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9",
        "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB",
        "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq",
        "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    assert!(key.verify(message.as_bytes(), signature));
    assert_eq!(base64url(key.sign(message.as_bytes(), <[u8]>::to_vec).expect("signs")), signature);
}

#[test]
fn rfc_7515_a_2_key_as_ps256_verifies_its_own_signatures_and_none_of_rs256() {
    let [pss, pkcs1] = [Algorithm::PS256, Algorithm::RS256].map(|alg| ring_with(rsa(alg)));
    let [pss, pkcs1] = [&pss, &pkcs1].map(|ring| ring.verifying_key("rfc", NOW).expect("known"));
    let [by_pss, by_pkcs1] =
        [pss, pkcs1].map(|key| base64url(key.sign(b"message", <[u8]>::to_vec).expect("signs")));
    assert!(pss.verify(b"message", &by_pss) && pkcs1.verify(b"message", &by_pkcs1));
    assert!(!pss.verify(b"message", &by_pkcs1) && !pkcs1.verify(b"message", &by_pss));
}

#[test]
fn rfc_7515_a_3_es256_verifies() {
    let ring = ring_with(p256());
    let key = ring.verifying_key("rfc", NOW).expect("known");
    assert_eq!(key.alg(), Algorithm::ES256);
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{RFC_7515_PAYLOAD}");
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(key.verify(message.as_bytes(), signature));
    let own = key.sign(message.as_bytes(), <[u8]>::to_vec).expect("signs");
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
