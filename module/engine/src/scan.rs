//! Scans a user's hash: keeps a summary of each session, enough to limit, list and revoke it.

use crate::record::{DecodeError, RecordView};
use crate::sid;
use uuid::Uuid;

/// The most elements that are allocated in advance: a hash may be huge, and may hold anything.
const MAX_CAPACITY: usize = 10_000;

/// The parameters of a scan.
pub struct ScanFilter<'a> {
    /// Unix ms.
    pub now: u64,
    /// Sessions issued before this time (Unix ms) have ended.
    pub not_before: u64,
    /// The class that is counted, if any.
    pub class: Option<&'a str>,
}

impl ScanFilter<'_> {
    /// Returns whether a field is a session that has not ended.
    pub fn is_live(&self, field: &[u8], value: &[u8]) -> bool {
        let is_live = |record: RecordView<'_>| !record.is_over(self.now, self.not_before);
        sid::parse(field).is_some() && RecordView::read(value).is_ok_and(is_live)
    }
}

/// The summary of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub sid: Uuid,
    /// When it was last refreshed, in Unix ms.
    pub rotated_at: u64,
    /// Whether it has ended.
    pub is_over: bool,
    /// Whether it is of the counted class; always true if there is none.
    pub in_class: bool,
}

/// The result of a scan.
#[derive(Debug, Default)]
pub struct Scan {
    /// Sessions, live and expired.
    pub sessions: Vec<SessionSummary>,
    /// Session ids whose records cannot be read.
    pub unreadable: Vec<Uuid>,
    /// Whether a field is not a session id: the hash belongs to another program.
    pub is_foreign: bool,
}

impl Scan {
    /// Creates an empty scan with room for this many fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self { sessions: Vec::with_capacity(fields.min(MAX_CAPACITY)), ..Self::default() }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`DecodeError`] if its record cannot be read; its id is kept all the same.
    pub fn add(&mut self, filter: &ScanFilter<'_>, field: &[u8], value: &[u8]) -> Result<(), DecodeError> {
        let Some(sid) = sid::parse(field) else {
            self.is_foreign = true;
            return Ok(());
        };
        let record = RecordView::read(value).inspect_err(|_| self.unreadable.push(sid))?;
        self.sessions.push(SessionSummary {
            sid,
            rotated_at: record.rotated_at,
            is_over: record.is_over(filter.now, filter.not_before),
            in_class: filter.class.is_none() || record.class == filter.class,
        });
        Ok(())
    }

    /// Returns the ids of the live sessions.
    pub fn live(&self) -> impl Iterator<Item = Uuid> {
        self.sessions.iter().filter(|session| !session.is_over).map(|session| session.sid)
    }

    /// Returns the ids of all sessions, readable or not.
    pub fn sids(&self) -> impl Iterator<Item = Uuid> {
        self.sessions.iter().map(|session| session.sid).chain(self.unreadable.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Session;

    const SID: &str = "0199d1c8-6f2a-7b3c-8d4e-5f60718293a4";

    fn scanned(class: Option<&str>, now: u64, fields: &[(&[u8], &[u8])]) -> Scan {
        let filter = ScanFilter { now, not_before: 0, class };
        let mut scan = Scan::with_capacity(fields.len());
        for (field, value) in fields {
            let _ = scan.add(&filter, field, value);
        }
        scan
    }

    fn record() -> Vec<u8> {
        let session =
            Session { idle_expiry: 10, absolute_expiry: 20, class: Some("web".into()), ..Session::default() };
        session.encode()
    }

    #[test]
    fn sessions_are_summarised_by_time_and_class() {
        let at = |class, now| scanned(class, now, &[(SID.as_bytes(), &record())]).sessions[0];
        assert_eq!((at(None, 9).is_over, at(None, 10).is_over), (false, true));
        assert_eq!([None, Some("web"), Some("tv")].map(|class| at(class, 0).in_class), [true, true, false]);
    }

    #[test]
    fn a_live_session_has_an_id_and_a_record_that_is_not_over() {
        let is_live = |now, field: &str, value: &[u8]| {
            ScanFilter { now, not_before: 0, class: None }.is_live(field.as_bytes(), value)
        };
        assert!(is_live(9, SID, &record()));
        assert!(!is_live(10, SID, &record()) && !is_live(9, "name", &record()) && !is_live(9, SID, b"x"));
    }

    #[test]
    fn an_unreadable_record_is_noted_and_reported() {
        let mut scan = Scan::default();
        let filter = ScanFilter { now: 0, not_before: 0, class: None };
        assert_eq!(scan.add(&filter, SID.as_bytes(), b"x"), Err(DecodeError));
        assert_eq!((scan.sessions.len(), scan.unreadable.len(), scan.sids().count()), (0, 1, 1));
    }

    #[test]
    fn a_field_that_is_not_a_session_id_makes_the_hash_foreign() {
        assert!(!scanned(None, 0, &[(SID.as_bytes(), &record())]).is_foreign);
        assert!(scanned(None, 0, &[(b"name", &record())]).is_foreign);
    }
}
