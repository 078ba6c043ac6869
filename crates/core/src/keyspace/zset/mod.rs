//! Sorted sets: members in the order of their scores, equal scores in the order of the bytes.
//!
//! A small one is a listpack of members and scores alternating, as in Redis. A large one is a hash
//! table of members with their scores beside a tree of (score, member id), see [`tree`].
//!
//! # Invariants
//!
//! * No score is NaN; no member is there twice.
//! * A listpack holds what Redis would have put there, so that it is saved as it is. Its scores are
//!   integers where they can be,
//!   else texts as `%.17g` writes them.

mod big;
mod load;
mod packed;
mod range;
mod tree;

use std::ops::Range;

pub use load::LoadError;
pub use range::{LexBound, LexRange, ScoreRange};

use self::big::Big;
use self::packed::Packed;
use super::table::Hasher;
use crate::config::EncodingLimits;
use crate::keyspace::size::bytes;
use crate::packed::{Elem, Listpack};
use crate::rng::Rng;

bytes! { ZSet = 24; }

/// A sorted set.
#[derive(Debug, Clone, Default, Hash)]
pub struct ZSet(Repr);

#[derive(Debug, Clone, Hash)]
enum Repr {
    Packed(Packed),
    Big(Box<Big>),
}

impl Default for Repr {
    fn default() -> Self {
        Self::Packed(Packed::new())
    }
}

/// Conditions of [`ZSet::add`], as ZADD's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AddOptions {
    /// The score is added to the present one.
    pub incr: bool,
    /// Only add new members.
    pub nx: bool,
    /// Only change members that are there.
    pub xx: bool,
    /// Only change to a greater score.
    pub gt: bool,
    /// Only change to a smaller score.
    pub lt: bool,
}

/// What [`ZSet::add`] did. The score is the member's after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Added {
    /// The member is new.
    New(f64),
    /// The member has another score now.
    Changed(f64),
    /// The member had this score before.
    Same(f64),
    /// The options forbid it.
    Refused,
    /// The sum would not be a number. Nothing changed.
    NotANumber,
}

impl AddOptions {
    /// The score a present member is to have; `Err` if that ends the matter.
    fn decide(self, current: f64, score: f64) -> Result<f64, Added> {
        if self.nx {
            return Err(Added::Refused);
        }
        let score = if self.incr { current + score } else { score };
        if score.is_nan() {
            return Err(Added::NotANumber);
        }
        if (self.lt && score >= current) || (self.gt && score <= current) {
            return Err(Added::Refused);
        }
        if score == current { Err(Added::Same(current)) } else { Ok(score) }
    }
}

