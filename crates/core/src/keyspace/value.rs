//! The value of a key.

use super::{Hash, List, Set, Str, ZSet};
use crate::rdb::Writer;
use crate::rdb::format::value_type;

/// A value under a key. 24 bytes; collections are behind a box.
#[derive(Debug, Clone)]
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
            Self::List(list) => size_of::<List>() + list.memory(),
            Self::Hash(hash) => size_of::<Hash>() + hash.memory(),
            Self::Set(set) => size_of::<Set>() + set.memory(),
            Self::ZSet(zset) => size_of::<ZSet>() + zset.memory(),
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
        match self {
            Self::Str(value) => writer.string(value.bytes()),
            Self::List(list) => list.save(writer),
            Self::Hash(hash) => hash.save(writer),
            Self::Set(set) => set.save(writer),
            Self::ZSet(zset) => zset.save(writer),
        }
    }
}
