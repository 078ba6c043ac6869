//! The table of sorted set commands.

use super::{add, combine, pop, random, range, read, remove};
use crate::commands::table::{Flags, Group, Keys, Row};

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

const FAMILY: Group = Group::SortedSet;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("zadd", -4, MORE.and(FAST), Keys::ONE, "1.2.0", add::zadd,
        "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
        "Adds members to a sorted set or changes their scores."),
    FAMILY.data("zincrby", 4, MORE.and(FAST), Keys::ONE, "1.2.0", add::zincrby,
        "key increment member",
        "Adds to the score of a member."),
    FAMILY.data("zrem", -3, WRITE.and(FAST), Keys::ONE, "1.2.0", remove::zrem,
        "key member [member ...]",
        "Removes members from a sorted set."),
    FAMILY.data("zremrangebyrank", 4, WRITE, Keys::ONE, "2.0.0", remove::zremrangebyrank,
        "key start stop",
        "Removes the members between two ranks."),
    FAMILY.data("zremrangebyscore", 4, WRITE, Keys::ONE, "1.2.0", remove::zremrangebyscore,
        "key min max",
        "Removes the members between two scores."),
    FAMILY.data("zremrangebylex", 4, WRITE, Keys::ONE, "2.8.9", remove::zremrangebylex,
        "key min max",
        "Removes the members between two texts, where all scores are equal."),
    FAMILY.data("zcard", 2, READ.and(FAST), Keys::ONE, "1.2.0", read::zcard,
        "key",
        "Tells how many members a sorted set has."),
    FAMILY.data("zscore", 3, READ.and(FAST), Keys::ONE, "1.2.0", read::zscore,
        "key member",
        "Shows the score of a member."),
    FAMILY.data("zmscore", -3, READ.and(FAST), Keys::ONE, "6.2.0", read::zmscore,
        "key member [member ...]",
        "Shows the scores of several members."),
    FAMILY.data("zrank", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::zrank,
        "key member",
        "Tells how many members come before this one."),
    FAMILY.data("zrevrank", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::zrevrank,
        "key member",
        "Tells how many members come after this one."),
    FAMILY.data("zcount", 4, READ.and(FAST), Keys::ONE, "2.0.0", read::zcount,
        "key min max",
        "Tells how many members have a score between two scores."),
    FAMILY.data("zlexcount", 4, READ.and(FAST), Keys::ONE, "2.8.9", read::zlexcount,
        "key min max",
        "Tells how many members are between two texts, where all scores are equal."),
    FAMILY.data("zscan", -3, READ, Keys::ONE, "2.8.0", read::zscan,
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks through a sorted set bit by bit."),
    FAMILY.data("zrange", -4, READ, Keys::ONE, "1.2.0", range::zrange,
        "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        "Shows members by rank, score or text."),
    FAMILY.data("zrangestore", -5, MORE, Keys::TWO, "6.2.0", range::zrangestore,
        "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
        "Stores members found by rank, score or text."),
    FAMILY.data("zrevrange", -4, READ, Keys::ONE, "1.2.0", range::zrevrange,
        "key start stop [WITHSCORES]",
        "Shows members by rank, from the highest score down."),
    FAMILY.data("zrangebyscore", -4, READ, Keys::ONE, "1.0.5", range::zrangebyscore,
        "key min max [WITHSCORES] [LIMIT offset count]",
        "Shows the members between two scores."),
    FAMILY.data("zrevrangebyscore", -4, READ, Keys::ONE, "2.2.0", range::zrevrangebyscore,
        "key max min [WITHSCORES] [LIMIT offset count]",
        "Shows the members between two scores, from the highest down."),
    FAMILY.data("zrangebylex", -4, READ, Keys::ONE, "2.8.9", range::zrangebylex,
        "key min max [LIMIT offset count]",
        "Shows the members between two texts, where all scores are equal."),
    FAMILY.data("zrevrangebylex", -4, READ, Keys::ONE, "2.8.9", range::zrevrangebylex,
        "key max min [LIMIT offset count]",
        "Shows the members between two texts, backwards."),
    FAMILY.data("zpopmin", -2, WRITE.and(FAST), Keys::ONE, "5.0.0", pop::zpopmin,
        "key [count]",
        "Takes out the members with the lowest scores."),
    FAMILY.data("zpopmax", -2, WRITE.and(FAST), Keys::ONE, "5.0.0", pop::zpopmax,
        "key [count]",
        "Takes out the members with the highest scores."),
    FAMILY.data("zmpop", -4, WRITE.and(MOVABLE), COUNTED, "7.0.0", pop::zmpop,
        "numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "Takes members out of the first of several sorted sets that has any."),
    FAMILY.data("bzpopmin", -3, BLOCK.and(FAST).and(Flags::NOSCRIPT), BEFORE_LAST, "5.0.0",
        pop::bzpopmin,
        "key [key ...] timeout",
        "Takes out the member with the lowest score; waits for one."),
    FAMILY.data("bzpopmax", -3, BLOCK.and(FAST).and(Flags::NOSCRIPT), BEFORE_LAST, "5.0.0",
        pop::bzpopmax,
        "key [key ...] timeout",
        "Takes out the member with the highest score; waits for one."),
    FAMILY.data("bzmpop", -5, BLOCK.and(MOVABLE), COUNTED, "7.0.0", pop::bzmpop,
        "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
        "Takes members out of the first sorted set that has any; waits for one."),
    FAMILY.data("zrandmember", -2, READ, Keys::ONE, "6.2.0", random::zrandmember,
        "key [count [WITHSCORES]]",
        "Shows random members of a sorted set."),
    FAMILY.data("zunion", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zunion,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] \
         [WITHSCORES]",
        "Shows the members of several sorted sets together."),
    FAMILY.data("zinter", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zinter,
        "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] \
         [WITHSCORES]",
        "Shows the members that several sorted sets have in common."),
    FAMILY.data("zintercard", -3, READ.and(MOVABLE), COUNTED, "7.0.0", combine::zintercard,
        "numkeys key [key ...] [LIMIT limit]",
        "Tells how many members several sorted sets have in common."),
    FAMILY.data("zdiff", -3, READ.and(MOVABLE), COUNTED, "6.2.0", combine::zdiff,
        "numkeys key [key ...] [WITHSCORES]",
        "Shows the members of the first sorted set that no other has."),
    FAMILY.data("zunionstore", -4, MORE.and(MOVABLE), Keys::ONE, "2.0.0", combine::zunionstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
         [AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members of several sorted sets together."),
    FAMILY.data("zinterstore", -4, MORE.and(MOVABLE), Keys::ONE, "2.0.0", combine::zinterstore,
        "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
         [AGGREGATE <SUM | MIN | MAX>]",
        "Stores the members that several sorted sets have in common."),
    FAMILY.data("zdiffstore", -4, MORE.and(MOVABLE), Keys::ONE, "6.2.0", combine::zdiffstore,
        "destination numkeys key [key ...]",
        "Stores the members of the first sorted set that no other has."),
];
