//! Takes the bytes of a message apart and says what each of them is.
//!
//! # Invariant
//!
//! The leaves of a [`Dissection`] cover its bytes without gap or overlap, in order: every byte has
//! exactly one explanation, whatever the bytes are. [`Builder`] gives no way to break this: a leaf
//! always starts where the last one ended, and what nobody understood becomes the last leaf.

mod rdb;
mod resp;

use std::ops::Range;

use crate::i18n::{Key, Say};

/// A message's bytes, explained.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Commands, as arrays of bulks or inline.
    Commands,
    /// Replies, of RESP2 or RESP3.
    Replies,
    /// A full resynchronisation's payload, from its header on.
    Transfer,
}

impl Dissection {
    /// Takes `bytes` apart.
    pub(crate) fn of(reading: &Reading, bytes: &[u8]) -> Self {
        let mut builder = Builder::new(bytes);
        match reading {
            Reading::Commands => resp::commands(&mut builder),
            Reading::Replies => resp::replies(&mut builder),
            Reading::Transfer => rdb::transfer(&mut builder),
        }
        builder.finish()
    }

    /// The part of this dissection that explains `range` of its bytes, counted from the start of
    /// the range. Rows that have nothing in the range are left out.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
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

/// The input ended before the thing it was reading.
struct CutOff;

/// Nothing more can be read.
type Read<T> = Result<T, CutOff>;

struct Builder<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u8,
    done: Dissection,
}

impl<'a> Builder<'a> {
    /// Rows at most: what comes after them is explained as a whole, so that a page with a big
    /// snapshot stays quick.
    const ROWS_MAX: usize = 400;

    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0, done: Dissection::default() }
    }

    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn is_full(&self) -> bool {
        self.done.rows.len() >= Self::ROWS_MAX
    }

    /// The next `len` bytes, without moving on.
    fn peek(&self, len: usize) -> Read<&'a [u8]> {
        self.rest().get(..len).ok_or(CutOff)
    }

    /// Starts a row; the leaves that follow are its own.
    fn row(&mut self, label: impl Into<Say>) {
        self.end_row();
        let next = self.done.leaves.len();
        let (depth, label) = (self.depth, label.into());
        self.done.rows.push(Row { depth, label, note: None, value: None, leaves: next..next });
    }

    fn end_row(&mut self) {
        let next = self.done.leaves.len();
        if let Some(row) = self.done.rows.last_mut() {
            row.leaves.end = next;
            if row.leaves.is_empty() {
                self.done.rows.pop();
            }
        }
    }

    fn relabel(&mut self, label: impl Into<Say>) {
        if let Some(row) = self.done.rows.last_mut() {
            row.label = label.into();
        }
    }

    fn note(&mut self, note: impl Into<Say>) {
        if let Some(row) = self.done.rows.last_mut() {
            row.note = Some(note.into());
        }
    }

    fn value(&mut self, value: String) {
        if let Some(row) = self.done.rows.last_mut() {
            row.value = Some(value);
        }
    }

    /// Explains the next `len` bytes and moves past them.
    fn leaf(&mut self, len: usize, what: impl Into<Say>) -> Read<&'a [u8]> {
        let bytes = self.peek(len)?;
        if len > 0 {
            let leaf = Leaf { start: self.at, end: self.at + len, what: what.into(), minor: false };
            self.done.leaves.push(leaf);
            self.at += len;
        }
        Ok(bytes)
    }

    /// As [`Builder::leaf`], for framing.
    fn minor(&mut self, len: usize, what: impl Into<Say>) -> Read<&'a [u8]> {
        let before = self.done.leaves.len();
        let bytes = self.leaf(len, what)?;
        if let Some(leaf) = self.done.leaves.get_mut(before) {
            leaf.minor = true;
        }
        Ok(bytes)
    }

    /// Explains everything that is left at once.
    fn remainder(&mut self, label: Key) {
        let len = self.rest().len();
        if len > 0 {
            self.depth = 0;
            self.row(label);
            // Cannot fail: it takes what is there.
            let _ = self.leaf(len, label);
        }
    }

    fn finish(mut self) -> Dissection {
        let label = if self.is_full() { Key::DissectMore } else { Key::DissectCutOff };
        self.remainder(label);
        self.end_row();
        self.done
    }
}

