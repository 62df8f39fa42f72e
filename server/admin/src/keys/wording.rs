//! Wording that several reports share.

/// The warning about verifiers that cannot check EdDSA tokens.
pub const EDDSA_NOTE: &str = "note: some verifiers lack EdDSA, among them npm jsonwebtoken, Auth0 java-jwt, Spring Security's \
                          NimbusJwtDecoder, Microsoft.IdentityModel and most cloud API gateways, or refuse it \
                          unless they are told otherwise, as Python's Authlib does; where one of them checks tokens by \
                          itself, use --alg ES256\n";

/// Returns the word for keys of this `use`.
pub fn kind(usage: &str) -> &'static str {
    if usage == "sig" { "signing" } else { "refresh" }
}
