//! How the value of each type lies in a file, as a little program in the order of its bytes.

use super::Role;
use crate::rdb::value;

/// What `TYPE` answers for values of this type.
pub fn type_name(type_byte: u8) -> &'static str {
    match type_byte {
        0 => "string",
        1 | 10 | 14 | 18 => "list",
        2 | 11 | 20 => "set",
        3 | 5 | 12 | 17 => "zset",
        4 | 9 | 13 | 16 | 22 | 24 | 25 => "hash",
        15 | 19 | 21 => "stream",
        6 | 7 => "module",
        _ => "unknown",
    }
}

/// How values of this type are laid out, by the name of Redis's source without `RDB_TYPE_`.
pub fn layout_name(type_byte: u8) -> &'static str {
    const NAMES: [&str; 26] = [
        "STRING",
        "LIST",
        "SET",
        "ZSET",
        "HASH",
        "ZSET_2",
        "MODULE_PRE_GA",
        "MODULE_2",
        "",
        "HASH_ZIPMAP",
        "LIST_ZIPLIST",
        "SET_INTSET",
        "ZSET_ZIPLIST",
        "HASH_ZIPLIST",
        "LIST_QUICKLIST",
        "STREAM_LISTPACKS",
        "HASH_LISTPACK",
        "ZSET_LISTPACK",
        "LIST_QUICKLIST_2",
        "STREAM_LISTPACKS_2",
        "SET_LISTPACK",
        "STREAM_LISTPACKS_3",
        "HASH_2",
        "",
        "HASH_METADATA",
        "HASH_LISTPACK_EX",
    ];
    NAMES.get(usize::from(type_byte)).copied().unwrap_or_default()
}

/// Whether the keyspace can hold values of this type.
pub fn is_held(type_byte: u8) -> bool {
    value::layout(type_byte).is_some()
}

/// The name of a module by its id.
pub fn module(id: u64) -> String {
    value::module_name(id)
}

/// A packed collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Ziplist,
    Listpack,
    Zipmap,
    Intset,
}

/// What comes next in a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    /// A string.
    Text(Role),
    /// A string that tells people nothing: an ID, a name of a consumer.
    Skip,
    /// The only string of a value: its length is the value's.
    Whole,
    /// A packed collection in a string, and what its entries are, in turn.
    Packed(Packing, &'static [Role]),
    /// A packed collection that holds no element of the value: a part of a stream.
    Inner,
    /// A node of a list: its kind, then an element or a listpack.
    Node,
    /// A score in binary form.
    Score,
    /// A score in text form.
    OldScore,
    /// So many bytes.
    Bytes(usize),
    /// A number.
    Number,
    /// The number of the value's elements.
    Elements,
    /// A count: what follows up to the matching [`Op::Again`] comes so often.
    Repeat,
    /// As `Repeat`, and the count is that of the value's elements.
    Each,
    Again,
    /// A module's id, then its items.
    Module,
    /// The next item of a module, or the end of its value.
    ModuleItem,
}

const ELEMENT: &[Role] = &[Role::Element];
const PAIR: &[Role] = &[Role::Field, Role::Value];
const TRIPLE: &[Role] = &[Role::Field, Role::Value, Role::Expiry];
const SCORED: &[Role] = &[Role::Member, Role::Score];

/// The program of a stream: its nodes; its length and last ID; its groups, each with what is
/// pending and with its consumers, of which so many bytes of times are known. Since 7.0 there are
/// also the first ID, the largest one deleted, and how many were ever added; of groups, how many
/// were read.
macro_rules! stream {
    (nodes [$($more:ident),*], groups [$($read:ident),*], consumers $times:literal) => {
        &[
            Repeat, Skip, Inner, Again, Elements, Number, Number, $($more,)*
            Repeat, Skip, Number, Number, $($read,)*
            Repeat, Bytes(16), Bytes(8), Number, Again,
            Repeat, Skip, Bytes($times), Repeat, Bytes(16), Again, Again,
            Again,
        ]
    };
}

/// The program of a type.
pub(super) fn program(type_byte: u8, valkey: bool) -> Option<&'static [Op]> {
    use Op::{
        Again, Bytes, Each, Elements, Inner, Module, ModuleItem, Node, Number, OldScore, Packed,
        Repeat, Score, Skip, Text, Whole,
    };
    use Packing::{Intset, Listpack, Ziplist, Zipmap};
    use Role::{Element, Field, Member, Value};
    Some(match type_byte {
        0 => &[Whole],
        1 | 2 => &[Each, Text(Element), Again],
        3 => &[Each, Text(Member), OldScore, Again],
        4 => &[Each, Text(Field), Text(Value), Again],
        5 => &[Each, Text(Member), Score, Again],
        7 => &[Module, ModuleItem],
        9 => &[Packed(Zipmap, PAIR)],
        10 => &[Packed(Ziplist, ELEMENT)],
        11 => &[Packed(Intset, ELEMENT)],
        12 => &[Packed(Ziplist, SCORED)],
        13 => &[Packed(Ziplist, PAIR)],
        14 => &[Repeat, Packed(Ziplist, ELEMENT), Again],
        16 => &[Packed(Listpack, PAIR)],
        17 => &[Packed(Listpack, SCORED)],
        18 => &[Repeat, Node, Again],
        20 => &[Packed(Listpack, ELEMENT)],
        22 if valkey => &[Each, Text(Field), Text(Value), Bytes(8), Again],
        24 => &[Bytes(8), Each, Number, Text(Field), Text(Value), Again],
        25 => &[Bytes(8), Packed(Listpack, TRIPLE)],
        15 => stream!(nodes [], groups [], consumers 8),
        19 => stream!(nodes [Number, Number, Number, Number, Number], groups [Number], consumers 8),
        // Since 7.2, of consumers, when they were last active.
        21 => {
            stream!(nodes [Number, Number, Number, Number, Number], groups [Number], consumers 16)
        }
        _ => return None,
    })
}
