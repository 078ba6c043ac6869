//! `ZCARD`, `ZSCORE`, `ZMSCORE`, `ZRANK`, `ZREVRANK`, `ZCOUNT`, `ZLEXCOUNT`, `ZSCAN`.

use super::score::{parse_lex_range, parse_score_range};
use super::zset;
use crate::commands::ReplyElem as _;
use crate::commands::scan::{ScanOptions, parse_cursor, reply_scan};
use crate::commands::{Ctx, Outcome};
use crate::keyspace::ZSet;
use crate::packed::Elem;
use crate::resp::reply::{IntBuf, format_double};
use crate::resp::{Args, Reply};

pub(super) fn zcard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = zset(ctx.keyspace, ctx.db, args.at(1))?.map_or(0, ZSet::len);
    ctx.reply.count(len);
    Ok(())
}

pub(super) fn zscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = zset(ctx.keyspace, ctx.db, args.at(1))?;
    reply_score(ctx.reply, zset.and_then(|zset| zset.score(args.at(2))));
    Ok(())
}

pub(super) fn zmscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let zset = zset(ctx.keyspace, ctx.db, args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.from(2) {
        reply_score(ctx.reply, zset.and_then(|zset| zset.score(member)));
    }
    Ok(())
}

fn reply_score(reply: &mut Reply, score: Option<f64>) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

pub(super) fn zrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, |rank, _| rank)
}

pub(super) fn zrevrank(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    rank(ctx, args, |rank, len| len - 1 - rank)
}

fn rank(ctx: &mut Ctx<'_>, args: Args<'_>, count: fn(usize, usize) -> usize) -> Outcome {
    let zset = zset(ctx.keyspace, ctx.db, args.at(1))?;
    match zset.and_then(|zset| Some(count(zset.rank(args.at(2))?, zset.len()))) {
        Some(rank) => ctx.reply.count(rank),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) fn zcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = parse_score_range(args.at(2), args.at(3))?;
    let zset = zset(ctx.keyspace, ctx.db, args.at(1))?;
    ctx.reply.count(zset.map_or(0, |zset| zset.ranks_by_score(&range).len()));
    Ok(())
}

pub(super) fn zlexcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let range = parse_lex_range(args.at(2), args.at(3))?;
    let zset = zset(ctx.keyspace, ctx.db, args.at(1))?;
    ctx.reply.count(zset.map_or(0, |zset| zset.ranks_by_lex(&range).len()));
    Ok(())
}

pub(super) fn zscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(args.at(2))?;
    let Some(zset) = zset(ctx.keyspace, ctx.db, args.at(1))? else {
        reply_scan(ctx.reply, 0, 0, &Reply::new());
        return Ok(());
    };
    let options = ScanOptions::parse(args, 3, false)?;
    let (mut items, mut count) = (Reply::new(), 0);
    let mut digits = IntBuf::new();
    let mut show = |member: Elem<'_>, score: Elem<'_>| {
        let member = member.as_bytes(&mut digits);
        if options.wants(member) {
            items.bulk(member);
            score.reply(&mut items);
            count += 2;
        }
    };
    let next = match zset.as_listpack() {
        // Its scores are shown as they are stored.
        Some(list) => {
            let mut elems = list.iter();
            while let (Some(member), Some(score)) = (elems.next(), elems.next()) {
                show(member, score);
            }
            0
        }
        None => zset.scan(cursor, options.count, |member, score| {
            show(member, Elem::Bytes(format_double(score).as_bytes()));
        }),
    };
    reply_scan(ctx.reply, next, count, &items);
    Ok(())
}
