//! `SADD`, `SREM`, `SMOVE`.

use super::{set, set_mut, set_or_new};
use crate::commands::{Ctx, Outcome};
use crate::keyspace::KeyEvent;
use crate::resp::Args;

pub(super) fn sadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let hasher = ctx.keyspace.hasher();
    let set = set_or_new(ctx.keyspace, ctx.db, key)?;
    let added = args.from(2).filter(|member| set.add(member, ctx.limits, hasher)).count();
    if added > 0 {
        ctx.changed(KeyEvent::set("sadd"), key, added as u64);
    }
    ctx.reply.count(added);
    Ok(())
}

pub(super) fn srem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let Some(set) = set_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let gone = args.from(2).filter(|member| set.remove(member)).count();
    let emptied = set.is_empty();
    if gone > 0 {
        ctx.removed(KeyEvent::set("srem"), key, emptied, gone as u64);
    }
    ctx.reply.count(gone);
    Ok(())
}

pub(super) fn smove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to, member) = (args.at(1), args.at(2), args.at(3));
    let Some(source) = set(ctx.keyspace, ctx.db, from)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let is_member = source.contains(member);
    // A wrong type on either side is an error, even if there is nothing to move.
    set(ctx.keyspace, ctx.db, to)?;
    if from == to || !is_member {
        ctx.reply.int(i64::from(is_member));
        return Ok(());
    }
    if let Some(source) = set_mut(ctx.keyspace, ctx.db, from)? {
        source.remove(member);
        let emptied = source.is_empty();
        ctx.removed(KeyEvent::set("srem"), from, emptied, 1);
    }
    let hasher = ctx.keyspace.hasher();
    if set_or_new(ctx.keyspace, ctx.db, to)?.add(member, ctx.limits, hasher) {
        ctx.changed(KeyEvent::set("sadd"), to, 1);
    }
    ctx.reply.int(1);
    Ok(())
}
