//! The value of one key, as far as somebody wants to see it.

use std::ops::Range;

use lockstep_core::rdb::RdbError;
use lockstep_core::rdb::scan::{Item, Role, Scanner, Watch};

use super::index::Index;
use crate::console::quoted;

/// So many elements are shown at first.
pub const VALUE_PARTS: usize = 100;
/// So many bytes of one string are kept.
const TEXT_BYTES_MAX: usize = 4_096;

/// A string of a value, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// Its length.
    pub len: u64,
}

impl Text {
    /// As redis-cli shows it, as far as it is here.
    pub fn shown(&self) -> String {
        quoted(&self.bytes)
    }

    /// How many bytes are not here.
    pub fn missing(&self) -> u64 {
        self.len.saturating_sub(self.bytes.len() as u64)
    }
}

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A string, an element of a list, a member of a set.
    One(Text),
    /// A field and its value, or a member and its score.
    Pair(Text, Text),
}

/// The value of a key. Is given the bytes of its record in pieces, see [`super::Entry::at`].
#[derive(Debug, Clone)]
pub struct Value {
    scanner: Scanner,
    seen: Seen,
    error: Option<RdbError>,
}

#[derive(Debug, Clone)]
struct Seen {
    /// As many as are wanted.
    max: usize,
    /// As many bytes of each string as are wanted.
    text_max: usize,
    parts: Vec<Part>,
    /// What the next part belongs to.
    name: Option<Text>,
    whole: bool,
}

impl Value {
    /// The value of the key whose record is at this place: its first `parts` elements.
    pub fn new(index: &Index, at: &Range<u64>, parts: usize) -> Self {
        let text_max = TEXT_BYTES_MAX.max(parts.saturating_mul(64)).min(64 * 1024);
        let seen = Seen { max: parts, text_max, parts: Vec::new(), name: None, whole: false };
        Self { scanner: index.reader(at.start), seen, error: None }
    }

    /// Reads the next bytes of the record. False: nothing more is wanted.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        if self.error.is_none()
            && !self.is_enough()
            && let Err(error) = self.scanner.feed(piece, &mut self.seen)
        {
            self.error = Some(error);
        }
        self.error.is_none() && !self.is_enough()
    }

    fn is_enough(&self) -> bool {
        self.seen.whole || !self.seen.wants_values()
    }

    /// The elements, as many as were wanted.
    pub fn parts(&self) -> &[Part] {
        &self.seen.parts
    }

    /// What is wrong with the record.
    pub fn error(&self) -> Option<&RdbError> {
        self.error.as_ref()
    }
}

impl Watch for Seen {
    fn item(&mut self, _at: Range<u64>, item: Item<'_>) {
        self.whole |= matches!(item, Item::Key(_));
    }

    fn wants_values(&self) -> bool {
        self.parts.len() < self.max
    }

    fn part(&mut self, role: Role, text: &[u8], len: u64) {
        let text = Text { bytes: text[..text.len().min(self.text_max)].to_vec(), len };
        if !self.wants_values() {
            return;
        }
        match (role, self.name.take()) {
            (Role::Field | Role::Member, _) => self.name = Some(text),
            (Role::Value | Role::Score, Some(name)) => self.parts.push(Part::Pair(name, text)),
            (Role::Expiry, _) => {}
            (_, _) => self.parts.push(Part::One(text)),
        }
    }
}
