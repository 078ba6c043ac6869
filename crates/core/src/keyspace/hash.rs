//! Hashes: a listpack of fields and values while small, a table beyond.
//!
//! # Invariants
//!
//! * A listpack holds fields and values in turn, and no field twice.
//! * A hash that became a table stays one.

use super::small::SmallBytes;
use super::table::{Entry, Hasher, TABLE_BYTES, Table};
use crate::config::EncodingLimits;
use crate::keyspace::size::{Bytes, bytes};
use crate::keyspace::value::Part;
use crate::packed::{Elem, Listpack, ListpackIter, Pos};
use crate::rdb::Writer;
use crate::rdb::format::value_type;
use crate::resp::reply::IntBuf;
use crate::rng::Rng;

bytes! { Hash = 24; }

/// Bytes of a listpack entry besides its data, at most.
const ENTRY_EXTRA: usize = 10;

/// A hash.
#[derive(Debug, Clone, Hash)]
pub struct Hash(Repr);

#[derive(Debug, Clone, Hash)]
enum Repr {
    Packed(Listpack),
    Table(Box<Table<FieldEntry>>),
}

/// A field and its value, in a hash that is a table.
#[derive(Debug, Clone, Hash)]
pub struct FieldEntry {
    field: SmallBytes,
    value: SmallBytes,
}

impl Entry for FieldEntry {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.field
    }
}

/// Why loaded data is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashError {
    /// A field without a value.
    Odd,
    /// The same field twice.
    Duplicate,
}

impl std::fmt::Display for HashError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Odd => "a hash's last field has no value",
            Self::Duplicate => "a hash has the same field twice",
        })
    }
}

impl std::error::Error for HashError {}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl Hash {
    /// An empty hash.
    pub fn new() -> Self {
        Self(Repr::Packed(Listpack::new()))
    }

    /// An empty hash that will hold `fields` fields, ready as a table if these are too many for a
    /// listpack.
    pub fn with_capacity(fields: usize, limits: &EncodingLimits, hasher: Hasher) -> Self {
        if fields <= limits.hash_entries {
            return Self::new();
        }
        let mut table = Table::with_hasher(hasher);
        table.reserve(fields);
        Self(Repr::Table(Box::new(table)))
    }

    /// A hash of the fields and values of a listpack from outside.
    ///
    /// # Errors
    /// A field has no value, or is there twice.
    pub fn from_listpack(
        listpack: Listpack,
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> Result<Self, HashError> {
        let len = listpack.len();
        if len % 2 == 1 {
            return Err(HashError::Odd);
        }
        if len / 2 > limits.hash_entries {
            return table_of(&listpack, hasher).map(|table| Self(Repr::Table(table)));
        }
        let mut fields: Vec<SmallBytes> = Vec::with_capacity(len / 2);
        let elements = listpack.iter().step_by(2);
        elements.for_each(|field| fields.push(SmallBytes::new(field.as_bytes(&mut IntBuf::new()))));
        fields.sort_unstable();
        if fields.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(HashError::Duplicate);
        }
        Ok(Self(Repr::Packed(listpack)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Packed(packed) => packed.len() / 2,
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of its encoding in `OBJECT ENCODING`.
    pub fn encoding(&self) -> &'static str {
        match self.0 {
            Repr::Packed(_) => "listpack",
            Repr::Table(_) => "hashtable",
        }
    }

    /// The listpack, if that is what it is.
    pub fn listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Repr::Packed(packed) => Some(packed),
            Repr::Table(_) => None,
        }
    }

    /// Bytes on the heap, the hash's own struct included.
    pub fn memory(&self) -> usize {
        Self::BYTES
            + match &self.0 {
                Repr::Packed(packed) => packed.capacity(),
                Repr::Table(table) => {
                    let heap = |e: &FieldEntry| e.field.heap_memory() + e.value.heap_memory();
                    TABLE_BYTES + table.memory() + table.iter().map(heap).sum::<usize>()
                }
            }
    }

