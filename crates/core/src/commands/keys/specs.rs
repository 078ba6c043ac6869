//! The table of commands for keys of any type.

use super::{copy, dump, expire, object, scan, sort};
use crate::commands::Handler;
use crate::commands::table::{CommandSpec, Flags, Group, Keys, Run};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const WRITE: Flags = Flags::WRITE;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
/// The key of `OBJECT`, behind its subcommand.
const SECOND: Keys = Keys { first: 2, last: 2, step: 1 };

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub const COMMANDS: &[CommandSpec] = &[
    spec("del", -2, WRITE, Keys::ALL, "1.0.0", super::del,
        "key [key ...]",
        "Deletes keys."),
    spec("unlink", -2, WRITE.and(FAST), Keys::ALL, "4.0.0", super::del,
        "key [key ...]",
        "Deletes keys."),
    spec("exists", -2, READ.and(FAST), Keys::ALL, "1.0.0", super::exists,
        "key [key ...]",
        "Tells how many of the keys are there."),
    spec("touch", -2, READ.and(FAST), Keys::ALL, "3.2.1", super::touch,
        "key [key ...]",
        "Notes an access to keys, and tells how many of them are there."),
    spec("type", 2, READ.and(FAST), Keys::ONE, "1.0.0", super::type_of,
        "key",
        "Tells the type of a key's value."),
    spec("expire", -3, WRITE.and(FAST), Keys::ONE, "1.0.0", expire::expire,
        "key seconds [NX | XX | GT | LT]",
        "Gives a key a time to live in seconds."),
    spec("pexpire", -3, WRITE.and(FAST), Keys::ONE, "2.6.0", expire::pexpire,
        "key milliseconds [NX | XX | GT | LT]",
        "Gives a key a time to live in milliseconds."),
    spec("expireat", -3, WRITE.and(FAST), Keys::ONE, "1.2.0", expire::expireat,
        "key unix-time-seconds [NX | XX | GT | LT]",
        "Sets when a key expires, in seconds."),
    spec("pexpireat", -3, WRITE.and(FAST), Keys::ONE, "2.6.0", expire::pexpireat,
        "key unix-time-milliseconds [NX | XX | GT | LT]",
        "Sets when a key expires, in milliseconds."),
    spec("ttl", 2, READ.and(FAST), Keys::ONE, "1.0.0", expire::ttl,
        "key",
        "Tells how long a key has to live, in seconds."),
    spec("pttl", 2, READ.and(FAST), Keys::ONE, "2.6.0", expire::pttl,
        "key",
        "Tells how long a key has to live, in milliseconds."),
    spec("expiretime", 2, READ.and(FAST), Keys::ONE, "7.0.0", expire::expiretime,
        "key",
        "Tells when a key expires, in seconds."),
    spec("pexpiretime", 2, READ.and(FAST), Keys::ONE, "7.0.0", expire::pexpiretime,
        "key",
        "Tells when a key expires, in milliseconds."),
    spec("persist", 2, WRITE.and(FAST), Keys::ONE, "2.2.0", expire::persist,
        "key",
        "Takes a key's time to live away."),
    spec("rename", 3, WRITE, Keys::TWO, "1.0.0", copy::rename,
        "key newkey",
        "Gives a key a new name, in the place of whatever has that name."),
    spec("renamenx", 3, WRITE.and(FAST), Keys::TWO, "1.0.0", copy::renamenx,
        "key newkey",
        "Gives a key a new name that is not taken."),
    spec("copy", -3, MORE, Keys::TWO, "6.2.0", copy::copy,
        "source destination [DB destination-db] [REPLACE]",
        "Copies the value of a key."),
    spec("move", 3, WRITE.and(FAST), Keys::ONE, "1.0.0", copy::move_key,
        "key db",
        "Moves a key to another database."),
    spec("keys", 2, READ, Keys::NONE, "1.0.0", scan::keys,
        "pattern",
        "Shows all keys that match a pattern."),
    spec("scan", -2, READ, Keys::NONE, "2.8.0", scan::scan,
        "cursor [MATCH pattern] [COUNT count] [TYPE type]",
        "Shows the keys of a database bit by bit."),
    spec("randomkey", 1, READ, Keys::NONE, "1.0.0", scan::randomkey,
        "",
        "Shows a key chosen at random."),
    spec("object", -2, READ, SECOND, "2.2.3", object::object,
        "<ENCODING key | FREQ key | HELP | IDLETIME key | REFCOUNT key>",
        "Tells how a value is stored."),
    spec("sort", -2, MORE.and(Flags::MOVABLEKEYS), Keys::ONE, "1.0.0", sort::sort,
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] \
         [ALPHA] [STORE destination]",
        "Shows or stores the elements of a list, set or sorted set in order."),
    spec("sort_ro", -2, READ.and(Flags::MOVABLEKEYS), Keys::ONE, "7.0.0", sort::sort_ro,
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] \
         [ALPHA]",
        "Shows the elements of a list, set or sorted set in order."),
    spec("dump", 2, READ, Keys::ONE, "2.6.0", dump::dump,
        "key",
        "Shows the value of a key as RESTORE takes it."),
    spec("restore", -4, MORE, Keys::ONE, "2.6.0", dump::restore,
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        "Makes a key of what DUMP showed."),
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
    CommandSpec { name, arity, flags, keys, group: Group::Generic, since, summary, syntax, run }
}
