//! The master's snapshot: framing, loading, and the moment it becomes the dataset.
//!
//! Whatever `repl-diskless-load` says, the snapshot is loaded beside the dataset while it arrives,
//! and takes its place when it is complete and its checksum is right. The directive decides what
//! others see meanwhile, and where the bytes go:
//!
//! * `disabled`: the old dataset answers until the end. The RDB becomes the file `dbfilename`
//!   first, as in Redis, so that a restart goes on from it.
//! * `on-empty-db`, when there are no keys: `-LOADING` from the first byte on, no file.
//! * `swapdb`: no file. If the master's history is the one this node has followed
//!   (`async_loading`), the old dataset answers, else `-LOADING`.

use std::collections::VecDeque;

use super::super::conn::Conn;
use super::super::load::{Loaded, Loading};
use super::super::{Action, FileOp, Node};
use super::Refused;
use crate::id::ReplId;
use crate::replication::state::ReplState;
use crate::replication::transfer::{self, Framing, HEADER_LINE_MAX};
use crate::trace::{Event, Level, Trace};

/// What a snapshot's arrival looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Manner {
    /// `repl-diskless-load disabled`
    Disk,
    /// `repl-diskless-load on-empty-db`, and there are no keys.
    EmptyDb,
    /// `repl-diskless-load swapdb`; whether the old dataset answers meanwhile.
    Swap { answers: bool },
}

/// A snapshot being received.
#[derive(Debug, Clone, Hash)]
pub(in crate::node) struct Transfer {
    manner: Manner,
    framing: Option<Framing>,
    /// What was read of the RDB; `None` once it is complete.
    loading: Option<Box<Loading>>,
    /// The dataset that it held, while its file is being synced and renamed.
    complete: Option<Box<Loaded>>,
    /// How much the log has told of what the RDB says of itself.
    told: usize,
    /// RDB bytes received.
    pub(in crate::node) read: u64,
    /// The RDB is complete; bytes of it (sized form) or of the mark still to come.
    loaded: bool,
    mark_seen: usize,
    /// Temporary name of the file that takes the bytes; empty: none does.
    file: String,
    /// When the header came, in Unix milliseconds.
    pub(in crate::node) since_ms: u64,
}

impl Transfer {
    /// The announced length; 0 if there is none, `None` before the header.
    pub(in crate::node) fn total(&self) -> Option<u64> {
        match self.framing {
            Some(Framing::Sized(len)) => Some(len),
            Some(Framing::Eof(_)) => Some(0),
            None => None,
        }
    }

    /// Whether INFO calls it loading, and if so, whether the old dataset answers meanwhile.
    pub(in crate::node) fn loads(&self) -> Option<bool> {
        self.framing?;
        match self.manner {
            Manner::Disk => None,
            Manner::EmptyDb => Some(false),
            Manner::Swap { answers } => Some(answers),
        }
    }

    pub(in crate::node) fn used_memory(&self) -> u64 {
        self.loading.as_ref().map_or(0, |loading| loading.used_memory())
    }
}

impl Transfer {
    /// Keeps bytes of the RDB for the file.
    fn keep(&self, bytes: &[u8], actions: &mut VecDeque<Action>) {
        if !self.file.is_empty() && !bytes.is_empty() {
            let op = FileOp::Append { name: self.file.clone(), data: bytes.to_vec() };
            actions.push_back(Action::File(op));
        }
    }
}

/// After a refusal the link is tried again in 2 to the power of this many seconds at most.
const REFUSED_PAUSE_MAX_LOG2: u32 = 6;

