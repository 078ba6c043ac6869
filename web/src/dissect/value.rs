//! Keys and values of an RDB: how the parts of each type follow each other, as tables.

use super::packed::{self, Packed};
use super::{Builder, Read, Stop, readable, stream};
use crate::i18n::{Key, Say, grouped};

/// A part of a value. Each begins a row.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// A string.
    Str(Key),
    /// A length.
    Len(Key),
    /// A score of eight bytes.
    Score,
    /// A score as text after its own length.
    OldScore,
    /// A number of eight bytes.
    Eight(Key),
    /// A packed collection in a string, and what its entries are, in turn.
    Packed(Packed, &'static [Key]),
    /// A node of a quicklist: the kind of node, then an element or a packed collection.
    Node,
}

/// How a value lies in the file.
enum Shape {
    /// These parts, once.
    Once(&'static [Part]),
    /// These parts; then a count, and so often the other ones.
    Counted(&'static [Part], &'static [Part]),
    /// A stream of this generation.
    Stream(u8),
    /// A module's value.
    Module,
}

const ELEMENT: &[Key] = &[Key::DissectElement];
const MEMBER: &[Key] = &[Key::DissectMember];
const FIELDS: &[Key] = &[Key::DissectField, Key::DissectValue];
const SCORES: &[Key] = &[Key::DissectMember, Key::DissectScore];
const FIELDS_TTL: &[Key] = &[Key::DissectField, Key::DissectValue, Key::DissectFieldExpiry];

fn shape(kind: u8, valkey: bool) -> Option<(Key, Shape)> {
    use Part::{Eight, Len, Node, OldScore, Score, Str};
    use Shape::{Counted, Once};
    const FIELD: Part = Str(Key::DissectField);
    const VALUE: Part = Str(Key::DissectValue);
    const EARLIEST: Part = Eight(Key::DissectEarliest);
    Some(match kind {
        0 => (Key::TypeString, Once(&[VALUE])),
        1 => (Key::TypeList, Counted(&[], &[Str(Key::DissectElement)])),
        2 => (Key::TypeSet, Counted(&[], &[Str(Key::DissectMember)])),
        3 => (Key::TypeZset, Counted(&[], &[Str(Key::DissectMember), OldScore])),
        4 => (Key::TypeHash, Counted(&[], &[FIELD, VALUE])),
        5 => (Key::TypeZset, Counted(&[], &[Str(Key::DissectMember), Score])),
        7 => (Key::TypeModule, Shape::Module),
        9 => (Key::TypeHashPacked, Once(&[Part::Packed(Packed::Zipmap, FIELDS)])),
        10 => (Key::TypeListPacked, Once(&[Part::Packed(Packed::Ziplist, ELEMENT)])),
        11 => (Key::TypeIntset, Once(&[Part::Packed(Packed::Intset, MEMBER)])),
        12 => (Key::TypeZsetPacked, Once(&[Part::Packed(Packed::Ziplist, SCORES)])),
        13 => (Key::TypeHashPacked, Once(&[Part::Packed(Packed::Ziplist, FIELDS)])),
        14 => (Key::TypeQuicklist, Counted(&[], &[Part::Packed(Packed::Ziplist, ELEMENT)])),
        15 => (Key::TypeStream, Shape::Stream(1)),
        16 => (Key::TypeHashPacked, Once(&[Part::Packed(Packed::Listpack, FIELDS)])),
        17 => (Key::TypeZsetPacked, Once(&[Part::Packed(Packed::Listpack, SCORES)])),
        18 => (Key::TypeQuicklist, Counted(&[], &[Node])),
        19 => (Key::TypeStream, Shape::Stream(2)),
        20 => (Key::TypeSetPacked, Once(&[Part::Packed(Packed::Listpack, MEMBER)])),
        21 => (Key::TypeStream, Shape::Stream(3)),
        22 if valkey => {
            (Key::TypeHashTtl, Counted(&[], &[FIELD, VALUE, Eight(Key::DissectFieldExpiry)]))
        }
        24 => (Key::TypeHashTtl, Counted(&[EARLIEST], &[Len(Key::DissectFieldTtl), FIELD, VALUE])),
        25 => {
            const PACKED: Part = Part::Packed(Packed::Listpack, FIELDS_TTL);
            (Key::TypeHashTtlPacked, Once(&[EARLIEST, PACKED]))
        }
        _ => return None,
    })
}

/// A key and its value.
pub(super) fn entry(b: &mut Builder<'_>, kind: u8, valkey: bool) -> Read<()> {
    let known = shape(kind, valkey);
    let label = known.as_ref().map(|(label, _)| (*label).into());
    b.row(label.unwrap_or_else(|| Say::with(Key::DissectUnknownType, &[&kind])));
    b.minor(1, Say::with(Key::DissectType, &[&kind]))?;
    let Some((_, shape)) = known else {
        b.note(Key::DissectUnknownTypeNote);
        return Err(Stop::Odd);
    };
    let key = string(b, Key::DissectKey)?;
    b.value(readable(&key, 32));
    b.depth = 2;
    match shape {
        Shape::Once(all) => parts(b, all),
        Shape::Counted(first, each) => {
            parts(b, first)?;
            counted(b, Key::DissectElements, |b| parts(b, each))
        }
        Shape::Stream(generation) => stream::stream(b, generation),
        Shape::Module => stream::module(b),
    }
}

/// A count in a row of its own, and so often what follows.
pub(super) fn counted(
    b: &mut Builder<'_>,
    label: Key,
    mut each: impl FnMut(&mut Builder<'_>) -> Read<()>,
) -> Read<()> {
    b.row(label);
    let count = length(b, label)?;
    for _ in 0..count {
        b.wanted()?;
        each(b)?;
    }
    Ok(())
}

/// Parts, each in a row of its own.
pub(super) fn parts(b: &mut Builder<'_>, all: &[Part]) -> Read<()> {
    for part in all {
        match *part {
            Part::Str(label) => {
                b.row(label);
                let content = string(b, label)?;
                b.value(readable(&content, 32));
            }
            Part::Len(label) => {
                b.row(label);
                length(b, label)?;
            }
            Part::Eight(label) => {
                b.row(label);
                number(b, 8, label)?;
            }
            Part::Score => {
                b.row(Key::DissectScore);
                let bits = b.leaf(8, Key::DissectScore)?;
                let bits = bits.try_into().map_err(|_| Stop::Odd)?;
                let score = f64::from_le_bytes(bits);
                b.value(lockstep_core::resp::reply::format_double(score));
            }
            Part::OldScore => old_score(b)?,
            Part::Packed(kind, roles) => packed(b, kind, roles)?,
            Part::Node => node(b)?,
        }
    }
    Ok(())
}

fn old_score(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectScore);
    let len = b.minor(1, Key::DissectScoreLen)?[0];
    let text = match len {
        253 => "nan".to_owned(),
        254 => "inf".to_owned(),
        255 => "-inf".to_owned(),
        _ => readable(b.leaf(usize::from(len), Key::DissectScore)?, 32),
    };
    b.value(text);
    Ok(())
}

fn node(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectPackedNode);
    match peek_length(b)? {
        (size, Len::Plain(1)) => {
            b.relabel(Key::DissectPlainNode);
            b.minor(size, Key::DissectContainer)?;
            let content = string(b, Key::DissectElement)?;
            b.value(readable(&content, 32));
            Ok(())
        }
        (size, Len::Plain(2)) => {
            b.minor(size, Key::DissectContainer)?;
            packed_content(b, Packed::Listpack, ELEMENT)
        }
        _ => Err(Stop::Odd),
    }
}

