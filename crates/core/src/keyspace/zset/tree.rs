//! The order of a large sorted set: a counted B+tree over (score, member id).
//!
//! Leaves hold the items in order, in two parallel arrays, and are linked both ways; inner nodes
//! hold for each child its first item and how many items are below it, so that an item's rank and
//! the item at a rank are one descent. Nodes live in two vectors and name each other by index.
//!
//! The tree knows no member: callers give predicates that are true for a leading part of the items
//! (`before`), which compare scores first and ask the member table on ties. Positions are ranks.
//!
//! # Invariants
//!
//! * Every leaf is at the same depth. No leaf is empty, except the root of an empty tree.
//! * `Inner::first` of a child is exactly the first item below it, `Inner::counts` exactly the
//!   number of items below it.
//! * A node that shrank below a quarter is merged with a neighbour if the two fit into three
//!   quarters of a node.

use std::hash::{Hash, Hasher};
use std::iter::FusedIterator;
use std::ops::Range;

/// Items in a leaf at most.
const LEAF: usize = 64;
/// Children of an inner node at most.
const FAN: usize = 64;
/// Nodes shrunk below this look for a neighbour to merge with.
const SMALL: usize = LEAF / 4;
/// Two neighbours are merged if the result has at most this many entries.
const MERGED_MAX: usize = LEAF * 3 / 4;
/// Fill of the nodes of a tree built at once: room for some insertions before a split.
const BUILD_FILL: usize = LEAF * 7 / 8;
/// No tree is higher: a node at level `k` splits at most once in `32^(k + 1)` insertions.
const HEIGHT_MAX: usize = 14;
/// No such node.
const NONE: u32 = u32::MAX;

/// One element: its score, and the id of its member in the set's table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) score: f64,
    pub(super) id: u32,
}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.score.to_bits(), self.id).hash(state);
    }
}

#[derive(Debug, Clone)]
struct Leaf {
    len: u32,
    prev: u32,
    next: u32,
    ids: [u32; LEAF],
    scores: [f64; LEAF],
}

impl Hash for Leaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.len, self.prev, self.next).hash(state);
        (0..self.len()).for_each(|at| self.item(at).hash(state));
    }
}

impl Leaf {
    const EMPTY: Self =
        Self { len: 0, prev: NONE, next: NONE, ids: [0; LEAF], scores: [0.0; LEAF] };

    fn len(&self) -> usize {
        self.len as usize
    }

    fn item(&self, at: usize) -> Item {
        Item { score: self.scores[at], id: self.ids[at] }
    }

    fn insert(&mut self, at: usize, item: Item) {
        let len = self.len();
        self.scores.copy_within(at..len, at + 1);
        self.ids.copy_within(at..len, at + 1);
        self.scores[at] = item.score;
        self.ids[at] = item.id;
        self.len += 1;
    }

    fn remove(&mut self, at: usize) {
        let len = self.len();
        self.scores.copy_within(at + 1..len, at);
        self.ids.copy_within(at + 1..len, at);
        self.len -= 1;
    }

    /// How many leading items satisfy `before`.
    fn partition(&self, before: impl FnMut(Item) -> bool) -> usize {
        partition(&self.scores[..self.len()], &self.ids[..self.len()], before)
    }
}

#[derive(Debug, Clone)]
struct Inner {
    len: u32,
    children: [u32; FAN],
    counts: [u32; FAN],
    first_ids: [u32; FAN],
    first_scores: [f64; FAN],
}

/// An entry of an inner node.
#[derive(Debug, Clone, Copy, Hash)]
struct Child {
    node: u32,
    count: u32,
    first: Item,
}

impl Hash for Inner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len.hash(state);
        (0..self.len()).for_each(|at| self.child(at).hash(state));
    }
}

impl Inner {
    const EMPTY: Self = Self {
        len: 0,
        children: [0; FAN],
        counts: [0; FAN],
        first_ids: [0; FAN],
        first_scores: [0.0; FAN],
    };

    fn len(&self) -> usize {
        self.len as usize
    }

    fn first(&self, at: usize) -> Item {
        Item { score: self.first_scores[at], id: self.first_ids[at] }
    }

    fn child(&self, at: usize) -> Child {
        Child { node: self.children[at], count: self.counts[at], first: self.first(at) }
    }

    fn set_first(&mut self, at: usize, item: Item) {
        self.first_scores[at] = item.score;
        self.first_ids[at] = item.id;
    }

