//! Lists.

/// A list.
#[derive(Debug, Clone, Default)]
pub struct List {}
