//! `ZPOPMIN`, `ZPOPMAX`, `ZMPOP` and their blocking forms.

use super::{int_from, zset_mut};
use crate::commands::ReplyElem as _;
use crate::commands::timeout::parse_timeout;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, ZSet};
use crate::resp::reply::IntBuf;
use crate::resp::{Args, Reply};

/// The end of a sorted set to take from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn event(self) -> KeyEvent {
        KeyEvent::zset(if self == Self::Min { "zpopmin" } else { "zpopmax" })
    }

    /// The command that goes into the replication stream.
    fn pop_name(self) -> &'static [u8] {
        match self {
            Self::Min => b"ZPOPMIN",
            Self::Max => b"ZPOPMAX",
        }
    }
}

pub(super) fn zpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Min)
}

pub(super) fn zpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Max)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.at(1);
    if args.len() > 3 {
        return Err(CmdError::SYNTAX);
    }
    let count = match args.get(2) {
        Some(arg) => Some(int_from(arg, 0, "ERR value is out of range, must be positive")?),
        None => None,
    };
    let Some(zset) = zset_mut(ctx.keyspace, ctx.db, key)?.filter(|_| count != Some(0)) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let taken = available(zset, count.unwrap_or(1));
    // RESP3 clients get pairs only if they asked for a number of them.
    let pairs = count.is_some() && ctx.reply.resp3();
    ctx.reply.array(if pairs { taken } else { 2 * taken });
    take(zset, end, taken, ctx.reply, pairs);
    let emptied = zset.is_empty();
    ctx.removed(end.event(), key, emptied, taken as u64);
    Ok(())
}

fn available(zset: &ZSet, count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(zset.len())
}

/// Takes `count` members off one end and writes them with their scores.
fn take(zset: &mut ZSet, end: End, count: usize, reply: &mut Reply, pairs: bool) {
    let len = zset.len();
    let ranks = match end {
        End::Min => 0..count,
        End::Max => len - count..len,
    };
    let mut members = zset.range(ranks.clone());
    for _ in 0..count {
        let next = if end == End::Min { members.next() } else { members.next_back() };
        let Some((member, score)) = next else { break };
        if pairs {
            reply.array(2);
        }
        member.reply(reply);
        reply.double(score);
    }
    zset.remove_ranks(ranks);
}

pub(super) fn zmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = MultiPop::parse(args, 1)?;
    multi_pop(ctx, args, wanted)
}

pub(super) fn bzmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = MultiPop::parse(args, 2)?;
    let timeout_ms = parse_timeout(args.at(1))?;
    let (first, keys) = (wanted.first, wanted.keys);
    multi_pop(ctx, args, wanted)?;
    if ctx.effects.dirty == 0 {
        ctx.effects.wait(timeout_ms, first, keys);
    }
    Ok(())
}

/// Arguments of `ZMPOP` and `BZMPOP`.
struct MultiPop {
    /// Index of the first key.
    first: usize,
    keys: usize,
    end: End,
    count: i64,
}

impl MultiPop {
    /// Parses `numkeys key [key ...] <MIN | MAX> [COUNT count]` from argument `at` on.
    fn parse(args: Args<'_>, at: usize) -> Result<Self, CmdError> {
        let keys = int_from(args.at(at), 1, "ERR numkeys should be greater than 0")?;
        let keys = usize::try_from(keys).unwrap_or(usize::MAX);
        let first = at + 1;
        let word = args.get(first.saturating_add(keys)).ok_or(CmdError::SYNTAX)?;
        let end = if word.eq_ignore_ascii_case(b"min") {
            End::Min
        } else if word.eq_ignore_ascii_case(b"max") {
            End::Max
        } else {
            return Err(CmdError::SYNTAX);
        };
        let mut count = None;
        let mut at = first + keys + 1;
        while let Some(word) = args.get(at) {
            let value = args.get(at + 1).filter(|_| word.eq_ignore_ascii_case(b"count"));
            let value = value.filter(|_| count.is_none()).ok_or(CmdError::SYNTAX)?;
            count = Some(int_from(value, 1, "ERR count should be greater than 0")?);
            at += 2;
        }
        Ok(Self { first, keys, end, count: count.unwrap_or(1) })
    }
}

/// Pops from the first sorted set that is there, and is propagated as a plain pop of that key.
fn multi_pop(ctx: &mut Ctx<'_>, args: Args<'_>, wanted: MultiPop) -> Outcome {
    for key in args.from(wanted.first).take(wanted.keys) {
        let Some(zset) = zset_mut(ctx.keyspace, ctx.db, key)? else { continue };
        let taken = available(zset, wanted.count);
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        ctx.reply.array(taken);
        take(zset, wanted.end, taken, ctx.reply, true);
        let emptied = zset.is_empty();
        ctx.removed(wanted.end.event(), key, emptied, taken as u64);
        let mut digits = IntBuf::new();
        ctx.effects.rewrite(&[wanted.end.pop_name(), key, digits.format(taken as i64)]);
        return Ok(());
    }
    ctx.reply.null_array();
    Ok(())
}

pub(super) fn bzpopmin(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Min)
}

pub(super) fn bzpopmax(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop_first(ctx, args, End::Max)
}

fn pop_first(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let timeout = args.len() - 1;
    let timeout_ms = parse_timeout(args.at(timeout))?;
    for key in args.from(1).take(timeout - 1) {
        let Some(zset) = zset_mut(ctx.keyspace, ctx.db, key)? else { continue };
        ctx.reply.array(3);
        ctx.reply.bulk(key);
        take(zset, end, 1, ctx.reply, false);
        let emptied = zset.is_empty();
        ctx.removed(end.event(), key, emptied, 1);
        ctx.effects.rewrite(&[end.pop_name(), key]);
        return Ok(());
    }
    ctx.reply.null_array();
    ctx.effects.wait(timeout_ms, 1, timeout - 1);
    Ok(())
}
