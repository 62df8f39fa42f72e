//! The primary that most of the Sentinels name: after a failover or a cut network some of them name the former one for
//! a while.

use crate::shared_connection::SharedConnection;
use redis::{Client, ConnectionInfo, FromRedisValue, RedisResult, cmd};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// All Sentinels of a primary.
pub struct SentinelMajority {
    master: String,
    sentinels: Vec<Arc<SharedConnection>>,
}

impl SentinelMajority {
    /// Prepares to ask these Sentinels about the primary that they call `master`. Must be called inside a tokio runtime.
    pub fn new(master: &str, sentinels: &[ConnectionInfo]) -> RedisResult<Self> {
        let connect =
            |info: &ConnectionInfo| SharedConnection::new(&Client::open(info.clone())?).map(Arc::new);
        let sentinels = sentinels.iter().map(connect).collect::<RedisResult<_>>()?;
        Ok(Self { master: master.to_owned(), sentinels })
    }

    /// Asks all of them. Returns `host:port`, if more than half of them name the same.
    pub async fn primary(&self) -> Option<String> {
        let ask = |sentinel: &Arc<SharedConnection>| named_by(Arc::clone(sentinel), self.master.clone());
        let asked: JoinSet<_> = self.sentinels.iter().map(ask).collect();
        let named: Vec<String> = asked.join_all().await.into_iter().flatten().collect();
        majority(&named, self.sentinels.len())
    }
}

/// Asks a Sentinel. This needs the same right as the look-up of the redis crate.
async fn named_by(sentinel: Arc<SharedConnection>, master: String) -> Option<String> {
    let answer = sentinel.send(cmd("SENTINEL").arg("MASTERS")).await.ok()?;
    let masters = Vec::<HashMap<String, String>>::from_redis_value(answer).ok()?;
    let it = masters.into_iter().find(|it| it.get("name") == Some(&master))?;
    Some(format!("{}:{}", it.get("ip")?, it.get("port")?))
}

/// Returns the address that more than half of `voters` name.
fn majority(named: &[String], voters: usize) -> Option<String> {
    let votes = |address: &String| named.iter().filter(|it| *it == address).count();
    named.iter().find(|address| votes(address) * 2 > voters).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_all_sentinels_must_name_an_address() {
        for (named, voters, expected) in [
            (&["a:1"][..], 1, Some("a:1")),
            (&["a:1", "b:1", "b:1"], 3, Some("b:1")),
            (&["a:1", "a:1"], 3, Some("a:1")),
            (&["a:1"], 2, None),
            (&["a:1", "b:1"], 2, None),
            (&["a:1"], 3, None),
            (&[], 3, None),
        ] {
            let named: Vec<String> = named.iter().map(|&address| address.to_owned()).collect();
            assert_eq!(majority(&named, voters).as_deref(), expected, "{named:?} of {voters}");
        }
    }
}
