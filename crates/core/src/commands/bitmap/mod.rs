//! Bitmap commands: strings as arrays of bits, the first bit of a byte being its highest.

mod count;
mod field;
mod op;
mod specs;

pub(crate) use specs::COMMANDS;

use super::string::{STRING_MAX, read};
use super::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Str, Ttl, Value};
use crate::num::parse_i64;
use crate::resp::Args;

const BAD_OFFSET: CmdError = CmdError::fixed("ERR bit offset is not an integer or out of range");

/// A bit's offset.
fn offset(arg: &[u8]) -> Result<u64, CmdError> {
    let offset = parse_i64(arg).and_then(|n| u64::try_from(n).ok()).ok_or(BAD_OFFSET)?;
    if offset >> 3 >= STRING_MAX as u64 { Err(BAD_OFFSET) } else { Ok(offset) }
}

/// The string under `key`, as long as is needed to hold bit `last`, and whether that changed it.
/// The caller knows that the key holds a string or nothing.
fn writable<'a>(ctx: &'a mut Ctx<'_>, key: &[u8], last: u64) -> (&'a mut Vec<u8>, bool) {
    let len = (last >> 3) as usize + 1;
    let db = ctx.db;
    if ctx.keyspace.get_mut(db, key).is_none() {
        ctx.keyspace.insert(db, key, Value::Str(Str::raw(Vec::new())), Ttl::Clear);
    }
    match ctx.keyspace.get_mut(db, key) {
        Some(Value::Str(value)) => {
            let bytes = value.make_mut();
            let grows = bytes.len() < len;
            if grows {
                bytes.resize(len, 0);
            }
            (bytes, grows)
        }
        _ => unreachable!("the type was checked and the key inserted"),
    }
}

/// `SETBIT key offset value`
fn setbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let at = offset(args.at(2))?;
    let on = match parse_i64(args.at(3)) {
        Some(bit @ (0 | 1)) => bit == 1,
        _ => return Err(CmdError::fixed("ERR bit is not an integer or out of range")),
    };
    read(ctx.keyspace, ctx.db, key)?;
    let (bytes, grew) = writable(ctx, key, at);
    let (byte, mask) = (&mut bytes[(at >> 3) as usize], 0x80 >> (at & 7));
    let was = *byte & mask != 0;
    *byte = if on { *byte | mask } else { *byte & !mask };
    if grew || was != on {
        ctx.changed(KeyEvent::string("setbit"), key, 1);
    }
    ctx.reply.int(i64::from(was));
    Ok(())
}

/// `GETBIT key offset`
fn getbit(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let at = offset(args.at(2))?;
    let bytes = read(ctx.keyspace, ctx.db, args.at(1))?.map_or(&b""[..], Str::bytes);
    let byte = bytes.get((at >> 3) as usize).copied().unwrap_or_default();
    ctx.reply.int(i64::from(byte >> (7 - (at & 7)) & 1));
    Ok(())
}

#[cfg(test)]
mod tests;
