//! The table of list commands.

use super::{blocking, edit, pop, push, read};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const WRITE: Flags = Flags::WRITE;
const FAST: Flags = Flags::FAST;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
const BLOCK: Flags = Flags::WRITE.and(Flags::NOSCRIPT).and(Flags::BLOCKING);
/// The keys of `BLPOP`: all but the last argument.
const BEFORE_LAST: Keys = Keys { first: 1, last: -2, step: 1 };

/// Positions of keys follow from a count among the arguments.
const COUNTED: Keys = Keys::NONE;

const FAMILY: Group = Group::List;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("lpush", -3, MORE.and(FAST), Keys::ONE, "1.0.0", push::lpush,
        "key element [element ...]",
        "Puts elements at the head of a list, one after the other."),
    FAMILY.data("rpush", -3, MORE.and(FAST), Keys::ONE, "1.0.0", push::rpush,
        "key element [element ...]",
        "Puts elements at the tail of a list."),
    FAMILY.data("lpushx", -3, MORE.and(FAST), Keys::ONE, "2.2.0", push::lpushx,
        "key element [element ...]",
        "Puts elements at the head of a list that exists."),
    FAMILY.data("rpushx", -3, MORE.and(FAST), Keys::ONE, "2.2.0", push::rpushx,
        "key element [element ...]",
        "Puts elements at the tail of a list that exists."),
    FAMILY.data("linsert", 5, MORE, Keys::ONE, "2.2.0", push::linsert,
        "key <BEFORE | AFTER> pivot element",
        "Puts an element next to the first one that equals the pivot."),
    FAMILY.data("lset", 4, MORE, Keys::ONE, "1.0.0", push::lset,
        "key index element",
        "Replaces the element at an index."),
    FAMILY.data("lpop", -2, WRITE.and(FAST), Keys::ONE, "1.0.0", pop::lpop,
        "key [count]",
        "Takes elements off the head of a list."),
    FAMILY.data("rpop", -2, WRITE.and(FAST), Keys::ONE, "1.0.0", pop::rpop,
        "key [count]",
        "Takes elements off the tail of a list."),
    FAMILY.data("lmpop", -4, WRITE.and(Flags::MOVABLEKEYS), COUNTED, "7.0.0", pop::lmpop,
        "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "Takes elements off the first of several lists that has any."),
    FAMILY.data("llen", 2, READ.and(FAST), Keys::ONE, "1.0.0", read::llen,
        "key",
        "Tells how many elements a list has."),
    FAMILY.data("lindex", 3, READ, Keys::ONE, "1.0.0", read::lindex,
        "key index",
        "Shows the element at an index."),
    FAMILY.data("lrange", 4, READ, Keys::ONE, "1.0.0", read::lrange,
        "key start stop",
        "Shows the elements between two indexes."),
    FAMILY.data("lpos", -3, READ, Keys::ONE, "6.0.6", read::lpos,
        "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        "Finds the indexes of equal elements."),
    FAMILY.data("ltrim", 4, WRITE, Keys::ONE, "1.0.0", edit::ltrim,
        "key start stop",
        "Keeps only the elements between two indexes."),
    FAMILY.data("lrem", 4, WRITE, Keys::ONE, "1.0.0", edit::lrem,
        "key count element",
        "Removes equal elements, some or all, from either end."),
    FAMILY.data("lmove", 5, MORE, Keys::TWO, "6.2.0", edit::lmove,
        "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        "Moves an element from one list to another and shows it."),
    FAMILY.data("rpoplpush", 3, MORE, Keys::TWO, "1.2.0", edit::rpoplpush,
        "source destination",
        "Moves the last element of a list to the head of another."),
    FAMILY.data("blpop", -3, BLOCK, BEFORE_LAST, "2.0.0", blocking::blpop,
        "key [key ...] timeout",
        "Takes the head of the first list that has one; waits for one."),
    FAMILY.data("brpop", -3, BLOCK, BEFORE_LAST, "2.0.0", blocking::brpop,
        "key [key ...] timeout",
        "Takes the tail of the first list that has one; waits for one."),
    FAMILY.data("blmove", 6, BLOCK.and(Flags::DENYOOM), Keys::TWO, "6.2.0", blocking::blmove,
        "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        "Moves an element from one list to another; waits for one."),
    FAMILY.data("brpoplpush", 4, BLOCK.and(Flags::DENYOOM), Keys::TWO, "2.2.0",
        blocking::brpoplpush,
        "source destination timeout",
        "Moves the last element of a list to another; waits for one."),
    FAMILY.data("blmpop", -5, WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS), COUNTED, "7.0.0",
        blocking::blmpop,
        "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "Takes elements off the first list that has any; waits for one."),
];
