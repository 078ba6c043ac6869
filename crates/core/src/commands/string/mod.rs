//! String commands.

mod counter;
mod lcs;
mod range;
mod set;
mod specs;

pub(crate) use specs::COMMANDS;

use super::{CmdError, Ctx, Outcome};
use crate::keyspace::{Keyspace, Str, Value};
use crate::num::parse_i64;

/// Longest string, Redis's default `proto-max-bulk-len`.
pub(super) const STRING_MAX: usize = 512 * 1024 * 1024;

const TOO_LONG: CmdError =
    CmdError::fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");

/// The string under `key`, for reading.
#[inline]
pub(super) fn read<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a Str>, CmdError> {
    match keyspace.get(db, key) {
        None => Ok(None),
        Some(Value::Str(value)) => Ok(Some(value)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The string under `key`, to be changed.
#[inline]
pub(super) fn write<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a mut Str>, CmdError> {
    match keyspace.get_mut(db, key) {
        None => Ok(None),
        Some(Value::Str(value)) => Ok(Some(value)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// Replies with the string under `key`, or null.
#[inline]
fn reply_value(ctx: &mut Ctx<'_>, key: &[u8]) -> Outcome {
    match read(ctx.keyspace, ctx.db, key)? {
        Some(value) => ctx.reply.bulk(value.bytes()),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) fn int(arg: &[u8]) -> Result<i64, CmdError> {
    parse_i64(arg).ok_or(CmdError::NOT_INT)
}

/// Fails if a string of this length would be too long.
fn check_len(len: usize) -> Result<(), CmdError> {
    if len > STRING_MAX { Err(TOO_LONG) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
