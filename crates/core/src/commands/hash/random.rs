//! `HRANDFIELD`.

use crate::commands::ReplyElem as _;
use std::collections::BTreeSet;

use super::hash;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::Hash;
use crate::num::parse_i64;
use crate::packed::Elem;
use crate::resp::{Args, Reply};
use crate::rng::Rng;

/// Most fields that one call returns with repetitions. Redis has no such limit, and runs out of
/// memory on a large negative count.
const REPETITIONS_MAX: u64 = 1 << 24;

const BELOW_RANGE: CmdError = CmdError::fixed(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
);

/// A field with its value.
type Pair<'a> = (Elem<'a>, Elem<'a>);

pub(super) fn hrandfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(count) = args.get(2) else {
        let hash = hash(ctx.keyspace, ctx.db, &args[1])?;
        match hash.and_then(|hash| hash.random(ctx.rng)) {
            Some((field, _)) => field.reply(ctx.reply),
            None => ctx.reply.null(),
        }
        return Ok(());
    };
    let count = parse_i64(count).ok_or(CmdError::NOT_INT)?;
    if count == i64::MIN {
        return Err(BELOW_RANGE);
    }
    let values = match args.get(3) {
        None => false,
        Some(word) if word.eq_ignore_ascii_case(b"withvalues") && args.len() == 4 => true,
        Some(_) => return Err(CmdError::SYNTAX),
    };
    const RANGE: CmdError = CmdError::fixed("ERR value is out of range");
    if values && !(-(i64::MAX / 2)..=i64::MAX / 2).contains(&count) {
        return Err(RANGE);
    }
    let found = hash(ctx.keyspace, ctx.db, &args[1])?;
    let Some(hash) = found.filter(|_| count != 0) else {
        ctx.reply.array(0);
        return Ok(());
    };
    let number = count.unsigned_abs();
    if count < 0 {
        if number > REPETITIONS_MAX {
            return Err(RANGE);
        }
        begin(ctx.reply, number as usize, values);
        for _ in 0..number {
            if let Some(pair) = hash.random(ctx.rng) {
                reply_pair(ctx.reply, pair, values);
            }
        }
        return Ok(());
    }
    let number = usize::try_from(number).unwrap_or(usize::MAX).min(hash.len());
    begin(ctx.reply, number, values);
    distinct(hash, number, ctx.rng, |pair| reply_pair(ctx.reply, pair, values));
    Ok(())
}

/// The header: with values RESP3 has pairs, RESP2 a flat array.
fn begin(reply: &mut Reply, count: usize, values: bool) {
    reply.array(if values && !reply.resp3() { 2 * count } else { count });
}

fn reply_pair(reply: &mut Reply, (field, value): Pair<'_>, values: bool) {
    if values && reply.resp3() {
        reply.array(2);
    }
    field.reply(reply);
    if values {
        value.reply(reply);
    }
}

/// Calls `visit` for `count` different fields (at most all of them), every choice with the same
/// chance.
fn distinct<'a>(hash: &'a Hash, count: usize, rng: &mut Rng, mut visit: impl FnMut(Pair<'a>)) {
    let len = hash.len();
    if count * 3 <= len && hash.listpack().is_none() {
        // Few of many: draw until there are enough.
        let mut seen = BTreeSet::new();
        while seen.len() < count {
            let Some(pair) = hash.random(rng) else { return };
            if seen.insert(pair.0.to_vec()) {
                visit(pair);
            }
        }
        return;
    }
    // Otherwise walk, and take each with the chance that leaves enough for the rest.
    let mut wanted = count;
    for (at, pair) in hash.iter().enumerate() {
        if rng.below((len - at) as u64) < wanted as u64 {
            wanted -= 1;
            visit(pair);
        }
    }
}
