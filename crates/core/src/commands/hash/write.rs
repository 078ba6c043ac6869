//! `HSET`, `HMSET`, `HSETNX`, `HDEL`.

use super::hash_or_new;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Value};
use crate::resp::Args;

pub(super) fn hset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let new = set_all(ctx, args, "hset")?;
    ctx.reply.count(new);
    Ok(())
}

pub(super) fn hmset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_all(ctx, args, "hmset")?;
    ctx.reply.ok();
    Ok(())
}

/// Sets every field of the arguments, and returns how many are new.
fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>, name: &str) -> Result<usize, CmdError> {
    let key = args.at(1);
    if args.len() % 2 == 1 {
        return Err(CmdError::arity(name));
    }
    let hasher = ctx.keyspace.hasher();
    let hash = hash_or_new(ctx.keyspace, ctx.db, key)?;
    let mut new = 0;
    for at in (2..args.len()).step_by(2) {
        let (field, value) = (args.at(at), args.at(at + 1));
        new += usize::from(hash.set(field, value, ctx.limits, hasher));
    }
    ctx.changed(KeyEvent::hash("hset"), key, (args.len() as u64 - 2) / 2);
    Ok(new)
}

pub(super) fn hsetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let hasher = ctx.keyspace.hasher();
    let hash = hash_or_new(ctx.keyspace, ctx.db, key)?;
    if hash.contains(&args[2]) {
        ctx.reply.int(0);
        return Ok(());
    }
    hash.set(&args[2], &args[3], ctx.limits, hasher);
    ctx.reply.int(1);
    ctx.changed(KeyEvent::hash("hset"), key, 1);
    Ok(())
}

pub(super) fn hdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let hash = match ctx.keyspace.get_mut(ctx.db, key) {
        Some(Value::Hash(hash)) => hash,
        Some(_) => return Err(CmdError::WRONG_TYPE),
        None => {
            ctx.reply.int(0);
            return Ok(());
        }
    };
    let gone = args.from(2).filter(|field| hash.remove(field)).count();
    let emptied = hash.is_empty();
    ctx.reply.count(gone);
    if gone > 0 {
        ctx.removed(KeyEvent::hash("hdel"), key, emptied, gone as u64);
    }
    Ok(())
}
