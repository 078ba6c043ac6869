//! Sets: an intset while all members are integers and few, as Redis 7.0; else a hash table.
//!
//! # Invariants
//!
//! * An intset has at most `set-max-intset-entries` members after an addition; a table never
//!   becomes an intset again.

use super::small::SmallBytes;
use super::table::{Entry, Hasher, TABLE_BYTES, Table};
use super::zset::LoadError;
use crate::config::EncodingLimits;
use crate::keyspace::size::bytes;
use crate::keyspace::value::Part;
use crate::num::parse_i64;
use crate::packed::{Elem, Intset, IntsetIter};
use crate::rdb::Writer;
use crate::rdb::format::value_type;
use crate::resp::reply::IntBuf;
use crate::rng::Rng;

bytes! { Set = 24; }

/// A set.
#[derive(Debug, Clone, Default, Hash)]
pub struct Set(Repr);

#[derive(Debug, Clone, Hash)]
enum Repr {
    Ints(Intset),
    Table(Box<Table<Member>>),
}

#[derive(Debug, Clone, Hash)]
struct Member(SmallBytes);

impl Entry for Member {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.0
    }
}

impl Default for Repr {
    fn default() -> Self {
        Self::Ints(Intset::new())
    }
}

impl Set {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of members, as an RDB file holds them.
    ///
    /// # Errors
    /// A member comes twice.
    pub fn from_members(
        members: impl ExactSizeIterator<Item = Vec<u8>>,
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> Result<Self, LoadError> {
        let mut set = Self::new();
        let len = members.len();
        if len > limits.set_intset_entries {
            let mut table = Table::with_hasher(hasher);
            table.reserve(len);
            set.0 = Repr::Table(Box::new(table));
        }
        for member in members {
            if !set.add(&member, limits, hasher) {
                return Err(LoadError::Duplicate(member));
            }
        }
        Ok(set)
    }

    /// A set from an intset, which it remains if it is within the limit.
    pub fn from_intset(ints: Intset, limits: &EncodingLimits, hasher: Hasher) -> Self {
        let convert = ints.len() > limits.set_intset_entries;
        let mut set = Self(Repr::Ints(ints));
        if convert {
            set.convert(hasher);
        }
        set
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Ints(ints) => ints.len(),
            Repr::Table(table) => table.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `OBJECT ENCODING` answers.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Repr::Ints(_) => "intset",
            Repr::Table(_) => "hashtable",
        }
    }

    /// Bytes of memory it takes, without its own 24.
    pub fn memory(&self) -> usize {
        match &self.0 {
            Repr::Ints(ints) => ints.capacity(),
            Repr::Table(table) => {
                let heap: usize = table.iter().map(|member| member.0.heap_memory()).sum();
                TABLE_BYTES + table.memory() + heap
            }
        }
    }

    /// The intset, if it is one.
    pub fn as_intset(&self) -> Option<&Intset> {
        match &self.0 {
            Repr::Ints(ints) => Some(ints),
            Repr::Table(_) => None,
        }
    }

    /// Whether this is a member.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.0 {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|value| ints.contains(value)),
            Repr::Table(table) => table.get_id(member).is_some(),
        }
    }

    /// As [`Set::contains`], for a member of another collection.
    pub fn contains_elem(&self, member: Elem<'_>) -> bool {
        match (&self.0, member) {
            (Repr::Ints(ints), Elem::Int(value)) => ints.contains(value),
            _ => self.contains(member.as_bytes(&mut IntBuf::new())),
        }
    }

    /// Adds a member; false if it was there.
    pub fn add(&mut self, member: &[u8], limits: &EncodingLimits, hasher: Hasher) -> bool {
        if let Repr::Ints(ints) = &mut self.0 {
            let Some(value) = parse_i64(member) else {
                self.convert(hasher);
                return self.add(member, limits, hasher);
            };
            let new = ints.insert(value);
            if new && ints.len() > limits.set_intset_entries {
                self.convert(hasher);
            }
            return new;
        }
        let Repr::Table(table) = &mut self.0 else { return false };
        let hash = table.hash(member);
        if table.find(hash, member).is_some() {
            return false;
        }
        table.insert_new(hash, Member(SmallBytes::new(member)));
        true
    }

    /// As [`Set::add`], for a member of another collection.
    pub fn add_elem(&mut self, member: Elem<'_>, limits: &EncodingLimits, hasher: Hasher) -> bool {
        self.add(member.as_bytes(&mut IntBuf::new()), limits, hasher)
    }

    /// Takes a member out; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.0 {
            Repr::Ints(ints) => parse_i64(member).is_some_and(|value| ints.remove(value)),
            Repr::Table(table) => table.remove(member).is_some(),
        }
    }

    /// All members; integers of an intset ascend.
    pub fn iter(&self) -> Members<'_> {
        match &self.0 {
            Repr::Ints(ints) => Members::Ints(ints.iter()),
            Repr::Table(table) => Members::Table(Box::new(table.iter().map(|member| &*member.0))),
        }
    }

    /// A member chosen at random, each with the same chance.
    pub fn random(&self, rng: &mut Rng) -> Option<Elem<'_>> {
        match &self.0 {
            Repr::Ints(ints) => ints.get(rng.below(ints.len() as u64) as usize).map(Elem::Int),
            Repr::Table(table) => table.random(rng).map(|member| Elem::Bytes(&member.0)),
        }
    }

    /// Calls `visit` for some members from `cursor` on and returns the next cursor, as `SSCAN`. An
    /// intset is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Elem<'_>)) -> u64 {
        match &self.0 {
            Repr::Ints(ints) => {
                ints.iter().for_each(|value| visit(Elem::Int(value)));
                0
            }
            Repr::Table(table) => {
                table.scan(cursor, count, |_, member| visit(Elem::Bytes(&member.0)))
            }
        }
    }

    /// The type it has in an RDB file, the same in every version.
    pub fn rdb_type(&self, _: &Writer) -> u8 {
        match self.0 {
            Repr::Ints(_) => value_type::SET_INTSET,
            Repr::Table(_) => value_type::SET,
        }
    }

    /// Writes what follows the key in an RDB file, as [`Set::rdb_type`].
    pub fn save(&self, writer: &mut Writer, part: Part) -> Option<Part> {
        match &self.0 {
            Repr::Ints(ints) => {
                writer.intset(ints);
                None
            }
            Repr::Table(table) => {
                if part.is_first() {
                    writer.length(table.len() as u64);
                }
                part.write(writer, table.iter_ids_from(part.from), |writer, member| {
                    writer.string(&member.0);
                })
            }
        }
    }

    /// Into how many parts [`Set::save`] can be divided.
    pub fn parts(&self) -> usize {
        match &self.0 {
            Repr::Ints(_) => 1,
            Repr::Table(table) => table.len(),
        }
    }

    fn convert(&mut self, hasher: Hasher) {
        let Repr::Ints(ints) = &self.0 else { return };
        let mut table = Table::with_hasher(hasher);
        table.reserve(ints.len() + 1);
        let mut digits = IntBuf::new();
        for value in ints {
            let member = digits.format(value);
            table.insert_new(hasher.hash(member), Member(SmallBytes::new(member)));
        }
        self.0 = Repr::Table(Box::new(table));
    }
}

