//! Over real files: what is found in them, however they come in pieces, and what of them a node
//! loads.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

use expect_test::expect;
use lockstep_core::rdb::scan::{self, Checksum};

use super::*;
use crate::scenario::{NodeSpec, Scenario};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../tests/data", name].iter().collect()
}

fn file(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The real files, by name.
fn files() -> Vec<(String, Vec<u8>)> {
    let names = std::fs::read_dir(path("rdb")).expect("the files").map(|entry| {
        let name = entry.expect("a file").file_name();
        format!("rdb/{}", name.to_str().expect("a name"))
    });
    let names = names.chain(["made/redis_7_0_15.rdb".to_owned()]);
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".rdb")).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&name))).collect()
}

/// The index of a file that comes in pieces of this size.
fn index_of(bytes: &[u8], piece: usize) -> Index {
    let mut index = Index::default();
    bytes.chunks(piece).for_each(|piece| _ = index.feed(piece));
    index.finish(bytes.len() as u64);
    index
}

fn index(bytes: &[u8]) -> Index {
    index_of(bytes, usize::MAX)
}

fn value(index: &Index, bytes: &[u8], key: &Entry<'_>, parts: usize) -> Value {
    let mut value = Value::new(index, &key.at, parts);
    value.feed(&bytes[key.at.start as usize..key.at.end as usize]);
    value
}

/// A line for each of its keys.
fn list(index: &Index) -> String {
    let mut out = String::new();
    for at in 0..index.listed() {
        let key = index.entry(at).expect("it is listed");
        let name = crate::console::quoted(key.name);
        let name = if name.len() > 40 { format!("{}...", &name[..40]) } else { name };
        let (kind, layout) = (scan::type_name(key.type_byte), scan::layout_name(key.type_byte));
        let expiry = key.expire_at_ms.map(|at| format!(" expires {at}")).unwrap_or_default();
        let (db, elements) = (key.db, key.elements);
        let (start, end) = (key.at.start, key.at.end);
        _ = writeln!(out, "{start}..{end} {db} {name} {kind} {layout} {elements}{expiry}");
    }
    out
}

fn shown(value: &Value) -> Vec<String> {
    let part = |part: &Part| match part {
        Part::One(text) => text.shown(),
        Part::Pair(name, text) => format!("{} {}", name.shown(), text.shown()),
    };
    value.parts().iter().map(part).collect()
}

#[test]
fn the_files_hold_what_redis_says() {
    let expected = String::from_utf8(file("rdb/expected.tsv")).expect("text");
    let mut seen = 0;
    for row in expected.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, loads, keys) = (columns[0], columns[2] == "LOADED", columns[3]);
        let bytes = file(&format!("rdb/{name}"));
        let index = index(&bytes);
        assert_eq!(index.fault(), None, "{name}");
        let version: u16 = columns[1]["REDIS".len()..].parse().expect("a version");
        assert_eq!(index.header(), Some((version, false)), "{name}");
        // Redis leaves out keys whose time has come, and these files are old; it exits where it
        // does not know a module.
        let expected = if loads { keys.parse().expect("a number") } else { index.total().keys };
        assert_eq!(index.total().keys - index.expires(), expected, "{name}");
        assert_eq!(index.listed() as u64, index.total().keys, "{name}");
        let sum = index.checksum().expect("the end was read");
        // One was saved from a diskless transfer: no checksum, and the mark of its end behind it.
        let diskless = name == "redis_40_with_module.rdb";
        let judged = match sum {
            Checksum::Absent => version < 5,
            Checksum::Off => diskless,
            Checksum::Right(_) => version >= 5,
            Checksum::Wrong { .. } => false,
        };
        assert!(judged, "{name}: {sum:?}");
        assert_eq!(index.surplus(), if diskless { 40 } else { 0 }, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 28);
}

