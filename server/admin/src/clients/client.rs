//! A client and its scopes.

use super::secret::SecretHash;
use clap::ValueEnum;
use hallpass_engine::arguments;
use serde::{Deserialize, Serialize};

/// Maximum number of live secrets of a client: while a secret is being replaced, the old and the new one are both live.
pub const MAX_SECRETS: usize = 2;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Issue sessions.
    Issue,
    /// Ask whether a token is active.
    Introspect,
    /// List and end sessions, change their claims, inspect tokens, and see keys and events, as the console does.
    Manage,
}

impl Scope {
    /// Every scope, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Issue, Self::Introspect, Self::Manage];

    /// Returns its name in flags, files and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Introspect => "introspect",
            Self::Manage => "manage",
        }
    }
}

/// A client in the clients file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// 1–64 of `[A-Za-z0-9_.-]`.
    pub id: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The only audiences that it may issue for; `None` means any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    /// Whether the sessions that it issues answer only to it.
    #[serde(default)]
    pub confidential: bool,
    /// Hashes of the one or two live secrets, the older one first.
    pub secrets: Vec<SecretHash>,
}

impl Client {
    /// Returns what is wrong with the client by itself, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        let mut audiences = self.audiences.iter().flatten();
        if !is_id(&self.id) {
            Some("a client id is 1-64 of A-Z, a-z, 0-9, _, . and -")
        } else if audiences.any(|audience| arguments::session_audience(audience.as_bytes()).is_err()) {
            Some("an audience is 1-255 printable ASCII characters, and not *")
        } else if self.scopes.is_empty() {
            Some("a client needs a scope")
        } else if self.audiences.as_ref().is_some_and(Vec::is_empty) {
            Some("an empty list of audiences")
        } else if !(1..=MAX_SECRETS).contains(&self.secrets.len()) {
            Some("a client has 1 or 2 secrets")
        } else {
            None
        }
    }

    /// Returns whether it may issue sessions for this audience.
    pub fn may_issue_for(&self, audience: &str) -> bool {
        self.audiences.as_ref().is_none_or(|list| list.iter().any(|allowed| allowed == audience))
    }

    /// Returns whether it may know of a token of this audience. One without an audience is meant for every audience, so
    /// a client that is limited to some must not.
    pub fn may_know_of(&self, audience: Option<&str>) -> bool {
        audience.map_or(self.audiences.is_none(), |audience| self.may_issue_for(audience))
    }
}

/// Returns whether `id` can be a client id: a name as AUTH.ISSUE takes it, without the colon that ends the id in HTTP Basic.
fn is_id(id: &str) -> bool {
    arguments::name(id.as_bytes()).is_ok() && !id.contains(':')
}
