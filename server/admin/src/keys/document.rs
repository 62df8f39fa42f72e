//! A JWK Set that is edited in places: everything else is written as it was read.
//!
//! Members keep their order and values their text, so that neither a member that Hallpass does not know nor a number of
//! any size is lost.

use hallpass_engine::keys::Jwk;
use indexmap::IndexMap;
use serde::de::Error as _;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// A JSON object: its members in order, their values as text.
type Object = IndexMap<String, Box<RawValue>>;

/// The content of a keyring file, to be edited.
pub struct Document {
    members: Object,
    /// The value of the member `keys`.
    keys: Vec<Object>,
}

impl Document {
    /// Parses a text that is known to be a keyring.
    pub fn parse(text: &[u8]) -> serde_json::Result<Self> {
        let members: Object = serde_json::from_slice(text)?;
        let keys = members.get("keys").ok_or_else(|| serde_json::Error::missing_field("keys"))?;
        let keys = serde_json::from_str(keys.get())?;
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
            key.insert(name.into(), value);
        }
        Ok(())
    }

    /// Removes the key `kid`.
    pub fn remove(&mut self, kid: &str) {
        self.keys.retain(|key| !has_id(key, kid));
    }

    /// Returns the text to write: one member per line.
    pub fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

fn has_id(key: &Object, kid: &str) -> bool {
    key.get("kid").is_some_and(|text| serde_json::from_str(text.get()).is_ok_and(|id: String| id == kid))
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, value) in &self.members {
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
    fn unchanged_members_stay_to_the_byte() {
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
        let kids: Vec<_> = document.keys.iter().map(|key| key["kid"].get()).collect();
        assert_eq!(kids, ["\"b\"", "\"c\""]);
        assert!(!document.to_text().expect("text").contains("odd"));
    }
}
