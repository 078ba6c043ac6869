//! `HINCRBY` and `HINCRBYFLOAT`.

use super::hash_or_new;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::KeyEvent;
use crate::num::{LongDouble, parse_i64};
use crate::packed::Elem;
use crate::resp::Args;
use crate::resp::reply::IntBuf;

pub(super) fn hincrby(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    const NOT_INT: CmdError = CmdError::fixed("ERR hash value is not an integer");
    let (key, field) = (args.at(1), args.at(2));
    let by = parse_i64(&args[3]).ok_or(CmdError::NOT_INT)?;
    let hasher = ctx.keyspace.hasher();
    let hash = hash_or_new(ctx.keyspace, ctx.db, key)?;
    let old = match hash.get(field) {
        Some(value) => value.as_i64().ok_or(NOT_INT)?,
        None => 0,
    };
    let new = old.checked_add(by).ok_or(CmdError::OVERFLOW)?;
    let mut digits = IntBuf::new();
    hash.set(field, digits.format(new), ctx.limits, hasher);
    ctx.reply.int(new);
    ctx.changed(KeyEvent::hash("hincrby"), key, 1);
    Ok(())
}

pub(super) fn hincrbyfloat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    const NOT_FLOAT: CmdError = CmdError::fixed("ERR hash value is not a float");
    const INFINITE: CmdError = CmdError::fixed("ERR value is NaN or Infinity");
    const OVERFLOW: CmdError = CmdError::fixed("ERR increment would produce NaN or Infinity");
    let (key, field) = (args.at(1), args.at(2));
    let by = LongDouble::parse(&args[3]).ok_or(CmdError::NOT_FLOAT)?;
    if !by.is_finite() {
        return Err(INFINITE);
    }
    let hasher = ctx.keyspace.hasher();
    let hash = hash_or_new(ctx.keyspace, ctx.db, key)?;
    let old = match hash.get(field) {
        Some(Elem::Int(value)) => LongDouble::from(value),
        Some(Elem::Bytes(text)) => LongDouble::parse(text).ok_or(NOT_FLOAT)?,
        None => LongDouble::ZERO,
    };
    let new = old.add(by).filter(|sum| sum.is_finite()).ok_or(OVERFLOW)?;
    let text = new.format();
    hash.set(field, text.as_bytes(), ctx.limits, hasher);
    ctx.reply.bulk(text.as_bytes());
    ctx.changed(KeyEvent::hash("hincrbyfloat"), key, 1);
    // A replica must not add for itself: its floats might round otherwise.
    ctx.effects.rewrite(&[b"HSET", key, field, text.as_bytes()]);
    Ok(())
}
