//! Iterators over lists.

use std::collections::vec_deque;

use super::chunk::Run;
use super::{End, List, Node};
use crate::packed::Elem;

/// The elements of a list, from either end.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    front: NodeIter<'a>,
    nodes: vec_deque::Iter<'a, Node>,
    back: NodeIter<'a>,
}

impl<'a> Iter<'a> {
    /// The elements from `index` on.
    pub(super) fn new(list: &'a List, index: usize) -> Self {
        let empty = NodeIter::Plain(None);
        if index >= list.len {
            return Self { front: empty.clone(), nodes: vec_deque::Iter::default(), back: empty };
        }
        let (at, offset) = list.locate(index);
        let mut nodes = list.nodes.range(at..);
        let front = nodes.next().map_or(empty.clone(), |node| NodeIter::new(node, offset));
        Self { front, nodes, back: empty }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Elem<'a>;

    #[inline]
    fn next(&mut self) -> Option<Elem<'a>> {
        loop {
            if let Some(elem) = self.front.next() {
                return Some(elem);
            }
            match self.nodes.next() {
                Some(node) => self.front = NodeIter::new(node, 0),
                None => return self.back.next(),
            }
        }
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    #[inline]
    fn next_back(&mut self) -> Option<Elem<'a>> {
        loop {
            if let Some(elem) = self.back.next_back() {
                return Some(elem);
            }
            match self.nodes.next_back() {
                Some(node) => self.back = NodeIter::new(node, 0),
                None => return self.front.next_back(),
            }
        }
    }
}

#[derive(Debug, Clone)]
enum NodeIter<'a> {
    Run(Run<'a>),
    Plain(Option<&'a [u8]>),
}

impl<'a> NodeIter<'a> {
    fn new(node: &'a Node, index: usize) -> Self {
        match node {
            Node::Packed(chunk) => Self::Run(chunk.iter_from(index)),
            Node::Plain(bytes) => Self::Plain(Some(bytes)),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<Elem<'a>> {
        match self {
            Self::Run(run) => run.next(),
            Self::Plain(bytes) => bytes.take().map(Elem::Bytes),
        }
    }

    #[inline]
    fn next_back(&mut self) -> Option<Elem<'a>> {
        match self {
            Self::Run(run) => run.next_back(),
            Self::Plain(bytes) => bytes.take().map(Elem::Bytes),
        }
    }
}

/// The indexes of the elements equal to a value, from one end.
#[derive(Debug, Clone)]
pub struct Matches<'a> {
    elements: Iter<'a>,
    needle: Elem<'a>,
    from: End,
    /// Index of the next element to look at from the head, one past it from the tail.
    at: usize,
}

impl<'a> Matches<'a> {
    pub(super) fn new(list: &'a List, value: &'a [u8], from: End) -> Self {
        let at = if from == End::Head { 0 } else { list.len };
        Self { elements: list.iter(), needle: Elem::from(value), from, at }
    }
}

impl Iterator for Matches<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let needle = self.needle;
        match self.from {
            End::Head => {
                let passed = self.elements.position(|elem| elem == needle)?;
                self.at += passed + 1;
                Some(self.at - 1)
            }
            End::Tail => {
                let passed = self.elements.by_ref().rev().position(|elem| elem == needle)?;
                self.at -= passed + 1;
                Some(self.at)
            }
        }
    }
}
