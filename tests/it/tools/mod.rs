//! Programs that we did not write: OAuth clients, an API tester, a browser on the example page, gateways with the
//! shipped configurations. The feature `tools`, which `make test` sets, asks for them, so that `cargo test` needs
//! nothing but redis-server and libclang.

mod browser;
mod browser_package;
mod console;
mod fronts;
mod gateway_caddy;
mod gateway_envoy;
mod gateway_nginx;
mod gateway_traefik;
mod moving;
mod oauth_clients_node;
mod oauth_clients_python;
mod outside_identities;
mod pools;
mod private_ca;
mod production;
mod prometheus;
mod schemathesis;
mod snippets;
mod verifiers;