    fn insert(&mut self, at: usize, child: Child) {
        let len = self.len();
        self.children.copy_within(at..len, at + 1);
        self.counts.copy_within(at..len, at + 1);
        self.first_ids.copy_within(at..len, at + 1);
        self.first_scores.copy_within(at..len, at + 1);
        self.children[at] = child.node;
        self.counts[at] = child.count;
        self.set_first(at, child.first);
        self.len += 1;
    }

    fn remove(&mut self, at: usize) {
        let len = self.len();
        self.children.copy_within(at + 1..len, at);
        self.counts.copy_within(at + 1..len, at);
        self.first_ids.copy_within(at + 1..len, at);
        self.first_scores.copy_within(at + 1..len, at);
        self.len -= 1;
    }

    fn total(&self) -> u32 {
        self.counts[..self.len()].iter().sum()
    }

    /// The child in which the last item that satisfies `before` is, or the first child.
    fn descend(&self, before: impl FnMut(Item) -> bool) -> usize {
        let len = self.len();
        partition(&self.first_scores[1..len], &self.first_ids[1..len], before)
    }
}

/// Binary search without unpredictable branches: how many leading entries satisfy `before`.
fn partition(scores: &[f64], ids: &[u32], mut before: impl FnMut(Item) -> bool) -> usize {
    let mut size = scores.len();
    if size == 0 {
        return 0;
    }
    let mut base = 0;
    let mut test = |at: usize| before(Item { score: scores[at], id: ids[at] });
    while size > 1 {
        let half = size / 2;
        base = if test(base + half - 1) { base + half } else { base };
        size -= half;
    }
    base + usize::from(test(base))
}

/// The way from the root to a place in a leaf.
#[derive(Debug, Clone, Copy)]
struct Path {
    /// Inner nodes from the root down, each with the index of the child taken.
    steps: [(u32, u32); HEIGHT_MAX],
    leaf: u32,
    at: usize,
}

/// See the module.
#[derive(Debug, Clone, Hash)]
pub(super) struct Tree {
    leaves: Vec<Leaf>,
    inners: Vec<Inner>,
    free_leaves: Vec<u32>,
    free_inners: Vec<u32>,
    /// A leaf if `height` is 0, else an inner node.
    root: u32,
    /// Levels of inner nodes.
    height: usize,
    len: usize,
}

impl Tree {
    /// A tree without items.
    pub(super) fn new() -> Self {
        Self {
            leaves: vec![Leaf::EMPTY],
            inners: Vec::new(),
            free_leaves: Vec::new(),
            free_inners: Vec::new(),
            root: 0,
            height: 0,
            len: 0,
        }
    }

    /// A tree of items that are already in order.
    pub(super) fn from_sorted(items: &[Item]) -> Self {
        let mut tree = Self::new();
        if items.is_empty() {
            return tree;
        }
        tree.leaves.clear();
        let mut level: Vec<Child> = Vec::with_capacity(items.len() / BUILD_FILL + 1);
        for chunk in items.chunks(BUILD_FILL) {
            let node = tree.leaves.len() as u32;
            let mut leaf = Leaf::EMPTY;
            for (at, item) in chunk.iter().enumerate() {
                leaf.scores[at] = item.score;
                leaf.ids[at] = item.id;
            }
            leaf.len = chunk.len() as u32;
            leaf.prev = node.checked_sub(1).unwrap_or(NONE);
            leaf.next = node + 1;
            tree.leaves.push(leaf);
            level.push(Child { node, count: chunk.len() as u32, first: chunk[0] });
        }
        if let Some(last) = tree.leaves.last_mut() {
            last.next = NONE;
        }
        tree.len = items.len();
        while level.len() > 1 {
            level = level.chunks(BUILD_FILL).map(|chunk| tree.build_inner(chunk)).collect();
            tree.height += 1;
        }
        tree.root = level[0].node;
        tree
    }

    fn build_inner(&mut self, children: &[Child]) -> Child {
        let mut inner = Inner::EMPTY;
        for (at, child) in children.iter().enumerate() {
            inner.insert(at, *child);
        }
        let child = Child {
            node: self.inners.len() as u32,
            count: inner.total(),
            first: children[0].first,
        };
        self.inners.push(inner);
        child
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that the nodes take.
    pub(super) fn memory(&self) -> usize {
        self.leaves.capacity() * size_of::<Leaf>() + self.inners.capacity() * size_of::<Inner>()
    }

    /// How many leading items satisfy `before`.
    pub(super) fn rank(&self, mut before: impl FnMut(Item) -> bool) -> usize {
        let mut node = self.root;
        let mut rank = 0;
        for _ in 0..self.height {
            let inner = &self.inners[node as usize];
            let at = inner.descend(&mut before);
            rank += inner.counts[..at].iter().map(|&c| c as usize).sum::<usize>();
            node = inner.children[at];
        }
        rank + self.leaves[node as usize].partition(before)
    }

    /// The items at these ranks, in order; iterate backwards with `rev`.
    pub(super) fn range(&self, ranks: Range<usize>) -> Items<'_> {
        let end = ranks.end.min(self.len);
        let start = ranks.start.min(end);
        Items { tree: self, left: end - start, start, end, front: None, back: None }
    }

