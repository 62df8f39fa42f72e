//! Calls as commands to Redis.

use std::{io, os::unix::net::UnixStream, path::PathBuf};

use super::{Answer, Socket, Verdict, Wire};
use crate::{
    commands::stage::user_key,
    load_drill::{population::Population, traffic::Call},
    resp,
};

/// Commands over a unix socket.
pub struct Commands {
    /// The socket.
    pub socket: PathBuf,
}

impl Wire for Commands {
    fn open(&self) -> io::Result<Box<dyn Socket>> {
        Ok(Box::new(UnixStream::connect(&self.socket)?))
    }

    fn shape(&self) -> (usize, usize) {
        (50, 32)
    }

    fn says_503(&self) -> bool {
        false
    }

    fn write(&self, call: Call, population: &mut Population, out: &mut Vec<u8>) {
        let key = |user: u32| user_key(user as usize);
        let mut append =
            |words: &[&str]| resp::append(out, &words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        match call {
            Call::Verify(index) => {
                let session = population.session(index);
                append(&["AUTH.VERIFY", &key(session.user), &session.access]);
            }
            Call::Refresh(index) => {
                let session = population.session(index);
                append(&["AUTH.REFRESH", &key(session.user), &session.refresh, "FORMAT", "JSON"]);
            }
            Call::Issue(user) => append(&["AUTH.ISSUE", &key(user), "FORMAT", "JSON"]),
            Call::Revoke => {
                let session = population.leaving();
                append(&["AUTH.REVOKE", &key(session.user), "TOKEN", &session.refresh]);
            }
        }
    }

    /// Panics on an error reply.
    fn answer<'a>(&self, input: &'a [u8]) -> Option<Answer<'a>> {
        let len = resp::reply_len(input)?;
        Some(Answer { len, closes: false, verdict: Verdict::Done(&input[..len]) })
    }
}
