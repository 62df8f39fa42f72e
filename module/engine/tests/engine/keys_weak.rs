//! Keys that are well-formed and must not be used: weak ones, predictable secrets, and keys that are meant for something else.

use crate::support::{NOW, parse, random, signing_jwk};
use hallpass_engine::keygen;
use hallpass_engine::keys::{Algorithm, Jwk, KeyError, KeyOperations, Keyring, KeyringError};
use serde_json::{Value, json};

/// The members of RSA keys that were made for this test, in one line each. The first has the fingerprint of ROCA: its primes
/// are powers of 65537 modulo the product of the first 126 primes, plus a multiple of that.
const ROCA: &str = concat!(
    r#"{"n":"yESuEoz4MohmJ1rTpEBZ_-WYAn-hgWt9tC-6CdIDEFMig6NMCKffQ3snPr9PuCEoJOKSBka8wCp7gib_whCR"#,
    r#"oAE57cjp__iAEnjzGQyp9NrbrVvMKA1KNtM1ndi3RPLh45ai3qK9Xu5HMb2ZPRsbV-V6xQFRhJ-Jb5nM7QHGh6op0P"#,
    r#"Ar-lSGkzk90fOqH8wd3yLDKgKyfDEAyTvWwN6FIv3oonSoQeiw_QsoPlat8q1d0f3Ccnl53hb4GBNwkybe7LYzEvLo"#,
    r#"WKZTO4LCOL-htk7KFUafTzZZDvSTCxQxNCzSiF1IznnJCqDe9aiZwWL5PAwqxcpM2xVzrvumqDMnnQ","e":"AQAB""#,
    r#","d":"MesIlqAjt3jPOa0GhvDxXfsNBkZo69jutsyUqyD5WYbXWgeIirnJSUk3sYi_Jq7BElyVOFJGdwG_0mPFKUq2"#,
    r#"-bKEjXQge4il57TVJ1_ENz-cNRxmCW-ymXLQ8PzVRa7ixjdEdokK-dAb19aiDRymFqUhElzvREb9217zOPpR0XuUWJ"#,
    r#"LC731ym_MkDMCItefMFT0O1oGKvetggItadJBbUwc9Bi1-Hd5afsdPaKW3XRvsiV6FBZGTZS2DG0b3ty67Iu8yOxw2"#,
    r#"qTza4J1xV04Gqj9ENfZWFOsRkeAJ0pWIa1gkwoMJGYbUramWJwTzf7pp2uh7j2aK1TIIb1bWvjO7ww","p":"5WNYg"#,
    r#"MboDSeMeomvvakB_oKj03CABC4Fut5iBan4-DuP7mBmCd4w6vdLHdeMWO5DZv-zBPY87HpAFnpzr44dLJZk5Ctvyrq"#,
    r#"NGXFpcb_74tDN7HRCp3Jt5KXaC0Aa2FM-P25zW2sKc68yH2rcT93voABjsqNNzM41oAwcCtCsCw8","q":"34B_kOZ"#,
    r#"8o0XND8KmVTBkvpUDM6a67fCL2WrxdwL3MrmM9YbOpryZP286wKURBoulSzMP2Ur00SwxFNVHokUie9hchr6aViEec"#,
    r#"0nKzSZBwIGhdH5tkbZau08OW8chAuxI7SeJEYqVR0rNFcW4htbsNHyGRlk5kmXTxfsJUyBCUpM","dp":"qjRQ0xzD"#,
    r#"yh7ySWookF37MNHWpWjwVCmh7spbiUBZkDcB0SqOC_xl57KedgIeDU6djKtmNeRPyFfdfdBWTojwdMkTC4p_ZLmPQL"#,
    r#"W6O8DsMZwlb7HEU2LAz8uQQpDKWoFJyt81kTuXgccZNd6golJXHy2qzD4H2FOZzqutkwjK31k","dq":"XSt8AjOTE"#,
    r#"Z0vdrp2DF04IhqMUyPWGQqFwgTK1AnwcrzW_iNMUkWcvMzpeRVWm5vrNAX9PV_53pjFfSHL0uFvFqGDMMiUHgOAZh8"#,
    r#"E47BnCJEBdUae9ndGK38xRSElqcpGPFaW1TEoOaf9Bm5-FffST675aqoXTegU-BtGL9jqzPE","qi":"f3fEWrWnkE"#,
    r#"htw3JUCX1EQDK5j10E3R4--QfPjEJbCaPvmSWiZrGDjdyJYRDd9mEUdcV8mEYEIRGIIZTkIGkuPDqF3hg8o6s5jfHT"#,
    r#"mU_Tk3bnDRhgw5dUR5x0m4XCdg5_DfeAi3wm_UbH0qVN_s2QkXL4eWh8lwWhySdl_9XKCBE"}"#,
);
const EXPONENT_3: &str = concat!(
    r#"{"n":"o3DlhWLK_HIRKTspn58qlIuFBC7t3NAEOszCyOdwUCP1dvhGLjEuaBH7iQr_H7RUBRiB8GQIj_92WHEtWx0o"#,
    r#"FMLo_6Gbsw5vf_N1Ucn4Ej54LnuQc4gGzY42V5CUw41bnFj6wfVMAWoAepBmMjHMVy7ZFkCS-GWdYkBip1qveD0TIY"#,
    r#"U2WFwKmSfm2XkZELcI7w-oej9GjZDyD7Q3V4lAxZXVPr2Q51zJ4gIjiTXSHlBYIefz2HwS0-mGaYI4gW76SZN1uZym"#,
    r#"PsZrfBIqqafq0DUWl-JofQtho0PXKrR7W72y9b6sUES-MIOzfjpV91Kmfn4aUDy-YjdgtZ_nDpND0w","e":"Aw",""#,
    r#"d":"Gz17ljsh1L2tht8xmpqHGMHrgLJ8-iKrXyIgdtE9YrCo6SlhB7LdEVhUltcqhUi4q4QVqBCsF__pDr2Hjy-Gri"#,
    r#"B8KprvSIJn6qiTjaGpWF--smntaJarzO0JDpgYy0I572Qpyv43VZGqvxgRCF2iDofO2QrDKWZE5bVlxo8dPrSUUGxr"#,
    r#"9ZRloSQpSnOzeS4ll65EcwN6A-OSxg5x41lDlgUB4Frp16Hf7r6CCEOMS5qy16SE6w26vm0pubmgBy0cYDvspcHkpe"#,
    r#"QqOrtQskWyiGytPuXc-QDbW91HlYXRAGZq46GxjSK8bEQbXTJcjDvehynqTGqUhgUftUYlT-XwZw","p":"0hIeDjy"#,
    r#"KUSOBxBmL8AqptKuLF6o5Qz90fSAr1dl2tcqYkIbENEvNYHnLdXY6gbdiWyJOr0Y6kfRJPuAB7lnTcEJcWiDFaV6oI"#,
    r#"1ZDf4Iq77BQAISxxFVCUvlI_5-fSGyBQYL7ZKUesGYFEsZnT8GzGFvwjQbmL_CDozj6EMSewF8","q":"xyzcoFpXV"#,
    r#"67NKwE29C74crVu9h3xJzbHBEsxtin69XbfOXXX4Y3EKc-_oeFmBqFNy_G-Jw_vIGkRTS8mifyM38XPj7ZL4PzFSsV"#,
    r#"qxvnay-1ZBpnNdlHD6oLLKgnyTOzV8Bz5HlxVo0Dl_Iik2uw4VveSD37XE02U_z0A9mqQ4Q0","dp":"jAwUCX2xi2"#,
    r#"0BLWZdSrHGeHJcunF7gipNqMAdOTukeTG7CwSCzYfeQFEyTk7Rq8-W52w0dNl8YU2GKeqr9DviStboPBXY8OnFbOQs"#,
    r#"_6wcn8rgAFh2guOBjKYwqmpqMEhWK6ynmG4UdZlYty7vioEiED1LCK9EH_WtF3tRYIMUgD8","dq":"hMiTFZGPj8n"#,
    r#"eHKt5-B9QTHj0pBP2GiSErYd2eXFR-PnqJk6P67PYG9_VFpZEBGuJMqEpb1_0wEYLiMoZsVMIlS6KX87dQKiDhy5HL"#,
    r#"1E8h_OQrxEzpDaCnFcyHAahiJ3j9WimFD2ObNXuqFsYkfLQOfphX6nkt4kN_34ApEcLQLM","qi":"Czx7bKbvWJpN"#,
    r#"kjYjFWaWVgpjIMuqZp7029zYjdNaHA0bFLwIPldoAWZ3RAsd5YsMyUHzRL07WlvExx5QxvILgE8GBoEBHEd5ai9Wwr"#,
    r#"I53vdCogwTgj9ifJkfU_ymd1hhYE3uOQ0PgYTQgHKaNwGD18-d4pdXxxBp23bWVBO7Y68"}"#,
);
const BITS_2047: &str = concat!(
    r#"{"n":"X9qI7VW93szFK9M6I2kXCbrE59Q5hIoMhAVZ6O-oyHQxeNX2AlDAaGFSGSUirEGtee2FjRV1R4NF6jSKktYb"#,
    r#"mbrY2z669njNyksJosItbIewTflvb3tDlADlWLiw_mBKKhio-9H9i6BRjzmrBbHMoNjxSD3sHKqWvIOApC4y4p9FV9"#,
    r#"cgjasaT0jr1TOMGx9neEPtyJwclVqisGVYMZhdH25fOoJPr3BVVeJCHa4smTeJ0xBYK8y5MHxCd_3j8PmGLncMGbXy"#,
    r#"PP5O4LUn4XZge8-9I9cfDeICQVvDXIH7waVuyvHJO3R0Mxqa5CC4Dt9AcjH-AaW4GjG9Bwfe4jca-Q","e":"AQAB""#,
    r#","d":"C7vaK3iFqNSnFd9yhGNw1ihygoEipeCK2e34RMkyv5Amvritd_jX5ucz-D9JJG5ZTL3YbY4JCG8v07TpGkLC"#,
    r#"x_G9KnCeTT36Tidbp3yO-DRPjyoH280qd3-ZE8BvLUKPDaJtbD83Yxxl44svDgBHEREhj0MCSHuS_oJ4ENEVelOX3C"#,
    r#"q3DGaPkm-vZwdhjeWqiSGZYIRhh7oJsgark1Fd2K8f1dVDrYrYa3UfToztJwVcG-OmHamAM6vgDxSehnKLrbB7xL0m"#,
    r#"I0DtlqyKggzu58sbSQZlGgr-h9OhavPZkOGST6BaCOvCkxd-0lwb26Vok9CnqDMhTW7xrGTkqc1ZgQ","p":"nkx35"#,
    r#"uLbXDFc_sQDp7egK-HIStMc9VR0QCXJWKGlNM4Nd-1vlHf55hywRVToNSxOGwKHiF3MUsEz--rpXl6V8s_4XTU2vSE"#,
    r#"F6ZA1HK4suAnMVR68WVfEN1z7-IfGgrzDY6sC8JolgvWnQ347C6DOq7R1pcjH3qa8XPSqcwjThIE","q":"mwOdke8"#,
    r#"UNLWm-WW9J2sOe1aIEK1M9TEQA4ERkxPWtGdx70q1azqjDKwlE1O1e42uymI209LIyCMKG6hmtLluqg2uphw74b6AI"#,
    r#"wzzeLMhzdoxvJ3RpKB_mgELQGdghHKGRdksAhF1L7M8NkrT8-RFGvZgSCkDpX3u2CY6A_0Yenk","dp":"WZUsxZzc"#,
    r#"RvAokISdDOz919eOYcnXOX7xytuXdnED7T4uoQ_ddUfwRCk4GARU5MKN8PsdeC6c0rhDkuz95Eni0eafxx-2OpHVpr"#,
    r#"fVVsW6yOvClukt7eGdSTd14M_1p0brzBubLk4NrG8YmTl2cL4wNzuI2Kkncvko3_IWA8Oa8AE","dq":"ccetmLhLt"#,
    r#"ITBEr5CoPRLpOxW4ybRHgftISVTqQkexzxGvMWxdAuOMncIn68Jvq64ZYTBialmBsDxYmuxN2YEfH2ee_6tVX1mwFN"#,
    r#"5Qlb5sQc_CpssjhHgl0G86ID4rz8An7RQQRRfV6vPvmoeOR6MOsYs1cqFCqvs7GrimprjpME","qi":"O4XSAAXJc7"#,
    r#"xPguDHZhiFkwHGj3w9PeijMZPLGACyoOJG_W7s6O02AaBKt2k0s3Jo7rDITh7hATt4_et2rGrG4dOE8jTFjFwyI4Ko"#,
    r#"fj19lzHW_VmWbrqIbjdbWes_ZgLRXf-i8PXcjOiHvzR8wC4HRor8iAhLNla_vtPFn2lpFZI"}"#,
);

