//! The value of a key.

use super::size::Bytes;
use super::{Hash, List, Set, Str, ZSet};
use crate::rdb::Writer;
use crate::rdb::format::value_type;

/// A value under a key. 24 bytes; collections are behind a box.
#[derive(Debug, Clone, Hash)]
pub enum Value {
    /// A string (or integer).
    Str(Str),
    /// A list.
    List(Box<List>),
    /// A hash.
    Hash(Box<Hash>),
    /// A set.
    Set(Box<Set>),
    /// A sorted set.
    ZSet(Box<ZSet>),
}

const _: () = assert!(size_of::<Value>() == 24);

impl Value {
    /// The name that `TYPE` answers.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::ZSet(_) => "zset",
        }
    }

    /// What `OBJECT ENCODING` answers.
    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Str(value) => value.encoding(),
            Self::List(list) => list.encoding(),
            Self::Hash(hash) => hash.encoding(),
            Self::Set(set) => set.encoding(),
            Self::ZSet(zset) => zset.encoding(),
        }
    }

    /// Bytes on the heap, for estimates.
    pub fn heap_memory(&self) -> usize {
        match self {
            Self::Str(value) => value.heap_memory(),
            Self::List(list) => List::BYTES + list.memory(),
            Self::Hash(hash) => Hash::BYTES + hash.memory(),
            Self::Set(set) => Set::BYTES + set.memory(),
            Self::ZSet(zset) => ZSet::BYTES + zset.memory(),
        }
    }

    /// The type under which an RDB file holds it.
    pub fn rdb_type(&self, writer: &Writer) -> u8 {
        match self {
            Self::Str(_) => value_type::STRING,
            Self::List(list) => list.rdb_type(writer),
            Self::Hash(hash) => hash.rdb_type(writer),
            Self::Set(set) => set.rdb_type(writer),
            Self::ZSet(zset) => zset.rdb_type(writer),
        }
    }

    /// Writes what follows the key in an RDB file, as [`Value::rdb_type`].
    pub fn save(&self, writer: &mut Writer) {
        self.save_part(writer, Part::WHOLE);
    }

    /// As [`Value::save`], a part at a time: returns what is left, `None` at the end. The value
    /// must not change in between.
    pub fn save_part(&self, writer: &mut Writer, part: Part) -> Option<Part> {
        match self {
            Self::Str(value) => {
                writer.string(value.bytes());
                None
            }
            Self::List(list) => list.save(writer, part),
            Self::Hash(hash) => hash.save(writer, part),
            Self::Set(set) => set.save(writer, part),
            Self::ZSet(zset) => zset.save(writer, part),
        }
    }

    /// Into how many parts [`Value::save_part`] can divide it.
    pub fn parts(&self) -> usize {
        match self {
            Self::Str(_) => 1,
            Self::List(list) => list.parts(),
            Self::Hash(hash) => hash.parts(),
            Self::Set(set) => set.parts(),
            Self::ZSet(zset) => zset.parts(),
        }
    }
}

/// A part of a collection that is being saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// The first element: an index, or an id in the table it lies in. At 0 the number of elements
    /// is written first.
    pub from: u32,
    /// The part ends with the element that makes the writer hold this many bytes.
    pub until: usize,
}

impl Part {
    /// Everything.
    pub const WHOLE: Self = Self { from: 0, until: usize::MAX };

    /// Whether what precedes the elements is part of it.
    pub fn is_first(self) -> bool {
        self.from == 0
    }

    /// Writes numbered elements, and returns what is left.
    pub fn write<E>(
        self,
        writer: &mut Writer,
        elements: impl Iterator<Item = (u32, E)>,
        mut write: impl FnMut(&mut Writer, E),
    ) -> Option<Self> {
        for (number, element) in elements {
            write(writer, element);
            if writer.len() >= self.until {
                return Some(Self { from: number + 1, ..self });
            }
        }
        None
    }
}
