//! `LLEN`, `LINDEX`, `LRANGE`, `LPOS`.

use super::{int, int_from, list, span};
use crate::commands::ReplyElem as _;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::list::End;
use crate::resp::Args;

pub(super) fn llen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = list(ctx.keyspace, ctx.db, &args[1])?.map_or(0, |list| list.len());
    ctx.reply.count(len);
    Ok(())
}

pub(super) fn lindex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(list) = list(ctx.keyspace, ctx.db, &args[1])? else {
        ctx.reply.null();
        return Ok(());
    };
    match list.index(int(&args[2])?).and_then(|index| list.get(index)) {
        Some(element) => element.reply(ctx.reply),
        None => ctx.reply.null(),
    }
    Ok(())
}

pub(super) fn lrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, stop) = (int(&args[2])?, int(&args[3])?);
    let Some(list) = list(ctx.keyspace, ctx.db, &args[1])? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let (first, count) = span(start, stop, list.len());
    ctx.reply.array(count);
    for element in list.iter_from(first).take(count) {
        element.reply(ctx.reply);
    }
    Ok(())
}

/// Options of `LPOS`.
struct Positions {
    /// Where to start.
    from: End,
    /// How many matches to pass over.
    skip: u64,
    /// How many to report (0: all); `None`: one, not as an array.
    count: Option<u64>,
    /// How many elements to look at; 0: all.
    maxlen: u64,
}

impl Positions {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut out = Self { from: End::Head, skip: 0, count: None, maxlen: 0 };
        let mut at = 3;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(CmdError::SYNTAX)?;
            if option.eq_ignore_ascii_case(b"rank") {
                let rank = int(value)?;
                if rank == 0 {
                    return Err(CmdError::fixed(RANK_ZERO));
                }
                out.from = if rank < 0 { End::Tail } else { End::Head };
                // Redis 7.0 negates the smallest integer to itself, and so finds the first match.
                out.skip = if rank == i64::MIN { 0 } else { rank.unsigned_abs() - 1 };
            } else if option.eq_ignore_ascii_case(b"count") {
                out.count = Some(int_from(value, 0, "ERR COUNT can't be negative")? as u64);
            } else if option.eq_ignore_ascii_case(b"maxlen") {
                out.maxlen = int_from(value, 0, "ERR MAXLEN can't be negative")? as u64;
            } else {
                return Err(CmdError::SYNTAX);
            }
            at += 2;
        }
        Ok(out)
    }
}

const RANK_ZERO: &str = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the \
    second ... or use negative to start from the end of the list";

pub(super) fn lpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = Positions::parse(args)?;
    let Some(list) = list(ctx.keyspace, ctx.db, &args[1])? else {
        match wanted.count {
            Some(_) => ctx.reply.array(0),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let len = list.len();
    let limit = if wanted.maxlen == 0 { len as u64 } else { wanted.maxlen.min(len as u64) };
    let in_reach = |index: &usize| {
        let distance = if wanted.from == End::Head { *index } else { len - 1 - *index };
        (distance as u64) < limit
    };
    let skip = usize::try_from(wanted.skip).unwrap_or(usize::MAX);
    let mut found = list.matches(&args[2], wanted.from).take_while(in_reach).skip(skip);
    let Some(count) = wanted.count else {
        match found.next() {
            Some(index) => ctx.reply.count(index),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let most = if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
    let found: Vec<usize> = found.take(most).collect();
    ctx.reply.array(found.len());
    for index in found {
        ctx.reply.count(index);
    }
    Ok(())
}
