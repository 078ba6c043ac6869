//! Union, intersection and difference of sorted sets and sets.

use super::range::reply_members;
use super::score::parse_double;
use super::store;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::small::SmallBytes;
use crate::keyspace::table::{Entry, Hasher, Table};
use crate::keyspace::{Keyspace, Set, Value, ZSet};
use crate::packed::Elem;
use crate::resp::Args;
use crate::resp::reply::IntBuf;

pub(super) fn zunion(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_result(ctx, args, Operation::Union, "zunion")
}

pub(super) fn zinter(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_result(ctx, args, Operation::Intersection, "zinter")
}

pub(super) fn zdiff(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_result(ctx, args, Operation::Difference, "zdiff")
}

pub(super) fn zunionstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Union, "zunionstore")
}

pub(super) fn zinterstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Intersection, "zinterstore")
}

pub(super) fn zdiffstore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    store_result(ctx, args, Operation::Difference, "zdiffstore")
}

pub(super) fn zintercard(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let options = Accepts { limit: true, ..Accepts::default() };
    let request = Request::parse(ctx, args, 1, options, "zintercard")?;
    let sources = request.sources(ctx.keyspace, ctx.db, args);
    let mut count = 0;
    intersect(&sources, Aggregate::Sum, |_, _| {
        count += 1;
        count != request.limit
    });
    ctx.reply.count(count);
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            // +inf and -inf have no sum; Redis calls it 0.
            Self::Sum => not_nan(a + b),
            Self::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

fn not_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

fn reply_result(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    operation: Operation,
    name: &'static str,
) -> Outcome {
    let weights = operation != Operation::Difference;
    let options = Accepts { weights, with_scores: true, limit: false };
    let request = Request::parse(ctx, args, 1, options, name)?;
    let sources = request.sources(ctx.keyspace, ctx.db, args);
    let mut members = combine(&sources, operation, request.aggregate, ctx.keyspace.hasher());
    members.sort_unstable_by(|a, b| {
        a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.0.cmp(&b.0))
    });
    let items = members.iter().map(|(member, score)| (Elem::Bytes(member), *score));
    reply_members(ctx.reply, items, members.len(), request.with_scores);
    Ok(())
}

fn store_result(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    operation: Operation,
    name: &'static str,
) -> Outcome {
    let weights = operation != Operation::Difference;
    let options = Accepts { weights, with_scores: false, limit: false };
    let request = Request::parse(ctx, args, 2, options, name)?;
    let hasher = ctx.keyspace.hasher();
    let sources = request.sources(ctx.keyspace, ctx.db, args);
    let members = combine(&sources, operation, request.aggregate, hasher);
    let result = ZSet::from_members(members, ctx.limits, hasher)
        .map_err(|error| CmdError::new(format!("ERR {error}")))?;
    store(ctx, name, args.at(1), result);
    Ok(())
}

/// Options that a command knows.
#[derive(Debug, Clone, Copy, Default)]
struct Accepts {
    /// `WEIGHTS` and `AGGREGATE`.
    weights: bool,
    with_scores: bool,
    limit: bool,
}

/// The arguments of all these commands.
#[derive(Debug)]
struct Request {
    /// Index of the first key.
    first: usize,
    /// One for each key.
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
    /// 0: none.
    limit: usize,
}

impl Request {
    /// Parses `numkeys key [key ...]` from argument `at` on and the options after it. Keys of a
    /// wrong type are found before bad options, as in Redis.
    fn parse(
        ctx: &mut Ctx<'_>,
        args: Args<'_>,
        at: usize,
        accepts: Accepts,
        name: &str,
    ) -> Result<Self, CmdError> {
        let keys = super::int(args.at(at))?;
        let Some(keys) = usize::try_from(keys).ok().filter(|keys| *keys > 0) else {
            let text = format!("ERR at least 1 input key is needed for '{name}' command");
            return Err(CmdError::new(text));
        };
        let first = at + 1;
        if keys > args.len() - first {
            return Err(CmdError::SYNTAX);
        }
        for key in args.from(first).take(keys) {
            if !matches!(ctx.read(key), None | Some(Value::Set(_) | Value::ZSet(_))) {
                return Err(CmdError::WRONG_TYPE);
            }
        }
        let mut request = Self {
            first,
            weights: vec![1.0; keys],
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        let mut at = first + keys;
        while at < args.len() {
            at += request.option(args, at, accepts)?;
        }
        Ok(request)
    }

    /// Parses the option at `at`, and returns how many arguments it takes.
    fn option(&mut self, args: Args<'_>, at: usize, accepts: Accepts) -> Result<usize, CmdError> {
        let word = args.at(at);
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        let (keys, following) = (self.weights.len(), args.len() - at - 1);
        if accepts.weights && following >= keys && is(b"weights") {
            for (weight, arg) in self.weights.iter_mut().zip(args.from(at + 1)) {
                *weight =
                    parse_double(arg).ok_or(CmdError::fixed("ERR weight value is not a float"))?;
            }
            return Ok(1 + keys);
        }
        if accepts.weights && following >= 1 && is(b"aggregate") {
            let word = args.at(at + 1);
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            self.aggregate = match () {
                () if is(b"sum") => Aggregate::Sum,
                () if is(b"min") => Aggregate::Min,
                () if is(b"max") => Aggregate::Max,
                () => return Err(CmdError::SYNTAX),
            };
            return Ok(2);
        }
        if accepts.with_scores && is(b"withscores") {
            self.with_scores = true;
            return Ok(1);
        }
        if accepts.limit && following >= 1 && is(b"limit") {
            let limit = super::int_from(args.at(at + 1), 0, "ERR LIMIT can't be negative")?;
            self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Ok(2);
        }
        Err(CmdError::SYNTAX)
    }

    fn sources<'k>(&self, keyspace: &'k Keyspace, db: usize, args: Args<'_>) -> Vec<Source<'k>> {
        let keys = args.from(self.first).zip(&self.weights);
        keys.map(|(key, &weight)| {
            let members = match keyspace.peek(db, key) {
                Some(Value::Set(set)) => Members::Set(set),
                Some(Value::ZSet(zset)) => Members::ZSet(zset),
                _ => Members::None,
            };
            Source { members, weight }
        })
        .collect()
    }
}

/// One input.
#[derive(Debug, Clone, Copy)]
struct Source<'a> {
    members: Members<'a>,
    weight: f64,
}

