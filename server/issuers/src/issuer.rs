//! A trusted issuer, as the issuers file describes it.

use crate::place::Place;
use crate::template::SubjectTemplate;
use jsonwebtoken::Algorithm;

/// An issuer, and what its tokens may be exchanged for.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The `iss` claim of its tokens, exactly.
    pub issuer: String,
    /// Where its keys are.
    pub keys: KeyLocation,
    /// The audiences that are ours: one of them must be in the `aud` claim. At least one.
    pub audience: Vec<String>,
    /// The algorithms that its tokens may be signed with; every asymmetric one if `None`.
    pub algorithms: Option<Vec<Algorithm>>,
    /// The session's subject.
    pub subject: SubjectTemplate,
    /// The claims that are copied into the session's, where a token has them.
    pub claims: Vec<String>,
    /// CLASS of the session.
    pub class: Option<String>,
    /// LIMIT of the session: how many the user may have, or those of this class if there is one.
    pub limit: Option<u64>,
    /// SHARED of the session.
    pub shared: Option<u64>,
    /// How long ago the user may have authenticated, in seconds; then `auth_time` is required.
    pub max_age: Option<u64>,
    /// The `typ` header of its tokens; absent or `JWT` if `None`.
    pub typ: Option<String>,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// `jwks_uri`: the JWK Set itself.
    JwkSet(Place),
    /// The discovery document (OpenID Connect Discovery 1.0 §4), which names the JWK Set.
    Discovery(Place),
}

impl Issuer {
    /// Returns whether its tokens may be signed with this algorithm.
    pub fn takes(&self, algorithm: Algorithm) -> bool {
        self.algorithms.as_ref().is_none_or(|allowed| allowed.contains(&algorithm))
    }

    /// Returns whether this is one of our audiences.
    pub fn is_our_audience(&self, audience: &str) -> bool {
        self.audience.iter().any(|ours| ours == audience)
    }
}
