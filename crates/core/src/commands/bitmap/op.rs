//! `BITOP`

use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Str, Ttl, Value};
use crate::resp::Args;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    And,
    Or,
    Xor,
    Not,
}

/// `BITOP <AND | OR | XOR | NOT> destkey key [key ...]`
pub(super) fn bitop(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let op = match args.at(1).to_ascii_lowercase().as_slice() {
        b"and" => Op::And,
        b"or" => Op::Or,
        b"xor" => Op::Xor,
        b"not" => Op::Not,
        _ => return Err(CmdError::SYNTAX),
    };
    if op == Op::Not && args.len() != 4 {
        let text = "ERR BITOP NOT must be called with a single source key.";
        return Err(CmdError::fixed(text));
    }
    let db = ctx.db;
    for key in args.from(3) {
        if !matches!(ctx.keyspace.get(db, key), None | Some(Value::Str(_))) {
            return Err(CmdError::WRONG_TYPE);
        }
    }
    let sources = args.from(3).map(|key| match ctx.keyspace.peek(db, key) {
        Some(Value::Str(value)) => value.bytes(),
        _ => b"",
    });
    let result = combine(op, sources);
    let (target, len) = (args.at(2), result.len());
    if len > 0 {
        ctx.keyspace.insert(db, target, Value::Str(Str::raw(result)), Ttl::Clear);
        ctx.changed(KeyEvent::string("set"), target, 1);
    } else if ctx.keyspace.remove(db, target).is_some() {
        ctx.changed(KeyEvent::DEL, target, 1);
    }
    ctx.reply.count(len);
    Ok(())
}

/// The sources combined, shorter ones padded with zeros.
fn combine<'a>(op: Op, sources: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let len = sources.clone().map(<[u8]>::len).max().unwrap_or_default();
    let mut sources = sources.map(|bytes| (bytes, len - bytes.len()));
    let Some((first, missing)) = sources.next() else { return Vec::new() };
    let mut result = first.to_vec();
    result.resize(first.len() + missing, 0);
    for (bytes, _) in sources {
        let (head, tail) = result.split_at_mut(bytes.len());
        let pairs = head.iter_mut().zip(bytes);
        match op {
            Op::And => {
                pairs.for_each(|(a, b)| *a &= b);
                tail.fill(0);
            }
            Op::Or => pairs.for_each(|(a, b)| *a |= b),
            Op::Xor => pairs.for_each(|(a, b)| *a ^= b),
            Op::Not => {}
        }
    }
    if op == Op::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    result
}
