//! `GET /.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`: discovery of the other
//! endpoints.

use crate::http::error::ApiError;
use crate::routes::token_exchange::TOKEN_EXCHANGE;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// The document changes only with the issuer, which takes a restart, and with the first trusted outside issuer.
const CACHE_CONTROL: &str = "public, max-age=3600";

/// The authentication methods where clients must authenticate.
const CREDENTIALS: [&str; 2] = ["client_secret_basic", "client_secret_post"];
/// The algorithms that access tokens can be signed with, but for HMAC, which only the issuer can verify.
const SIGNING_ALGORITHMS: [&str; 4] = ["EdDSA", "ES256", "RS256", "PS256"];
/// The methods where public clients may call, too.
const CREDENTIALS_OR_NONE: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// The metadata of RFC 8414, the same under both names, because some clients request only the second one. For an issuer
/// with a path, also below that path; 404 below any other. Does not ask Redis.
pub async fn metadata(State(state): State<Arc<AppState>>, uri: Uri) -> Result<Response, ApiError> {
    let issuer = state.module()?.info.issuer.as_deref().ok_or(ApiError::NotFound)?;
    let name = uri.path().strip_prefix("/.well-known/").unwrap_or_default();
    let inserted = name.find('/').map_or("", |end| &name[end..]);
    if !is_about(issuer, inserted) {
        return Err(ApiError::NotFound);
    }
    Ok((
        [(header::CACHE_CONTROL, CACHE_CONTROL)],
        Json(document(issuer, !state.issuers.trusted().is_empty())),
    )
        .into_response())
}

/// Returns the document. Every URL begins with the issuer, the server's address for the outside world.
fn document(issuer: &str, takes_outside_tokens: bool) -> Value {
    let grants = ["refresh_token", TOKEN_EXCHANGE];
    let url = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
    json!({
        "issuer": issuer,
        "token_endpoint": url("/token"),
        "revocation_endpoint": url("/revoke"),
        "introspection_endpoint": url("/introspect"),
        "jwks_uri": url("/.well-known/jwks.json"),
        "grant_types_supported": grants[..if takes_outside_tokens { 2 } else { 1 }],
        // Required, and some clients refuse an empty list. There is no authorization endpoint to use it with.
        "response_types_supported": ["none"],
        // Both required by OpenID Connect Discovery. No ID token is issued; libraries look here for the algorithms of
        // access tokens.
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SIGNING_ALGORITHMS,
        "token_endpoint_auth_methods_supported": CREDENTIALS_OR_NONE,
        "revocation_endpoint_auth_methods_supported": CREDENTIALS_OR_NONE,
        "introspection_endpoint_auth_methods_supported": CREDENTIALS,
    })
}

/// Returns whether a well-known path that continues with `inserted` is about this issuer: clients insert the issuer's
/// path there (RFC 8414 §3.1). Nothing inserted fits every issuer, because a proxy may strip that path.
fn is_about(issuer: &str, inserted: &str) -> bool {
    let after_scheme = issuer.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("", |start| &after_scheme[start..]);
    let inserted = inserted.trim_end_matches('/');
    inserted.is_empty() || inserted == path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_begins_with_the_issuer() {
        for issuer in ["https://id.example", "http://127.0.0.1:8080", "https://example.com/auth/"] {
            let document = document(issuer, true);
            assert_eq!(document["issuer"], issuer, "exactly as tokens have it");
            for name in ["token_endpoint", "revocation_endpoint", "introspection_endpoint", "jwks_uri"] {
                let url = document[name].as_str().expect("a URL");
                let path = url.strip_prefix(issuer.trim_end_matches('/')).expect(name);
                assert!(path.starts_with('/') && !path.contains("//"), "{url}");
            }
        }
    }

    #[test]
    fn only_the_issuers_own_path_may_be_inserted() {
        for (issuer, inserted) in [
            ("https://example.com", ""),
            ("https://example.com", "/"),
            ("https://example.com/", ""),
            ("https://example.com/auth", ""),
            ("https://example.com/auth", "/auth"),
            ("https://example.com/auth/", "/auth"),
            ("https://example.com/a/b", "/a/b/"),
        ] {
            assert!(is_about(issuer, inserted), "{issuer} {inserted}");
        }
        for (issuer, inserted) in [
            ("https://example.com", "/auth"),
            ("https://example.com/auth", "/other"),
            ("https://example.com/auth", "/auth/more"),
            ("https://example.com/a/b", "/b"),
        ] {
            assert!(!is_about(issuer, inserted), "{issuer} {inserted}");
        }
    }
}