impl<T: Trace> Node<T> {
    pub(super) fn begin_transfer(&mut self, initial: Option<(ReplId, u64)>) {
        self.link.initial = initial;
        if !self.config.era.is_modern() {
            // Redis 7 waits until it loads.
            self.attach_to_new_master();
        }
        self.begin_read();
        let manner = match self.config.repl_diskless_load.as_str() {
            "swapdb" => {
                let answers = initial.is_some_and(|(replid, _)| replid == self.place().0);
                Manner::Swap { answers }
            }
            "on-empty-db" if !self.holds_data() => Manner::EmptyDb,
            _ => Manner::Disk,
        };
        let file = match manner {
            Manner::Disk if !self.config.dbfilename.is_empty() => {
                let process = self.config.driver.process.id;
                format!("temp-{}.{process}.rdb", self.now.unix_ms / 1000)
            }
            _ => String::new(),
        };
        if !file.is_empty() {
            self.actions.push_back(Action::File(FileOp::Create { name: file.clone() }));
        }
        let loading = Loading::new(self.keyspace.fresh(), &self.config.encoding, false);
        self.link.transfer = Some(Transfer {
            manner,
            framing: None,
            loading: Some(Box::new(loading)),
            complete: None,
            told: 0,
            read: 0,
            loaded: false,
            mark_seen: 0,
            file,
            since_ms: 0,
        });
        self.set_link_state(ReplState::Transfer, "a snapshot follows");
    }

