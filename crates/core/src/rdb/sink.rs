//! What becomes of an RDB stream: the trait through which the reader hands out what it finds.

use crate::packed::{Elem, Intset, Listpack};

/// Whether a sink takes what it was given; the text of a refusal becomes the reader's error.
pub type Taken = Result<(), String>;

/// The five classical kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A hash.
    Hash,
    /// A sorted set.
    ZSet,
}

/// What a stream says of a key besides its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Meta {
    /// What kind of value follows.
    pub kind: Kind,
    /// The type in the stream, of [`super::format::value_type`].
    pub type_byte: u8,
    /// When it expires, Unix milliseconds.
    pub expire_at_ms: Option<u64>,
    /// Seconds since it was last used (when the writer's policy was LRU).
    pub idle_seconds: Option<u64>,
    /// How often it was used, logarithmically (when the writer's policy was LFU).
    pub freq: Option<u8>,
    /// How many elements (or nodes, of a list) are announced: a hint, to be clamped.
    pub announced: u64,
}

/// Takes what a [`super::Reader`] finds.
///
/// For each key: [`Sink::begin`], then calls that fit its kind, at least one, then [`Sink::end`].
/// Keys with an empty collection are left out, as Redis does, see [`Sink::skipped_empty`].
/// Packed values are valid as packed structures; that their elements are distinct, or in order, is
/// not checked, and a sink that relies on it has to refuse those that are not.
pub trait Sink {
    /// A field of information. Unknown ones are to be ignored.
    fn aux(&mut self, name: &[u8], value: &[u8]) -> Taken {
        let _ = (name, value);
        Ok(())
    }

    /// The following keys are of this database.
    fn select_db(&mut self, db: u64) -> Taken;

    /// How many keys are announced, and how many of them expire: a hint, to be clamped.
    fn resize_db(&mut self, keys: u64, expires: u64) -> Taken {
        let _ = (keys, expires);
        Ok(())
    }

    /// A library of functions, as its source.
    fn function(&mut self, code: &[u8]) -> Taken {
        let _ = code;
        Ok(())
    }

    /// A key begins.
    fn begin(&mut self, key: &[u8], meta: &Meta) -> Taken;

    /// The value of a string.
    fn string(&mut self, value: Elem<'_>) -> Taken;

    /// The next element of a list.
    fn list_item(&mut self, item: &[u8]) -> Taken;

    /// The next elements of a list; at least one.
    fn list_node(&mut self, node: Listpack) -> Taken;

    /// A member of a set.
    fn set_item(&mut self, member: &[u8]) -> Taken;

    /// All members of a set, integers.
    fn intset(&mut self, members: Intset) -> Taken;

    /// All members of a set.
    fn set_listpack(&mut self, members: Listpack) -> Taken;

    /// A field of a hash.
    fn hash_field(&mut self, field: &[u8], value: &[u8]) -> Taken;

    /// All of a hash: fields and values in turn.
    fn hash_listpack(&mut self, pairs: Listpack) -> Taken;

    /// A member of a sorted set. The score is not NaN.
    fn zset_item(&mut self, member: &[u8], score: f64) -> Taken;

    /// All of a sorted set: members and scores in turn. Every score is a number.
    fn zset_listpack(&mut self, pairs: Listpack) -> Taken;

    /// The key is complete.
    fn end(&mut self) -> Taken;

    /// A key was left out because its collection is empty.
    fn skipped_empty(&mut self, key: &[u8]) {
        let _ = key;
    }
}
