//! Errors of commands, with Redis's exact texts.

use std::borrow::Cow;
use std::fmt;

/// The error reply of a command. The text starts with its code and has no leading `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmdError(Cow<'static, str>);

impl CmdError {
    /// `WRONGTYPE ...`
    pub const WRONG_TYPE: Self =
        Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// `ERR syntax error`
    pub const SYNTAX: Self = Self::fixed("ERR syntax error");
    /// `ERR value is not an integer or out of range`
    pub const NOT_INT: Self = Self::fixed("ERR value is not an integer or out of range");
    /// `ERR value is not a valid float`
    pub const NOT_FLOAT: Self = Self::fixed("ERR value is not a valid float");
    /// `ERR no such key`
    pub const NO_SUCH_KEY: Self = Self::fixed("ERR no such key");
    /// `ERR index out of range`
    pub const INDEX_RANGE: Self = Self::fixed("ERR index out of range");
    /// `ERR increment or decrement would overflow`
    pub const OVERFLOW: Self = Self::fixed("ERR increment or decrement would overflow");
    /// `ERR value is out of range, must be positive`
    pub const NOT_POSITIVE: Self = Self::fixed("ERR value is out of range, must be positive");

    /// An error with a fixed text.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// An error with a text made for the occasion.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into()))
    }

    /// `ERR wrong number of arguments for '...' command`
    pub fn arity(command: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// The text, code first.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The code: the text up to the first space.
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }
}

impl fmt::Display for CmdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CmdError {}
