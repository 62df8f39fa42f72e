//! Access tokens with valid content and a loose encoding.

use crate::support::{target::Target, *};

/// The order of the Ed25519 group, little-endian (RFC 8032 §5.1).
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Returns the three parts of a token.
fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().expect("three parts")
}

/// Returns the token with its part `index` replaced and not signed again.
fn replaced(token: &str, index: usize, part: &str) -> String {
    let mut parts = parts(token);
    parts[index] = part;
    parts.join(".")
}

#[test]
fn no_padding_and_no_blanks() {
    let mut target = Target::new();
    let token = target.token.clone();
    for index in 0..3 {
        let part = parts(&token)[index];
        for loose in [
            format!("{part}="),
            format!("{part}=="),
            format!("{part} "),
            format!(" {part}"),
            format!("{part}\n"),
            format!("{part}\r\n"),
            format!("{part}\t"),
            format!("{part}\0"),
            format!("{}\n{}", &part[..8], &part[8..]),
            format!("{} {}", &part[..8], &part[8..]),
        ] {
            target.refuses("a loosely encoded part", &replaced(&token, index, &loose));
        }
    }
    for loose in [
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("Bearer {token}"),
        format!("\"{token}\""),
        format!("\u{feff}{token}"),
        token.to_lowercase(),
        format!("{token}."),
    ] {
        target.refuses("a token with more around it", &loose);
    }
    target.still_works();
}

#[test]
fn no_padding_and_no_blanks_even_when_signed_that_way() {
    let mut target = Target::new();
    let key = target.key("sig-1");
    let token = target.token.clone();
    let [header, payload, _] = parts(&token);
    for loose in ["=", "==", " ", "\n", "\0"] {
        let signed = jwt::sign_parts(&key, &format!("{header}{loose}"), payload);
        target.refuses("a loosely encoded header", &signed);
        let signed = jwt::sign_parts(&key, header, &format!("{payload}{loose}"));
        target.refuses("a loosely encoded payload", &signed);
    }
    target.still_works();
}

#[test]
fn no_spare_bits() {
    let mut target = Target::new();
    let token = target.token.clone();
    let signature = parts(&token)[2];
    assert_eq!(signature.len() % 4, 2, "64 bytes leave four spare bits");
    for spare in 1..16 {
        let loose = with_spare_bits(signature, spare);
        target.refuses("spare bits in the signature", &replaced(&token, 2, &loose));
    }
    let key = target.key("sig-1");
    let [header, payload, _] = parts(&token);
    for (part, is_header) in [(header, true), (payload, false)] {
        if part.len() % 4 == 0 {
            continue;
        }
        let loose = with_spare_bits(part, 1);
        let (header, payload) = if is_header { (loose.as_str(), payload) } else { (header, loose.as_str()) };
        let signed = jwt::sign_parts(&key, header, payload);
        target.refuses("spare bits that are signed", &signed);
    }
    target.still_works();
}

/// Returns the text with its last character raised by `spare`, which changes no whole byte.
fn with_spare_bits(text: &str, spare: u8) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = *text.as_bytes().last().expect("a character");
    let value = alphabet.iter().position(|&letter| letter == last).expect("base64url");
    let raised = alphabet[value + usize::from(spare)];
    format!("{}{}", &text[..text.len() - 1], char::from(raised))
}

#[test]
fn no_other_alphabet() {
    let mut target = Target::new();
    let key = target.key("hs");
    let mut claims = target.claims.clone();
    // Sooner or later a signature contains a character that differs between the two alphabets.
    let signed = (0..200)
        .map(|salt| {
            claims["salt"] = salt.into();
            jwt::sign(&key, &jwt::header_for(&key), &claims)
        })
        .find(|token| parts(token)[2].contains('-') && parts(token)[2].contains('_'))
        .unwrap();
    let standard = parts(&signed)[2].replace('-', "+").replace('_', "/");
    target.refuses("the standard alphabet", &replaced(&signed, 2, &standard));
    target.still_works();
}

#[test]
fn no_missing_empty_or_additional_part() {
    let mut target = Target::new();
    let token = target.token.clone();
    let [header, payload, signature] = parts(&token);
    for odd in [
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!(".{token}"),
        format!("{header}.{signature}"),
        "..".to_owned(),
        ".".to_owned(),
        String::new(),
        format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        format!("{{\"protected\":\"{header}\",\"payload\":\"{payload}\",\"signature\":\"{signature}\"}}"),
    ] {
        target.refuses("a token of other parts", &odd);
    }
    target.still_works();
}