/// Bytes as a person reads them: text with its line ends visible, or hex.
pub(crate) fn readable(bytes: &[u8], max: usize) -> String {
    let line_end = |b: u8| b == b'\r' || b == b'\n';
    if bytes.iter().all(|&b| b == b' ' || b.is_ascii_graphic() || line_end(b)) {
        let mut text = String::new();
        for (count, &byte) in bytes.iter().enumerate() {
            if count == max {
                text.push('…');
                break;
            }
            match byte {
                b'\r' => text.push_str("\\r"),
                b'\n' => text.push_str("\\n"),
                other => text.push(char::from(other)),
            }
        }
        return text;
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(char::is_control)
    {
        let mut short: String = text.chars().take(max).collect();
        if text.chars().nth(max).is_some() {
            short.push('…');
        }
        return short;
    }
    let shown = bytes.len().min(max / 3).max(1);
    let mut text = String::new();
    for (index, &byte) in bytes[..shown].iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        push_hex(&mut text, byte);
    }
    if shown < bytes.len() {
        text.push_str(" …");
    }
    text
}

/// Appends two hex digits.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    pub(super) fn covers_every_byte_once(dissection: &Dissection, len: usize) {
        let mut at = 0;
        for leaf in &dissection.leaves {
            assert_eq!(leaf.start, at);
            assert!(leaf.end > leaf.start);
            at = leaf.end;
        }
        assert_eq!(at, len);
        let mut next = 0;
        for row in &dissection.rows {
            assert_eq!(row.leaves.start, next, "{row:?}");
            assert!(!row.leaves.is_empty(), "{row:?}");
            next = row.leaves.end;
        }
        assert_eq!(next, dissection.leaves.len());
    }

    const READINGS: [Reading; 3] = [Reading::Commands, Reading::Replies, Reading::Transfer];

    #[test]
    fn any_bytes_are_covered() {
        // A small generator of nasty input: digits and marks of the formats, and anything else.
        let marks = b"*$+-:~%>#_,(!=|0123456789\r\nREDIS0011\xfa\xfe\xfb\xff\xfc\x00\x01\x0b\xc0\xc3\x80\x81";
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..4_000 {
            let mut bytes = if round % 3 == 0 { b"$EOF:".to_vec() } else { Vec::new() };
            for _ in 0..round % 97 {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(round | 1);
                let pick = (state >> 33) as usize;
                bytes.push(if pick.is_multiple_of(4) {
                    (pick >> 8) as u8
                } else {
                    marks[pick % marks.len()]
                });
            }
            for reading in &READINGS {
                let dissection = Dissection::of(reading, &bytes);
                covers_every_byte_once(&dissection, bytes.len());
            }
        }
    }

    #[test]
    fn a_slice_covers_its_range() {
        let bytes = b"*3\r\n$3\r\nSET\r\n$4\r\nname\r\n$6\r\nchaoge\r\n*1\r\n$4\r\nPING\r\n";
        let whole = Dissection::of(&Reading::Commands, bytes);
        for start in 0..bytes.len() {
            for end in start..=bytes.len() {
                covers_every_byte_once(&whole.slice(start..end), end - start);
            }
        }
    }

    #[test]
    fn a_byte_leads_to_its_leaf() {
        let bytes = b"*1\r\n$4\r\nPING\r\n";
        let whole = Dissection::of(&Reading::Commands, bytes);
        for byte in 0..bytes.len() {
            let leaf = &whole.leaves[whole.leaf_at(byte).expect("covered")];
            assert!((leaf.start..leaf.end).contains(&byte));
        }
        assert_eq!(whole.leaf_at(bytes.len()), None);
    }

    #[test]
    fn bytes_read_as_text_or_as_hex() {
        assert_eq!(readable(b"$4\r\n", 24), "$4\\r\\n");
        assert_eq!(readable(&[0xfa], 24), "fa");
        assert_eq!(readable("主从复制".as_bytes(), 2), "主从…");
        assert_eq!(readable(&[0; 20], 9), "00 00 00 …");
    }
}
