//! `LPOP`, `RPOP`, `LMPOP`.

use super::{end, int_from, list_mut};
use crate::commands::ReplyElem as _;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::KeyEvent;
use crate::keyspace::list::{End, List};
use crate::resp::reply::IntBuf;
use crate::resp::{Args, Reply};

pub(super) fn lpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Head)
}

pub(super) fn rpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    pop(ctx, args, End::Tail)
}

fn pop(ctx: &mut Ctx<'_>, args: Args<'_>, end: End) -> Outcome {
    let key = args.at(1);
    if args.len() > 3 {
        return Err(CmdError::arity(if end == End::Head { "lpop" } else { "rpop" }));
    }
    let count = match args.get(2) {
        Some(arg) => Some(int_from(arg, 0, "ERR value is out of range, must be positive")?),
        None => None,
    };
    let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else {
        match count {
            Some(_) => ctx.reply.null_array(),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let taken = match count {
        Some(0) => {
            ctx.reply.array(0);
            return Ok(());
        }
        Some(count) => take(list, end, count, ctx.reply),
        None => {
            if let Some(element) = list.peek(end) {
                element.reply(ctx.reply);
            }
            list.drop(end, 1);
            1
        }
    };
    let emptied = list.is_empty();
    ctx.removed(popped(end), key, emptied, taken as u64);
    Ok(())
}

/// Takes up to `count` elements off and replies with them as an array. Returns how many.
fn take(list: &mut List, end: End, count: i64, reply: &mut Reply) -> usize {
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(list.len());
    reply.array(count);
    match end {
        End::Head => list.iter().take(count).for_each(|e| e.reply(reply)),
        End::Tail => list.iter().rev().take(count).for_each(|e| e.reply(reply)),
    }
    list.drop(end, count);
    count
}

pub(super) fn lmpop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let wanted = MultiPop::parse(args, 1)?;
    multi_pop(ctx, args, wanted)
}

/// Arguments of `LMPOP` and `BLMPOP`.
pub(super) struct MultiPop {
    /// Index of the first key.
    first: usize,
    /// One past the last key.
    end_of_keys: usize,
    end: End,
    count: i64,
}

impl MultiPop {
    /// Parses `numkeys key [key ...] <LEFT | RIGHT> [COUNT count]` from argument `at` on.
    pub(super) fn parse(args: Args<'_>, at: usize) -> Result<Self, CmdError> {
        let keys = int_from(&args[at], 1, "ERR numkeys should be greater than 0")?;
        let first = at + 1;
        let end_of_keys = usize::try_from(keys).unwrap_or(usize::MAX).saturating_add(first);
        let end = end(args.get(end_of_keys).ok_or(CmdError::SYNTAX)?)?;
        let count = match (args.get(end_of_keys + 1), args.get(end_of_keys + 2)) {
            (None, _) => 1,
            (Some(word), Some(count)) if word.eq_ignore_ascii_case(b"count") => {
                int_from(count, 1, "ERR count should be greater than 0")?
            }
            _ => return Err(CmdError::SYNTAX),
        };
        if args.len() > end_of_keys + 3 {
            return Err(CmdError::SYNTAX);
        }
        Ok(Self { first, end_of_keys, end, count })
    }

    /// Index of the first key, and how many there are.
    pub(super) fn keys(&self) -> (usize, usize) {
        (self.first, self.end_of_keys - self.first)
    }
}

/// Pops from the first list that has elements, and is propagated as a plain pop of that key.
pub(super) fn multi_pop(ctx: &mut Ctx<'_>, args: Args<'_>, wanted: MultiPop) -> Outcome {
    for key in args.from(wanted.first).take(wanted.end_of_keys - wanted.first) {
        let Some(list) = list_mut(ctx.keyspace, ctx.db, key)? else { continue };
        ctx.reply.array(2);
        ctx.reply.bulk(key);
        let taken = take(list, wanted.end, wanted.count, ctx.reply);
        let emptied = list.is_empty();
        ctx.removed(popped(wanted.end), key, emptied, taken as u64);
        let mut digits = IntBuf::new();
        let name = pop_name(wanted.end);
        ctx.effects.rewrite(&[name, key, digits.format(taken as i64)]);
        return Ok(());
    }
    ctx.reply.null_array();
    Ok(())
}

/// What a pop is called in notifications.
pub(super) fn popped(end: End) -> KeyEvent {
    KeyEvent::list(if end == End::Head { "lpop" } else { "rpop" })
}

/// The pop that goes into the replication stream.
pub(super) fn pop_name(end: End) -> &'static [u8] {
    match end {
        End::Head => b"LPOP",
        End::Tail => b"RPOP",
    }
}
