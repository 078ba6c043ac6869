//! Replication without keys: the stream and its backlog, ids and offsets, the decision about a
//! `PSYNC`, and the states of both ends.
//!
//! Names are those of Redis and of ARCHITECTURE.md's glossary.

/// Largest stream offset accepted from a peer or a file. What a stream can still produce after it
/// fits into the signed 64 bits that offsets have on the wire.
pub const OFFSET_MAX: u64 = 1 << 62;

pub mod explain;
pub mod handshake;
pub mod psync;
pub mod state;
pub mod stream;
pub mod transfer;
