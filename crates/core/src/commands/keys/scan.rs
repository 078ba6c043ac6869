//! Finding keys: `KEYS`, `SCAN`, `RANDOMKEY`.

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::glob;
use crate::resp::Args;
use crate::resp::reply::IntBuf;

/// `KEYS pattern`
pub(super) fn keys(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let pattern = args.at(1);
    let all = pattern == b"*";
    let ids = ctx.keyspace.keys(ctx.db, |key| all || glob::matches(pattern, key, false));
    reply_keys(ctx, &ids);
    Ok(())
}

fn reply_keys(ctx: &mut Ctx<'_>, ids: &[u32]) {
    ctx.reply.array(ids.len());
    for id in ids {
        ctx.reply.bulk(ctx.keyspace.key_by_id(ctx.db, *id).unwrap_or_default());
    }
}

/// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`
pub(super) fn scan(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let cursor = cursor(args.at(1))?;
    let (mut pattern, mut count, mut kind) = (None, 10, None);
    let mut rest = args.from(2);
    while let Some(word) = rest.next() {
        let value = rest.next().ok_or(CmdError::SYNTAX)?;
        if word.eq_ignore_ascii_case(b"match") {
            pattern = Some(value).filter(|pattern| *pattern != b"*");
        } else if word.eq_ignore_ascii_case(b"count") {
            count = int(value)?;
            if count < 1 {
                return Err(CmdError::SYNTAX);
            }
        } else if word.eq_ignore_ascii_case(b"type") {
            kind = Some(value);
        } else {
            return Err(CmdError::SYNTAX);
        }
    }
    let (next, ids) = ctx.keyspace.scan(ctx.db, cursor, count as usize, |key, value| {
        pattern.is_none_or(|pattern| glob::matches(pattern, key, false))
            && kind.is_none_or(|kind| kind.eq_ignore_ascii_case(value.type_name().as_bytes()))
    });
    ctx.reply.array(2);
    ctx.reply.bulk(IntBuf::new().format(next as i64));
    reply_keys(ctx, &ids);
    Ok(())
}

/// A cursor as C's `strtoul` reads it.
fn cursor(arg: &[u8]) -> Result<u64, CmdError> {
    let (negative, digits) = match arg {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, arg),
    };
    let invalid = CmdError::fixed("ERR invalid cursor");
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(invalid);
    }
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    let value = value.ok_or(invalid)?;
    Ok(if negative { value.wrapping_neg() } else { value })
}

/// `RANDOMKEY`
pub(super) fn randomkey(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Outcome {
    match ctx.keyspace.random_key(ctx.db, ctx.rng) {
        Some(key) => ctx.reply.bulk(key),
        None => ctx.reply.null(),
    }
    Ok(())
}