    /// The leaf and the index in it of the item at `rank`, which must be below `len`.
    fn locate(&self, rank: usize) -> (u32, usize) {
        let path = self.path_to_rank(rank);
        (path.leaf, path.at)
    }

    /// The way to the first place that does not satisfy `before`, in the leaf of the last item
    /// that does.
    fn path(&self, mut before: impl FnMut(Item) -> bool) -> Path {
        let mut path = Path { steps: [(0, 0); HEIGHT_MAX], leaf: self.root, at: 0 };
        for step in &mut path.steps[..self.height] {
            let inner = &self.inners[path.leaf as usize];
            let at = inner.descend(&mut before);
            *step = (path.leaf, at as u32);
            path.leaf = inner.children[at];
        }
        path.at = self.leaves[path.leaf as usize].partition(before);
        path
    }

    /// Puts an item where `before` stops being true.
    pub(super) fn insert(&mut self, item: Item, before: impl FnMut(Item) -> bool) {
        let path = self.path(before);
        self.len += 1;
        for &(node, at) in &path.steps[..self.height] {
            self.inners[node as usize].counts[at as usize] += 1;
        }
        let leaf = &mut self.leaves[path.leaf as usize];
        if leaf.len() < LEAF {
            leaf.insert(path.at, item);
            if path.at == 0 {
                self.update_first(&path, self.height, item);
            }
            return;
        }
        let right = self.split_leaf(path.leaf, path.at);
        let left_len = self.leaves[path.leaf as usize].len();
        let (node, at) = if path.at > left_len || left_len == LEAF {
            (right, path.at - left_len)
        } else {
            (path.leaf, path.at)
        };
        self.leaves[node as usize].insert(at, item);
        if path.at == 0 {
            self.update_first(&path, self.height, item);
        }
        let leaf = &self.leaves[right as usize];
        let child = Child { node: right, count: leaf.len, first: leaf.item(0) };
        self.add_right(&path, self.height, child);
    }

    /// Moves the upper half of a full leaf into a new one, or nothing if items are being appended
    /// at the end of the tree, so that ascending insertions leave full leaves behind.
    fn split_leaf(&mut self, left: u32, at: usize) -> u32 {
        let source = &self.leaves[left as usize];
        let from = if at == LEAF && source.next == NONE { LEAF } else { LEAF / 2 };
        let mut leaf = Leaf::EMPTY;
        leaf.len = (LEAF - from) as u32;
        leaf.scores[..LEAF - from].copy_from_slice(&source.scores[from..]);
        leaf.ids[..LEAF - from].copy_from_slice(&source.ids[from..]);
        leaf.prev = left;
        leaf.next = source.next;
        let after = source.next;
        let right = alloc(&mut self.leaves, &mut self.free_leaves, leaf);
        if after != NONE {
            self.leaves[after as usize].prev = right;
        }
        let source = &mut self.leaves[left as usize];
        source.len = from as u32;
        source.next = right;
        right
    }

    /// Enters a node that was split off into its parent, at `path.steps[level - 1]`, right of the
    /// node it came from. That node's count still includes the new one's.
    fn add_right(&mut self, path: &Path, level: usize, child: Child) {
        let Some(above) = level.checked_sub(1) else {
            return self.grow_root(child);
        };
        let (node, at) = path.steps[above];
        let at = at as usize;
        let inner = &mut self.inners[node as usize];
        inner.counts[at] -= child.count;
        if inner.len() < FAN {
            inner.insert(at + 1, child);
            return;
        }
        let from = if at + 1 == FAN { FAN } else { FAN / 2 };
        let mut split = Inner::EMPTY;
        for index in from..FAN {
            split.insert(index - from, inner.child(index));
        }
        inner.len = from as u32;
        if at < from && from < FAN {
            inner.insert(at + 1, child);
        } else {
            split.insert(at + 1 - from, child);
        }
        let split_off = Child { node: 0, count: split.total(), first: split.first(0) };
        let node = alloc(&mut self.inners, &mut self.free_inners, split);
        self.add_right(path, above, Child { node, ..split_off });
    }

