//! Redis's packed collections, entry by entry: listpack, ziplist, intset, zipmap; and LZF,
//! instruction by instruction.

use super::{Builder, Read, Stop, readable};
use crate::i18n::{Key, Say};

/// A way to pack a collection into one string.
#[derive(Clone, Copy)]
pub(super) enum Packed {
    Listpack,
    Ziplist,
    Intset,
    Zipmap,
}

/// Longest entry value shown.
const SHOWN_MAX: usize = 32;

/// A whole collection. `roles`: what its entries are, in turn.
pub(super) fn collection(b: &mut Builder<'_>, kind: Packed, roles: &'static [Key]) -> Read<()> {
    match kind {
        Packed::Listpack => listpack(b, roles),
        Packed::Ziplist => ziplist(b, roles),
        Packed::Intset => intset(b, roles),
        Packed::Zipmap => zipmap(b, roles),
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let shift = 64 - 8 * bytes.len() as u32;
    (unsigned(bytes) << shift).cast_signed() >> shift
}

/// The rows of the entries up to the end mark.
fn entries(
    b: &mut Builder<'_>,
    roles: &[Key],
    mut entry: impl FnMut(&mut Builder<'_>, Key) -> Read<()>,
) -> Read<()> {
    let mut turn = roles.iter().cycle();
    while b.first()? != 0xff {
        b.wanted()?;
        let role = *turn.next().ok_or(Stop::Odd)?;
        b.row(role);
        entry(b, role)?;
    }
    b.row(Key::DissectPackedEnd);
    b.minor(1, Key::DissectPackedEnd).map(drop)
}

fn listpack(b: &mut Builder<'_>, roles: &[Key]) -> Read<()> {
    let count = unsigned(&b.peek(6)?[4..]);
    b.row(Say::with(Key::DissectListpack, &[&count]));
    b.leaf(4, Key::DissectTotalBytes)?;
    b.leaf(2, Key::DissectEntryCount)?;
    entries(b, roles, |b, role| {
        let start = b.at;
        listpack_entry(b, role)?;
        let len = b.at - start;
        // Seven bits a byte.
        let back = [127, 16_383, 2_097_151, 268_435_455].iter().filter(|&&max| len > max).count();
        b.minor(back + 1, Key::DissectBackLen).map(drop)
    })
}

fn listpack_entry(b: &mut Builder<'_>, role: Key) -> Read<()> {
    let first = b.first()?;
    match first {
        0..0x80 => small(b, role, 1, i64::from(first)),
        0x80..0xc0 => text(b, role, 1, u64::from(first & 63)),
        0xc0..0xe0 => {
            let value = i64::from(first & 31) << 8 | i64::from(b.peek(2)?[1]);
            small(b, role, 2, if value < 4_096 { value } else { value - 8_192 })
        }
        0xe0..0xf0 => {
            let len = u64::from(first & 15) << 8 | u64::from(b.peek(2)?[1]);
            text(b, role, 2, len)
        }
        0xf0 => {
            let len = unsigned(&b.peek(5)?[1..]);
            text(b, role, 5, len)
        }
        0xf1..=0xf3 => integer(b, role, usize::from(first - 0xef)),
        0xf4 => integer(b, role, 8),
        _ => Err(Stop::Odd),
    }
}

fn ziplist(b: &mut Builder<'_>, roles: &[Key]) -> Read<()> {
    let count = unsigned(&b.peek(10)?[8..]);
    b.row(Say::with(Key::DissectZiplist, &[&count]));
    b.leaf(4, Key::DissectTotalBytes)?;
    b.leaf(4, Key::DissectTailOffset)?;
    b.leaf(2, Key::DissectEntryCount)?;
    entries(b, roles, |b, role| {
        let prev = if b.first()? == 254 { 5 } else { 1 };
        b.minor(prev, Key::DissectPrevLen)?;
        ziplist_entry(b, role)
    })
}

fn ziplist_entry(b: &mut Builder<'_>, role: Key) -> Read<()> {
    let first = b.first()?;
    match first {
        0..0x40 => text(b, role, 1, u64::from(first)),
        0x40..0x80 => {
            let len = u64::from(first & 63) << 8 | u64::from(b.peek(2)?[1]);
            text(b, role, 2, len)
        }
        0x80..0xc0 => {
            let len = b.peek(5)?[1..].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
            text(b, role, 5, len)
        }
        0xc0 => integer(b, role, 2),
        0xd0 => integer(b, role, 4),
        0xe0 => integer(b, role, 8),
        0xf0 => integer(b, role, 3),
        0xfe => integer(b, role, 1),
        0xf1..=0xfd => small(b, role, 1, i64::from(first & 15) - 1),
        _ => Err(Stop::Odd),
    }
}

/// An integer that is its own encoding.
fn small(b: &mut Builder<'_>, role: Key, len: usize, value: i64) -> Read<()> {
    let _ = role;
    b.leaf(len, Key::DissectEntryInt)?;
    b.value(value.to_string());
    Ok(())
}

/// An integer of so many bytes after its encoding.
fn integer(b: &mut Builder<'_>, role: Key, len: usize) -> Read<()> {
    b.minor(1, Key::DissectEntryEncoding)?;
    let value = signed(b.leaf(len, role)?);
    b.value(value.to_string());
    Ok(())
}

/// A string after an encoding of so many bytes.
fn text(b: &mut Builder<'_>, role: Key, encoding: usize, len: u64) -> Read<()> {
    b.minor(encoding, Key::DissectEntryEncoding)?;
    let len = usize::try_from(len).map_err(|_| Stop::Odd)?;
    let content = b.leaf(len, role)?;
    b.value(readable(content, SHOWN_MAX));
    Ok(())
}

fn intset(b: &mut Builder<'_>, roles: &[Key]) -> Read<()> {
    let head = b.peek(8)?;
    let (width, count) = (unsigned(&head[..4]), unsigned(&head[4..]));
    b.row(Say::with(Key::DissectIntsetHead, &[&count, &width]));
    b.leaf(4, Key::DissectIntWidth)?;
    b.leaf(4, Key::DissectEntryCount)?;
    let role = *roles.first().ok_or(Stop::Odd)?;
    if !matches!(width, 2 | 4 | 8) {
        return Err(Stop::Odd);
    }
    for _ in 0..count {
        b.wanted()?;
        b.row(role);
        let value = signed(b.leaf(width as usize, role)?);
        b.value(value.to_string());
    }
    Ok(())
}

fn zipmap(b: &mut Builder<'_>, roles: &[Key]) -> Read<()> {
    let count = b.first()?;
    b.row(Say::with(Key::DissectZipmap, &[&count]));
    b.leaf(1, Key::DissectEntryCount)?;
    entries(b, roles, |b, role| {
        let (size, len) = match b.first()? {
            254 => (5, unsigned(&b.peek(5)?[1..])),
            len => (1, u64::from(len)),
        };
        b.minor(size, Say::with(Key::DissectStringLen, &[&len]))?;
        let mut free = 0;
        if role == Key::DissectValue {
            free = usize::from(b.minor(1, Key::DissectFree)?[0]);
        }
        let len = usize::try_from(len).map_err(|_| Stop::Odd)?;
        let content = b.leaf(len, role)?;
        b.value(readable(content, SHOWN_MAX));
        b.minor(free, Key::DissectFree).map(drop)
    })
}

/// Instructions of LZF until the end; `plain` takes what they expand to. An instruction expands to
/// 264 bytes at most.
pub(super) fn lzf(b: &mut Builder<'_>, plain: &mut Vec<u8>) -> Read<()> {
    while let Ok(control) = b.first() {
        b.wanted()?;
        let (len, high) = (usize::from(control >> 5), usize::from(control & 31));
        if len == 0 {
            let count = high + 1;
            b.minor(1, Say::with(Key::DissectLzfLiteralHead, &[&count]))?;
            let there = count.min(b.rest().len());
            plain.extend_from_slice(&b.rest()[..there]);
            b.begun(count, Key::DissectLzfLiteral)?;
            continue;
        }
        let long = len == 7;
        let head = b.peek(if long { 3 } else { 2 })?;
        let count = len + 2 + if long { usize::from(head[1]) } else { 0 };
        let back = (high << 8 | usize::from(head[head.len() - 1])) + 1;
        let from = plain.len().checked_sub(back).ok_or(Stop::Odd)?;
        b.leaf(head.len(), Say::with(Key::DissectLzfCopyHead, &[&count, &back]))?;
        for index in from..from + count {
            plain.push(plain[index]);
        }
    }
    Ok(())
}
