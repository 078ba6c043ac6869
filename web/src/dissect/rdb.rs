//! The payload of a full resynchronisation: its header (`$<len>` or `$EOF:<mark>`), the RDB with
//! its magic, auxiliary fields, opcodes and values, the checksum, the closing mark, and whatever
//! of the stream follows.

use lockstep_core::rdb::crc64;

use super::value::{self, length, string};
use super::{Builder, Read, Stop, readable, resp, stream};
use crate::i18n::{Key, Say};

/// Length of the random mark of the diskless form.
const MARK_LEN: usize = 40;

/// A file by itself.
pub(super) fn file(b: &mut Builder<'_>) -> Read<()> {
    let len = b.rest().len();
    b.within(len, (Key::DissectSurplus, Key::DissectSurplusNote), rdb)
}

/// Header and RDB, then the stream.
pub(super) fn transfer(b: &mut Builder<'_>) -> Read<()> {
    while b.first()? == b'\n' {
        b.wanted()?;
        b.row(Key::DissectKeepalive);
        b.note(Key::DissectKeepaliveNote);
        b.leaf(1, Key::DissectKeepalive)?;
    }
    match header(b)? {
        End::Length(len) => {
            b.within(len, (Key::DissectSurplus, Key::DissectSurplusNote), rdb)?;
        }
        End::Mark(mark) => {
            // Whatever the RDB holds, the mark is its end.
            let found = b.rest().windows(MARK_LEN).position(|bytes| bytes == mark);
            let len = found.unwrap_or(usize::MAX);
            b.within(len, (Key::DissectSurplus, Key::DissectSurplusNote), rdb)?;
            b.depth = 0;
            b.row(Key::DissectEofMark);
            b.note(Key::DissectEofMarkNote);
            b.leaf(MARK_LEN, Key::DissectEofMark)?;
        }
    }
    resp::commands(b)
}

/// How the RDB ends.
enum End<'a> {
    Length(usize),
    Mark(&'a [u8]),
}

fn header<'a>(b: &mut Builder<'a>) -> Read<End<'a>> {
    let len = b.rest().iter().position(|&byte| byte == b'\n').ok_or(Stop::CutOff)? + 1;
    let line = b.peek(len)?;
    let end = if line.ends_with(b"\r\n") { 2 } else { 1 };
    if let Some(mark) = line.strip_prefix(b"$EOF:") {
        let mark = mark.get(..MARK_LEN).ok_or(Stop::Odd)?;
        b.row(Key::DissectEofHeader);
        b.note(Key::DissectEofHeaderNote);
        b.leaf(5, Key::DissectEofHeader)?;
        b.leaf(MARK_LEN, Key::DissectEofMark)?;
        b.minor(len - 5 - MARK_LEN, Key::DissectLineEnd)?;
        return Ok(End::Mark(mark));
    }
    let digits = line[..len - end].strip_prefix(b"$").ok_or(Stop::Odd)?;
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    let number = number.ok_or(Stop::Odd)?;
    b.row(Key::DissectLenHeader);
    b.note(Key::DissectLenHeaderNote);
    b.minor(1, Key::DissectBulkMark)?;
    b.leaf(digits.len(), Key::DissectLenHeader)?;
    b.minor(end, Key::DissectLineEnd)?;
    Ok(End::Length(number))
}

fn rdb(b: &mut Builder<'_>) -> Read<()> {
    let start = b.at;
    let valkey = b.first()? == b'V';
    let name: &[u8] = if valkey { b"VALKEY" } else { b"REDIS" };
    let magic = b.peek(9)?;
    let digits = magic.strip_prefix(name).ok_or(Stop::Odd)?;
    let version = std::str::from_utf8(digits).ok().and_then(|v| v.parse::<u32>().ok());
    let version = version.ok_or(Stop::Odd)?;
    b.depth = 0;
    b.row(Say::with(Key::DissectMagicVersion, &[&version]));
    b.leaf(name.len(), Key::DissectMagic)?;
    b.leaf(digits.len(), Key::DissectVersion)?;
    loop {
        b.depth = 1;
        b.wanted()?;
        match b.first()? {
            0xff => return end(b, start, version),
            opcode => item(b, opcode, valkey)?,
        }
    }
}

