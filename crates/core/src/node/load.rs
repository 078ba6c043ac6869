//! Loading RDB data: the file at start, and the snapshot of a master.
//!
//! What is being loaded is built beside the dataset and takes its place when it is complete, so a
//! file or a master that breaks off, or lies, costs nothing.

use super::Node;
use crate::config::EncodingLimits;
use crate::id::ReplId;
use crate::keyspace::Keyspace;
use crate::keyspace::load::Loader;
use crate::num::double::fixed;
use crate::rdb::{RdbError, Reader, Settings};
use crate::replication::OFFSET_MAX;
use crate::time::Now;
use crate::trace::{Event, Level, Trace};

/// An RDB stream being read into a dataset of its own.
#[derive(Debug, Clone, Hash)]
pub(super) struct Loading {
    reader: Reader,
    loader: Loader,
}

/// The file that is loaded at start.
#[derive(Debug, Clone, Hash)]
pub(super) struct AtStart {
    loading: Loading,
    /// Bytes of the file, and how many of them were read.
    pub(super) total: u64,
    pub(super) read: u64,
    /// Unix milliseconds at its beginning.
    pub(super) since_ms: u64,
    /// The log has told whose file it is.
    told: bool,
    /// Keys for which `key-load-delay` was waited.
    delayed_keys: u64,
}

impl AtStart {
    pub(super) fn used_memory(&self) -> u64 {
        self.loading.used_memory()
    }
}

impl Loading {
    /// What the RDB says its dataset used.
    pub(super) fn used_memory(&self) -> u64 {
        let used = self.loader.aux().iter().find(|(name, _)| name == b"used-mem");
        let text = used.and_then(|(_, value)| std::str::from_utf8(value).ok());
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// How long to wait after some keys, by Redis's rule for testing delays: microseconds per key, or
/// if negative one microsecond for so many keys. `before` and `after` count the keys.
pub(super) fn key_delay_us(delay: i64, before: u64, after: u64) -> u64 {
    match delay {
        0.. => (after - before).saturating_mul(delay.unsigned_abs()),
        _ => after / delay.unsigned_abs() - before / delay.unsigned_abs(),
    }
}

/// The replication fields of an RDB's aux section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct ReplAux {
    /// `repl-stream-db`
    pub(super) stream_db: Option<usize>,
    /// `repl-id`
    pub(super) replid: Option<ReplId>,
    /// `repl-offset`
    pub(super) offset: Option<u64>,
}

/// A dataset that was read to its end.
#[derive(Debug, Clone, Hash)]
pub(super) struct Loaded {
    pub(super) keyspace: Keyspace,
    pub(super) aux: ReplAux,
    /// All of its fields, for the log.
    pub(super) about: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) keys: u64,
    /// It had no checksum.
    pub(super) unchecked: bool,
    /// Keys left out because their time had come, each with its database.
    pub(super) expired: Vec<(usize, Vec<u8>)>,
}

impl Loading {
    /// Begins. `drop_expired` at start on a master; a replica keeps what its master has.
    pub(super) fn new(fresh: Keyspace, limits: &EncodingLimits, drop_expired: bool) -> Self {
        let loader = Loader::new(fresh, limits.clone(), drop_expired);
        Self { reader: Reader::new(Settings::default()), loader }
    }

    /// Keys read so far.
    pub(super) fn keys(&self) -> u64 {
        self.loader.keys()
    }

    /// What it says of itself, as far as it was read.
    pub(super) fn about(&self) -> &[(Vec<u8>, Vec<u8>)] {
        self.loader.aux()
    }

    /// Reads bytes. Returns how many belong to the RDB, and whether it is complete.
    pub(super) fn feed(&mut self, input: &[u8]) -> Result<(usize, bool), RdbError> {
        let fed = self.reader.feed(input, &mut self.loader)?;
        Ok((fed.consumed, fed.done))
    }

    /// Takes the dataset out.
    pub(super) fn finish(mut self) -> Result<Loaded, RdbError> {
        self.reader.finish()?;
        let (mut aux, keys, expired) =
            (ReplAux::default(), self.loader.keys(), self.loader.take_expired());
        for (name, value) in self.loader.aux() {
            let text = std::str::from_utf8(value).ok();
            match name.as_slice() {
                b"repl-stream-db" => aux.stream_db = text.and_then(|t| t.parse().ok()),
                b"repl-id" => aux.replid = ReplId::parse(value),
                b"repl-offset" => {
                    let offset = text.and_then(|t| t.parse::<u64>().ok());
                    aux.offset = offset.filter(|offset| *offset <= OFFSET_MAX);
                }
                _ => {}
            }
        }
        let (about, unchecked) = (self.loader.aux().to_vec(), self.reader.is_unchecked());
        let keyspace = self.loader.into_keyspace();
        aux.stream_db = aux.stream_db.filter(|db| *db < keyspace.databases());
        Ok(Loaded { keyspace, aux, about, keys, unchecked, expired })
    }
}

/// Loading at start, before anything else.
impl<T: Trace> Node<T> {
    /// Begins to load an RDB file of `len` bytes.
    pub fn load_begin(&mut self, now: Now, len: u64) {
        self.now = now;
        self.begin_read();
        let drop_expired = self.config.replicaof.is_none();
        let mut loading = Loading::new(self.keyspace.fresh(), &self.config.encoding, drop_expired);
        loading.reader =
            Reader::new(Settings { checksum: self.config.rdbchecksum, ..Settings::default() });
        let since_ms = now.unix_ms;
        let at_start =
            AtStart { loading, total: len, read: 0, since_ms, told: false, delayed_keys: 0 };
        self.loading = Some(Box::new(at_start));
    }

