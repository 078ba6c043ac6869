//! A large sorted set: a table of members and a tree of their order.

use std::hash::{self, Hash};
use std::ops::Range;

use super::tree::{Item, Items, Tree};
use super::{AddOptions, Added};
use crate::keyspace::size::{Bytes, bytes};
use crate::keyspace::small::SmallBytes;
use crate::keyspace::table::{Entry, Hasher, Table};
use crate::packed::Elem;

bytes! { Big = 312; }

#[derive(Debug, Clone)]
struct Member {
    bytes: SmallBytes,
    score: f64,
}

impl Hash for Member {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
        self.score.to_bits().hash(state);
    }
}

impl Entry for Member {
    #[inline]
    fn key(&self) -> &[u8] {
        &self.bytes
    }
}

#[derive(Debug, Clone, Hash)]
pub(super) struct Big {
    members: Table<Member>,
    order: Tree,
}

/// Whether an item of the tree comes before a member with this score.
#[inline]
fn before(table: &Table<Member>, item: Item, score: f64, member: &[u8]) -> bool {
    item.score < score || (item.score == score && bytes_of(table, item.id) < member)
}

/// Whether an item of the tree is a member with this score, or comes before it.
#[inline]
fn upto(table: &Table<Member>, item: Item, score: f64, member: &[u8]) -> bool {
    item.score < score || (item.score == score && bytes_of(table, item.id) <= member)
}

#[inline]
fn bytes_of(table: &Table<Member>, id: u32) -> &[u8] {
    table.by_id(id).map_or(&[], |entry| entry.key())
}

impl Big {
    /// A set of members that come in order and are all different.
    pub(super) fn from_ordered<'a>(
        members: impl ExactSizeIterator<Item = (Elem<'a>, f64)>,
        hasher: Hasher,
    ) -> Self {
        let mut table = Table::with_hasher(hasher);
        table.reserve(members.len());
        let mut items = Vec::with_capacity(members.len());
        for (member, score) in members {
            let bytes = SmallBytes::from(member.to_vec());
            let hash = table.hash(&bytes);
            items.push(Item { score, id: table.insert_new(hash, Member { bytes, score }) });
        }
        Self { members: table, order: Tree::from_sorted(&items) }
    }

    /// A set of members in any order. `Err` gives back a member that comes twice.
    pub(super) fn from_unordered<B: AsRef<[u8]> + Into<SmallBytes>>(
        members: Vec<(B, f64)>,
        hasher: Hasher,
    ) -> Result<Self, Vec<u8>> {
        let mut table = Table::with_hasher(hasher);
        table.reserve(members.len());
        let mut items = Vec::with_capacity(members.len());
        for (member, score) in members {
            let bytes = member.into();
            let hash = table.hash(&bytes);
            if table.find(hash, &bytes).is_some() {
                return Err(bytes.to_vec());
            }
            let entry = Member { bytes, score };
            items.push(Item { score, id: table.insert_new(hash, entry) });
        }
        // Redis saves the highest score first.
        if items.first().is_some_and(|first| items[items.len() - 1].score < first.score) {
            items.reverse();
        }
        items.sort_unstable_by(|a, b| {
            let ties = || bytes_of(&table, a.id).cmp(bytes_of(&table, b.id));
            a.score.partial_cmp(&b.score).unwrap_or(std::cmp::Ordering::Equal).then_with(ties)
        });
        let order = Tree::from_sorted(&items);
        Ok(Self { members: table, order })
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn memory(&self) -> usize {
        let heap: usize = self.members.iter().map(|member| member.bytes.heap_memory()).sum();
        Self::BYTES + heap + self.members.memory() + self.order.memory()
    }

    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.get(member).map(|entry| entry.score)
    }

    pub(super) fn rank(&self, member: &[u8]) -> Option<usize> {
        let score = self.score(member)?;
        Some(self.order.rank(|item| before(&self.members, item, score, member)))
    }

    pub(super) fn add(&mut self, member: &[u8], score: f64, options: AddOptions) -> Added {
        let hash = self.members.hash(member);
        let Some(id) = self.members.find(hash, member) else {
            if options.xx {
                return Added::Refused;
            }
            let entry = Member { bytes: SmallBytes::new(member), score };
            let id = self.members.insert_new(hash, entry);
            self.place(id, member, score);
            return Added::New(score);
        };
        let current = self.members.by_id(id).map_or(0.0, |entry| entry.score);
        let score = match options.decide(current, score) {
            Ok(score) => score,
            Err(answer) => return answer,
        };
        let table = &self.members;
        if !self.order.update(score, |item| upto(table, item, current, member)) {
            self.order.remove(|item| upto(table, item, current, member));
            self.place(id, member, score);
        }
        if let Some(entry) = self.members.by_id_mut(id) {
            entry.score = score;
        }
        Added::Changed(score)
    }

    fn place(&mut self, id: u32, member: &[u8], score: f64) {
        let table = &self.members;
        self.order.insert(Item { score, id }, |item| before(table, item, score, member));
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let hash = self.members.hash(member);
        let id = self.members.find(hash, member)?;
        let score = self.members.by_id(id)?.score;
        let table = &self.members;
        self.order.remove(|item| upto(table, item, score, member));
        self.members.remove_id(hash, id);
        Some(score)
    }

    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        for item in self.order.remove_ranks(ranks) {
            let hash = self.members.hash(bytes_of(&self.members, item.id));
            self.members.remove_id(hash, item.id);
        }
    }

    pub(super) fn range(&self, ranks: Range<usize>) -> Members<'_> {
        Members { table: &self.members, items: self.order.range(ranks) }
    }

    pub(super) fn iter_unordered(&self) -> impl Iterator<Item = (Elem<'_>, f64)> {
        self.members.iter().map(|entry| (Elem::Bytes(&entry.bytes), entry.score))
    }

    /// How many leading members satisfy `test`, which must be true for a leading part.
    pub(super) fn count_while(&self, mut test: impl FnMut(Elem<'_>, f64) -> bool) -> usize {
        self.order.rank(|item| test(Elem::Bytes(bytes_of(&self.members, item.id)), item.score))
    }

    pub(super) fn scan(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(Elem<'_>, f64),
    ) -> u64 {
        self.members.scan(cursor, count, |_, entry| visit(Elem::Bytes(&entry.bytes), entry.score))
    }
}

/// Members of a large set with their scores, in order.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    table: &'a Table<Member>,
    items: Items<'a>,
}

impl<'a> Members<'a> {
    fn member(&self, item: Item) -> (Elem<'a>, f64) {
        (Elem::Bytes(bytes_of(self.table, item.id)), item.score)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Elem<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        self.items.next().map(|item| self.member(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.items.next_back().map(|item| self.member(item))
    }
}

impl ExactSizeIterator for Members<'_> {}
