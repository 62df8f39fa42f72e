//! Every error that a command can answer with: a code, then a fixed text in ASCII, which never contains what a client
//! sent.

use hallpass_engine::access::{ClaimsError, InvalidAccessToken};
use hallpass_engine::arguments::ArgumentError;
use hallpass_engine::json::JsonError;
use hallpass_engine::limits::RoomError;
use hallpass_engine::record::SessionError;
use hallpass_engine::refresh::InvalidRefreshToken;

/// The reason for which a command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not a token of ours, or not for this key, client or audience.
    InvalidToken,
    /// A token or session that has expired.
    ExpiredToken,
    /// The session does not exist.
    NoSession,
    /// An older refresh token came back; its session was ended.
    ReusedToken,
    /// The session's claims changed since the access token was minted.
    StaleToken,
    /// A session limit with `REJECT` is reached.
    SessionLimit,
    /// The key holds something that is not sessions.
    WrongType,
    /// A mistake of the caller, with its fixed text.
    Usage(&'static str),
    /// The claims in the record are not what this module writes.
    StoredClaims,
    /// No key of the ring may sign at this time.
    NoKey,
    /// A bug: the command was stopped before it could harm the server.
    Internal,
}

/// The command has no such option.
pub const SYNTAX: Error = Error::Usage("ERR hallpass: syntax error");
/// An option was given more than once.
pub const REPEATED: Error = Error::Usage("ERR hallpass: option given twice");
/// The key does not match `hallpass.key-pattern`, or the text in place of `*` is not a subject.
pub const KEY: Error = Error::Usage("ERR hallpass: key does not match hallpass.key-pattern");
/// A number is malformed or out of range.
pub const RANGE: Error = Error::Usage("ERR hallpass: value is not an integer or out of range");
/// A `CLASS` or `CLIENT` that is not 1–64 of `[A-Za-z0-9_.:-]`.
pub const NAME: Error = Error::Usage("ERR hallpass: CLASS and CLIENT take 1-64 of A-Z a-z 0-9 _ . : -");
/// An `AUDIENCE` that is not 1–255 printable ASCII characters.
pub const AUDIENCE: Error = Error::Usage("ERR hallpass: AUDIENCE takes 1-255 printable characters");
/// TTLs that contradict each other or `hallpass.max-ttl`.
pub const TTL: Error =
    Error::Usage("ERR hallpass: TTLs must satisfy ACCESSTTL <= IDLETTL <= MAXTTL <= hallpass.max-ttl");
/// A `SID` that is not a canonical UUIDv7.
pub const SID: Error = Error::Usage("ERR hallpass: SID takes a UUIDv7 in canonical lower case");
/// An `AUTHTIME` that is not a time, or in the future.
pub const AUTH_TIME: Error =
    Error::Usage("ERR hallpass: AUTHTIME takes Unix seconds that are not in the future");
/// An `EXCEPT` that is not a UUID.
pub const EXCEPT: Error = Error::Usage("ERR hallpass: EXCEPT takes a session id");
/// A `SID` whose session was refreshed, or is too old for the call to be a repetition.
pub const SID_USED: Error = Error::Usage("ERR hallpass: SID is already in use");
/// The keyring file is refused; the ring in use stays.
pub const KEYRING: Error = Error::Usage("ERR hallpass: the keyring file is not usable, see the server log");
/// `hallpass.refresh-requires-access` is on and there is no `ACCESS`.
pub const ACCESS_REQUIRED: Error = Error::Usage("ERR hallpass: ACCESS is required");
/// The access token would be longer than any verifier here accepts.
pub const TOKEN_TOO_LARGE: Error = Error::Usage("ERR hallpass: access token would be too large");

impl Error {
    /// Returns the text of the error reply.
    pub fn text(self) -> &'static str {
        match self {
            Self::InvalidToken => "INVALIDTOKEN the token is not valid",
            Self::ExpiredToken => "EXPIREDTOKEN the token or its session has expired",
            Self::NoSession => "NOSESSION the session does not exist",
            Self::ReusedToken => "REUSEDTOKEN an older refresh token was used again, the session was ended",
            Self::StaleToken => "STALETOKEN the claims have changed, refresh the token",
            Self::SessionLimit => "SESSIONLIMIT the session limit is reached",
            Self::WrongType => "WRONGTYPE the key does not hold sessions",
            Self::Usage(text) => text,
            Self::StoredClaims => "ERR the session's stored claims are not usable",
            Self::NoKey => "ERR no key of the ring is valid now",
            Self::Internal => "ERR internal error, see the server log",
        }
    }
}

/// Claims or metadata that are refused.
impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::Usage(match error {
            JsonError::Malformed => "ERR hallpass: malformed JSON",
            JsonError::NotAnObject => "ERR hallpass: JSON must be an object",
            JsonError::DuplicateMember => "ERR hallpass: duplicate member in JSON",
            JsonError::ReservedClaim => "ERR hallpass: reserved claim",
            JsonError::TooDeep => "ERR hallpass: JSON is nested too deep",
            JsonError::TooLarge => "ERR hallpass: JSON is too large",
        })
    }
}

impl From<ArgumentError> for Error {
    fn from(error: ArgumentError) -> Self {
        match error {
            ArgumentError::Syntax => SYNTAX,
            ArgumentError::Repeated => REPEATED,
            ArgumentError::Number => RANGE,
            ArgumentError::Name => NAME,
            ArgumentError::Audience => AUDIENCE,
        }
    }
}

impl From<ClaimsError> for Error {
    fn from(error: ClaimsError) -> Self {
        match error {
            ClaimsError::Invalid => Self::InvalidToken,
            ClaimsError::Expired => Self::ExpiredToken,
        }
    }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Missing => Self::NoSession,
            SessionError::Expired => Self::ExpiredToken,
            SessionError::Stale => Self::StaleToken,
        }
    }
}

impl From<RoomError> for Error {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Foreign => Self::WrongType,
            RoomError::LimitReached => Self::SessionLimit,
        }
    }
}

impl From<InvalidAccessToken> for Error {
    fn from(_: InvalidAccessToken) -> Self {
        Self::InvalidToken
    }
}

impl From<InvalidRefreshToken> for Error {
    fn from(_: InvalidRefreshToken) -> Self {
        Self::InvalidToken
    }
}
