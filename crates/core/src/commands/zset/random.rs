//! `ZRANDMEMBER`.

use super::zset;
use crate::commands::ReplyElem as _;
use crate::commands::random::{Wanted, choose, too_many};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::resp::{Args, Reply};

pub(super) fn zrandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(count) = args.get(2) else {
        match zset(ctx.keyspace, ctx.db, args.at(1))?.and_then(|zset| zset.random(ctx.rng)) {
            Some((member, _)) => member.reply(ctx.reply),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let wanted = Wanted::parse(count)?;
    let with_scores = match args.get(3) {
        None => false,
        Some(word) if args.len() == 4 && word.eq_ignore_ascii_case(b"withscores") => true,
        Some(_) => return Err(CmdError::SYNTAX),
    };
    // Twice as many elements must still be countable.
    if with_scores && wanted.count() > i64::MAX as usize / 2 {
        return Err(CmdError::fixed("ERR value is out of range"));
    }
    let Some(zset) = zset(ctx.keyspace, ctx.db, args.at(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let len = zset.len();
    let ranks = match wanted {
        Wanted::Different(count) => choose(ctx.rng, len, count),
        Wanted::Repeated(count) => {
            too_many(count)?;
            (0..count).map(|_| ctx.rng.below(len as u64) as usize).collect()
        }
    };
    header(ctx.reply, ranks.len(), with_scores);
    for rank in ranks {
        let Some((member, score)) = zset.range(rank..rank + 1).next() else { continue };
        if with_scores && ctx.reply.resp3() {
            ctx.reply.array(2);
        }
        member.reply(ctx.reply);
        if with_scores {
            ctx.reply.double(score);
        }
    }
    Ok(())
}

fn header(reply: &mut Reply, count: usize, with_scores: bool) {
    reply.array(if with_scores && !reply.resp3() { 2 * count } else { count });
}
