//! The hand-made way of tutorials: both tokens are JWTs, the current refresh token is a key of its own, and each step
//! is a command. Two clients that refresh the same token at once can both succeed.

use redis::TypedCommands;

use super::{ACCESS_TTL, Pair, REFRESH_TTL, Side, signing::Signer};
use crate::support::Con;

/// The application's keys.
pub struct HandMade {
    access: Signer,
    refresh: Signer,
}

impl HandMade {
    /// Creates the application with fresh keys.
    pub fn new(alg: &str) -> Self {
        Self { access: Signer::new(alg), refresh: Signer::new(alg) }
    }

    /// Signs both tokens, and stores the refresh token.
    fn begin(&self, con: &mut Con, user: &str) -> Pair {
        let (refresh, id) = self.refresh.sign(user, "", REFRESH_TTL);
        con.set_ex(key(user, &id), &refresh, REFRESH_TTL).expect("OK");
        Pair { access: self.access.sign(user, "", ACCESS_TTL).0, refresh }
    }
}

impl Side for HandMade {
    fn login(&self, con: &mut Con, user: &str) -> String {
        self.begin(con, user).refresh
    }

    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair {
        let claims = self.refresh.verify(token);
        assert_eq!(claims.sub, user);
        let key = key(user, &claims.jti);
        assert_eq!(con.get(&key).expect("an answer").as_deref(), Some(token));
        con.del(&key).expect("an answer");
        self.begin(con, user)
    }
}

fn key(user: &str, id: &str) -> String {
    format!("refresh:{user}:{id}")
}
