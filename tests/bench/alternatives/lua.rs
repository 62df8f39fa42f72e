//! Rotation in an atomic Lua script, with the application signing: the best solution without a module. The refresh
//! token is random, and Redis stores its hash.

use aws_lc_rs::digest::{SHA256, digest};

use super::{
    ACCESS_TTL, Pair, REFRESH_TTL, Side,
    signing::{Signer, random},
};
use crate::support::{Con, tokens::base64};

/// The script, which the Node.js server runs as well.
pub const SCRIPT: &str = include_str!("rotate.lua");

/// The application's key, and the loaded script.
pub struct Lua {
    signer: Signer,
    sha: String,
}

impl Lua {
    /// Creates the application with a fresh key, and loads the script.
    pub fn new(con: &mut Con, alg: &str) -> Self {
        let sha = redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).query(con).expect("the script's hash");
        Self { signer: Signer::new(alg), sha }
    }
}

impl Side for Lua {
    fn login(&self, con: &mut Con, user: &str) -> String {
        let sid = base64(random::<16>());
        let token = token(&sid);
        redis::cmd("HSET").arg(key(user)).arg(sid).arg(hash(&token)).exec(con).expect("an answer");
        token
    }

    fn refresh(&self, con: &mut Con, user: &str, token: &str) -> Pair {
        let (sid, _) = token.split_once('.').expect("our token");
        let next = self::token(sid);
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.sha).arg(1).arg(key(user)).arg(sid).arg(hash(token)).arg(hash(&next));
        command.arg(REFRESH_TTL * 1000).exec(con).expect("an answer");
        Pair { access: self.signer.sign(user, sid, ACCESS_TTL).0, refresh: next }
    }
}

fn key(user: &str) -> String {
    format!("sessions:{user}")
}

/// Returns `sid.random`.
fn token(sid: &str) -> String {
    format!("{sid}.{}", base64(random::<32>()))
}

fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
