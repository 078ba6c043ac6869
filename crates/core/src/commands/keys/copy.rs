//! Keys that change their name or their database, or get a twin.

use super::database;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Ttl, Value};
use crate::resp::Args;

const SAME: CmdError = CmdError::fixed("ERR source and destination objects are the same");

fn ttl(expire_at: Option<u64>) -> Ttl {
    expire_at.map_or(Ttl::Clear, Ttl::At)
}

/// Puts a value under a key as if that had not been there before.
fn put_anew(ctx: &mut Ctx<'_>, db: usize, key: &[u8], value: Value, expire_at: Option<u64>) {
    let new = ctx.keyspace.insert(db, key, value, ttl(expire_at));
    if !new {
        ctx.keyspace.notice_new(db, key);
    }
    ctx.keyspace.key_added(db, key);
}

/// `RENAME key newkey`
pub(super) fn rename(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    if move_name(ctx, args, true)? {
        ctx.reply.ok();
    }
    Ok(())
}

/// `RENAMENX key newkey`
pub(super) fn renamenx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let moved = move_name(ctx, args, false)?;
    ctx.reply.int(i64::from(moved));
    Ok(())
}

/// False if the new name is taken and may not be replaced.
fn move_name(ctx: &mut Ctx<'_>, args: Args<'_>, replace: bool) -> Result<bool, CmdError> {
    let (db, from, to) = (ctx.db, args.at(1), args.at(2));
    let Some(expire_at) = ctx.keyspace.expire_at(db, from) else {
        return Err(CmdError::NO_SUCH_KEY);
    };
    if from == to {
        return Ok(replace);
    }
    if !replace && ctx.keyspace.exists(db, to) {
        return Ok(false);
    }
    let value = ctx.keyspace.remove(db, from).ok_or(CmdError::NO_SUCH_KEY)?;
    put_anew(ctx, db, to, value, expire_at);
    ctx.changed(KeyEvent::generic("rename_from"), from, 0);
    ctx.changed(KeyEvent::generic("rename_to"), to, 1);
    Ok(true)
}

/// `MOVE key db`
pub(super) fn move_key(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (db, key) = (ctx.db, args.at(1));
    let to = database(ctx, args.at(2))?;
    if to == db {
        return Err(SAME);
    }
    let expire_at = ctx.keyspace.expire_at(db, key);
    let possible = expire_at.is_some() && !ctx.keyspace.exists(to, key);
    if possible && let Some(value) = ctx.keyspace.remove(db, key) {
        ctx.keyspace.insert(to, key, value, ttl(expire_at.flatten()));
        ctx.changed_in(KeyEvent::generic("move_from"), db, key, 0);
        ctx.changed_in(KeyEvent::generic("move_to"), to, key, 1);
    }
    ctx.reply.int(i64::from(possible));
    Ok(())
}

/// `COPY source destination [DB destination-db] [REPLACE]`
pub(super) fn copy(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (db, from, to) = (ctx.db, args.at(1), args.at(2));
    let (mut to_db, mut replace) = (db, false);
    let mut rest = args.from(3);
    while let Some(word) = rest.next() {
        if word.eq_ignore_ascii_case(b"replace") {
            replace = true;
        } else if word.eq_ignore_ascii_case(b"db") {
            to_db = database(ctx, rest.next().ok_or(CmdError::SYNTAX)?)?;
        } else {
            return Err(CmdError::SYNTAX);
        }
    }
    if (db, from) == (to_db, to) {
        return Err(SAME);
    }
    let Some(value) = ctx.keyspace.inspect(db, from).cloned() else {
        ctx.reply.int(0);
        return Ok(());
    };
    if !replace && ctx.keyspace.exists(to_db, to) {
        ctx.reply.int(0);
        return Ok(());
    }
    let expire_at = ctx.keyspace.expire_at(db, from).flatten();
    put_anew(ctx, to_db, to, value, expire_at);
    ctx.changed_in(KeyEvent::generic("copy_to"), to_db, to, 1);
    ctx.reply.int(1);
    Ok(())
}
