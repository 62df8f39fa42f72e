//! A client as its file describes it.

use super::secret::SecretHash;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Issue sessions.
    Issue,
    /// Ask whether a token is active.
    Introspect,
    /// List and end sessions, and change their claims.
    Manage,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Issue, Self::Introspect, Self::Manage];

    /// The name in flags, files and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Introspect => "introspect",
            Self::Manage => "manage",
        }
    }
}

/// One client, as the clients file has it.
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
    /// Whether it may issue a session for this audience.
    pub fn may_issue_for(&self, audience: &str) -> bool {
        self.audiences.as_ref().is_none_or(|list| list.iter().any(|allowed| allowed == audience))
    }
}

/// Why `id` names no client, if so. The colon that AUTH.ISSUE allows is missing here: HTTP Basic ends the id with it.
pub fn id_problem(id: &str) -> Option<&'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let valid = (1..=64).contains(&id.len()) && id.bytes().all(fits);
    (!valid).then_some("a client id is 1-64 of A-Z, a-z, 0-9, _, . and -")
}

/// Why `audience` cannot be the audience of a token, if so.
pub fn audience_problem(audience: &str) -> Option<&'static str> {
    let valid =
        (1..=255).contains(&audience.len()) && audience.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    (!valid).then_some("an audience is 1-255 printable ASCII characters")
}
