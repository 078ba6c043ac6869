//! `ZADD`, `ZINCRBY`.

use super::score::parse_double;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::zset::{AddOptions, Added};
use crate::keyspace::{KeyEvent, Value};
use crate::resp::Args;

pub(super) fn zadd(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, AddOptions::default())
}

/// As in Redis, this is `ZADD INCR` in all respects, options before the increment included.
pub(super) fn zincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args, AddOptions { incr: true, ..AddOptions::default() })
}

fn add(ctx: &mut Ctx<'_>, args: Args<'_>, options: AddOptions) -> Outcome {
    let (options, ch, first) = parse_options(args, options)?;
    for score in args.from(first).step_by(2) {
        parse_double(score).ok_or(CmdError::NOT_FLOAT)?;
    }
    let key = args.at(1);
    let found = super::zset(ctx.keyspace, ctx.db, key)?.is_some();
    if !found && options.xx {
        if options.incr {
            ctx.reply.null();
        } else {
            ctx.reply.int(0);
        }
        return Ok(());
    }
    let hasher = ctx.keyspace.hasher();
    let value = ctx.keyspace.get_or_insert_with(ctx.db, key, || Value::ZSet(Box::default()));
    let Value::ZSet(zset) = value else { return Err(CmdError::WRONG_TYPE) };
    let (mut new, mut changed) = (0, 0);
    let mut score = None;
    for at in (first..args.len()).step_by(2) {
        let Some(wanted) = parse_double(args.at(at)) else { continue };
        match zset.add(args.at(at + 1), wanted, options, ctx.limits, hasher) {
            Added::New(is) => {
                new += 1;
                score = Some(is);
            }
            Added::Changed(is) => {
                changed += 1;
                score = Some(is);
            }
            Added::Same(is) => score = Some(is),
            Added::Refused => {}
            // Only with INCR, which has one member: nothing was changed before.
            Added::NotANumber => {
                return Err(CmdError::fixed("ERR resulting score is not a number (NaN)"));
            }
        }
    }
    if new + changed > 0 {
        let name = if options.incr { "zincr" } else { "zadd" };
        ctx.changed(KeyEvent::zset(name), key, new + changed);
    }
    match score {
        Some(score) if options.incr => ctx.reply.double(score),
        None if options.incr => ctx.reply.null(),
        _ => ctx.reply.int((if ch { new + changed } else { new }) as i64),
    }
    Ok(())
}

/// The options, whether `CH` is among them, and the index of the first score.
fn parse_options(
    args: Args<'_>,
    mut options: AddOptions,
) -> Result<(AddOptions, bool, usize), CmdError> {
    let (mut ch, mut at) = (false, 2);
    while let Some(word) = args.get(at) {
        let is = |option: &[u8]| word.eq_ignore_ascii_case(option);
        match () {
            () if is(b"nx") => options.nx = true,
            () if is(b"xx") => options.xx = true,
            () if is(b"ch") => ch = true,
            () if is(b"incr") => options.incr = true,
            () if is(b"gt") => options.gt = true,
            () if is(b"lt") => options.lt = true,
            () => break,
        }
        at += 1;
    }
    let left = args.len() - at;
    if left == 0 || !left.is_multiple_of(2) {
        return Err(CmdError::SYNTAX);
    }
    let AddOptions { nx, xx, gt, lt, incr } = options;
    let text = if nx && xx {
        "ERR XX and NX options at the same time are not compatible"
    } else if (nx && (gt || lt)) || (gt && lt) {
        "ERR GT, LT, and/or NX options at the same time are not compatible"
    } else if incr && left > 2 {
        "ERR INCR option supports a single increment-element pair"
    } else {
        return Ok((options, ch, at));
    };
    Err(CmdError::fixed(text))
}
