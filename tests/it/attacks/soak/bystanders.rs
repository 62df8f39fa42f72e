//! Sessions without a valid token in anybody's hands: whatever is tried with forged ones, nothing about them changes.

use std::collections::BTreeMap;

use super::random::{Command, Random};
use crate::support::{http_server::Server, jwt, *};

/// One session of a user of its own.
struct Bystander {
    key: String,
    tokens: Tokens,
    /// Every other one is bound to a client.
    client: Option<&'static str>,
    records: BTreeMap<String, Vec<u8>>,
    expires_at: i64,
}

/// All bystanders, and keys that have the ids of the server's keys but are not the server's.
pub struct Bystanders {
    all: Vec<Bystander>,
    others: Keyring,
}

impl Bystanders {
    /// Logs them in for longer than a soak takes.
    pub fn log_in(con: &mut Con) -> Self {
        Self {
            all: (0..10).map(|number| Bystander::log_in(con, number)).collect(),
            others: Keyring::default(),
        }
    }

    /// Returns a command with a token that does not fit its key, session or client: it must be refused, or count
    /// nothing.
    pub fn forgery(&self, random: &mut Random) -> Command {
        let victim = random.pick(&self.all);
        let (refresh, access) = (self.forged_refresh(random, victim), self.forged_access(random, victim));
        let (key, own) = (victim.key.as_bytes(), victim.tokens.refresh.as_bytes());
        let command: &[&[u8]] = match random.below(9) {
            0 => &[b"AUTH.REFRESH", key, &refresh],
            1 => &[b"AUTH.REFRESH", key, &refresh, b"CLIENT", b"web"],
            2 => &[b"AUTH.REFRESH", key, own, b"CLIENT", b"web", b"ACCESS", &access],
            3 if victim.client.is_some() => &[b"AUTH.REFRESH", key, own, b"CLIENT", b"app"],
            4 => &[b"AUTH.VERIFY", key, &refresh, b"AUDIENCE", b"*"],
            5 => &[b"AUTH.INSPECT", key, &refresh],
            6 => &[b"AUTH.REVOKE", key, b"TOKEN", &refresh, b"CLIENT", b"web"],
            7 => &[b"AUTH.REVOKE", key, b"TOKEN", &access, b"CLIENT", b"web"],
            _ => &[b"AUTH.VERIFY", key, &access, b"AUDIENCE", b"*"],
        };
        command.iter().map(|arg| arg.to_vec()).collect()
    }

    /// Returns an access token that belongs to nobody.
    pub fn nobodys_access(&self, random: &mut Random) -> Vec<u8> {
        let victim = random.pick(&self.all);
        let forged = self.forged_access(random, victim);
        let is_real = self.all.iter().any(|other| other.tokens.access.as_bytes() == forged);
        if is_real { victim.tokens.refresh.clone().into() } else { forged }
    }

    /// Returns another bystander's refresh token, or one with another's MAC, with a MAC under another key, or changed;
    /// never the bystander's own.
    fn forged_refresh(&self, random: &mut Random, victim: &Bystander) -> Vec<u8> {
        let own = &victim.tokens.refresh;
        let other = &random.pick(&self.all).tokens.refresh;
        let generation = random.below(3).to_string();
        let forged = match random.below(4) {
            0 => other.clone().into(),
            1 => spliced(own, other),
            2 => jwt::forge_refresh(self.others.key("ref-1"), own, &generation).into(),
            _ => random.mutated(own.as_bytes()),
        };
        if forged == own.as_bytes() { b"hp1.".to_vec() } else { forged }
    }

    /// Returns the same of its access token.
    fn forged_access(&self, random: &mut Random, victim: &Bystander) -> Vec<u8> {
        let own = &victim.tokens.access;
        let other = &random.pick(&self.all).tokens.access;
        let key = self.others.key("sig-1");
        let forged = match random.below(4) {
            0 => other.clone().into(),
            1 => spliced(own, other),
            2 => jwt::sign(key, &jwt::header_for(key), &victim.tokens.claims()).into(),
            _ => random.mutated(own.as_bytes()),
        };
        if forged == own.as_bytes() { b"e30.e30.".to_vec() } else { forged }
    }

    /// Asserts that their sessions are unchanged and still work.
    pub fn unharmed(&self, con: &mut Con, server: &Server) {
        for Bystander { key, tokens, client, records, expires_at } in &self.all {
            assert_eq!(&con.records(key), records, "{key}");
            assert_eq!(con.expires_at(key), *expires_at, "{key}");
            con.verify(key, &tokens.access, &[]).unwrap();
            assert_eq!(server.verify(&tokens.access).status, 200, "{key}");
            let options = client.map_or(vec![], |client| vec!["CLIENT", client]);
            con.refresh(key, &tokens.refresh, &options).unwrap();
        }
    }
}

impl Bystander {
    fn log_in(con: &mut Con, number: usize) -> Self {
        let key = format!("auth:bystander-{number}");
        let client = number.is_multiple_of(2).then_some("web");
        let mut options = vec!["ACCESSTTL", "86400", "CLAIMS", r#"{"scope":"a"}"#];
        options.extend(client.iter().flat_map(|client| ["CLIENT", client]));
        let tokens = con.issue(&key, &options).unwrap();
        Self { records: con.records(&key), expires_at: con.expires_at(&key), key, tokens, client }
    }
}

/// Returns the contents of one token with the signature of another.
fn spliced(token: &str, other: &str) -> Vec<u8> {
    let (body, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    format!("{body}.{signature}").into()
}
