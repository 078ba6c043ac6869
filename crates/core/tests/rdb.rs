//! The RDB reader and writer on real files, on every prefix and segmentation of them, and on lies.
#![cfg(not(target_family = "wasm"))] // It reads files.

use lockstep_core::packed::{Elem, Intset, Listpack};
use lockstep_core::rdb::format::value_type;
use lockstep_core::rdb::{
    Kind, Meta, Options, RdbError, Reader, Settings, Sink, Status, Taken, Writer,
};
use lockstep_core::resp::number::format_double;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Writes everything down as it comes, one line per call.
#[derive(Debug, Clone, Default, PartialEq)]
struct Notes {
    text: String,
    keys: usize,
    inside: bool,
}

impl Notes {
    fn line(&mut self, line: impl AsRef<str>) -> Taken {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
        Ok(())
    }

    fn part(&mut self, kind: &str, bytes: &[u8]) -> Taken {
        assert!(self.inside, "a value outside of begin and end");
        self.line(format!("  {kind} {}", bytes.escape_ascii()))
    }

    fn parts(&mut self, kind: &str, list: &Listpack) -> Taken {
        assert!(!list.is_empty(), "the reader hands out no empty listpack");
        list.iter().try_for_each(|elem| self.part(kind, &elem.to_vec()))
    }
}

impl Sink for Notes {
    fn aux(&mut self, name: &[u8], value: &[u8]) -> Taken {
        self.line(format!("aux {} {}", name.escape_ascii(), value.escape_ascii()))
    }
    fn select_db(&mut self, db: u64) -> Taken {
        self.line(format!("db {db}"))
    }
    fn resize_db(&mut self, keys: u64, expires: u64) -> Taken {
        self.line(format!("resize {keys} {expires}"))
    }
    fn function(&mut self, code: &[u8]) -> Taken {
        self.line(format!("function {}", code.escape_ascii()))
    }
    fn begin(&mut self, key: &[u8], meta: &Meta) -> Taken {
        assert!(!self.inside, "begin inside of a key");
        self.inside = true;
        self.keys += 1;
        let mut line = format!("{} {:?}", key.escape_ascii(), meta.kind);
        if let Some(at) = meta.expire_at_ms {
            write!(line, " expires {at}").unwrap();
        }
        if let Some(idle) = meta.idle_seconds {
            write!(line, " idle {idle}").unwrap();
        }
        if let Some(freq) = meta.freq {
            write!(line, " freq {freq}").unwrap();
        }
        self.line(line)
    }
    fn string(&mut self, value: Elem<'_>) -> Taken {
        self.part("=", &value.to_vec())
    }
    fn list_item(&mut self, item: &[u8]) -> Taken {
        self.part("-", item)
    }
    fn list_node(&mut self, node: Listpack) -> Taken {
        self.parts("-", &node)
    }
    fn set_item(&mut self, member: &[u8]) -> Taken {
        self.part("*", member)
    }
    fn intset(&mut self, members: Intset) -> Taken {
        assert!(!members.is_empty());
        members.iter().try_for_each(|member| self.part("*", member.to_string().as_bytes()))
    }
    fn set_listpack(&mut self, members: Listpack) -> Taken {
        self.parts("*", &members)
    }
    fn hash_field(&mut self, field: &[u8], value: &[u8]) -> Taken {
        self.part(".", field)?;
        self.part(".", value)
    }
    fn hash_listpack(&mut self, pairs: Listpack) -> Taken {
        self.parts(".", &pairs)
    }
    fn zset_item(&mut self, member: &[u8], score: f64) -> Taken {
        self.part("#", member)?;
        self.part("#", format_double(score).as_bytes())
    }
    fn zset_listpack(&mut self, pairs: Listpack) -> Taken {
        self.parts("#", &pairs)
    }
    fn end(&mut self) -> Taken {
        assert!(self.inside, "end outside of a key");
        self.inside = false;
        Ok(())
    }
    fn skipped_empty(&mut self, key: &[u8]) {
        self.line(format!("empty {}", key.escape_ascii())).unwrap();
    }
}

/// Feeds `input` in the given pieces, then ends the stream.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Notes, RdbError> {
    let (mut reader, mut notes) = (Reader::default(), Notes::default());
    for piece in pieces {
        let status = reader.feed(piece, &mut notes)?;
        assert!(status.done || status.consumed == piece.len(), "bytes left without being done");
    }
    reader.finish().map(|()| notes)
}

