//! The contract with the module: the names of commands, options, reply fields and error codes, each in this one place.

/// The channel of security events.
pub const EVENTS: &str = "hallpass:events";

/// The commands.
pub mod command {
    pub const ISSUE: &str = "AUTH.ISSUE";
    pub const REFRESH: &str = "AUTH.REFRESH";
    pub const VERIFY: &str = "AUTH.VERIFY";
    pub const INSPECT: &str = "AUTH.INSPECT";
    pub const SESSIONS: &str = "AUTH.SESSIONS";
    pub const REVOKE: &str = "AUTH.REVOKE";
    pub const SETCLAIMS: &str = "AUTH.SETCLAIMS";
    pub const JWKS: &str = "AUTH.JWKS";
    pub const KEYS: &str = "AUTH.KEYS";
    pub const RELOAD: &str = "AUTH.RELOAD";

    /// Those whose answer holds a new access token.
    pub const SIGNED: [&str; 2] = [ISSUE, REFRESH];

    /// The beginning of all of them. Those that have a key have it as their first argument.
    pub const PREFIX: &str = "AUTH.";

    /// Those that may change a subject's sessions.
    pub const WRITES: [&str; 4] = [ISSUE, REFRESH, REVOKE, SETCLAIMS];

    /// Redis' own, for keys beside those of subjects.
    pub const SET: &str = "SET";
}

/// The keys beside those of subjects.
pub mod key {
    /// The beginning of the key of a used outside token; its fingerprint follows.
    pub const USED: &str = "hallpass:used:";
    /// The length of a fingerprint: SHA-256 in base64url.
    pub const FINGERPRINT_LENGTH: usize = 43;
}

/// The words behind a command's fixed arguments.
pub mod option {
    pub const ACCESS: &str = "ACCESS";
    pub const ACCESSTTL: &str = "ACCESSTTL";
    pub const ALL: &str = "ALL";
    pub const AUDIENCE: &str = "AUDIENCE";
    pub const AUTHTIME: &str = "AUTHTIME";
    pub const CLAIMS: &str = "CLAIMS";
    pub const CLASS: &str = "CLASS";
    pub const CLIENT: &str = "CLIENT";
    pub const COUNT: &str = "COUNT";
    pub const EVICT: &str = "EVICT";
    pub const EX: &str = "EX";
    pub const EXCEPT: &str = "EXCEPT";
    pub const FORMAT: &str = "FORMAT";
    pub const IDLETTL: &str = "IDLETTL";
    pub const JSON: &str = "JSON";
    pub const LIMIT: &str = "LIMIT";
    pub const MAXTTL: &str = "MAXTTL";
    pub const META: &str = "META";
    pub const NX: &str = "NX";
    pub const OFFSET: &str = "OFFSET";
    pub const PUBLIC: &str = "PUBLIC";
    pub const REJECT: &str = "REJECT";
    pub const SESSION: &str = "SESSION";
    pub const SHARED: &str = "SHARED";
    pub const SID: &str = "SID";
    pub const TOKEN: &str = "TOKEN";
    pub const WITHCLAIMS: &str = "WITHCLAIMS";
}

/// The fields of replies that are maps.
pub mod field {
    pub const ACCESS_EXPIRES_AT: &str = "access_expires_at";
    pub const ACCESS_TOKEN: &str = "access_token";
    pub const ACTIVE: &str = "active";
    pub const ALG: &str = "alg";
    pub const AUD: &str = "aud";
    pub const AUTH_TIME: &str = "auth_time";
    pub const BOUND: &str = "bound";
    pub const CLAIMS: &str = "claims";
    pub const CLASS: &str = "class";
    pub const CLIENT: &str = "client";
    pub const CLIENT_ID: &str = "client_id";
    pub const ENDS_AT: &str = "ends_at";
    pub const EVICTED: &str = "evicted";
    pub const EXP: &str = "exp";
    pub const EXPIRES_AT: &str = "expires_at";
    pub const EXPIRES_IN: &str = "expires_in";
    pub const GEN: &str = "gen";
    pub const IAT: &str = "iat";
    pub const ISSUED_AT: &str = "issued_at";
    pub const KID: &str = "kid";
    pub const LAST_USED_AT: &str = "last_used_at";
    pub const META: &str = "meta";
    pub const NBF: &str = "nbf";
    pub const REFRESH_EXPIRES_IN: &str = "refresh_expires_in";
    pub const REFRESH_TOKEN: &str = "refresh_token";
    pub const SCOPE: &str = "scope";
    pub const SESSION_ID: &str = "session_id";
    pub const SID: &str = "sid";
    pub const STATE: &str = "state";
    pub const STATUS: &str = "status";
    pub const SUB: &str = "sub";
    pub const USE: &str = "use";
}

/// The codes that an error reply begins with.
pub mod code {
    pub const INVALIDTOKEN: &str = "INVALIDTOKEN";
    pub const EXPIREDTOKEN: &str = "EXPIREDTOKEN";
    pub const NOSESSION: &str = "NOSESSION";
    pub const REUSEDTOKEN: &str = "REUSEDTOKEN";
    pub const STALETOKEN: &str = "STALETOKEN";
    pub const SESSIONLIMIT: &str = "SESSIONLIMIT";
    pub const WRONGTYPE: &str = "WRONGTYPE";
    /// The user lacks a right.
    pub const NOPERM: &str = "NOPERM";
    /// Every other error of the module, and many of Redis.
    pub const ERR: &str = "ERR";
    /// The module's own faults, after `ERR`, which no argument of a command is part of.
    pub const FAULTS: [&str; 3] = [
        "no key of the ring is valid now",
        "the session's stored claims are not usable",
        "internal error, see the server log",
    ];
    /// The mark of a caller's mistake, between `ERR` and the module's fixed text.
    pub const USAGE: &str = "hallpass: ";

    /// The codes of a server that is not, or no longer, in charge.
    pub const NOT_IN_CHARGE: [&str; 5] = ["READONLY", "MOVED", "CLUSTERDOWN", "MASTERDOWN", "LOADING"];
    /// The codes of a server that says nothing about a command now, and may later.
    pub const NOT_NOW: [&str; 5] = ["CLUSTERDOWN", "MASTERDOWN", "LOADING", "BUSY", "TRYAGAIN"];
}

/// The sections of INFO, and their fields.
pub mod info {
    pub const SECTION: &str = "hallpass";
    pub const KEY_PATTERN: &str = "hallpass_key_pattern";
    pub const ISSUER: &str = "hallpass_issuer";
    pub const AUDIENCE: &str = "hallpass_audience";
    pub const REFRESH_REQUIRES_ACCESS: &str = "hallpass_refresh_requires_access";
    /// Changes when settings or keys do, so that what AUTH.VERIFY answered before may not hold any more.
    pub const VERIFY_EPOCH: &str = "hallpass_verify_epoch";

    /// The section of Redis itself that tells whether a server is a node of a cluster.
    pub const CLUSTER_SECTION: &str = "cluster";
    pub const CLUSTER_ENABLED: &str = "cluster_enabled";
    /// The section that tells whether a server still reads its data.
    pub const PERSISTENCE_SECTION: &str = "persistence";
    pub const LOADING: &str = "loading";
    /// A field of `CLUSTER INFO`: `ok` while commands about keys are served.
    pub const CLUSTER_STATE: &str = "cluster_state";
}
