//! Clients from npm that we did not write: openid-client, jose, oauth4webapi.

use std::process::Command;

use crate::support::{
    oauth_server::OauthServer,
    tools::{installed, tool},
};

/// Runs a scenario against a server with keys of this algorithm.
#[track_caller]
fn passes(alg: &str, script: &str, scenario: &str) {
    let mut node = Command::new(tool("node"));
    installed("tests/clients/node_modules/.installed");
    OauthServer::start(alg).passes(&mut node, script, scenario);
}

#[test]
fn openid_client_discovers_the_server() {
    passes("EdDSA", "openid_client.mjs", "discovers");
}

#[test]
fn openid_client_refreshes() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "openid_client.mjs", "refreshes");
    }
}

#[test]
fn openid_client_refreshes_a_session_that_is_bound_to_it() {
    passes("EdDSA", "openid_client.mjs", "refreshes_a_bound_session");
}

#[test]
fn openid_client_introspects() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "openid_client.mjs", "introspects");
    }
}

#[test]
fn openid_client_revokes() {
    passes("EdDSA", "openid_client.mjs", "revokes");
}

#[test]
fn openid_client_is_not_logged_out_by_an_outage() {
    passes("EdDSA", "openid_client.mjs", "is_not_logged_out_by_an_outage");
}

#[test]
fn jose_verifies_with_the_published_keys() {
    for alg in ["EdDSA", "ES256", "RS256", "PS256"] {
        passes(alg, "remote_jwks.mjs", "jose_verifies");
    }
}

#[test]
fn jose_follows_a_rotation_of_keys() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "remote_jwks.mjs", "jose_follows_a_rotation");
    }
}

#[test]
fn oauth4webapi_accepts_an_rfc_9068_token() {
    for alg in ["EdDSA", "ES256", "RS256", "PS256"] {
        passes(alg, "remote_jwks.mjs", "oauth4webapi_accepts_an_rfc_9068_token");
    }
}