    pub(super) fn transfer_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let Some(mut transfer) = self.link.transfer.take() else { return 0 };
        if transfer.complete.is_some() {
            // What follows the snapshot waits for it, in the master's hands but for this read.
            self.link.transfer = Some(transfer);
            return 0;
        }
        let result = match transfer.framing {
            None => self.transfer_header(&mut transfer, input),
            Some(framing) => self.transfer_payload(&mut transfer, framing, input),
        };
        match result {
            Err(text) => {
                self.link.transfer = Some(transfer);
                self.abort_link(conn, text);
                0
            }
            Ok((used, done)) => {
                if done {
                    self.transfer_complete(conn, transfer);
                } else {
                    self.link.transfer = Some(transfer);
                }
                used
            }
        }
    }

    fn transfer_header(
        &mut self,
        transfer: &mut Transfer,
        input: &[u8],
    ) -> Result<(usize, bool), String> {
        let Some(end) = input.iter().take(HEADER_LINE_MAX).position(|b| *b == b'\n') else {
            if input.len() >= HEADER_LINE_MAX {
                return Err("I/O error reading bulk count from MASTER: line too long".into());
            }
            return Ok((0, false));
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let Some(framing) = transfer::parse_header(line)? else { return Ok((end + 1, false)) };
        transfer.framing = Some(framing);
        transfer.since_ms = self.now.unix_ms;
        let target = if transfer.manner == Manner::Disk { "to disk" } else { "to parser" };
        let text = match framing {
            Framing::Sized(len) => {
                format!("MASTER <-> REPLICA sync: receiving {len} bytes from master {target}")
            }
            Framing::Eof(_) => format!(
                "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF {target}"
            ),
        };
        self.log(Level::Notice, text);
        match transfer.manner {
            Manner::Disk => {}
            Manner::EmptyDb => {
                self.attach_to_new_master();
                self.log(Level::Notice, "MASTER <-> REPLICA sync: Flushing old data");
                self.log(Level::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
            }
            Manner::Swap { .. } => {
                self.log(Level::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
            }
        }
        Ok((end + 1, false))
    }

    /// The history that this node and its replicas followed ends here.
    fn attach_to_new_master(&mut self) {
        self.discard_cached_master("the master's snapshot takes the dataset's place");
        self.disconnect_replicas();
        self.stream.free_backlog();
    }

    /// Takes bytes of the snapshot; the second value says whether that was the last of it.
    fn transfer_payload(
        &mut self,
        transfer: &mut Transfer,
        framing: Framing,
        input: &[u8],
    ) -> Result<(usize, bool), String> {
        let limit = match framing {
            Framing::Sized(len) => usize::try_from(len - transfer.read).unwrap_or(usize::MAX),
            Framing::Eof(_) => usize::MAX,
        };
        let input = &input[..input.len().min(limit)];
        let mut used = 0;
        if !transfer.loaded {
            let fed = transfer.loading.as_mut().map(|loading| loading.feed(input));
            let (taken, done) = match fed.unwrap_or(Ok((0, true))) {
                Ok(fed) => fed,
                Err(error) => return Err(load_failed(transfer.manner, &error.to_string())),
            };
            used = taken;
            transfer.read += taken as u64;
            transfer.loaded = done;
            self.show_progress(transfer);
            if self.trace.is_fine() {
                let (read, total) = (transfer.read, transfer.total());
                self.record(Event::TransferProgress { read, total });
            }
        }
        let tail = &input[used..];
        match framing {
            Framing::Sized(len) => {
                // What follows the RDB inside the announced length is ignored, as Redis does.
                if transfer.loaded {
                    transfer.read += tail.len() as u64;
                    used += tail.len();
                }
                transfer.keep(&input[..used], &mut self.actions);
                if transfer.read == len && !transfer.loaded {
                    let why = "the RDB is longer than the length announced";
                    return Err(load_failed(transfer.manner, why));
                }
                Ok((used, transfer.read == len))
            }
            Framing::Eof(mark) => {
                transfer.keep(&input[..used], &mut self.actions);
                if transfer.loaded {
                    let want = &mark[transfer.mark_seen..];
                    let have = &tail[..tail.len().min(want.len())];
                    if !want.starts_with(have) {
                        return Err("Replication stream EOF marker is broken".into());
                    }
                    transfer.mark_seen += have.len();
                    used += have.len();
                }
                Ok((used, transfer.mark_seen == mark.len()))
            }
        }
    }

    /// What Redis shows while it loads from the link: where the RDB comes from, and the keys so
    /// far.
    fn show_progress(&mut self, transfer: &mut Transfer) {
        let Some(loading) = transfer.loading.as_ref().filter(|_| transfer.manner != Manner::Disk)
        else {
            return;
        };
        self.admin.last_load = (loading.keys(), 0);
        let told = std::mem::replace(&mut transfer.told, loading.about().len());
        self.tell_origin(&loading.about()[told..]);
    }

    /// The link broke while a snapshot came.
    pub(super) fn log_broken_transfer(&mut self) {
        if self.link.transfer.is_some() && !self.log_broken_load("connection lost") {
            let text = "I/O error trying to sync with MASTER: connection lost";
            self.log(Level::Warning, text);
        }
    }

    /// No more comes of a snapshot that is loaded as it comes: says so, and returns true. False: it
    /// is not loaded in this way.
    pub(super) fn log_broken_load(&mut self, why: &str) -> bool {
        let Some(transfer) = &self.link.transfer else { return false };
        if transfer.manner == Manner::Disk || transfer.framing.is_none() {
            return false;
        }
        let (read, manner) = (transfer.read, transfer.manner);
        for text in [
            "Short read or OOM loading DB. Unrecoverable error, aborting now.".to_owned(),
            format!(
                "Internal error in RDB reading offset {read}, function at rdb/reader.rs -> \
                 Unexpected EOF reading RDB file. Failure loading rdb format from socket, assuming \
                 connection error, resuming operation."
            ),
            load_failed(manner, why),
        ] {
            self.log(Level::Warning, text);
        }
        true
    }

    /// The last byte of the snapshot has arrived.
    fn transfer_complete(&mut self, conn: &mut Conn, mut transfer: Transfer) {
        let manner = transfer.manner;
        let loaded = transfer.loading.take().map(|loading| loading.finish());
        let loaded = match loaded {
            Some(Ok(loaded)) => loaded,
            other => {
                let why = other.and_then(Result::err).map_or(String::new(), |e| e.to_string());
                self.link.transfer = Some(transfer);
                return self.abort_link(conn, load_failed(manner, &why));
            }
        };
        if loaded.keys == 0 && self.config.refuse_empty_master && self.holds_data() {
            self.link.transfer = Some(transfer);
            let text = self.refuse_empty();
            return self.abort_link(conn, text);
        }
        if transfer.file.is_empty() {
            return self.finish_transfer(conn, manner, loaded);
        }
        self.abort_snapshot_before_load(true);
        transfer.complete = Some(Box::new(loaded));
        let op = FileOp::Commit { name: transfer.file.clone(), to: self.config.dbfilename.clone() };
        self.actions.push_back(Action::File(op));
        self.link.transfer = Some(transfer);
    }

    /// Whether the snapshot is here and its file is on the way to the disk: until then nothing is
    /// read from the master, who may have as much to say as he likes.
    pub(in crate::node) fn awaits_snapshot_file(&self) -> bool {
        self.link.transfer.as_ref().is_some_and(|transfer| transfer.complete.is_some())
    }

    /// A save under way would replace the master's dataset on disk by the one that it replaces.
    fn abort_snapshot_before_load(&mut self, says_so: bool) {
        if self.snapshot.is_none() {
            return;
        }
        if says_so {
            let text = format!(
                "Replica is about to load the RDB file received from the master, but there is a \
                 pending RDB child running. Killing process {} and removing its temp file to avoid \
                 any race",
                self.config.driver.process.id
            );
            self.log(Level::Notice, text);
        }
        self.abort_snapshot();
    }

    /// A file was synced and renamed. Returns whether it was the transfer's.
    pub(in crate::node) fn transfer_committed(&mut self, name: &str) -> bool {
        if self.link.transfer.as_ref().is_none_or(|t| t.complete.is_none() || t.file != name) {
            return false;
        }
        if self.makes_last_snapshot() {
            // Redis would not come to load it: its last save blocks, and then it is gone.
            return true;
        }
        if let Some(mut conn) = self.link.conn.and_then(|id| self.conns.take(id)) {
            let transfer = self.link.transfer.take();
            if let Some((manner, loaded)) = transfer.and_then(|t| Some((t.manner, t.complete?))) {
                self.finish_transfer(&mut conn, manner, *loaded);
            }
            // Whether the master is silent shows from here on.
            self.link.last_io = self.now.instant;
            self.master_input(&mut conn, b"");
            self.put_back(conn);
        }
        true
    }

    /// An operation on a file failed. Returns whether it was the transfer's.
    pub(in crate::node) fn transfer_file_failed(&mut self, name: &str, error: &str) -> bool {
        let Some(transfer) = self.link.transfer.as_mut().filter(|t| t.file == name) else {
            return false;
        };
        let text = match transfer.complete.is_some() {
            true => format!(
                "Failed trying to rename the temp DB into {} in MASTER <-> REPLICA \
                 synchronization: {error}",
                self.config.dbfilename
            ),
            false => format!(
                "Write error or short write writing to the DB dump file needed for MASTER <-> \
                 REPLICA synchronization: {error}"
            ),
        };
        transfer.file.clear();
        if let Some(mut conn) = self.link.conn.and_then(|id| self.conns.take(id)) {
            self.abort_link(&mut conn, text);
            self.put_back(conn);
        }
        true
    }

    /// The transfer is given up: nothing of it stays. Returns whether there was one, and whether
    /// that is to be told with [`Self::tell_discarded`].
    pub(super) fn drop_transfer(&mut self) -> (bool, bool) {
        let Some(transfer) = self.link.transfer.take() else { return (false, false) };
        if !transfer.file.is_empty() && transfer.complete.is_none() {
            self.actions.push_back(Action::File(FileOp::Remove { name: transfer.file }));
        }
        (true, matches!(transfer.manner, Manner::Swap { .. }) && transfer.framing.is_some())
    }

    pub(super) fn tell_discarded(&mut self) {
        let text = "MASTER <-> REPLICA sync: Discarding temporary DB in background";
        self.log(Level::Notice, text);
    }

    /// The snapshot is complete: it becomes the dataset, and its history ours.
    fn finish_transfer(&mut self, conn: &mut Conn, manner: Manner, loaded: Loaded) {
        self.link.refused = None;
        self.abort_snapshot_before_load(false);
        if manner == Manner::Disk {
            self.attach_to_new_master();
            self.log(Level::Notice, "MASTER <-> REPLICA sync: Flushing old data");
            self.log(Level::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
        }
        // The others have been told while it came.
        if manner == Manner::Disk {
            self.tell_origin(&loaded.about);
        }
        self.tell_loaded(&loaded);
        let keys = loaded.keys;
        if let Manner::Swap { .. } = manner {
            self.attach_to_new_master();
            let text = "MASTER <-> REPLICA sync: Swapping active DB with loaded DB";
            self.log(Level::Notice, text);
        }
        self.replace_dataset(loaded.keyspace);
        if let Manner::Swap { .. } = manner {
            self.log(Level::Notice, "MASTER <-> REPLICA sync: Discarding old DB in background");
        }
        self.remove_received_file(manner);
        self.adopt_history(loaded.aux.stream_db.unwrap_or(0));
        self.record(Event::Loaded { keys });
        self.set_link_state(ReplState::Connected, "the snapshot is loaded");
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Finished with success");
        self.send_ack(conn);
    }

    /// `rdb-del-sync-files`
    fn remove_received_file(&mut self, manner: Manner) {
        if manner == Manner::Disk && self.config.rdb_del_sync_files && self.config.save.is_empty() {
            self.log(
                Level::Notice,
                "Removing the RDB file obtained from the master. This replica has persistence \
                 disabled",
            );
            let name = self.config.dbfilename.clone();
            self.actions.push_back(Action::File(FileOp::Remove { name }));
        }
    }

    /// The master's history is ours from the snapshot's offset on. Before Redis 4.0 our own
    /// replicas follow another one, which is ours alone.
    fn adopt_history(&mut self, stream_db: usize) {
        let initial = self.link.initial.take();
        self.link.pre_psync = initial.is_none();
        let (replid, offset) = initial.unwrap_or_else(|| (ReplId::random(&mut self.rng), 0));
        if self.config.era.has_psync2() {
            self.stream.adopt(replid, offset);
            self.backlog_created_event();
        } else {
            self.link.followed = Some((replid, offset));
        }
        self.selected = None;
        self.link.db = stream_db;
        self.link.down_since = None;
    }

    fn holds_data(&self) -> bool {
        (0..self.keyspace.databases()).any(|db| !self.keyspace.is_empty(db))
    }

    /// `lockstep-refuse-empty-master`: a master that came back without its data must not take it
    /// from its replicas. The link is tried again later, each time after twice the pause.
    fn refuse_empty(&mut self) -> String {
        let times = self.link.refused.map_or(0, |refused| refused.times) + 1;
        let pause_s = 1 << times.min(REFUSED_PAUSE_MAX_LOG2);
        let retry_at = self.now.instant.plus_ms(pause_s * 1_000);
        self.link.refused = Some(Refused { times, retry_at });
        self.link.no_history = "the master's dataset was refused";
        let keys: usize = (0..self.keyspace.databases()).map(|db| self.keyspace.len(db)).sum();
        format!(
            "Full resync refused: the master's dataset is empty, and this replica holds {keys} \
             keys, which it keeps (lockstep-refuse-empty-master). It asks again in {pause_s} \
             seconds. To take the empty dataset: CONFIG SET lockstep-refuse-empty-master no"
        )
    }
}

/// The line for the log. Redis tells the reason in lines before it.
fn load_failed(manner: Manner, why: &str) -> String {
    let from = if manner == Manner::Disk { "disk" } else { "socket" };
    format!("Failed trying to load the MASTER synchronization DB from {from}: {why}")
}
