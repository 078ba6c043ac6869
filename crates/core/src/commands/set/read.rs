//! `SCARD`, `SISMEMBER`, `SMISMEMBER`, `SMEMBERS`, `SSCAN`.

use super::set;
use crate::commands::ReplyElem as _;
use crate::commands::scan::{ScanOptions, parse_cursor, reply_scan};
use crate::commands::{Ctx, Outcome};
use crate::keyspace::Set;
use crate::resp::reply::IntBuf;
use crate::resp::{Args, Reply};

pub(super) fn scard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = set(ctx.keyspace, ctx.db, args.at(1))?.map_or(0, Set::len);
    ctx.reply.count(len);
    Ok(())
}

pub(super) fn sismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = set(ctx.keyspace, ctx.db, args.at(1))?;
    let found = set.is_some_and(|set| set.contains(args.at(2)));
    ctx.reply.int(i64::from(found));
    Ok(())
}

pub(super) fn smismember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let set = set(ctx.keyspace, ctx.db, args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.from(2) {
        ctx.reply.int(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

pub(super) fn smembers(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match set(ctx.keyspace, ctx.db, args.at(1))? {
        Some(set) => reply_set(ctx.reply, set),
        None => ctx.reply.set(0),
    }
    Ok(())
}

/// Writes all members.
pub(super) fn reply_set(reply: &mut Reply, set: &Set) {
    reply.set(set.len());
    set.iter().for_each(|member| member.reply(reply));
}

pub(super) fn sscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(args.at(2))?;
    let Some(set) = set(ctx.keyspace, ctx.db, args.at(1))? else {
        reply_scan(ctx.reply, 0, 0, &Reply::new());
        return Ok(());
    };
    let options = ScanOptions::parse(args, 3, false)?;
    let (mut items, mut count) = (Reply::new(), 0);
    let mut digits = IntBuf::new();
    let next = set.scan(cursor, options.count, |member| {
        let member = member.as_bytes(&mut digits);
        if options.wants(member) {
            items.bulk(member);
            count += 1;
        }
    });
    reply_scan(ctx.reply, next, count, &items);
    Ok(())
}
