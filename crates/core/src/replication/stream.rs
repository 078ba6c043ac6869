//! The replication stream: one buffer of blocks that the backlog and all replicas share.
//!
//! A replica's link is an offset into this buffer, so a further replica costs no copy of the
//! stream. The backlog is one more reader: it keeps the last `repl-backlog-size` bytes for replicas
//! that come back.
//!
//! # Invariants
//!
//! * `first_byte_offset + histlen == master_repl_offset + 1` while the backlog is active.
//! * A byte is released only when it lies outside the backlog's window and no reader still needs
//!   it.

use std::collections::VecDeque;

use super::psync::{BacklogView, MasterView, Retired, Retirement};
use crate::id::ReplId;
use crate::mutants::{Mutant, mutant};
use crate::rng::Rng;

/// Bytes in a block of a [`SharedBuffer`]. Memory is released block by block.
pub const BLOCK: usize = 16 * 1024;

/// Blocks kept for reuse when the front of the buffer is released, so that a stream in steady state
/// allocates nothing.
const SPARE_BLOCKS_MAX: usize = 4;

/// Bytes with absolute positions, appended at the end, released at the front, read by any number of
/// readers that remember their position.
#[derive(Debug, Clone, Default, Hash)]
pub struct SharedBuffer {
    blocks: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
    /// Position of the first byte of the first block.
    base: u64,
    /// Position of the first byte that is still promised to readers.
    start: u64,
    end: u64,
}

impl SharedBuffer {
    /// An empty buffer whose first byte will have this position.
    pub fn starting_at(position: u64) -> Self {
        Self { base: position, start: position, end: position, ..Self::default() }
    }

    /// Position of the oldest byte held.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Position after the newest byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Appends bytes.
    pub fn append(&mut self, mut bytes: &[u8]) {
        self.end += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = self.blocks.back().map_or(0, |block| BLOCK - block.len());
            if room == 0 {
                let block = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK));
                self.blocks.push_back(block);
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Some(block) = self.blocks.back_mut() {
                block.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    /// Lets go of everything before `position`.
    pub fn release_before(&mut self, position: u64) {
        self.start = position.clamp(self.start, self.end);
        while self.start - self.base >= BLOCK as u64 {
            let Some(mut block) = self.blocks.pop_front() else { break };
            self.base += block.len() as u64;
            if self.spare.len() < SPARE_BLOCKS_MAX {
                block.clear();
                self.spare.push(block);
            }
        }
        if self.start == self.end {
            // Nothing is promised: the next byte may start a block of its own.
            if let Some(mut block) = self.blocks.pop_back() {
                block.clear();
                if self.spare.len() < SPARE_BLOCKS_MAX {
                    self.spare.push(block);
                }
            }
            self.blocks.clear();
            self.base = self.end;
        }
    }

    /// The bytes from `position` on, as slices in order. A position outside what is held yields
    /// nothing.
    pub fn slices_from(&self, position: u64) -> impl Iterator<Item = &[u8]> {
        let inside = position >= self.start && position < self.end;
        let skip = if inside { (position - self.base) as usize } else { 0 };
        let blocks = if inside { self.blocks.len() } else { 0 };
        self.blocks
            .iter()
            .take(blocks)
            .skip(skip / BLOCK)
            .enumerate()
            .map(move |(i, block)| if i == 0 { &block[skip % BLOCK..] } else { block.as_slice() })
    }

    /// Bytes of memory in use.
    pub fn memory(&self) -> usize {
        (self.blocks.len() + self.spare.len()) * BLOCK
    }
}

/// Ids, offsets and bytes of this node's replication history.
#[derive(Debug, Clone, Hash)]
pub struct ReplStream {
    replid: ReplId,
    replid2: ReplId,
    second_replid_offset: i64,
    master_repl_offset: u64,
    buffer: SharedBuffer,
    backlog: Option<Backlog>,
    backlog_size: u64,
    retired: Retired,
}

/// The backlog exists.
#[derive(Debug, Clone, Copy, Hash)]
struct Backlog {
    /// It can hold the bytes after this offset.
    first_possible: u64,
    /// The offset when it was created.
    created: u64,
}

impl Backlog {
    fn after(offset: u64) -> Self {
        Self { first_possible: offset, created: offset }
    }
}

impl ReplStream {
    /// A fresh history.
    pub fn new(rng: &mut Rng, backlog_size: u64) -> Self {
        Self {
            replid: ReplId::random(rng),
            replid2: ReplId::NONE,
            second_replid_offset: -1,
            master_repl_offset: 0,
            buffer: SharedBuffer::starting_at(0),
            backlog: None,
            backlog_size,
            retired: Retired::default(),
        }
    }

    /// Before Redis 4.0 a node's stream is named by its run id, for as long as it runs.
    pub fn name_by_run_id(&mut self, run_id: ReplId) {
        self.replid = run_id;
    }

