//! What a look through a user's hash finds: enough to limit, list and revoke, and little to move around.

use hallpass_engine::record::Glance;
use hallpass_engine::sid;
use uuid::Uuid;

/// Room is made at once for so many sessions at most: a hash may be somebody else's, and huge.
const MAX_CAPACITY: usize = 10_000;

/// How sessions are looked at.
pub struct Lens<'a> {
    /// Sessions issued before this time (Unix ms) are over.
    pub not_before: u64,
    /// The class that is looked for, if any.
    pub class: Option<&'a str>,
}

/// A session that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its id.
    pub sid: Uuid,
    /// When it was refreshed last, in Unix ms.
    pub rotated_at: u64,
    /// Whether it has ended.
    pub is_over: bool,
    /// Whether it is of the class that is looked for; true of all when none is.
    pub in_class: bool,
}

/// Everything that was seen.
#[derive(Default)]
pub struct Survey {
    /// Sessions, live and expired.
    pub sessions: Vec<Sighting>,
    /// Session ids whose records cannot be read.
    pub unreadable: Vec<Uuid>,
    /// Whether some field is no session id: the hash is somebody else's.
    pub is_foreign: bool,
}

impl Survey {
    /// With room for this many fields.
    pub fn with_capacity(fields: usize) -> Self {
        Self { sessions: Vec::with_capacity(fields.min(MAX_CAPACITY)), ..Self::default() }
    }

    /// Notes a field, at `now` in Unix ms.
    pub fn note(&mut self, lens: &Lens<'_>, now: u64, field: &[u8], value: &[u8]) {
        let Some(sid) = sid::parse(field) else {
            self.is_foreign = true;
            return;
        };
        match Glance::read(value) {
            Err(_) => self.unreadable.push(sid),
            Ok(glance) => self.sessions.push(Sighting {
                sid,
                rotated_at: glance.rotated_at,
                is_over: glance.is_over(now, lens.not_before),
                in_class: lens.class.is_none() || glance.class == lens.class,
            }),
        }
    }
}
