//! Errors of commands, with Redis's exact texts.

use std::borrow::Cow;
use std::fmt;

/// The error reply of a command. The text starts with its code and has no leading `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmdError(Cow<'static, [u8]>);

impl CmdError {
    /// `WRONGTYPE ...`
    pub const WRONG_TYPE: Self =
        Self::fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// `ERR syntax error`
    pub const SYNTAX: Self = Self::fixed("ERR syntax error");
    /// `ERR value is not an integer or out of range`
    pub const NOT_INT: Self = Self::fixed("ERR value is not an integer or out of range");
    /// `ERR value is out of range, value must between -2147483648 and 2147483647`
    pub const NOT_INT_32: Self =
        Self::fixed("ERR value is out of range, value must between -2147483648 and 2147483647");
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
        Self(Cow::Borrowed(text.as_bytes()))
    }

    /// An error with a text made for the occasion.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Cow::Owned(text.into().into_bytes()))
    }

    /// An error with a text made of bytes, which need not be UTF-8.
    pub fn from_bytes(text: Vec<u8>) -> Self {
        Self(Cow::Owned(text))
    }

    /// An error whose text quotes what a client sent: byte for byte as it came, but only up to the
    /// first NUL, since Redis formats such texts with C strings.
    pub fn quoting(before: &str, quoted: &[u8], after: &str) -> Self {
        let text = [before.as_bytes(), c_string(quoted), after.as_bytes()].concat();
        Self(Cow::Owned(text))
    }

    /// `ERR wrong number of arguments for '...' command`
    pub fn arity(command: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// The text as it is sent, code first.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text for people, code first.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The code: the text up to the first space.
    pub fn code(&self) -> &str {
        let code = self.0.split(|b| *b == b' ').next().unwrap_or_default();
        std::str::from_utf8(code).unwrap_or_default()
    }
}

/// The bytes before the first NUL.
pub(crate) fn c_string(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

impl fmt::Display for CmdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for CmdError {}
