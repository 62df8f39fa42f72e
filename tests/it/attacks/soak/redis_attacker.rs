//! One connection to Redis that sends anything: valid commands, damaged ones, forgeries, scripts, transactions, broken
//! protocol.

use std::{
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::PathBuf,
};

use super::{
    bystanders::Bystanders,
    commands::{self, Loot},
    random::{Command, Random},
};
use crate::support::{Raw, Reply, SOON, target_session::CODES};

/// The number of latest sessions that it remembers.
const POCKETS: usize = 16;

/// The attacker.
pub struct RedisAttacker<'a> {
    socket: PathBuf,
    raw: Raw,
    bystanders: &'a Bystanders,
    random: Random,
    loot: Vec<Loot>,
}

impl<'a> RedisAttacker<'a> {
    /// Connects, in RESP3 every other time.
    pub fn new(socket: PathBuf, bystanders: &'a Bystanders, seed: u64, number: u64) -> Self {
        let raw = Raw::connect(&socket);
        let raw = if number.is_multiple_of(2) { raw } else { raw.resp3() };
        Self { socket, raw, bystanders, random: Random::new(seed, number), loot: Vec::new() }
    }

    /// Does one step, and checks the reply.
    pub fn step(&mut self) {
        if self.loot.is_empty() {
            let first = commands::issue(&mut self.random);
            return self.direct(&first);
        }
        let loot = self.random.pick(&self.loot).clone();
        let good = commands::any(&mut self.random, &loot);
        let spoilt = self.random.spoilt(good.clone());
        match self.random.below(20) {
            0..5 => self.direct(&good),
            5..11 => self.direct(&spoilt),
            11..15 => self.forge(),
            15 => drop(self.raw.call(&commands::foreign(&mut self.random, &loot))),
            16 => self.script(spoilt),
            17 => self.transact(&good, &spoilt),
            18 => self.random_arguments(&good),
            _ => self.break_protocol(&good),
        }
    }

    /// Sends a command by itself, and remembers its new tokens.
    fn direct(&mut self, command: &Command) {
        if command.is_empty() {
            return;
        }
        let reply = self.raw.call(command);
        no_internal_error(command, &reply);
        let name = command[0].to_ascii_uppercase();
        if name.starts_with(b"AUTH.") && matches!(reply, Reply::Error(_)) {
            assert!(CODES.contains(&reply.error_code()), "{} {reply:?}", shown(command));
        } else if name == b"AUTH.ISSUE" || name == b"AUTH.REFRESH" {
            self.pocket(&command[1], &reply);
        }
    }

    fn pocket(&mut self, key: &[u8], reply: &Reply) {
        let text = |name| reply.member(name).text();
        let (access, refresh, sid) = (text("access_token"), text("refresh_token"), text("session_id"));
        let key = String::from_utf8(key.to_vec()).expect("the key of a subject");
        if self.loot.len() == POCKETS {
            self.loot.swap_remove(self.random.below(POCKETS));
        }
        self.loot.push(Loot { key, access, refresh, sid });
    }

    /// Sends a forgery, which must not succeed.
    fn forge(&mut self) {
        let command = self.bystanders.forgery(&mut self.random);
        let reply = self.raw.call(&command);
        let is_refused = match &reply {
            Reply::Error(_) => reply.error_code() == "INVALIDTOKEN",
            ended => *ended == Reply::Integer(0),
        };
        assert!(is_refused, "{} was answered with {reply:?}", shown(&command));
    }

    fn script(&mut self, command: Command) {
        let script = commands::scripted(&mut self.random, command);
        let reply = self.raw.call(&script);
        no_internal_error(&script, &reply);
    }

    fn transact(&mut self, good: &Command, spoilt: &Command) {
        self.raw.call(&["MULTI"]);
        for command in [good, spoilt, good].into_iter().filter(|command| !command.is_empty()) {
            self.raw.call(command);
        }
        let reply = self.raw.call(&[if self.random.one_in(8) { "DISCARD" } else { "EXEC" }]);
        no_internal_error(spoilt, &reply);
    }

    fn random_arguments(&mut self, good: &Command) {
        let mut command = vec![good[0].clone(), commands::any_key(&mut self.random).into()];
        for _ in 0..self.random.below(6) {
            command.push(self.random.bytes(300));
        }
        self.direct(&command);
    }

    /// Sends broken protocol on a separate connection, which Redis may close.
    fn break_protocol(&mut self, good: &Command) {
        let broken = self.random.mutated(&commands::wire(good));
        let mut stream = UnixStream::connect(&self.socket).expect("redis-server listens");
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        // Redis may hang up before everything is sent, or while its answer is read.
        let _ = stream.write_all(&broken);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[track_caller]
fn no_internal_error(command: &Command, reply: &Reply) {
    let text = format!("{reply:?}");
    assert!(!text.contains("internal error"), "{}: {text}", shown(command));
}

fn shown(command: &Command) -> String {
    let args = command.iter().map(|arg| arg[..arg.len().min(400)].escape_ascii().to_string());
    args.collect::<Vec<_>>().join(" ")
}
