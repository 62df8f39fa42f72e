//! Pools of clients that we did not write, logged in with the roles of examples/users.acl: redigo, ioredis, node-redis and
//! redis-py, on one server, behind Sentinels and in a cluster. Each must get along with the rights of its role: what Redis
//! refuses stands in ACL LOG.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{
    redis_side::acl_roles::roles_without_administrator,
    support::{
        build::repository,
        sentinel::MASTER,
        tools::{installed, node, succeeds, system_program, tool},
        *,
    },
};

/// What clients tell about themselves, and do without where they may not: Redis 7.0 does not have the first one yet, so that an
/// ACL file for all servers cannot name it.
const DISPENSABLE: [&str; 2] = ["client|setinfo", "client|maint_notifications"];

/// Servers with the roles.
struct Site {
    facts: Json,
    nodes: Nodes,
    _acl: TempDir,
}

enum Nodes {
    Single(Redis),
    Sentinels(Sentinels),
    Cluster(Cluster),
}

/// Returns the line of redis.conf that names the roles, and their file's directory.
fn roles() -> (String, TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("users.acl");
    fs::write(&path, roles_without_administrator()).expect("an ACL file");
    (format!("aclfile {}", path.display()), dir)
}

fn address(port: u16) -> Json {
    json!({"host": "127.0.0.1", "port": port})
}

impl Site {
    fn single() -> Self {
        let (line, dir) = roles();
        let redis = Redis::builder().tcp().line(&line).start();
        let facts = json!({"password": "secret", "single": address(redis.port())});
        Self { facts, nodes: Nodes::Single(redis), _acl: dir }
    }

    fn sentinel() -> Self {
        let (line, dir) = roles();
        let sentinels = Sentinels::start(&[&line]);
        let addresses: Vec<Json> = sentinels.ports().map(address).collect();
        let facts = json!({"password": "secret", "master": MASTER, "sentinels": addresses});
        Self { facts, nodes: Nodes::Sentinels(sentinels), _acl: dir }
    }

    fn cluster() -> Self {
        let (line, dir) = roles();
        let cluster = Cluster::of(3, &[&line]);
        let addresses: Vec<Json> = cluster.up().map(|node| address(node.port())).collect();
        let facts = json!({"password": "secret", "cluster": addresses});
        Self { facts, nodes: Nodes::Cluster(cluster), _acl: dir }
    }

    fn servers(&self) -> Vec<&Redis> {
        match &self.nodes {
            Nodes::Single(redis) => vec![redis],
            Nodes::Sentinels(sentinels) => sentinels.servers.iter().collect(),
            Nodes::Cluster(cluster) => cluster.up().collect(),
        }
    }

    /// Runs a scenario of a script; it must succeed, and lack no right.
    #[track_caller]
    fn serves(&self, interpreter: &mut Command, script: &str, scenario: &str) {
        let path = repository().join("tests/clients").join(script);
        succeeds(scenario, interpreter.arg(path).arg(scenario).arg(self.facts.to_string()));
        let refused: Vec<String> = self.servers().into_iter().flat_map(refusals).collect();
        assert!(
            refused.iter().all(|object| DISPENSABLE.contains(&object.as_str())),
            "{scenario}: {refused:?}"
        );
    }
}

/// Returns what this server refused its users: commands, keys and channels.
fn refusals(redis: &Redis) -> Vec<String> {
    let entries: Vec<BTreeMap<String, redis::Value>> = redis.connect().get(&["ACL", "LOG"]);
    let object = |mut entry: BTreeMap<String, redis::Value>| entry.remove("object").expect("an object");
    entries.into_iter().map(|entry| redis::from_redis_value(object(entry)).expect("text")).collect()
}

#[track_caller]
fn serves_node(site: &Site, scenario: &str) {
    installed("tests/clients/node_modules/.installed");
    site.serves(&mut node(), "pools.mjs", scenario);
}

#[track_caller]
fn serves_python(site: &Site, scenario: &str) {
    site.serves(Command::new(tool("python")).args(["-B", "-s"]), "pools.py", scenario);
}

#[test]
fn redigo_works_with_the_roles() {
    let mut go = Command::new(system_program("go"));
    // Debian's packages for Go are not modules.
    go.arg("run").envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")]);
    Site::single().serves(&mut go, "pools.go", "single");
}

#[test]
fn ioredis_works_with_the_roles() {
    serves_node(&Site::single(), "ioredis_single");
    serves_node(&Site::sentinel(), "ioredis_sentinel");
    serves_node(&Site::cluster(), "ioredis_cluster");
}

#[test]
fn node_redis_works_with_the_roles() {
    serves_node(&Site::single(), "node_redis_single");
    serves_node(&Site::sentinel(), "node_redis_sentinel");
    serves_node(&Site::cluster(), "node_redis_cluster");
}

#[test]
fn redis_py_works_with_the_roles() {
    serves_python(&Site::single(), "single");
    serves_python(&Site::sentinel(), "sentinel");
    serves_python(&Site::cluster(), "cluster");
}