/// Returns the reason for which the first of these keys is refused.
fn problem(key: Value) -> Option<KeyError> {
    let others = [signing_jwk(Algorithm::EdDSA, 70), keygen::refresh_key(&random(80))].map(json);
    let set = json!({ "keys": [key, others[0], others[1]] }).to_string();
    match Keyring::parse(set.as_bytes()) {
        Ok(_) => None,
        Err(KeyringError::Key(1, problem)) => Some(problem),
        Err(other) => panic!("{other}"),
    }
}

fn json(key: Jwk) -> Value {
    serde_json::to_value(key).expect("JSON")
}

/// Returns a signing key of these members.
fn rsa(members: &str) -> Value {
    let mut key: Value = serde_json::from_str(members).expect("JSON");
    for (name, value) in [("kty", "RSA"), ("use", "sig"), ("kid", "weak"), ("alg", "RS256")] {
        key[name] = value.into();
    }
    key
}

#[test]
fn an_rsa_key_with_the_fingerprint_of_roca_is_refused() {
    assert_eq!(problem(rsa(ROCA)), Some(KeyError::WeakModulus));
    assert!(KeyError::WeakModulus.to_string().contains("ROCA"));
    for seed in 1..4 {
        assert_eq!(problem(json(signing_jwk(Algorithm::PS256, seed))), None, "a key of ours has none");
    }
}

