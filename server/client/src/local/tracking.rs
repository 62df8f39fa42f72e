//! Client-side caching as Redis has it (`CLIENT TRACKING`): how a connection begins to listen, and what it hears.

use crate::contract::info;
use crate::limits::{CONNECT, RESPONSE};
use crate::module_info::field;
use crate::shared_connection::checked;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisError,
    RedisResult, Value, cmd, from_redis_value,
};
use std::collections::HashMap;

/// What a listening connection hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// These keys have changed.
    Changed(Vec<Vec<u8>>),
    /// Any key may have changed.
    AllChanged,
    /// The connection is lost.
    Lost,
}

/// Connects, and tells `hear` from now on what the connection hears: before any answer that was sent later is handed out.
/// Fails when the server, or a proxy before it, refuses or does not confirm.
pub async fn listening_connection(
    client: &Client,
    hear: impl Fn(Heard) + Send + Sync + 'static,
) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(RESPONSE))
        .set_pipeline_buffer_size(1024)
        .set_push_sender(move |push| {
            read(push).into_iter().for_each(&hear);
            Ok::<_, RedisError>(())
        });
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    // A server that loads its data answers this, but no questions about tokens yet.
    let text: String = send(&mut connection, cmd("INFO").arg(info::PERSISTENCE_SECTION)).await?;
    if field(&text, info::LOADING).is_some_and(|value| value != "0") {
        return Err((ErrorKind::Io, "the server is loading its data").into());
    }
    // By default Redis remembers what this connection reads. BCAST would push each write of any user to each listener.
    send::<()>(&mut connection, cmd("CLIENT").arg("TRACKING").arg("ON")).await?;
    let tracking = send(&mut connection, cmd("CLIENT").arg("TRACKINGINFO")).await?;
    if is_on(tracking) {
        Ok(connection)
    } else {
        Err((ErrorKind::Client, "CLIENT TRACKINGINFO does not confirm that changes are pushed").into())
    }
}

async fn send<T: FromRedisValue>(connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<T> {
    Ok(from_redis_value(checked(connection.send_packed_command(command).await?)?)?)
}

/// Returns whether the answer of `CLIENT TRACKINGINFO` says that every change of what is read is pushed here.
fn is_on(mut tracking: HashMap<String, Value>) -> bool {
    let flags = tracking.remove("flags").and_then(|flags| Vec::<String>::from_redis_value(flags).ok());
    let redirect = tracking.remove("redirect").and_then(|redirect| i64::from_redis_value(redirect).ok());
    // Not told to another connection, or only of keys for which it opted in, or not of its own writes.
    flags.is_some_and(|flags| flags == ["on"]) && redirect.is_none_or(|redirect| redirect <= 0)
}

/// Reads a push; `None` for one that says nothing about keys.
fn read(push: PushInfo) -> Option<Heard> {
    match push.kind {
        PushKind::Invalidate => {
            let keys = push.data.into_iter().next().map(Vec::<Vec<u8>>::from_redis_value);
            // Whatever else it may be, it is safe to take it for everything.
            Some(
                keys.and_then(Result::ok)
                    .filter(|keys| !keys.is_empty())
                    .map_or(Heard::AllChanged, Heard::Changed),
            )
        }
        PushKind::Disconnection => Some(Heard::Lost),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::parse_redis_value;

    fn heard(push: &str) -> Option<Heard> {
        match parse_redis_value(push.as_bytes()).expect("a push") {
            Value::Push { kind, data } => read(PushInfo { kind, data }),
            other => panic!("not a push: {other:?}"),
        }
    }

    #[test]
    fn a_push_names_the_keys_that_changed_or_means_all() {
        let two = ">2\r\n$10\r\ninvalidate\r\n*2\r\n$6\r\nauth:1\r\n$6\r\nauth:2\r\n";
        assert_eq!(heard(two), Some(Heard::Changed(vec![b"auth:1".into(), b"auth:2".into()])));
        for all in ["_\r\n", "*-1\r\n", "*0\r\n", ":7\r\n"] {
            assert_eq!(heard(&format!(">2\r\n$10\r\ninvalidate\r\n{all}")), Some(Heard::AllChanged), "{all}");
        }
        assert_eq!(heard(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n"), None);
        let lost = PushInfo { kind: PushKind::Disconnection, data: vec![] };
        assert_eq!(read(lost), Some(Heard::Lost));
    }

    #[test]
    fn only_plain_tracking_is_tracking() {
        let is_on = |flags: &str, redirect: i64| {
            let flags: String =
                flags.split(' ').map(|flag| format!("${}\r\n{flag}\r\n", flag.len())).collect();
            let count = flags.matches('$').count();
            let reply = format!(
                "%3\r\n$5\r\nflags\r\n~{count}\r\n{flags}$8\r\nredirect\r\n:{redirect}\r\n$8\r\nprefixes\r\n*0\r\n"
            );
            let reply = parse_redis_value(reply.as_bytes()).expect("a reply");
            super::is_on(from_redis_value(reply).expect("a map"))
        };
        assert!(is_on("on", 0) && is_on("on", -1));
        assert!(!is_on("on", 7), "another connection is told");
        for flags in ["off", "on noloop", "on optin caching-yes", "on optout", "on broken_redirect"] {
            assert!(!is_on(flags, 0), "{flags}");
        }
        assert!(!super::is_on(HashMap::new()));
    }
}
