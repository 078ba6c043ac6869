//! What a scanner finds.

use std::ops::Range;

/// Takes what a [`super::Scanner`] finds.
pub trait Watch {
    /// An item, and the bytes that are its own.
    fn item(&mut self, at: Range<u64>, item: Item<'_>);

    /// Whether values are to be handed out too.
    fn wants_values(&self) -> bool {
        false
    }

    /// A part of a value, in the file's order; comes before its item. Its length, of which `text`
    /// may only be the beginning.
    fn part(&mut self, role: Role, text: &[u8], len: u64) {
        let _ = (role, text, len);
    }
}

/// What a part of a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The value of a string, an element of a list, a member of a set.
    Element,
    /// A field of a hash; its value follows.
    Field,
    /// The value of a field.
    Value,
    /// A member of a sorted set; its score follows.
    Member,
    /// A score, as Redis shows it.
    Score,
    /// When the field before it expires: Unix milliseconds, 0 for never.
    Expiry,
}

/// Something that a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// The nine bytes at the beginning.
    Header {
        /// The version of the format.
        version: u16,
        /// It is one of Valkey's own.
        valkey: bool,
    },
    /// A field of information: name and value.
    Aux(&'a [u8], &'a [u8]),
    /// The following keys are of this database.
    SelectDb(u64),
    /// How many keys are announced, and how many of them expire.
    ResizeDb(u64, u64),
    /// A library of functions.
    Function,
    /// Data of a module outside the keyspace, by the module's id.
    ModuleAux(u64),
    /// Sizes of a cluster's slot.
    SlotInfo,
    /// A key with its value.
    Key(&'a Found),
    /// The end, with or without a checksum.
    End(Checksum),
}

/// A key and what was found out about its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The key.
    pub key: Vec<u8>,
    /// Its database.
    pub db: u64,
    /// The type of the value, as in [`crate::rdb::format::value_type`].
    pub type_byte: u8,
    /// When it expires: Unix milliseconds.
    pub expire_at_ms: Option<u64>,
    /// Seconds since it was last used.
    pub idle_seconds: Option<u64>,
    /// How often it was used, logarithmically.
    pub freq: Option<u8>,
    /// Elements of the value (pairs, of hashes and sorted sets; entries, of streams); of a string,
    /// its bytes; of a module's value, 0.
    pub elements: u64,
    /// The id of the module whose value it is.
    pub module: Option<u64>,
}

/// What a file's checksum is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// Files so old have none.
    Absent,
    /// Whoever wrote the file left it out (`rdbchecksum no`).
    Off,
    /// It is right.
    Right(u64),
    /// It is wrong.
    Wrong {
        /// What the file says.
        said: u64,
        /// What its bytes give.
        found: u64,
    },
}
