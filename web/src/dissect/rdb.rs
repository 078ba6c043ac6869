//! The payload of a full resynchronisation: its header (`$<len>` or `$EOF:<mark>`), the RDB with
//! its magic, auxiliary fields, opcodes and values, the checksum, the closing mark, and whatever
//! of the stream follows.
//!
//! Encodings of whole collections in one string (listpack, intset, ziplist) are shown as one run.

use lockstep_core::resp::reply::format_double;

use super::{Builder, CutOff, Read, Row, readable, resp};
use crate::i18n::{Key, Say, grouped};

/// Length of the random mark of the diskless form.
const MARK_LEN: usize = 40;

/// Header and RDB, then the stream.
pub(super) fn transfer(b: &mut Builder<'_>) {
    let _ = try_transfer(b);
}

fn try_transfer(b: &mut Builder<'_>) -> Read<()> {
    while b.rest().first() == Some(&b'\n') && !b.is_full() {
        b.row(Key::DissectKeepalive);
        b.note(Key::DissectKeepaliveNote);
        b.leaf(1, Key::DissectKeepalive)?;
    }
    let mark = header(b)?;
    rdb(b)?;
    b.depth = 0;
    if let Some(mark) = mark {
        if b.peek(MARK_LEN)? != mark {
            return Err(CutOff);
        }
        b.row(Key::DissectEofMark);
        b.note(Key::DissectEofMarkNote);
        b.leaf(MARK_LEN, Key::DissectEofMark)?;
    }
    resp::commands(b);
    Ok(())
}

/// The header; the mark of the diskless form.
fn header<'a>(b: &mut Builder<'a>) -> Read<Option<&'a [u8]>> {
    let len = b.rest().iter().position(|&byte| byte == b'\n').ok_or(CutOff)? + 1;
    let line = b.peek(len)?;
    if let Some(mark) = line.strip_prefix(b"$EOF:") {
        let mark = mark.get(..MARK_LEN).ok_or(CutOff)?;
        b.row(Key::DissectEofHeader);
        b.note(Key::DissectEofHeaderNote);
        b.leaf(5, Key::DissectEofHeader)?;
        b.leaf(MARK_LEN, Key::DissectEofMark)?;
        b.minor(len - 5 - MARK_LEN, Key::DissectLineEnd)?;
        return Ok(Some(mark));
    }
    if line.first() != Some(&b'$') {
        return Err(CutOff);
    }
    b.row(Key::DissectLenHeader);
    b.note(Key::DissectLenHeaderNote);
    b.minor(1, Key::DissectBulkMark)?;
    let end = if line.ends_with(b"\r\n") { 2 } else { 1 };
    b.leaf(len.saturating_sub(1 + end), Key::DissectLenHeader)?;
    b.minor(end, Key::DissectLineEnd)?;
    Ok(None)
}

fn rdb(b: &mut Builder<'_>) -> Read<()> {
    if b.peek(5)? != b"REDIS" {
        return Err(CutOff);
    }
    b.row(Key::DissectMagic);
    b.leaf(5, Key::DissectMagic)?;
    let version = b.leaf(4, Key::DissectVersion)?;
    let version = std::str::from_utf8(version).ok().and_then(|v| v.parse::<u32>().ok());
    let version = version.ok_or(CutOff)?;
    b.relabel(Say::with(Key::DissectMagicVersion, &[&version]));
    b.depth = 1;
    while !b.is_full() {
        let opcode = b.peek(1)?[0];
        match opcode {
            0xff => return end(b, version),
            0xfa => aux(b)?,
            0xfe => {
                b.row(Key::DissectSelectDb);
                b.minor(1, Key::DissectOpcode)?;
                length(b, Key::DissectDatabase)?;
            }
            0xfb => {
                b.row(Key::DissectResizeDb);
                b.note(Key::DissectResizeDbNote);
                b.minor(1, Key::DissectOpcode)?;
                length(b, Key::DissectKeysInDb)?;
                length(b, Key::DissectExpiresInDb)?;
            }
            0xfc => expiry(b, 8, Key::DissectExpiryMs)?,
            0xfd => expiry(b, 4, Key::DissectExpirySeconds)?,
            0xf9 => {
                b.row(Key::DissectFreq);
                b.minor(1, Key::DissectOpcode)?;
                b.leaf(1, Key::DissectFreq)?;
            }
            0xf8 => {
                b.row(Key::DissectIdle);
                b.minor(1, Key::DissectOpcode)?;
                length(b, Key::DissectIdle)?;
            }
            _ => entry(b, opcode)?,
        }
    }
    Err(CutOff)
}