    /// Before Redis 4.0: nobody who has seen this history can go on with it when its backlog is
    /// created, for what was written without a backlog was not counted.
    pub fn skip_byte(&mut self) {
        self.master_repl_offset += 1;
    }

    /// `master_replid`
    pub fn replid(&self) -> ReplId {
        self.replid
    }

    /// `master_replid2`
    pub fn replid2(&self) -> ReplId {
        self.replid2
    }

    /// `second_repl_offset`; -1 without a secondary id.
    pub fn second_replid_offset(&self) -> i64 {
        self.second_replid_offset
    }

    /// `master_repl_offset`
    pub fn master_repl_offset(&self) -> u64 {
        self.master_repl_offset
    }

    /// The backlog's window, if there is a backlog.
    pub fn backlog(&self) -> Option<BacklogView> {
        self.backlog.map(|backlog| {
            let mut first_byte_offset = self.window_start() + 1;
            if mutant(Mutant::HistlenOffByOne) && first_byte_offset <= self.master_repl_offset {
                first_byte_offset += 1;
            }
            let histlen = self.master_repl_offset + 1 - first_byte_offset;
            let created_at = backlog.created + 1;
            BacklogView { size: self.backlog_size, first_byte_offset, histlen, created_at }
        })
    }

    /// What the decision about a PSYNC needs.
    pub fn view(&self) -> MasterView {
        MasterView {
            replid: self.replid,
            replid2: self.replid2,
            second_replid_offset: self.second_replid_offset,
            master_repl_offset: self.master_repl_offset,
            backlog: self.backlog(),
            retired: self.retired,
        }
    }

    /// Whether there is a backlog: only then the stream grows.
    pub fn is_active(&self) -> bool {
        self.backlog.is_some()
    }

    /// Memory of the blocks, in bytes.
    pub fn memory(&self) -> usize {
        self.buffer.memory()
    }

    /// Bytes held, for the backlog or for a slow replica.
    pub fn held(&self) -> u64 {
        self.buffer.end() - self.buffer.start()
    }

    /// Appends bytes to the stream. Without a backlog there is nobody who could ever ask for them:
    /// nothing is kept or counted, as in Redis.
    pub fn append(&mut self, bytes: &[u8]) {
        debug_assert!(self.is_active(), "the stream grows only while there is a backlog");
        self.buffer.append(bytes);
        self.master_repl_offset += bytes.len() as u64;
    }

    /// The bytes after `offset` (that is, from byte `offset + 1` on).
    pub fn slices_after(&self, offset: u64) -> impl Iterator<Item = &[u8]> {
        self.buffer.slices_from(offset)
    }

    /// Whether the bytes after `offset` are still held.
    pub fn holds_after(&self, offset: u64) -> bool {
        offset >= self.buffer.start() && offset <= self.master_repl_offset
    }

    /// Releases what neither the backlog nor the slowest reader needs. `slowest` is the smallest
    /// offset a replica has been sent, if there are replicas.
    pub fn trim(&mut self, slowest: Option<u64>) {
        let window = self.window_start();
        if mutant(Mutant::TrimmedTooEarly) {
            return self.buffer.release_before(window);
        }
        self.buffer.release_before(slowest.map_or(window, |offset| offset.min(window)));
    }

    /// Creates the backlog: it can hold bytes from the next one on.
    pub fn create_backlog(&mut self) {
        self.buffer = SharedBuffer::starting_at(self.master_repl_offset);
        self.backlog = Some(Backlog::after(self.master_repl_offset));
    }

    /// Frees the backlog and all bytes.
    pub fn free_backlog(&mut self) {
        self.buffer = SharedBuffer::starting_at(self.master_repl_offset);
        self.backlog = None;
    }

    /// Changes `repl-backlog-size`. Growing cannot bring back what was released.
    pub fn resize_backlog(&mut self, size: u64) {
        let window = self.window_start();
        self.backlog_size = size;
        if let Some(backlog) = &mut self.backlog {
            backlog.first_possible = backlog.first_possible.max(window);
        }
    }

    /// Starts a history of its own: a fresh id, no secondary one.
    pub fn new_history(&mut self, rng: &mut Rng, why: Retirement) {
        self.retired.push(self.replid2, why);
        self.retired.push(self.replid, why);
        self.replid = ReplId::random(rng);
        self.clear_secondary();
    }

    /// A promotion: the inherited id stays valid as `replid2` up to here, and a fresh one begins.
    pub fn shift(&mut self, fresh: ReplId) {
        self.retired.push(self.replid2, Retirement::TwoBehind);
        self.replid2 = self.replid;
        self.second_replid_offset = self.master_repl_offset as i64 + 1;
        if mutant(Mutant::SecondIdTooFar) {
            self.second_replid_offset += 1;
        }
        if mutant(Mutant::OffsetOffByOne) {
            self.append(b"\n");
        }
        self.replid = fresh;
    }

