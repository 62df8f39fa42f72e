//! The two ways to make a call: as a command to Redis, and as a request to hallpass-server.

mod commands;
mod requests;

pub use commands::Commands;
pub use requests::Requests;

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
};

use super::{population::Population, traffic::Call};

/// A way to make calls.
pub trait Wire {
    /// Opens a connection.
    fn open(&self) -> io::Result<Box<dyn Socket>>;
    /// Returns the number of connections, and of calls that may wait for an answer on each.
    fn shape(&self) -> (usize, usize);
    /// Returns whether a call may be answered 503.
    fn says_503(&self) -> bool;
    /// Appends a call to what is to be sent.
    fn write(&self, call: Call, population: &mut Population, out: &mut Vec<u8>);
    /// Returns the first answer once it is complete.
    fn answer<'a>(&self, input: &'a [u8]) -> Option<Answer<'a>>;
}

/// A connection.
pub trait Socket: Read + Write + AsFd {}
impl<T: Read + Write + AsFd> Socket for T {}

/// An answer to a call.
pub struct Answer<'a> {
    /// Its length in bytes.
    pub len: usize,
    /// Whether the server closes the connection after it.
    pub closes: bool,
    /// What it says.
    pub verdict: Verdict<'a>,
}

/// What an answer says.
pub enum Verdict<'a> {
    /// A success, with its body.
    Done(&'a [u8]),
    /// 503: the client shall ask again.
    Again,
    /// Anything else, which ends a login or should not happen.
    Refused(&'a str),
}
