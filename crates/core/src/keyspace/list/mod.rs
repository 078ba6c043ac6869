//! Lists: a sequence of packed runs, Redis's quicklist.
//!
//! Elements live in [`chunk::Chunk`]s of at most `list-max-listpack-size`; an element that no chunk
//! may hold has a node of its own. Reaching an index costs a walk over the nodes from the nearer
//! end, everything at the ends is constant time.
//!
//! # Invariants
//!
//! * No node is empty.
//! * `len` is the sum of the nodes' lengths.

mod chunk;
mod iter;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use chunk::Chunk;
pub use iter::{Iter, Matches};

use crate::keyspace::size::{Bytes, bytes};
use crate::keyspace::value::Part;
use crate::packed::{Elem, Encoded, Listpack};
use crate::rdb::Writer;
use crate::rdb::format::{NODE_PACKED, value_type};

bytes! { List = 40; Node = 32; }

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The left end, with index 0.
    Head,
    /// The right end, with index -1.
    Tail,
}

/// A list.
#[derive(Debug, Clone, Default, Hash)]
pub struct List {
    nodes: VecDeque<Node>,
    len: usize,
}

#[derive(Debug, Clone, Hash)]
enum Node {
    Packed(Chunk),
    /// One element that is too large for a chunk.
    Plain(Box<[u8]>),
}

/// Bytes of a listpack besides its entries.
const OVERHEAD: usize = 7;

/// How much a node may hold: `list-max-listpack-size`.
#[derive(Debug, Clone, Copy)]
struct Room {
    entries: usize,
    bytes: usize,
}

impl Room {
    /// Redis bounds the bytes of a node even where it counts entries.
    const BYTES_WHEN_COUNTING: usize = 8192;

    fn new(list_size: i64) -> Self {
        match list_size {
            1.. => Self { entries: list_size as usize, bytes: Self::BYTES_WHEN_COUNTING },
            0 => Self { entries: 1, bytes: Self::BYTES_WHEN_COUNTING },
            _ => Self { entries: usize::MAX, bytes: 2048 << -list_size.max(-5) },
        }
    }

    /// Whether a value needs a node of its own.
    fn too_large(self, value: &[u8]) -> bool {
        value.len() >= self.bytes
    }

    fn fits(self, chunk: &Chunk, new: &Encoded<'_>) -> bool {
        chunk.len() < self.entries && OVERHEAD + chunk.entries().len() + new.len() <= self.bytes
    }
}

impl Node {
    fn new(value: &[u8], room: Room) -> Self {
        if room.too_large(value) {
            return Self::Plain(value.into());
        }
        let mut chunk = Chunk::default();
        chunk.push_back(&Encoded::new(value.into()));
        Self::Packed(chunk)
    }

    fn len(&self) -> usize {
        match self {
            Self::Packed(chunk) => chunk.len(),
            Self::Plain(_) => 1,
        }
    }

    fn get(&self, index: usize) -> Elem<'_> {
        match self {
            Self::Packed(chunk) => chunk.get(index),
            Self::Plain(bytes) => Elem::Bytes(bytes),
        }
    }

    /// Removes some entries, but not all.
    fn remove(&mut self, index: usize, count: usize) {
        if let Self::Packed(chunk) = self {
            match index {
                0 => chunk.drop_front(count),
                _ if index + count == chunk.len() => chunk.drop_back(count),
                _ => chunk.remove(index, count),
            }
        }
    }
}

impl List {
    /// An empty list.
    pub fn new() -> Self {
        // Most lists are small: one node, and no room for more.
        Self { nodes: VecDeque::with_capacity(1), len: 0 }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The name of its encoding in `OBJECT ENCODING`.
    pub fn encoding(&self) -> &'static str {
        "quicklist"
    }

    /// Bytes on the heap, the list's own struct included.
    pub fn memory(&self) -> usize {
        let nodes = self.nodes.iter().map(|node| match node {
            Node::Packed(chunk) => chunk.capacity(),
            Node::Plain(bytes) => bytes.len(),
        });
        Self::BYTES + self.nodes.capacity() * Node::BYTES + nodes.sum::<usize>()
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    // Reading.

    /// The position of a client's index, where negative ones count from the end.
    pub fn index(&self, index: i64) -> Option<usize> {
        let index = if index < 0 { index.checked_add_unsigned(self.len as u64)? } else { index };
        usize::try_from(index).ok().filter(|index| *index < self.len)
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Elem<'_>> {
        if index >= self.len {
            return None;
        }
        let (node, offset) = self.locate(index);
        Some(self.nodes[node].get(offset))
    }

    /// The element at an end.
    pub fn peek(&self, end: End) -> Option<Elem<'_>> {
        let node = match end {
            End::Head => self.nodes.front()?,
            End::Tail => self.nodes.back()?,
        };
        Some(match (node, end) {
            (Node::Packed(chunk), End::Head) => chunk.front(),
            (Node::Packed(chunk), End::Tail) => chunk.back(),
            (Node::Plain(bytes), _) => Elem::Bytes(bytes),
        })
    }

