//! `LTRIM`, `LREM`, `LMOVE`, `RPOPLPUSH`.

use super::pop::popped;
use super::push::pushed;
use super::{end, int, list, list_mut, span};
use crate::commands::ReplyElem as _;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::list::{End, List};
use crate::keyspace::{KeyEvent, Value};
use crate::resp::Args;

pub(super) fn ltrim(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let (start, stop) = (int(&args[2])?, int(&args[3])?);
    let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.ok();
        return Ok(());
    };
    let len = list.len();
    let (first, count) = span(start, stop, len);
    list.remove_range(first + count, len);
    list.remove_range(0, first);
    let emptied = list.is_empty();
    ctx.reply.ok();
    // As in Redis, who watches the key is told even if every element stayed.
    ctx.removed(KeyEvent::list("ltrim"), key, emptied, (len - count) as u64);
    Ok(())
}

pub(super) fn lrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let count = int(&args[2])?;
    let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let from = if count < 0 { End::Tail } else { End::Head };
    let most = match count.unsigned_abs() {
        0 => usize::MAX,
        most => usize::try_from(most).unwrap_or(usize::MAX),
    };
    let gone = list.remove_matching(&args[3], from, most);
    let emptied = list.is_empty();
    ctx.reply.count(gone);
    if gone > 0 {
        ctx.removed(KeyEvent::list("lrem"), key, emptied, gone as u64);
    }
    Ok(())
}

pub(super) fn lmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (end(&args[3])?, end(&args[4])?);
    transfer(ctx, args, from, to)?;
    Ok(())
}

pub(super) fn rpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    transfer(ctx, args, End::Tail, End::Head)?;
    Ok(())
}

/// Moves an element between the lists of the first two arguments and replies with it, or with null
/// if there is none. Returns whether an element was moved.
pub(super) fn transfer(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    from: End,
    to: End,
) -> Result<bool, CmdError> {
    let (source, target) = (args.at(1), args.at(2));
    if list(ctx.keyspace, ctx.db, source)?.is_none() {
        ctx.reply.null();
        return Ok(false);
    }
    list(ctx.keyspace, ctx.db, target)?;
    let Some(list) = list_mut(ctx.keyspace, ctx.db, source)? else { return Ok(false) };
    let Some(element) = list.peek(from) else { return Ok(false) };
    element.reply(ctx.reply);
    let value = element.to_vec();
    list.drop(from, 1);
    if source == target {
        list.push(to, &value, ctx.limits.list_size);
        ctx.changed(pushed(to), source, 1);
        ctx.notice(popped(from), source);
        return Ok(true);
    }
    let emptied = list.is_empty();
    let new = || Value::List(Box::new(List::new()));
    if let Value::List(list) = ctx.keyspace.get_or_insert_with(ctx.db, target, new) {
        list.push(to, &value, ctx.limits.list_size);
    }
    ctx.changed(pushed(to), target, 0);
    ctx.removed(popped(from), source, emptied, 1);
    Ok(true)
}
