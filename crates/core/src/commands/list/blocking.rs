//! `BLPOP`, `BRPOP`, `BLMOVE`, `BRPOPLPUSH`, `BLMPOP`: what they do when there is data. Without
//! data they say what they would wait for, and answer null: the node decides which it is.

use super::edit::transfer;
use super::pop::{MultiPop, multi_pop, pop_name, popped};
use super::{end, list_mut};
use crate::commands::ReplyElem as _;
use crate::commands::timeout::parse_timeout;
use crate::commands::{Ctx, Outcome};
use crate::keyspace::list::End;
use crate::resp::Args;

pub(super) fn blpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Head)
}

pub(super) fn brpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Tail)
}

fn pop_first(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let timeout = args.len() - 1;
    let timeout_ms = parse_timeout(&args[timeout])?;
    for key in args.from(1).take(timeout - 1) {
        let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else { continue };
        let Some(element) = list.peek(end) else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        element.reply(ctx.reply);
        list.drop(end, 1);
        let emptied = list.is_empty();
        ctx.removed(popped(end), key, emptied, 1);
        ctx.effects.rewrite(&[pop_name(end), key]);
        return Ok(());
    }
    ctx.reply.null_array();
    ctx.effects.wait(timeout_ms, 1, timeout - 1);
    Ok(())
}

pub(super) fn blmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = MultiPop::parse(args, 2)?;
    let timeout_ms = parse_timeout(&args[1])?;
    let (first, keys) = wanted.keys();
    multi_pop(ctx, args, wanted)?;
    if ctx.effects.dirty == 0 {
        ctx.effects.wait(timeout_ms, first, keys);
    }
    Ok(())
}

pub(super) fn blmove(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (from, to) = (end(&args[3])?, end(&args[4])?);
    let timeout_ms = parse_timeout(&args[5])?;
    if transfer(ctx, args, from, to)? {
        ctx.effects.rewrite(&[b"LMOVE", &args[1], &args[2], &args[3], &args[4]]);
    } else {
        ctx.effects.wait(timeout_ms, 1, 1);
    }
    Ok(())
}

pub(super) fn brpoplpush(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let timeout_ms = parse_timeout(&args[3])?;
    if transfer(ctx, args, End::Tail, End::Head)? {
        ctx.effects.rewrite(&[b"RPOPLPUSH", &args[1], &args[2]]);
    } else {
        ctx.effects.wait(timeout_ms, 1, 1);
    }
    Ok(())
}
