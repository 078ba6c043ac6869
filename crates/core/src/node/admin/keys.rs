//! Where the keys of a command are and what it does with them: for `COMMAND GETKEYS` and the key
//! specifications of `COMMAND INFO`. The dispatcher needs none of this.

use super::subcommands::{self, SubSpec};
use super::{docs, facts};
use crate::commands::{CmdError, CommandSpec, Flags, Keys, lookup};
use crate::resp::{Args, Reply};

/// By what is done with keys, one word per specification (see [`specs`]), the commands that do not
/// just read the values of theirs. The letters are those of [`FLAGS`]; `?` stands before what only
/// the arguments tell.
const ACCESS: &[(&str, &str)] = &[
    ("md", "del unlink"),
    ("n", "spublish ssubscribe sunsubscribe"),
    ("oi", "msetnx setnx"),
    ("ou", "mset psetex restore setex"),
    ("ou ra", "bitop sdiffstore sunionstore zdiffstore zinterstore zrangestore zunionstore"),
    ("r", "exists hexists hlen hstrlen llen scard sismember strlen touch type watch zcard"),
    ("ra ?ra", "sort_ro"),
    ("ra ?ra ?ou", "sort"),
    ("ra ou", "copy"),
    (
        "wad",
        "blmpop blpop brpop bzmpop bzpopmax bzpopmin getdel lmpop lpop rpop spop zmpop zpopmax \
         zpopmin",
    ),
    ("wad oi", "renamenx"),
    ("wad ou", "rename"),
    ("wad wi", "blmove brpoplpush lmove rpoplpush smove"),
    (
        "wau",
        "decr decrby getex getset hincrby hincrbyfloat incr incrby incrbyfloat move setbit zincrby",
    ),
    ("wauv", "bitfield set"),
    ("wd", "hdel lrem ltrim srem zrem zremrangebylex zremrangebyrank zremrangebyscore"),
    ("wi", "append hsetnx linsert lpush lpushx rpush rpushx sadd"),
    ("wu", "expire expireat hmset hset lset persist pexpire pexpireat setrange zadd"),
    ("wu ra", "sinterstore"),
];
const READS: &str = "ra";
/// What a subcommand does with its key: it tells about it.
const LOOKS: &str = "r";

/// The letters and Redis's words for them, in Redis's order.
const FLAGS: &[(char, &str)] = &[
    ('r', "RO"),
    ('w', "RW"),
    ('o', "OW"),
    ('m', "RM"),
    ('a', "access"),
    ('u', "update"),
    ('i', "insert"),
    ('d', "delete"),
    ('n', "not_key"),
    ('v', "variable_flags"),
];

/// How keys are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Find {
    /// At these positions.
    Range(Keys),
    /// Their number is at this one, and they follow.
    Counted(usize),
    /// By looking for the words before them.
    Unknown,
}

/// The specifications of a command: what is done with the keys, and how they are found.
fn specs(spec: &CommandSpec) -> Vec<(&'static str, Find)> {
    if facts::is_container(spec.name) {
        return Vec::new();
    }
    let is = |(_, names): &&(&str, &str)| names.split(' ').any(|name| name == spec.name);
    let access = ACCESS.iter().find(is).map_or(READS, |(access, _)| access);
    let counted = docs::numkeys_index(spec.docs().syntax);
    let Keys { first, last, step } = spec.keys;
    let mut found = Vec::new();
    if first > 0 && access.contains(' ') && !access.contains('?') && counted.is_none() {
        // The first key has a specification of its own.
        found.push(Find::Range(Keys { first, last: first, step }));
        found.push(Find::Range(Keys { first: first + step, last, step }));
    } else if first > 0 {
        found.push(Find::Range(spec.keys));
    }
    found.extend(counted.map(Find::Counted));
    found.extend(access.matches('?').map(|_| Find::Unknown));
    access.split(' ').map(|letters| letters.trim_start_matches('?')).zip(found).collect()
}

/// The words for what is done with a key.
pub(super) fn flags(out: &mut Reply, letters: &str) {
    let has = FLAGS.iter().filter(|(letter, _)| letters.contains(*letter));
    out.set(has.clone().count());
    has.for_each(|(_, word)| out.simple(word));
}

/// Where the keys of a command are, as `COMMAND INFO` tells it.
pub(super) fn show(out: &mut Reply, spec: &CommandSpec) {
    let specs = specs(spec);
    out.array(specs.len());
    specs.into_iter().for_each(|(letters, find)| show_one(out, letters, find));
}

/// The same of a subcommand.
pub(super) fn show_of_sub(out: &mut Reply, sub: &SubSpec) {
    let key = key_of_sub(sub);
    out.array(usize::from(key.is_some()));
    key.into_iter().for_each(|key| show_one(out, LOOKS, Find::Range(key)));
}

/// Where the key of a subcommand is, if it has one.
pub(super) fn key_of_sub(sub: &SubSpec) -> Option<Keys> {
    sub.flags.has(Flags::READONLY).then_some(Keys { first: 2, last: 2, step: 1 })
}

