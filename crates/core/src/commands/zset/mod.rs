//! Sorted set commands.
//!
//! The blocking forms (`BZPOPMIN`, `BZPOPMAX`, `BZMPOP`) act as their non-blocking forms with data.
//! Without data they answer null, as Redis does inside MULTI, and tell the node what to wait for.

mod add;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod remove;
mod score;
mod specs;

pub(crate) use specs::COMMANDS;

use super::{CmdError, Ctx};
use crate::keyspace::{KeyEvent, Keyspace, Ttl, Value, ZSet};
use crate::num::parse_i64;

/// The sorted set under `key`, for reading.
fn zset<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a ZSet>, CmdError> {
    match keyspace.get(db, key) {
        None => Ok(None),
        Some(Value::ZSet(zset)) => Ok(Some(zset)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// The sorted set under `key`, to be changed.
fn zset_mut<'a>(
    keyspace: &'a mut Keyspace,
    db: usize,
    key: &[u8],
) -> Result<Option<&'a mut ZSet>, CmdError> {
    match keyspace.get_mut(db, key) {
        None => Ok(None),
        Some(Value::ZSet(zset)) => Ok(Some(zset)),
        Some(_) => Err(CmdError::WRONG_TYPE),
    }
}

/// Puts a result in the place of whatever `target` held; an empty one deletes it. Replies with the
/// number of members.
fn store(ctx: &mut Ctx<'_>, name: &'static str, target: &[u8], result: ZSet) {
    let len = result.len();
    if len > 0 {
        ctx.keyspace.insert(ctx.db, target, Value::ZSet(Box::new(result)), Ttl::Clear);
        ctx.changed(KeyEvent::zset(name), target, 1);
    } else if ctx.keyspace.remove(ctx.db, target).is_some() {
        ctx.changed(KeyEvent::DEL, target, 1);
    }
    ctx.reply.count(len);
}

fn int(arg: &[u8]) -> Result<i64, CmdError> {
    parse_i64(arg).ok_or(CmdError::NOT_INT)
}

/// An integer of at least `min`; anything else is the error `message`.
fn int_from(arg: &[u8], min: i64, message: &'static str) -> Result<i64, CmdError> {
    parse_i64(arg).filter(|value| *value >= min).ok_or(CmdError::fixed(message))
}

#[cfg(test)]
mod tests;