    /// Forgets the secondary id.
    pub fn clear_secondary(&mut self) {
        self.replid2 = ReplId::NONE;
        self.second_replid_offset = -1;
    }

    /// A full resynchronisation: this node now holds the master's history at `offset`. The old
    /// bytes belong to another history, so the backlog starts anew.
    pub fn adopt(&mut self, replid: ReplId, offset: u64) {
        for old in [self.replid2, self.replid] {
            if old != replid {
                self.retired.push(old, Retirement::Replaced);
            }
        }
        if !mutant(Mutant::StaleHistoryKept) {
            self.replid = replid;
        }
        self.master_repl_offset = offset;
        self.clear_secondary();
        self.create_backlog();
    }

    /// Before Redis 4.0 a change of roles has this node count on from here, under the same name and
    /// without a backlog.
    pub fn count_from(&mut self, offset: u64) {
        self.master_repl_offset = offset;
        self.free_backlog();
    }

    /// Remembers why an id says nothing here any more.
    pub fn retire(&mut self, replid: ReplId, why: Retirement) {
        self.retired.push(replid, why);
    }

    /// The history that an RDB file tells of (aux fields `repl-id` and `repl-offset`).
    pub fn restore(&mut self, replid: ReplId, offset: u64) {
        self.replid = replid;
        self.master_repl_offset = offset;
        self.clear_secondary();
        self.free_backlog();
    }

    fn window_start(&self) -> u64 {
        let first_possible = self.backlog.map_or(self.master_repl_offset, |b| b.first_possible);
        let size = self.backlog_size << u32::from(mutant(Mutant::BacklogTooLarge));
        first_possible.max(self.master_repl_offset.saturating_sub(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(size: u64) -> ReplStream {
        let mut stream = ReplStream::new(&mut Rng::new(1), size);
        stream.create_backlog();
        stream
    }

    fn after(stream: &ReplStream, offset: u64) -> Vec<u8> {
        stream.slices_after(offset).flatten().copied().collect()
    }

    #[test]
    fn readers_share_the_bytes_across_blocks() {
        let mut stream = stream(1 << 20);
        let text: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        for piece in text.chunks(777) {
            stream.append(piece);
        }
        for offset in [0, 1, BLOCK as u64 - 1, BLOCK as u64, BLOCK as u64 + 1, 99_999, 100_000] {
            assert_eq!(after(&stream, offset), text[offset as usize..], "{offset}");
        }
        assert_eq!(after(&stream, 100_001), b"");
    }

    #[test]
    fn the_window_keeps_the_last_bytes_and_its_invariant() {
        let mut stream = stream(1000);
        for _ in 0..100 {
            stream.append(&[7; 333]);
            stream.trim(None);
            let view = stream.backlog().expect("active");
            assert_eq!(view.first_byte_offset + view.histlen, stream.master_repl_offset() + 1);
            assert_eq!(view.histlen, stream.master_repl_offset().min(1000));
            assert_eq!(after(&stream, view.first_byte_offset - 1).len() as u64, view.histlen);
        }
        assert!(stream.memory() <= 6 * BLOCK);
    }

    #[test]
    fn a_slow_reader_keeps_its_bytes_beyond_the_window() {
        let mut stream = stream(100);
        for i in 0..200_u8 {
            stream.append(&[i; 1000]);
            stream.trim(Some(500));
        }
        assert!(stream.holds_after(500));
        assert_eq!(after(&stream, 500).len(), 199_500);
        stream.trim(Some(200_000));
        assert!(!stream.holds_after(500));
        assert_eq!(after(&stream, 500), b"");
        assert_eq!(stream.backlog().expect("active").histlen, 100);
    }

    #[test]
    fn the_first_byte_after_creation_is_the_next_one() {
        let mut stream = stream(100);
        stream.adopt(ReplId::NONE, 3194);
        let view = stream.backlog().expect("active");
        assert_eq!((view.first_byte_offset, view.histlen), (3195, 0));
    }

    #[test]
    fn growing_the_window_does_not_claim_released_bytes() {
        let mut stream = stream(100);
        stream.append(&[1; 1000]);
        stream.trim(None);
        stream.resize_backlog(5000);
        assert_eq!(stream.backlog().expect("active").first_byte_offset, 901);
        stream.append(&[2; 10]);
        assert_eq!(after(&stream, 900).len(), 110);
    }

    #[test]
    fn promotion_keeps_the_old_id_up_to_the_next_byte() {
        let mut stream = stream(100);
        stream.append(&[1; 92]);
        let old = stream.replid();
        stream.shift(ReplId::random(&mut Rng::new(9)));
        assert_eq!((stream.replid2(), stream.second_replid_offset()), (old, 93));
        assert_ne!(stream.replid(), old);
    }
}
