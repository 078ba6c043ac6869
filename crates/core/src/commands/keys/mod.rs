//! Commands for keys of any type.

mod copy;
mod dump;
mod expire;
mod object;
mod scan;
mod sort;
mod specs;

pub(crate) use specs::COMMANDS;

use super::{CmdError, Ctx, Outcome};
use crate::keyspace::KeyEvent;
use crate::num::parse_i64;
use crate::resp::Args;

pub(super) fn int(arg: &[u8]) -> Result<i64, CmdError> {
    parse_i64(arg).ok_or(CmdError::NOT_INT)
}

/// A database by its number.
fn database(ctx: &Ctx<'_>, arg: &[u8]) -> Result<usize, CmdError> {
    let number = int(arg)?;
    if i32::try_from(number).is_err() {
        return Err(CmdError::NOT_INT_32);
    }
    usize::try_from(number)
        .ok()
        .filter(|db| *db < ctx.keyspace.databases())
        .ok_or(CmdError::fixed("ERR DB index is out of range"))
}

/// `DEL key [key ...]`, and `UNLINK`, which is no different here.
fn del(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut deleted = 0;
    for key in args.from(1) {
        if ctx.keyspace.remove(ctx.db, key).is_some() {
            ctx.changed(KeyEvent::DEL, key, 1);
            deleted += 1;
        }
    }
    ctx.reply.int(deleted);
    Ok(())
}

/// `EXISTS key [key ...]`
fn exists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let found = args.from(1).filter(|key| ctx.keyspace.inspect(ctx.db, key).is_some()).count();
    ctx.reply.count(found);
    Ok(())
}

/// `TOUCH key [key ...]`
fn touch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let found = args.from(1).filter(|key| ctx.keyspace.get(ctx.db, key).is_some()).count();
    ctx.reply.count(found);
    Ok(())
}

/// `TYPE key`
fn type_of(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let name = ctx.keyspace.inspect(ctx.db, args.at(1)).map_or("none", |value| value.type_name());
    ctx.reply.simple(name);
    Ok(())
}

#[cfg(test)]
mod tests;
