//! `ZRANGE` and its older forms, `ZRANGESTORE`.

use crate::commands::ReplyElem as _;
use std::ops::Range;

use super::score::{parse_lex_range, parse_score_range};
use super::{int, store, zset};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::ZSet;
use crate::keyspace::small::SmallBytes;
use crate::keyspace::zset::{LexRange, Members, ScoreRange};
use crate::packed::Elem;
use crate::resp::reply::IntBuf;
use crate::resp::{Args, Reply};

/// What a range is measured in; `None` in a command whose arguments may say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

pub(super) fn zrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, None, None)
}

pub(super) fn zrevrange(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Rank), Some(true))
}

pub(super) fn zrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Score), Some(false))
}

pub(super) fn zrevrangebyscore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Score), Some(true))
}

pub(super) fn zrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Lex), Some(false))
}

pub(super) fn zrevrangebylex(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    reply_range(ctx, args, Some(By::Lex), Some(true))
}

pub(super) fn zrangestore(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let query = Query::parse(args, 3, None, None, true)?;
    let mut members = Vec::new();
    if let Some(zset) = zset(ctx.keyspace, ctx.db, args.at(2))? {
        let mut digits = IntBuf::new();
        let small = |(member, score): (Elem<'_>, f64)| {
            (SmallBytes::new(member.as_bytes(&mut digits)), score)
        };
        members = zset.range(query.ranks(zset)).map(small).collect();
    }
    let result = ZSet::from_members(members, ctx.limits, ctx.keyspace.hasher())
        .map_err(|error| CmdError::new(format!("ERR {error}")))?;
    store(ctx, "zrangestore", args.at(1), result);
    Ok(())
}

fn reply_range(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    by: Option<By>,
    reverse: Option<bool>,
) -> Outcome {
    let query = Query::parse(args, 2, by, reverse, false)?;
    let Some(zset) = zset(ctx.keyspace, ctx.db, args.at(1))? else {
        ctx.reply.array(0);
        return Ok(());
    };
    let members = zset.range(query.ranks(zset));
    let len = members.len();
    let items = Directed { members, reverse: query.reverse };
    reply_members(ctx.reply, items, len, query.with_scores);
    Ok(())
}

/// Members in either direction.
struct Directed<'a> {
    members: Members<'a>,
    reverse: bool,
}

impl<'a> Iterator for Directed<'a> {
    type Item = (Elem<'a>, f64);

    fn next(&mut self) -> Option<Self::Item> {
        if self.reverse { self.members.next_back() } else { self.members.next() }
    }
}

/// Writes members, with scores side by side in RESP2 and as pairs in RESP3.
pub(super) fn reply_members<'a>(
    reply: &mut Reply,
    members: impl Iterator<Item = (Elem<'a>, f64)>,
    len: usize,
    with_scores: bool,
) {
    let pairs = with_scores && reply.resp3();
    reply.array(if with_scores && !pairs { 2 * len } else { len });
    for (member, score) in members {
        if pairs {
            reply.array(2);
        }
        member.reply(reply);
        if with_scores {
            reply.double(score);
        }
    }
}

/// Which members a command wants.
#[derive(Debug, Clone, Copy)]
struct Query<'a> {
    bounds: Bounds<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    limit: i64,
}

#[derive(Debug, Clone, Copy)]
enum Bounds<'a> {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

impl<'a> Query<'a> {
    /// Parses the bounds at argument `at` and the options after them. What the command's name
    /// fixes (`by`, `reverse`) is no option any more.
    fn parse(
        args: Args<'a>,
        at: usize,
        by: Option<By>,
        reverse: Option<bool>,
        storing: bool,
    ) -> Result<Self, CmdError> {
        let (fixed_by, fixed_reverse) = (by.is_some(), reverse.is_some());
        let (mut by, mut reverse) = (by, reverse);
        let (mut with_scores, mut offset, mut limit) = (false, 0, -1);
        let mut option = at + 2;
        while let Some(word) = args.get(option) {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            if !storing && is(b"withscores") {
                with_scores = true;
            } else if is(b"limit") && option + 2 < args.len() {
                (offset, limit) = (int(args.at(option + 1))?, int(args.at(option + 2))?);
                option += 2;
            } else if !fixed_reverse && reverse.is_none() && is(b"rev") {
                reverse = Some(true);
            } else if !fixed_by && by.is_none() && is(b"bylex") {
                by = Some(By::Lex);
            } else if !fixed_by && by.is_none() && is(b"byscore") {
                by = Some(By::Score);
            } else {
                return Err(CmdError::SYNTAX);
            }
            option += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if limit != -1 && by == By::Rank {
            return Err(CmdError::fixed(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or \
                 BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(CmdError::fixed(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        let (first, second) = (args.at(at), args.at(at + 1));
        let (min, max) = if reverse { (second, first) } else { (first, second) };
        let bounds = match by {
            By::Rank => Bounds::Rank(int(first)?, int(second)?),
            By::Score => Bounds::Score(parse_score_range(min, max)?),
            By::Lex => Bounds::Lex(parse_lex_range(min, max)?),
        };
        Ok(Self { bounds, reverse, with_scores, offset, limit })
    }

    /// The ranks it means in this set.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let len = zset.len();
        let ranks = match &self.bounds {
            Bounds::Rank(start, stop) => {
                let Range { start, end } = span(*start, *stop, len);
                return if self.reverse { len - end..len - start } else { start..end };
            }
            Bounds::Score(range) => zset.ranks_by_score(range),
            Bounds::Lex(range) => zset.ranks_by_lex(range),
        };
        let Ok(offset) = usize::try_from(self.offset) else { return 0..0 };
        let offset = offset.min(ranks.len());
        let left = ranks.len() - offset;
        let count = usize::try_from(self.limit).map_or(left, |limit| limit.min(left));
        if self.reverse {
            let end = ranks.end - offset;
            end - count..end
        } else {
            let start = ranks.start + offset;
            start..start + count
        }
    }
}

/// `start` and `stop` as commands give them (negative: from the end), as ranks.
pub(super) fn span(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let start = from_end(start).max(0);
    let stop = from_end(stop).min(len - 1);
    if start > stop || start >= len {
        return 0..0;
    }
    start as usize..stop as usize + 1
}
