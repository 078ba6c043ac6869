//! How a dissection grows: from left to right, a leaf at a time.

use std::ops::Range;

use super::{Dissection, Leaf, Row};
use crate::i18n::{Key, Say};

/// Why reading ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes ended before the thing they had begun.
    CutOff,
    /// The bytes are not what must stand here.
    Odd,
    /// Nobody wants to know more.
    Full,
}

/// A step of the reading.
pub(super) type Read<T> = Result<T, Stop>;

pub(super) struct Builder<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) depth: u8,
    /// What is asked about.
    window: Range<usize>,
    done: Dissection,
}

impl<'a> Builder<'a> {
    /// Rows at most: what comes after them is explained as a whole.
    const ROWS_MAX: usize = 20_000;

    pub(super) fn new(bytes: &'a [u8], window: Range<usize>) -> Self {
        Self { bytes, at: 0, depth: 0, window, done: Dissection::default() }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The bytes from a place on that was passed already.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// Whether there is something to read, and somebody who wants to know.
    pub(super) fn goes_on(&self) -> bool {
        !self.rest().is_empty() && self.wanted().is_ok()
    }

    /// An error if there are rows enough, or the window is passed.
    pub(super) fn wanted(&self) -> Read<()> {
        let enough = self.at >= self.window.end || self.done.rows.len() >= Self::ROWS_MAX;
        if enough { Err(Stop::Full) } else { Ok(()) }
    }

    /// How reading ends that nothing stopped.
    pub(super) fn wanted_or_done(&self) -> Read<()> {
        if self.rest().is_empty() { Ok(()) } else { self.wanted() }
    }

    /// The next `len` bytes, without moving on.
    pub(super) fn peek(&self, len: usize) -> Read<&'a [u8]> {
        self.rest().get(..len).ok_or(Stop::CutOff)
    }

    /// The next byte, without moving on.
    pub(super) fn first(&self) -> Read<u8> {
        self.rest().first().copied().ok_or(Stop::CutOff)
    }

    /// Starts a row; the leaves that follow are its own.
    pub(super) fn row(&mut self, label: impl Into<Say>) {
        self.end_row();
        let next = self.done.leaves.len();
        let (depth, label) = (self.depth, label.into());
        self.done.rows.push(Row { depth, label, note: None, value: None, leaves: next..next });
    }

    fn end_row(&mut self) {
        let next = self.done.leaves.len();
        let Some(row) = self.done.rows.last_mut() else { return };
        row.leaves.end = next;
        let first = row.leaves.start;
        if row.leaves.is_empty() {
            self.done.rows.pop();
        } else if self.done.leaves[next - 1].end <= self.window.start {
            // Before what is asked about: not kept.
            self.done.leaves.truncate(first);
            self.done.rows.pop();
        }
    }

    pub(super) fn relabel(&mut self, label: impl Into<Say>) {
        if let Some(row) = self.done.rows.last_mut() {
            row.label = label.into();
        }
    }

    pub(super) fn note(&mut self, note: impl Into<Say>) {
        if let Some(row) = self.done.rows.last_mut() {
            row.note = Some(note.into());
        }
    }

    pub(super) fn value(&mut self, value: String) {
        if let Some(row) = self.done.rows.last_mut() {
            row.value = Some(value);
        }
    }

    /// Adds to the row's value.
    pub(super) fn also(&mut self, value: &str) {
        if let Some(row) = self.done.rows.last_mut() {
            row.value = Some(row.value.take().map_or(value.to_owned(), |old| old + ", " + value));
        }
    }

    /// As [`Builder::also`], as long as the value is short.
    pub(super) fn summary(&mut self, value: &str) {
        let old = self.done.rows.last().and_then(|row| row.value.as_deref()).unwrap_or_default();
        if old.len() < 60 {
            self.also(value);
        } else if !old.ends_with('…') {
            self.also("…");
        }
    }

    /// Explains the next `len` bytes and moves past them.
    pub(super) fn leaf(&mut self, len: usize, what: impl Into<Say>) -> Read<&'a [u8]> {
        self.push(len, what.into(), false)
    }

    /// As [`Builder::leaf`], for framing.
    pub(super) fn minor(&mut self, len: usize, what: impl Into<Say>) -> Read<&'a [u8]> {
        self.push(len, what.into(), true)
    }

    /// As [`Builder::leaf`], of which only the beginning may be there: that is explained, and then
    /// reading ends.
    pub(super) fn begun(&mut self, len: usize, what: impl Into<Say>) -> Read<&'a [u8]> {
        let there = len.min(self.rest().len());
        let bytes = self.leaf(there, what)?;
        if there < len { Err(Stop::CutOff) } else { Ok(bytes) }
    }

    /// As [`Builder::begun`], for framing.
    pub(super) fn begun_minor(&mut self, len: usize, what: impl Into<Say>) -> Read<()> {
        let there = len.min(self.rest().len());
        self.minor(there, what)?;
        if there < len { Err(Stop::CutOff) } else { Ok(()) }
    }

    fn push(&mut self, len: usize, what: Say, minor: bool) -> Read<&'a [u8]> {
        let bytes = self.peek(len)?;
        if len > 0 {
            self.done.leaves.push(Leaf { start: self.at, end: self.at + len, what, minor });
            self.at += len;
        }
        Ok(bytes)
    }

    /// Reads the next `len` bytes by themselves: nothing in them can reach beyond. What is left of
    /// them, or contradicts itself, is explained as a whole, and reading goes on behind it.
    pub(super) fn within(
        &mut self,
        len: usize,
        surplus: (Key, Key),
        read: impl FnOnce(&mut Self) -> Read<()>,
    ) -> Read<()> {
        let whole = self.bytes;
        let there = len.min(self.rest().len());
        let end = self.at + there;
        self.bytes = &whole[..end];
        let result = read(self);
        if there < len {
            // It goes on where these bytes end; so does the reason for stopping.
            return Err(result.err().unwrap_or(Stop::CutOff));
        }
        if result != Err(Stop::Full) && self.at < end {
            let (label, note) = match result {
                Ok(()) => surplus,
                Err(_) => (Key::DissectDamaged, Key::DissectDamagedNote),
            };
            self.row(label);
            self.note(note);
            self.leaf(end - self.at, label)?;
        }
        self.bytes = whole;
        if result == Err(Stop::Full) { result } else { Ok(()) }
    }

    /// The end: what is left is explained as a whole.
    pub(super) fn finish(mut self, read: Read<()>) -> Dissection {
        let (label, note) = match read {
            Err(Stop::CutOff) => (Key::DissectCutOff, Some(Key::DissectCutOffNote)),
            Err(Stop::Odd) => (Key::DissectOdd, Some(Key::DissectOddNote)),
            Ok(()) | Err(Stop::Full) => (Key::DissectMore, None),
        };
        // A reader that was stopped inside a part may have seen no more than the part.
        let len = self.window.end.saturating_sub(self.at);
        if len > 0 {
            self.depth = 0;
            self.row(label);
            if let Some(note) = note {
                self.note(note);
            }
            let leaf =
                Leaf { start: self.at, end: self.at + len, what: label.into(), minor: false };
            self.done.leaves.push(leaf);
        }
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
