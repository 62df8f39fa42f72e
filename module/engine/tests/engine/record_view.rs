//! A view of a record has the same values as the decoded record, and reads exactly the same records.

use crate::support::login;
use hallpass_engine::login::Login;
use hallpass_engine::record::{RecordView, Session, SessionError};

fn sample() -> Session {
    Session {
        generation: 7,
        issued_at: 1_000,
        rotated_at: 2_000,
        idle_expiry: 9_000,
        absolute_expiry: 8_000,
        access_ttl: Some(60),
        class: Some("web".into()),
        meta: Some(r#"{"ua":"x"}"#.into()),
        claims: Some(r#"{"role":"admin"}"#.into()),
        is_public: true,
        shared: Some(3),
        auth_time: Some(4),
        ..Session::default()
    }
}

#[test]
fn it_sees_what_the_record_says() {
    for session in [sample(), Session { class: None, ..sample() }, Session { idle_expiry: 5_000, ..sample() }]
    {
        let record = session.encode();
        let view = RecordView::read(&record).expect("readable");
        assert_eq!((view.generation, view.rotated_at), (session.generation, session.rotated_at));
        assert_eq!(view.class, session.class.as_deref());
        for now in [0, 4_999, 5_000, 7_999, 8_000, 9_000] {
            for not_before in [0, 1_000, 1_001] {
                assert_eq!(view.is_over(now, not_before), session.is_over(now, not_before));
            }
        }
    }
}

#[test]
fn it_backs_the_tokens_of_its_login_and_claims_while_it_lasts() {
    let record = sample().encode();
    let view = RecordView::read(&record).expect("readable");
    let own = Login { issued_at: 1_000, ..login(1) };
    let other = Login { issued_at: 1_001, ..login(1) };
    assert!(view.is_of(&own) && sample().is_of(&own) && !view.is_of(&other) && !sample().is_of(&other));
    assert_eq!(view.check(&own, 0, 7_999, 1_000), Ok(()));
    assert_eq!(view.check(&own, 1, 7_999, 1_000), Err(SessionError::Stale));
    assert_eq!(view.check(&own, 1, 8_000, 0), Err(SessionError::Expired));
    assert_eq!(view.check(&own, 1, 0, 1_001), Err(SessionError::Expired));
    assert_eq!(
        view.check(&other, 1, 8_000, 0),
        Err(SessionError::Missing),
        "of a session with this id before"
    );
}

#[test]
fn a_receipt_matters_for_the_current_generation_and_for_lost_ones() {
    let record = sample().encode();
    let view = RecordView::read(&record).expect("readable");
    assert_eq!([6, 7, 8].map(|generation| view.receipt(generation, 5_000)), [None, Some(2_000), Some(5_000)]);
}

#[test]
fn it_reads_exactly_the_records_that_can_be_read() {
    let record = sample().encode();
    let agree = |record: &[u8]| assert_eq!(RecordView::read(record).is_ok(), Session::decode(record).is_ok());
    (0..record.len()).for_each(|length| agree(&record[..length]));
    agree(&[&record[..], &[0]].concat());
    for position in 0..record.len() {
        for byte in 0..=u8::MAX {
            let mut other = record.clone();
            other[position] = byte;
            agree(&other);
        }
    }
}
