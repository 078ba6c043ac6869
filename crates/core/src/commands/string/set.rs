//! `SET`, `GET` and what grew around them.

use super::{int, read, reply_value, write};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Ttl, Value};
use crate::resp::Args;
use crate::resp::reply::IntBuf;

const SET: KeyEvent = KeyEvent::string("set");
const EXPIRE: KeyEvent = KeyEvent::generic("expire");

/// Options of `SET` and `GETEX`.
#[derive(Debug, Default)]
struct Options<'a> {
    nx: bool,
    xx: bool,
    get: bool,
    keep_ttl: bool,
    persist: bool,
    expire: Option<Expire<'a>>,
}

/// A time to live as given.
#[derive(Debug, Clone, Copy)]
struct Expire<'a> {
    amount: &'a [u8],
    seconds: bool,
    absolute: bool,
}

impl<'a> Options<'a> {
    /// Reads the options from argument `first` on; `for_set` tells the grammar of `SET` from that
    /// of `GETEX`.
    fn parse(args: Args<'a>, first: usize, for_set: bool) -> Result<Self, CmdError> {
        let mut options = Self::default();
        let mut rest = args.from(first);
        while let Some(word) = rest.next() {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            if for_set && is(b"nx") && !options.xx {
                options.nx = true;
            } else if for_set && is(b"xx") && !options.nx {
                options.xx = true;
            } else if for_set && is(b"get") {
                options.get = true;
            } else if for_set && is(b"keepttl") && options.expire.is_none() {
                options.keep_ttl = true;
            } else if !for_set && is(b"persist") && options.expire.is_none() {
                options.persist = true;
            } else {
                options.parse_expire(word, rest.next())?;
            }
        }
        Ok(options)
    }

    fn parse_expire(&mut self, word: &[u8], amount: Option<&'a [u8]>) -> Result<(), CmdError> {
        let (seconds, absolute) = match word.to_ascii_lowercase().as_slice() {
            b"ex" => (true, false),
            b"px" => (false, false),
            b"exat" => (true, true),
            b"pxat" => (false, true),
            _ => return Err(CmdError::SYNTAX),
        };
        let amount = amount.ok_or(CmdError::SYNTAX)?;
        // The same option may be repeated, as in Redis; the last one counts.
        let same = self.expire.is_none_or(|e| e.seconds == seconds && e.absolute == absolute);
        if self.keep_ttl || self.persist || !same {
            return Err(CmdError::SYNTAX);
        }
        self.expire = Some(Expire { amount, seconds, absolute });
        Ok(())
    }

    /// The deadline in Unix milliseconds, if one was given.
    fn deadline(&self, command: &str, now_ms: u64) -> Result<Option<u64>, CmdError> {
        self.expire.map(|expire| expire.deadline(command, now_ms)).transpose()
    }
}

impl Expire<'_> {
    fn deadline(self, command: &str, now_ms: u64) -> Result<u64, CmdError> {
        let invalid = || CmdError::new(format!("ERR invalid expire time in '{command}' command"));
        let amount = int(self.amount)?;
        let unit = if self.seconds { 1000 } else { 1 };
        let base = if self.absolute { 0 } else { now_ms as i64 };
        let at = Some(amount)
            .filter(|amount| *amount > 0)
            .and_then(|amount| amount.checked_mul(unit))
            .and_then(|ms| ms.checked_add(base));
        at.map(|at| at as u64).ok_or_else(invalid)
    }
}

/// Propagates `SET key value PXAT deadline`.
fn rewrite_set(ctx: &mut Ctx<'_>, key: &[u8], value: &[u8], at: u64) {
    let mut digits = IntBuf::new();
    ctx.effects.rewrite(&[b"SET", key, value, b"PXAT", digits.format(at as i64)]);
}

/// `GET key`
pub(super) fn get(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_value(ctx, args.at(1))
}

/// `SET key value [NX | XX] [GET] [EX .. | PX .. | EXAT .. | PXAT .. | KEEPTTL]`
pub(super) fn set(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (args.at(1), args.at(2));
    if args.len() == 3 {
        ctx.keyspace.set_str(ctx.db, key, value, Ttl::Clear);
        ctx.changed(SET, key, 1);
        ctx.reply.ok();
        return Ok(());
    }
    set_with(ctx, args)
}

fn set_with(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (args.at(1), args.at(2));
    let options = Options::parse(args, 3, true)?;
    let deadline = options.deadline("set", ctx.now_ms())?;
    if options.get {
        reply_value(ctx, key)?;
    }
    let conditional = options.nx || options.xx;
    if conditional && ctx.keyspace.exists(ctx.db, key) != options.xx {
        if !options.get {
            ctx.reply.null();
        }
        return Ok(());
    }
    let ttl = match deadline {
        Some(at) => Ttl::At(at),
        None if options.keep_ttl => Ttl::Keep,
        None => Ttl::Clear,
    };
    ctx.keyspace.set_str(ctx.db, key, value, ttl);
    ctx.changed(SET, key, 1);
    if let Some(at) = deadline {
        ctx.notice(EXPIRE, key);
        rewrite_set(ctx, key, value, at);
    } else if options.get {
        // The stream has no use for the old value.
        let is_get = |word: &[u8]| word.eq_ignore_ascii_case(b"get");
        let kept = args.from(0).enumerate().filter(|(i, word)| *i < 3 || !is_get(word));
        let words: Vec<&[u8]> = kept.map(|(_, word)| word).collect();
        ctx.effects.rewrite(&words);
    }
    if !options.get {
        ctx.reply.ok();
    }
    Ok(())
}

