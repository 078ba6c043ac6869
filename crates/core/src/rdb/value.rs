//! Values in the stream: which types there are, and how each is read.

use super::cursor::{Cursor, Step, Stop, bad};
use super::format::{NODE_PACKED, NODE_PLAIN, value_type as t};
use super::sink::{Kind, Sink, Taken};
use crate::packed::{Elem, Intset, Listpack, PackedError, Ziplist, Zipmap};
use crate::resp::reply::IntBuf;
use std::collections::BTreeSet;

/// How the values of a type are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One string.
    One(One),
    /// A count, and so many of these.
    Many(Many),
}

/// What the one string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum One {
    String,
    Ziplist(Kind),
    Listpack(Kind),
    Zipmap,
    Intset,
}

/// What the elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Many {
    ListItem,
    SetItem,
    TextScore,
    BinaryScore,
    HashField,
    Ziplist,
    Node,
}

/// The kind and layout of a type that can be read.
pub(super) fn layout(value_type: u8) -> Option<(Kind, Layout)> {
    Some(match value_type {
        t::STRING => (Kind::String, Layout::One(One::String)),
        t::LIST => (Kind::List, Layout::Many(Many::ListItem)),
        t::SET => (Kind::Set, Layout::Many(Many::SetItem)),
        t::ZSET => (Kind::ZSet, Layout::Many(Many::TextScore)),
        t::HASH => (Kind::Hash, Layout::Many(Many::HashField)),
        t::ZSET_2 => (Kind::ZSet, Layout::Many(Many::BinaryScore)),
        t::HASH_ZIPMAP => (Kind::Hash, Layout::One(One::Zipmap)),
        t::LIST_ZIPLIST => (Kind::List, Layout::One(One::Ziplist(Kind::List))),
        t::SET_INTSET => (Kind::Set, Layout::One(One::Intset)),
        t::ZSET_ZIPLIST => (Kind::ZSet, Layout::One(One::Ziplist(Kind::ZSet))),
        t::HASH_ZIPLIST => (Kind::Hash, Layout::One(One::Ziplist(Kind::Hash))),
        t::LIST_QUICKLIST => (Kind::List, Layout::Many(Many::Ziplist)),
        t::HASH_LISTPACK => (Kind::Hash, Layout::One(One::Listpack(Kind::Hash))),
        t::ZSET_LISTPACK => (Kind::ZSet, Layout::One(One::Listpack(Kind::ZSet))),
        t::LIST_QUICKLIST_2 => (Kind::List, Layout::Many(Many::Node)),
        t::SET_LISTPACK => (Kind::Set, Layout::One(One::Listpack(Kind::Set))),
        _ => return None,
    })
}

/// What a type that cannot be read is, if it is one at all.
pub(super) fn unreadable(value_type: u8) -> Option<&'static str> {
    Some(match value_type {
        t::STREAM_LISTPACKS | t::STREAM_LISTPACKS_2 | t::STREAM_LISTPACKS_3 => "a stream",
        t::MODULE | t::MODULE_2 => "a value of a module",
        t::HASH_METADATA | t::HASH_LISTPACK_EX => "a hash whose fields expire",
        22 | 23 | 26..=28 => "a value of a type newer than those known here",
        _ => return None,
    })
}

/// The name that a module's 64-bit id stands for: nine characters of six bits, then the version.
pub(super) fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..9).map(|n| char::from(LETTERS[(id >> (58 - 6 * n)) as usize & 63])).collect()
}

/// Hands values to a sink, announcing the key only once there is something under it.
pub(super) struct Out<'s, S> {
    pub(super) sink: &'s mut S,
    pub(super) key: &'s [u8],
    pub(super) meta: &'s super::Meta,
    /// Whether the key was announced.
    pub(super) begun: &'s mut bool,
}