    // Reading.

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<Elem<'_>> {
        match &self.0 {
            Repr::Packed(packed) => {
                let value = packed.next(find(packed, field)?)?;
                Some(packed.get(value))
            }
            Repr::Table(table) => table.get(field).map(|entry| Elem::Bytes(&entry.value)),
        }
    }

    /// Whether there is such a field.
    pub fn contains(&self, field: &[u8]) -> bool {
        match &self.0 {
            Repr::Packed(packed) => find(packed, field).is_some(),
            Repr::Table(table) => table.get_id(field).is_some(),
        }
    }

    /// All fields with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Elem<'_>, Elem<'_>)> {
        let (packed, table) = match &self.0 {
            Repr::Packed(packed) => (Some(Pairs(packed.iter())), None),
            Repr::Table(table) => (None, Some(table.iter().map(FieldEntry::pair))),
        };
        packed.into_iter().flatten().chain(table.into_iter().flatten())
    }

    /// A field chosen at random, with its value; `None` only of an empty hash.
    pub fn random(&self, rng: &mut Rng) -> Option<(Elem<'_>, Elem<'_>)> {
        match &self.0 {
            Repr::Packed(packed) => {
                let field = packed.seek(rng.below(self.len() as u64) as i64 * 2)?;
                Some((packed.get(field), packed.get(packed.next(field)?)))
            }
            Repr::Table(table) => table.random(rng).map(FieldEntry::pair),
        }
    }

    /// Calls `visit` for about `count` fields from `cursor` on and returns the next cursor, as
    /// [`Table::scan`]. A listpack is visited whole.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(Elem<'_>, Elem<'_>),
    ) -> u64 {
        match &self.0 {
            Repr::Packed(packed) => {
                Pairs(packed.iter()).for_each(|(field, value)| visit(field, value));
                0
            }
            Repr::Table(table) => table.scan(cursor, count, |_, entry| {
                let (field, value) = entry.pair();
                visit(field, value);
            }),
        }
    }

    // Saving.

    /// The type it has in an RDB file of the writer's version.
    pub fn rdb_type(&self, writer: &Writer) -> u8 {
        match self.0 {
            Repr::Packed(_) if writer.knows(value_type::HASH_LISTPACK) => value_type::HASH_LISTPACK,
            _ => value_type::HASH,
        }
    }

    /// Writes what follows the key in an RDB file, as [`Hash::rdb_type`].
    pub fn save(&self, writer: &mut Writer, part: Part) -> Option<Part> {
        match &self.0 {
            Repr::Packed(packed) if writer.knows(value_type::HASH_LISTPACK) => {
                writer.listpack(packed);
                None
            }
            Repr::Packed(packed) => {
                writer.length(self.len() as u64);
                packed.iter().for_each(|elem| writer.elem(elem));
                None
            }
            Repr::Table(table) => {
                if part.is_first() {
                    writer.length(table.len() as u64);
                }
                part.write(writer, table.iter_ids_from(part.from), |writer, entry| {
                    writer.string(&entry.field);
                    writer.string(&entry.value);
                })
            }
        }
    }

    /// Into how many parts [`Hash::save`] can be divided.
    pub fn parts(&self) -> usize {
        match &self.0 {
            Repr::Packed(_) => 1,
            Repr::Table(table) => table.len(),
        }
    }

    // Changing.

    /// Gives a field a value. Returns whether the field is new. `hasher` is for the
    /// table it may become.
    #[inline]
    pub fn set(
        &mut self,
        field: &[u8],
        value: &[u8],
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> bool {
        if let Repr::Packed(packed) = &mut self.0 {
            if field.len() <= limits.hash_value
                && value.len() <= limits.hash_value
                && packed.has_room(field.len() + value.len() + ENTRY_EXTRA)
            {
                let new = set_packed(packed, field, value);
                if packed.len() / 2 > limits.hash_entries {
                    self.make_table(hasher);
                }
                return new;
            }
            self.make_table(hasher);
        }
        let Repr::Table(table) = &mut self.0 else { return false };
        let hash = table.hash(field);
        let value = SmallBytes::new(value);
        if let Some(entry) = table.find(hash, field).and_then(|id| table.by_id_mut(id)) {
            entry.value = value;
            return false;
        }
        table.insert_new(hash, FieldEntry { field: SmallBytes::new(field), value });
        true
    }

    /// Takes a field out. Returns whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Packed(packed) => match find(packed, field) {
                Some(at) => {
                    packed.remove_run(at, 2);
                    true
                }
                None => false,
            },
            Repr::Table(table) => table.remove(field).is_some(),
        }
    }

    #[cold]
    fn make_table(&mut self, hasher: Hasher) {
        if let Repr::Packed(packed) = &self.0
            && let Ok(table) = table_of(packed, hasher)
        {
            self.0 = Repr::Table(table);
        }
    }
}

impl FieldEntry {
    fn pair(&self) -> (Elem<'_>, Elem<'_>) {
        (Elem::Bytes(&self.field), Elem::Bytes(&self.value))
    }
}

