//! Tests of the parent module.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::keyspace::small::SmallBytes;
use crate::rng::Rng;

#[derive(Debug, Clone, PartialEq)]
struct Pair(SmallBytes, u32);

impl Entry for Pair {
    fn key(&self) -> &[u8] {
        &self.0
    }
}

fn pair(n: u32) -> Pair {
    Pair(SmallBytes::new(format!("key:{n}").as_bytes()), n)
}

fn filled(n: u32) -> Table<Pair> {
    let mut table = Table::new(1);
    for i in 0..n {
        assert_eq!(table.insert(pair(i)), None);
    }
    table
}

fn key(n: u32) -> Vec<u8> {
    format!("key:{n}").into_bytes()
}

/// What must hold between operations.
fn check<E: Entry>(table: &Table<E>) {
    let mut counted = 0;
    for (index, segment) in table.segments.iter().enumerate() {
        if table.free_segments.contains(&(index as u32)) {
            assert_eq!(segment.len, 0);
            continue;
        }
        let ids: Vec<u32> = segment.ids().collect();
        assert_eq!(ids.len(), segment.len as usize);
        assert!(ids.iter().all(|id| table.segment_of(table.hash_of(*id)) == Some(index)));
        let homes: usize = (0..segment.homes())
            .map(|home| segment.ids_of(home, |id| table.hash_of(id)).count())
            .sum();
        assert_eq!(homes, ids.len());
        let width = 1 << (table.depth - segment.depth);
        assert_eq!(table.directory.iter().filter(|d| **d as usize == index).count(), width);
        counted += ids.len();
    }
    assert_eq!(counted, table.len());
    assert_eq!(table.iter().count(), table.len());
}

#[test]
fn fifty_thousand_entries_come_and_go() {
    let mut table = filled(50_000);
    check(&table);
    assert_eq!(table.len(), 50_000);
    for n in 0..50_000 {
        assert_eq!(table.get(&key(n)).unwrap().1, n);
    }
    assert_eq!(table.get(b"key:50000"), None);
    for n in (0..50_000).filter(|n| n % 1000 != 7) {
        assert_eq!(table.remove(&key(n)), Some(pair(n)));
        assert_eq!(table.remove(&key(n)), None);
    }
    check(&table);
    assert_eq!(table.len(), 50);
    assert!(table.directory.len() <= 16, "{} segments remain", table.directory.len());
    let left: Vec<u32> = table.iter().map(|e| e.1).collect();
    assert_eq!(left, (0..50).map(|n| n * 1000 + 7).collect::<Vec<_>>());
    for n in left {
        table.remove(&key(n));
    }
    assert_eq!(table.memory(), 0);
}

#[test]
fn small_tables_are_small() {
    assert_eq!(Table::<Pair>::new(1).memory(), 0);
    assert!(filled(3).memory() < 400, "{}", filled(3).memory());
}

#[test]
fn memory_per_entry_of_a_large_table() {
    for n in [100_000, 150_000, 200_000] {
        let table = filled(n);
        let index = table.memory() - table.slab.memory();
        assert!(index < n as usize * 15, "{} bytes of index for {n} entries", index);
    }
}

#[test]
fn ids_are_stable_and_replacing_keeps_them() {
    let mut table = filled(100);
    let ids: Vec<u32> = (0..100).map(|n| table.get_id(&key(n)).unwrap()).collect();
    for n in 100..5_000 {
        table.insert(pair(n));
    }
    assert_eq!(table.insert(Pair(SmallBytes::new(b"key:5"), 999)), Some(pair(5)));
    for n in 0..100 {
        assert_eq!(table.get_id(&key(n)), Some(ids[n as usize]));
    }
    assert_eq!(table.by_id(ids[5]).unwrap().1, 999);
}

#[test]
fn keys_with_the_same_hash_do_not_make_the_table_explode() {
    let mut table: Table<Pair> = Table::with_hasher(Hasher::constant());
    for n in 0..3_000 {
        table.insert(pair(n));
    }
    check(&table);
    assert!((0..3_000).all(|n| table.get(&key(n)).is_some()));
    assert!(table.directory.len() < 4096);
    for n in 0..3_000 {
        assert_eq!(table.remove(&key(n)), Some(pair(n)));
    }
    assert_eq!(table.memory(), 0);
}

#[test]
fn random_is_even() {
    let mut table = filled(1_000);
    let mut rng = Rng::new(3);
    let mut seen = vec![0_u32; 1_000];
    for _ in 0..100_000 {
        seen[table.random(&mut rng).unwrap().1 as usize] += 1;
    }
    assert!(seen.iter().all(|n| (40..180).contains(n)), "{seen:?}");
    for n in (0..1_000).filter(|n| n % 100 != 0) {
        table.remove(&key(n));
    }
    let found: BTreeSet<u32> = (0..1_000).map(|_| table.random(&mut rng).unwrap().1).collect();
    assert_eq!(found.len(), 10);
    assert_eq!(Table::<Pair>::new(1).random(&mut rng), None);
}

#[test]
fn reserve_prepares_and_is_bounded() {
    let mut table: Table<Pair> = Table::new(1);
    table.reserve(usize::MAX);
    assert!(table.memory() < 64 << 20);
    let mut table: Table<Pair> = Table::new(1);
    table.reserve(10_000);
    let segments = table.segments.len();
    for n in 0..10_000 {
        table.insert(pair(n));
    }
    assert_eq!(table.segments.len(), segments);
    check(&table);
}

#[test]
fn made_up_cursors_are_harmless() {
    let table = filled(5_000);
    let mut rng = Rng::new(1);
    for n in 0..20_000_u64 {
        let cursor = if n < 10_000 { n } else { rng.next_u64() >> rng.below(64) };
        let next = table.scan(cursor, 10, |_, _| {});
        assert!(next < 1 << 53);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u32, u32),
    Remove(u32, u32),
    Scan(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4_000_u32, 1..700_u32).prop_map(|(a, n)| Step::Insert(a, n)),
        (0..4_000_u32, 1..1_500_u32).prop_map(|(a, n)| Step::Remove(a, n)),
        (1..200_usize).prop_map(Step::Scan),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn behaves_like_a_map_and_scans_miss_nothing(steps in steps()) {
        let mut table: Table<Pair> = Table::new(9);
        let mut model: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut cursor = 0;
        let mut found: BTreeSet<u32> = BTreeSet::new();
        // Keys that have been there since the scan began.
        let mut stayed: BTreeSet<u32> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Insert(from, n) => for i in from..from + n {
                    let old = model.insert(key(i), i);
                    prop_assert_eq!(table.insert(pair(i)).map(|p| p.1), old);
                },
                Step::Remove(from, n) => for i in from..from + n {
                    prop_assert_eq!(table.remove(&key(i)).map(|p| p.1), model.remove(&key(i)));
                    stayed.remove(&i);
                },
                Step::Scan(count) => {
                    if cursor == 0 {
                        found.clear();
                        stayed = model.values().copied().collect();
                    }
                    cursor = table.scan(cursor, count, |_, e| { found.insert(e.1); });
                    if cursor == 0 {
                        prop_assert!(stayed.is_subset(&found));
                    }
                }
            }
            check(&table);
        }
        let mut all: Vec<u32> = table.iter().map(|e| e.1).collect();
        all.sort_unstable();
        let mut expected: Vec<u32> = model.values().copied().collect();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
    }
}