    /// A new root above the old one and the node split off it.
    fn grow_root(&mut self, right: Child) {
        let first = match self.height {
            0 => self.leaves[self.root as usize].item(0),
            _ => self.inners[self.root as usize].first(0),
        };
        let mut inner = Inner::EMPTY;
        let left = Child { node: self.root, count: self.len as u32 - right.count, first };
        inner.insert(0, left);
        inner.insert(1, right);
        self.root = alloc(&mut self.inners, &mut self.free_inners, inner);
        self.height += 1;
    }

    /// The first item below `path.steps[..level]` has changed: says so to all who note it.
    fn update_first(&mut self, path: &Path, level: usize, item: Item) {
        for &(node, at) in path.steps[..level].iter().rev() {
            self.inners[node as usize].set_first(at as usize, item);
            if at > 0 {
                return;
            }
        }
    }

    /// Takes out the last item that satisfies `upto` and returns it.
    pub(super) fn remove(&mut self, upto: impl FnMut(Item) -> bool) -> Option<Item> {
        let mut path = self.path(upto);
        path.at = path.at.checked_sub(1)?;
        Some(self.remove_at(&path))
    }

    /// Takes out the items at these ranks and returns them.
    pub(super) fn remove_ranks(&mut self, ranks: Range<usize>) -> Vec<Item> {
        let items: Vec<Item> = self.range(ranks.clone()).collect();
        if items.len() == self.len {
            *self = Self::new();
            return items;
        }
        for _ in &items {
            let path = self.path_to_rank(ranks.start);
            self.remove_at(&path);
        }
        items
    }

    /// The way to the item at `rank`, which must be below `len`.
    fn path_to_rank(&self, mut rank: usize) -> Path {
        let mut path = Path { steps: [(0, 0); HEIGHT_MAX], leaf: self.root, at: 0 };
        for step in &mut path.steps[..self.height] {
            let inner = &self.inners[path.leaf as usize];
            let mut at = 0;
            while rank >= inner.counts[at] as usize {
                rank -= inner.counts[at] as usize;
                at += 1;
            }
            *step = (path.leaf, at as u32);
            path.leaf = inner.children[at];
        }
        path.at = rank;
        path
    }

    fn remove_at(&mut self, path: &Path) -> Item {
        self.len -= 1;
        for &(node, at) in &path.steps[..self.height] {
            self.inners[node as usize].counts[at as usize] -= 1;
        }
        let leaf = &mut self.leaves[path.leaf as usize];
        let item = leaf.item(path.at);
        leaf.remove(path.at);
        let len = leaf.len();
        if path.at == 0 && len > 0 {
            let first = leaf.item(0);
            self.update_first(path, self.height, first);
        }
        if len < SMALL && self.height > 0 {
            self.shrink_leaf(path);
        }
        item
    }

    /// A leaf became small: merges it with a neighbour under the same parent, if they fit, or
    /// drops it when it is empty.
    fn shrink_leaf(&mut self, path: &Path) {
        let level = self.height - 1;
        let (parent, at) = path.steps[level];
        let (parent, at) = (parent as usize, at as usize);
        if self.leaves[path.leaf as usize].len == 0 {
            self.unlink_leaf(path.leaf);
            return self.drop_child(path, level, at);
        }
        for left in [at.wrapping_sub(1), at] {
            let inner = &self.inners[parent];
            if left >= inner.len() || left + 1 >= inner.len() {
                continue;
            }
            let (a, b) = (inner.children[left], inner.children[left + 1]);
            let (a_len, b_len) = (self.leaves[a as usize].len(), self.leaves[b as usize].len());
            if a_len + b_len > MERGED_MAX {
                continue;
            }
            let right = self.leaves[b as usize].clone();
            let target = &mut self.leaves[a as usize];
            target.scores[a_len..a_len + b_len].copy_from_slice(&right.scores[..b_len]);
            target.ids[a_len..a_len + b_len].copy_from_slice(&right.ids[..b_len]);
            target.len = (a_len + b_len) as u32;
            self.unlink_leaf(b);
            self.inners[parent].counts[left] += b_len as u32;
            return self.drop_child(path, level, left + 1);
        }
    }

    fn unlink_leaf(&mut self, leaf: u32) {
        let Leaf { prev, next, .. } = self.leaves[leaf as usize];
        if prev != NONE {
            self.leaves[prev as usize].next = next;
        }
        if next != NONE {
            self.leaves[next as usize].prev = prev;
        }
        self.free_leaves.push(leaf);
    }

