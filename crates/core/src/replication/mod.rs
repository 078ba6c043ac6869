//! Replication without keys: the stream and its backlog, ids and offsets, the decision about a
//! `PSYNC`, and the states of both ends.
//!
//! Names are those of Redis and of ARCHITECTURE.md's glossary.

pub mod handshake;
pub mod psync;
pub mod state;
pub mod stream;
pub mod transfer;
