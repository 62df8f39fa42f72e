//! Replies as data, so that handlers finish all their work before anything is sent.

/// What a command answers. Maps keep their order; in RESP2 they are flat arrays.
#[derive(Debug)]
pub enum Reply {
    /// A bulk string.
    Text(String),
    /// An integer.
    Number(i64),
    /// An array.
    Array(Vec<Reply>),
    /// A map with fixed names.
    Map(Vec<(&'static str, Reply)>),
}

impl Reply {
    /// A count or a number of seconds; what does not fit is capped.
    pub fn number(value: u64) -> Self {
        Self::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
