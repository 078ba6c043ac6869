//! Tests of lists against a plain deque.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// What can be done to a list. Indexes and counts are taken modulo what the list allows.
#[derive(Debug, Clone)]
enum Op {
    Push(End, Vec<u8>),
    Drop(End, usize),
    Insert(usize, Vec<u8>),
    Set(usize, Vec<u8>),
    RemoveRange(usize, usize),
    RemoveMatching(Vec<u8>, End, usize),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Head), Just(End::Tail)]
}

/// Few different values, so that they meet again; integers of all widths; some that need a node of
/// their own when nodes hold 4096 bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-c]{0,2}".prop_map(String::into_bytes),
        3 => (0_u32..64, -1_i64..=1)
            .prop_map(|(bits, near)| (1_i64 << bits).wrapping_add(near).to_string().into_bytes()),
        2 => (60_usize..140).prop_map(|len| vec![b'x'; len]),
        1 => (4080_usize..4110).prop_map(|len| vec![b'y'; len]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (end(), value()).prop_map(|(end, value)| Op::Push(end, value)),
        1 => (end(), 0_usize..4).prop_map(|(end, count)| Op::Drop(end, count)),
        4 => (any::<usize>(), value()).prop_map(|(at, value)| Op::Insert(at, value)),
        2 => (any::<usize>(), value()).prop_map(|(at, value)| Op::Set(at, value)),
        1 => (any::<usize>(), 0_usize..20).prop_map(|(at, len)| Op::RemoveRange(at, len)),
        1 => (value(), end(), 1_usize..9)
            .prop_map(|(v, end, most)| Op::RemoveMatching(v, end, most)),
    ]
}

fn apply(op: &Op, list: &mut List, model: &mut VecDeque<Vec<u8>>, list_size: i64) {
    match op {
        Op::Push(end, value) => {
            list.push(*end, value, list_size);
            match end {
                End::Head => model.push_front(value.clone()),
                End::Tail => model.push_back(value.clone()),
            }
        }
        Op::Drop(end, count) => {
            list.drop(*end, *count);
            for _ in 0..*count {
                match end {
                    End::Head => model.pop_front(),
                    End::Tail => model.pop_back(),
                };
            }
        }
        Op::Insert(at, value) => {
            let at = at % (model.len() + 1);
            list.insert(at, value, list_size);
            model.insert(at, value.clone());
        }
        Op::Set(at, value) if !model.is_empty() => {
            let at = at % model.len();
            list.set(at, value, list_size);
            model[at] = value.clone();
        }
        Op::Set(..) => {}
        Op::RemoveRange(at, len) => {
            let start = at % (model.len() + 1);
            let end = (start + len).min(model.len());
            list.remove_range(start, end);
            model.drain(start..end);
        }
        Op::RemoveMatching(value, end, most) => {
            let matching = |(at, element): (usize, &Vec<u8>)| (element == value).then_some(at);
            let mut gone: Vec<usize> = match end {
                End::Head => model.iter().enumerate().filter_map(matching).take(*most).collect(),
                End::Tail => {
                    model.iter().enumerate().rev().filter_map(matching).take(*most).collect()
                }
            };
            assert_eq!(list.remove_matching(value, *end, *most), gone.len());
            gone.sort_unstable();
            gone.into_iter().rev().for_each(|at| drop(model.remove(at)));
        }
    }
}

