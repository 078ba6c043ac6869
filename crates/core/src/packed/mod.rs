//! Redis's packed encodings, byte for byte: listpack and intset (read and written), ziplist and
//! zipmap (read).
//!
//! They are both the in-memory form of small collections and what an RDB file holds, so saving and
//! loading a small collection is a copy.
//!
//! # Invariants
//!
//! * Bytes from outside become one of these types only through `from_bytes`, which validates every
//!   entry; afterwards no read can leave the buffer.
//! * What is written is what Redis would write for the same sequence of operations.

mod elem;
mod intset;
mod listpack;
mod ziplist;
mod zipmap;

use std::fmt;

pub use elem::Elem;
pub use intset::{Intset, IntsetIter};
pub(crate) use listpack::{Encoded, decode, entry_after, entry_before};
pub use listpack::{Listpack, ListpackIter, Pos};
pub use ziplist::{Ziplist, ZiplistIter};
pub use zipmap::{Zipmap, ZipmapIter};

/// Why bytes are not the packed structure they claim to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedError {
    /// The structure: `listpack`, `intset`, `ziplist` or `zipmap`.
    pub structure: &'static str,
    /// Byte offset inside the structure.
    pub offset: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for PackedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "corrupt {}: {} (at byte {} of it)", self.structure, self.what, self.offset)
    }
}

impl std::error::Error for PackedError {}

/// `N` bytes at `at`, if they are there.
fn bytes_at<const N: usize>(buf: &[u8], at: usize) -> Option<[u8; N]> {
    buf.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A little-endian signed integer of 2, 3, 4 or 8 bytes.
fn signed_le(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_le_bytes(wide) >> (64 - 8 * bytes.len())
}
