//! Sets.

/// A set.
#[derive(Debug, Clone, Default)]
pub struct Set {}
