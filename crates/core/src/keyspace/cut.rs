//! Snapshots without fork: the incremental cut.
//!
//! A cut writes the dataset as it was at [`Keyspace::cut_begin`] into an RDB stream, in pieces,
//! while commands go on. It walks the buckets of the tables in order; a command that is about to
//! change a key of a bucket that was not reached yet has that bucket written first. Each bucket
//! carries the number of the last cut that wrote it, so nothing is written twice, and nothing needs
//! to be copied. A database that is emptied meanwhile is handed to the cut as it is; one that
//! changes its number keeps the one it had.
//!
//! A large collection is written in parts, between which commands run too. If it is to be changed
//! before its last part, the rest is written at once; whatever else has to be written meanwhile is
//! kept aside until it is complete.
//!
//! # Invariants
//!
//! * Every key that was there at the beginning is written once, with the value and the deadline it
//!   had then; nothing else is.
//! * While a cut walks a table, its buckets divide but are never joined.

use std::collections::VecDeque;

use super::table::Entry;
use super::value::Part;
use super::{Db, Keyspace};
use crate::keyspace::expire::Deadlines;
use crate::keyspace::item::Item;
use crate::mutants::{Mutant, mutant};
use crate::rdb::{self, Writer};

/// Collections of more parts than this are large.
const LARGE_PARTS: usize = 64;

/// What to write, and how.
#[derive(Debug, Clone)]
pub struct CutOptions {
    /// Fields of information at the beginning, in this order.
    pub aux: Vec<(Vec<u8>, Vec<u8>)>,
    /// Version of the format.
    pub version: u16,
    /// Whether long strings are compressed.
    pub compress: bool,
    /// Whether the sum at the end is computed.
    pub checksum: bool,
    /// Whether the keys are left out (`rdb-filter-only`).
    pub no_keys: bool,
}

impl Default for CutOptions {
    fn default() -> Self {
        let rdb::Options { version, compress, checksum } = rdb::Options::default();
        Self { aux: Vec::new(), version, compress, checksum, no_keys: false }
    }
}

/// How far a cut came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Keys written so far.
    pub keys: u64,
    /// Bytes written so far.
    pub bytes: u64,
    /// Whether the RDB is complete.
    pub done: bool,
}

/// A snapshot in progress.
#[derive(Debug, Clone, Hash)]
pub(super) struct Cut {
    writer: Writer,
    /// What the driver has not taken yet.
    output: Vec<u8>,
    epoch: u32,
    sources: Vec<Source>,
    /// The source being walked, and where in its table.
    current: usize,
    cursor: u64,
    /// The walk of the current source is over, but for its large collections.
    walked: bool,
    /// Large collections that the walk has met in the current source, to be written in this order.
    large: VecDeque<Large>,
    /// What is left of the first of them, once it was begun.
    begun: Option<Part>,
    /// Keys that had to be written since it was begun.
    aside: Writer,
    /// Number of the database that the last key written belongs to.
    selected: Option<usize>,
    keys: u64,
    done: bool,
}

/// A large collection, by the hash of its key and its id in the table.
#[derive(Debug, Clone, Copy, Hash)]
struct Large {
    hash: u64,
    id: u32,
}

/// A database as it was at the beginning.
#[derive(Debug, Clone, Hash)]
struct Source {
    db: usize,
    keys: usize,
    volatile: usize,
    announced: bool,
    /// The database itself, if it was emptied since.
    detached: Option<Box<Db>>,
}

impl Cut {
    /// Writes a key whole.
    fn write(&mut self, source: usize, id: u32, item: &Item, deadlines: &Deadlines) {
        let writer = self.write_head(source, id, item, deadlines);
        item.value.save(writer);
    }

    /// Writes what comes before the value, and returns the writer for the value.
    fn write_head(
        &mut self,
        source: usize,
        id: u32,
        item: &Item,
        deadlines: &Deadlines,
    ) -> &mut Writer {
        let writer = if self.begun.is_some() { &mut self.aside } else { &mut self.writer };
        let Source { db, keys, volatile, ref mut announced, .. } = self.sources[source];
        if self.selected != Some(db) {
            writer.select_db(db as u64);
            self.selected = Some(db);
        }
        if !std::mem::replace(announced, true) {
            writer.resize_db(keys as u64, volatile as u64);
        }
        let expire_at = if item.is_volatile() { deadlines.get(id) } else { None };
        writer.begin(item.key(), item.value.rdb_type(writer), expire_at);
        self.keys += 1;
        writer
    }

    /// Writes the bucket of this hash, of which a key is about to change.
    fn write_bucket(&mut self, db: &mut Db, source: usize, hash: u64) {
        if source == self.current
            && let Some(index) = self.large.iter().position(|large| large.hash == hash)
        {
            self.settle(db, index);
        }
        let Db { table, deadlines, .. } = db;
        table.advance(hash, self.epoch, |id, item| self.write(source, id, item, deadlines));
    }

    /// Goes on with the large collection that was met first, until the writer holds `until` bytes,
    /// or else with the bucket at the cursor. True when the source is done.
    fn write_next(&mut self, db: &mut Db, until: usize) -> bool {
        if !self.large.is_empty() {
            self.write_large(db, until);
        } else if !self.walked {
            let (source, cursor) = (self.current, self.cursor);
            let Db { table, deadlines, .. } = db;
            let hasher = table.hasher();
            self.cursor = table.advance_at(cursor, self.epoch, |id, item| {
                if item.value.parts() > LARGE_PARTS {
                    self.large.push_back(Large { hash: hasher.hash(item.key()), id });
                } else {
                    self.write(source, id, item, deadlines);
                }
            });
            self.walked = self.cursor == 0;
        }
        self.walked && self.large.is_empty()
    }

