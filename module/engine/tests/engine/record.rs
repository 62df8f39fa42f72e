//! The session record: it is read as it was written, and rotation does not change its size.

use crate::support::session;
use hallpass_engine::login::MAX_ISSUED_AT;
use hallpass_engine::record::{MAX_GENERATION, Session};
use proptest::prelude::*;
use rmp::encode as write;

/// Generates numbers that a record may hold, small and large ones.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, 0..=MAX_GENERATION, Just(MAX_GENERATION)]
}

/// Texts of all lengths that MessagePack writes in another way: up to 31, 255, 65535 and above.
fn text() -> impl Strategy<Value = Option<String>> {
    let long = prop_oneof![30..34_usize, 250..260_usize, 65_530..65_540_usize];
    proptest::option::of(prop_oneof![".{0,40}".boxed(), long.prop_map(|length| "x".repeat(length)).boxed()])
}

fn any_session() -> impl Strategy<Value = Session> {
    let issued_at = prop_oneof![0..300_u64, 0..MAX_ISSUED_AT, Just(MAX_ISSUED_AT - 1)];
    let numbers = (number(), issued_at, number(), number(), number(), number());
    let maybe = || proptest::option::of(number());
    let later = (any::<bool>(), maybe(), maybe());
    let texts = (text(), text(), text(), text(), text());
    (numbers, (maybe(), maybe()), texts, later).prop_map(|(numbers, ttls, texts, later)| Session {
        generation: numbers.0,
        issued_at: numbers.1,
        rotated_at: numbers.2,
        idle_expiry: numbers.3,
        absolute_expiry: numbers.4,
        claims_version: numbers.5,
        access_ttl: ttls.0,
        idle_ttl: ttls.1,
        client: texts.0,
        audience: texts.1,
        class: texts.2,
        meta: texts.3,
        claims: texts.4,
        is_public: later.0,
        shared: later.1,
        auth_time: later.2,
        ..Session::default()
    })
}

/// Generates one MessagePack value of any type, nested or not.
fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let written = |act: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        act(&mut out);
        out
    };
    let leaf = prop_oneof![
        Just(vec![0xc0]),
        Just(vec![0xc2]),
        Just(vec![0xc3]),
        any::<u64>().prop_map(move |n| written(&|out| drop(write::write_uint(out, n)))),
        any::<i64>().prop_map(move |n| written(&|out| drop(write::write_sint(out, n)))),
        any::<f32>().prop_map(move |n| written(&|out| drop(write::write_f32(out, n)))),
        any::<f64>().prop_map(move |n| written(&|out| drop(write::write_f64(out, n)))),
        ".{0,300}".prop_map(move |text| written(&|out| drop(write::write_str(out, &text)))),
        // A string that is not UTF-8 is kept as it is.
        Just(vec![0xa2, 0xff, 0xfe]),
        (any::<u8>(), prop_oneof![0..40_usize, 250..260_usize, 65_530..65_540_usize])
            .prop_map(move |(byte, length)| written(&|out| drop(write::write_bin(out, &vec![byte; length])))),
        (any::<i8>(), proptest::collection::vec(any::<u8>(), 0..40)).prop_map(move |(kind, bytes)| {
            written(&|out| {
                let length = u32::try_from(bytes.len()).expect("short");
                drop(write::write_ext_meta(out, length, kind));
                out.extend_from_slice(&bytes);
            })
        }),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        let length = |count: usize| u32::try_from(count).expect("short");
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..20).prop_map(move |elements| {
                let head = written(&|out| drop(write::write_array_len(out, length(elements.len()))));
                [head, elements.concat()].concat()
            }),
            proptest::collection::vec((inner.clone(), inner), 0..18).prop_map(move |members| {
                let head = written(&|out| drop(write::write_map_len(out, length(members.len()))));
                let members: Vec<_> =
                    members.into_iter().map(|(name, value)| [name, value].concat()).collect();
                [head, members.concat()].concat()
            }),
        ]
    })
}

/// Returns the documented record with all known elements, followed by `more`.
fn written_by_a_later_release(session: &Session, more: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let count = 17 + u32::try_from(more.len()).expect("few");
    drop(write::write_array_len(&mut out, count));
    write_first_fourteen(&mut out, session);
    out.push(if session.is_public { 0xc3 } else { 0xc0 });
    for number in [session.shared, session.auth_time] {
        write_optional_number(&mut out, number);
    }
    out.extend(more.concat());
    out
}

/// Returns the record as the first release wrote it, all its elements written out.
fn written_by_the_first_release(session: &Session) -> Vec<u8> {
    let mut out = vec![0x9e];
    write_first_fourteen(&mut out, session);
    out
}

