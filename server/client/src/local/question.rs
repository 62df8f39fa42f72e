//! What an answer is the answer to.

use sha2::{Digest, Sha256};

/// A command about a token, as far as its answer depends on it. Only a hash is kept, so that no memory dump yields a
/// token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question([u8; 32]);

impl Question {
    /// The smallest and the largest, for ranges.
    pub const FIRST: Self = Self([0; 32]);
    pub const LAST: Self = Self([0xff; 32]);

    /// `AUTH.VERIFY … token [AUDIENCE audience]`
    pub fn verify(token: &str, audience: Option<&str>) -> Self {
        // Neither an audience nor a token has a zero byte, so different questions are different texts.
        let mut hash = Sha256::new();
        if let Some(audience) = audience {
            hash.update(audience);
            hash.update([0]);
        }
        hash.update(token);
        Self(hash.finalize().into())
    }

    /// `AUTH.INSPECT … token WITHCLAIMS`
    pub fn inspect(token: &str) -> Self {
        Self(Sha256::new().chain_update([0, 0]).chain_update(token).finalize().into())
    }

    /// Returns a number below `count`, the same for the same question.
    pub fn shard(&self, count: usize) -> usize {
        usize::from(self.0[0]) % count
    }

    /// A question for a test.
    #[cfg(test)]
    pub const fn number(number: u8) -> Self {
        Self([number; 32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_token_or_audience_is_another_question() {
        let all = [("a.b.c", None), ("a.b.d", None), ("a.b.c", Some("x")), ("a.b.c", Some("*"))];
        let asked = all.map(|(token, audience)| Question::verify(token, audience));
        for (index, question) in asked.iter().enumerate() {
            assert!(!asked[..index].contains(question), "{index}");
        }
        assert_eq!(asked[0], Question::verify("a.b.c", None));
        assert!(!asked.contains(&Question::inspect("a.b.c")), "another command");
    }
}