fn check(list: &List, model: &VecDeque<Vec<u8>>, list_size: i64) {
    assert_eq!(list.len(), model.len());
    assert_eq!(list.iter().map(|e| e.to_vec()).collect::<VecDeque<_>>(), *model);
    let backwards: VecDeque<_> = list.iter().rev().map(|e| e.to_vec()).collect();
    assert!(backwards.iter().eq(model.iter().rev()));
    assert_eq!(list.peek(End::Head).map(|e| e.to_vec()), model.front().cloned());
    assert_eq!(list.peek(End::Tail).map(|e| e.to_vec()), model.back().cloned());
    let room = Room::new(list_size);
    for node in &list.nodes {
        assert_ne!(node.len(), 0, "no node is empty");
        if let Node::Packed(chunk) = node {
            assert!(chunk.len() <= room.entries);
            assert!(chunk.len() == 1 || chunk.entries().len() + OVERHEAD <= room.bytes);
        }
    }
    for at in [0, model.len() / 3, model.len().saturating_sub(1), model.len()] {
        assert_eq!(list.get(at).map(|e| e.to_vec()), model.get(at).cloned());
        assert!(list.iter_from(at).map(|e| e.to_vec()).eq(model.iter().skip(at).cloned()));
    }
    if let Some(value) = model.get(model.len() / 2) {
        let found: Vec<usize> = list.matches(value, End::Head).collect();
        let expected: Vec<usize> = (0..model.len()).filter(|at| model[*at] == *value).collect();
        assert_eq!(found, expected);
        assert!(list.matches(value, End::Tail).eq(expected.into_iter().rev()));
    }
}

/// The list again from what a file would hold of it.
fn reloaded(list: &List) -> List {
    let mut out = List::new();
    for node in &list.nodes {
        match node {
            Node::Plain(bytes) => out.push_plain(bytes),
            Node::Packed(chunk) => {
                let mut bytes = Vec::new();
                chunk.write_listpack(&mut bytes);
                out.push_listpack(Listpack::from_bytes(bytes).expect("a valid listpack"));
            }
        }
    }
    out
}

proptest! {
    #[test]
    fn a_list_is_a_deque(
        ops in prop::collection::vec(op(), 0..150),
        list_size in prop_oneof![Just(-2), Just(-1), Just(1), Just(3), Just(0), Just(128)],
    ) {
        let (mut list, mut model) = (List::new(), VecDeque::new());
        for op in &ops {
            apply(op, &mut list, &mut model, list_size);
            check(&list, &model, list_size);
        }
        let again = reloaded(&list);
        check(&again, &model, list_size);
        prop_assert!(list.memory() >= size_of::<List>());
    }
}

#[test]
fn nodes_are_as_large_as_the_limit_says() {
    let nodes_of = |list_size, elements: usize| {
        let mut list = List::new();
        (0..elements).for_each(|_| list.push(End::Head, b"0123456789", list_size));
        list.nodes.len()
    };
    assert_eq!(nodes_of(2, 5), 3);
    assert_eq!(nodes_of(0, 5), 5);
    // An entry of ten bytes takes twelve: 682 of them fit into 8192 bytes with a listpack's seven.
    assert_eq!(nodes_of(-2, 682), 1);
    assert_eq!(nodes_of(-2, 683), 2);
    assert_eq!(nodes_of(1_000_000, 683), 2, "counted entries are bounded in bytes, too");
    assert_eq!(nodes_of(-9, 5460), 1, "beyond -5 is -5");
}

#[test]
fn a_queue_uses_its_buffer_again() {
    let mut list = List::new();
    for round in 0..10_000_u32 {
        list.push(End::Tail, round.to_string().as_bytes(), -2);
        if round >= 10 {
            list.drop(End::Head, 1);
        }
    }
    assert_eq!(list.len(), 10);
    assert!(list.memory() < 1024, "{} bytes", list.memory());
}

#[test]
fn lists_are_saved_as_their_version_wants() {
    let mut list = List::new();
    for element in [&b"7"[..], b"x", &[b'y'; 5000]] {
        list.push(End::Tail, element, -1);
    }
    let saved = |version| {
        let options = crate::rdb::Options { version, compress: false, checksum: true };
        let mut writer = Writer::new(options);
        list.save(&mut writer, Part::WHOLE);
        (list.rdb_type(&writer), writer.take())
    };
    let big = [&[0x53, 0x88][..], &[b'y'; 5000]].concat(); // a length of 14 bits: 5000
    let plain = [&[3, 0xc0, 7, 1, b'x'][..], &big].concat();
    assert_eq!(saved(9), (value_type::LIST, plain));
    let node = [2, 2, 12, 12, 0, 0, 0, 2, 0, 7, 1, 0x81, b'x', 2, 0xff];
    let nodes = [&node[..], &[1], &big].concat();
    assert_eq!(saved(10), (value_type::LIST_QUICKLIST_2, nodes));
}
