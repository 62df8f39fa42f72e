//! A command's documentation as data, for COMMAND DOCS, COMMAND GETKEYS, ACL rules and `redis-cli` hints.

use std::ffi::CStr;

/// The access of a command to the key that is its first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// It has no key.
    None,
    /// It reads the key.
    Read,
    /// It reads the key and changes what is in it.
    Update,
    /// Like `Update`, and it may create the key.
    Insert,
    /// It reads the key and removes from it.
    Delete,
}

/// One command.
pub struct CommandSpec {
    /// Name.
    pub name: &'static CStr,
    /// Summary, a short sentence.
    pub summary: &'static CStr,
    /// Flags, for COMMAND INFO.
    pub flags: &'static CStr,
    /// Tips for clients and proxies, separated by blanks.
    pub tips: Option<&'static CStr>,
    /// Time complexity.
    pub complexity: &'static CStr,
    /// Number of arguments, the name included; negative: at least that many.
    pub arity: i32,
    /// ACL categories: `+@read` or `-@write` then mean this command too.
    pub categories: &'static CStr,
    /// Its access to the key.
    pub key: KeyAccess,
    /// The arguments after the key.
    pub args: &'static [ArgSpec],
}

/// The tips of commands whose answers also depend on time, keys and settings, of which no key change tells.
pub const DEPENDS_ON_MORE_THAN_THE_KEY: Option<&CStr> = Some(c"nondeterministic_output dont_cache");

/// One argument. Built by the functions below.
pub struct ArgSpec {
    /// Name.
    pub name: &'static CStr,
    /// The keyword before the value.
    pub token: Option<&'static CStr>,
    /// Type.
    pub kind: ArgKind,
    /// Whether it is optional.
    pub optional: bool,
    /// Whether it may be repeated, without repeating its token.
    pub multiple: bool,
}

/// The type of an argument.
pub enum ArgKind {
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A keyword without a value.
    Word,
    /// One of these.
    OneOf(&'static [ArgSpec]),
    /// All of these, one after the other.
    Block(&'static [ArgSpec]),
}

/// Declares a required argument.
pub const fn required(name: &'static CStr, kind: ArgKind) -> ArgSpec {
    ArgSpec { name, token: None, kind, optional: false, multiple: false }
}

/// Declares an optional text after a keyword.
pub const fn text_option(name: &'static CStr, token: &'static CStr) -> ArgSpec {
    required(name, ArgKind::Text).behind(token).optional()
}

/// Declares an optional integer after a keyword.
pub const fn integer_option(name: &'static CStr, token: &'static CStr) -> ArgSpec {
    required(name, ArgKind::Integer).behind(token).optional()
}

/// Returns a keyword without a value.
pub const fn word(name: &'static CStr, token: &'static CStr) -> ArgSpec {
    required(name, ArgKind::Word).behind(token)
}

impl ArgSpec {
    /// Puts a keyword before the argument.
    pub const fn behind(mut self, token: &'static CStr) -> Self {
        self.token = Some(token);
        self
    }

    /// Makes the argument optional.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Lets the argument be repeated.
    pub const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }
}