fn write_optional_number(out: &mut Vec<u8>, number: Option<u64>) {
    match number {
        Some(number) => drop(write::write_uint(out, number)),
        None => out.push(0xc0),
    }
}

/// Writes the version and the elements of the first release.
fn write_first_fourteen(out: &mut Vec<u8>, session: &Session) {
    out.push(1);
    let times = [session.issued_at, session.rotated_at, session.idle_expiry, session.absolute_expiry];
    for fixed in [session.generation].into_iter().chain(times) {
        out.push(0xcf);
        out.extend_from_slice(&fixed.to_be_bytes());
    }
    drop(write::write_uint(out, session.claims_version));
    for ttl in [session.access_ttl, session.idle_ttl] {
        write_optional_number(out, ttl);
    }
    for text in [&session.client, &session.audience, &session.class, &session.meta, &session.claims] {
        match text {
            Some(text) => drop(write::write_str(out, text)),
            None => out.push(0xc0),
        }
    }
}

#[test]
fn a_session_without_options_is_48_bytes_at_any_generation() {
    for generation in [0, 1, 127, 128, 65_536, 1 << 32, MAX_GENERATION] {
        let encoded = Session { generation, ..session() }.encode();
        assert_eq!(encoded.len(), 48, "at generation {generation}");
        assert_eq!(Session::decode(&encoded), Ok(Session { generation, ..session() }));
    }
}

#[test]
fn the_bytes_of_version_1_are_these() {
    let session = Session {
        generation: 1,
        issued_at: 2,
        rotated_at: 3,
        idle_expiry: 4,
        absolute_expiry: 5,
        client: Some("w".into()),
        ..Session::default()
    };
    let fixed = |last| [0xcf, 0, 0, 0, 0, 0, 0, 0, last];
    let expected =
        [&[0x9a, 1][..], &fixed(1), &fixed(2), &fixed(3), &fixed(4), &fixed(5), &[0, 0xc0, 0xc0, 0xa1, b'w']];
    assert_eq!(session.encode(), expected.concat());
}

#[test]
fn what_the_second_round_added_stands_behind_the_claims() {
    let session = Session { is_public: true, shared: Some(2), auth_time: Some(3), ..session() };
    let encoded = session.encode();
    let nothing_in_between = [0xc0; 7];
    assert_eq!(encoded[..3], [0xdc, 0, 17]);
    assert!(encoded.ends_with(&[&nothing_in_between[..], &[0xc3, 2, 3]].concat()), "{encoded:x?}");
    assert_eq!(Session::decode(&encoded), Ok(session));
}

#[test]
fn issued_at_fits_six_bytes() {
    let at = |issued_at| Session::decode(&Session { issued_at, ..session() }.encode()).is_ok();
    assert_eq!([MAX_ISSUED_AT - 1, MAX_ISSUED_AT, MAX_GENERATION].map(at), [true, false, false]);
}

#[test]
fn absent_is_not_empty() {
    let empty = Session { client: Some(String::new()), claims: Some(String::new()), ..session() };
    assert_eq!(Session::decode(&empty.encode()), Ok(empty));
}

proptest! {
    #[test]
    fn what_is_written_is_read(session in any_session()) {
        prop_assert_eq!(Session::decode(&session.encode()), Ok(session));
    }

    #[test]
    fn what_the_first_release_wrote_is_read(session in any_session()) {
        let first = Session { is_public: false, shared: None, auth_time: None, ..session };
        prop_assert_eq!(Session::decode(&written_by_the_first_release(&first)), Ok(first));
    }

    #[test]
    fn a_rotation_never_changes_the_size(
        session in any_session(),
        changed in (number(), number(), number()),
    ) {
        let (generation, rotated_at, idle_expiry) = changed;
        let next = Session { generation, rotated_at, idle_expiry, ..session.clone() };
        prop_assert_eq!(next.encode().len(), session.encode().len());
    }

    #[test]
    fn what_a_later_release_appended_is_kept_byte_for_byte(
        session in any_session(),
        more in proptest::collection::vec(any_value(), 1..5),
        generation in number(),
    ) {
        let stored = written_by_a_later_release(&session, &more);
        let read = Session::decode(&stored).expect("readable");
        prop_assert_eq!(read.encode(), stored);
        let rotated = Session { generation, ..session };
        let expected = written_by_a_later_release(&rotated, &more);
        prop_assert_eq!(Session { generation, ..read }.encode(), expected);
    }

    #[test]
    fn elements_at_the_end_that_are_nil_may_be_written_or_left_out(session in any_session()) {
        let long = written_by_a_later_release(&session, &[]);
        prop_assert_eq!(Session::decode(&long), Ok(session));
    }
}
