//! The heartbeat: a few short commands, whose answers tell what a node is, what its clock says, and whether its settings
//! and keys are the same.

use super::answers::{Beat, Standing};
use super::moment::Moment;
use crate::contract::info;
use crate::limits::LOOK_AT_SLOTS;
use crate::module_info::field;
use crate::shared_connection::checked;
use crate::slots::slot_ranges;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Value, from_redis_value};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::vec::IntoIter;

/// Sends heartbeats to one node.
pub struct Heart {
    /// The host of a node of a cluster.
    cluster_host: Option<String>,
    /// When the cluster was looked at last, and what was found.
    looked: Option<Moment>,
    slots: u64,
    is_serving: bool,
}

impl Heart {
    /// Prepares heartbeats for a node, which is one of a cluster if its host is given.
    pub fn new(cluster_host: Option<String>) -> Self {
        Self { cluster_host, looked: None, slots: 0, is_serving: true }
    }

    /// Sends a heartbeat and waits for the answers. An error with a code is an answer, too: the server refuses.
    pub async fn beat(&mut self, connection: &mut MultiplexedConnection) -> RedisResult<Beat> {
        let sent = Moment::now();
        // The slots are long, so not every heartbeat reads them.
        let is_due = self.looked.is_none_or(|looked| !sent.is_within(LOOK_AT_SLOTS, looked));
        let host = self.cluster_host.as_deref().filter(|_| is_due);
        let commands = commands(host.is_some());
        let answers = connection.send_packed_commands(&commands, 0, commands.len()).await?;
        let mut answers = answers.into_iter();
        let is_primary = is_primary(next(&mut answers)?)?;
        let clock = sent.offset_to(unix_nanoseconds(next(&mut answers)?)?);
        let verify_epoch = verify_epoch(&next::<String>(&mut answers)?)?;
        if let Some(host) = host {
            self.slots = slots_hash(next(&mut answers)?, host)?;
            self.is_serving = is_serving(next(&mut answers));
            self.looked = Some(sent);
        }
        let standing = Standing { is_primary, verify_epoch, slots: self.slots };
        Ok(Beat { sent, clock, standing, is_serving: self.is_serving })
    }
}

fn commands(reads_slots: bool) -> Pipeline {
    let mut commands = redis::pipe();
    commands.cmd("ROLE").cmd("TIME").cmd("INFO").arg(info::SECTION);
    if reads_slots {
        commands.cmd("CLUSTER").arg("SLOTS").cmd("CLUSTER").arg("INFO");
    }
    commands
}

/// Returns the next answer, unless it is an error.
fn next<T: FromRedisValue>(answers: &mut IntoIter<Value>) -> RedisResult<T> {
    Ok(from_redis_value(checked(answers.next().unwrap_or_default())?)?)
}

fn is_primary(role: Vec<Value>) -> RedisResult<bool> {
    let role: String = from_redis_value(role.into_iter().next().unwrap_or_default())?;
    Ok(role == "master")
}

/// Returns the server's time as nanoseconds since 1970, of which it is at most a microsecond ahead.
fn unix_nanoseconds((seconds, microseconds): (i64, i64)) -> RedisResult<i64> {
    let time = seconds.checked_mul(1_000_000).and_then(|time| time.checked_add(microseconds + 1));
    time.and_then(|time| time.checked_mul(1000)).ok_or_else(|| unusable("the server's clock is out of range"))
}

/// Fails with a module that does not tell its epoch.
fn verify_epoch(text: &str) -> RedisResult<u64> {
    let epoch = field(text, info::VERIFY_EPOCH).and_then(|value| value.parse().ok());
    epoch.ok_or_else(|| unusable("the hallpass module there tells no verify epoch"))
}

/// Returns a hash of who owns which slots; who else has a copy of them does not matter.
fn slots_hash(slots: Value, host: &str) -> RedisResult<u64> {
    let mut hasher = DefaultHasher::new();
    for range in slot_ranges(slots, host)? {
        (range.slots, range.nodes.first()).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Returns whether the cluster serves commands about keys, by the answer of `CLUSTER INFO`. A user who may not ask takes it
/// that it does: then only the age of an answer bounds how long it holds in a cluster that is down.
fn is_serving(info: RedisResult<String>) -> bool {
    !info.is_ok_and(|text| field(&text, info::CLUSTER_STATE).is_some_and(|state| state != "ok"))
}

fn unusable(why: &'static str) -> RedisError {
    (ErrorKind::Client, why).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;

    #[test]
    fn only_a_new_owner_of_slots_changes_their_hash() {
        let node = |port: u16| format!("*3\r\n$1\r\na\r\n:{port}\r\n$2\r\nid\r\n");
        let slots = |last: u16, owner: u16, replica: u16| {
            let reply = format!("*1\r\n*4\r\n:0\r\n:{last}\r\n{}{}", node(owner), node(replica));
            slots_hash(parse_redis_value(reply.as_bytes()).expect("a reply"), "a").expect("slots")
        };
        assert_eq!(slots(9, 1, 2), slots(9, 1, 3));
        assert_ne!(slots(9, 1, 2), slots(9, 2, 1));
        assert_ne!(slots(9, 1, 2), slots(8, 1, 2));
    }

    #[test]
    fn a_module_without_an_epoch_is_not_trusted() {
        assert_eq!(verify_epoch("hallpass_issued:1\r\nhallpass_verify_epoch:17\r\n").ok(), Some(17));
        for text in ["", "hallpass_issued:1\r\n", "hallpass_verify_epoch:\r\n"] {
            assert!(verify_epoch(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cluster_serves_unless_it_says_otherwise() {
        assert!(is_serving(Ok("cluster_state:ok\r\n".into())) && is_serving(Err(unusable("NOPERM"))));
        assert!(!is_serving(Ok("cluster_state:fail\r\ncluster_slots_assigned:3\r\n".into())));
    }

    #[test]
    fn a_role_and_a_time_are_read() {
        let role = |text: &str| is_primary(vec![Value::BulkString(text.into())]).ok();
        assert_eq!((role("master"), role("slave"), is_primary(vec![]).ok()), (Some(true), Some(false), None));
        assert_eq!(unix_nanoseconds((1_700_000_000, 5)).ok(), Some(1_700_000_000_000_006_000));
        assert!(unix_nanoseconds((i64::MAX, 0)).is_err());
    }
}