    /// The elements, from either end.
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self, 0)
    }

    /// The elements from `index` on.
    pub fn iter_from(&self, index: usize) -> Iter<'_> {
        Iter::new(self, index)
    }

    /// The indexes of the elements equal to `value`, beginning at `from`.
    pub fn matches<'a>(&'a self, value: &'a [u8], from: End) -> Matches<'a> {
        Matches::new(self, value, from)
    }

    /// The node that holds element `index` (below `len`), and the element's place in it.
    fn locate(&self, index: usize) -> (usize, usize) {
        if index < self.len / 2 {
            let mut before = 0;
            for (at, node) in self.nodes.iter().enumerate() {
                if index < before + node.len() {
                    return (at, index - before);
                }
                before += node.len();
            }
        } else {
            let mut start = self.len;
            for (at, node) in self.nodes.iter().enumerate().rev() {
                start -= node.len();
                if index >= start {
                    return (at, index - start);
                }
            }
        }
        unreachable!("index {index} of a list of {}", self.len)
    }

    // Changing.

    /// Adds an element at an end. `list_size` is `list-max-listpack-size`.
    pub fn push(&mut self, end: End, value: &[u8], list_size: i64) {
        let room = Room::new(list_size);
        self.len += 1;
        let last = match end {
            End::Head => self.nodes.front_mut(),
            End::Tail => self.nodes.back_mut(),
        };
        if let Some(Node::Packed(chunk)) = last
            && !room.too_large(value)
        {
            let new = Encoded::new(value.into());
            if room.fits(chunk, &new) {
                return match end {
                    End::Head => chunk.push_front(&new),
                    End::Tail => chunk.push_back(&new),
                };
            }
        }
        match end {
            End::Head => self.nodes.push_front(Node::new(value, room)),
            End::Tail => self.nodes.push_back(Node::new(value, room)),
        }
    }

    /// Takes up to `count` elements off an end.
    pub fn drop(&mut self, end: End, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while left > 0 {
            let node = match end {
                End::Head => self.nodes.front_mut(),
                End::Tail => self.nodes.back_mut(),
            };
            let Some(node) = node else { return };
            let len = node.len();
            if left < len {
                return node.remove(if end == End::Head { 0 } else { len - left }, left);
            }
            left -= len;
            match end {
                End::Head => self.nodes.pop_front(),
                End::Tail => self.nodes.pop_back(),
            };
        }
    }

    /// Puts an element before element `index` (at most `len`).
    pub fn insert(&mut self, index: usize, value: &[u8], list_size: i64) {
        if index == 0 || index >= self.len {
            return self.push(if index == 0 { End::Head } else { End::Tail }, value, list_size);
        }
        let room = Room::new(list_size);
        let (at, offset) = self.locate(index);
        self.len += 1;
        if !room.too_large(value) && self.insert_packed(at, offset, value, room) {
            return;
        }
        let mut at = at;
        if offset > 0 {
            at += 1;
            if let Node::Packed(chunk) = &mut self.nodes[at - 1] {
                let behind = chunk.split_off(offset);
                self.nodes.insert(at, Node::Packed(behind));
            }
            if !room.too_large(value) && self.insert_packed(at, 0, value, room) {
                return;
            }
        }
        self.nodes.insert(at, Node::new(value, room));
    }

    /// Inserts into node `at`, or at the end of the node before it, if there is room.
    fn insert_packed(&mut self, at: usize, offset: usize, value: &[u8], room: Room) -> bool {
        let new = Encoded::new(value.into());
        if let Node::Packed(chunk) = &mut self.nodes[at]
            && room.fits(chunk, &new)
        {
            chunk.insert(offset, &new);
            return true;
        }
        if offset == 0
            && at > 0
            && let Node::Packed(chunk) = &mut self.nodes[at - 1]
            && room.fits(chunk, &new)
        {
            chunk.push_back(&new);
            return true;
        }
        false
    }

    /// Replaces element `index`, which must exist.
    pub fn set(&mut self, index: usize, value: &[u8], list_size: i64) {
        let room = Room::new(list_size);
        let (at, offset) = self.locate(index);
        let node = &mut self.nodes[at];
        if node.len() == 1 {
            *node = Node::new(value, room);
            return;
        }
        if let Node::Packed(chunk) = node
            && !room.too_large(value)
        {
            let new = Encoded::new(value.into());
            if OVERHEAD + chunk.entries().len() + new.len() <= room.bytes {
                return chunk.set(offset, &new);
            }
        }
        node.remove(offset, 1);
        self.len -= 1;
        self.insert(index, value, list_size);
    }

    /// Removes the elements from `start` up to, but not including, `end`.
    pub fn remove_range(&mut self, start: usize, end: usize) {
        let end = end.min(self.len);
        if start == 0 {
            return self.drop(End::Head, end);
        }
        if start >= end {
            return;
        }
        let (mut at, offset) = self.locate(start);
        let mut left = end - start;
        self.len -= left;
        if offset > 0 {
            let here = left.min(self.nodes[at].len() - offset);
            self.nodes[at].remove(offset, here);
            left -= here;
            at += 1;
        }
        let first = at;
        while left > 0 && self.nodes[at].len() <= left {
            left -= self.nodes[at].len();
            at += 1;
        }
        if left > 0 {
            self.nodes[at].remove(0, left);
        }
        self.nodes.drain(first..at);
    }

    /// Removes up to `most` elements equal to `value`, beginning at `from`. Returns how many.
    pub fn remove_matching(&mut self, value: &[u8], from: End, most: usize) -> usize {
        let needle = Elem::from(value);
        let mut removed = 0;
        let mut emptied = false;
        let mut visit = |node: &mut Node| {
            if removed < most {
                removed += remove_from_node(node, needle, from, most - removed);
                emptied |= node.len() == 0;
            }
        };
        match from {
            End::Head => self.nodes.iter_mut().for_each(&mut visit),
            End::Tail => self.nodes.iter_mut().rev().for_each(&mut visit),
        }
        if emptied {
            self.nodes.retain(|node| node.len() > 0);
        }
        self.len -= removed;
        removed
    }

    // Saving and loading.

    /// The type it has in an RDB file of the writer's version.
    pub fn rdb_type(&self, writer: &Writer) -> u8 {
        if writer.knows(value_type::LIST_QUICKLIST_2) {
            value_type::LIST_QUICKLIST_2
        } else {
            value_type::LIST
        }
    }

    /// Writes what follows the key in an RDB file, as [`List::rdb_type`].
    pub fn save(&self, writer: &mut Writer, part: Part) -> Option<Part> {
        let from = part.from as usize;
        if !writer.knows(value_type::LIST_QUICKLIST_2) {
            if part.is_first() {
                writer.length(self.len as u64);
            }
            return part.write(writer, (part.from..).zip(self.iter_from(from)), Writer::elem);
        }
        if part.is_first() {
            writer.length(self.nodes.len() as u64);
        }
        let mut listpack = Vec::new();
        let nodes = (part.from..).zip(self.nodes.range(from.min(self.nodes.len())..));
        part.write(writer, nodes, |writer, node| match node {
            Node::Packed(chunk) => {
                chunk.write_listpack(&mut listpack);
                writer.length(NODE_PACKED);
                writer.string(&listpack);
            }
            Node::Plain(element) => writer.list_plain_node(element),
        })
    }

    /// Into how many parts [`List::save`] can be divided.
    pub fn parts(&self) -> usize {
        self.nodes.len()
    }

    /// Adds the elements of a listpack as one node at the tail.
    pub fn push_listpack(&mut self, listpack: Listpack) {
        let count = listpack.len();
        if count > 0 {
            self.len += count;
            self.nodes.push_back(Node::Packed(Chunk::from_listpack(listpack, count)));
        }
    }

    /// Adds one element as a node of its own at the tail.
    pub fn push_plain(&mut self, value: &[u8]) {
        self.len += 1;
        self.nodes.push_back(Node::Plain(value.into()));
    }
}

/// Removes up to `most` elements equal to `needle` from one node. An emptied plain node becomes an
/// empty chunk, which the caller removes.
fn remove_from_node(node: &mut Node, needle: Elem<'_>, from: End, most: usize) -> usize {
    match node {
        Node::Plain(bytes) if needle.eq_bytes(bytes) => {
            *node = Node::Packed(Chunk::default());
            1
        }
        Node::Plain(_) => 0,
        Node::Packed(chunk) => {
            let mut spare = 0;
            if from == End::Tail {
                let matches = chunk.iter().filter(|elem| *elem == needle).count();
                spare = matches.saturating_sub(most);
            }
            let mut left = most;
            chunk.remove_where(|elem| {
                if left == 0 || elem != needle {
                    return false;
                }
                if spare > 0 {
                    spare -= 1;
                    return false;
                }
                left -= 1;
                true
            })
        }
    }
}
