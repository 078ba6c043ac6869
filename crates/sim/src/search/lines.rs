//! Lists.
pub const LINES: &[&str] = &[];
pub(super) const TRANSITIONS: &[&str] = &[];
