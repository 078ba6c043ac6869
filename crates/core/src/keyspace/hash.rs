//! Hashes.

/// A hash.
#[derive(Debug, Clone, Default)]
pub struct Hash {}