#[derive(Debug, Clone, Copy)]
enum Members<'a> {
    None,
    Set(&'a Set),
    ZSet(&'a ZSet),
}

impl<'a> Source<'a> {
    fn len(&self) -> usize {
        match self.members {
            Members::None => 0,
            Members::Set(set) => set.len(),
            Members::ZSet(zset) => zset.len(),
        }
    }

    /// The members with their own scores; members of a set have 1.
    fn iter(&self) -> Box<dyn Iterator<Item = (Elem<'a>, f64)> + 'a> {
        match self.members {
            Members::None => Box::new(std::iter::empty()),
            Members::Set(set) => Box::new(set.iter().map(|member| (member, 1.0))),
            Members::ZSet(zset) => zset.iter_unordered(),
        }
    }

    fn score(&self, member: Elem<'_>) -> Option<f64> {
        match self.members {
            Members::None => None,
            Members::Set(set) => set.contains_elem(member).then_some(1.0),
            Members::ZSet(zset) => zset.score_of(member),
        }
    }
}

/// A member of the result with its score so far.
#[derive(Debug, Clone)]
struct Sum {
    member: SmallBytes,
    score: f64,
}

impl Entry for Sum {
    fn key(&self) -> &[u8] {
        &self.member
    }
}

/// The members of the result, in no order.
fn combine(
    sources: &[Source<'_>],
    operation: Operation,
    aggregate: Aggregate,
    hasher: Hasher,
) -> Vec<(SmallBytes, f64)> {
    let mut result = Vec::new();
    let mut digits = IntBuf::new();
    let mut push = |member: Elem<'_>, score: f64| {
        result.push((SmallBytes::new(member.as_bytes(&mut digits)), score));
    };
    match operation {
        Operation::Union => return unite(sources, aggregate, hasher),
        Operation::Intersection => intersect(sources, aggregate, |member, score| {
            push(member, score);
            true
        }),
        Operation::Difference => {
            let Some((first, others)) = sources.split_first() else { return result };
            for (member, score) in first.iter() {
                if others.iter().all(|other| other.score(member).is_none()) {
                    push(member, score);
                }
            }
        }
    }
    result
}

/// From the smallest source to the largest, as Redis adds them up.
fn by_size<'a>(sources: &[Source<'a>]) -> Vec<Source<'a>> {
    let mut sources = sources.to_vec();
    sources.sort_by_key(Source::len);
    sources
}

fn unite(sources: &[Source<'_>], aggregate: Aggregate, hasher: Hasher) -> Vec<(SmallBytes, f64)> {
    let mut sums: Table<Sum> = Table::with_hasher(hasher);
    let mut digits = IntBuf::new();
    for source in by_size(sources) {
        for (member, score) in source.iter() {
            let score = not_nan(source.weight * score);
            let member = member.as_bytes(&mut digits);
            let hash = hasher.hash(member);
            match sums.find(hash, member).and_then(|id| sums.by_id_mut(id)) {
                Some(sum) => sum.score = aggregate.apply(sum.score, score),
                None => {
                    sums.insert_new(hash, Sum { member: SmallBytes::new(member), score });
                }
            }
        }
    }
    sums.iter().map(|sum| (sum.member.clone(), sum.score)).collect()
}

/// Calls `found` for each member of all sources, until it returns false.
fn intersect(
    sources: &[Source<'_>],
    aggregate: Aggregate,
    mut found: impl FnMut(Elem<'_>, f64) -> bool,
) {
    let sources = by_size(sources);
    let Some((smallest, others)) = sources.split_first() else { return };
    for (member, score) in smallest.iter() {
        let mut total = not_nan(smallest.weight * score);
        let everywhere = others.iter().all(|other| match other.score(member) {
            Some(score) => {
                total = aggregate.apply(total, other.weight * score);
                true
            }
            None => false,
        });
        if everywhere && !found(member, total) {
            return;
        }
    }
}
