//! Commands as clients send them, to keys that other programs may change, too.

use super::random::{Command, Random};

/// Users whose keys only AUTH commands write to.
const PREY: [&str; 4] = ["auth:prey-0", "auth:prey-1", "auth:prey-2", "auth:prey-3"];

/// Users whose keys other commands write to, too.
pub const MESS: [&str; 4] = ["auth:mess-0", "auth:mess-1", "auth:mess-2", "auth:mess-3"];

/// A session that an attacker knows: its key and its latest tokens.
#[derive(Clone)]
pub struct Loot {
    pub key: String,
    pub access: String,
    pub refresh: String,
    pub sid: String,
}

/// Returns one of the keys.
pub fn any_key(random: &mut Random) -> &'static str {
    let keys: &[&'static str] = if random.one_in(4) { &MESS } else { &PREY };
    random.pick::<&str>(keys)
}

/// Returns `AUTH.ISSUE` with some of its options.
pub fn issue(random: &mut Random) -> Command {
    const OPTIONS: [&[&str]; 10] = [
        &["CLAIMS", r#"{"scope":"a b","roles":["x",{"y":[1,2.5,null]}]}"#],
        &["AUDIENCE", "https://api.example"],
        &["CLIENT", "web"],
        &["CLASS", "phone"],
        &["META", r#"{"device":"Pixel","n":1}"#],
        &["LIMIT", "3", "EVICT"],
        &["LIMIT", "9", "REJECT"],
        &["ACCESSTTL", "60"],
        &["IDLETTL", "3600"],
        &["MAXTTL", "86400"],
    ];
    let mut command = vec!["AUTH.ISSUE", any_key(random)];
    for _ in 0..random.below(4) {
        command.extend(*random.pick(&OPTIONS));
    }
    owned(&command)
}

/// Returns any AUTH command about a session that exists or existed.
pub fn any(random: &mut Random, loot: &Loot) -> Command {
    let Loot { key, access, refresh, sid } = loot;
    let commands: [&[&str]; 19] = [
        &["AUTH.REFRESH", key, refresh],
        &["AUTH.REFRESH", key, refresh, "CLIENT", "web"],
        &["AUTH.REFRESH", key, refresh, "ACCESS", access, "META", r#"{"n":2}"#],
        &["AUTH.VERIFY", key, access],
        &["AUTH.VERIFY", key, access, "AUDIENCE", "*"],
        &["AUTH.INSPECT", key, refresh],
        &["AUTH.SESSIONS", key],
        &["AUTH.SESSIONS", key, "WITHCLAIMS", "OFFSET", "1", "COUNT", "5"],
        &["AUTH.SETCLAIMS", key, sid, r#"{"scope":"c"}"#],
        &["AUTH.SETCLAIMS", key, "ALL", r#"{"scope":"d"}"#],
        &["AUTH.REVOKE", key, "TOKEN", refresh, "CLIENT", "web"],
        &["AUTH.REVOKE", key, "SESSION", sid],
        &["AUTH.REVOKE", key, "ALL", "EXCEPT", sid],
        &["AUTH.ISSUE", key, "SID", sid],
        &["AUTH.JWKS"],
        &["AUTH.KEYS"],
        &["AUTH.RELOAD"],
        &["COMMAND", "GETKEYS", "AUTH.REFRESH", key, refresh],
        &["INFO", "hallpass"],
    ];
    let chosen = random.below(commands.len() + 6);
    commands.get(chosen).map_or_else(|| issue(random), |command| owned(command))
}

/// Returns a command of an application that knows nothing of sessions: other types, other fields, broken records.
pub fn foreign(random: &mut Random, loot: &Loot) -> Command {
    let key = *random.pick(&MESS);
    let set = |field: Vec<u8>, record| vec![b"HSET".to_vec(), key.into(), field, record];
    let record = random.bytes(60);
    match random.below(8) {
        0 => owned(&["SET", key, "x"]),
        1 => owned(&["RPUSH", key, "x", "y"]),
        2 => owned(&["HSET", key, "UserID", "42", "AuthToken", "x"]),
        3 => set(loot.sid.clone().into(), record),
        4 => set(random.bytes(40), record),
        5 => owned(&["PERSIST", key]),
        6 => owned(&["PEXPIRE", key, "1"]),
        _ => owned(&["DEL", key]),
    }
}

/// Returns the command inside a script, which raises its error or returns it.
pub fn scripted(random: &mut Random, command: Command) -> Command {
    let script = random.pick(&["return redis.call(unpack(ARGV))", "return redis.pcall(unpack(ARGV))"]);
    let eval = random.pick(&["EVAL", "EVAL_RO"]);
    let key = command.get(1).cloned().unwrap_or_default();
    [owned(&[eval, script, "1"]), vec![key], command].concat()
}

/// Returns the command on the wire.
pub fn wire(command: &Command) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for arg in command {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn owned(args: &[&str]) -> Command {
    args.iter().map(|arg| arg.as_bytes().to_vec()).collect()
}
