//! The table of hash commands.

use super::{incr, random, read, write};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const SET: Flags = Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST);

const FAMILY: Group = Group::Hash;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("hset", -4, SET, Keys::ONE, "2.0.0", write::hset,
        "key field value [field value ...]",
        "Gives fields of a hash their values."),
    FAMILY.data("hmset", -4, SET, Keys::ONE, "2.0.0", write::hmset,
        "key field value [field value ...]",
        "Gives fields of a hash their values (HSET does the same)."),
    FAMILY.data("hsetnx", 4, SET, Keys::ONE, "2.0.0", write::hsetnx,
        "key field value",
        "Gives a field a value unless it has one."),
    FAMILY.data("hget", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::hget,
        "key field",
        "Shows the value of a field."),
    FAMILY.data("hmget", -3, READ.and(FAST), Keys::ONE, "2.0.0", read::hmget,
        "key field [field ...]",
        "Shows the values of several fields."),
    FAMILY.data("hgetall", 2, READ, Keys::ONE, "2.0.0", read::hgetall,
        "key",
        "Shows all fields and values of a hash."),
    FAMILY.data("hkeys", 2, READ, Keys::ONE, "2.0.0", read::hkeys,
        "key",
        "Shows all fields of a hash."),
    FAMILY.data("hvals", 2, READ, Keys::ONE, "2.0.0", read::hvals,
        "key",
        "Shows all values of a hash."),
    FAMILY.data("hlen", 2, READ.and(FAST), Keys::ONE, "2.0.0", read::hlen,
        "key",
        "Tells how many fields a hash has."),
    FAMILY.data("hexists", 3, READ.and(FAST), Keys::ONE, "2.0.0", read::hexists,
        "key field",
        "Tells whether a field exists."),
    FAMILY.data("hdel", -3, Flags::WRITE.and(FAST), Keys::ONE, "2.0.0", write::hdel,
        "key field [field ...]",
        "Removes fields from a hash."),
    FAMILY.data("hstrlen", 3, READ.and(FAST), Keys::ONE, "3.2.0", read::hstrlen,
        "key field",
        "Tells how long the value of a field is."),
    FAMILY.data("hincrby", 4, SET, Keys::ONE, "2.0.0", incr::hincrby,
        "key field increment",
        "Adds to the integer in a field."),
    FAMILY.data("hincrbyfloat", 4, SET, Keys::ONE, "2.6.0", incr::hincrbyfloat,
        "key field increment",
        "Adds to the number in a field."),
    FAMILY.data("hrandfield", -2, READ, Keys::ONE, "6.2.0", random::hrandfield,
        "key [count [WITHVALUES]]",
        "Shows random fields of a hash."),
    FAMILY.data("hscan", -3, READ, Keys::ONE, "2.8.0", read::hscan,
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks over the fields of a hash, some at a time."),
];
