//! From a file to one that a node of this version loads: without what it does not hold.

use std::ops::Range;

use lockstep_core::rdb::crc64;
use lockstep_core::rdb::format::{READ_VERSION_MAX, opcode};

use super::index::Index;

/// Longest file that becomes the dataset of a simulated world, which keeps many copies of it.
pub const EXTRACT_BYTES_MAX: u64 = 1024 * 1024;

/// Why a file cannot become the dataset of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is damaged, or was not read to its end.
    Damaged,
    /// It has more bytes than [`EXTRACT_BYTES_MAX`]: so many.
    TooLarge(u64),
    /// The nodes do not read this version of the format.
    Version,
    /// There is no key in it that the nodes hold.
    Empty,
}

/// Copies a file, piece by piece, without what nodes do not hold.
#[derive(Debug, Clone)]
pub struct Extract {
    /// What is left out, from behind.
    apart: Vec<Range<u64>>,
    version: u16,
    /// Where the end mark is.
    end: u64,
    offset: u64,
    file: Vec<u8>,
}

impl Extract {
    /// Begins a copy.
    ///
    /// # Errors
    /// The file cannot become the dataset of a world.
    pub fn new(index: &Index) -> Result<Self, Refusal> {
        let (Some((version, valkey)), Some(end), None) =
            (index.header(), index.end(), index.fault())
        else {
            return Err(Refusal::Damaged);
        };
        if valkey || version > READ_VERSION_MAX {
            return Err(Refusal::Version);
        }
        if index.total().keys == index.not_held().keys {
            return Err(Refusal::Empty);
        }
        let left_out: u64 = index.apart().iter().map(|range| range.end - range.start).sum();
        let bytes = end - left_out;
        if bytes > EXTRACT_BYTES_MAX {
            return Err(Refusal::TooLarge(bytes));
        }
        let apart = index.apart().iter().rev().cloned().collect();
        Ok(Self { apart, version, end, offset: 0, file: Vec::with_capacity(bytes as usize + 9) })
    }

    /// Takes the next piece of the file. False: nothing more is wanted.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        let from = self.offset;
        self.offset = (from + piece.len() as u64).min(self.end);
        let mut at = from;
        while at < self.offset {
            let (until, next) = match self.apart.last() {
                Some(range) if range.start <= at => {
                    let next = range.end.min(self.offset);
                    if range.end <= self.offset {
                        self.apart.pop();
                    }
                    (at, next)
                }
                Some(range) if range.start < self.offset => (range.start, range.start),
                _ => (self.offset, self.offset),
            };
            self.file.extend_from_slice(&piece[(at - from) as usize..(until - from) as usize]);
            at = next;
        }
        self.offset < self.end
    }

    /// Bytes of the file taken so far.
    pub fn received(&self) -> u64 {
        self.offset
    }

    /// The copy, with an end and a checksum of its own.
    pub fn finish(mut self) -> Vec<u8> {
        self.file.push(opcode::EOF);
        if self.version >= 5 {
            let sum = crc64::update(0, &self.file);
            self.file.extend_from_slice(&sum.to_le_bytes());
        }
        self.file
    }
}
