//! Counters, as `INFO stats` shows them.

use crate::sorted::Sorted;

/// What a node has counted since it started (or since `CONFIG RESETSTAT`).
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Stats {
    pub(crate) connections_received: u64,
    pub(crate) rejected_connections: u64,
    pub(crate) commands_processed: u64,
    /// Pieces of input taken and of output given (`total_reads_processed`...).
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    /// Time spent on deleting expired keys, as far as there is a clock.
    pub(crate) expire_nanos: u64,
    pub(crate) net_input_bytes: u64,
    pub(crate) net_output_bytes: u64,
    pub(crate) net_repl_input_bytes: u64,
    pub(crate) net_repl_output_bytes: u64,
    pub(crate) sync_full: u64,
    pub(crate) sync_partial_ok: u64,
    pub(crate) sync_partial_err: u64,
    pub(crate) evicted_keys: u64,
    pub(crate) error_replies: u64,
    /// Error replies by code (`INFO errorstats`).
    pub(crate) errors: Sorted<String, u64>,
    pub(crate) unexpected_error_replies: u64,
}

impl Stats {
    /// Counts an error reply by its code.
    pub(crate) fn error_reply(&mut self, code: &str) {
        self.error_replies += 1;
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            // Codes come from this program's own texts, so there are few.
            None => {
                self.errors.insert(code.to_owned(), 1);
            }
        }
    }
}
