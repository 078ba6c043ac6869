//! Loading the dataset at start, piece by piece between events: clients are answered (with
//! `-LOADING`, or by `INFO`) meanwhile.

use std::fs::File;
use std::io::{self, Read as _};

use lockstep_core::time::Instant;

use super::Driver;
use crate::sys::words;

/// The dataset is read in pieces of at most this size, whatever
/// `loading-process-events-interval-bytes` allows.
const CHUNK_MAX: u64 = 256 * 1024;
/// With `key-load-delay` pieces are small, so that the delay is spread.
const CHUNK_DELAYED: u64 = 1024;

/// A file being loaded.
#[derive(Debug)]
pub(super) struct Load {
    file: File,
    name: String,
    chunk: Vec<u8>,
    /// When the next piece is to be read.
    pub(super) due: Instant,
    started: std::time::Instant,
}

impl Driver {
    /// Begins to load the dataset, if there is one. A file that cannot be read ends the start;
    /// then the log says why.
    pub(crate) fn begin_load(&mut self) -> bool {
        let name = self.node.config().dbfilename.clone();
        if name.is_empty() {
            self.ready();
            return true;
        }
        let opened = File::open(&name).and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((len, file)) => {
                let now = self.clock.now();
                self.node.load_begin(now, len);
                self.load = Some(Load {
                    file,
                    name,
                    chunk: Vec::new(),
                    due: now.instant,
                    started: std::time::Instant::now(),
                });
                true
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.ready();
                true
            }
            Err(error) => {
                let why = words(&error);
                let log = self.node.trace_mut();
                log.warning(&format!("Fatal error loading the DB: {why}. Exiting."));
                log.warning(&format!("The RDB file {name} cannot be opened for reading"));
                false
            }
        }
    }

    fn ready(&mut self) {
        self.node.trace_mut().notice("Ready to accept connections");
    }

    /// Loads the next piece, if it is time for it.
    pub(super) fn load_more(&mut self) {
        let Some(mut load) = self.load.take() else { return };
        let now = self.clock.now();
        if load.due > now.instant {
            self.load = Some(load);
            return;
        }
        let config = self.node.config();
        let most = if config.key_load_delay == 0 { CHUNK_MAX } else { CHUNK_DELAYED };
        load.chunk.resize(config.loading_interval_bytes.min(most) as usize, 0);
        match load.file.read(&mut load.chunk) {
            Ok(0) => return self.load_ended(&load),
            Ok(read) => match self.node.load_chunk(now, &load.chunk[..read]) {
                Ok(()) => load.due = Instant(now.instant.0 + self.node.load_pause()),
                Err(error) => return self.load_failed(&load.name, &error),
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let why = words(&error);
                let log = self.node.trace_mut();
                log.warning(&format!("Fatal error loading the DB: {why}. Exiting."));
                self.exit = Some(1);
                return;
            }
        }
        self.load = Some(load);
    }

    fn load_ended(&mut self, load: &Load) {
        match self.node.load_end(self.clock.now()) {
            Ok(_) => {
                let took = load.started.elapsed().as_secs_f64();
                let log = self.node.trace_mut();
                log.notice(&format!("DB loaded from disk: {took:.3} seconds"));
                self.ready();
            }
            Err(error) => self.load_failed(&load.name, &error),
        }
    }

    /// Redis's own line first, then what helps: which file, where, and what to do.
    fn load_failed(&mut self, name: &str, error: &lockstep_core::rdb::RdbError) {
        let dir = self.node.config().dir.clone();
        let log = self.node.trace_mut();
        match &error.redis {
            Some(line) => log.warning(line),
            None => log.warning(&format!(
                "Internal error in RDB reading offset {}, function at load.rs -> {}",
                error.offset, error.what
            )),
        }
        log.warning("Fatal error loading the DB: Invalid argument. Exiting.");
        log.warning(&format!(
            "The RDB file {dir}/{name} cannot be loaded: {error}. It was left as it is: repair it \
             or move it away, then start again."
        ));
        self.exit = Some(1);
    }
}
