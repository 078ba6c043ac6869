//! Takes the bytes of a message, or of an RDB file, apart and says what each of them is.
//!
//! # Invariant
//!
//! The leaves of a [`Dissection`] cover its bytes without gap or overlap, in order: every byte has
//! exactly one explanation, whatever the bytes are. [`Builder`] gives no way to break this: a leaf
//! always starts where the last one ended, and what nobody understood becomes the last leaf.

mod builder;
mod message;
mod packed;
mod rdb;
mod resp;
mod stream;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use builder::{Builder, Read, Stop};
pub(crate) use builder::{push_hex, readable};
pub(crate) use message::Context;

use crate::i18n::Say;

/// Bytes, explained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Dissection {
    /// What a person reads, top down.
    pub(crate) rows: Vec<Row>,
    /// The explanations of the bytes.
    pub(crate) leaves: Vec<Leaf>,
}

/// One line of the explanation. Its bytes are those of its leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// How deep it is nested.
    pub(crate) depth: u8,
    /// What this is.
    pub(crate) label: Say,
    /// What it means, where that is not plain.
    pub(crate) note: Option<Say>,
    /// Its value where the bytes do not show it.
    pub(crate) value: Option<String>,
    /// Its leaves.
    pub(crate) leaves: Range<usize>,
}

/// A run of bytes with one explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// First byte.
    pub(crate) start: usize,
    /// The byte after the last one.
    pub(crate) end: usize,
    /// What these bytes are.
    pub(crate) what: Say,
    /// Framing (a length, a line end) rather than content.
    pub(crate) minor: bool,
}

/// How to read a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Commands, as arrays of bulks or inline.
    Commands,
    /// Replies, of RESP2 or RESP3.
    Replies,
    /// A full resynchronisation's payload, from its header on.
    Transfer,
    /// An RDB file.
    File,
}

impl Dissection {
    /// Takes `bytes` apart.
    #[cfg(test)]
    pub(crate) fn of(reading: Reading, bytes: &[u8]) -> Self {
        Self::part(reading, bytes, 0..bytes.len())
    }

    /// Takes `bytes` apart for the sake of a range of them. The result counts from the start of
    /// the range; rows that have nothing in it are left out.
    pub(crate) fn part(reading: Reading, bytes: &[u8], range: Range<usize>) -> Self {
        let mut builder = Builder::new(bytes, range.clone());
        let read = match reading {
            Reading::Commands => resp::commands(&mut builder),
            Reading::Replies => resp::replies(&mut builder),
            Reading::Transfer => rdb::transfer(&mut builder),
            // Of a file, only a part may have been asked for.
            Reading::File => match rdb::file(&mut builder) {
                Err(Stop::CutOff) => Err(Stop::Full),
                read => read,
            },
        };
        builder.finish(read).slice(range)
    }

    fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        for row in &self.rows {
            let first = part.leaves.len();
            for leaf in &self.leaves[row.leaves.clone()] {
                let (start, end) = (leaf.start.max(range.start), leaf.end.min(range.end));
                if start < end {
                    let (start, end) = (start - range.start, end - range.start);
                    part.leaves.push(Leaf { start, end, ..leaf.clone() });
                }
            }
            if part.leaves.len() > first {
                part.rows.push(Row { leaves: first..part.leaves.len(), ..row.clone() });
            }
        }
        part
    }

    /// The leaf that explains a byte.
    pub(crate) fn leaf_at(&self, byte: usize) -> Option<usize> {
        let index = self.leaves.partition_point(|leaf| leaf.end <= byte);
        (index < self.leaves.len()).then_some(index)
    }
}
