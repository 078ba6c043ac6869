//! Sorted sets against a model, in both encodings.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::keyspace::value::Part;

fn hasher() -> Hasher {
    Hasher::new(5)
}

/// Members with their scores, by a model.
type Model = BTreeMap<Vec<u8>, f64>;

fn ordered(model: &Model) -> Vec<(Vec<u8>, f64)> {
    let mut all: Vec<_> = model.iter().map(|(m, s)| (m.clone(), *s)).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    all
}

fn owned(members: Members<'_>) -> Vec<(Vec<u8>, f64)> {
    members.map(|(member, score)| (member.to_vec(), score)).collect()
}

fn check(zset: &ZSet, model: &Model) {
    let expected = ordered(model);
    assert_eq!(zset.len(), model.len());
    assert_eq!(owned(zset.iter()), expected);
    let mut back: Vec<_> = zset.iter().rev().map(|(m, s)| (m.to_vec(), s)).collect();
    back.reverse();
    assert_eq!(back, expected);
    for (rank, (member, score)) in expected.iter().enumerate().step_by(5) {
        assert_eq!((zset.rank(member), zset.score(member)), (Some(rank), Some(*score)));
    }
    let mut unordered: Vec<_> = zset.iter_unordered().map(|(m, s)| (m.to_vec(), s)).collect();
    unordered.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    assert_eq!(unordered, expected);
    for (min, max) in [(0.0, 3.0), (-2.0, 2.0), (5.0, 1.0), (2.0, 2.0)] {
        for (min_exclusive, max_exclusive) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let range = ScoreRange { min, max, min_exclusive, max_exclusive };
            let found = owned(zset.range(zset.ranks_by_score(&range)));
            let inside = |score: f64| {
                (if min_exclusive { score > min } else { score >= min })
                    && (if max_exclusive { score < max } else { score <= max })
            };
            let expected: Vec<_> =
                expected.iter().filter(|(_, score)| inside(*score)).cloned().collect();
            assert_eq!(found, expected);
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(Vec<u8>, f64, AddOptions),
    Remove(Vec<u8>),
    RemoveRanks(usize, usize),
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..60_i64).prop_map(|n| n.to_string().into_bytes()),
        "[a-c]{0,3}".prop_map(String::into_bytes),
        "[xy]{22,25}".prop_map(String::into_bytes),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let score = prop_oneof![
        (-4..4_i32).prop_map(f64::from),
        (-4..4_i32).prop_map(|n| f64::from(n) / 3.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(1e17),
    ];
    let options = (any::<bool>(), 0..6).prop_map(|(incr, kind)| AddOptions {
        incr,
        nx: kind == 1,
        xx: kind == 2,
        gt: kind == 3,
        lt: kind == 4,
    });
    prop_oneof![
        6 => (member(), score, options).prop_map(|(m, s, o)| Step::Add(m, s, o)),
        2 => member().prop_map(Step::Remove),
        1 => (0..90_usize, 0..6_usize).prop_map(|(a, n)| Step::RemoveRanks(a, n)),
    ]
}

/// ZADD's rules, written down once more.
fn model_add(model: &mut Model, member: &[u8], score: f64, o: AddOptions) -> Added {
    match model.get(member).copied() {
        None if o.xx => Added::Refused,
        None => {
            model.insert(member.to_vec(), score);
            Added::New(score)
        }
        Some(_) if o.nx => Added::Refused,
        Some(old) => {
            let new = if o.incr { old + score } else { score };
            if new.is_nan() {
                Added::NotANumber
            } else if (o.gt && new <= old) || (o.lt && new >= old) {
                Added::Refused
            } else if new == old {
                Added::Same(old)
            } else {
                model.insert(member.to_vec(), new);
                Added::Changed(new)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn both_encodings_behave_like_the_model(
        steps in prop::collection::vec(step(), 0..250),
        entries in prop_oneof![Just(0_usize), 1..200_usize]
    ) {
        let limits = EncodingLimits { zset_entries: entries, zset_value: 23, ..Default::default() };
        let (mut zset, mut model) = (ZSet::new(), Model::new());
        for step in steps {
            match step {
                Step::Add(member, score, options) => {
                    let done = zset.add(&member, score, options, &limits, hasher());
                    prop_assert_eq!(done, model_add(&mut model, &member, score, options));
                }
                Step::Remove(member) => {
                    prop_assert_eq!(zset.remove(&member), model.remove(&member));
                }
                Step::RemoveRanks(at, n) => {
                    let end = (at + n).min(zset.len());
                    let at = at.min(end);
                    for (member, _) in &ordered(&model)[at..end] {
                        model.remove(member);
                    }
                    zset.remove_ranks(at..end);
                }
            }
        }
        check(&zset, &model);
        let again = ZSet::from_members(owned(zset.iter().clone()), &limits, hasher()).unwrap();
        check(&again, &model);
        if let Some(list) = zset.as_listpack() {
            let again = ZSet::from_listpack(list.clone(), &limits, hasher()).unwrap();
            prop_assert_eq!(again.as_listpack(), Some(list));
            let none = EncodingLimits { zset_entries: 0, ..Default::default() };
            let again = ZSet::from_listpack(list.clone(), &none, hasher()).unwrap();
            check(&again, &model);
        }
    }

    #[test]
    fn members_are_found_by_their_bytes(
        names in prop::collection::btree_set("[a-c]{0,3}", 0..40),
        a in "[a-c]{0,3}", b in "[a-c]{0,3}",
        entries in prop_oneof![Just(0_usize), Just(128_usize)]
    ) {
        let limits = EncodingLimits { zset_entries: entries, ..Default::default() };
        let members = names.iter().map(|n| (n.clone().into_bytes(), 0.0)).collect();
        let zset = ZSet::from_members(members, &limits, hasher()).unwrap();
        let bounds = |text: &'static str| {
            [LexBound::Lowest, LexBound::Highest, LexBound::Inclusive(text.as_bytes()),
             LexBound::Exclusive(text.as_bytes())]
        };
        let (a, b): (&'static str, &'static str) = (a.leak(), b.leak());
        for min in bounds(a) {
            for max in bounds(b) {
                let after = |n: &str| match min {
                    LexBound::Lowest => true,
                    LexBound::Highest => false,
                    LexBound::Inclusive(m) => n.as_bytes() >= m,
                    LexBound::Exclusive(m) => n.as_bytes() > m,
                };
                let upto = |n: &str| match max {
                    LexBound::Lowest => false,
                    LexBound::Highest => true,
                    LexBound::Inclusive(m) => n.as_bytes() <= m,
                    LexBound::Exclusive(m) => n.as_bytes() < m,
                };
                let found: Vec<Vec<u8>> = zset
                    .range(zset.ranks_by_lex(&LexRange { min, max }))
                    .map(|(m, _)| m.to_vec())
                    .collect();
                let expected: Vec<Vec<u8>> = names
                    .iter()
                    .filter(|n| after(n) && upto(n))
                    .map(|n| n.clone().into_bytes())
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn limits_decide_the_encoding() {
    let limits = EncodingLimits { zset_entries: 3, zset_value: 5, ..Default::default() };
    let mut zset = ZSet::new();
    for n in 0..3 {
        zset.add(format!("m{n}").as_bytes(), 1.0, AddOptions::default(), &limits, hasher());
    }
    assert_eq!(zset.encoding(), "listpack");
    let mut long = zset.clone();
    long.add(b"sixsix", 1.0, AddOptions { xx: true, ..Default::default() }, &limits, hasher());
    assert_eq!(long.encoding(), "listpack");
    long.remove(b"m0");
    long.add(b"sixsix", 1.0, AddOptions::default(), &limits, hasher());
    assert_eq!(long.encoding(), "skiplist");
    zset.add(b"m3", 1.0, AddOptions::default(), &limits, hasher());
    assert_eq!(zset.encoding(), "skiplist");
    for n in 0..4 {
        zset.remove(format!("m{n}").as_bytes());
    }
    assert_eq!((zset.encoding(), zset.is_empty()), ("skiplist", true));
}

#[test]
fn bad_files_are_refused() {
    let limits = EncodingLimits::default();
    let few = EncodingLimits { zset_entries: 0, ..Default::default() };
    for limits in [&limits, &few] {
        let load = |members: &[(&str, f64)]| {
            let members = members.iter().map(|(m, s)| (m.as_bytes().to_vec(), *s)).collect();
            ZSet::from_members(members, limits, hasher()).map(|zset| zset.len())
        };
        assert_eq!(load(&[("a", 2.0), ("b", 1.0)]), Ok(2));
        assert_eq!(load(&[("a", 2.0), ("b", f64::NAN)]), Err(LoadError::NotANumber(b"b".into())));
        assert_eq!(
            load(&[("a", 2.0), ("b", 1.0), ("a", 3.0)]),
            Err(LoadError::Duplicate(b"a".into()))
        );
        let packed = |elems: &[&str]| {
            let mut list = Listpack::new();
            elems.iter().for_each(|elem| list.push_back(elem.as_bytes()));
            ZSet::from_listpack(list, limits, hasher()).map(|zset| owned(zset.iter()))
        };
        assert_eq!(packed(&["a"]), Err(LoadError::Odd));
        assert_eq!(packed(&["a", "nan"]), Err(LoadError::NotANumber(b"a".into())));
        assert_eq!(packed(&["a", "x"]), Err(LoadError::NotANumber(b"a".into())));
        assert_eq!(packed(&["1", "1", "1", "2"]), Err(LoadError::Duplicate(b"1".into())));
        let sorted = vec![(b"b".to_vec(), 1.0), (b"c".to_vec(), 1.0), (b"a".to_vec(), 2.0)];
        assert_eq!(packed(&["a", "2", "c", "1", "b", "1"]), Ok(sorted));
    }
}

#[test]
fn saved_as_each_version_wants() {
    let save = |zset: &ZSet, version| {
        let options = crate::rdb::Options { version, ..Default::default() };
        let mut writer = crate::rdb::Writer::new(options);
        zset.save(&mut writer, Part::WHOLE);
        (zset.rdb_type(&writer), writer.take())
    };
    let members = || vec![("b", 1.5), ("a", f64::NEG_INFINITY)];
    let load = |limits: &EncodingLimits| {
        let members = members().into_iter().map(|(m, s)| (m.as_bytes().to_vec(), s)).collect();
        ZSet::from_members(members, limits, hasher()).unwrap()
    };
    let small = load(&EncodingLimits::default());
    let big = load(&EncodingLimits { zset_entries: 0, ..Default::default() });
    let text = b"\x02\x01b\x031.5\x01a\xff".to_vec();
    let mut binary = b"\x02\x01b".to_vec();
    binary.extend_from_slice(&1.5_f64.to_le_bytes());
    binary.extend_from_slice(b"\x01a");
    binary.extend_from_slice(&f64::NEG_INFINITY.to_le_bytes());
    for zset in [&small, &big] {
        assert_eq!(save(zset, 7), (3, text.clone()));
        assert_eq!(save(zset, 9), (5, binary.clone()));
    }
    assert_eq!(save(&big, 11), (5, binary));
    let list = small.as_listpack().unwrap().as_bytes();
    let mut expected = vec![list.len() as u8];
    expected.extend_from_slice(list);
    assert_eq!(save(&small, 10), (17, expected));
}
