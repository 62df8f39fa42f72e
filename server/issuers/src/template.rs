//! The subject template: from an outside token's claims to the subject of the session, such as `google:{sub}`.
//!
//! Tokens of different users must never lead to the same subject. So `%` and `:` are percent-encoded in substituted
//! values, and two values have a `:` between them: then different values give different subjects. With several issuers
//! each template begins with its own literal up to a `:`, so that no two issuers share a subject.

use serde_json::{Map, Value};

/// A subject template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// The name of a claim whose value is substituted.
    Claim(String),
}

/// `{sub}`.
impl Default for SubjectTemplate {
    fn default() -> Self {
        Self(vec![Part::Claim("sub".into())])
    }
}

impl SubjectTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = vec![];
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            let (literal, placeholder) = rest.split_at(start);
            let inner = placeholder.strip_prefix('{').ok_or("a } without its {")?;
            let (name, after) = inner.split_once('}').ok_or("a { without its }")?;
            if name.is_empty() || name.contains('{') {
                return Err("a placeholder is the name of a claim in braces");
            }
            push_literal(&mut parts, literal);
            parts.push(Part::Claim(name.to_owned()));
            rest = after;
        }
        push_literal(&mut parts, rest);
        check(&parts)?;
        Ok(Self(parts))
    }

    /// Returns the literal up to and including the first `:`, which tells this issuer's subjects from all others'.
    /// `None` if the template does not begin with one.
    pub fn prefix(&self) -> Option<&str> {
        let Some(Part::Literal(literal)) = self.0.first() else { return None };
        literal.find(':').filter(|end| *end > 0).map(|end| &literal[..=end])
    }

    /// Returns whether the subject depends on this claim.
    pub fn uses(&self, claim: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Claim(name) if name == claim))
    }

    /// Returns the subject for these claims. `None` if a needed claim is missing, empty or not a string.
    pub fn subject(&self, claims: &Map<String, Value>) -> Option<String> {
        let mut subject = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => subject.push_str(literal),
                Part::Claim(name) => {
                    let value = claims.get(name)?.as_str().filter(|value| !value.is_empty())?;
                    subject.push_str(&encoded(value));
                }
            }
        }
        Some(subject)
    }
}

/// Percent-encodes `%` and `:`, and nothing else.
fn encoded(value: &str) -> String {
    value.replace('%', "%25").replace(':', "%3A")
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) {
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.to_owned()));
    }
}

/// Refuses templates with which different claims could give the same subject.
fn check(parts: &[Part]) -> Result<(), &'static str> {
    let mut is_separated = true;
    let mut has_claim = false;
    for part in parts {
        match part {
            Part::Literal(literal) if literal.contains(char::is_control) => {
                return Err("it has control characters");
            }
            Part::Literal(literal) => is_separated |= literal.contains(':'),
            Part::Claim(_) if !is_separated => return Err("two placeholders need a : between them"),
            Part::Claim(_) => (is_separated, has_claim) = (false, true),
        }
    }
    if has_claim { Ok(()) } else { Err("without a placeholder all users would be one") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subject(template: &str, claims: &Value) -> Option<String> {
        SubjectTemplate::parse(template).expect(template).subject(claims.as_object().expect("an object"))
    }

    #[test]
    fn claims_are_substituted() {
        let claims = json!({"sub": "42", "tid": "t", "https://a.example/id": "x"});
        for (template, expected) in [
            ("{sub}", "42"),
            ("google:{sub}", "google:42"),
            ("entra:{tid}:{sub}", "entra:t:42"),
            ("a:{https://a.example/id}/end", "a:x/end"),
        ] {
            assert_eq!(subject(template, &claims).as_deref(), Some(expected));
        }
        assert_eq!(
            subject("{sub}", &claims),
            SubjectTemplate::default().subject(claims.as_object().expect(""))
        );
    }

    #[test]
    fn a_value_cannot_pass_for_another_part_of_the_subject() {
        let claims = json!({"a": "x:y", "b": "z", "c": "x", "d": "y:z", "e": "100%3A ü"});
        assert_eq!(subject("{a}:{b}", &claims).as_deref(), Some("x%3Ay:z"));
        assert_eq!(subject("{c}:{d}", &claims).as_deref(), Some("x:y%3Az"));
        assert_eq!(subject("{e}", &claims).as_deref(), Some("100%253A ü"));
    }

    #[test]
    fn a_claim_that_is_no_text_names_nobody() {
        for claims in
            [json!({}), json!({"sub": ""}), json!({"sub": 42}), json!({"sub": ["42"]}), json!({"sub": null})]
        {
            assert_eq!(subject("g:{sub}", &claims), None, "{claims}");
        }
    }

    #[test]
    fn templates_that_are_not_one_to_one_are_refused() {
        for template in [
            "",
            "all",
            "{a}{b}",
            "{a}-{b}",
            "{a}:{b}{c}",
            "{",
            "}",
            "{}",
            "{a",
            "a}",
            "{{a}}",
            "{a}}",
            "a\n:{sub}",
        ] {
            assert!(SubjectTemplate::parse(template).is_err(), "{template:?}");
        }
    }

    #[test]
    fn the_prefix_ends_with_the_first_colon() {
        for (template, prefix) in [
            ("google:{sub}", Some("google:")),
            ("a:b:{sub}", Some("a:")),
            ("{sub}", None),
            ("google-{sub}", None),
            ("{sub}:x", None),
            (":{sub}", None),
        ] {
            assert_eq!(SubjectTemplate::parse(template).expect(template).prefix(), prefix, "{template}");
        }
    }
}