/// What stands between the magic and the end: an opcode with its arguments, or a value.
fn item(b: &mut Builder<'_>, opcode: u8, valkey: bool) -> Read<()> {
    match opcode {
        0xfa => aux(b),
        0xfe => {
            opened(b, Key::DissectSelectDb)?;
            length(b, Key::DissectDatabase).map(drop)
        }
        0xfb => {
            opened(b, Key::DissectResizeDb)?;
            b.note(Key::DissectResizeDbNote);
            length(b, Key::DissectKeysInDb)?;
            length(b, Key::DissectExpiresInDb).map(drop)
        }
        0xfc => expiry(b, 8, Key::DissectExpiryMs),
        0xfd => expiry(b, 4, Key::DissectExpirySeconds),
        0xf9 => {
            opened(b, Key::DissectFreq)?;
            let freq = b.leaf(1, Key::DissectFreq)?[0];
            b.value(freq.to_string());
            Ok(())
        }
        0xf8 => {
            opened(b, Key::DissectIdle)?;
            length(b, Key::DissectIdle).map(drop)
        }
        0xf7 => {
            opened(b, Key::DissectModuleAux)?;
            stream::module_id(b)?;
            stream::module_items(b)
        }
        0xf6 => stream::function_of_a_candidate(b),
        0xf5 => {
            opened(b, Key::DissectFunction)?;
            let code = string(b, Key::DissectFunction)?;
            b.value(readable(&code, 32));
            Ok(())
        }
        0xf4 => {
            opened(b, Key::DissectSlotInfo)?;
            (0..3).try_for_each(|_| length(b, Key::DissectSlotInfo).map(drop))
        }
        kind => value::entry(b, kind, valkey),
    }
}

/// Starts the row of an opcode.
pub(super) fn opened(b: &mut Builder<'_>, label: Key) -> Read<()> {
    b.row(label);
    b.minor(1, Key::DissectOpcode).map(drop)
}

fn end(b: &mut Builder<'_>, start: usize, version: u32) -> Read<()> {
    b.row(Key::DissectEof);
    b.leaf(1, Key::DissectEof)?;
    if version < 5 {
        return Ok(());
    }
    let sum = crc64::update(0, b.since(start)).to_le_bytes();
    b.row(Key::DissectChecksum);
    let found = b.begun(8, Key::DissectChecksum)?;
    b.note(if found == [0; 8] {
        Key::DissectChecksumOff.into()
    } else if found == sum {
        Key::DissectChecksumRight.into()
    } else {
        Say::with(Key::DissectChecksumWrong, &[&readable(&sum, 24)])
    });
    Ok(())
}

fn aux(b: &mut Builder<'_>) -> Read<()> {
    opened(b, Key::DissectAux)?;
    let name = string(b, Key::DissectAuxName)?;
    let value = string(b, Key::DissectAuxValue)?;
    b.relabel(Say::with(Key::DissectAuxNamed, &[&readable(&name, 24)]));
    b.value(readable(&value, 48));
    let notes: [(&[u8], Key); 9] = [
        (b"redis-ver", Key::DissectAuxVer),
        (b"redis-bits", Key::DissectAuxBits),
        (b"ctime", Key::DissectAuxCtime),
        (b"used-mem", Key::DissectAuxMem),
        (b"aof-base", Key::DissectAuxAof),
        (b"aof-preamble", Key::DissectAuxAof),
        (b"repl-stream-db", Key::DissectAuxStreamDb),
        (b"repl-id", Key::DissectAuxReplId),
        (b"repl-offset", Key::DissectAuxReplOffset),
    ];
    if let Some((_, note)) = notes.iter().find(|(known, _)| *known == name) {
        b.note(*note);
    }
    Ok(())
}

