//! `SPOP`, `SRANDMEMBER`.

use super::{set, set_mut};
use crate::commands::ReplyElem as _;
use crate::commands::random::{Wanted, choose, too_many};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Set};
use crate::num::parse_i64;
use crate::packed::Elem;
use crate::resp::Args;
use crate::resp::reply::IntBuf;
use crate::rng::Rng;

pub(super) fn spop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    match args.len() {
        2 => {}
        3 => return spop_count(ctx, args),
        _ => return Err(CmdError::SYNTAX),
    }
    let key = args.at(1);
    let Some(set) = set_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let Some(member) = set.random(ctx.rng) else { return Ok(()) };
    member.reply(ctx.reply);
    let member = member.to_vec();
    set.remove(&member);
    let emptied = set.is_empty();
    ctx.removed(KeyEvent::set("spop"), key, emptied, 1);
    ctx.effects.rewrite(&[b"SREM", key, &member]);
    Ok(())
}

/// Some members at once: streamed as one `SREM` each, or as `DEL` if nothing remains.
fn spop_count(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let count = parse_i64(args.at(2)).and_then(|count| u64::try_from(count).ok());
    let count = usize::try_from(count.ok_or(CmdError::NOT_POSITIVE)?).unwrap_or(usize::MAX);
    let Some(set) = set_mut(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.set(0);
        return Ok(());
    };
    let len = set.len();
    if count >= len {
        super::read::reply_set(ctx.reply, set);
        ctx.removed(KeyEvent::set("spop"), key, true, len as u64);
        ctx.effects.rewrite(&[b"DEL", key]);
        return Ok(());
    }
    ctx.reply.set(count);
    if count == 0 {
        return Ok(());
    }
    for _ in 0..count {
        let Some(member) = set.random(ctx.rng) else { break };
        let mut digits = IntBuf::new();
        let member = member.as_bytes(&mut digits).to_vec();
        ctx.reply.bulk(&member);
        set.remove(&member);
        ctx.effects.rewrite(&[b"SREM", key, &member]);
    }
    ctx.changed(KeyEvent::set("spop"), key, count as u64);
    Ok(())
}

pub(super) fn srandmember(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(CmdError::SYNTAX);
    }
    let wanted = args.get(2).map(Wanted::parse).transpose()?;
    let Some(set) = set(ctx.keyspace, ctx.db, args.at(1))? else {
        match wanted {
            Some(_) => ctx.reply.array(0),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let Some(wanted) = wanted else {
        if let Some(member) = set.random(ctx.rng) {
            member.reply(ctx.reply);
        }
        return Ok(());
    };
    match wanted {
        Wanted::Repeated(count) => {
            too_many(count)?;
            ctx.reply.array(count);
            for _ in 0..count {
                if let Some(member) = set.random(ctx.rng) {
                    member.reply(ctx.reply);
                }
            }
        }
        Wanted::Different(count) => {
            let count = count.min(set.len());
            ctx.reply.array(count);
            different(ctx.rng, set, count, |member| member.reply(ctx.reply));
        }
    }
    Ok(())
}

/// Shows `count` different members, at most as many as there are. A few of many are drawn until
/// they differ; many of few are chosen in one walk.
fn different(rng: &mut Rng, set: &Set, count: usize, mut show: impl FnMut(Elem<'_>)) {
    if count * 3 < set.len() {
        let mut shown = std::collections::BTreeSet::new();
        while shown.len() < count {
            let Some(member) = set.random(rng) else { return };
            if shown.insert(member.to_vec()) {
                show(member);
            }
        }
        return;
    }
    let mut chosen = choose(rng, set.len(), count).into_iter().peekable();
    for (index, member) in set.iter().enumerate() {
        if chosen.next_if_eq(&index).is_some() {
            show(member);
        }
    }
}
