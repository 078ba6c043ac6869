//! Snapshots without fork: the incremental cut.
