//! The table of set commands.

use super::{algebra, edit, random, read};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const WRITE: Flags = Flags::WRITE;
const FAST: Flags = Flags::FAST;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);

const FAMILY: Group = Group::Set;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("sadd", -3, MORE.and(FAST), Keys::ONE, "1.0.0", edit::sadd,
        "key member [member ...]",
        "Adds members to a set."),
    FAMILY.data("srem", -3, WRITE.and(FAST), Keys::ONE, "1.0.0", edit::srem,
        "key member [member ...]",
        "Removes members from a set."),
    FAMILY.data("smove", 4, WRITE.and(FAST), Keys::TWO, "1.0.0", edit::smove,
        "source destination member",
        "Moves a member from one set to another."),
    FAMILY.data("scard", 2, READ.and(FAST), Keys::ONE, "1.0.0", read::scard,
        "key",
        "Tells how many members a set has."),
    FAMILY.data("sismember", 3, READ.and(FAST), Keys::ONE, "1.0.0", read::sismember,
        "key member",
        "Tells whether a set has a member."),
    FAMILY.data("smismember", -3, READ.and(FAST), Keys::ONE, "6.2.0", read::smismember,
        "key member [member ...]",
        "Tells for each of several members whether a set has it."),
    FAMILY.data("smembers", 2, READ, Keys::ONE, "1.0.0", read::smembers,
        "key",
        "Shows all members of a set."),
    FAMILY.data("sscan", -3, READ, Keys::ONE, "2.8.0", read::sscan,
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks through a set bit by bit."),
    FAMILY.data("spop", -2, WRITE.and(FAST), Keys::ONE, "1.0.0", random::spop,
        "key [count]",
        "Takes random members out of a set."),
    FAMILY.data("srandmember", -2, READ, Keys::ONE, "1.0.0", random::srandmember,
        "key [count]",
        "Shows random members of a set."),
    FAMILY.data("sinter", -2, READ, Keys::ALL, "1.0.0", algebra::sinter,
        "key [key ...]",
        "Shows the members that several sets have in common."),
    FAMILY.data("sintercard", -3, READ.and(Flags::MOVABLEKEYS), Keys::NONE, "7.0.0",
        algebra::sintercard,
        "numkeys key [key ...] [LIMIT limit]",
        "Tells how many members several sets have in common."),
    FAMILY.data("sinterstore", -3, MORE, Keys::ALL, "1.0.0", algebra::sinterstore,
        "destination key [key ...]",
        "Stores the members that several sets have in common."),
    FAMILY.data("sunion", -2, READ, Keys::ALL, "1.0.0", algebra::sunion,
        "key [key ...]",
        "Shows the members of several sets together."),
    FAMILY.data("sunionstore", -3, MORE, Keys::ALL, "1.0.0", algebra::sunionstore,
        "destination key [key ...]",
        "Stores the members of several sets together."),
    FAMILY.data("sdiff", -2, READ, Keys::ALL, "1.0.0", algebra::sdiff,
        "key [key ...]",
        "Shows the members of the first set that no other has."),
    FAMILY.data("sdiffstore", -3, MORE, Keys::ALL, "1.0.0", algebra::sdiffstore,
        "destination key [key ...]",
        "Stores the members of the first set that no other has."),
];
