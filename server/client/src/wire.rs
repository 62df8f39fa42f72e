//! The contract with the module: what its commands take, and what they answer.

/// Why a command gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// `INVALIDTOKEN`: not a token of ours, or not for this caller.
    InvalidToken,
    /// `EXPIREDTOKEN`: the token or its session has expired.
    ExpiredToken,
    /// `NOSESSION`: the session has ended.
    NoSession,
    /// `REUSEDTOKEN`: an old refresh token came back; its session has been ended.
    ReusedToken,
    /// `STALETOKEN`: the session's claims have changed since the token was signed.
    StaleToken,
    /// `SESSIONLIMIT`: the session would be one too many.
    SessionLimit,
    /// `WRONGTYPE`: the subject's key holds something that is not sessions.
    WrongType,
    /// `ERR hallpass: …`: a mistake of the caller, in the module's fixed words.
    Rejected(String),
    /// Everything else: Redis is away, busy, read-only, full, or does not have the module. The reason is for the
    /// operator; it holds no argument of the command.
    Unavailable(String),
}

/// What `INFO hallpass` says about the module's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// `hallpass.key-pattern`.
    pub key_pattern: String,
    /// `hallpass.issuer`, unless it is empty.
    pub issuer: Option<String>,
    /// `hallpass.audience`, unless it is empty.
    pub audience: Option<String>,
    /// Whether its server is a node of a cluster.
    pub is_cluster: bool,
}

/// `INFO hallpass` of one server.
#[derive(Clone)]
pub struct NodeInfo {
    /// Which one, where there are several.
    pub node: Option<String>,
    /// The text, unless it is away.
    pub info: Option<String>,
}

/// The options of `AUTH.ISSUE`, each as the module takes it.
#[derive(Default)]
pub struct IssueOptions<'a> {
    /// CLAIMS: JSON text.
    pub claims: Option<&'a str>,
    /// AUDIENCE.
    pub audience: Option<&'a str>,
    /// CLIENT: binds the session.
    pub client: Option<&'a str>,
    /// CLASS.
    pub class: Option<&'a str>,
    /// META: JSON text.
    pub meta: Option<&'a str>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// EVICT or REJECT, after LIMIT.
    pub on_limit: Option<&'a str>,
    /// SID: makes the command safe to repeat.
    pub session_id: Option<&'a str>,
    /// ACCESSTTL in seconds.
    pub access_ttl: Option<u64>,
    /// IDLETTL in seconds.
    pub idle_ttl: Option<u64>,
    /// MAXTTL in seconds.
    pub max_ttl: Option<u64>,
}

/// The answer of `AUTH.ISSUE` and `AUTH.REFRESH`.
pub struct Tokens {
    /// The access token, a JWT.
    pub access_token: String,
    /// Its remaining lifetime in seconds.
    pub expires_in: u64,
    /// The refresh token.
    pub refresh_token: String,
    /// Its remaining lifetime in seconds.
    pub refresh_expires_in: u64,
    /// The session's id.
    pub session_id: String,
    /// The sessions that had to go; only `AUTH.ISSUE` answers with it.
    pub evicted: Option<Vec<String>>,
}

/// Which sessions `AUTH.REVOKE` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation<'a> {
    /// ALL, but the one that EXCEPT names.
    All {
        /// EXCEPT: a session's id.
        except: Option<&'a str>,
    },
    /// SESSION: the one of this id.
    Session(&'a str),
    /// TOKEN: the one that the token belongs to.
    Token {
        /// A token of either kind.
        token: &'a str,
        /// CLIENT: who asks.
        client: Option<&'a str>,
    },
}

/// Which of a subject's sessions `AUTH.SESSIONS` lists, each as the caller wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// OFFSET.
    pub offset: Option<&'a str>,
    /// COUNT.
    pub count: Option<&'a str>,
}

