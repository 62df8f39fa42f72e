//! A field of the hash may hold anything: it is read, or it is a [`DecodeError`], without a panic and without
//! allocating more than its size.

use crate::support::session;
use hallpass_engine::login::MAX_ISSUED_AT;
use hallpass_engine::record::{DecodeError, MAX_GENERATION, Session};
use proptest::prelude::*;

/// Returns a record with every option, of 17 elements.
fn full() -> Session {
    Session {
        claims_version: 1_760_000_000,
        access_ttl: Some(300),
        idle_ttl: Some(86_400),
        client: Some("web".into()),
        audience: Some("https://api.example".into()),
        class: Some("phone".into()),
        meta: Some(r#"{"device":"Pixel"}"#.into()),
        claims: Some(r#"{"role":"admin"}"#.into()),
        is_public: true,
        shared: Some(2),
        auth_time: Some(1_760_000_000),
        ..session()
    }
}

/// Returns a record of 18 elements, the last of which is `element`.
fn with_unknown(element: &[u8]) -> Vec<u8> {
    let mut record = full().encode();
    assert_eq!(record[..3], [0xdc, 0, 17]);
    record[2] = 18;
    record.extend_from_slice(element);
    record
}

/// Where the five numbers of fixed width begin.
const FIXED: [usize; 5] = [2, 11, 20, 29, 38];
/// The one of them that must fit six bytes.
const ISSUED_AT: usize = FIXED[1];

#[test]
fn a_record_cut_short_at_any_byte_is_unreadable() {
    for whole in [session().encode(), full().encode(), with_unknown(&[0x93, 1, 0xa2, b'a', b'b', 0xc0])] {
        assert!(Session::decode(&whole).is_ok());
        for length in 0..whole.len() {
            assert_eq!(Session::decode(&whole[..length]), Err(DecodeError), "cut to {length} bytes");
        }
    }
}

#[test]
fn a_record_with_anything_behind_it_is_unreadable() {
    for whole in [session().encode(), full().encode(), with_unknown(&[0xc0])] {
        for tail in [&[0xc0][..], &[0], b"xyz"] {
            assert_eq!(Session::decode(&[&whole, tail].concat()), Err(DecodeError));
        }
    }
}

#[test]
fn another_version_is_unreadable() {
    for version in (0..=0xff).filter(|version| *version != 1) {
        let mut record = session().encode();
        record[1] = version;
        assert_eq!(Session::decode(&record), Err(DecodeError), "version byte {version:#x}");
    }
}

#[test]
fn numbers_from_2_to_the_53_on_and_such_times_of_issue_from_2_to_the_48_on_are_unreadable() {
    for at in FIXED {
        let largest = if at == ISSUED_AT { MAX_ISSUED_AT - 1 } else { MAX_GENERATION };
        for (number, is_readable) in [(largest, true), (largest + 1, false), (u64::MAX, false)] {
            let mut record = session().encode();
            assert_eq!(record[at], 0xcf);
            record[at + 1..at + 9].copy_from_slice(&number.to_be_bytes());
            assert_eq!(Session::decode(&record).is_ok(), is_readable, "{number} at byte {at}");
        }
    }
    for number in [MAX_GENERATION + 1, u64::MAX] {
        for session in [
            Session { claims_version: number, ..full() },
            Session { access_ttl: Some(number), ..full() },
            Session { idle_ttl: Some(number), ..full() },
            Session { shared: Some(number), ..full() },
            Session { auth_time: Some(number), ..full() },
        ] {
            assert_eq!(Session::decode(&session.encode()), Err(DecodeError));
        }
    }
}

#[test]
fn a_required_number_that_is_something_else_is_unreadable() {
    // nil, false, true, -1, -2⁶³, an empty string, an empty array, an empty map, 1.0, a reserved byte.
    let others: [&[u8]; 10] = [
        &[0xc0],
        &[0xc2],
        &[0xc3],
        &[0xff],
        &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0xa0],
        &[0x90],
        &[0x80],
        &[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
        &[0xc1],
    ];
    for at in FIXED {
        for other in others {
            let record = session().encode();
            let record = [&record[..at], other, &record[at + 9..]].concat();
            assert_eq!(Session::decode(&record), Err(DecodeError), "{other:x?} at byte {at}");
        }
    }
}

#[test]
fn fewer_elements_than_a_session_needs_are_unreadable() {
    let record = session().encode();
    for (count, end) in [(0, 1), (1, 2), (2, 11), (3, 20), (4, 29), (5, 38)] {
        let short = [&[0x90 | count][..], &record[1..end]].concat();
        assert_eq!(Session::decode(&short), Err(DecodeError), "{count} elements");
    }
}

#[test]
fn a_text_that_is_not_utf_8_or_not_text_is_unreadable() {
    // Seven elements as they are, nil for the TTLs, and then the client.
    let head = [&[0x9a][..], &session().encode()[1..], &[0xc0, 0xc0]].concat();
    let client = |value: &[u8]| Session::decode(&[&head, value].concat()).map(|session| session.client);
    assert_eq!(client(&[0xa1, b'w']), Ok(Some("w".into())));
    for value in
        [&[0xa1, 0xff][..], &[0xa2, 0xc3, 0x28], &[0xa3, 0xed, 0xa0, 0x80], &[0xc4, 1, b'w'], &[7], &[0x90]]
    {
        assert_eq!(client(value), Err(DecodeError), "{value:x?}");
    }
}

#[test]
fn what_says_whether_a_client_is_public_is_a_boolean_or_nil() {
    // Sixteen elements: seven as they are, nil for those up to the claims, and then the one in question and `shared`.
    let head = [&[0xdc, 0, 16][..], &session().encode()[1..], &[0xc0; 7]].concat();
    let public =
        |value: &[u8]| Session::decode(&[&head, value, &[0xc0]].concat()).map(|session| session.is_public);
    assert_eq!([&[0xc0][..], &[0xc2], &[0xc3]].map(public), [Ok(false), Ok(false), Ok(true)]);
    for value in [&[1][..], &[0], &[0xa0], &[0x90], &[0xc4, 0]] {
        assert_eq!(public(value), Err(DecodeError), "{value:x?}");
    }
}

#[test]
fn lengths_far_beyond_the_bytes_are_unreadable_at_once() {
    let record = session().encode();
    for head in [&[0xdd, 0xff, 0xff, 0xff, 0xff][..], &[0xdc, 0xff, 0xff], &[0xdd, 0x7f, 0xff, 0xff, 0xff]] {
        assert_eq!(Session::decode(&[head, &record[1..]].concat()), Err(DecodeError), "array {head:x?}");
    }
    // str 32, bin 32, ext 32, array 32, map 32, each of 4 GiB or elements, and the same inside of an array.
    for marker in [0xdb, 0xc6, 0xc9, 0xdd, 0xdf] {
        let element = [marker, 0xff, 0xff, 0xff, 0xff, 0, 0, 0];
        assert_eq!(Session::decode(&with_unknown(&element)), Err(DecodeError), "{marker:#x}");
        let inside = [&[0x91][..], &element].concat();
        assert_eq!(Session::decode(&with_unknown(&inside)), Err(DecodeError), "{marker:#x} in an array");
    }
    let head = [&[0x9a][..], &record[1..], &[0xc0, 0xc0, 0xdb, 0xff, 0xff, 0xff, 0xff, b'w']].concat();
    assert_eq!(Session::decode(&head), Err(DecodeError), "a known text of 4 GiB");
}

#[test]
fn unknown_elements_may_nest_without_end_and_overflow_no_stack() {
    for opening in [&[0x91][..], &[0x81, 0xc0]] {
        let deep = with_unknown(&[opening.repeat(1_000_000), vec![0xc0]].concat());
        assert_eq!(Session::decode(&deep).map(|session| session.encode()).as_ref(), Ok(&deep));
        assert_eq!(Session::decode(&deep[..deep.len() - 1]), Err(DecodeError));
    }
}

#[test]
fn lengths_that_add_up_beyond_64_bits_are_unreadable() {
    let element = [0xdf, 0xff, 0xff, 0xff, 0xff].repeat(10_000);
    assert_eq!(Session::decode(&with_unknown(&element)), Err(DecodeError));
}

#[test]
fn a_value_that_is_not_an_array_is_unreadable() {
    for value in
        [&b""[..], b"v1", b"{}", b"\xc0", b"\x01", b"\x80", b"\x8e", b"\xc1", b"0", &[0; 48], &[0xff; 48]]
    {
        assert_eq!(Session::decode(value), Err(DecodeError), "{value:x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_unreadable(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // An array whose first element is 1 may be a record, once in a hundred million times.
        prop_assume!(bytes.get(1) != Some(&1));
        prop_assert_eq!(Session::decode(&bytes), Err(DecodeError));
    }

    #[test]
    fn a_damaged_record_is_unreadable_or_a_session_that_can_be_stored(
        at in 0..200_usize,
        byte in any::<u8>(),
        unknown in proptest::collection::vec(any::<u8>(), 1..20),
    ) {
        for mut record in [full().encode(), with_unknown(&unknown)] {
            let at = at % record.len();
            record[at] = byte;
            if let Ok(session) = Session::decode(&record) {
                prop_assert_eq!(Session::decode(&session.encode()), Ok(session));
            }
        }
    }
}