fn packed(b: &mut Builder<'_>, kind: Packed, roles: &'static [Key]) -> Read<()> {
    b.row(Key::DissectValue);
    packed_content(b, kind, roles)
}

/// A packed collection in a string; the row is there.
fn packed_content(b: &mut Builder<'_>, kind: Packed, roles: &'static [Key]) -> Read<()> {
    let depth = b.depth;
    match peek_length(b)? {
        (size, Len::Plain(len)) => {
            b.minor(size, Say::with(Key::DissectStringLen, &[&len]))?;
            let len = usize::try_from(len).map_err(|_| Stop::Odd)?;
            b.depth = depth + 1;
            b.within(len, (Key::DissectDamaged, Key::DissectDamagedNote), |b| {
                packed::collection(b, kind, roles)
            })?;
        }
        (size, Len::Special(3)) => {
            let plain = lzf(b, size)?;
            // What is inside lies nowhere in the file as such: it is the value of the row.
            let len = plain.len();
            let mut inner = Builder::new(&plain, 0..len);
            let read = packed::collection(&mut inner, kind, roles);
            for row in inner.finish(read).rows {
                let entry = roles.contains(&row.label.key);
                row.value.iter().filter(|_| entry).for_each(|value| b.summary(value));
            }
        }
        _ => return Err(Stop::Odd),
    }
    b.depth = depth;
    Ok(())
}