/// Fields and values of a listpack in turn.
struct Pairs<'a>(ListpackIter<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (Elem<'a>, Elem<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }
}

/// Where a field is.
#[inline]
fn find(packed: &Listpack, field: &[u8]) -> Option<Pos> {
    packed.find(field, packed.first(), 1)
}

fn set_packed(packed: &mut Listpack, field: &[u8], value: &[u8]) -> bool {
    if let Some(at) = find(packed, field).and_then(|at| packed.next(at)) {
        packed.replace(at, value);
        return false;
    }
    packed.push_back(field);
    packed.push_back(value);
    true
}

fn table_of(packed: &Listpack, hasher: Hasher) -> Result<Box<Table<FieldEntry>>, HashError> {
    let mut table = Table::with_hasher(hasher);
    table.reserve(packed.len() / 2);
    for (field, value) in Pairs(packed.iter()) {
        let [field, value] =
            [field, value].map(|elem| SmallBytes::new(elem.as_bytes(&mut IntBuf::new())));
        if table.insert(FieldEntry { field, value }).is_some() {
            return Err(HashError::Duplicate);
        }
    }
    Ok(Box::new(table))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::rng::Rng;

    fn limits(hash_entries: usize) -> EncodingLimits {
        EncodingLimits { hash_entries, hash_value: 20, ..EncodingLimits::default() }
    }

    fn word() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => "[a-c]{0,2}".prop_map(String::into_bytes),
            2 => (-2_i64..200).prop_map(|value| value.to_string().into_bytes()),
            1 => any::<i64>().prop_map(|value| value.to_string().into_bytes()),
            1 => (18_usize..26).prop_map(|len| vec![b'x'; len]),
        ]
    }

    proptest! {
        #[test]
        fn a_hash_is_a_map(
            ops in prop::collection::vec((0..4, word(), word()), 0..120),
            entries in 1_usize..40,
        ) {
            let limits = limits(entries);
            let (mut hash, mut model) = (Hash::new(), BTreeMap::new());
            let mut was_table = false;
            for (kind, field, value) in ops {
                if kind == 0 {
                    prop_assert_eq!(hash.remove(&field), model.remove(&field).is_some());
                } else {
                    let new = model.insert(field.clone(), value.clone()).is_none();
                    prop_assert_eq!(hash.set(&field, &value, &limits, Hasher::new(7)), new);
                    was_table |= model.len() > entries || field.len() > 20 || value.len() > 20;
                }
                prop_assert_eq!(hash.get(&field).map(|e| e.to_vec()), model.get(&field).cloned());
                prop_assert_eq!(hash.contains(&field), model.contains_key(&field));
                prop_assert_eq!(hash.len(), model.len());
                prop_assert_eq!(hash.encoding() == "hashtable", was_table);
            }
            let all: BTreeMap<_, _> = hash.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect();
            prop_assert_eq!(&all, &model);
            let mut scanned = BTreeMap::new();
            let mut cursor = 0;
            loop {
                cursor = hash.scan(cursor, 3, |f, v| { scanned.insert(f.to_vec(), v.to_vec()); });
                if cursor == 0 { break; }
            }
            prop_assert_eq!(&scanned, &model);
            let random = hash.random(&mut Rng::new(entries as u64));
            let random = random.map(|(f, v)| (f.to_vec(), v.to_vec()));
            match random {
                Some((field, value)) => prop_assert_eq!(model.get(&field), Some(&value)),
                None => prop_assert!(model.is_empty()),
            }
        }
    }

    fn packed(elements: &[&str]) -> Listpack {
        elements.iter().map(|e| e.as_bytes()).collect()
    }

    #[test]
    fn loaded_listpacks_are_checked() {
        let load = |elements: &[&str], entries| {
            Hash::from_listpack(packed(elements), &limits(entries), Hasher::new(1))
                .map(|hash| (hash.len(), hash.encoding()))
        };
        assert_eq!(load(&["a", "1", "b", "2"], 2), Ok((2, "listpack")));
        assert_eq!(load(&["a", "1", "b", "2"], 1), Ok((2, "hashtable")));
        assert_eq!(load(&["a", "1", "b"], 2), Err(HashError::Odd));
        assert_eq!(load(&["7", "1", "7", "2"], 2), Err(HashError::Duplicate));
        assert_eq!(load(&["7", "1", "7", "2"], 1), Err(HashError::Duplicate));
    }
}