fn expiry(b: &mut Builder<'_>, len: usize, label: Key) -> Read<()> {
    opened(b, label)?;
    b.note(Key::DissectExpiryNote);
    value::number(b, len, label)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use crate::dissect::Reading;
    use crate::dissect::tests::labels;

    const MARK: &[u8; 40] = b"0123456789abcdef0123456789abcdef01234567";

    fn file() -> Vec<u8> {
        let mut bytes = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40".to_vec();
        bytes.extend(b"\xfe\x00\xfb\x02\x01\xfc\x00\x10\xa5\xd4\xe8\x00\x00\x00");
        bytes.extend(b"\x00\x04name\x06chaoge\x12\x01l\x01\x02\x0d\x0d\x00\x00\x00\x02\x00");
        bytes.extend(b"\x82ab\x03\x7f\x01\xff\xff");
        let sum = lockstep_core::rdb::crc64::update(0, &bytes).to_le_bytes();
        bytes.extend(sum);
        bytes
    }

    #[test]
    fn a_file_is_read_to_its_checksum() {
        let mut bytes = format!("${}\r\n", file().len()).into_bytes();
        bytes.extend(file());
        bytes.extend(b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(
            labels(Reading::Transfer, &bytes),
            [
                "length of the RDB",
                "RDB, version 10",
                "about the file: redis-ver = 7.0.15",
                "about the file: redis-bits = 64",
                "database that follows = 0",
                "sizes of the tables = 2, 1",
                "expires at (ms) = 1000000000000",
                "string = name",
                "value = chaoge",
                "list of packed nodes = l",
                "number of elements = 1",
                "node: packed elements",
                "listpack: 2 entries",
                "element = ab",
                "element = 127",
                "end of the entries",
                "end of the data",
                "checksum",
                "array of 1",
                "command",
            ]
        );
    }

    #[test]
    fn the_diskless_form_ends_with_its_mark_whatever_is_in_it() {
        let frame = |rdb: &[u8]| {
            let mut bytes = b"\n$EOF:".to_vec();
            bytes.extend(MARK);
            bytes.extend(b"\r\n");
            bytes.extend(rdb);
            bytes.extend(MARK);
            bytes.extend(b"*1\r\n$4\r\nPING\r\n");
            bytes
        };
        let mut damaged = file();
        damaged[45] = 0xee;
        for rdb in [file(), damaged] {
            let labels = labels(Reading::Transfer, &frame(&rdb));
            assert_eq!(labels[..2], ["keep-alive", "transfer without a length"]);
            let end = labels.len() - 3;
            assert_eq!(labels[end..], ["mark of the end", "array of 1", "command"]);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_covered() {
        let mut bytes = b"$1000\r\n".to_vec();
        bytes.extend(file());
        for len in 0..bytes.len() {
            let labels = labels(Reading::Transfer, &bytes[..len]);
            assert!(!labels.iter().any(|label| label.contains("damaged")), "{labels:?}");
        }
    }

    #[test]
    fn integers_keep_their_sign() {
        let bytes = b"REDIS0010\x00\x01k\xc1\xff\xff\xff";
        assert!(labels(Reading::File, bytes).contains(&"value = -1".to_owned()));
    }

    #[test]
    fn old_encodings_are_read_entry_by_entry() {
        // A ziplist of two pairs, an intset, a zipmap, a compressed string.
        let cases: [(&[u8], &[&str]); 4] = [
            (
                b"\x0d\x01h\x10\x10\x00\x00\x00\x0d\x00\x00\x00\x02\x00\x00\x01a\x03\xf3\xff",
                &["hash, packed = h", "value", "ziplist: 2 entries", "field = a", "value = 2"],
            ),
            (
                b"\x0b\x01s\x0c\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x07\x00",
                &["set of integers, packed = s", "value", "intset: 2 integers of 2 bytes"],
            ),
            (
                b"\x09\x01z\x09\x01\x01k\x02\x01vw_\xff",
                &["hash, packed = z", "value", "zipmap: 1 pairs", "field = k", "value = vw"],
            ),
            (b"\x00\x01c\xc3\x05\x0a\x00x\xe0\x00\x00", &["string = c", "value = xxxxxxxxxx"]),
        ];
        for (value, expected) in cases {
            let bytes = [b"REDIS0006", value].concat();
            let labels = labels(Reading::File, &bytes);
            assert_eq!(labels[1..=expected.len()], *expected, "{labels:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_named_and_not_guessed() {
        let labels = labels(Reading::File, b"REDIS0014\x1c\x03key rest of it");
        assert_eq!(labels[1..], ["a value of type 28", "damaged: not taken apart"]);
    }
}
