//! Session records: a readable record can be written and read again, and elements of a later release stay unchanged.

use crate::ring::NOW;
use hallpass_engine::login::MAX_ISSUED_AT;
use hallpass_engine::record::{RecordView, Session};
use rmp::{decode, encode};

/// Decodes the value of a hash field, which anybody with write access may have stored.
pub fn record(data: &[u8]) {
    let (session, view) = (Session::decode(data), RecordView::read(data));
    assert_eq!(session.is_ok(), view.is_ok());
    let (Ok(session), Ok(view)) = (session, view) else {
        return;
    };
    let written = session.encode();
    assert_eq!(Session::decode(&written).as_ref(), Ok(&session));
    assert_eq!((view.rotated_at, view.class), (session.rotated_at, session.class.as_deref()));
    assert!(session.issued_at < MAX_ISSUED_AT && view.generation == session.generation);
    for (now, not_before) in [(0, 0), (NOW * 1000, 0), (NOW * 1000, NOW * 1000), (u64::MAX, 0)] {
        assert_eq!(view.is_over(now, not_before), session.is_over(now, not_before));
    }
    keeps_what_it_does_not_know(session, data);
}

/// Asserts that one more element with any bytes, after all others, is kept.
fn keeps_what_it_does_not_know(mut session: Session, any: &[u8]) {
    session.auth_time.get_or_insert(NOW);
    let before = session.encode();
    let mut elements = before.as_slice();
    let count = decode::read_array_len(&mut elements).expect("an array");
    let mut longer = Vec::new();
    encode::write_array_len(&mut longer, count + 1).expect("written to memory");
    longer.extend_from_slice(elements);
    encode::write_bin(&mut longer, any).expect("written to memory");
    let later = Session::decode(&longer).expect("a later release's record");
    assert_eq!(later.encode(), longer);
    assert_eq!(Session { unknown: session.unknown.clone(), ..later }, session);
}
