//! Tests of the parent module.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::config::EncodingLimits;
use crate::keyspace::cut::CutOptions;
use crate::keyspace::list::End;
use crate::keyspace::load::Loader;
use crate::keyspace::zset::AddOptions;
use crate::keyspace::{Expiry, Keyspace, List, Set, Str, Ttl, Value, ZSet};
use crate::rdb::Reader;

const DBS: usize = 4;
const NOW: u64 = 1_000_000;

/// Databases as maps from key to value and deadline.
type Model = Vec<BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>>;

fn model(keys: &Keyspace) -> Model {
    let db = |db| keys.iter(db).map(|(k, v, at)| (k.to_vec(), (text(v), at))).collect();
    (0..DBS).map(db).collect()
}

/// A value as text that does not depend on the order of hash tables.
fn text(value: &Value) -> Vec<u8> {
    let mut elements: Vec<String> = match value {
        Value::Str(text) => return text.bytes().to_vec(),
        Value::List(list) => list.iter().enumerate().map(|e| format!("{e:?}")).collect(),
        Value::Hash(hash) => hash.iter().map(|pair| format!("{pair:?}")).collect(),
        Value::Set(set) => set.iter().map(|member| format!("{member:?}")).collect(),
        Value::ZSet(zset) => zset.iter().map(|pair| format!("{pair:?}")).collect(),
    };
    elements.sort_unstable();
    format!("{} of {}: {elements:?}", value.type_name(), elements.len()).into_bytes()
}

fn load(rdb: &[u8]) -> (Model, u64) {
    let mut fresh = Keyspace::new(7, DBS);
    fresh.begin(NOW, Expiry::Ignore);
    let mut loader = Loader::new(fresh, EncodingLimits::default(), false);
    let mut reader = Reader::default();
    let status = reader.feed(rdb, &mut loader).expect("a sound RDB");
    assert!(status.done && status.consumed == rdb.len());
    let keys = loader.keys();
    (model(&loader.into_keyspace()), keys)
}

fn set(keys: &mut Keyspace, db: usize, n: u32, value: u32, ttl: Ttl) {
    keys.set_str(db, format!("key:{n}").as_bytes(), value.to_string().as_bytes(), ttl);
}

