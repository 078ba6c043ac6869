//! Sorted sets.

mod tree;

/// A sorted set.
#[derive(Debug, Clone, Default)]
pub struct ZSet {}