#[test]
fn an_rsa_exponent_below_65537_is_refused() {
    assert_eq!(problem(rsa(EXPONENT_3)), Some(KeyError::Exponent));
}

#[test]
fn an_rsa_key_that_lacks_one_bit_is_too_short() {
    assert_eq!(problem(rsa(BITS_2047)), Some(KeyError::TooShort));
    assert!(KeyError::TooShort.to_string().contains("2048 bits"));
}

#[test]
fn a_secret_that_repeats_itself_is_refused() {
    let hmac = json(signing_jwk(Algorithm::HS256, 1));
    let refresh = json(keygen::refresh_key(&random(2)));
    for secret in [vec![0; 32], vec![7; 64], b"password".repeat(4), b"hallpass ".repeat(5), b"ab".repeat(16)]
    {
        for key in [&hmac, &refresh] {
            let mut key = key.clone();
            key["k"] = crate::support::base64url(&secret).into();
            assert_eq!(problem(key), Some(KeyError::Predictable), "{}", secret.escape_ascii());
        }
    }
}

#[test]
fn a_signing_key_and_a_refresh_key_do_not_share_their_secret() {
    let signing = Jwk { kid: "a".into(), ..signing_jwk(Algorithm::HS256, 1) };
    let refresh = Jwk { kid: "b".into(), ..keygen::refresh_key(&random(1)) };
    for keys in [[signing.clone(), refresh.clone()], [refresh.clone(), signing.clone()]] {
        assert_eq!(parse(&keys).err(), Some(KeyringError::Key(2, KeyError::SharedSecret)));
    }
    let again = Jwk { kid: "c".into(), ..refresh.clone() };
    let other = signing_jwk(Algorithm::HS256, 3);
    assert!(parse(&[other, refresh, again]).is_ok(), "two keys of one use may");
}

