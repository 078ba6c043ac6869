//! The table of hash commands.

use super::{incr, random, read, write};
use crate::commands::Handler;
use crate::commands::table::{CommandSpec, Flags, Group, Keys, Run};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const SET: Flags = Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST);

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[
    spec("hset", -4, SET, "2.0.0", write::hset,
        "key field value [field value ...]",
        "Gives fields of a hash their values."),
    spec("hmset", -4, SET, "2.0.0", write::hmset,
        "key field value [field value ...]",
        "Gives fields of a hash their values (HSET does the same)."),
    spec("hsetnx", 4, SET, "2.0.0", write::hsetnx,
        "key field value",
        "Gives a field a value unless it has one."),
    spec("hget", 3, READ.and(FAST), "2.0.0", read::hget,
        "key field",
        "Shows the value of a field."),
    spec("hmget", -3, READ.and(FAST), "2.0.0", read::hmget,
        "key field [field ...]",
        "Shows the values of several fields."),
    spec("hgetall", 2, READ, "2.0.0", read::hgetall,
        "key",
        "Shows all fields and values of a hash."),
    spec("hkeys", 2, READ, "2.0.0", read::hkeys,
        "key",
        "Shows all fields of a hash."),
    spec("hvals", 2, READ, "2.0.0", read::hvals,
        "key",
        "Shows all values of a hash."),
    spec("hlen", 2, READ.and(FAST), "2.0.0", read::hlen,
        "key",
        "Tells how many fields a hash has."),
    spec("hexists", 3, READ.and(FAST), "2.0.0", read::hexists,
        "key field",
        "Tells whether a field exists."),
    spec("hdel", -3, Flags::WRITE.and(FAST), "2.0.0", write::hdel,
        "key field [field ...]",
        "Removes fields from a hash."),
    spec("hstrlen", 3, READ.and(FAST), "3.2.0", read::hstrlen,
        "key field",
        "Tells how long the value of a field is."),
    spec("hincrby", 4, SET, "2.0.0", incr::hincrby,
        "key field increment",
        "Adds to the integer in a field."),
    spec("hincrbyfloat", 4, SET, "2.6.0", incr::hincrbyfloat,
        "key field increment",
        "Adds to the number in a field."),
    spec("hrandfield", -2, READ, "6.2.0", random::hrandfield,
        "key [count [WITHVALUES]]",
        "Shows random fields of a hash."),
    spec("hscan", -3, READ, "2.8.0", read::hscan,
        "key cursor [MATCH pattern] [COUNT count]",
        "Walks over the fields of a hash, some at a time."),
];

const fn spec(
    name: &'static str,
    arity: i16,
    flags: Flags,
    since: &'static str,
    handler: Handler,
    syntax: &'static str,
    summary: &'static str,
) -> CommandSpec {
    let (keys, group, run) = (Keys::ONE, Group::Hash, Run::Data(handler));
    CommandSpec { name, arity, flags, keys, group, since, summary, syntax, run }
}
