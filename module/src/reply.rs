//! Replies as data, so that handlers finish all their work before anything is sent.

use crate::minting::Tokens;
use hallpass_engine::access::AccessToken;
use std::sync::Arc;

/// What a command answers. Maps keep their order; in RESP2 they are flat arrays.
pub enum Reply {
    /// The simple string `OK`, of a command that only had to be carried out.
    Ok,
    /// A bulk string.
    Text(String),
    /// An integer.
    Number(i64),
    /// True or false; 1 or 0 in RESP2.
    Bool(bool),
    /// An array.
    Array(Vec<Reply>),
    /// A map with fixed names.
    Map(Vec<(&'static str, Reply)>),
    /// A bulk string: what a token says.
    Claims(Arc<AccessToken>),
    /// The map of `AUTH.ISSUE` and `AUTH.REFRESH`.
    Tokens(Tokens),
}

impl Reply {
    /// A bulk string.
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// A count or a number of seconds; what does not fit is capped.
    pub fn number(value: u64) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
