//! Words that several reports share.

/// What to know before handing EdDSA tokens to a verifier of one's own.
pub const EDDSA_NOTE: &str = "note: some verifiers lack EdDSA, among them npm jsonwebtoken, Auth0 java-jwt, Spring Security's \
                          NimbusJwtDecoder, Microsoft.IdentityModel and most cloud API gateways, or refuse it \
                          unless they are told otherwise, as Python's Authlib does; where one of them checks tokens by \
                          itself, use --alg ES256\n";

/// The word for keys of a `use`.
pub fn kind(usage: &str) -> &'static str {
    if usage == "sig" { "signing" } else { "refresh" }
}
