//! Clients from PyPI that we did not write: Authlib and PyJWT.

use std::process::Command;

use crate::support::{oauth_server::OauthServer, tools::tool};

/// Runs a scenario against a server with keys of this algorithm.
#[track_caller]
fn passes(alg: &str, script: &str, scenario: &str) {
    let mut python = Command::new(tool("python"));
    // No byte code beside the sources, and nothing of the user's own packages.
    OauthServer::start(alg).passes(python.args(["-B", "-s"]), script, scenario);
}

#[test]
fn authlib_discovers_the_server() {
    passes("EdDSA", "authlib_session.py", "discovers");
}

#[test]
fn authlib_refreshes() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "authlib_session.py", "refreshes");
    }
}

#[test]
fn authlib_refreshes_a_session_that_is_bound_to_it() {
    passes("EdDSA", "authlib_session.py", "refreshes_a_bound_session");
}

#[test]
fn authlib_refreshes_by_itself_before_a_request() {
    passes("EdDSA", "authlib_session.py", "refreshes_by_itself");
}

#[test]
fn authlib_introspects() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "authlib_session.py", "introspects");
    }
}

#[test]
fn authlib_revokes() {
    passes("EdDSA", "authlib_session.py", "revokes");
}

#[test]
fn authlib_protects_a_resource_with_keys_and_by_asking() {
    // Authlib refuses EdDSA unless it is told otherwise.
    for alg in ["ES256", "RS256"] {
        passes(alg, "authlib_session.py", "protects_a_resource");
    }
}

#[test]
fn authlib_is_not_logged_out_by_an_outage() {
    passes("EdDSA", "authlib_session.py", "is_not_logged_out_by_an_outage");
}

#[test]
fn pyjwt_verifies_with_the_published_keys() {
    for alg in ["EdDSA", "ES256", "RS256", "PS256"] {
        passes(alg, "pyjwt_keys.py", "verifies");
    }
}

#[test]
fn pyjwt_follows_a_rotation_of_keys() {
    for alg in ["EdDSA", "ES256", "RS256"] {
        passes(alg, "pyjwt_keys.py", "follows_a_rotation");
    }
}
