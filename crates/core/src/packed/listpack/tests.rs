//! Tests of the parent module.

use super::*;
use proptest::prelude::*;

fn texts(list: &Listpack) -> Vec<Vec<u8>> {
    list.iter().map(|element| element.to_vec()).collect()
}

fn check(list: &Listpack, model: &[Vec<u8>]) {
    assert_eq!(texts(list), model);
    let mut backwards: Vec<_> = list.iter().rev().map(|element| element.to_vec()).collect();
    backwards.reverse();
    assert_eq!(backwards, model);
    assert_eq!(list.len(), model.len());
    assert_eq!(Listpack::from_bytes(list.as_bytes().to_vec()).as_ref(), Ok(list));
}

#[test]
fn bytes_are_those_of_redis() {
    // RPUSH of the same elements in redis-server 7.0.15, from the DUMP of the key.
    let list: Listpack =
        [&b"0"[..], b"127", b"128", b"-1", b"-4096", b"4096", b"a"].into_iter().collect();
    let expected = [
        27, 0, 0, 0, 7, 0, 0, 1, 127, 1, 0xc0, 0x80, 2, 0xdf, 0xff, 2, 0xd0, 0, 2, 0xf1, 0, 0x10,
        3, 0x81, b'a', 2, 0xff,
    ];
    assert_eq!(list.as_bytes(), expected);
}

#[test]
fn every_encoding_round_trips() {
    let mut model: Vec<Vec<u8>> = Vec::new();
    for bits in 0..64 {
        for near in [-1i64, 0, 1] {
            let value = (1i64 << bits).wrapping_add(near);
            model.push(value.to_string().into_bytes());
            model.push(value.wrapping_neg().to_string().into_bytes());
        }
    }
    for len in [0, 1, 63, 64, 126, 127, 4095, 4096, 16_377, 16_378, 16_379, 2_097_146] {
        model.push(vec![b'x'; len]);
    }
    let list: Listpack = model.iter().collect();
    check(&list, &model);
}

#[test]
fn the_size_limits_of_the_backward_length_are_those_of_redis() {
    for (len, size) in [(127, 1), (128, 2), (16_382, 2), (16_383, 3), (2_097_150, 3)] {
        assert_eq!(backlen_size(len), size);
    }
    assert_eq!((backlen_size(2_097_151), backlen_size(268_435_455)), (4, 5));
}

#[test]
fn seek_counts_from_both_ends() {
    let list: Listpack = (0..9).collect::<Vec<i64>>().into_iter().collect();
    for index in 0..9i64 {
        assert_eq!(list.get(list.seek(index).unwrap()), Elem::Int(index));
        assert_eq!(list.get(list.seek(index - 9).unwrap()), Elem::Int(index));
    }
    assert_eq!((list.seek(9), list.seek(-10)), (None, None));
    assert_eq!((list.seek(i64::MAX), list.seek(i64::MIN)), (None, None));
    assert_eq!(Listpack::new().seek(0), None);
    assert_eq!(Listpack::new().seek(-1), None);
}

#[test]
fn find_looks_only_where_it_should() {
    let list: Listpack = [&b"f"[..], b"1", b"1", b"f", b"g", b"1"].into_iter().collect();
    let index = |pos: Option<Pos>| list.positions().position(|p| Some(p) == pos);
    assert_eq!(index(list.find(b"1", list.first(), 0)), Some(1));
    assert_eq!(index(list.find(b"1", list.first(), 1)), Some(2));
    assert_eq!(index(list.find(b"g", list.first(), 1)), Some(4));
    assert_eq!(index(list.find(b"01", list.first(), 0)), None);
    assert_eq!(index(list.find(b"f", list.seek(1), 1)), Some(3));
    assert_eq!(Listpack::new().find(b"f", None, 0), None);
}