/// Adds `count` elements to one of four collections: a list, hash, set or sorted set.
fn fill(keys: &mut Keyspace, db: usize, n: u32, from: u32, count: u32) {
    let (limits, hasher) = (EncodingLimits::default(), keys.hasher());
    let new = || match n % 4 {
        0 => Value::List(Box::new(List::new())),
        1 => Value::Hash(Box::default()),
        2 => Value::Set(Box::new(Set::new())),
        _ => Value::ZSet(Box::new(ZSet::new())),
    };
    let value = keys.get_or_insert_with(db, format!("big:{}", n % 4).as_bytes(), new);
    for i in from..from + count {
        let element = format!("an element that is a little long: {i}");
        let element = element.as_bytes();
        match value {
            Value::Str(_) => unreachable!("strings have other names"),
            Value::List(list) => list.push(End::Tail, element, 4),
            Value::Hash(hash) => {
                hash.set(element, &element[3..], &limits, hasher);
            }
            Value::Set(set) => {
                set.add(element, &limits, hasher);
            }
            Value::ZSet(zset) => {
                zset.add(element, f64::from(i), AddOptions::default(), &limits, hasher);
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Fill(usize, u32, u32, u32),
    Drop(usize, u32),
    Set(usize, u32, u32),
    SetTtl(usize, u32, u64),
    Append(usize, u32),
    Remove(usize, u32, u32),
    Flush(usize),
    Swap(usize, usize),
    Time(u64),
    Replace,
    Cut(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let db = 0..DBS;
    prop_oneof![
        6 => (db.clone(), 0..3_000_u32, 1..300_u32).prop_map(|(d, n, k)| Step::Set(d, n, k)),
        3 => (db.clone(), 0..3_000_u32, 0..2_000_u64).prop_map(|(d, n, t)| Step::SetTtl(d, n, t)),
        3 => (db.clone(), 0..3_000_u32).prop_map(|(d, n)| Step::Append(d, n)),
        6 => (0..2_usize, 0..4_u32, 0..2_000_u32, 1..600_u32)
            .prop_map(|(d, n, from, k)| Step::Fill(d, n, from, k)),
        1 => (0..2_usize, 0..4_u32).prop_map(|(d, n)| Step::Drop(d, n)),
        4 => (db.clone(), 0..3_000_u32, 1..500_u32).prop_map(|(d, n, k)| Step::Remove(d, n, k)),
        1 => db.clone().prop_map(Step::Flush),
        1 => (db.clone(), db).prop_map(|(a, b)| Step::Swap(a, b)),
        1 => (0..1_000_u64).prop_map(Step::Time),
        1 => Just(Step::Replace),
        6 => (1..20_000_usize).prop_map(Step::Cut),
    ]
}

fn run(keys: &mut Keyspace, step: &Step) {
    match *step {
        Step::Set(db, from, n) => (from..from + n).for_each(|i| set(keys, db, i, n, Ttl::Clear)),
        Step::Fill(db, n, from, count) => fill(keys, db, n, from, count),
        Step::Drop(db, n) => {
            keys.remove(db, format!("big:{n}").as_bytes());
        }
        Step::SetTtl(db, n, at) => {
            (n..n + 20).for_each(|i| set(keys, db, i, n, Ttl::At(NOW + at)));
        }
        Step::Append(db, n) => {
            let key = format!("key:{n}");
            let value = keys.get_or_insert_with(db, key.as_bytes(), || Value::Str(Str::new(b"")));
            if let Value::Str(text) = value {
                text.make_mut().push(b'x');
            }
        }
        Step::Remove(db, from, n) => (from..from + n).for_each(|i| {
            keys.remove(db, format!("key:{i}").as_bytes());
        }),
        Step::Flush(db) => {
            keys.flush(db);
        }
        Step::Swap(a, b) => keys.swap_db(a, b),
        Step::Time(ms) => {
            keys.begin(keys.now_ms() + ms, Expiry::Delete);
            keys.expire_cycle(1_000, false);
        }
        Step::Replace => {
            let mut other = keys.fresh();
            set(&mut other, 2, 77, 77, Ttl::Clear);
            keys.replace_data(other);
        }
        Step::Cut(_) => {}
    }
}

fn options() -> CutOptions {
    CutOptions { aux: vec![(b"redis-ver".to_vec(), b"7.0.15".to_vec())], ..CutOptions::default() }
}

/// Steps to the end, taking the output each time.
fn finish(keys: &mut Keyspace, rdb: &mut Vec<u8>) -> u64 {
    loop {
        let progress = keys.cut_step(10_000);
        rdb.append(keys.cut_output());
        assert_eq!(progress.bytes, rdb.len() as u64);
        if progress.done {
            keys.cut_end();
            return progress.keys;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_cut_is_the_dataset_of_its_beginning(
        before in proptest::collection::vec(step(), 0..20),
        during in proptest::collection::vec(step(), 0..40),
    ) {
        let mut keys = Keyspace::new(3, DBS);
        keys.begin(NOW, Expiry::Delete);
        before.iter().for_each(|step| run(&mut keys, step));
        for _ in 0..2 {
            let expected = model(&keys);
            let mut rdb = Vec::new();
            keys.cut_begin(options());
            for step in &during {
                run(&mut keys, step);
                if let Step::Cut(bytes) = step {
                    keys.cut_step(*bytes);
                    rdb.append(keys.cut_output());
                }
            }
            let written = finish(&mut keys, &mut rdb);
            let (loaded, count) = load(&rdb);
            prop_assert_eq!(count, written);
            prop_assert_eq!(loaded, expected);
        }
    }
}

#[test]
fn an_undisturbed_cut_has_redis_s_shape() {
    let mut keys = Keyspace::new(3, DBS);
    set(&mut keys, 0, 1, 1, Ttl::At(NOW));
    set(&mut keys, 3, 2, 2, Ttl::Clear);
    keys.cut_begin(CutOptions { checksum: false, ..options() });
    let mut rdb = Vec::new();
    assert_eq!(finish(&mut keys, &mut rdb), 2);
    expect_test::expect![[r#"REDIS0010\xfa\tredis-ver\x067.0.15\xfe\x00\xfb\x01\x01\xfc@B\x0f\x00\x00\x00\x00\x00\x00\x05key:1\xc0\x01\xfe\x03\xfb\x01\x00\x00\x05key:2\xc0\x02\xff\x00\x00\x00\x00\x00\x00\x00\x00"#]]
    .assert_eq(&rdb.escape_ascii().to_string());
}

#[test]
fn without_a_cut_there_is_nothing_to_do() {
    let mut keys = Keyspace::new(3, DBS);
    assert!(keys.cut_step(100).done && keys.cut_output().is_empty());
    keys.cut_begin(options());
    assert!(keys.cut_active());
    keys.cut_end();
    assert!(!keys.cut_active() && keys.cut_step(100).done);
}

#[test]
fn steps_are_about_as_large_as_asked() {
    let mut keys = Keyspace::new(3, DBS);
    (0..20_000).for_each(|n| set(&mut keys, 0, n, n, Ttl::Clear));
    keys.cut_begin(options());
    loop {
        let progress = keys.cut_step(1_000);
        let written = keys.cut_output().len();
        keys.cut_output().clear();
        if progress.done {
            break;
        }
        assert!((1_000..1_600).contains(&written), "{written} bytes");
    }
}

#[test]
fn a_large_collection_is_written_in_parts_and_may_change_between_them() {
    for kind in 0..4 {
        let mut keys = Keyspace::new(3, DBS);
        fill(&mut keys, 0, kind, 0, 20_000);
        (0..500).for_each(|n| set(&mut keys, 0, n, n, Ttl::Clear));
        let expected = model(&keys);
        keys.cut_begin(options());
        let (mut rdb, mut steps) = (Vec::new(), 0);
        while rdb.len() < 300_000 {
            assert!(!keys.cut_step(1_000).done);
            let written = keys.cut_output();
            assert!((1_000..1_600).contains(&written.len()), "{} bytes", written.len());
            rdb.append(written);
            steps += 1;
            if steps == 100 {
                (0..100).for_each(|n| set(&mut keys, 0, n, 0, Ttl::Clear));
            }
        }
        fill(&mut keys, 0, kind, 20_000, 1);
        finish(&mut keys, &mut rdb);
        assert!(load(&rdb).0 == expected, "a collection of kind {kind} differs");
    }
}
