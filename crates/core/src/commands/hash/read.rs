//! `HGET`, `HMGET`, `HGETALL`, `HKEYS`, `HVALS`, `HLEN`, `HEXISTS`, `HSTRLEN`, `HSCAN`.

use super::hash;
use crate::commands::ReplyElem as _;
use crate::commands::scan::{ScanOptions, parse_cursor, reply_scan};
use crate::commands::{Ctx, Outcome};
use crate::resp::reply::IntBuf;
use crate::resp::{Args, Reply};

pub(super) fn hget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match hash(ctx.keyspace, ctx.db, &args[1])?.and_then(|hash| hash.get(&args[2])) {
        Some(value) => value.reply(ctx.reply),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) fn hmget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let hash = hash(ctx.keyspace, ctx.db, &args[1])?;
    ctx.reply.array(args.len() - 2);
    for field in args.from(2) {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => value.reply(ctx.reply),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

pub(super) fn hgetall(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(hash) = hash(ctx.keyspace, ctx.db, &args[1])? else {
        ctx.reply.map(0);
        return Ok(());
    };
    ctx.reply.map(hash.len());
    for (field, value) in hash.iter() {
        field.reply(ctx.reply);
        value.reply(ctx.reply);
    }
    Ok(())
}

pub(super) fn hkeys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(hash) = hash(ctx.keyspace, ctx.db, &args[1])? else {
        ctx.reply.array(0);
        return Ok(());
    };
    ctx.reply.array(hash.len());
    hash.iter().for_each(|(field, _)| field.reply(ctx.reply));
    Ok(())
}

pub(super) fn hvals(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(hash) = hash(ctx.keyspace, ctx.db, &args[1])? else {
        ctx.reply.array(0);
        return Ok(());
    };
    ctx.reply.array(hash.len());
    hash.iter().for_each(|(_, value)| value.reply(ctx.reply));
    Ok(())
}

pub(super) fn hlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = hash(ctx.keyspace, ctx.db, &args[1])?.map_or(0, |hash| hash.len());
    ctx.reply.count(len);
    Ok(())
}

pub(super) fn hexists(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let hash = hash(ctx.keyspace, ctx.db, &args[1])?;
    let there = hash.is_some_and(|hash| hash.contains(&args[2]));
    ctx.reply.int(i64::from(there));
    Ok(())
}

pub(super) fn hstrlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let hash = hash(ctx.keyspace, ctx.db, &args[1])?;
    let len = hash.and_then(|hash| hash.get(&args[2])).map_or(0, |value| value.byte_len());
    ctx.reply.count(len);
    Ok(())
}

pub(super) fn hscan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(&args[2])?;
    let mut items = Reply::new();
    let Some(hash) = hash(ctx.keyspace, ctx.db, &args[1])? else {
        reply_scan(ctx.reply, 0, 0, &items);
        return Ok(());
    };
    let options = ScanOptions::parse(args, 3, false)?;
    let mut fields = 0;
    let next = hash.scan(cursor, options.count, |field, value| {
        if options.wants(field.as_bytes(&mut IntBuf::new())) {
            field.reply(&mut items);
            value.reply(&mut items);
            fields += 1;
        }
    });
    reply_scan(ctx.reply, next, 2 * fields, &items);
    Ok(())
}
