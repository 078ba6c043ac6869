//! The streaming reader of RDB.
//!
//! A state machine that takes whatever slices arrive. Each step reads one item (an opcode's
//! operand, an element) from contiguous bytes; an item that is not complete waits in a buffer until
//! exactly as many bytes are there as it is known to need.
//!
//! # Invariants
//!
//! * Total work is linear in the input: an item is looked at again only when it has grown to what
//!   it was known to need, which happens a constant number of times.
//! * Memory is bounded by the bytes received of one item (times the expansion of LZF, at most 88),
//!   never by what is announced.

use super::RdbError;
use super::sink::Sink;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether the sum is checked (`rdbchecksum`).
    pub checksum: bool,
    /// Longest string taken, in bytes.
    pub string_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { checksum: true, string_max: u64::from(u32::MAX) }
    }
}

/// How far a [`Reader`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Bytes of the slice that belong to the RDB. Less than the slice only when `done`.
    pub consumed: usize,
    /// Whether the RDB is complete (its sum checked).
    pub done: bool,
}

/// Reads an RDB stream.
#[derive(Debug, Clone)]
pub struct Reader {
    settings: Settings,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Reader {
    /// A reader at the beginning of a stream.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Reads the next bytes of the stream and hands out what is complete.
    ///
    /// # Errors
    /// The stream is not RDB, or holds what this version cannot read, or the sink refuses it. The
    /// reader is of no further use then.
    pub fn feed(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<Status, RdbError> {
        let _ = (input, sink, self.settings);
        Err(RdbError { offset: 0, what: "the reader is not there yet".into() })
    }

    /// The stream has ended.
    ///
    /// # Errors
    /// It was not complete.
    pub fn finish(&self) -> Result<(), RdbError> {
        Err(RdbError { offset: 0, what: "the reader is not there yet".into() })
    }
}
