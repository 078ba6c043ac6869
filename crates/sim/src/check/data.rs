//! Datasets: what a node holds at a place of a history, as one number.
//!
//! The fingerprint is not that of `DEBUG DIGEST`, which costs a SHA-1 sum for every element: it is
//! taken after every change. Deadlines count with their milliseconds.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher as _;

use lockstep_core::id::ReplId;
use lockstep_core::keyspace::{Keyspace, Value};
use lockstep_core::packed::Elem;
use lockstep_core::resp::reply::IntBuf;

use super::{Promise, Violation};
use crate::fingerprint::StateHasher;
use crate::ids::NodeId;

/// Places remembered; the oldest are forgotten.
const PLACES_MAX: usize = 4_096;

/// Which dataset stood at which place.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    known: BTreeMap<(ReplId, u64), (u64, NodeId)>,
    order: VecDeque<(ReplId, u64)>,
}

impl Places {
    /// A node stands at a place with this dataset.
    pub(super) fn observe(
        &mut self,
        node: NodeId,
        (replid, offset): (ReplId, u64),
        data: u64,
    ) -> Result<(), Violation> {
        if let Some(&(known, other)) = self.known.get(&(replid, offset)) {
            if known == data {
                return Ok(());
            }
            let what = match other == node {
                true => format!("the dataset of {node} changed at offset {offset} of {replid}"),
                false => format!("{other} and {node} differ at offset {offset} of {replid}"),
            };
            return Err(Violation::new(Promise::EqualData, node, what));
        }
        self.known.insert((replid, offset), (data, node));
        self.order.push_back((replid, offset));
        if self.order.len() > PLACES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        Ok(())
    }
}

/// The dataset as one number. `exact`: deadlines count to the millisecond; else only whether there
/// is one, for before Redis 7 a relative time to live was streamed as such.
pub(super) fn fingerprint(keys: &Keyspace, exact: bool) -> u64 {
    let mut all = 0_u64;
    for db in (0..keys.databases()).filter(|db| !keys.is_empty(*db)) {
        for (key, value, expire_at) in keys.iter(db) {
            let mut one = StateHasher::default();
            one.write_u64(db as u64);
            add(&mut one, key);
            add_value(&mut one, value);
            one.write_u64(expire_at.map_or(0, |at| if exact { at } else { 1 }));
            all = all.wrapping_add(one.finish());
        }
    }
    all
}

fn add(hasher: &mut StateHasher, bytes: &[u8]) {
    hasher.write_u64(bytes.len() as u64);
    hasher.write(bytes);
}

fn element(elem: Elem<'_>) -> u64 {
    let mut digits = IntBuf::new();
    let mut hasher = StateHasher::default();
    add(&mut hasher, elem.as_bytes(&mut digits));
    hasher.finish()
}

/// Order counts in lists alone.
fn add_value(hasher: &mut StateHasher, value: &Value) {
    match value {
        Value::Str(text) => {
            hasher.write_u64(0);
            add(hasher, text.bytes());
        }
        Value::List(list) => {
            hasher.write_u64(1);
            list.iter().for_each(|elem| hasher.write_u64(element(elem)));
        }
        Value::Set(set) => {
            let sum = set.iter().fold(2, |sum: u64, elem| sum.wrapping_add(element(elem)));
            hasher.write_u64(sum);
        }
        Value::ZSet(zset) => {
            let pair = |(elem, score): (Elem<'_>, f64)| pair(element(elem), score.to_bits());
            hasher.write_u64(zset.iter_unordered().map(pair).fold(3, u64::wrapping_add));
        }
        Value::Hash(hash) => {
            let pair = |(field, value): (Elem<'_>, Elem<'_>)| pair(element(field), element(value));
            hasher.write_u64(hash.iter().map(pair).fold(4, u64::wrapping_add));
        }
    }
}

fn pair(a: u64, b: u64) -> u64 {
    let mut hasher = StateHasher::default();
    hasher.write_u64(a);
    hasher.write_u64(b);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use lockstep_core::keyspace::{Str, Ttl};

    use super::*;

    fn keys(seed: u64, pairs: &[(&str, &str, Ttl)]) -> Keyspace {
        let mut keys = Keyspace::new(seed, 2);
        for (key, value, ttl) in pairs {
            keys.insert(0, key.as_bytes(), Value::Str(Str::new(value.as_bytes())), *ttl);
        }
        keys
    }

    #[test]
    fn equal_datasets_have_one_fingerprint_however_they_came_to_be() {
        let (a, b) = (("a", "1", Ttl::Clear), ("b", "x", Ttl::At(70)));
        let expected = fingerprint(&keys(1, &[a, b]), true);
        assert_eq!(fingerprint(&keys(2, &[b, a]), true), expected);
        assert_ne!(fingerprint(&keys(1, &[a]), true), expected);
        assert_ne!(fingerprint(&keys(1, &[a, ("b", "y", b.2)]), true), expected);
    }

    #[test]
    fn a_deadline_counts_to_the_millisecond_only_if_it_is_to() {
        let (one, other) = ([("a", "1", Ttl::At(70))], [("a", "1", Ttl::At(71))]);
        let none = [("a", "1", Ttl::Clear)];
        let of = |pairs, exact| fingerprint(&keys(1, pairs), exact);
        assert_ne!(of(&one, true), of(&other, true));
        assert_eq!(of(&one, false), of(&other, false));
        assert_ne!(of(&one, false), of(&none, false));
    }
}
