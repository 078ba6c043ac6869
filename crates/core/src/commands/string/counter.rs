//! Counters: `INCR` and its relatives.

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Str, Ttl, Value};
use crate::num::LongDouble;
use crate::resp::Args;

/// `INCR key`
pub(super) fn incr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args.at(1), 1)
}

/// `DECR key`
pub(super) fn decr(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args.at(1), -1)
}

/// `INCRBY key increment`
pub(super) fn incrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    add(ctx, args.at(1), int(args.at(2))?)
}

/// `DECRBY key decrement`
pub(super) fn decrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let negated = int(args.at(2))?.checked_neg();
    add(ctx, args.at(1), negated.ok_or(CmdError::fixed("ERR decrement would overflow"))?)
}

fn add(ctx: &mut Ctx<'_>, key: &[u8], by: i64) -> Outcome {
    let value = ctx.keyspace.get_or_insert_with(ctx.db, key, || Value::Str(Str::new(b"0")));
    // A new key holds 0, so nothing below fails for it and leaves it behind.
    let Value::Str(string) = value else { return Err(CmdError::WRONG_TYPE) };
    let old = string.as_int().ok_or(CmdError::NOT_INT)?;
    let new = old.checked_add(by).ok_or(CmdError::OVERFLOW)?;
    string.set_int(new);
    ctx.changed(KeyEvent::string("incrby"), key, 1);
    ctx.reply.int(new);
    Ok(())
}

/// `INCRBYFLOAT key increment`
pub(super) fn incrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let old = match super::read(ctx.keyspace, ctx.db, key)? {
        Some(value) => float(value.bytes())?,
        None => LongDouble::ZERO,
    };
    let sum = old.add(float(args.at(2))?).filter(|sum| sum.is_finite());
    let infinite = CmdError::fixed("ERR increment would produce NaN or Infinity");
    let text = sum.ok_or(infinite)?.format();
    let value = Value::Str(Str::text(text.as_bytes()));
    ctx.keyspace.insert(ctx.db, key, value, Ttl::Keep);
    ctx.changed(KeyEvent::string("incrbyfloat"), key, 1);
    ctx.effects.rewrite(&[b"SET", key, text.as_bytes(), b"KEEPTTL"]);
    ctx.reply.bulk(text.as_bytes());
    Ok(())
}

fn float(text: &[u8]) -> Result<LongDouble, CmdError> {
    LongDouble::parse(text).ok_or(CmdError::NOT_FLOAT)
}
