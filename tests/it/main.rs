//! One integration binary: every test runs against real redis-server and hallpass-server processes of its own.
#![allow(clippy::unwrap_used)]

// The harness, and what it promises about processes and files.
mod harness;
mod support;

// The commands, one by one.
mod inspect;
mod issue;
mod issue_limits;
mod issue_options;
mod jwks;
mod keys;
mod refresh;
mod reload;
mod revoke;
mod revoke_races;
mod sessions;
mod setclaims;
mod verify;
mod windows;

// What Redis makes of them: rights, documentation, transactions, settings, loading, statistics, events.
mod acl;
mod acl_categories;
mod acl_roles;
mod beside_another_module;
mod command_docs;
mod config;
mod events;
mod info;
mod load;
mod transactions;
mod watchers;

// What must hold whatever happens: many clients, replicas, restarts, a server that may not write, nothing leaked.
mod clock_steps;
mod cluster;
mod concurrency;
mod faults;
mod field_expiry;
mod key_rotation_drill;
mod large_hashes;
mod pains;
mod pause_oom;
mod persistence;
mod remembered_tokens;
mod replication;
mod rsa_signing;
mod same_millisecond;
mod secrecy;
mod sentinel;

// What an attacker sends.
mod algorithm_attacks;
mod encoding_attacks;
mod hostile;
mod hostile_more;
mod records;
mod soak;

// The HTTP server: its routes, its errors, its private Redis, an outage behind it.
mod embedded;
mod http;
mod http_authorization;
mod http_cookie;
mod http_cors;
mod http_errors;
mod http_introspect;
mod http_limits;
mod http_logs;
mod http_me;
mod http_metadata;
mod http_metrics;
mod http_rate_limit;
mod http_revoke;
mod http_subjects;
mod network_cut;
mod openapi;
mod operations;
mod outage;
mod redis_addresses;
mod redis_restart_under_load;

// Against programs that we did not write: OAuth clients, an API tester, a browser on the example page, gateways with the
// shipped configurations. The feature `tools`, which `make test` sets, asks for them, so that `cargo test` needs nothing
// but redis-server and libclang.
#[cfg(feature = "tools")]
mod browser;
#[cfg(feature = "tools")]
mod gateway_caddy;
#[cfg(feature = "tools")]
mod gateway_envoy;
#[cfg(feature = "tools")]
mod gateway_nginx;
#[cfg(feature = "tools")]
mod gateway_traefik;
#[cfg(feature = "tools")]
mod oauth_clients_node;
#[cfg(feature = "tools")]
mod oauth_clients_python;
#[cfg(feature = "tools")]
mod schemathesis;

// The client as a library of somebody else's program.
mod rust_client;

// The command line, and what the README and redis.conf say.
mod keys_cli;
mod readme;