#[test]
fn no_duplicate_header_member_and_no_loose_header() {
    let mut target = Target::new();
    let key = target.key("sig-1");
    let claims = target.claims.to_string();
    for header in [
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1","alg":"EdDSA"}"#,
        r#"{"typ":"at+jwt","alg":"none","alg":"EdDSA","kid":"sig-1"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"es","kid":"sig-1"}"#,
        r#"{"typ":"JWT","typ":"at+jwt","alg":"EdDSA","kid":"sig-1"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1","\u0061lg":"EdDSA"}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1"}{}"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1"},"#,
        r#"{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1",}"#,
        r#"[{"typ":"at+jwt","alg":"EdDSA","kid":"sig-1"}]"#,
        "\u{feff}{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"sig-1\"}",
        r#"{"Typ":"at+jwt","Alg":"EdDSA","Kid":"sig-1"}"#,
        "EdDSA",
        "{}",
        "null",
        "",
    ] {
        let token = jwt::sign_text(&key, header, &claims);
        target.refuses(header, &token);
    }
    target.still_works();
}

#[test]
fn no_duplicate_claim() {
    let mut target = Target::new();
    let key = target.key("sig-1");
    let claims = target.claims.to_string();
    for double in [
        r#""sub":"43""#,
        r#""sub":"42""#,
        r#""exp":9999999999"#,
        r#""sid":"x""#,
        r#""\u0073ub":"43""#,
        r#""aud":"other""#,
    ] {
        for text in
            [format!("{{{double},{}", &claims[1..]), format!("{},{double}}}", &claims[..claims.len() - 1])]
        {
            let token = jwt::sign_text(&key, &jwt::header_for(&key).to_string(), &text);
            target.refuses(double, &token);
        }
    }
    target.still_works();
}

#[test]
fn no_signature_of_another_length() {
    let mut target = Target::new();
    for kid in ["sig-1", "es", "hs"] {
        let key = target.key(kid);
        let token = jwt::sign(&key, &jwt::header_for(&key), &target.claims);
        let signature = tokens::unbase64(parts(&token)[2]);
        let half = signature.len() / 2;
        for odd in [
            vec![],
            signature[..signature.len() - 1].to_vec(),
            signature[..half].to_vec(),
            [&signature[..], &[0]].concat(),
            [&[0], &signature[..]].concat(),
            [&signature[..], &signature[..]].concat(),
            [&signature[..half], &[0], &signature[half..]].concat(),
            vec![0; 5_000],
        ] {
            target.refuses("a signature of another length", &replaced(&token, 2, &tokens::base64(odd)));
        }
    }
    target.still_works();
}

#[test]
fn no_degenerate_signature() {
    let mut target = Target::new();
    let n = tokens::unbase64("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let key = target.key("es");
    let token = jwt::sign(&key, &jwt::header_for(&key), &target.claims);
    let good = tokens::unbase64(parts(&token)[2]);
    let one = [vec![0; 31], vec![1]].concat();
    for odd in [
        vec![0; 64],
        [&[0; 32], &good[32..]].concat(),
        [&good[..32], &[0; 32]].concat(),
        [n.clone(), n.clone()].concat(),
        [&n[..], &good[32..]].concat(),
        [one.clone(), one].concat(),
        vec![0xff; 64],
    ] {
        target.refuses("r or s out of range", &replaced(&token, 2, &tokens::base64(odd)));
    }
    let der = [&[0x30, 0x44, 0x02, 0x20], &good[..32], &[0x02, 0x20], &good[32..]].concat();
    target.refuses("a DER signature", &replaced(&token, 2, &tokens::base64(der)));
    for zeros in [vec![0; 64], [vec![1], vec![0; 63]].concat()] {
        let token = target.token.clone();
        target.refuses("a degenerate Ed25519 signature", &replaced(&token, 2, &tokens::base64(zeros)));
    }
    target.still_works();
}

#[test]
fn no_second_ed25519_signature_of_the_same_message() {
    let mut target = Target::new();
    let token = target.token.clone();
    let mut signature = tokens::unbase64(parts(&token)[2]);
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    target.refuses("s + L", &replaced(&token, 2, &tokens::base64(signature)));
    target.still_works();
}

#[test]
fn no_bit_may_change() {
    let mut target = Target::new();
    let token = target.token.clone();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (index, letter) in token.char_indices().step_by(7).filter(|(_, letter)| *letter != '.') {
        let value = alphabet.find(letter).unwrap();
        let other = alphabet.as_bytes()[(value ^ 32) % 64];
        let changed = format!("{}{}{}", &token[..index], char::from(other), &token[index + 1..]);
        target.refuses("a changed character", &changed);
    }
    target.still_works();
}

#[test]
fn no_token_longer_than_eight_kibibytes() {
    let mut target = Target::new();
    let fill = |length: usize| "x".repeat(length);
    let long = target.with_claims(&serde_json::json!({"fill": fill(6_200)}));
    assert!(long.len() > 8192, "{}", long.len());
    target.refuses("a good token that is too long", &long);
    let short = target.with_claims(&serde_json::json!({"fill": fill(5_000)}));
    assert!(short.len() < 8192);
    target.verify_refuses("control", &format!("{short}x"), "INVALIDTOKEN");
    target.still_works();
}
