//! The Redis of one row: a single server, or a cluster. Both have the module, and lose nothing when they stop.

use crate::support::{Cluster, Con, Redis, http_server::ISSUER};

/// The key of the user that most promises are tried with.
const KEY: &str = "auth:42";

/// A running Redis.
pub enum Store {
    /// One server.
    One(Redis),
    /// Two primaries, each with a replica.
    Cluster(Cluster),
}

impl Store {
    /// Starts it.
    pub fn start(in_a_cluster: bool) -> Self {
        let issuer = format!("hallpass.issuer {ISSUER}");
        let lines = [&issuer, "hallpass.audience hallpass", "appendonly yes", "appendfsync always"];
        match in_a_cluster {
            true => Self::Cluster(Cluster::of(2, &lines)),
            false => Self::One(Redis::builder().tcp().lines(&lines).start()),
        }
    }

    /// Returns its address for hallpass-server.
    pub fn url(&self) -> String {
        match self {
            Self::One(redis) => format!("redis://127.0.0.1:{}", redis.port()),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    /// Returns the port that applications are told: in a cluster that of the node that does not have the user.
    pub fn port(&self) -> u16 {
        match self {
            Self::One(redis) => redis.port(),
            Self::Cluster(cluster) => cluster.node(1 - cluster.owner(KEY)).port(),
        }
    }

    /// Returns a connection to the node that has the user.
    pub fn connect(&self) -> Con {
        match self {
            Self::One(redis) => redis.connect(),
            Self::Cluster(cluster) => cluster.node(cluster.owner(KEY)).connect(),
        }
    }

    /// Stops it.
    pub fn stop(&mut self) {
        match self {
            Self::One(redis) => redis.stop(),
            Self::Cluster(cluster) => NODES.for_each(|node| cluster.kill(node)),
        }
    }

    /// Starts it again on the same files, if it is stopped.
    pub fn restart(&mut self) {
        match self {
            Self::One(redis) if redis.is_up() => {}
            Self::One(redis) => redis.restart(),
            Self::Cluster(cluster) if cluster.node(0).is_up() => {}
            Self::Cluster(cluster) => {
                NODES.for_each(|node| cluster.restart(node));
                cluster.wait_until_ok();
            }
        }
    }
}

/// The nodes of the cluster.
const NODES: std::ops::Range<usize> = 0..4;
