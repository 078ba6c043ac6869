//! Parts of strings.

use super::{check_len, int, read, write};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Str, Ttl, Value};
use crate::resp::Args;

/// `STRLEN key`
pub(super) fn strlen(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let len = read(ctx.keyspace, ctx.db, args.at(1))?.map_or(0, Str::len);
    ctx.reply.count(len);
    Ok(())
}

/// `GETRANGE key start end`, also known as `SUBSTR`.
pub(super) fn getrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (start, end) = (int(args.at(2))?, int(args.at(3))?);
    let bytes = read(ctx.keyspace, ctx.db, args.at(1))?.map_or(&b""[..], Str::bytes);
    let part = if start < 0 && end < 0 && start > end {
        &[][..]
    } else {
        span(start, end, bytes.len()).map_or(&[][..], |(from, to)| &bytes[from..=to])
    };
    ctx.reply.bulk(part);
    Ok(())
}

/// First and last index that `start` and `end` mean (negative: from the end); `None` if nothing.
pub(in crate::commands) fn span(start: i64, end: i64, len: usize) -> Option<(usize, usize)> {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(len - 1));
    (start <= end).then_some((start as usize, end as usize))
}

/// `SETRANGE key offset value`
pub(super) fn setrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, part) = (args.at(1), args.at(3));
    let offset = u64::try_from(int(args.at(2))?)
        .map_err(|_| CmdError::fixed("ERR offset is out of range"))?;
    // Where addresses have 32 bits, an offset beyond them is too long a string all the same.
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let old_len = match read(ctx.keyspace, ctx.db, key)? {
        Some(value) => value.len(),
        None => 0,
    };
    if part.is_empty() {
        ctx.reply.count(old_len);
        return Ok(());
    }
    let end = offset.saturating_add(part.len());
    check_len(end)?;
    let len = match write(ctx.keyspace, ctx.db, key)? {
        Some(value) => {
            let bytes = value.make_mut();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[offset..end].copy_from_slice(part);
            bytes.len()
        }
        None => {
            let mut bytes = vec![0; end];
            bytes[offset..].copy_from_slice(part);
            ctx.keyspace.insert(ctx.db, key, Value::Str(Str::raw(bytes)), Ttl::Clear);
            end
        }
    };
    ctx.changed(KeyEvent::string("setrange"), key, 1);
    ctx.reply.count(len);
    Ok(())
}
