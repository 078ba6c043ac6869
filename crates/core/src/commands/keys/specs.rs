//! The table of commands for keys of any type.

use super::{copy, dump, expire, object, scan, sort};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const WRITE: Flags = Flags::WRITE;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
/// The key of `OBJECT`, behind its subcommand.
const SECOND: Keys = Keys { first: 2, last: 2, step: 1 };

const FAMILY: Group = Group::Generic;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("del", -2, WRITE, Keys::ALL, "1.0.0", super::del,
        "key [key ...]",
        "Deletes keys."),
    FAMILY.data("unlink", -2, WRITE.and(FAST), Keys::ALL, "4.0.0", super::del,
        "key [key ...]",
        "Deletes keys."),
    FAMILY.data("exists", -2, READ.and(FAST), Keys::ALL, "1.0.0", super::exists,
        "key [key ...]",
        "Tells how many of the keys are there."),
    FAMILY.data("touch", -2, READ.and(FAST), Keys::ALL, "3.2.1", super::touch,
        "key [key ...]",
        "Notes an access to keys, and tells how many of them are there."),
    FAMILY.data("type", 2, READ.and(FAST), Keys::ONE, "1.0.0", super::type_of,
        "key",
        "Tells the type of a key's value."),
    FAMILY.data("expire", -3, WRITE.and(FAST), Keys::ONE, "1.0.0", expire::expire,
        "key seconds [NX | XX | GT | LT]",
        "Gives a key a time to live in seconds."),
    FAMILY.data("pexpire", -3, WRITE.and(FAST), Keys::ONE, "2.6.0", expire::pexpire,
        "key milliseconds [NX | XX | GT | LT]",
        "Gives a key a time to live in milliseconds."),
    FAMILY.data("expireat", -3, WRITE.and(FAST), Keys::ONE, "1.2.0", expire::expireat,
        "key unix-time-seconds [NX | XX | GT | LT]",
        "Sets when a key expires, in seconds."),
    FAMILY.data("pexpireat", -3, WRITE.and(FAST), Keys::ONE, "2.6.0", expire::pexpireat,
        "key unix-time-milliseconds [NX | XX | GT | LT]",
        "Sets when a key expires, in milliseconds."),
    FAMILY.data("ttl", 2, READ.and(FAST), Keys::ONE, "1.0.0", expire::ttl,
        "key",
        "Tells how long a key has to live, in seconds."),
    FAMILY.data("pttl", 2, READ.and(FAST), Keys::ONE, "2.6.0", expire::pttl,
        "key",
        "Tells how long a key has to live, in milliseconds."),
    FAMILY.data("expiretime", 2, READ.and(FAST), Keys::ONE, "7.0.0", expire::expiretime,
        "key",
        "Tells when a key expires, in seconds."),
    FAMILY.data("pexpiretime", 2, READ.and(FAST), Keys::ONE, "7.0.0", expire::pexpiretime,
        "key",
        "Tells when a key expires, in milliseconds."),
    FAMILY.data("persist", 2, WRITE.and(FAST), Keys::ONE, "2.2.0", expire::persist,
        "key",
        "Takes a key's time to live away."),
    FAMILY.data("rename", 3, WRITE, Keys::TWO, "1.0.0", copy::rename,
        "key newkey",
        "Gives a key a new name, in the place of whatever has that name."),
    FAMILY.data("renamenx", 3, WRITE.and(FAST), Keys::TWO, "1.0.0", copy::renamenx,
        "key newkey",
        "Gives a key a new name that is not taken."),
    FAMILY.data("copy", -3, MORE, Keys::TWO, "6.2.0", copy::copy,
        "source destination [DB destination-db] [REPLACE]",
        "Copies the value of a key."),
    FAMILY.data("move", 3, WRITE.and(FAST), Keys::ONE, "1.0.0", copy::move_key,
        "key db",
        "Moves a key to another database."),
    FAMILY.data("keys", 2, READ, Keys::NONE, "1.0.0", scan::keys,
        "pattern",
        "Shows all keys that match a pattern."),
    FAMILY.data("scan", -2, READ, Keys::NONE, "2.8.0", scan::scan,
        "cursor [MATCH pattern] [COUNT count] [TYPE type]",
        "Shows the keys of a database bit by bit."),
    FAMILY.data("randomkey", 1, READ, Keys::NONE, "1.0.0", scan::randomkey,
        "",
        "Shows a key chosen at random."),
    FAMILY.data("object", -2, READ, SECOND, "2.2.3", object::object,
        "<ENCODING key | FREQ key | HELP | IDLETIME key | REFCOUNT key>",
        "Tells how a value is stored."),
    FAMILY.data("sort", -2, MORE.and(Flags::MOVABLEKEYS), Keys::ONE, "1.0.0", sort::sort,
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] \
         [ALPHA] [STORE destination]",
        "Shows or stores the elements of a list, set or sorted set in order."),
    FAMILY.data("sort_ro", -2, READ.and(Flags::MOVABLEKEYS), Keys::ONE, "7.0.0", sort::sort_ro,
        "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] \
         [ALPHA]",
        "Shows the elements of a list, set or sorted set in order."),
    FAMILY.data("dump", 2, READ, Keys::ONE, "2.6.0", dump::dump,
        "key",
        "Shows the value of a key as RESTORE takes it."),
    FAMILY.data("restore", -4, MORE, Keys::ONE, "2.6.0", dump::restore,
        "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        "Makes a key of what DUMP showed."),
];
