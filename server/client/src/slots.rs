//! The slots of Redis Cluster: the slot of a key, and the reply of `CLUSTER SLOTS`, which tells the owners.

use redis::{FromRedisValue, RedisResult, Value, from_redis_value};

/// The number of slots of every cluster.
pub const SLOTS: usize = 16384;

/// Returns the slot of a key: the part in its first braces counts, if there is one.
pub fn slot(key: &[u8]) -> usize {
    usize::from(crc16(hash_tag(key).unwrap_or(key))) % SLOTS
}

fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let (_, rest) = key.split_at(key.iter().position(|&byte| byte == b'{')? + 1);
    let length = rest.iter().position(|&byte| byte == b'}')?;
    (length > 0).then(|| &rest[..length])
}

/// Computes CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    let shift = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    bytes.iter().fold(0, |crc, &byte| (0..8).fold(crc ^ u16::from(byte) << 8, shift))
}

/// Slots with the same servers.
#[derive(Debug, PartialEq)]
pub struct SlotRange {
    /// The first and the last slot.
    pub slots: (usize, usize),
    /// `host:port` of the primary, then of its replicas.
    pub nodes: Vec<String>,
}

/// Reads the reply of `CLUSTER SLOTS` of the node at `host`, which may leave its own host out.
pub fn slot_ranges(reply: Value, host: &str) -> RedisResult<Vec<SlotRange>> {
    let entries: Vec<Vec<Value>> = from_redis_value(reply)?;
    let range = |entry: Vec<Value>| {
        let mut values = entry.into_iter();
        let mut number = || usize::from_redis_value(values.next().unwrap_or(Value::Nil));
        let slots = (number()?, number()?);
        Ok(SlotRange { slots, nodes: values.filter_map(|node| address(node, host)).collect() })
    };
    entries.into_iter().map(range).collect()
}

/// Returns `host:port` of `[host, port, …]`; `None` for a node whose host is unknown.
fn address(node: Value, default_host: &str) -> Option<String> {
    let mut values = Vec::<Value>::from_redis_value(node).ok()?.into_iter();
    let host: Option<String> = from_redis_value(values.next()?).ok()?;
    let port: u16 = from_redis_value(values.next()?).ok()?;
    join_host_and_port(host.as_deref().unwrap_or_default(), port, default_host)
}

/// Returns `host:port` as it stands in a redirection, where the host may be missing.
pub fn redirected_address(text: &str, default_host: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    join_host_and_port(host, port.parse().ok()?, default_host)
}

fn join_host_and_port(host: &str, port: u16, default_host: &str) -> Option<String> {
    let host = if host.is_empty() { default_host } else { host };
    match host {
        "?" => None,
        _ if host.contains(':') && !host.starts_with('[') => Some(format!("[{host}]:{port}")),
        _ => Some(format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;

    #[test]
    fn a_key_has_the_slot_that_redis_gives_it() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        for (key, expected) in [
            ("foo", 12182),
            ("auth:{foo}", 12182),
            ("{foo}{bar}", 12182),
            ("auth:42", 6227),
            ("foo{}", 5542),
            ("", 0),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn nodes_are_read_with_and_without_their_host() {
        let reply = "*2\r\n*4\r\n:0\r\n:9\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n*3\r\n$3\r\n::1\r\n:2\r\n$2\r\nid\r\n\
                     *5\r\n:10\r\n:10\r\n*3\r\n$0\r\n\r\n:3\r\n$2\r\nid\r\n*3\r\n$-1\r\n:4\r\n$2\r\nid\r\n*3\r\n$1\r\n?\r\n:5\r\n$2\r\nid\r\n";
        let read = slot_ranges(parse_redis_value(reply.as_bytes()).expect("a reply"), "own").expect("ranges");
        let range = |slots, nodes: [&str; 2]| SlotRange { slots, nodes: nodes.map(str::to_owned).into() };
        assert_eq!(read, [range((0, 9), ["a:1", "[::1]:2"]), range((10, 10), ["own:3", "own:4"])]);
        assert!(slot_ranges(Value::Okay, "own").is_err());
    }

    #[test]
    fn a_redirection_names_a_node() {
        assert_eq!(redirected_address("h:1", "own").as_deref(), Some("h:1"));
        assert_eq!(redirected_address("::1:2", "own").as_deref(), Some("[::1]:2"));
        assert_eq!(redirected_address(":3", "own").as_deref(), Some("own:3"));
        assert_eq!(redirected_address("?:4", "own"), None);
        assert_eq!(redirected_address("h", "own"), None);
    }
}
