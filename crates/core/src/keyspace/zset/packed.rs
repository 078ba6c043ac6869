//! A small sorted set: a listpack of members and scores, in order.

use std::ops::Range;

use super::range::LexRange;
use crate::packed::{Elem, Listpack, ListpackIter, Pos};
use crate::resp::reply::{IntBuf, format_double};

#[derive(Debug, Clone, Hash)]
pub(super) struct Packed(Listpack);

/// A member that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) rank: usize,
    pub(super) score: f64,
    pos: Pos,
}

impl Packed {
    pub(super) fn new() -> Self {
        Self(Listpack::new())
    }

    /// Takes a listpack whose pairs are known to be in order, without NaN or duplicates.
    pub(super) fn from_listpack(list: Listpack) -> Self {
        Self(list)
    }

    pub(super) fn list(&self) -> &Listpack {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len() / 2
    }

    pub(super) fn find(&self, member: &[u8]) -> Option<Found> {
        let as_int = crate::num::parse_i64(member);
        let mut pos = self.0.first();
        let mut rank = 0;
        while let Some(at) = pos {
            let score = self.0.next(at)?;
            let same = match self.0.get(at) {
                Elem::Bytes(bytes) => bytes == member,
                Elem::Int(value) => as_int == Some(value),
            };
            if same {
                return Some(Found { rank, score: score_of(self.0.get(score)), pos: at });
            }
            rank += 1;
            pos = self.0.next(score);
        }
        None
    }

    pub(super) fn remove(&mut self, found: &Found) {
        self.0.remove_run(found.pos, 2);
    }

    /// Adds a member that is not there.
    pub(super) fn insert(&mut self, member: &[u8], score: f64) {
        let text;
        let score_elem = match as_integer(score) {
            Some(value) => Elem::Int(value),
            None => {
                text = format_double(score);
                Elem::Bytes(text.as_bytes())
            }
        };
        match self.place(member, score) {
            None => {
                self.0.push_back(member);
                self.0.push_back(score_elem);
            }
            Some(pos) => {
                let pos = self.0.insert_before(pos, member);
                self.0.insert_after(pos, score_elem);
            }
        }
    }

    /// Adds a member that is known to come last.
    pub(super) fn push(&mut self, member: Elem<'_>, score: f64) {
        self.0.push_back(member);
        match as_integer(score) {
            Some(value) => self.0.push_back(value),
            None => self.0.push_back(Elem::Bytes(format_double(score).as_bytes())),
        }
    }

    /// The first member that comes after this one.
    fn place(&self, member: &[u8], score: f64) -> Option<Pos> {
        let mut pos = self.0.first();
        while let Some(at) = pos {
            let score_at = self.0.next(at)?;
            let other = score_of(self.0.get(score_at));
            let mut digits = IntBuf::new();
            if other > score || (other == score && self.0.get(at).as_bytes(&mut digits) > member) {
                return Some(at);
            }
            pos = self.0.next(score_at);
        }
        None
    }

    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) {
        if !ranks.is_empty() {
            self.0.remove_range(2 * ranks.start as i64, 2 * ranks.len());
        }
    }

    pub(super) fn range(&self, ranks: Range<usize>) -> Pairs<'_> {
        let len = self.len();
        let end = ranks.end.min(len);
        let start = ranks.start.min(end);
        Pairs { elems: self.0.iter(), skip: start, skip_back: len - end, left: end - start }
    }

    /// How many leading pairs satisfy `test`.
    pub(super) fn count_while(&self, mut test: impl FnMut(Elem<'_>, f64) -> bool) -> usize {
        self.range(0..self.len()).take_while(|&(member, score)| test(member, score)).count()
    }

    /// As Redis finds them, walking: where scores differ, what comes after the first member that
    /// is out of the range is not looked at.
    pub(super) fn ranks_by_lex(&self, range: &LexRange<'_>) -> Range<usize> {
        let len = self.len();
        let last = self.range(len.saturating_sub(1)..len).next();
        if last.is_none_or(|(member, _)| range.is_below(member)) {
            return 0..0;
        }
        let start = self.count_while(|member, _| range.is_below(member));
        let within = self.range(start..len).take_while(|&(member, _)| !range.is_above(member));
        start..start + within.count()
    }
}

/// The score as the integer that Redis stores in its place, negative zero as zero.
fn as_integer(score: f64) -> Option<i64> {
    let limit = (i64::MAX / 2) as f64;
    (score.abs() <= limit && score.trunc() == score).then_some(score as i64)
}

fn score_of(elem: Elem<'_>) -> f64 {
    elem.as_f64().unwrap_or(0.0)
}

/// Pairs of a listpack. The ends are walked to when they are first needed.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    elems: ListpackIter<'a>,
    skip: usize,
    skip_back: usize,
    left: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Elem<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        for _ in 0..2 * std::mem::take(&mut self.skip) {
            self.elems.next();
        }
        let member = self.elems.next()?;
        Some((member, score_of(self.elems.next()?)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        for _ in 0..2 * std::mem::take(&mut self.skip_back) {
            self.elems.next_back();
        }
        let score = score_of(self.elems.next_back()?);
        Some((self.elems.next_back()?, score))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
