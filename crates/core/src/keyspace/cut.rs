//! Snapshots without fork: the incremental cut.

use super::{Db, Keyspace};

/// A snapshot in progress.
#[derive(Debug, Clone)]
pub(super) struct Cut {}

impl Keyspace {
    /// Shows the bucket of a key that is about to change to the snapshot in progress.
    #[inline]
    pub(super) fn show_to_cut(&mut self, db: usize, hash: u64) {
        let _ = (db, hash);
    }

    /// Gives a database that was emptied to the snapshot in progress, if it needs it.
    pub(super) fn leave_to_cut(&mut self, db: Db) {
        drop(db);
    }
}
