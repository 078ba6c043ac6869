//! What is in an RDB beside plain collections: streams, values and data of modules, functions.

use super::packed::Packed;
use super::rdb::opened;
use super::value::{self, Len, Part, counted, length, parts, peek_length, string};
use super::{Builder, Read, Stop, readable};
use crate::i18n::{Key, Say};

/// A stream of the first, second or third generation (types 15, 19 and 21).
pub(super) fn stream(b: &mut Builder<'_>, generation: u8) -> Read<()> {
    counted(b, Key::DissectStreamNodes, |b| {
        b.row(Key::DissectStreamId);
        let id = string(b, Key::DissectStreamId)?;
        b.value(id_text(&id));
        b.row(Key::DissectStreamEntry);
        parts(b, &[Part::Packed(Packed::Listpack, &[Key::DissectStreamItem])])
    })?;
    parts(b, &[Part::Len(Key::DissectStreamLength)])?;
    pair(b, Key::DissectStreamLast)?;
    if generation >= 2 {
        pair(b, Key::DissectStreamFirst)?;
        pair(b, Key::DissectStreamDeleted)?;
        parts(b, &[Part::Len(Key::DissectStreamAdded)])?;
    }
    let depth = b.depth;
    counted(b, Key::DissectGroups, |b| {
        parts(b, &[Part::Str(Key::DissectGroup)])?;
        b.depth = depth + 1;
        group(b, generation)?;
        b.depth = depth;
        Ok(())
    })
}

fn group(b: &mut Builder<'_>, generation: u8) -> Read<()> {
    pair(b, Key::DissectStreamLast)?;
    if generation >= 2 {
        parts(b, &[Part::Len(Key::DissectStreamRead)])?;
    }
    counted(b, Key::DissectPending, |b| {
        pending(b)?;
        value::number(b, 8, Key::DissectDelivered)?;
        length(b, Key::DissectDeliveries).map(drop)
    })?;
    counted(b, Key::DissectConsumers, |b| {
        parts(b, &[Part::Str(Key::DissectConsumer), Part::Eight(Key::DissectSeen)])?;
        if generation >= 3 {
            parts(b, &[Part::Eight(Key::DissectActive)])?;
        }
        counted(b, Key::DissectPending, |b| {
            pending(b)?;
            Ok(())
        })
    })
}

/// The row of an entry that is not acknowledged yet: its ID.
fn pending(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectPendingEntry);
    let id = b.leaf(16, Key::DissectStreamId)?;
    b.value(id_text(id));
    Ok(())
}

/// Two lengths that are one ID.
fn pair(b: &mut Builder<'_>, label: Key) -> Read<()> {
    b.row(label);
    length(b, label)?;
    length(b, label).map(drop)
}

/// `ms-number` of 16 big-endian bytes.
fn id_text(id: &[u8]) -> String {
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, &byte| n << 8 | u64::from(byte));
    match id.len() {
        16 => format!("{}-{}", number(&id[..8]), number(&id[8..])),
        _ => readable(id, 32),
    }
}

/// A module's value: which module, then its items.
pub(super) fn module(b: &mut Builder<'_>) -> Read<()> {
    b.row(Key::DissectModuleId);
    module_id(b)?;
    module_items(b)
}

/// The name and version of a module in 64 bits: nine letters of six bits, then ten bits.
pub(super) fn module_id(b: &mut Builder<'_>) -> Read<()> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (size, Len::Plain(id)) = peek_length(b)? else { return Err(Stop::Odd) };
    b.leaf(size, Key::DissectModuleId)?;
    let letter = |n: u32| char::from(LETTERS[(id >> (10 + 6 * n) & 63) as usize]);
    let name: String = (0..9).rev().map(letter).collect();
    b.value(format!("{name} {}", id & 1_023));
    Ok(())
}

/// Items of a module up to the mark of the end.
pub(super) fn module_items(b: &mut Builder<'_>) -> Read<()> {
    loop {
        b.wanted()?;
        let (size, Len::Plain(mark)) = peek_length(b)? else { return Err(Stop::Odd) };
        b.row(if mark == 0 { Key::DissectModuleEnd } else { Key::DissectModuleItem });
        b.minor(size, Say::with(Key::DissectModuleMark, &[]))?;
        match mark {
            0 => return Ok(()),
            1 | 2 => drop(length(b, Key::DissectModuleItem)?),
            3 => drop(b.leaf(4, Key::DissectModuleItem)?),
            4 => drop(b.leaf(8, Key::DissectModuleItem)?),
            5 => {
                let content = string(b, Key::DissectModuleItem)?;
                b.value(readable(&content, 32));
            }
            _ => return Err(Stop::Odd),
        }
    }
}

/// A function as release candidates of Redis 7.0 wrote it: name, engine, perhaps a description,
/// code.
pub(super) fn function_of_a_candidate(b: &mut Builder<'_>) -> Read<()> {
    opened(b, Key::DissectFunction)?;
    let name = string(b, Key::DissectFunction)?;
    string(b, Key::DissectFunction)?;
    let (size, Len::Plain(described)) = peek_length(b)? else { return Err(Stop::Odd) };
    b.minor(size, Key::DissectLength)?;
    if described != 0 {
        string(b, Key::DissectFunction)?;
    }
    string(b, Key::DissectFunction)?;
    b.value(readable(&name, 32));
    Ok(())
}