/// Members of a set.
pub enum Members<'a> {
    #[doc(hidden)]
    Ints(IntsetIter<'a>),
    #[doc(hidden)]
    Table(Box<dyn Iterator<Item = &'a [u8]> + 'a>),
}

impl<'a> Iterator for Members<'a> {
    type Item = Elem<'a>;

    fn next(&mut self) -> Option<Elem<'a>> {
        match self {
            Self::Ints(ints) => ints.next().map(Elem::Int),
            Self::Table(members) => members.next().map(Elem::Bytes),
        }
    }
}

impl std::fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(4)
    }

    fn member() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => (-30..30_i64).prop_map(|n| n.to_string().into_bytes()),
            1 => any::<i64>().prop_map(|n| n.to_string().into_bytes()),
            1 => "[a-c0]{0,3}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(
            steps in prop::collection::vec((any::<bool>(), member()), 0..120),
            entries in 0..60_usize
        ) {
            let limits = EncodingLimits { set_intset_entries: entries, ..Default::default() };
            let (mut set, mut model) = (Set::new(), BTreeSet::new());
            for (add, member) in steps {
                if add {
                    let done = set.add(&member, &limits, hasher());
                    prop_assert_eq!(done, model.insert(member));
                } else {
                    prop_assert_eq!(set.remove(&member), model.remove(&member));
                }
                prop_assert_eq!(set.len(), model.len());
                if set.as_intset().is_some() {
                    prop_assert!(set.len() <= entries);
                }
            }
            let found: BTreeSet<Vec<u8>> = set.iter().map(|member| member.to_vec()).collect();
            prop_assert_eq!(&found, &model);
            prop_assert!(model.iter().all(|member| set.contains(member)));
            let mut scanned = BTreeSet::new();
            let mut cursor = 0;
            loop {
                cursor = set.scan(cursor, 3, |member| { scanned.insert(member.to_vec()); });
                if cursor == 0 { break; }
            }
            prop_assert_eq!(&scanned, &model);
            let members: Vec<_> = set.iter().map(|m| m.to_vec()).collect();
            let again = Set::from_members(members.into_iter(), &limits, hasher());
            prop_assert_eq!(again.unwrap().len(), model.len());
            if let Some(member) = set.random(&mut crate::rng::Rng::new(1)) {
                prop_assert!(model.contains(&member.to_vec()));
            }
        }
    }

    #[test]
    fn the_encoding_follows_redis() {
        let limits = EncodingLimits { set_intset_entries: 3, ..Default::default() };
        let mut set = Set::new();
        for n in ["3", "-1", "70000"] {
            assert!(set.add(n.as_bytes(), &limits, hasher()));
        }
        assert_eq!(set.encoding(), "intset");
        let ints = set.as_intset().unwrap().clone();
        assert_eq!(Set::from_intset(ints.clone(), &limits, hasher()).encoding(), "intset");
        let fewer = EncodingLimits { set_intset_entries: 2, ..Default::default() };
        assert_eq!(Set::from_intset(ints, &fewer, hasher()).encoding(), "hashtable");
        assert!(!set.contains(b"03") && !set.remove(b"x"));
        assert!(set.clone().add(b"x", &limits, hasher()));
        assert!(set.add(b"4", &limits, hasher()));
        assert_eq!(set.encoding(), "hashtable");
        set.remove(b"4");
        assert_eq!(set.encoding(), "hashtable");
        let twice = [b"a".to_vec(), b"b".to_vec(), b"a".to_vec()];
        let error = Set::from_members(twice.into_iter(), &limits, hasher()).unwrap_err();
        assert_eq!(error, LoadError::Duplicate(b"a".to_vec()));
    }
}
