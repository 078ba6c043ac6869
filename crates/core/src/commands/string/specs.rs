//! The table of string commands.

use super::{counter, lcs, range, set};
use crate::commands::Handler;
use crate::commands::table::{CommandSpec, Flags, Group, Keys, Run};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const WRITE: Flags = Flags::WRITE;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[
    spec("get", 2, READ.and(FAST), Keys::ONE, "1.0.0", set::get,
        "key",
        "Shows the value of a key."),
    spec("set", -3, MORE, Keys::ONE, "1.0.0", set::set,
        "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
         PXAT unix-time-milliseconds | KEEPTTL]",
        "Gives a key a value, whatever it was before."),
    spec("setnx", 3, MORE.and(FAST), Keys::ONE, "1.0.0", set::setnx,
        "key value",
        "Gives a key a value if it has none."),
    spec("setex", 4, MORE, Keys::ONE, "2.0.0", set::setex,
        "key seconds value",
        "Gives a key a value and a time to live in seconds."),
    spec("psetex", 4, MORE, Keys::ONE, "2.6.0", set::psetex,
        "key milliseconds value",
        "Gives a key a value and a time to live in milliseconds."),
    spec("getset", 3, MORE.and(FAST), Keys::ONE, "1.0.0", set::getset,
        "key value",
        "Gives a key a value and shows the old one."),
    spec("getdel", 2, WRITE.and(FAST), Keys::ONE, "6.2.0", set::getdel,
        "key",
        "Shows the value of a key and deletes it."),
    spec("getex", -2, WRITE.and(FAST), Keys::ONE, "6.2.0", set::getex,
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
         PXAT unix-time-milliseconds | PERSIST]",
        "Shows the value of a key and changes its time to live."),
    spec("mget", -2, READ.and(FAST), Keys::ALL, "1.0.0", set::mget,
        "key [key ...]",
        "Shows the values of several keys."),
    spec("mset", -3, MORE, Keys::PAIRS, "1.0.1", set::mset,
        "key value [key value ...]",
        "Gives several keys values, all at once."),
    spec("msetnx", -3, MORE, Keys::PAIRS, "1.0.1", set::msetnx,
        "key value [key value ...]",
        "Gives several keys values if none of them has one."),
    spec("append", 3, MORE.and(FAST), Keys::ONE, "2.0.0", set::append,
        "key value",
        "Adds to the end of a string."),
    spec("strlen", 2, READ.and(FAST), Keys::ONE, "2.2.0", range::strlen,
        "key",
        "Tells how long a string is."),
    spec("setrange", 4, MORE, Keys::ONE, "2.2.0", range::setrange,
        "key offset value",
        "Overwrites a part of a string."),
    spec("getrange", 4, READ, Keys::ONE, "2.4.0", range::getrange,
        "key start end",
        "Shows a part of a string."),
    spec("substr", 4, READ, Keys::ONE, "1.0.0", range::getrange,
        "key start end",
        "Shows a part of a string."),
    spec("incr", 2, MORE.and(FAST), Keys::ONE, "1.0.0", counter::incr,
        "key",
        "Adds one to a number."),
    spec("decr", 2, MORE.and(FAST), Keys::ONE, "1.0.0", counter::decr,
        "key",
        "Takes one from a number."),
    spec("incrby", 3, MORE.and(FAST), Keys::ONE, "1.0.0", counter::incrby,
        "key increment",
        "Adds to a number."),
    spec("decrby", 3, MORE.and(FAST), Keys::ONE, "1.0.0", counter::decrby,
        "key decrement",
        "Takes from a number."),
    spec("incrbyfloat", 3, MORE.and(FAST), Keys::ONE, "2.6.0", counter::incrbyfloat,
        "key increment",
        "Adds to a number with a fraction."),
    spec("lcs", -3, READ, Keys::TWO, "7.0.0", lcs::lcs,
        "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        "Finds the longest common subsequence of two strings."),
];

#[allow(clippy::too_many_arguments)] // a row of the table above
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
    let run = Run::Data(handler);
    CommandSpec { name, arity, flags, keys, group: Group::String, since, summary, syntax, run }
}
