//! The table of sorted set commands.

use super::{add, combine, pop, random, range, read, remove};
use crate::commands::Handler;
use crate::commands::table::{CommandSpec, Flags, Group, Keys, Run};

const READ: Flags = Flags::READONLY;
const WRITE: Flags = Flags::WRITE;
const FAST: Flags = Flags::FAST;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
const BLOCK: Flags = Flags::WRITE.and(Flags::BLOCKING);
const MOVABLE: Flags = Flags::MOVABLEKEYS;
/// The keys of `BZPOPMIN`: all but the last argument.
const BEFORE_LAST: Keys = Keys { first: 1, last: -2, step: 1 };
/// Positions of keys follow from a count among the arguments.
const COUNTED: Keys = Keys::NONE;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[
    spec("zadd", -4, MORE.and(FAST), Keys::ONE, "1.2.0", add::zadd,
        "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
        "Adds members to a sorted set or changes their scores."),
    spec("zincrby", 4, MORE.and(FAST), Keys::ONE, "1.2.0", add::zincrby,
        "key increment member",
        "Adds to the score of a member."),
    spec("zrem", -3, WRITE.and(FAST), Keys::ONE, "1.2.0", remove::zrem,
        "key member [member ...]",
        "Removes members from a sorted set."),
    spec("zremrangebyrank", 4, WRITE, Keys::ONE, "2.0.0", remove::zremrangebyrank,
        "key start stop",
        "Removes the members between two ranks."),
    spec("zremrangebyscore", 4, WRITE, Keys::ONE, "1.2.0", remove::zremrangebyscore,
        "key min max",
        "Removes the members between two scores."),
    spec("zremrangebylex", 4, WRITE, Keys::ONE, "2.8.9", remove::zremrangebylex,
        "key min max",
        "Removes the members between two texts, where all scores are equal."),
    spec("zcard", 2, READ.and(FAST), Keys::ONE, "1.2.0", read::zcard,
        "key",
        "Tells how many members a sorted set has."),
    spec("zscore", 3, READ.and(FAST), Keys::ONE, "1.2.0", read::zscore,
        "key member",
        "Shows the score of a member."),
    spec("zmscore", -3, READ.and(FAST), Keys::ONE, "6.2.0", read::zmscore,
        "key member [member ...]",
        "Shows the scores of several members."),
    spec("zrank", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::zrank,
        "key member",
        "Tells how many members come before this one."),
    spec("zrevrank", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::zrevrank,
        "key member",
        "Tells how many members come after this one."),
    spec("zcount", 4, READ.and(FAST), Keys::ONE, "2.0.0", read::zcount,
        "key min max",
        "Tells how many members have a score between two scores."),
    spec("zlexcount", 4, READ.and(FAST), Keys::ONE, "2.8.9", read::zlexcount,
        "key min max",
        "Tells how many members are between two texts, where all scores are equal."),
    spec("zscan", -3, READ, Keys::ONE, "2.8.0", read::zscan,
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks through a sorted set bit by bit."),
    spec("zrange", -4, READ, Keys::ONE, "1.2.0", range::zrange,
        "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        "Shows members by rank, score or text."),
    spec("zrangestore", -5, MORE, Keys::TWO, "6.2.0", range::zrangestore,
        "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
        "Stores members found by rank, score or text."),
    spec("zrevrange", -4, READ, Keys::ONE, "1.2.0", range::zrevrange,
        "key start stop [WITHSCORES]",
        "Shows members by rank, from the highest score down."),
    spec("zrangebyscore", -4, READ, Keys::ONE, "1.0.5", range::zrangebyscore,
        "key min max [WITHSCORES] [LIMIT offset count]",
        "Shows the members between two scores."),
    spec("zrevrangebyscore", -4, READ, Keys::ONE, "2.2.0", range::zrevrangebyscore,
        "key max min [WITHSCORES] [LIMIT offset count]",
        "Shows the members between two scores, from the highest down."),
    spec("zrangebylex", -4, READ, Keys::ONE, "2.8.9", range::zrangebylex,
        "key min max [LIMIT offset count]",
        "Shows the members between two texts, where all scores are equal."),
    spec("zrevrangebylex", -4, READ, Keys::ONE, "2.8.9", range::zrevrangebylex,
        "key max min [LIMIT offset count]",
        "Shows the members between two texts, backwards."),
    spec("zpopmin", -2, WRITE.and(FAST), Keys::ONE, "5.0.0", pop::zpopmin,
        "key [count]",
        "Takes out the members with the lowest scores."),
    spec("zpopmax", -2, WRITE.and(FAST), Keys::ONE, "5.0.0", pop::zpopmax,
        "key [count]",
        "Takes out the members with the highest scores."),
    spec("zmpop", -4, WRITE.and(MOVABLE), COUNTED, "7.0.0", pop::zmpop,
        "numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "Takes members out of the first of several sorted sets that has any."),
    spec("bzpopmin", -3, BLOCK.and(FAST).and(Flags::NOSCRIPT), BEFORE_LAST, "5.0.0",
        pop::bzpopmin,
        "key [key ...] timeout",
        "Takes out the member with the lowest score; waits for one."),
    spec("bzpopmax", -3, BLOCK.and(FAST).and(Flags::NOSCRIPT), BEFORE_LAST, "5.0.0",
        pop::bzpopmax,
        "key [key ...] timeout",
        "Takes out the member with the highest score; waits for one."),
    spec("bzmpop", -5, BLOCK.and(MOVABLE), COUNTED, "7.0.0", pop::bzmpop,
        "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "Takes members out of the first sorted set that has any; waits for one."),
    spec("zrandmember", -2, READ, Keys::ONE, "6.2.0", random::zrandmember,
        "key [count [WITHSCORES]]",
        "Shows random members of a sorted set."),
    spec("zunion", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zunion,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] \
         [WITHSCORES]",
        "Shows the members of several sorted sets together."),
    spec("zinter", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zinter,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] \
         [WITHSCORES]",
        "Shows the members that several sorted sets have in common."),
    spec("zintercard", -3, READ.and(MOVABLE), COUNTED, "7.0.0", combine::zintercard,
        "numkeys key [key ...] [LIMIT limit]",
        "Tells how many members several sorted sets have in common."),
    spec("zdiff", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zdiff,
        "numkeys key [key ...] [WITHSCORES]",
        "Shows the members of the first sorted set that no other has."),
    spec("zunionstore", -4, MORE.and(MOVABLE), Keys::ONE, "2.0.0", combine::zunionstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
         [AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members of several sorted sets together."),
    spec("zinterstore", -4, MORE.and(MOVABLE), Keys::ONE, "2.0.0", combine::zinterstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
         [AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members that several sorted sets have in common."),
    spec("zdiffstore", -4, MORE.and(MOVABLE), Keys::ONE, "6.2.0", combine::zdiffstore,
        "destination numkeys key [key ...]",
        "Stores the members of the first sorted set that no other has."),
];

#[expect(clippy::too_many_arguments, reason = "a row of the table")]
const fn spec(
    name: &'static str,
    arity: i16,
    flags: Flags,
    keys: Keys,
    since: &'static str,
    handler: Handler,
    syntax: &'static str,
    summary: &'static str,
) -> CommandSpec {
    let (group, run) = (Group::SortedSet, Run::Data(handler));
    CommandSpec { name, arity, flags, keys, group, since, summary, syntax, run }
}
