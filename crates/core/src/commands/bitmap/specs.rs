//! The table of bitmap commands.

use super::{count, field, op};
use crate::commands::table::{Flags, Group, Keys, Row};

const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const MORE: Flags = Flags::WRITE.and(Flags::DENYOOM);
/// The keys of `BITOP`: all behind the operation.
const FROM_SECOND: Keys = Keys { first: 2, last: -1, step: 1 };

const FAMILY: Group = Group::Bitmap;

#[rustfmt::skip] // a table: one command, three lines
/// This family's commands.
pub(crate) const COMMANDS: &[Row] = &[
    FAMILY.data("setbit", 4, MORE, Keys::ONE, "2.2.0", super::setbit,
        "key offset value",
        "Sets or clears one bit of a string."),
    FAMILY.data("getbit", 3, READ.and(FAST), Keys::ONE, "2.2.0", super::getbit,
        "key offset",
        "Shows one bit of a string."),
    FAMILY.data("bitcount", -2, READ, Keys::ONE, "2.6.0", count::bitcount,
        "key [start end [BYTE | BIT]]",
        "Counts the bits that are set."),
    FAMILY.data("bitpos", -3, READ, Keys::ONE, "2.8.7", count::bitpos,
        "key bit [start [end [BYTE | BIT]]]",
        "Finds the first bit that is set, or clear."),
    FAMILY.data("bitop", -4, MORE, FROM_SECOND, "2.6.0", op::bitop,
        "<AND | OR | XOR | NOT> destkey key [key ...]",
        "Combines strings bit by bit."),
    FAMILY.data("bitfield", -2, MORE, Keys::ONE, "3.2.0", field::bitfield,
        "key [GET type offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET type offset value | INCRBY \
         type offset increment> ...]",
        "Reads and changes integers of any width inside a string."),
    FAMILY.data("bitfield_ro", -2, READ.and(FAST), Keys::ONE, "6.0.0", field::bitfield_ro,
        "key [GET type offset [GET type offset ...]]",
        "Reads integers of any width inside a string."),
];