impl<S: Sink> Out<'_, S> {
    fn give(&mut self, give: impl FnOnce(&mut S) -> Taken) -> Step<()> {
        if !*self.begun {
            self.sink.begin(self.key, self.meta).map_err(Stop::Refused)?;
            *self.begun = true;
        }
        give(self.sink).map_err(Stop::Refused)
    }

    /// Reads a value that is one string.
    pub(super) fn one(&mut self, one: One, cursor: &mut Cursor<'_>) -> Step<()> {
        let text = cursor.string()?;
        match one {
            One::String => self.give(|sink| sink.string(text.elem())),
            One::Ziplist(kind) => {
                let list = Ziplist::from_bytes(text.into_vec()).map_err(corrupt)?.to_listpack();
                distinct(kind, &list)?;
                self.listpack(kind, list)
            }
            One::Listpack(kind) => {
                let list = Listpack::from_bytes(text.into_vec()).map_err(corrupt)?;
                self.listpack(kind, list)
            }
            One::Zipmap => {
                let list = Zipmap::from_bytes(text.into_vec()).map_err(corrupt)?.to_listpack();
                distinct(Kind::Hash, &list)?;
                self.listpack(Kind::Hash, list)
            }
            One::Intset => {
                let set = Intset::from_bytes(text.into_vec()).map_err(corrupt)?;
                if set.is_empty() {
                    return Ok(());
                }
                self.give(|sink| sink.intset(set))
            }
        }
    }

    /// Reads one element of a value of many.
    pub(super) fn element(&mut self, many: Many, cursor: &mut Cursor<'_>) -> Step<()> {
        match many {
            Many::ListItem | Many::SetItem => {
                let item = cursor.string()?;
                let mut digits = IntBuf::new();
                let item = item.bytes(&mut digits);
                if many == Many::ListItem {
                    self.give(|sink| sink.list_item(item))
                } else {
                    self.give(|sink| sink.set_item(item))
                }
            }
            Many::HashField => {
                let (field, value) = (cursor.string()?, cursor.string()?);
                let (mut a, mut b) = (IntBuf::new(), IntBuf::new());
                self.give(|sink| sink.hash_field(field.bytes(&mut a), value.bytes(&mut b)))
            }
            Many::TextScore | Many::BinaryScore => {
                let member = cursor.string()?;
                let score = match many {
                    Many::TextScore => cursor.text_double()?,
                    _ => f64::from_le_bytes(cursor.array()?),
                };
                if score.is_nan() {
                    return bad("a score that is NaN");
                }
                self.give(|sink| sink.zset_item(member.bytes(&mut IntBuf::new()), score))
            }
            Many::Ziplist => {
                let text = cursor.string()?;
                let list = Ziplist::from_bytes(text.into_vec()).map_err(corrupt)?.to_listpack();
                self.listpack(Kind::List, list)
            }
            Many::Node => {
                let container = cursor.length()?;
                if container != NODE_PLAIN && container != NODE_PACKED {
                    return bad(format!("unknown form {container} of a list's node"));
                }
                let text = cursor.string()?;
                if container == NODE_PLAIN {
                    let mut digits = IntBuf::new();
                    return self.give(|sink| sink.list_item(text.bytes(&mut digits)));
                }
                let list = Listpack::from_bytes(text.into_vec()).map_err(corrupt)?;
                self.listpack(Kind::List, list)
            }
        }
    }

    fn listpack(&mut self, kind: Kind, list: Listpack) -> Step<()> {
        if list.is_empty() {
            return Ok(());
        }
        if matches!(kind, Kind::Hash | Kind::ZSet) && list.len() % 2 == 1 {
            return bad("a packed collection of pairs with an odd number of elements");
        }
        if kind == Kind::ZSet && !list.iter().skip(1).step_by(2).all(is_score) {
            return bad("a packed sorted set with a score that is not a number");
        }
        self.give(|sink| match kind {
            Kind::List => sink.list_node(list),
            Kind::Set => sink.set_listpack(list),
            Kind::Hash => sink.hash_listpack(list),
            Kind::ZSet => sink.zset_listpack(list),
            Kind::String => unreachable!("strings are not packed"),
        })
    }
}

fn corrupt(error: PackedError) -> Stop {
    Stop::Bad(error.to_string())
}

fn is_score(elem: Elem<'_>) -> bool {
    elem.as_f64().is_some_and(|score| !score.is_nan())
}

/// Ziplists and zipmaps with the same field or member twice are refused, as Redis 7.0 does when
/// it converts them.
fn distinct(kind: Kind, list: &Listpack) -> Step<()> {
    if kind == Kind::List {
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    if list.iter().step_by(2).all(|elem| seen.insert(elem.to_vec())) {
        return Ok(());
    }
    bad("a packed collection with the same element twice")
}
