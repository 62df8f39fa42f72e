//! Wording that several reports share.

/// The warning about verifiers that cannot check EdDSA tokens.
pub const EDDSA_NOTE: &str = "note: some verifiers lack EdDSA: npm jsonwebtoken, Auth0 java-jwt, Spring Security's \
                          NimbusJwtDecoder, Microsoft.IdentityModel, python-jose and most cloud API gateways; Python's \
                          Authlib refuses it by default. If one of these verifies tokens, use --alg ES256\n";

/// Returns the word for keys of this `use`.
pub fn kind(usage: &str) -> &'static str {
    if usage == "sig" { "signing" } else { "refresh" }
}
