//! The value of a key.

use super::{Hash, List, Set, Str, ZSet};

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

    /// Bytes on the heap, for estimates.
    pub fn heap_memory(&self) -> usize {
        match self {
            Self::Str(value) => value.heap_memory(),
            Self::List(_) => size_of::<List>(),
            Self::Hash(_) => size_of::<Hash>(),
            Self::Set(_) => size_of::<Set>(),
            Self::ZSet(_) => size_of::<ZSet>(),
        }
    }
}
