//! Sorted sets from files, checked, and what a file needs of them.

use std::fmt;

use super::big::Big;
use super::packed::Packed;
use super::{Repr, ZSet};
use crate::config::EncodingLimits;
use crate::keyspace::small::SmallBytes;
use crate::keyspace::table::Hasher;
use crate::keyspace::value::Part;
use crate::packed::{Elem, Listpack};
use crate::rdb::Writer;
use crate::rdb::format::value_type;
use crate::resp::reply::IntBuf;

/// Why what a file holds is no set or sorted set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// This member is there twice.
    Duplicate(Vec<u8>),
    /// The score of this member is not a number.
    NotANumber(Vec<u8>),
    /// A listpack has a member without a score.
    Odd,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(member) => {
                write!(f, "the member \"{}\" is there twice", member.escape_ascii())
            }
            Self::NotANumber(member) => {
                write!(f, "the score of \"{}\" is not a number", member.escape_ascii())
            }
            Self::Odd => f.write_str("the last member has no score"),
        }
    }
}

impl std::error::Error for LoadError {}

impl ZSet {
    /// A sorted set of members in any order.
    ///
    /// # Errors
    /// A score is NaN, or a member comes twice.
    pub fn from_members<B: AsRef<[u8]> + Into<SmallBytes>>(
        members: Vec<(B, f64)>,
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> Result<Self, LoadError> {
        if let Some((member, _)) = members.iter().find(|(_, score)| score.is_nan()) {
            return Err(LoadError::NotANumber(member.as_ref().to_vec()));
        }
        let small = members.len() <= limits.zset_entries
            && members.iter().all(|(member, _)| member.as_ref().len() <= limits.zset_value)
            && members.iter().map(|m| m.0.as_ref().len() + 64).sum::<usize>() < Listpack::MAX_BYTES;
        if small {
            return Self::small(members);
        }
        let big = Big::from_unordered(members, hasher).map_err(LoadError::Duplicate)?;
        Ok(Self(Repr::Big(Box::new(big))))
    }

    fn small<B: AsRef<[u8]>>(mut members: Vec<(B, f64)>) -> Result<Self, LoadError> {
        let mut names: Vec<&[u8]> = members.iter().map(|m| m.0.as_ref()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(LoadError::Duplicate(twice[0].to_vec()));
        }
        members.sort_unstable_by(|a, b| {
            a.1.partial_cmp(&b.1)
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| a.0.as_ref().cmp(b.0.as_ref()))
        });
        let mut packed = Packed::new();
        for (member, score) in &members {
            packed.push(Elem::from(member.as_ref()), *score);
        }
        Ok(Self(Repr::Packed(packed)))
    }

    /// A sorted set from a listpack of members and scores: taken as it is if it is in order and
    /// within the limits.
    ///
    /// # Errors
    /// A member has no score, or one that is not a number, or a member comes twice.
    pub fn from_listpack(
        list: Listpack,
        limits: &EncodingLimits,
        hasher: Hasher,
    ) -> Result<Self, LoadError> {
        let len = list.len();
        if !len.is_multiple_of(2) {
            return Err(LoadError::Odd);
        }
        let ordered = check_pairs(&list)?;
        if ordered && len / 2 <= limits.zset_entries {
            return Ok(Self(Repr::Packed(Packed::from_listpack(list))));
        }
        let packed = Packed::from_listpack(list);
        if !ordered {
            let members: Vec<(Vec<u8>, f64)> =
                packed.range(0..len / 2).map(|(m, score)| (m.to_vec(), score)).collect();
            return Self::from_members(members, limits, hasher);
        }
        let big = Big::from_ordered(packed.range(0..len / 2), hasher);
        Ok(Self(Repr::Big(Box::new(big))))
    }
}

impl ZSet {
    /// The type it has in an RDB file of the writer's version.
    pub fn rdb_type(&self, writer: &Writer) -> u8 {
        match self.0 {
            Repr::Packed(_) if writer.knows(value_type::ZSET_LISTPACK) => value_type::ZSET_LISTPACK,
            _ if writer.knows(value_type::ZSET_2) => value_type::ZSET_2,
            _ => value_type::ZSET,
        }
    }

    /// Writes what follows the key in an RDB file, as [`ZSet::rdb_type`].
    pub fn save(&self, writer: &mut Writer, part: Part) -> Option<Part> {
        if let Repr::Packed(packed) = &self.0
            && writer.knows(value_type::ZSET_LISTPACK)
        {
            writer.listpack(packed.list());
            return None;
        }
        let binary = writer.knows(value_type::ZSET_2);
        if part.is_first() {
            writer.length(self.len() as u64);
        }
        // From the highest score down, as Redis: whoever loads it one by one always adds in front.
        let left = self.len().saturating_sub(part.from as usize);
        let members = (part.from..).zip(self.range(0..left).rev());
        part.write(writer, members, |writer, (member, score)| {
            writer.elem(member);
            if binary {
                writer.binary_double(score);
            } else {
                writer.text_double(score);
            }
        })
    }

    /// Into how many parts [`ZSet::save`] can be divided.
    pub fn parts(&self) -> usize {
        match &self.0 {
            Repr::Packed(_) => 1,
            Repr::Big(big) => big.len(),
        }
    }
}

/// Checks members and scores, and returns whether they are in order.
fn check_pairs(list: &Listpack) -> Result<bool, LoadError> {
    let mut elems = list.iter();
    let mut members = Vec::with_capacity(list.len() / 2);
    let mut ordered = true;
    let mut last: Option<(f64, Elem<'_>)> = None;
    while let (Some(member), Some(score)) = (elems.next(), elems.next()) {
        let score = score
            .as_f64()
            .filter(|score| !score.is_nan())
            .ok_or_else(|| LoadError::NotANumber(member.to_vec()))?;
        if let Some((before, other)) = last {
            ordered &= before < score || (before == score && compare(other, member).is_lt());
        }
        last = Some((score, member));
        members.push(member);
    }
    members.sort_unstable_by(|a, b| compare(*a, *b));
    match members.windows(2).find(|pair| compare(pair[0], pair[1]).is_eq()) {
        Some(twice) => Err(LoadError::Duplicate(twice[0].to_vec())),
        None => Ok(ordered),
    }
}

fn compare(a: Elem<'_>, b: Elem<'_>) -> std::cmp::Ordering {
    a.as_bytes(&mut IntBuf::new()).cmp(b.as_bytes(&mut IntBuf::new()))
}
