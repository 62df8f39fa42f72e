//! `INFO`: whether the module is there, and how it is configured.

use crate::contract::info;
use crate::subject_keys::SubjectKeys;

/// The module's configuration, as far as its clients depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// `hallpass.key-pattern`.
    pub key_pattern: String,
    /// `hallpass.issuer`, unless it is empty.
    pub issuer: Option<String>,
    /// `hallpass.audience`, unless it is empty.
    pub audience: Option<String>,
    /// `hallpass.refresh-requires-access`.
    pub refresh_requires_access: bool,
    /// True for a node of a cluster.
    pub is_cluster: bool,
}

/// `INFO hallpass` of one server.
#[derive(Clone)]
pub struct NodeInfo {
    /// The address of the server, where there are several.
    pub node: Option<String>,
    /// The text, unless the server is away.
    pub info: Option<String>,
}

impl ModuleInfo {
    /// Reads the sections `hallpass` and `cluster` of INFO; `None` when the module is not there.
    pub fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| field(text, name).filter(|value| !value.is_empty()).map(str::to_owned);
        Some(Self {
            key_pattern: field(info::KEY_PATTERN)?,
            issuer: field(info::ISSUER),
            audience: field(info::AUDIENCE),
            refresh_requires_access: field(info::REFRESH_REQUIRES_ACCESS).as_deref() == Some("1"),
            is_cluster: field(info::CLUSTER_ENABLED).as_deref() == Some("1"),
        })
    }

    /// Returns the keys of subjects under the module's key pattern; `None` when that is not a pattern.
    pub fn subject_keys(&self) -> Option<SubjectKeys> {
        SubjectKeys::new(&self.key_pattern)
    }
}

/// Returns a field of an INFO text.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_section_is_read_line_by_line() {
        let info = "# hallpass_stats\r\nhallpass_issued:1\r\nhallpass_key_pattern:auth:{*}\r\nhallpass_issuer:https://a\r\n\
                    hallpass_audience:\r\n";
        let module = ModuleInfo::parse(info).expect("there");
        assert_eq!(module.key_pattern, "auth:{*}");
        assert_eq!((module.issuer.as_deref(), module.audience), (Some("https://a"), None));
        assert_eq!(ModuleInfo::parse(""), None);
    }
}