/// An entry of `AUTH.SESSIONS`. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub sid: String,
    /// The class of device.
    pub class: Option<String>,
    /// The client that the session is bound to.
    pub client: Option<String>,
    /// What is remembered about the device, as JSON text.
    pub meta: Option<String>,
    /// The custom claims as JSON text, if they were asked for.
    pub claims: Option<String>,
    /// When the session was issued.
    pub issued_at: u64,
    /// When it was last refreshed.
    pub last_used_at: u64,
    /// When it ends unless it is refreshed.
    pub expires_at: u64,
    /// When it ends in any case.
    pub ends_at: u64,
    /// Its generation.
    pub generation: u64,
}

/// The answer of `AUTH.INSPECT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Whether AUTH.REFRESH would answer with tokens.
    pub is_active: bool,
    /// The subject.
    pub sub: String,
    /// The session's id.
    pub sid: String,
    /// When the session ends unless it is refreshed; `None` if it is gone.
    pub exp: Option<u64>,
    /// When it was last refreshed; `None` if it is gone.
    pub iat: Option<u64>,
    /// The audience.
    pub aud: Option<String>,
    /// The client that the session is bound to.
    pub client_id: Option<String>,
    /// The claim `scope`.
    pub scope: Option<String>,
}

/// Whether this has the form of a refresh token rather than of an access token. Says nothing about its worth.
pub fn is_refresh_token(token: &str) -> bool {
    token.starts_with("hp1.")
}

impl CommandError {
    /// The meaning of an error reply, whose first word is `code` and the rest `detail`.
    pub fn from_reply(code: &str, detail: &str) -> Self {
        match code {
            "INVALIDTOKEN" => Self::InvalidToken,
            "EXPIREDTOKEN" => Self::ExpiredToken,
            "NOSESSION" => Self::NoSession,
            "REUSEDTOKEN" => Self::ReusedToken,
            "STALETOKEN" => Self::StaleToken,
            "SESSIONLIMIT" => Self::SessionLimit,
            "WRONGTYPE" => Self::WrongType,
            "ERR" => match detail.strip_prefix("hallpass: ") {
                Some(text) => Self::Rejected(text.to_owned()),
                // Redis repeats the arguments of a command that it does not know, tokens among them.
                None if detail.starts_with("unknown command") => Self::no_module(),
                None => Self::Unavailable("Redis answered ERR".into()),
            },
            code => Self::Unavailable(format!("Redis answered {code}")),
        }
    }

    /// Redis is there, the module is not.
    pub fn no_module() -> Self {
        Self::Unavailable("the hallpass module is not loaded in this Redis".into())
    }
}

impl ModuleInfo {
    /// Reads the sections `hallpass` and `cluster` of INFO; `None` when the module is not there.
    pub fn parse(info: &str) -> Option<Self> {
        let field = |name: &str| {
            let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Some(Self {
            key_pattern: field("hallpass_key_pattern")?,
            issuer: field("hallpass_issuer"),
            audience: field("hallpass_audience"),
            is_cluster: field("cluster_enabled").as_deref() == Some("1"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_section_is_read_line_by_line() {
        let info = "# hallpass_stats\r\nhallpass_issued:1\r\nhallpass_key_pattern:auth:{*}\r\nhallpass_issuer:https://a\r\n\
                    hallpass_audience:\r\n";
        let module = ModuleInfo::parse(info).expect("there");
        assert_eq!(module.key_pattern, "auth:{*}");
        assert_eq!((module.issuer.as_deref(), module.audience), (Some("https://a"), None));
        assert_eq!(ModuleInfo::parse(""), None);
    }

    #[test]
    fn only_the_modules_own_words_reach_the_caller() {
        assert_eq!(
            CommandError::from_reply("ERR", "hallpass: too large"),
            CommandError::Rejected("too large".into())
        );
        for (code, detail) in
            [("ERR", "value is not an integer"), ("READONLY", "x"), ("LOADING", "x"), ("NOPERM", "x")]
        {
            assert!(matches!(CommandError::from_reply(code, detail), CommandError::Unavailable(_)), "{code}");
        }
    }
}