/// A little-endian number.
pub(super) fn number(b: &mut Builder<'_>, len: usize, label: Key) -> Read<()> {
    let bytes = b.leaf(len, label)?;
    let value = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    b.value(value.to_string());
    Ok(())
}

pub(super) enum Len {
    Plain(u64),
    Special(u8),
}

/// The length encoding at the start of the rest: its size and meaning.
pub(super) fn peek_length(b: &Builder<'_>) -> Read<(usize, Len)> {
    let first = b.first()?;
    let big_endian = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    Ok(match first >> 6 {
        0 => (1, Len::Plain(u64::from(first))),
        1 => (2, Len::Plain(u64::from(first & 63) << 8 | u64::from(b.peek(2)?[1]))),
        2 if first == 0x80 => (5, Len::Plain(big_endian(&b.peek(5)?[1..]))),
        2 if first == 0x81 => (9, Len::Plain(big_endian(&b.peek(9)?[1..]))),
        3 => (1, Len::Special(first & 63)),
        _ => return Err(Stop::Odd),
    })
}

/// A length, added to the value of its row.
pub(super) fn length(b: &mut Builder<'_>, what: Key) -> Read<u64> {
    let (size, Len::Plain(value)) = peek_length(b)? else { return Err(Stop::Odd) };
    b.leaf(size, what)?;
    b.also(&grouped(value));
    Ok(value)
}

/// A string of any encoding; what it holds.
pub(super) fn string(b: &mut Builder<'_>, what: Key) -> Read<Vec<u8>> {
    match peek_length(b)? {
        (size, Len::Plain(len)) => {
            b.minor(size, Say::with(Key::DissectStringLen, &[&len]))?;
            let len = usize::try_from(len).map_err(|_| Stop::Odd)?;
            b.begun(len, what).map(<[u8]>::to_vec)
        }
        (size, Len::Special(width @ 0..=2)) => {
            b.minor(size, Say::with(Key::DissectStringInt, &[&(1 << width)]))?;
            let bytes = b.leaf(1 << width, what)?;
            let mut wide = [if bytes[bytes.len() - 1] & 0x80 == 0 { 0 } else { 0xff }; 4];
            wide[..bytes.len()].copy_from_slice(bytes);
            Ok(i32::from_le_bytes(wide).to_string().into_bytes())
        }
        (size, Len::Special(3)) => lzf(b, size),
        _ => Err(Stop::Odd),
    }
}

/// A compressed string, instruction by instruction; what it expands to, as far as it is there.
fn lzf(b: &mut Builder<'_>, size: usize) -> Read<Vec<u8>> {
    b.minor(size, Key::DissectLzf)?;
    let (size, Len::Plain(packed)) = peek_length(b)? else { return Err(Stop::Odd) };
    b.minor(size, Key::DissectLzfPacked)?;
    let (size, Len::Plain(_)) = peek_length(b)? else { return Err(Stop::Odd) };
    b.minor(size, Key::DissectLzfPlain)?;
    let packed = usize::try_from(packed).map_err(|_| Stop::Odd)?;
    let mut plain = Vec::new();
    b.within(packed, (Key::DissectDamaged, Key::DissectDamagedNote), |b| {
        packed::lzf(b, &mut plain)
    })?;
    Ok(plain)
}
