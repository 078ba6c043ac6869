//! Times to live.

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::KeyEvent;
use crate::resp::Args;
use crate::resp::reply::IntBuf;

/// One of the four commands that set a time to live.
#[derive(Debug, Clone, Copy)]
struct Form {
    name: &'static str,
    seconds: bool,
    absolute: bool,
}

/// `EXPIRE key seconds [NX | XX | GT | LT]`
pub(super) fn expire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, Form { name: "expire", seconds: true, absolute: false })
}

/// `PEXPIRE key milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpire(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, Form { name: "pexpire", seconds: false, absolute: false })
}

/// `EXPIREAT key unix-time-seconds [NX | XX | GT | LT]`
pub(super) fn expireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, Form { name: "expireat", seconds: true, absolute: true })
}

/// `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]`
pub(super) fn pexpireat(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set(ctx, args, Form { name: "pexpireat", seconds: false, absolute: true })
}

/// Under which condition to set it.
#[derive(Debug, Default)]
struct Conditions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Conditions {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut given = Self::default();
        for word in args.from(3) {
            match word.to_ascii_lowercase().as_slice() {
                b"nx" => given.nx = true,
                b"xx" => given.xx = true,
                b"gt" => given.gt = true,
                b"lt" => given.lt = true,
                _ => {
                    return Err(CmdError::quoting("ERR Unsupported option ", word, ""));
                }
            }
        }
        if given.nx && (given.xx || given.gt || given.lt) {
            let text = "ERR NX and XX, GT or LT options at the same time are not compatible";
            return Err(CmdError::fixed(text));
        }
        if given.gt && given.lt {
            let text = "ERR GT and LT options at the same time are not compatible";
            return Err(CmdError::fixed(text));
        }
        Ok(given)
    }

    fn hold(&self, current: Option<u64>, wanted: i64) -> bool {
        // A key without a time to live counts as living for ever.
        let current = current.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        !(self.nx && current.is_some()
            || self.xx && current.is_none()
            || self.gt && current.is_none_or(|at| wanted <= at)
            || self.lt && current.is_some_and(|at| wanted >= at))
    }
}

fn set(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Outcome {
    let key = args.at(1);
    let conditions = Conditions::parse(args)?;
    let now_ms = ctx.now_ms();
    let base = if form.absolute { 0 } else { now_ms as i64 };
    let amount = int(args.at(2))?;
    let at = amount
        .checked_mul(if form.seconds { 1000 } else { 1 })
        .and_then(|ms| ms.checked_add(base))
        .ok_or_else(|| {
            CmdError::new(format!("ERR invalid expire time in '{}' command", form.name))
        })?;
    let current = ctx.keyspace.expire_at(ctx.db, key);
    if !current.is_some_and(|current| conditions.hold(current, at)) {
        ctx.reply.int(0);
        return Ok(());
    }
    let past = u64::try_from(at).is_err() || at as u64 <= now_ms;
    let deletes = past && !ctx.from_master;
    if deletes {
        ctx.keyspace.remove(ctx.db, key);
        ctx.stream_expired(key);
    } else {
        ctx.keyspace.set_expire_at(ctx.db, key, Some(at.max(0) as u64));
        if form.seconds || !form.absolute {
            let mut digits = IntBuf::new();
            let mut words: Vec<&[u8]> = vec![b"PEXPIREAT", key, digits.format(at)];
            words.extend(args.from(3));
            ctx.effects.rewrite(&words);
        }
    }
    let event = if deletes { KeyEvent::DEL } else { KeyEvent::generic("expire") };
    ctx.changed(event, key, 1);
    ctx.reply.int(1);
    Ok(())
}

/// `PERSIST key`
pub(super) fn persist(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let volatile = matches!(ctx.keyspace.expire_at(ctx.db, key), Some(Some(_)));
    if volatile {
        ctx.keyspace.set_expire_at(ctx.db, key, None);
        ctx.changed(KeyEvent::generic("persist"), key, 1);
    }
    ctx.reply.int(i64::from(volatile));
    Ok(())
}

/// `TTL key`
pub(super) fn ttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |at, now| (at.saturating_sub(now) + 500) / 1000)
}

/// `PTTL key`
pub(super) fn pttl(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, u64::saturating_sub)
}

/// `EXPIRETIME key`
pub(super) fn expiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |at, _| at.saturating_add(500) / 1000)
}

/// `PEXPIRETIME key`
pub(super) fn pexpiretime(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    show(ctx, args, |at, _| at)
}

/// Replies with what `of` makes of the deadline and the present; -2: no key, -1: no deadline.
fn show(ctx: &mut Ctx<'_>, args: Args<'_>, of: impl Fn(u64, u64) -> u64) -> Outcome {
    let key = args.at(1);
    let reply = match ctx.keyspace.inspect(ctx.db, key) {
        None => -2,
        Some(_) => match ctx.keyspace.expire_at(ctx.db, key).flatten() {
            None => -1,
            Some(at) => of(at, ctx.now_ms()) as i64,
        },
    };
    ctx.reply.int(reply);
    Ok(())
}