/// `SETNX key value`
pub(super) fn setnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let absent = !ctx.keyspace.exists(ctx.db, key);
    if absent {
        ctx.keyspace.set_str(ctx.db, key, args.at(2), Ttl::Clear);
        ctx.changed(SET, key, 1);
    }
    ctx.reply.int(i64::from(absent));
    Ok(())
}

/// `SETEX key seconds value`
pub(super) fn setex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, "setex", true)
}

/// `PSETEX key milliseconds value`
pub(super) fn psetex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_expiring(ctx, args, "psetex", false)
}

fn set_expiring(ctx: &mut Ctx<'_>, args: Args<'_>, name: &str, seconds: bool) -> Outcome {
    let (key, value) = (args.at(1), args.at(3));
    let expire = Expire { amount: args.at(2), seconds, absolute: false };
    let at = expire.deadline(name, ctx.now_ms())?;
    ctx.keyspace.set_str(ctx.db, key, value, Ttl::At(at));
    ctx.changed(SET, key, 1);
    ctx.notice(EXPIRE, key);
    rewrite_set(ctx, key, value, at);
    ctx.reply.ok();
    Ok(())
}

/// `GETSET key value`
pub(super) fn getset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (args.at(1), args.at(2));
    reply_value(ctx, key)?;
    ctx.keyspace.set_str(ctx.db, key, value, Ttl::Clear);
    ctx.changed(SET, key, 1);
    ctx.effects.rewrite(&[b"SET", key, value]);
    Ok(())
}

/// `GETDEL key`
pub(super) fn getdel(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    reply_value(ctx, key)?;
    if ctx.keyspace.remove(ctx.db, key).is_some() {
        ctx.changed(KeyEvent::DEL, key, 1);
        ctx.effects.rewrite(&[b"DEL", key]);
    }
    Ok(())
}

/// `GETEX key [EX .. | PX .. | EXAT .. | PXAT .. | PERSIST]`
pub(super) fn getex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let key = args.at(1);
    let options = Options::parse(args, 2, false)?;
    let now_ms = ctx.now_ms();
    let Some(value) = read(ctx.keyspace, ctx.db, key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let deadline = options.deadline("getex", now_ms)?;
    ctx.reply.bulk(value.bytes());
    match deadline {
        Some(at) if at <= now_ms && !ctx.from_master => {
            ctx.keyspace.remove(ctx.db, key);
            ctx.changed(KeyEvent::DEL, key, 1);
            ctx.stream_expired(key);
        }
        Some(at) => {
            ctx.keyspace.set_expire_at(ctx.db, key, Some(at));
            ctx.changed(EXPIRE, key, 1);
            ctx.effects.rewrite(&[b"PEXPIREAT", key, IntBuf::new().format(at as i64)]);
        }
        None if options.persist => {
            if matches!(ctx.keyspace.expire_at(ctx.db, key), Some(Some(_))) {
                ctx.keyspace.set_expire_at(ctx.db, key, None);
                ctx.changed(KeyEvent::generic("persist"), key, 1);
                ctx.effects.rewrite(&[b"PERSIST", key]);
            }
        }
        None => {}
    }
    Ok(())
}

/// `MGET key [key ...]`
pub(super) fn mget(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    ctx.reply.array(args.len() - 1);
    for key in args.from(1) {
        match ctx.keyspace.get(ctx.db, key) {
            Some(Value::Str(value)) => ctx.reply.bulk(value.bytes()),
            _ => ctx.reply.null(),
        }
    }
    Ok(())
}

/// `MSET key value [key value ...]`
pub(super) fn mset(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    set_all(ctx, args, "mset")?;
    ctx.reply.ok();
    Ok(())
}

/// `MSETNX key value [key value ...]`
pub(super) fn msetnx(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let mut keys = args.from(1).step_by(2);
    if args.len() % 2 == 1 && keys.any(|key| ctx.keyspace.exists(ctx.db, key)) {
        ctx.reply.int(0);
        return Ok(());
    }
    set_all(ctx, args, "msetnx")?;
    ctx.reply.int(1);
    Ok(())
}

fn set_all(ctx: &mut Ctx<'_>, args: Args<'_>, name: &str) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(CmdError::arity(name));
    }
    for at in (1..args.len()).step_by(2) {
        let (key, value) = (args.at(at), args.at(at + 1));
        ctx.keyspace.set_str(ctx.db, key, value, Ttl::Clear);
        ctx.changed(SET, key, 1);
    }
    Ok(())
}

/// `APPEND key value`
pub(super) fn append(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (key, tail) = (args.at(1), args.at(2));
    let len = match write(ctx.keyspace, ctx.db, key)? {
        Some(value) => {
            super::check_len(value.len() + tail.len())?;
            let bytes = value.make_mut();
            bytes.extend_from_slice(tail);
            bytes.len()
        }
        None => {
            ctx.keyspace.set_str(ctx.db, key, tail, Ttl::Clear);
            tail.len()
        }
    };
    ctx.changed(KeyEvent::string("append"), key, 1);
    ctx.reply.count(len);
    Ok(())
}
