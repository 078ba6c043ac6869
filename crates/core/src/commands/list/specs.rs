//! The table of list commands.

use super::{blocking, edit, pop, push, read};
use crate::commands::Handler;
use crate::commands::table::{CommandSpec, Flags, Group, Keys, Run};

const READ: Flags = Flags::READONLY;
const WRITE: Flags = Flags::WRITE;
const FAST: Flags = Flags::FAST;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
const BLOCK: Flags = Flags::WRITE.and(Flags::NOSCRIPT).and(Flags::BLOCKING);
/// The keys of `BLPOP`: all but the last argument.
const BEFORE_LAST: Keys = Keys { first: 1, last: -2, step: 1 };

/// Positions of keys follow from a count among the arguments.
const COUNTED: Keys = Keys::NONE;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[
    spec("lpush", -3, MORE.and(FAST), Keys::ONE, "1.0.0", push::lpush,
        "key element [element ...]",
        "Puts elements at the head of a list, one after the other."),
    spec("rpush", -3, MORE.and(FAST), Keys::ONE, "1.0.0", push::rpush,
        "key element [element ...]",
        "Puts elements at the tail of a list."),
    spec("lpushx", -3, MORE.and(FAST), Keys::ONE, "2.2.0", push::lpushx,
        "key element [element ...]",
        "Puts elements at the head of a list that exists."),
    spec("rpushx", -3, MORE.and(FAST), Keys::ONE, "2.2.0", push::rpushx,
        "key element [element ...]",
        "Puts elements at the tail of a list that exists."),
    spec("linsert", 5, MORE, Keys::ONE, "2.2.0", push::linsert,
        "key <BEFORE | AFTER> pivot element",
        "Puts an element next to the first one that equals the pivot."),
    spec("lset", 4, MORE, Keys::ONE, "1.0.0", push::lset,
        "key index element",
        "Replaces the element at an index."),
    spec("lpop", -2, WRITE.and(FAST), Keys::ONE, "1.0.0", pop::lpop,
        "key [count]",
        "Takes elements off the head of a list."),
    spec("rpop", -2, WRITE.and(FAST), Keys::ONE, "1.0.0", pop::rpop,
        "key [count]",
        "Takes elements off the tail of a list."),
    spec("lmpop", -4, WRITE.and(Flags::MOVABLEKEYS), COUNTED, "7.0.0", pop::lmpop,
        "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "Takes elements off the first of several lists that has any."),
    spec("llen", 2, READ.and(FAST), Keys::ONE, "1.0.0", read::llen,
        "key",
        "Tells how many elements a list has."),
    spec("lindex", 3, READ, Keys::ONE, "1.0.0", read::lindex,
        "key index",
        "Shows the element at an index."),
    spec("lrange", 4, READ, Keys::ONE, "1.0.0", read::lrange,
        "key start stop",
        "Shows the elements between two indexes."),
    spec("lpos", -3, READ, Keys::ONE, "6.0.6", read::lpos,
        "key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
        "Finds the indexes of equal elements."),
    spec("ltrim", 4, WRITE, Keys::ONE, "1.0.0", edit::ltrim,
        "key start stop",
        "Keeps only the elements between two indexes."),
    spec("lrem", 4, WRITE, Keys::ONE, "1.0.0", edit::lrem,
        "key count element",
        "Removes equal elements, some or all, from either end."),
    spec("lmove", 5, MORE, Keys::TWO, "6.2.0", edit::lmove,
        "source destination <LEFT | RIGHT> <LEFT | RIGHT>",
        "Moves an element from one list to another and shows it."),
    spec("rpoplpush", 3, MORE, Keys::TWO, "1.2.0", edit::rpoplpush,
        "source destination",
        "Moves the last element of a list to the head of another."),
    spec("blpop", -3, BLOCK, BEFORE_LAST, "2.0.0", blocking::blpop,
        "key [key ...] timeout",
        "Takes the head of the first list that has one; waits for one."),
    spec("brpop", -3, BLOCK, BEFORE_LAST, "2.0.0", blocking::brpop,
        "key [key ...] timeout",
        "Takes the tail of the first list that has one; waits for one."),
    spec("blmove", 6, BLOCK.and(Flags::DENYOOM), Keys::TWO, "6.2.0", blocking::blmove,
        "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
        "Moves an element from one list to another; waits for one."),
    spec("brpoplpush", 4, BLOCK.and(Flags::DENYOOM), Keys::TWO, "2.2.0", blocking::brpoplpush,
        "source destination timeout",
        "Moves the last element of a list to another; waits for one."),
    spec("blmpop", -5, WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS), COUNTED, "7.0.0",
        blocking::blmpop,
        "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
        "Takes elements off the first list that has any; waits for one."),
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
    let (group, run) = (Group::List, Run::Data(handler));
    CommandSpec { name, arity, flags, keys, group, since, summary, syntax, run }
}
