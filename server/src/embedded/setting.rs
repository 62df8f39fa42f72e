//! A setting of the private Redis' module, as `--set` takes it.

use std::str::FromStr;

/// The namespace of the module's settings.
const PREFIX: &str = "hallpass.";
/// The settings that the server makes itself, and what to use instead.
const OWN: [(&str, &str); 2] = [
    ("hallpass.issuer", "use --issuer"),
    ("hallpass.keyring-file", "it is keyring.json in the data directory"),
];

/// `hallpass.NAME=VALUE`. The module decides whether there is such a setting and which values it accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name, with its namespace.
    pub name: String,
    /// The value.
    pub value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("must look like hallpass.access-ttl=300")?;
        let is_name =
            |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if !name.strip_prefix(PREFIX).is_some_and(is_name) {
            return Err("sets only what begins with hallpass. and goes on with a-z and -".into());
        }
        match OWN.iter().find(|(own, _)| *own == name) {
            Some((_, instead)) => Err(format!("cannot set {name}: {instead}")),
            None => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_name_of_the_module_and_any_value() {
        for (text, value) in
            [("hallpass.access-ttl=300", "300"), ("hallpass.audience=", ""), ("hallpass.events=a=b", "a=b")]
        {
            assert_eq!(text.parse::<Setting>().expect(text).value, value);
        }
        for text in [
            "",
            "hallpass.access-ttl",
            "access-ttl=1",
            "maxmemory=1",
            "hallpass.=1",
            "hallpass.a b=1",
            "hallpass.a\nport=1",
            "hallpass.issuer=https://id.example",
            "hallpass.keyring-file=/tmp/k",
        ] {
            assert!(text.parse::<Setting>().is_err(), "{text}");
        }
    }
}