fn end(b: &mut Builder<'_>, version: u32) -> Read<()> {
    b.row(Key::DissectEof);
    b.leaf(1, Key::DissectEof)?;
    if version >= 5 {
        b.row(Key::DissectChecksum);
        b.note(if b.peek(8)? == [0; 8] {
            Key::DissectChecksumOff
        } else {
            Key::DissectChecksumNote
        });
        b.leaf(8, Key::DissectChecksum)?;
    }
    Ok(())
}

fn aux(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectAux);
    b.minor(1, Key::DissectOpcode)?;
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
    b.row(label);
    b.note(Key::DissectExpiryNote);
    b.minor(1, Key::DissectOpcode)?;
    let bytes = b.leaf(len, label)?;
    let value = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    b.value(value.to_string());
    Ok(())
}

/// How the strings of a value lie in the file.
#[derive(Clone, Copy)]
enum Shape {
    /// One string.
    String,
    /// A count, then that many elements of so many strings each.
    Strings(u64),
    /// A count, then members with a score as text.
    OldScores,
    /// A count, then members with a score as eight bytes.
    Scores,
    /// A count, then nodes: a container mark and a string.
    Nodes,
}

fn shape(kind: u8) -> Option<(Key, Shape)> {
    Some(match kind {
        0 => (Key::TypeString, Shape::String),
        1 => (Key::TypeList, Shape::Strings(1)),
        2 => (Key::TypeSet, Shape::Strings(1)),
        3 => (Key::TypeZset, Shape::OldScores),
        4 => (Key::TypeHash, Shape::Strings(2)),
        5 => (Key::TypeZset, Shape::Scores),
        9 | 13 | 16 => (Key::TypeHashPacked, Shape::String),
        10 => (Key::TypeListPacked, Shape::String),
        11 => (Key::TypeIntset, Shape::String),
        12 | 17 => (Key::TypeZsetPacked, Shape::String),
        14 => (Key::TypeQuicklist, Shape::Strings(1)),
        18 => (Key::TypeQuicklist, Shape::Nodes),
        20 => (Key::TypeSetPacked, Shape::String),
        _ => return None,
    })
}

fn entry(b: &mut Builder<'_>, kind: u8) -> Read<()> {
    let (name, shape) = shape(kind).ok_or(CutOff)?;
    b.row(name);
    b.minor(1, Say::with(Key::DissectType, &[&kind]))?;
    let key = string(b, Key::DissectKey)?;
    b.value(readable(&key, 32));
    b.depth = 2;
    let result = value(b, shape);
    b.depth = 1;
    result
}

fn value(b: &mut Builder<'_>, shape: Shape) -> Read<()> {
    if let Shape::String = shape {
        b.row(Key::DissectValue);
        let content = string(b, Key::DissectValue)?;
        b.value(readable(&content, 32));
        return Ok(());
    }
    b.row(Key::DissectElements);
    let count = length(b, Key::DissectElements)?;
    b.value(grouped(count));
    let per_element = if let Shape::Strings(strings) = shape { strings } else { 1 };
    for _ in 0..count.saturating_mul(per_element) {
        if b.is_full() {
            return Err(CutOff);
        }
        b.row(Key::DissectElement);
        match shape {
            Shape::Nodes => {
                length(b, Key::DissectContainer)?;
                string(b, Key::DissectElement)?;
            }
            Shape::Scores => {
                string(b, Key::DissectElement)?;
                let bits = b.leaf(8, Key::DissectScore)?;
                let score = f64::from_le_bytes(bits.try_into().map_err(|_| CutOff)?);
                b.value(format_double(score));
            }
            Shape::OldScores => {
                string(b, Key::DissectElement)?;
                let len = b.minor(1, Key::DissectLength)?[0];
                if len < 253 {
                    b.leaf(usize::from(len), Key::DissectScore)?;
                }
            }
            Shape::Strings(_) | Shape::String => drop(string(b, Key::DissectElement)?),
        }
    }
    Ok(())
}

enum Len {
    Plain(u64),
    Special(u8),
}

/// The length encoding at the start of the rest: its size and meaning.
fn peek_length(b: &Builder<'_>) -> Read<(usize, Len)> {
    let first = b.peek(1)?[0];
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    Ok(match first >> 6 {
        0 => (1, Len::Plain(u64::from(first))),
        1 => (2, Len::Plain(u64::from(first & 63) << 8 | u64::from(b.peek(2)?[1]))),
        2 if first == 0x80 => (5, Len::Plain(big_endian(&b.peek(5)?[1..]))),
        2 if first == 0x81 => (9, Len::Plain(big_endian(&b.peek(9)?[1..]))),
        3 => (1, Len::Special(first & 63)),
        _ => return Err(CutOff),
    })
}

