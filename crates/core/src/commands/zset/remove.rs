//! `ZREM`, `ZREMRANGEBYRANK`, `ZREMRANGEBYSCORE`, `ZREMRANGEBYLEX`.

use std::ops::Range;

use super::range::span;
use super::score::{parse_lex_range, parse_score_range};
use super::{int, zset_mut};
use crate::commands::{Ctx, Outcome};
use crate::keyspace::{KeyEvent, ZSet};
use crate::resp::Args;

pub(super) fn zrem(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let Some(zset) = zset_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let gone = args.from(2).filter(|member| zset.remove(member).is_some()).count();
    let emptied = zset.is_empty();
    if gone > 0 {
        ctx.removed(KeyEvent::zset("zrem"), key, emptied, gone as u64);
    }
    ctx.reply.count(gone);
    Ok(())
}

pub(super) fn zremrangebyrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(args.at(2))?, int(args.at(3))?);
    remove_ranks(ctx, "zremrangebyrank", args.at(1), |zset| span(start, stop, zset.len()))
}

pub(super) fn zremrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = parse_score_range(args.at(2), args.at(3))?;
    remove_ranks(ctx, "zremrangebyscore", args.at(1), |zset| zset.ranks_by_score(&range))
}

pub(super) fn zremrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = parse_lex_range(args.at(2), args.at(3))?;
    remove_ranks(ctx, "zremrangebylex", args.at(1), |zset| zset.ranks_by_lex(&range))
}

fn remove_ranks(
    ctx: &mut Ctx<'_>,
    name: &'static str,
    key: &[u8],
    ranks: impl FnOnce(&ZSet) -> Range<usize>,
) -> Outcome {
    let Some(zset) = zset_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let ranks = ranks(zset);
    let gone = ranks.len();
    if gone > 0 {
        zset.remove_ranks(ranks);
        let emptied = zset.is_empty();
        ctx.removed(KeyEvent::zset(name), key, emptied, gone as u64);
    }
    ctx.reply.count(gone);
    Ok(())
}
