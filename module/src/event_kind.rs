//! The kinds of security events, which `hallpass.events` selects.

/// What can happen to sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is the word of its name.
pub enum EventKind {
    Reused,
    Revoked,
    Evicted,
    Recovered,
    Issued,
    Claims,
}

impl EventKind {
    const ALL: [Self; 6] =
        [Self::Reused, Self::Revoked, Self::Evicted, Self::Recovered, Self::Issued, Self::Claims];

    /// Returns its name in replies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reused => "reused",
            Self::Revoked => "revoked",
            Self::Evicted => "evicted",
            Self::Recovered => "recovered",
            Self::Issued => "issued",
            Self::Claims => "claims",
        }
    }

    /// Returns the kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