fn length(b: &mut Builder<'_>, what: Key) -> Read<u64> {
    let (size, Len::Plain(value)) = peek_length(b)? else { return Err(CutOff) };
    b.leaf(size, what)?;
    if let Some(Row { value: known, .. }) = b.done.rows.last_mut() {
        let text = grouped(value);
        *known = Some(known.take().map_or(text.clone(), |before| before + ", " + &text));
    }
    Ok(value)
}

fn string(b: &mut Builder<'_>, what: Key) -> Read<Vec<u8>> {
    let (size, len) = peek_length(b)?;
    match len {
        Len::Plain(len) => {
            b.minor(size, Say::with(Key::DissectStringLen, &[&len]))?;
            let len = usize::try_from(len).map_err(|_| CutOff)?;
            let available = b.rest().len();
            let content = b.leaf(len.min(available), what)?;
            if content.len() < len { Err(CutOff) } else { Ok(content.to_vec()) }
        }
        Len::Special(width @ 0..=2) => {
            b.minor(size, Say::with(Key::DissectStringInt, &[&(1 << width)]))?;
            let bytes = b.leaf(1 << width, what)?;
            let mut wide = [if bytes[bytes.len() - 1] & 0x80 == 0 { 0 } else { 0xff }; 4];
            wide[..bytes.len()].copy_from_slice(bytes);
            Ok(i32::from_le_bytes(wide).to_string().into_bytes())
        }
        Len::Special(3) => lzf(b, size, what),
        Len::Special(_) => Err(CutOff),
    }
}

/// A compressed string; it is shown as it lies in the file.
fn lzf(b: &mut Builder<'_>, size: usize, what: Key) -> Read<Vec<u8>> {
    b.minor(size, Key::DissectLzf)?;
    let (size, Len::Plain(packed)) = peek_length(b)? else { return Err(CutOff) };
    b.minor(size, Key::DissectLzfPacked)?;
    let (size, Len::Plain(plain)) = peek_length(b)? else { return Err(CutOff) };
    b.minor(size, Key::DissectLzfPlain)?;
    let packed = usize::try_from(packed).map_err(|_| CutOff)?;
    b.leaf(packed, what)?;
    Ok(format!("LZF {} → {}", packed, plain).into_bytes())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::dissect::tests::covers_every_byte_once;
    use crate::dissect::{Dissection, Reading};
    use crate::i18n::Lang;

    const MARK: &[u8; 40] = b"0123456789abcdef0123456789abcdef01234567";

    fn file() -> Vec<u8> {
        let mut bytes = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40".to_vec();
        bytes.extend(b"\xfe\x00\xfb\x02\x01\xfc\x00\x10\xa5\xd4\xe8\x00\x00\x00");
        bytes.extend(b"\x00\x04name\x06chaoge\x12\x01l\x01\x02\x07listpak\xff\x01\x02\x03\x04");
        bytes.extend(b"\x05\x06\x07\x08");
        bytes
    }

    fn labels(bytes: &[u8]) -> Vec<String> {
        let whole = Dissection::of(&Reading::Transfer, bytes);
        covers_every_byte_once(&whole, bytes.len());
        let line = |row: &Row| {
            row.label.to(Lang::En)
                + &row.value.as_ref().map(|v| format!(" = {v}")).unwrap_or_default()
        };
        whole.rows.iter().map(line).collect()
    }

    #[test]
    fn a_file_is_read_to_its_checksum() {
        let mut bytes = format!("${}\r\n", file().len()).into_bytes();
        bytes.extend(file());
        bytes.extend(b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(
            labels(&bytes),
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
                "element = 2",
                "end of the data",
                "checksum",
                "array of 1",
                "command",
            ]
        );
    }

    #[test]
    fn the_diskless_form_ends_with_its_mark() {
        let mut bytes = b"\n$EOF:".to_vec();
        bytes.extend(MARK);
        bytes.extend(b"\r\n");
        bytes.extend(file());
        bytes.extend(MARK);
        let labels = labels(&bytes);
        assert_eq!(labels[..2], ["keep-alive", "transfer without a length"]);
        assert_eq!(labels.last().map(String::as_str), Some("mark of the end"));
    }

    #[test]
    fn a_file_cut_anywhere_is_covered() {
        let mut bytes = b"$1000\r\n".to_vec();
        bytes.extend(file());
        for len in 0..bytes.len() {
            labels(&bytes[..len]);
        }
    }

    #[test]
    fn integers_keep_their_sign() {
        let bytes = b"$9\r\nREDIS0010\x00\x01k\xc1\xff\xff\xff";
        assert!(labels(bytes).contains(&"value = -1".to_owned()));
    }
}