impl ZSet {
    /// An empty sorted set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Packed(packed) => packed.len(),
            Repr::Big(big) => big.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What `OBJECT ENCODING` answers.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
            Repr::Packed(_) => "listpack",
            Repr::Big(_) => "skiplist",
        }
    }

    /// Bytes of memory it takes, without its own 24 or so.
    pub fn memory(&self) -> usize {
        match &self.0 {
            Repr::Packed(packed) => packed.list().capacity(),
            Repr::Big(big) => big.memory(),
        }
    }

    /// The score of a member.
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.0 {
            Repr::Packed(packed) => packed.find(member).map(|found| found.score),
            Repr::Big(big) => big.score(member),
        }
    }

    /// As [`ZSet::score`], for a member from another collection.
    pub fn score_of(&self, member: Elem<'_>) -> Option<f64> {
        self.score(member.as_bytes(&mut crate::resp::reply::IntBuf::new()))
    }

    /// How many members come before this one.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.0 {
            Repr::Packed(packed) => packed.find(member).map(|found| found.rank),
            Repr::Big(big) => big.rank(member),
        }
    }

    /// Adds a member or changes its score. A score that is NaN is refused.
    pub fn add(
        &mut self,
        member: &[u8],
        score: f64,
        options: AddOptions,
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> Added {
        if score.is_nan() {
            return Added::NotANumber;
        }
        if let Repr::Packed(packed) = &mut self.0 {
            if let Some(found) = packed.find(member) {
                return match options.decide(found.score, score) {
                    Ok(score) => {
                        packed.remove(&found);
                        packed.insert(member, score);
                        Added::Changed(score)
                    }
                    Err(answer) => answer,
                };
            }
            if options.xx {
                return Added::Refused;
            }
            let fits = packed.len() < limits.zset_entries
                && member.len() <= limits.zset_value
                && packed.list().has_room(member.len());
            if fits {
                packed.insert(member, score);
                return Added::New(score);
            }
            self.convert(hasher);
        }
        match &mut self.0 {
            Repr::Big(big) => big.add(member, score, options),
            Repr::Packed(_) => unreachable!("it was just converted"),
        }
    }

    /// Takes a member out, and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match &mut self.0 {
            Repr::Packed(packed) => {
                let found = packed.find(member)?;
                packed.remove(&found);
                Some(found.score)
            }
            Repr::Big(big) => big.remove(member),
        }
    }

    /// Takes the members at these ranks out.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        match &mut self.0 {
            Repr::Packed(packed) => packed.remove_ranks(ranks),
            Repr::Big(big) => big.remove_ranks(ranks),
        }
    }

    /// The members at these ranks with their scores, in order; walk backwards with `rev`.
    pub fn range(&self, ranks: Range<usize>) -> Members<'_> {
        match &self.0 {
            Repr::Packed(packed) => Members::Packed(packed.range(ranks)),
            Repr::Big(big) => Members::Big(big.range(ranks)),
        }
    }

    /// All members with their scores, in order.
    pub fn iter(&self) -> Members<'_> {
        self.range(0..self.len())
    }

    /// All members in any order, which is faster for large sets.
    pub fn iter_unordered(&self) -> Box<dyn Iterator<Item = (Elem<'_>, f64)> + '_> {
        match &self.0 {
            Repr::Packed(packed) => Box::new(packed.range(0..packed.len())),
            Repr::Big(big) => Box::new(big.iter_unordered()),
        }
    }

    /// The ranks of the members with a score in this range.
    pub fn ranks_by_score(&self, range: &ScoreRange) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let (start, end) = match &self.0 {
            Repr::Packed(packed) => (
                packed.count_while(|_, score| range.is_below(score)),
                packed.count_while(|_, score| !range.is_above(score)),
            ),
            Repr::Big(big) => (
                big.count_while(|_, score| range.is_below(score)),
                big.count_while(|_, score| !range.is_above(score)),
            ),
        };
        start..end.max(start)
    }

    /// The ranks of the members in this range of bytes. Meaningful if all scores are equal.
    pub fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        match &self.0 {
            Repr::Packed(packed) => packed.ranks_by_lex(range),
            Repr::Big(big) => {
                let start = big.count_while(|member, _| range.is_below(member));
                let end = big.count_while(|member, _| !range.is_above(member));
                start..end.max(start)
            }
        }
    }

    /// A member chosen at random, each with the same chance.
    pub fn random(&self, rng: &mut Rng) -> Option<(Elem<'_>, f64)> {
        let rank = rng.below(self.len() as u64) as usize;
        self.range(rank..rank + 1).next()
    }

    /// Calls `visit` for some members from `cursor` on and returns the next cursor, as `ZSCAN`. A
    /// listpack is visited at once.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(Elem<'_>, f64)) -> u64 {
        match &self.0 {
            Repr::Packed(packed) => {
                packed.range(0..packed.len()).for_each(|(member, score)| visit(member, score));
                0
            }
            Repr::Big(big) => big.scan(cursor, count, visit),
        }
    }

    /// The listpack, if it is one.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.0 {
            Repr::Packed(packed) => Some(packed.list()),
            Repr::Big(_) => None,
        }
    }

    /// Leaves the listpack for a skiplist, if it is not one already.
    pub fn convert(&mut self, hasher: Hasher) {
        let Repr::Packed(packed) = &self.0 else { return };
        let members = packed.range(0..packed.len());
        self.0 = Repr::Big(Box::new(Big::from_ordered(members, hasher)));
    }
}

/// Members with their scores, in order.
#[derive(Debug, Clone)]
pub enum Members<'a> {
    #[doc(hidden)]
    Packed(packed::Pairs<'a>),
    #[doc(hidden)]
    Big(big::Members<'a>),
}

impl<'a> Iterator for Members<'a> {
    type Item = (Elem<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(pairs) => pairs.next(),
            Self::Big(members) => members.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Packed(pairs) => pairs.size_hint(),
            Self::Big(members) => members.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Packed(pairs) => pairs.next_back(),
            Self::Big(members) => members.next_back(),
        }
    }
}

impl ExactSizeIterator for Members<'_> {}

#[cfg(test)]
mod tests;
