//! RDB files and snapshots: CRC64, LZF, the streaming reader and the writer.
//!
//! Knows bytes and Redis's object types, not values: the keyspace builds values from what the
//! reader yields, and writes them through the writer. [`scan`] says where in a file what lies,
//! of all types, those too that the keyspace does not hold.

pub mod crc64;
mod cursor;
pub mod format;
pub mod lzf;
mod reader;
pub mod scan;
mod sink;
mod value;
mod writer;

use std::fmt;

pub use reader::{Reader, Settings, Status};
pub use sink::{Kind, Meta, Sink, Taken};
pub use writer::{Options, Writer};

/// Why an RDB stream cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdbError {
    /// Byte offset in the stream.
    pub offset: u64,
    /// What is wrong, in words for a person; names the type and the key where there is one.
    pub what: String,
    /// The line that Redis logs for this, where it has one.
    pub redis: Option<String>,
}

impl fmt::Display for RdbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.what, self.offset)
    }
}

impl std::error::Error for RdbError {}
