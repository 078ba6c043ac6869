//! The names that a scenario gives: to its nodes, and to values it remembers.

use std::fmt;

use super::acts::adds_node;
use crate::ids::NodeId;
use crate::script::Intervention;

/// The names of nodes, in the order of their ids, and of what `let` remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    nodes: Vec<String>,
    remembered: Vec<String>,
}

/// Words that would be taken for something else.
const RESERVED: &[&str] = &["all", "not", "bytes", "times", "count"];

impl Names {
    /// Gives the next node a name. False: it is taken, or not fit to be one.
    pub fn add(&mut self, name: &str) -> bool {
        let fit = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let starts = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        let free = self.find(name).is_none() && !RESERVED.contains(&name);
        let good = fit && starts && free;
        if good {
            self.nodes.push(name.to_owned());
        }
        good
    }

    /// An intervention may add a node: it gets this name, or one by its number.
    pub(super) fn grow(&mut self, what: &Intervention, name: Option<&str>) {
        if adds_node(what) {
            let number = format!("node-{}", self.nodes.len() + 1);
            if !self.add(name.unwrap_or(&number)) {
                self.nodes.push(number);
            }
        }
    }

    /// The node of this name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|known| known == name).map(|at| NodeId(at as u32))
    }

    /// The name of a node; a node that has none is called by its number.
    pub fn of(&self, node: NodeId) -> String {
        self.nodes.get(node.0 as usize).cloned().unwrap_or_else(|| format!("node-{}", node.0 + 1))
    }

    /// `let` gives a value a name. False: it has been given, or is not fit to be one.
    pub(super) fn remember(&mut self, name: &str) -> bool {
        let fit = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let good = fit && !name.is_empty() && !self.remembers(name);
        if good {
            self.remembered.push(name.to_owned());
        }
        good
    }

    /// Whether `let` gave something this name.
    pub(super) fn remembers(&self, name: &str) -> bool {
        self.remembered.iter().any(|known| known == name)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.nodes.join(", "))
    }
}