    /// The next bytes of the file. What follows the end of the RDB is ignored, as Redis does.
    ///
    /// # Errors
    /// The file is not an RDB file this version can read; the text says where and what.
    pub fn load_chunk(&mut self, now: Now, data: &[u8]) -> Result<(), RdbError> {
        self.now = now;
        let Some(start) = &mut self.loading else { return Ok(()) };
        let fed = start.loading.feed(data);
        start.read += data.len() as u64;
        // What a file says of itself stands at its beginning.
        let told = std::mem::replace(&mut start.told, true);
        if !told {
            let aux = start.loading.loader.aux().to_vec();
            self.tell_origin(&aux);
        }
        fed.map(|_| ())
    }

    /// The lines of Redis about the file that is being loaded.
    pub(super) fn tell_origin(&mut self, aux: &[(Vec<u8>, Vec<u8>)]) {
        for (name, value) in aux {
            let value = String::from_utf8_lossy(value);
            let number = value.parse::<u64>().unwrap_or(0);
            let text = match name.as_slice() {
                b"redis-ver" => format!("Loading RDB produced by version {value}"),
                b"ctime" => {
                    let age = (self.now.unix_ms / 1000).saturating_sub(number);
                    format!("RDB age {age} seconds")
                }
                b"used-mem" => {
                    let mb = fixed(number as f64 / (1024.0 * 1024.0), 2);
                    format!("RDB memory usage when created {mb} Mb")
                }
                _ => continue,
            };
            self.log(Level::Notice, text);
        }
    }

    /// What Redis says at the end of an RDB.
    pub(super) fn tell_loaded(&mut self, loaded: &Loaded) {
        if loaded.unchecked && self.config.rdbchecksum {
            let text = "RDB file was saved with checksum disabled: no check performed.";
            self.log(Level::Warning, text);
        }
        let (keys, expired) = (loaded.keys, loaded.expired.len());
        self.log(
            Level::Notice,
            format!("Done loading RDB, keys loaded: {keys}, keys expired: {expired}."),
        );
        self.admin.last_load = (keys, expired as u64);
    }

    /// How long to wait before the next bytes, in microseconds: `key-load-delay`.
    pub fn load_pause(&mut self) -> u64 {
        let delay = self.config.key_load_delay;
        let Some(start) = &mut self.loading else { return 0 };
        let keys = start.loading.keys();
        self.admin.last_load = (keys, 0);
        let before = std::mem::replace(&mut start.delayed_keys, keys);
        key_delay_us(delay, before, keys)
    }

    /// Whether the file of the start is still being loaded.
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// Whether clients are told `-LOADING`: of the file of the start, or of a master's snapshot.
    pub(super) fn loads_for_all(&self) -> bool {
        self.is_loading() || self.transfer_loads() == Some(false)
    }

    /// Whether anything is being loaded, whatever clients are told.
    pub fn loads(&self) -> bool {
        self.loads_for_all() || self.loads_beside()
    }

    /// Whether a master's snapshot is being loaded while the old dataset answers.
    pub(super) fn loads_beside(&self) -> bool {
        self.transfer_loads() == Some(true)
    }

    fn transfer_loads(&self) -> Option<bool> {
        self.link.transfer.as_ref().and_then(|transfer| transfer.loads())
    }

    /// The file is complete: its dataset, ids and offset take effect. Returns the number of keys.
    ///
    /// # Errors
    /// The file was cut short.
    pub fn load_end(&mut self, now: Now) -> Result<u64, RdbError> {
        self.now = now;
        let Some(start) = self.loading.take() else { return Ok(0) };
        let loaded = start.loading.finish()?;
        self.tell_loaded(&loaded);
        self.keyspace.replace_data(loaded.keyspace);
        self.restore_history(&loaded.aux);
        self.record(Event::Loaded { keys: loaded.keys });
        // The replicas that come back may still hold them: the new history begins with their DELs.
        self.feed_expired(loaded.expired);
        Ok(loaded.keys)
    }

    /// A replica that restarts goes on where its file was written. A master that restarts (Redis
    /// 7.0) starts a new history that continues the old one.
    fn restore_history(&mut self, aux: &ReplAux) {
        let era = self.config.era;
        let is_replica = self.config.replicaof.is_some();
        if !era.has_psync2() || (!is_replica && !era.is_modern()) {
            return;
        }
        let (Some(replid), Some(offset)) = (aux.replid, aux.offset) else {
            self.link.no_history = "the RDB file loaded at start has no replication id (repl-id)";
            return;
        };
        if is_replica {
            self.stream.restore(replid, offset);
            self.log(Level::Notice, super::replica::SYNTHESIZED);
            self.link.cached = Some(aux.stream_db.unwrap_or(0));
            self.master_cached_event();
        } else {
            let fresh = self.stream.replid();
            self.stream.restore(replid, offset);
            self.stream.shift(fresh);
            self.stream.create_backlog();
            self.no_replicas_since = self.now.instant;
        }
    }

    /// A snapshot of the master becomes the dataset.
    pub(super) fn replace_dataset(&mut self, keyspace: Keyspace) {
        self.begin_read();
        self.keyspace.replace_data(keyspace);
    }
}