    /// Goes on with the large collection that was met first.
    fn write_large(&mut self, db: &Db, until: usize) {
        let Some(&Large { id, .. }) = self.large.front() else { return };
        let Some(item) = db.table.by_id(id) else { return };
        let part = self.begun.take().unwrap_or_else(|| {
            self.write_head(self.current, id, item, &db.deadlines);
            Part::WHOLE
        });
        self.begun = item.value.save_part(&mut self.writer, Part { until, ..part });
        if self.begun.is_none() {
            self.large.pop_front();
            self.writer.raw(self.aside.bytes());
            self.aside.clear();
        }
    }

    /// Writes a large collection, which is about to change, to its end.
    fn settle(&mut self, db: &Db, index: usize) {
        if index == 0 && self.begun.is_some() {
            return self.write_large(db, usize::MAX);
        }
        if let Some(Large { id, .. }) = self.large.remove(index)
            && let Some(item) = db.table.by_id(id)
        {
            self.write(self.current, id, item, &db.deadlines);
        }
    }

    fn progress(&self) -> Progress {
        Progress { keys: self.keys, bytes: self.writer.total(), done: self.done }
    }
}

impl Keyspace {
    /// Begins a cut. One that was in progress is given up.
    pub fn cut_begin(&mut self, options: CutOptions) {
        self.cut_end();
        let CutOptions { aux, version, compress, checksum, no_keys } = options;
        let mut writer = Writer::new(rdb::Options { version, compress, checksum });
        // Its bytes are summed where they end up.
        let aside = Writer::new(rdb::Options { version, compress, checksum: false });
        writer.header();
        for (name, value) in &aux {
            writer.aux(&String::from_utf8_lossy(name), value);
        }
        self.epoch += 1;
        let mut sources = Vec::new();
        for (number, db) in self.dbs.iter_mut().enumerate() {
            if no_keys || db.table.is_empty() {
                continue;
            }
            db.source = Some(sources.len());
            db.table.pin(true);
            sources.push(Source {
                db: number,
                keys: db.table.len(),
                volatile: db.deadlines.len(),
                announced: false,
                detached: None,
            });
        }
        self.cut = Some(Box::new(Cut {
            writer,
            epoch: self.epoch,
            sources,
            aside,
            done: false,
            ..Cut::default()
        }));
    }

    /// Goes on with the cut until about `max_bytes` more can be taken (only large collections are
    /// divided), or to the end. Without a cut in progress it is done at once.
    pub fn cut_step(&mut self, max_bytes: usize) -> Progress {
        let Some(mut cut) = self.cut.take() else {
            return Progress { done: true, ..Progress::default() };
        };
        let until = cut.writer.len().saturating_add(max_bytes);
        while !cut.done && cut.writer.len() < until {
            let current = cut.current;
            if current == cut.sources.len() {
                cut.writer.eof();
                cut.done = true;
            } else if let Some(mut db) = cut.sources[current].detached.take() {
                if cut.write_next(&mut db, until) {
                    cut.next_source();
                } else {
                    cut.sources[current].detached = Some(db);
                }
            } else if let Some(db) = self.dbs.iter_mut().find(|db| db.source == Some(current)) {
                if cut.write_next(db, until) {
                    db.release();
                    cut.next_source();
                }
            } else {
                cut.next_source();
            }
        }
        let progress = cut.progress();
        self.cut = Some(cut);
        progress
    }

    /// What the cut wrote and nobody has taken yet: to be drained.
    pub fn cut_output(&mut self) -> &mut Vec<u8> {
        // Without a cut there is nothing to drain.
        let cut = self.cut.get_or_insert_with(Default::default);
        if cut.output.is_empty() {
            cut.output = cut.writer.take();
        } else {
            cut.output.extend_from_slice(cut.writer.bytes());
            cut.writer.clear();
        }
        &mut cut.output
    }

    /// Whether a cut is in progress.
    pub fn cut_active(&self) -> bool {
        self.cut.as_ref().is_some_and(|cut| !cut.done)
    }

    /// Ends the cut, complete or not.
    pub fn cut_end(&mut self) {
        self.cut = None;
        self.dbs.iter_mut().for_each(Db::release);
    }

    /// Shows the bucket of a key that is about to change to the cut in progress.
    #[inline]
    pub(super) fn show_to_cut(&mut self, db: usize, hash: u64) {
        if let Some(cut) = &mut self.cut
            && let Some(source) = self.dbs[db].source
            && !mutant(Mutant::CutSeesLater)
        {
            cut.write_bucket(&mut self.dbs[db], source, hash);
        }
    }

    /// Gives a database that was emptied to the cut in progress, if it needs it.
    pub(super) fn leave_to_cut(&mut self, db: Db) {
        if let Some(cut) = &mut self.cut
            && let Some(source) = db.source
        {
            cut.sources[source].detached = Some(Box::new(db));
        }
    }
}

impl Cut {
    fn next_source(&mut self) {
        self.current += 1;
        self.cursor = 0;
        self.walked = false;
    }
}

impl Default for Cut {
    /// A cut that is over.
    fn default() -> Self {
        Self {
            writer: Writer::default(),
            output: Vec::new(),
            epoch: 0,
            sources: Vec::new(),
            current: 0,
            cursor: 0,
            walked: false,
            large: VecDeque::new(),
            begun: None,
            aside: Writer::default(),
            selected: None,
            keys: 0,
            done: true,
        }
    }
}

impl Db {
    /// The cut needs it no longer.
    fn release(&mut self) {
        if self.source.take().is_some() {
            self.table.pin(false);
        }
    }
}

#[cfg(test)]
mod tests;
