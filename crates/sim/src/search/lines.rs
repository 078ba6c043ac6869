//! The log lines of replication, and the reasons of its transitions: what a search may reach.

/// Templates of log lines, in which `*` stands for any text.
pub const LINES: &[&str] = &[];

/// Reasons of transitions of the links' states.
pub(super) const TRANSITIONS: &[&str] = &[];
