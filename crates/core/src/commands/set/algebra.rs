//! Intersection, union and difference of sets.

use super::set;
use crate::commands::ReplyElem as _;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Keyspace, Set, Ttl, Value};
use crate::num::parse_i64;
use crate::resp::Args;

pub(super) fn sinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let keys = args.from(1);
    check_types(ctx, keys.clone())?;
    let sources = sources(ctx.keyspace, ctx.db, keys);
    // The header comes last, once the number of members is known.
    let mut body = crate::resp::Reply::new();
    let mut count = 0;
    intersect(&sources, |member| {
        member.reply(&mut body);
        count += 1;
        true
    });
    ctx.reply.set(count);
    ctx.reply.buffer_mut().extend_from_slice(body.bytes());
    Ok(())
}

pub(super) fn sintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let (keys, limit) = parse_sintercard(args)?;
    let keys = args.from(2).take(keys);
    check_types(ctx, keys.clone())?;
    let mut count = 0;
    intersect(&sources(ctx.keyspace, ctx.db, keys), |_| {
        count += 1;
        count != limit
    });
    ctx.reply.count(count);
    Ok(())
}

/// The number of keys, and the limit (0: none).
fn parse_sintercard(args: Args<'_>) -> Result<(usize, usize), CmdError> {
    let keys = parse_i64(args.at(1))
        .filter(|keys| *keys > 0)
        .ok_or(CmdError::fixed("ERR numkeys should be greater than 0"))?;
    let keys = usize::try_from(keys).unwrap_or(usize::MAX);
    if keys > args.len() - 2 {
        let text = "ERR Number of keys can't be greater than number of args";
        return Err(CmdError::fixed(text));
    }
    let (mut at, mut limit) = (2 + keys, 0);
    while let Some(option) = args.get(at) {
        let value = args.get(at + 1).filter(|_| option.eq_ignore_ascii_case(b"limit"));
        limit = parse_i64(value.ok_or(CmdError::SYNTAX)?)
            .and_then(|limit| usize::try_from(limit).ok())
            .ok_or(CmdError::fixed("ERR LIMIT can't be negative"))?;
        at += 2;
    }
    Ok((keys, limit))
}

pub(super) fn sunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_result(ctx, args, Operation::Union)
}

pub(super) fn sdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_result(ctx, args, Operation::Difference)
}

pub(super) fn sinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Intersection)
}

pub(super) fn sunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Union)
}

pub(super) fn sdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Difference)
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

fn reply_result(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let result = compute(ctx, args.from(1), operation)?;
    super::read::reply_set(ctx.reply, &result);
    Ok(())
}

/// Puts the result in the place of whatever the destination held; an empty one deletes it.
fn store_result(ctx: &mut Ctx<'_>, args: Args<'_>, operation: Operation) -> Outcome {
    let target = args.at(1);
    let result = compute(ctx, args.from(2), operation)?;
    let len = result.len();
    if len > 0 {
        ctx.keyspace.insert(ctx.db, target, Value::Set(Box::new(result)), Ttl::Clear);
        let name = match operation {
            Operation::Intersection => "sinterstore",
            Operation::Union => "sunionstore",
            Operation::Difference => "sdiffstore",
        };
        ctx.changed(KeyEvent::set(name), target, 1);
    } else if ctx.keyspace.remove(ctx.db, target).is_some() {
        ctx.changed(KeyEvent::DEL, target, 1);
    }
    ctx.reply.count(len);
    Ok(())
}

fn compute<'a>(
    ctx: &mut Ctx<'_>,
    keys: impl Iterator<Item = &'a [u8]> + Clone,
    operation: Operation,
) -> Result<Set, CmdError> {
    check_types(ctx, keys.clone())?;
    let sources = sources(ctx.keyspace, ctx.db, keys);
    let (limits, hasher) = (ctx.limits, ctx.keyspace.hasher());
    let mut result = Set::new();
    match operation {
        Operation::Intersection => intersect(&sources, |member| {
            result.add_elem(member, limits, hasher);
            true
        }),
        Operation::Union => {
            for source in sources.iter().flatten() {
                for member in source.iter() {
                    result.add_elem(member, limits, hasher);
                }
            }
        }
        Operation::Difference => {
            let (first, others) = sources.split_first().ok_or(CmdError::SYNTAX)?;
            for member in first.iter().flat_map(|first| first.iter()) {
                if !others.iter().flatten().any(|other| other.contains_elem(member)) {
                    result.add_elem(member, limits, hasher);
                }
            }
        }
    }
    Ok(result)
}

/// Looks every key up: the first that is no set is an error, and those that expired go.
fn check_types<'a>(ctx: &mut Ctx<'_>, keys: impl Iterator<Item = &'a [u8]>) -> Outcome {
    for key in keys {
        set(ctx.keyspace, ctx.db, key)?;
    }
    Ok(())
}

/// The sets under these keys, `None` where there is none.
fn sources<'k, 'a>(
    keyspace: &'k Keyspace,
    db: usize,
    keys: impl Iterator<Item = &'a [u8]>,
) -> Vec<Option<&'k Set>> {
    keys.map(|key| match keyspace.peek(db, key) {
        Some(Value::Set(set)) => Some(&**set),
        _ => None,
    })
    .collect()
}

/// Calls `found` for each member of all sets, until it returns false.
fn intersect(sources: &[Option<&Set>], mut found: impl FnMut(crate::packed::Elem<'_>) -> bool) {
    let Some(mut sets) = sources.iter().copied().collect::<Option<Vec<&Set>>>() else { return };
    // Walk the smallest, and ask the smaller ones first: most misses come early.
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in smallest.iter() {
        if others.iter().all(|other| other.contains_elem(member)) && !found(member) {
            return;
        }
    }
}