fn files() -> Vec<(String, Vec<u8>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rdb");
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rdb"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), 28);
    files
}

fn expected() -> Vec<(String, String, usize)> {
    include_str!("../../../tests/data/rdb/expected.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (fields[0].into(), fields[2].into(), fields[3].parse().unwrap_or(0))
        })
        .collect()
}

#[test]
fn real_files_give_what_redis_loads() {
    let expected = expected();
    for (name, bytes) in files() {
        let (_, outcome, keys) = expected.iter().find(|e| e.0 == name).expect("listed");
        let result = read([&bytes[..]]);
        if name == "redis_50_with_streams.rdb" {
            let error = result.unwrap_err();
            assert!(error.what.starts_with("a stream (type 15) under key \""), "{error}");
            continue;
        }
        if outcome == "EXIT" {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("module"), "{name}: {error}");
            continue;
        }
        let notes = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Redis drops the keys that have expired since.
        let expired = notes.text.matches(" expires ").count();
        assert_eq!(notes.keys - expired, *keys, "{name}");
    }
}

/// A file that redis-server 7.0.15 saved with small encoding thresholds, so that a few keys show
/// all of its encodings, beside what its commands answered for each key.
#[test]
fn every_encoding_of_redis_7_gives_what_redis_answers() {
    let file = include_bytes!("../../../tests/data/made/redis_7_0_15.rdb");
    let notes = read([&file[..]]).unwrap();
    assert!(notes.text.contains("aux redis-ver 7.0.15\n"));
    assert!(notes.text.contains("function #!lua name=lib\\n"));
    let (mut found, mut db) = (Vec::<(String, Vec<String>)>::new(), "");
    for line in notes.text.lines() {
        if let Some(number) = line.strip_prefix("db ") {
            db = number;
        } else if let Some(part) = line.strip_prefix("  ") {
            found.last_mut().unwrap().1.push(part[2..].into());
        } else if line.contains(" freq ") {
            // The policy was LFU, so every key has a frequency.
            let words: Vec<&str> = line.split(' ').collect();
            let ttl = if words[2] == "expires" { words[3] } else { "-1" };
            let kind = words[1].to_lowercase();
            found.push((format!("{db}\t{}\t{kind}\t{ttl}", words[0]), Vec::new()));
        }
    }
    let mut lines: Vec<String> = found
        .into_iter()
        .map(|(head, mut parts)| {
            if head.contains("\tset\t") {
                parts.sort();
            } else if head.contains("\thash\t") || head.contains("\tzset\t") {
                let mut pairs: Vec<_> = parts.chunks(2).map(<[_]>::to_vec).collect();
                pairs.sort();
                parts = pairs.concat();
            }
            [vec![head], parts].concat().join("\t")
        })
        .collect();
    lines.sort();
    let mut expected: Vec<&str> =
        include_str!("../../../tests/data/made/redis_7_0_15.tsv").lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn errors_name_the_type_the_key_and_the_place() {
    let file = |wanted: &str| files().into_iter().find(|file| file.0 == wanted).unwrap().1;
    let error = |name: &str| read([&file(name)[..]]).unwrap_err().to_string();
    expect_test::expect![[r#"
        a value of a module "ReJSON-RL" (type 7) under key "foo", which cannot be read (at byte 190)
        data of the module "test__rdb" (opcode 247), which cannot be read (at byte 89)
        a stream (type 15) under key "mystream", which cannot be read (at byte 762)
    "#]]
    .assert_eq(&format!(
        "{}\n{}\n{}\n",
        error("redis_40_with_module.rdb"),
        error("redis_60_with_module_aux.rdb"),
        error("redis_50_with_streams.rdb"),
    ));
}

#[test]
fn the_beginning_of_a_real_file() {
    let file = files().into_iter().find(|file| file.0 == "parser_filters.rdb").unwrap().1;
    let notes = read([&file[..]]).unwrap();
    // The long value is checked by the digests elsewhere: its beginning will do here.
    let head: String = notes.text.lines().take(12).map(|line| format!("{line:.90}\n")).collect();
    expect_test::expect![[r#"
        db 0
        k1 String
          = ssssssss
        k3 String
          = wwwwwwww
        s1 String
          = .ahaa bit longer and with spaceslonger than 256 characters and trivially compressible 
        s2 String
          = now_exists
        n5b String
          = 1000
        l10 List
    "#]]
    .assert_eq(&head);
}

/// Files for tests that read them again and again.
fn small_files() -> impl Iterator<Item = (String, Vec<u8>)> {
    files().into_iter().filter(|(name, bytes)| {
        bytes.len() < 1200 && read([&bytes[..]]).is_ok() && name != "redis_50_with_streams.rdb"
    })
}

#[test]
fn every_truncation_is_an_error() {
    for (name, bytes) in small_files() {
        for len in 0..bytes.len() {
            let error = read([&bytes[..len]]).expect_err(&name);
            assert!(error.what.contains("ends early"), "{name} cut to {len}: {error}");
            assert_eq!(error.offset, len as u64);
        }
    }
}

#[test]
fn every_truncation_of_large_files_is_an_error() {
    for (name, bytes) in files() {
        if read([&bytes[..]]).is_err() {
            continue;
        }
        for len in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
            assert!(read([&bytes[..len]]).is_err(), "{name} cut to {len}");
        }
    }
}

#[test]
fn segmentation_does_not_matter() {
    for (name, bytes) in small_files() {
        let whole = read([&bytes[..]]).unwrap();
        assert_eq!(read(bytes.chunks(1)).unwrap(), whole, "{name} byte by byte");
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(read([head, tail]).unwrap(), whole, "{name} cut at {cut}");
        }
    }
    for (name, bytes) in files() {
        if let Ok(whole) = read([&bytes[..]]) {
            assert_eq!(read(bytes.chunks(1)).unwrap(), whole, "{name} byte by byte");
            assert_eq!(read(bytes.chunks(4096)).unwrap(), whole, "{name} in blocks");
        }
    }
}

#[test]
fn what_follows_the_end_stays_with_the_caller() {
    for (name, bytes) in small_files() {
        for cut in 0..=bytes.len() {
            let (mut reader, mut notes) = (Reader::default(), Notes::default());
            let input = [&bytes[..], b"*1\r\n$4\r\nPING\r\n"].concat();
            let first = reader.feed(&input[..cut], &mut notes).unwrap();
            let second = reader.feed(&input[first.consumed..], &mut notes).unwrap();
            assert!(second.done, "{name}");
            assert_eq!(first.consumed + second.consumed, bytes.len(), "{name}");
            let more = reader.feed(b"more", &mut notes).unwrap();
            assert_eq!(more, Status { consumed: 0, done: true });
        }
    }
}

#[test]
fn every_changed_byte_is_noticed_where_there_is_a_sum() {
    let name = "rdb_version_5_with_checksum.rdb";
    let file = files().into_iter().find(|file| file.0 == name).unwrap().1;
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut bad = file.clone();
            bad[at] ^= 1 << bit;
            let result = read([&bad[..]]);
            // Version 4 and 1 have no sum, and then the rest is not part of the file.
            if at == 8 && matches!(bad[8], b'1' | b'4') {
                continue;
            }
            assert!(result.is_err(), "bit {bit} of byte {at}");
        }
    }
    let mut unchecked = file.clone();
    let end = unchecked.len();
    unchecked[end - 8..].fill(0);
    read([&unchecked[..]]).unwrap();
    unchecked[end - 1] = 1;
    let error = read([&unchecked[..]]).unwrap_err();
    assert!(error.what.starts_with("wrong checksum"), "{error}");
    let mut lenient = Reader::new(Settings { checksum: false, ..Settings::default() });
    assert!(lenient.feed(&unchecked, &mut Notes::default()).unwrap().done);
}

/// A file of version 9 with this between its header and the end.
fn file(body: &[u8]) -> Vec<u8> {
    [b"REDIS0009", body, b"\xff\0\0\0\0\0\0\0\0"].concat()
}

#[test]
fn announcements_alone_cost_nothing() {
    // 10 GB, 4 GB and 16 EB, as a string, a compressed string, and counts.
    for body in [
        &b"\x00\x01k\x80\xff\xff\xff\xff"[..],
        b"\x00\x01k\xc3\x09\x80\xff\xff\xff\xffaaa",
        b"\x00\x01k\xc3\x80\xff\xff\xff\xff\x80\xff\xff\xff\xffaaa",
        b"\x01\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
        b"\x04\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a\x01b",
        b"\xfb\x81\xff\xff\xff\xff\xff\xff\xff\xff\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xfa\x01a\x80\xff\xff\xff\xff",
    ] {
        let input = [b"REDIS0009", body].concat();
        let error = read([&input[..]]).unwrap_err();
        assert!(error.what.contains("ends early"), "{error}");
    }
    let ten_gb = b"REDIS0009\x00\x01k\x81\x00\x00\x00\x02\x80\x00\x00\x00";
    expect_test::expect![[r#"a string of 10737418240 bytes, longer than the limit of 4294967295, in the string (type 0) under key "k" (at byte 12)"#]]
        .assert_eq(&read([&ten_gb[..]]).unwrap_err().to_string());
}

#[test]
fn lies_are_refused() {
    let listpack = |bytes: &[u8]| [&[bytes.len() as u8][..], bytes].concat();
    for (body, what) in [
        (b"\x00\x01k\xc4".to_vec(), "unknown string encoding 0xc4"),
        (b"\x00\x01k\x82".to_vec(), "unknown length encoding 0x82"),
        (b"\x01\x01k\xc0\x01".to_vec(), "a string where a length should be"),
        (b"\x00\x01k\xc3\x03\x40\xc8\x00a\x20".to_vec(), "a compressed string of 3 bytes"),
        (b"\x08\x01k".to_vec(), "8 is neither an opcode nor the type of a value"),
        (b"\xf6\x01f".to_vec(), "a function in the form of a release candidate"),
        (b"\x1b\x01k".to_vec(), "a value of a type newer than those known here (type 27)"),
        (b"\x05\x01k\x01\x01m\0\0\0\0\0\0\xf8\x7f".to_vec(), "a score that is NaN"),
        (b"\x03\x01k\x01\x01m\xfd".to_vec(), "a score that is NaN"),
        (b"\x03\x01k\x01\x01m\x03abc".to_vec(), "a score that is not a number"),
        (b"\x12\x01k\x01\x03\x01a".to_vec(), "unknown form 3 of a list's node"),
        (b"\x0b\x01k\x03abc".to_vec(), "corrupt intset"),
        (b"\x09\x01k\x03abc".to_vec(), "corrupt zipmap"),
        (b"\x0a\x01k\x03abc".to_vec(), "corrupt ziplist"),
        (b"\x0e\x01k\x01\x03abc".to_vec(), "corrupt ziplist"),
        (b"\x14\x01k\x03abc".to_vec(), "corrupt listpack"),
        (
            [b"\x10\x01k", &listpack(b"\x09\0\0\0\x01\0\x01\x01\xff")[..]].concat(),
            "a packed collection of pairs with an odd number of elements",
        ),
        (
            [b"\x11\x01k", &listpack(b"\x0c\0\0\0\x02\0\x01\x01\x81x\x02\xff")[..]].concat(),
            "a packed sorted set with a score that is not a number",
        ),
        (b"\x09\x01k\x0c\x02\x01a\x01\0b\x01a\x01\0b\xff".to_vec(), "same element twice"),
    ] {
        let error = read([&file(&body)[..]]).unwrap_err();
        assert!(error.what.contains(what), "{error} instead of {what}");
    }
    for (magic, what) in [
        (&b"REDIS0013"[..], "RDB version 13 cannot be read, only 1 to 12"),
        (b"REDIS0000", "RDB version 0 cannot be read"),
        (b"REDIS00x1", "not an RDB: it begins with \"REDIS00x1\""),
        (b"HTTP/1.1 ", "not an RDB"),
        (b"VALKEY080", "an RDB of Valkey 9"),
    ] {
        let error = read([magic]).unwrap_err();
        assert!(error.what.starts_with(what), "{error}");
    }
}

#[test]
fn a_compression_bomb_is_refused_before_it_is_allocated() {
    // Eight bytes that announce 3 GB.
    let body = b"\x00\x01k\xc3\x08\x80\xc0\x00\x00\x00\x00a\xe0\xff\x00\xe0\xff\x00";
    let error = read([&file(body)[..]]).unwrap_err();
    assert!(error.what.contains("a compressed string of 8 bytes"), "{error}");
}

#[test]
fn empty_collections_are_left_out() {
    let body = b"\xfc\x01\0\0\0\0\0\0\0\x02\x01a\x00\x01\x01b\x00\x10\x01c\x07\x07\0\0\0\0\0\xff\
        \x12\x01d\x01\x02\x07\x07\0\0\0\0\0\xff\x00\x01e\x01v";
    let notes = read([&file(body)[..]]).unwrap();
    assert_eq!(notes.text, "empty a\nempty b\nempty c\nempty d\ne String\n  = v\n");
}

#[test]
fn what_is_said_of_one_key_is_not_said_of_the_next() {
    let body = b"\xfd\x01\0\0\0\xf8\x05\x00\x01a\x01v\xf9\x07\x00\x01b\xc1\x00\x80\x00\x01c\x01v";
    expect_test::expect![[r"
        a String expires 1000 idle 5
          = v
        b String freq 7
          = -32768
        c String
          = v
    "]]
    .assert_eq(&read([&file(body)[..]]).unwrap().text);
}

#[test]
fn a_sink_that_refuses_ends_the_reading() {
    struct Refuses;
    impl Sink for Refuses {
        fn select_db(&mut self, db: u64) -> Taken {
            Err(format!("database {db} is out of range"))
        }
        fn begin(&mut self, _: &[u8], meta: &Meta) -> Taken {
            assert_eq!(meta.kind, Kind::String);
            Err("no room".into())
        }
        fn string(&mut self, _: Elem<'_>) -> Taken {
            unreachable!("begin was refused")
        }
        fn list_item(&mut self, _: &[u8]) -> Taken {
            unreachable!()
        }
        fn list_node(&mut self, _: Listpack) -> Taken {
            unreachable!()
        }
        fn set_item(&mut self, _: &[u8]) -> Taken {
            unreachable!()
        }
        fn intset(&mut self, _: Intset) -> Taken {
            unreachable!()
        }
        fn set_listpack(&mut self, _: Listpack) -> Taken {
            unreachable!()
        }
        fn hash_field(&mut self, _: &[u8], _: &[u8]) -> Taken {
            unreachable!()
        }
        fn hash_listpack(&mut self, _: Listpack) -> Taken {
            unreachable!()
        }
        fn zset_item(&mut self, _: &[u8], _: f64) -> Taken {
            unreachable!()
        }
        fn zset_listpack(&mut self, _: Listpack) -> Taken {
            unreachable!()
        }
        fn end(&mut self) -> Taken {
            unreachable!()
        }
    }
    for (body, what) in [
        (&b"\xfe\x10"[..], "database 16 is out of range (at byte 9)"),
        (b"\x00\x01k\x01v", "no room (at byte 12)"),
    ] {
        let error = Reader::default().feed(&file(body), &mut Refuses).unwrap_err();
        assert_eq!(error.to_string(), what);
    }
}

/// A value to write, and what the reader must say of it.
#[derive(Debug, Clone)]
enum Given {
    String(Vec<u8>),
    List(Vec<Vec<u8>>),
    Nodes(Vec<Vec<Vec<u8>>>),
    Pairs(u8, Vec<(Vec<u8>, Vec<u8>)>),
    Scores(Vec<(Vec<u8>, f64)>),
    Ints(Vec<i64>),
}

impl Given {
    fn write(&self, writer: &mut Writer, key: &[u8], expire: Option<u64>, notes: &mut Notes) {
        let (kind, value_type) = match self {
            Self::String(_) => (Kind::String, value_type::STRING),
            Self::List(_) => (Kind::List, value_type::LIST),
            Self::Nodes(_) => (Kind::List, value_type::LIST_QUICKLIST_2),
            Self::Pairs(value_type, _) => (Kind::Hash, *value_type),
            Self::Scores(_) => (Kind::ZSet, value_type::ZSET_2),
            Self::Ints(_) => (Kind::Set, value_type::SET_INTSET),
        };
        writer.begin(key, value_type, expire);
        let meta = Meta {
            kind,
            type_byte: value_type,
            expire_at_ms: expire,
            idle_seconds: None,
            freq: None,
            announced: 0,
        };
        notes.begin(key, &meta).unwrap();
        match self {
            Self::String(value) => {
                writer.string(value);
                notes.string(Elem::Bytes(value)).unwrap();
            }
            Self::List(items) => {
                writer.length(items.len() as u64);
                for item in items {
                    writer.string(item);
                    notes.list_item(item).unwrap();
                }
            }
            Self::Nodes(nodes) => {
                writer.length(nodes.len() as u64);
                for node in nodes {
                    let list: Listpack = node.iter().collect();
                    writer.list_node(&list);
                    notes.list_node(list).unwrap();
                }
            }
            Self::Pairs(value_type::HASH, pairs) => {
                writer.length(pairs.len() as u64);
                for (field, value) in pairs {
                    writer.string(field);
                    writer.string(value);
                    notes.hash_field(field, value).unwrap();
                }
            }
            Self::Pairs(_, pairs) => {
                let list: Listpack = pairs.iter().flat_map(|(f, v)| [f, v]).collect();
                writer.listpack(&list);
                notes.hash_listpack(list).unwrap();
            }
            Self::Scores(items) => {
                writer.length(items.len() as u64);
                for (member, score) in items {
                    writer.string(member);
                    writer.binary_double(*score);
                    notes.zset_item(member, *score).unwrap();
                }
            }
            Self::Ints(members) => {
                let mut set = Intset::new();
                members.iter().for_each(|member| _ = set.insert(*member));
                writer.intset(&set);
                notes.intset(set).unwrap();
            }
        }
        notes.end().unwrap();
    }
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..30),
        2 => any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        2 => (-70_000..70_000i64).prop_map(|value| value.to_string().into_bytes()),
        1 => (any::<u8>(), 0..20_000usize).prop_map(|(byte, len)| vec![byte; len]),
        1 => "[ab ]{20,200}".prop_map(String::into_bytes),
    ]
}

fn given() -> impl Strategy<Value = Given> {
    let texts = || prop::collection::vec(text(), 1..5);
    let pairs = prop::collection::vec((text(), text()), 1..5);
    let scores = prop::collection::vec((text(), -1e9..1e9f64), 1..5);
    prop_oneof![
        text().prop_map(Given::String),
        texts().prop_map(Given::List),
        prop::collection::vec(texts(), 1..3).prop_map(Given::Nodes),
        (prop_oneof![Just(value_type::HASH), Just(value_type::HASH_LISTPACK)], pairs)
            .prop_map(|(value_type, pairs)| Given::Pairs(value_type, pairs)),
        scores.prop_map(Given::Scores),
        prop::collection::vec(any::<i64>(), 1..20).prop_map(Given::Ints),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        keys in prop::collection::vec((text(), prop::option::of(0..1u64 << 50), given()), 0..6),
        compress: bool,
        checksum: bool,
        take_each: bool,
        piece in 1..5000usize,
    ) {
        let mut writer = Writer::new(Options { version: 10, compress, checksum });
        let (mut notes, mut bytes) = (Notes::default(), Vec::new());
        writer.header();
        writer.aux("redis-ver", b"7.0.15");
        notes.aux(b"redis-ver", b"7.0.15").unwrap();
        writer.aux_int("ctime", 1_700_000_000);
        notes.aux(b"ctime", b"1700000000").unwrap();
        writer.select_db(3);
        notes.select_db(3).unwrap();
        writer.resize_db(keys.len() as u64, 70_000);
        notes.resize_db(keys.len() as u64, 70_000).unwrap();
        for (key, expire, value) in &keys {
            value.write(&mut writer, key, *expire, &mut notes);
            if take_each {
                bytes.extend(writer.take());
            }
        }
        writer.eof();
        bytes.extend_from_slice(writer.bytes());
        prop_assert_eq!(writer.total(), bytes.len() as u64);
        let summed = bytes[bytes.len() - 8..].iter().any(|byte| *byte != 0);
        prop_assert_eq!(summed, checksum);
        prop_assert_eq!(read(bytes.chunks(piece)).unwrap(), notes);
    }

    #[test]
    fn any_bytes_are_refused_or_read(
        name in 0..28usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (_, mut bytes) = files().swap_remove(name);
        bytes.truncate(2000);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = read([&bytes[..]]).map_err(|error| error.offset);
        let pieces = read(bytes.chunks(7)).map_err(|error| error.offset);
        prop_assert_eq!(whole, pieces);
    }
}
