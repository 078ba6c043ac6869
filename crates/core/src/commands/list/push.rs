//! `LPUSH`, `RPUSH`, `LPUSHX`, `RPUSHX`, `LINSERT`, `LSET`.

use super::{int, list_mut};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::list::{End, List};
use crate::keyspace::{KeyEvent, Value};
use crate::resp::Args;

pub(super) fn lpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Head)
}

pub(super) fn rpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push(ctx, args, End::Tail)
}

fn push(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.at(1);
    let new = || Value::List(Box::new(List::new()));
    let Value::List(list) = ctx.keyspace.get_or_insert_with(ctx.db, key, new) else {
        return Err(CmdError::WRONG_TYPE);
    };
    push_all(ctx.limits.list_size, list, args, end);
    ctx.reply.count(list.len());
    ctx.changed(pushed(end), key, args.len() as u64 - 2);
    Ok(())
}

/// What a push is called in notifications.
pub(super) fn pushed(end: End) -> KeyEvent {
    KeyEvent::list(if end == End::Head { "lpush" } else { "rpush" })
}

fn push_all(node_size: i64, list: &mut List, args: Args<'_>, end: End) {
    for element in args.from(2) {
        list.push(end, element, node_size);
    }
}

pub(super) fn lpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push_existing(ctx, args, End::Head)
}

pub(super) fn rpushx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    push_existing(ctx, args, End::Tail)
}

fn push_existing(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.at(1);
    let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    push_all(ctx.limits.list_size, list, args, end);
    ctx.reply.count(list.len());
    ctx.changed(pushed(end), key, args.len() as u64 - 2);
    Ok(())
}

pub(super) fn linsert(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let after = if args[2].eq_ignore_ascii_case(b"after") {
        1
    } else if args[2].eq_ignore_ascii_case(b"before") {
        0
    } else {
        return Err(CmdError::SYNTAX);
    };
    let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let Some(pivot) = list.matches(&args[3], End::Head).next() else {
        ctx.reply.int(-1);
        return Ok(());
    };
    list.insert(pivot + after, &args[4], ctx.limits.list_size);
    ctx.reply.count(list.len());
    ctx.changed(KeyEvent::list("linsert"), key, 1);
    Ok(())
}

pub(super) fn lset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let list = list_mut(ctx.keyspace, ctx.db, key)?.ok_or(CmdError::NO_SUCH_KEY)?;
    let index = list.index(int(&args[2])?).ok_or(CmdError::INDEX_RANGE)?;
    list.set(index, &args[3], ctx.limits.list_size);
    ctx.reply.ok();
    ctx.changed(KeyEvent::list("lset"), key, 1);
    Ok(())
}
