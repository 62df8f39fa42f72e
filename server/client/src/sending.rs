//! Sending one command over a connection that others share.

use redis::aio::ConnectionManager;
use redis::{Cmd, RedisResult, Value};

/// Sends a command, and again if the connection was refused: nothing was sent then, and the refusal may be that of an
/// attempt made while Redis was still away.
pub async fn send_over(connection: &ConnectionManager, command: &Cmd) -> RedisResult<Value> {
    let mut connection = connection.clone();
    let answer = match connection.send_packed_command(command).await {
        Err(error) if error.is_connection_refusal() => connection.send_packed_command(command).await,
        result => result,
    };
    checked(answer?)
}

/// Returns the answer, unless it is an error. No command that is sent answers with errors inside of something else.
pub fn checked(answer: Value) -> RedisResult<Value> {
    match answer {
        Value::ServerError(error) => Err(error.into()),
        answer => Ok(answer),
    }
}
