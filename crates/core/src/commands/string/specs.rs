//! The table of string commands.

use super::{counter, lcs, range, set};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const WRITE: Flags = Flags::WRITE;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);

const FAMILY: Group = Group::String;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("get", 2, READ.and(FAST), Keys::ONE, "1.0.0", set::get,
        "key",
        "Shows the value of a key."),
    FAMILY.data("set", -3, MORE, Keys::ONE, "1.0.0", set::set,
        "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
         PXAT unix-time-milliseconds | KEEPTTL]",
        "Gives a key a value, whatever it was before."),
    FAMILY.data("setnx", 3, MORE.and(FAST), Keys::ONE, "1.0.0", set::setnx,
        "key value",
        "Gives a key a value if it has none."),
    FAMILY.data("setex", 4, MORE, Keys::ONE, "2.0.0", set::setex,
        "key seconds value",
        "Gives a key a value and a time to live in seconds."),
    FAMILY.data("psetex", 4, MORE, Keys::ONE, "2.6.0", set::psetex,
        "key milliseconds value",
        "Gives a key a value and a time to live in milliseconds."),
    FAMILY.data("getset", 3, MORE.and(FAST), Keys::ONE, "1.0.0", set::getset,
        "key value",
        "Gives a key a value and shows the old one."),
    FAMILY.data("getdel", 2, WRITE.and(FAST), Keys::ONE, "6.2.0", set::getdel,
        "key",
        "Shows the value of a key and deletes it."),
    FAMILY.data("getex", -2, WRITE.and(FAST), Keys::ONE, "6.2.0", set::getex,
        "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
         PXAT unix-time-milliseconds | PERSIST]",
        "Shows the value of a key and changes its time to live."),
    FAMILY.data("mget", -2, READ.and(FAST), Keys::ALL, "1.0.0", set::mget,
        "key [key ...]",
        "Shows the values of several keys."),
    FAMILY.data("mset", -3, MORE, Keys::PAIRS, "1.0.1", set::mset,
        "key value [key value ...]",
        "Gives several keys values, all at once."),
    FAMILY.data("msetnx", -3, MORE, Keys::PAIRS, "1.0.1", set::msetnx,
        "key value [key value ...]",
        "Gives several keys values if none of them has one."),
    FAMILY.data("append", 3, MORE.and(FAST), Keys::ONE, "2.0.0", set::append,
        "key value",
        "Adds to the end of a string."),
    FAMILY.data("strlen", 2, READ.and(FAST), Keys::ONE, "2.2.0", range::strlen,
        "key",
        "Tells how long a string is."),
    FAMILY.data("setrange", 4, MORE, Keys::ONE, "2.2.0", range::setrange,
        "key offset value",
        "Overwrites a part of a string."),
    FAMILY.data("getrange", 4, READ, Keys::ONE, "2.4.0", range::getrange,
        "key start end",
        "Shows a part of a string."),
    FAMILY.data("substr", 4, READ, Keys::ONE, "1.0.0", range::getrange,
        "key start end",
        "Shows a part of a string."),
    FAMILY.data("incr", 2, MORE.and(FAST), Keys::ONE, "1.0.0", counter::incr,
        "key",
        "Adds one to a number."),
    FAMILY.data("decr", 2, MORE.and(FAST), Keys::ONE, "1.0.0", counter::decr,
        "key",
        "Takes one from a number."),
    FAMILY.data("incrby", 3, MORE.and(FAST), Keys::ONE, "1.0.0", counter::incrby,
        "key increment",
        "Adds to a number."),
    FAMILY.data("decrby", 3, MORE.and(FAST), Keys::ONE, "1.0.0", counter::decrby,
        "key decrement",
        "Takes from a number."),
    FAMILY.data("incrbyfloat", 3, MORE.and(FAST), Keys::ONE, "2.6.0", counter::incrbyfloat,
        "key increment",
        "Adds to a number with a fraction."),
    FAMILY.data("lcs", -3, READ, Keys::TWO, "7.0.0", lcs::lcs,
        "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]",
        "Finds the longest common subsequence of two strings."),
];