fn show_one(out: &mut Reply, letters: &str, find: Find) {
    let (begin, kind, found) = match find {
        Find::Range(Keys { first, last, step }) => {
            let last = if last < 0 { last } else { last - first };
            (Some(first), "range", [("lastkey", last), ("keystep", step), ("limit", 0)])
        }
        Find::Counted(at) => {
            (Some(at as i16), "keynum", [("keynumidx", 0), ("firstkey", 1), ("keystep", 1)])
        }
        Find::Unknown => (None, "unknown", [("", 0); 3]),
    };
    out.map(3);
    out.bulk(b"flags");
    flags(out, letters);
    let begin = begin.map(|at| [("index", at)]);
    let index = if begin.is_some() { "index" } else { kind };
    let found = if begin.is_some() { &found[..] } else { &[] };
    let begin = begin.as_ref().map_or(&[][..], |begin| begin);
    for (name, kind, fields) in [("begin_search", index, begin), ("find_keys", kind, found)] {
        out.bulk(name.as_bytes());
        out.map(2);
        out.bulk(b"type");
        out.bulk(kind.as_bytes());
        out.bulk(b"spec");
        out.map(fields.len());
        for (field, value) in fields {
            out.bulk(field.as_bytes());
            out.int(i64::from(*value));
        }
    }
}

/// The keys of the command that begins at argument 2, each with the letters for what is done with
/// it.
///
/// # Errors
/// There is no such command, it has no keys, or not these arguments.
pub(super) fn keys_of<'a>(args: Args<'a>) -> Result<Vec<(&'static str, &'a [u8])>, CmdError> {
    const UNKNOWN: CmdError = CmdError::fixed("ERR Invalid command specified");
    let spec = lookup(args.at(2)).ok_or(UNKNOWN)?;
    let (mut arity, mut specs) = (spec.arity, specs(spec));
    let mut subs = subcommands::of(spec.name).peekable();
    if let (Some(name), true) = (args.get(3), subs.peek().is_some()) {
        let sub = subs.find(|sub| name.eq_ignore_ascii_case(sub.name.as_bytes()));
        let sub = sub.ok_or(UNKNOWN)?;
        arity = sub.arity;
        specs = key_of_sub(&sub).map(|key| (LOOKS, Find::Range(key))).into_iter().collect();
    }
    specs.retain(|(letters, _)| *letters != "n");
    if specs.is_empty() {
        return Err(CmdError::fixed("ERR The command has no key arguments"));
    }
    let len = args.len() - 2;
    let wanted = usize::from(arity.unsigned_abs());
    if if arity >= 0 { len != wanted } else { len < wanted } {
        return Err(CmdError::fixed("ERR Invalid number of arguments specified for command"));
    }
    let mut keys = Vec::new();
    for (letters, find) in specs {
        let letters = if letters.contains('v') { told(spec.name, args) } else { letters };
        let found: Vec<&[u8]> = match find {
            Find::Range(Keys { first, last, step }) => {
                let last = if last < 0 { len as i64 + i64::from(last) } else { i64::from(last) };
                let at = (first as usize..=last.max(0) as usize).step_by(step.max(1) as usize);
                at.filter_map(|at| args.get(2 + at)).collect()
            }
            Find::Counted(index) => counted(args, index)?,
            Find::Unknown if letters == "ou" => stored(args).into_iter().collect(),
            Find::Unknown => Vec::new(),
        };
        keys.extend(found.into_iter().map(|key| (letters, key)));
    }
    Ok(keys)
}

/// The keys that are counted by the argument `index` of the command that begins at argument 2.
fn counted(args: Args<'_>, index: usize) -> Result<Vec<&[u8]>, CmdError> {
    const INVALID: CmdError = CmdError::fixed("ERR Invalid arguments specified for command");
    let count = args.get(2 + index).and_then(crate::num::parse_u64).ok_or(INVALID)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count == 0 || count > args.len() - index - 3 {
        return Err(INVALID);
    }
    Ok(args.from(3 + index).take(count).collect())
}

/// Where `SORT` stores; the last `STORE` counts.
fn stored(args: Args<'_>) -> Option<&[u8]> {
    let (mut at, mut key) = (4, None);
    while let Some(word) = args.get(at) {
        match word.to_ascii_lowercase().as_slice() {
            b"limit" => at += 2,
            b"get" | b"by" => at += 1,
            b"store" => key = args.get(at + 1).or(key),
            _ => {}
        }
        at += 1;
    }
    key
}

/// What `SET` and `BITFIELD` do with their key, as their arguments tell.
fn told(name: &str, args: Args<'_>) -> &'static str {
    let get = |at: usize| args.get(at).is_some_and(|word| word.eq_ignore_ascii_case(b"get"));
    if name == "set" {
        return if (5..args.len()).any(get) { "wau" } else { "ou" };
    }
    let reads = (4..args.len()).step_by(3).all(|at| get(at) && at + 2 < args.len());
    if reads { READS } else { "wau" }
}