#[test]
fn operations_must_be_a_list_that_fits_the_use() {
    let keys =
        [signing_jwk(Algorithm::EdDSA, 1), signing_jwk(Algorithm::HS256, 1), keygen::refresh_key(&random(2))];
    for key in keys.map(json) {
        let with = |operations: Value| {
            let mut key = key.clone();
            key["key_ops"] = operations;
            problem(key)
        };
        for fitting in [json!(["sign"]), json!(["sign", "verify"]), json!(["verify", "sign"])] {
            assert_eq!(with(fitting.clone()), None, "{fitting}");
        }
        for other in [
            json!([]),
            json!(["verify"]),
            json!(["encrypt"]),
            json!(["sign", "encrypt"]),
            json!(["sign", "sign"]),
            json!(["sign", "verify", "deriveKey"]),
            json!(["Sign"]),
            json!([1]),
            json!(["sign", null]),
            json!("sign"),
            json!({"sign": true}),
            json!(7),
            Value::Null,
        ] {
            assert_eq!(with(other.clone()), Some(KeyError::Operations), "{other}");
        }
    }
}

#[test]
fn operations_are_not_published() {
    let operations = Some(KeyOperations::List(vec!["sign".into()]));
    let key = Jwk { key_ops: operations, ..signing_jwk(Algorithm::EdDSA, 1) };
    let ring = parse(&[key, keygen::refresh_key(&random(2))]).expect("usable keys");
    assert!(!ring.public_jwks(NOW).contains("key_ops"));
}

#[test]
fn a_ring_can_sign_while_a_key_of_each_kind_may() {
    let signing = |nbf, exp| Jwk { nbf, exp, ..signing_jwk(Algorithm::EdDSA, 1) };
    let refresh = |nbf, exp| Jwk { nbf, exp, ..keygen::refresh_key(&random(2)) };
    for (keys, expected) in [
        ([signing(None, None), refresh(None, None)], true),
        ([signing(Some(NOW), Some(NOW + 1)), refresh(None, None)], true),
        ([signing(None, Some(NOW)), refresh(None, None)], false),
        ([signing(Some(NOW + 1), None), refresh(None, None)], false),
        ([signing(None, None), refresh(None, Some(NOW))], false),
        ([signing(None, None), refresh(Some(NOW + 1), None)], false),
    ] {
        assert_eq!(parse(&keys).expect("usable keys").can_sign(NOW), expected, "{keys:?}");
    }
}