#[test]
fn every_kind_of_key_is_named_and_measured() {
    let mut out = String::new();
    for name in [
        "multiple_databases",
        "keys_with_expiry",
        "redis_50_with_streams",
        "redis_40_with_module",
        "redis_60_with_module_aux",
        "intset_16",
        "parser_filters",
    ] {
        let bytes = file(&format!("rdb/{name}.rdb"));
        let index = index(&bytes);
        let modules: Vec<String> = index.module_data().iter().map(|id| scan::module(*id)).collect();
        _ = writeln!(out, "{name} {modules:?} not held: {}", index.not_held().keys);
        out += &list(&index);
    }
    expect![[r#"
        multiple_databases [] not held: 0
        11..40 0 "key_in_zeroth_database" string STRING 4
        42..73 2 "key_in_second_database" string STRING 6
        keys_with_expiry [] not held: 0
        11..70 0 "expires_ms_precision" string STRING 27 expires 1671963072573
        redis_50_with_streams [] not held: 1
        94..128 0 "set" set SET 8
        128..148 0 "string" string STRING 11
        148..252 0 "hash" hash HASH_ZIPLIST 11
        252..311 0 "list" list LIST_QUICKLIST 24
        311..342 0 "set_zipped_1" set SET_INTSET 4
        342..388 0 "zset_zipped" zset ZSET_ZIPLIST 3
        388..427 0 "set_zipped_2" set SET_INTSET 4
        427..454 0 "compressible" string STRING 137
        454..517 0 "list_zipped" list LIST_QUICKLIST 8
        517..588 0 "set_zipped_3" set SET_INTSET 6
        588..706 0 "zset" zset ZSET_ZIPLIST 12
        706..716 0 "number" string STRING 2
        716..762 0 "hash_zipped" hash HASH_ZIPLIST 3
        762..1051 0 "mystream" stream STREAM_LISTPACKS 4
        redis_40_with_module [] not held: 1
        171..190 0 "simplekey" string STRING 7
        190..239 0 "foo" module MODULE_2 0
        redis_60_with_module_aux ["test__rdb"] not held: 0
        intset_16 [] not held: 0
        11..37 0 "intset_16" set SET_INTSET 3
        parser_filters [] not held: 0
        11..24 0 "k1" string STRING 8
        24..37 0 "k3" string STRING 8
        37..137 0 "s1" string STRING 562
        137..152 0 "s2" string STRING 10
        152..160 0 "n5b" string STRING 4
        160..201 0 "l10" list LIST_ZIPLIST 4
        201..243 0 "l11" list LIST_ZIPLIST 3
        243..285 0 "l12" list LIST_ZIPLIST 3
        285..291 0 "b1" string STRING 1
        291..298 0 "b2" string STRING 2
        298..306 0 "b3" string STRING 3
        306..315 0 "b4" string STRING 4
        315..325 0 "b5" string STRING 5
        325..438 0 "h1" hash HASH 3
        438..455 0 "h2" hash HASH_ZIPMAP 1
        455..479 0 "h3" hash HASH_ZIPMAP 3
        479..505 0 "l1" list LIST_ZIPLIST 2
        505..520 0 "set1" set SET 4
        520..595 0 "l2" list LIST_ZIPLIST 2
        595..606 0 "set2" set SET 2
        606..612 0 "n1" string STRING 2
        612..677 0 "l3" list LIST 2
        677..686 0 "set3" set SET 1
        686..721 0 "set4" set SET_INTSET 10
        721..728 0 "n2" string STRING 3
        728..753 0 "l4" list LIST_ZIPLIST 3
        753..784 0 "set5" set SET_INTSET 4
        784..793 0 "n3" string STRING 6
        793..815 0 "l5" list LIST_ZIPLIST 2
        815..851 0 "set6" set SET_INTSET 3
        851..857 0 "n4" string STRING 1
        857..876 0 "l6" list LIST_ZIPLIST 1
        876..883 0 "n5" string STRING 4
        883..905 0 "l7" list LIST_ZIPLIST 2
        905..914 0 "n6" string STRING 7
        914..921 0 "n4b" string STRING 1
        921..956 0 "l8" list LIST_ZIPLIST 5
        956..988 0 "l9" list LIST_ZIPLIST 4
        988..998 0 "n6b" string STRING 7
        998..1028 0 "z1" zset ZSET_ZIPLIST 2
        1028..1068 0 "z2" zset ZSET_ZIPLIST 3
        1068..1100 0 "z3" zset ZSET_ZIPLIST 2
        1100..1151 0 "z4" zset ZSET_ZIPLIST 3
    "#]]
    .assert_eq(&out);
}

/// What a scanner finds lies one behind the other, from the first byte to the end.
struct Neighbours(u64);

impl scan::Watch for Neighbours {
    fn item(&mut self, at: std::ops::Range<u64>, item: scan::Item<'_>) {
        // Before version 5 the end mark is the end; since, the checksum belongs to it.
        assert_eq!(at.start, self.0, "{item:?}");
        assert!(at.end > at.start);
        self.0 = at.end;
    }
}

#[test]
fn items_cover_a_file_without_gap_or_overlap() {
    for (name, bytes) in files() {
        let mut seen = Neighbours(0);
        let taken = scan::Scanner::default().feed(&bytes, &mut seen).expect(&name);
        assert_eq!(seen.0, taken as u64, "{name}");
    }
}

#[test]
fn pieces_do_not_matter() {
    for (name, bytes) in files() {
        let whole = index(&bytes);
        for piece in [1, 7, 100, 4096] {
            if bytes.len() / piece > 100_000 {
                continue;
            }
            let pieces = index_of(&bytes, piece);
            assert_eq!(list(&pieces), list(&whole), "{name} in pieces of {piece}");
            assert_eq!(pieces.checksum(), whole.checksum(), "{name}");
            assert_eq!(pieces.types(), whole.types(), "{name}");
            assert_eq!(pieces.aux(), whole.aux(), "{name}");
        }
    }
}

#[test]
fn the_keys_of_a_file_and_the_rest_of_it_are_all_of_it() {
    for (name, bytes) in files() {
        let index = index(&bytes);
        let keys: u64 = (0..index.listed())
            .map(|at| index.entry(at).expect("it is listed").at)
            .map(|at| at.end - at.start)
            .sum();
        assert_eq!(index.total().bytes, keys, "{name}");
        let by_type: u64 = index.types().iter().map(|kind| kind.total.bytes).sum();
        let by_db: u64 = index.databases().iter().map(|db| db.total.bytes).sum();
        assert_eq!((by_type, by_db), (keys, keys), "{name}");
        assert_eq!(index.received() + index.surplus(), bytes.len() as u64, "{name}");
    }
}

/// A node that loads what was extracted holds the same keys with the same values.
#[test]
fn what_a_node_holds_is_what_was_shown() {
    for (name, bytes) in files() {
        let index = index(&bytes);
        let extract = match Extract::new(&index) {
            Ok(extract) => extract,
            Err(Refusal::Empty) => {
                assert_eq!(index.total().keys, index.not_held().keys, "{name}");
                continue;
            }
            Err(refusal) => panic!("{name}: {refusal:?}"),
        };
        let mut copy = extract.clone();
        bytes.chunks(13).for_each(|piece| _ = copy.feed(piece));
        let mut at_once = extract;
        at_once.feed(&bytes);
        let file = at_once.finish();
        assert_eq!(copy.finish(), file, "{name}");
        let whole = index.not_held().keys == 0 && index.module_data().is_empty();
        if whole && index.surplus() == 0 {
            assert_eq!(file, bytes, "{name}: nothing was left out");
        }
        // A clock before any of these files was written: nothing has expired.
        let node = NodeSpec { name: "n".into(), port: 6380, of: None, config: Vec::new() };
        let scenario = Scenario { nodes: vec![node], unix_ms: 0, ..Scenario::default() };
        let world = scenario.world_with(Some(Arc::new(file)));
        let nodes = world.nodes();
        let live = nodes[0].live.as_ref().unwrap_or_else(|| panic!("{name} is loaded"));
        assert_eq!(live.keys, index.total().keys - index.not_held().keys, "{name}");
        for at in 0..index.listed() {
            let key = index.entry(at).expect("it is listed");
            let value = value(&index, &bytes, &key, usize::MAX);
            assert_eq!(value.error(), None, "{name}");
            compare(&world, &name, &key, &value);
        }
    }
}

/// What the node answers about a key, and what was read of it in the file.
fn compare(world: &crate::World, name: &str, key: &Entry<'_>, value: &Value) {
    let db = key.db as usize;
    let node = world.core(crate::NodeId(0)).expect("it runs");
    let found = node
        .keyspace()
        .iter(db)
        .find(|(name, ..)| name[..name.len().min(NAME_BYTES_MAX)] == *key.name);
    if !scan::is_held(key.type_byte) {
        assert!(found.is_none(), "{name}");
        assert!(value.parts().is_empty(), "{name}");
        return;
    }
    let (_, held, expiry) = found.unwrap_or_else(|| panic!("{name}: {:?} is there", key.name));
    assert_eq!(expiry, key.expire_at_ms, "{name}");
    assert_eq!(held.type_name(), scan::type_name(key.type_byte), "{name}");
    let mut seen: Vec<(Vec<u8>, Vec<u8>)> = value
        .parts()
        .iter()
        .map(|part| match part {
            Part::One(text) => (text.bytes.clone(), Vec::new()),
            Part::Pair(name, text) => (name.bytes.clone(), text.bytes.clone()),
        })
        .collect();
    use lockstep_core::keyspace::Value as Held;
    use lockstep_core::resp::reply::format_double;
    let one = |elem: lockstep_core::packed::Elem<'_>| (elem.to_vec(), Vec::new());
    let mut held: Vec<(Vec<u8>, Vec<u8>)> = match held {
        Held::Str(text) => {
            assert_eq!(key.elements, text.bytes().len() as u64, "{name}");
            vec![(text.bytes().to_vec(), Vec::new())]
        }
        Held::List(list) => list.iter().map(one).collect(),
        Held::Set(set) => set.iter().map(one).collect(),
        Held::Hash(hash) => hash.iter().map(|(f, v)| (f.to_vec(), v.to_vec())).collect(),
        Held::ZSet(zset) => {
            zset.iter().map(|(m, score)| (m.to_vec(), format_double(score).into_bytes())).collect()
        }
    };
    if scan::type_name(key.type_byte) != "string" {
        assert_eq!(key.elements, held.len() as u64, "{name}");
    }
    if scan::type_name(key.type_byte) != "list" {
        seen.sort();
        held.sort();
    }
    let short = |all: Vec<(Vec<u8>, Vec<u8>)>| -> Vec<(Vec<u8>, Vec<u8>)> {
        let cut = |text: Vec<u8>| text[..text.len().min(64 * 1024)].to_vec();
        all.into_iter().map(|(a, b)| (cut(a), cut(b))).collect()
    };
    assert_eq!(short(seen), short(held), "{name}");
}

#[test]
fn a_file_cut_anywhere_says_where_and_keeps_what_came_before() {
    let bytes = file("made/redis_7_0_15.rdb");
    let whole = index(&bytes);
    for len in (0..bytes.len()).step_by(3) {
        let cut = index(&bytes[..len]);
        let fault = cut.fault().unwrap_or_else(|| panic!("cut at {len}"));
        assert_eq!(fault.error.offset, len as u64);
        let before = (0..whole.listed())
            .filter(|at| whole.entry(*at).is_some_and(|key| key.at.end <= len as u64));
        assert_eq!(cut.listed() as usize, before.count(), "cut at {len}");
        assert!(Extract::new(&cut).is_err());
    }
}

#[test]
fn a_damaged_file_is_told_by_its_place_or_by_its_checksum() {
    let bytes = file("made/redis_7_0_15.rdb");
    let (mut placed, mut summed) = (0, 0);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        let index = index(&damaged);
        match (index.fault(), index.checksum()) {
            (Some(fault), _) => {
                assert!(fault.start <= fault.error.offset);
                placed += 1;
            }
            (None, Some(Checksum::Wrong { .. })) => summed += 1,
            (None, sum) => panic!("byte {at}: {sum:?}"),
        }
    }
    assert!(placed > 100 && summed > 100, "{placed} {summed}");
}

#[test]
fn searches_filter_and_sort_and_show_one_page() {
    let bytes = file("rdb/parser_filters.rdb");
    let index = index(&bytes);
    let all = |filter: Filter| {
        let mut search = Search::new(filter);
        while search.advance(&index, 5) {}
        search
    };
    let names = |search: &Search, order, first, count| -> Vec<String> {
        let page = search.page(&index, order, first, count).into_iter();
        page.map(|at| crate::console::quoted(index.entry(at).expect("listed").name)).collect()
    };
    let every = all(Filter::default());
    assert_eq!(every.len(), 43);
    for order in [Order::File, Order::Size, Order::Name] {
        let whole = names(&every, order, 0, 1000);
        let pages: Vec<String> =
            (0..9).flat_map(|page| names(&every, order, page * 5, 5)).collect();
        assert_eq!(pages, whole, "{order:?}");
    }
    let sorted = names(&every, Order::Name, 0, 1000);
    assert!(sorted.is_sorted());
    let sets = all(Filter { kind: Some("set"), ..Filter::default() });
    let big = all(Filter { text: "[bn]?b".into(), ..Filter::default() });
    let part = all(Filter { text: "SET".into(), ..Filter::default() });
    let prefix = all(Filter { prefix: b"z".to_vec(), db: Some(0), ..Filter::default() });
    expect![[r#"
        [
            [
                "\"set6\"",
                "\"set4\"",
                "\"set5\"",
            ],
            [
                "\"n5b\"",
                "\"n4b\"",
                "\"n6b\"",
            ],
            [
                "\"set1\"",
                "\"set2\"",
                "\"set3\"",
            ],
            [
                "\"z1\"",
                "\"z2\"",
                "\"z3\"",
            ],
        ]"#]]
    .assert_eq(&format!(
        "{:#?}",
        [
            names(&sets, Order::Size, 0, 3),
            names(&big, Order::File, 0, 3),
            names(&part, Order::Name, 0, 3),
            names(&prefix, Order::Name, 0, 3),
        ]
    ));
    let expiring = all(Filter { expires: Some(true), ..Filter::default() });
    assert_eq!(expiring.len() as u64, index.expires());
}

#[test]
fn prefixes_add_up() {
    let mut file = b"REDIS0011\xfe\x00".to_vec();
    for user in 0..10 {
        for field in ["name", "mail", "a:b"] {
            let key = format!("user:{user}:{field}");
            file.extend([0, key.len() as u8]);
            file.extend(key.bytes());
            file.extend(b"\x01v");
        }
    }
    file.extend(b"\x00\x05plain\x01v\xff\0\0\0\0\0\0\0\0");
    let index = index(&file);
    assert_eq!(index.fault(), None);
    assert_eq!(index.checksum(), Some(Checksum::Off));
    let look = |within: &str, separator: &str| {
        let mut prefixes = Prefixes::new(within.into(), separator);
        while prefixes.advance(&index, 7) {}
        prefixes
    };
    let top = look("", ":");
    assert_eq!(top.len(), 1);
    let group = &top.largest(10)[0];
    assert_eq!((group.prefix.as_slice(), group.total.keys), (&b"user:"[..], 30));
    assert_eq!(top.plain().keys, 1);
    assert_eq!(group.total.bytes + top.plain().bytes, index.total().bytes);
    let users = look("user:", ":");
    assert_eq!((users.len(), users.plain().keys), (10, 0));
    let one = look("user:3:", ":");
    assert_eq!((one.len(), one.plain().keys), (1, 2));
    assert_eq!(look("", "").plain().keys, 31);
}

#[test]
fn a_million_keys_take_little_memory_and_time() {
    let mut index = Index::default();
    index.feed(b"REDIS0011\xfe\x00");
    let mut record = Vec::new();
    for n in 0..1_000_000_u32 {
        record.clear();
        let key = format!("user:{n}:session");
        record.extend([0, key.len() as u8]);
        record.extend(key.bytes());
        record.extend([0x0a]);
        record.extend(b"0123456789");
        assert!(index.feed(&record));
    }
    index.feed(b"\xff\0\0\0\0\0\0\0\0");
    assert_eq!(index.total().keys, 1_000_000);
    let mut search = Search::new(Filter { text: "99".into(), ..Filter::default() });
    while search.advance(&index, 100_000) {}
    let page = search.page(&index, Order::Name, 1_000, 100);
    assert_eq!(page.len(), 100);
    assert!(index.memory() < 64 * 1024 * 1024, "{}", index.memory());
}

#[test]
fn values_are_cut_and_say_so() {
    let mut file = b"REDIS0011\xfe\x00\x00\x01k\x80\x00\x01\x00\x00".to_vec();
    file.extend([b'x'; 65_536]);
    file.extend(b"\x01\x01l\x43\xe8");
    (0..1000).for_each(|_| file.extend(b"\x02ab"));
    file.extend(b"\xff\0\0\0\0\0\0\0\0");
    let index = index(&file);
    assert_eq!(index.fault(), None);
    let text = value(&index, &file, &index.entry(0).expect("k"), VALUE_PARTS);
    let [Part::One(text)] = text.parts() else { panic!("one string") };
    assert_eq!((text.len, text.bytes.len() as u64 + text.missing()), (65_536, 65_536));
    assert!(text.missing() > 0);
    let list = value(&index, &file, &index.entry(1).expect("l"), VALUE_PARTS);
    assert_eq!(shown(&list), vec!["\"ab\""; VALUE_PARTS]);
    let list = value(&index, &file, &index.entry(1).expect("l"), usize::MAX);
    assert_eq!(list.parts().len(), 1000);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    /// Whatever the bytes are: no panic, and no key that lies outside of them.
    #[test]
    fn any_bytes_are_read(noise in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        place in 0_usize..2000, version in 1_u8..12) {
        let mut bytes = format!("REDIS{version:04}").into_bytes();
        let real = file("made/redis_7_0_15.rdb");
        bytes.extend(&real[9..9 + place.min(real.len() - 9)]);
        bytes.extend(noise);
        let index = index_of(&bytes, 17);
        for at in 0..index.listed() {
            let key = index.entry(at).expect("listed");
            proptest::prop_assert!(key.at.start < key.at.end && key.at.end <= bytes.len() as u64);
            value(&index, &bytes, &key, 10);
        }
    }
}