#[test]
fn more_entries_than_the_header_can_count() {
    let mut list = Listpack::new();
    for value in 0..65_534 {
        list.push_back(value & 1);
    }
    assert_eq!(list.header_count(), 65_534);
    list.push_back(7);
    assert_eq!((list.header_count(), list.len()), (COUNT_UNKNOWN, 65_535));
    list.push_front(7);
    assert_eq!(list.len(), 65_536);
    assert_eq!(list.get(list.seek(-1).unwrap()), Elem::Int(7));
    assert_eq!(list.get(list.seek(65_535).unwrap()), Elem::Int(7));
    list.remove(list.first().unwrap());
    list.remove_range(-5, 5);
    assert_eq!(list.len(), 65_530);
    assert!(Listpack::from_bytes(list.as_bytes().to_vec()).is_ok());
    let tail = list.split_off(list.seek(65_500).unwrap());
    assert_eq!((list.len(), tail.len(), tail.header_count()), (65_500, 30, 30));
    list.append(&tail);
    assert_eq!(list.len(), 65_530);
}

#[test]
fn lies_are_found() {
    let good: Listpack = [&b"ab"[..], b"5", b"300", &[b'x'; 200]].into_iter().collect();
    let good = good.into_bytes();
    for len in 0..good.len() {
        assert!(Listpack::from_bytes(good[..len].to_vec()).is_err(), "cut to {len}");
    }
    for (at, value, what) in [
        (0, 5, "the size in the header is not its size"),
        (4, 5, "the count in the header is not its count"),
        (6, 0x83, "an entry's two lengths differ"),
        (6, 0xf5, "unknown encoding"),
        (6, 0xff, "unknown encoding"),
        (6, 0xf0, "an entry passes the end"),
        (9, 2, "an entry's two lengths differ"),
        (10, 0x84, "an entry's two lengths differ"),
    ] {
        let mut bad = good.clone();
        bad[at] = value;
        let found = Listpack::from_bytes(bad).map_err(|error| error.what);
        assert_eq!(found, Err(what), "byte {at} changed to {value}");
    }
}

proptest! {
    #[test]
    fn behaves_as_a_vector(operations in prop::collection::vec(
        (0..9u8, any::<prop::sample::Index>(), prop_oneof![
            "[a-z]{0,3}".prop_map(String::into_bytes),
            any::<i64>().prop_map(|v| v.to_string().into_bytes()),
            (60..300usize).prop_map(|len| vec![b'y'; len]),
            (-5000i64..5000).prop_map(|v| v.to_string().into_bytes()),
        ]), 0..60,
    )) {
        let (mut list, mut model) = (Listpack::new(), Vec::<Vec<u8>>::new());
        for (operation, index, value) in operations {
            if model.is_empty() || operation < 2 {
                let at = if operation == 0 { 0 } else { model.len() };
                if at == 0 { list.push_front(&value) } else { list.push_back(&value) }
                model.insert(at, value);
                continue;
            }
            let index = index.index(model.len());
            let pos = list.seek(index as i64).unwrap();
            match operation {
                2 => { list.insert_before(pos, &value); model.insert(index, value) }
                3 => {
                    let new = list.insert_after(pos, &value);
                    prop_assert!(list.get(new).eq_bytes(&value));
                    model.insert(index + 1, value);
                }
                4 => { list.replace(pos, &value); model[index] = value }
                5 => {
                    let next = list.remove(pos);
                    model.remove(index);
                    prop_assert_eq!(next, list.seek(index as i64));
                }
                6 => {
                    list.remove_range(index as i64, 3);
                    model.drain(index..(index + 3).min(model.len()));
                }
                7 => {
                    let tail = list.split_off(pos);
                    check(&tail, &model[index..]);
                    list.append(&tail);
                }
                _ => {
                    let found = list.find(&value, list.first(), 0);
                    let expected = model.iter().position(|element| *element == value);
                    let found = found.map(|pos| list.positions().position(|p| p == pos));
                    prop_assert_eq!(found.flatten(), expected);
                }
            }
        }
        check(&list, &model);
    }

    #[test]
    fn any_bytes_are_refused_or_walked(mut bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if bytes.len() >= 7 {
            let len = bytes.len() as u32;
            bytes[..4].copy_from_slice(&len.to_le_bytes());
            bytes[4..6].fill(0xff);
            *bytes.last_mut().unwrap() = END;
        }
        if let Ok(list) = Listpack::from_bytes(bytes) {
            prop_assert_eq!(list.iter().count(), list.iter().rev().count());
        }
    }
}
