//! The sessions of the drill, with their clients' current tokens.

use super::traffic::Call;

/// A session, as its client knows it.
pub struct Session {
    /// The user's number.
    pub user: u32,
    /// The access token.
    pub access: Box<str>,
    /// The refresh token.
    pub refresh: Box<str>,
    /// The lifetime of the access token, in seconds, as the answer gave it.
    pub expires_in: u32,
}

/// All sessions.
#[derive(Default)]
pub struct Population {
    /// The sessions that are verified and refreshed.
    pub sessions: Vec<Session>,
    /// Sessions to log out. Each login adds one.
    spare: Vec<Session>,
}

impl Population {
    /// Takes this many of the spare sessions to be verified and refreshed.
    pub fn move_in(&mut self, count: usize) {
        self.sessions = self.spare.drain(..count).collect();
    }

    /// Returns the session at an index.
    pub fn session(&self, index: u32) -> &Session {
        &self.sessions[index as usize]
    }

    /// Takes a session to log out.
    pub fn leaving(&mut self) -> Session {
        self.spare.pop().expect("enough spare sessions")
    }

    /// Learns from the answer to a call.
    pub fn learn(&mut self, call: Call, body: &[u8]) {
        match call {
            Call::Refresh(index) => {
                let session = &mut self.sessions[index as usize];
                *session = Session::new(session.user, body);
            }
            Call::Issue(user) => self.spare.push(Session::new(user, body)),
            Call::Verify(_) | Call::Revoke => {}
        }
    }

    /// Returns the lifetimes of all access tokens, in seconds.
    pub fn lifetimes(&self) -> Vec<u32> {
        self.sessions.iter().map(|session| session.expires_in).collect()
    }
}

impl Session {
    /// Reads a token response in JSON.
    fn new(user: u32, body: &[u8]) -> Self {
        let text = std::str::from_utf8(body).expect("text");
        let rest = |name: &str| text.split_once(name).expect("a token response").1;
        let token = |name: &str| rest(name).split('"').next().unwrap_or_default().into();
        let seconds = rest(r#""expires_in":"#).split(',').next().and_then(|seconds| seconds.parse().ok());
        Self {
            user,
            access: token(r#""access_token":""#),
            refresh: token(r#""refresh_token":""#),
            expires_in: seconds.expect("seconds"),
        }
    }
}
