//! Replication without keys: the stream and its backlog, ids and offsets, the decision about a
//! `PSYNC`, and the states of both ends.
//!
//! Names are those of Redis and of ARCHITECTURE.md's glossary.

/// Largest stream offset accepted from a peer or a file. What a stream can still produce after it
/// fits into the signed 64 bits that offsets have on the wire.
pub const OFFSET_MAX: u64 = 1 << 62;

pub mod explain;
/// Longest piece of what a peer sent that a log line shows, in bytes.
const SHOWN_MAX: usize = 1024;

/// What a peer sent, for a log line: as it came, but for what could not stand in one.
pub(crate) fn for_log(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(SHOWN_MAX)];
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.extend(other.escape_ascii().map(char::from)),
        }
    }
    text
}

pub mod handshake;
pub mod psync;
pub mod state;
pub mod stream;
pub mod transfer;