    /// Takes entry `at` out of the inner node at `path.steps[level]`, and looks after that node.
    fn drop_child(&mut self, path: &Path, level: usize, at: usize) {
        let node = path.steps[level].0;
        let inner = &mut self.inners[node as usize];
        inner.remove(at);
        let len = inner.len();
        if at == 0 && len > 0 {
            let first = inner.first(0);
            self.update_first(path, level, first);
        }
        if level > 0 {
            if len == 0 {
                self.free_inners.push(node);
                self.drop_child(path, level - 1, path.steps[level - 1].1 as usize);
            } else if len < SMALL {
                self.shrink_inner(path, level);
            }
            return;
        }
        // The root: an only child takes its place, however deep that goes.
        while self.height > 0 && self.inners[self.root as usize].len() == 1 {
            self.free_inners.push(self.root);
            self.root = self.inners[self.root as usize].children[0];
            self.height -= 1;
        }
    }

    /// As [`Tree::shrink_leaf`], for the inner node at `path.steps[level]`.
    fn shrink_inner(&mut self, path: &Path, level: usize) {
        let (parent, at) = path.steps[level - 1];
        let (parent, at) = (parent as usize, at as usize);
        for left in [at.wrapping_sub(1), at] {
            let above = &self.inners[parent];
            if left >= above.len() || left + 1 >= above.len() {
                continue;
            }
            let (a, b) = (above.children[left], above.children[left + 1]);
            let (a_len, b_len) = (self.inners[a as usize].len(), self.inners[b as usize].len());
            if a_len + b_len > MERGED_MAX {
                continue;
            }
            let moved = above.counts[left + 1];
            for index in 0..b_len {
                let child = self.inners[b as usize].child(index);
                self.inners[a as usize].insert(a_len + index, child);
            }
            self.free_inners.push(b);
            self.inners[parent].counts[left] += moved;
            return self.drop_child(path, level - 1, left + 1);
        }
    }

    /// Changes the score of the last item that satisfies `upto`, if it keeps its place strictly
    /// between its neighbours' scores. Otherwise does nothing and returns false.
    pub(super) fn update(&mut self, score: f64, upto: impl FnMut(Item) -> bool) -> bool {
        let path = self.path(upto);
        let Some(at) = path.at.checked_sub(1) else { return false };
        let leaf = &self.leaves[path.leaf as usize];
        let below = match at {
            0 => self.leaves.get(leaf.prev as usize).map(|l| l.scores[l.len() - 1]),
            _ => Some(leaf.scores[at - 1]),
        };
        let above = match at + 1 == leaf.len() {
            true => self.leaves.get(leaf.next as usize).map(|l| l.scores[0]),
            false => Some(leaf.scores[at + 1]),
        };
        if below.is_some_and(|s| s >= score) || above.is_some_and(|s| s <= score) {
            return false;
        }
        self.leaves[path.leaf as usize].scores[at] = score;
        if at == 0 {
            let first = self.leaves[path.leaf as usize].item(0);
            self.update_first(&path, self.height, first);
        }
        true
    }
}

fn alloc<N>(nodes: &mut Vec<N>, free: &mut Vec<u32>, node: N) -> u32 {
    if let Some(index) = free.pop() {
        nodes[index as usize] = node;
        return index;
    }
    nodes.push(node);
    (nodes.len() - 1) as u32
}

/// Items at a range of ranks. Each end is looked up when it is first used.
#[derive(Debug, Clone)]
pub(super) struct Items<'a> {
    tree: &'a Tree,
    left: usize,
    start: usize,
    end: usize,
    front: Option<(u32, usize)>,
    /// The place after the next item from the back.
    back: Option<(u32, usize)>,
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let (mut node, mut at) = self.front.unwrap_or_else(|| self.tree.locate(self.start));
        let mut leaf = &self.tree.leaves[node as usize];
        if at == leaf.len() {
            (node, at) = (leaf.next, 0);
            leaf = &self.tree.leaves[node as usize];
        }
        self.front = Some((node, at + 1));
        Some(leaf.item(at))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let (mut node, mut at) = self.back.unwrap_or_else(|| {
            let (node, at) = self.tree.locate(self.end - 1);
            (node, at + 1)
        });
        if at == 0 {
            node = self.tree.leaves[node as usize].prev;
            at = self.tree.leaves[node as usize].len();
        }
        self.back = Some((node, at - 1));
        Some(self.tree.leaves[node as usize].item(at - 1))
    }
}

impl ExactSizeIterator for Items<'_> {}
impl FusedIterator for Items<'_> {}

#[cfg(test)]
mod tests;
