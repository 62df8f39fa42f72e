//! A JWK Set that is changed in places: whatever nobody touches is written as it was read.
//!
//! Members keep their order and values their text, so that neither a member that Hallpass does not know nor a number
//! that does not fit into a machine's is lost.

use hallpass_engine::keys::Jwk;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::fmt;

/// A JSON object whose values are unread text.
struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    fn get<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        serde_json::from_str(value.get()).ok()
    }

    fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        source.deserialize_map(Object)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The content of a keyring file, open to changes.
pub struct Document {
    members: Members,
    /// What stands in the member `keys`.
    keys: Vec<Members>,
}

impl Document {
    /// Reads a text that is known to be a keyring.
    pub fn parse(text: &[u8]) -> serde_json::Result<Self> {
        let members: Members = serde_json::from_slice(text)?;
        let keys = members.get("keys").ok_or_else(|| serde_json::Error::missing_field("keys"))?;
        Ok(Self { members, keys })
    }

    /// Adds a key at the end.
    pub fn add(&mut self, key: &Jwk) -> serde_json::Result<()> {
        self.keys.push(serde_json::from_str(&serde_json::to_string(key)?)?);
        Ok(())
    }

    /// Sets the member `name` of the key `kid` to a time.
    pub fn set_time(&mut self, kid: &str, name: &str, seconds: u64) -> serde_json::Result<()> {
        let value = to_raw_value(&seconds)?;
        if let Some(key) = self.keys.iter_mut().find(|key| has_id(key, kid)) {
            key.set(name, value);
        }
        Ok(())
    }

    /// Removes the key `kid`.
    pub fn remove(&mut self, kid: &str) {
        self.keys.retain(|key| !has_id(key, kid));
    }

    /// The text to write: one member per line.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

fn has_id(key: &Members, kid: &str) -> bool {
    key.get::<String>("kid").as_deref() == Some(kid)
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, value) in &self.members.0 {
            match name.as_str() {
                "keys" => map.serialize_entry(name, &self.keys)?,
                _ => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "comment": {"by": "ops",  "by": "twice"},
  "keys": [
    {
      "kid": "a",
      "big": 123456789012345678901234567890,
      "small": 1.10,
      "x5c": ["\u0041", null],
      "exp": null
    },
    {
      "use": "sig",
      "kid": "b"
    }
  ],
  "later": 1e999
}
"#;

    #[test]
    fn what_is_not_changed_stays_to_the_byte() {
        let document = Document::parse(TEXT.as_bytes()).expect("valid");
        assert_eq!(document.to_text().expect("text"), TEXT);
    }

    #[test]
    fn changes_touch_one_member_of_one_key() {
        let mut document = Document::parse(TEXT.as_bytes()).expect("valid");
        document.set_time("a", "exp", 7).expect("set");
        document.set_time("b", "nbf", 8).expect("set");
        let expected =
            TEXT.replace("\"exp\": null", "\"exp\": 7").replace("\"b\"\n", "\"b\",\n      \"nbf\": 8\n");
        assert_eq!(document.to_text().expect("text"), expected);
    }

    #[test]
    fn keys_come_and_go() {
        let mut document = Document::parse(br#"{"keys":[{"kid":"a","odd":1},{"kid":"b"}]}"#).expect("valid");
        document.add(&Jwk { kid: "c".into(), ..Jwk::default() }).expect("added");
        document.remove("a");
        let kids: Vec<String> = document.keys.iter().filter_map(|key| key.get("kid")).collect();
        assert_eq!(kids, ["b", "c"]);
        assert!(!document.to_text().expect("text").contains("odd"));
    }
}
