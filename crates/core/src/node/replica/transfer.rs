//! The master's snapshot: framing, loading, and the moment it becomes the dataset.

use super::super::Node;
use super::super::conn::Conn;
use super::super::load::Loading;
use super::Refused;
use crate::id::ReplId;
use crate::replication::state::ReplState;
use crate::replication::transfer::{self, Framing, HEADER_LINE_MAX};
use crate::trace::{Event, Level, Trace};

/// A snapshot being received.
#[derive(Debug, Clone, Hash)]
pub(in crate::node) struct Transfer {
    framing: Option<Framing>,
    loading: Box<Loading>,
    /// RDB bytes received.
    pub(in crate::node) read: u64,
    /// The RDB is complete; bytes of it (sized form) or of the mark still to come.
    loaded: bool,
    mark_seen: usize,
}

impl Transfer {
    /// The announced length, if there is one.
    pub(in crate::node) fn total(&self) -> Option<u64> {
        match self.framing {
            Some(Framing::Sized(len)) => Some(len),
            _ => None,
        }
    }
}

/// After a refusal the link is tried again in 2 to the power of this many seconds at most.
const REFUSED_PAUSE_MAX_LOG2: u32 = 6;

impl<T: Trace> Node<T> {
    pub(super) fn begin_transfer(&mut self, initial: Option<(ReplId, u64)>) {
        self.link.initial = initial;
        self.begin_read();
        self.link.transfer = Some(Transfer {
            framing: None,
            loading: Box::new(Loading::new(self.keyspace.fresh(), &self.config.encoding, false)),
            read: 0,
            loaded: false,
            mark_seen: 0,
        });
        self.set_link_state(ReplState::Transfer, "a snapshot follows");
    }

    pub(super) fn transfer_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let Some(mut transfer) = self.link.transfer.take() else { return 0 };
        let result = match transfer.framing {
            None => self.transfer_header(&mut transfer, input),
            Some(framing) => self.transfer_payload(&mut transfer, framing, input),
        };
        match result {
            Err(text) => {
                self.abort_link(conn, text);
                0
            }
            Ok((used, false)) => {
                self.link.transfer = Some(transfer);
                used
            }
            Ok((used, true)) => {
                if let Err(text) = self.finish_transfer(conn, transfer) {
                    self.abort_link(conn, text);
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
        let text = match framing {
            Framing::Sized(len) => {
                format!("MASTER <-> REPLICA sync: receiving {len} bytes from master to parser")
            }
            Framing::Eof(_) => "MASTER <-> REPLICA sync: receiving streamed RDB from master with \
                                EOF to parser"
                .to_owned(),
        };
        self.log(Level::Notice, text);
        Ok((end + 1, false))
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
            let (taken, done) = transfer.loading.feed(input).map_err(|error| {
                format!("Failed trying to load the MASTER synchronization DB: {error}")
            })?;
            used = taken;
            transfer.read += taken as u64;
            transfer.loaded = done;
            if T::FINE {
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
                if transfer.read == len && !transfer.loaded {
                    return Err("Failed trying to load the MASTER synchronization DB: the RDB is \
                                longer than the length announced"
                        .into());
                }
                Ok((used, transfer.read == len))
            }
            Framing::Eof(mark) => {
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

    /// The snapshot is complete: it becomes the dataset, and its history ours.
    fn finish_transfer(&mut self, conn: &mut Conn, transfer: Transfer) -> Result<(), String> {
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Flushing old data");
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
        let loaded = transfer
            .loading
            .finish()
            .map_err(|e| format!("Failed trying to load the MASTER synchronization DB: {e}"))?;
        if loaded.keys == 0 && self.config.refuse_empty_master && self.holds_data() {
            return Err(self.refuse_empty());
        }
        self.link.refused = None;
        if self.snapshot.is_some() {
            let text = format!(
                "Replica is about to load the RDB file received from the master, but there is a \
                 pending RDB child running. Killing process {} and removing its temp file to avoid \
                 any race",
                self.config.driver.process.id
            );
            self.log(Level::Notice, text);
            self.abort_snapshot();
        }
        self.discard_cached_master("the master's snapshot takes the dataset's place");
        // Our replicas followed a history that ends here.
        self.disconnect_replicas();
        let keys = loaded.keys;
        self.replace_dataset(loaded.keyspace);
        let pre_psync = self.link.initial.is_none();
        let (replid, offset) =
            self.link.initial.take().unwrap_or_else(|| (ReplId::random(&mut self.rng), 0));
        self.stream.adopt(replid, offset);
        self.backlog_created_event();
        self.selected = None;
        self.link.pre_psync = pre_psync;
        self.link.db = loaded.aux.stream_db.unwrap_or(0);
        self.link.down_since = None;
        self.log(
            Level::Notice,
            format!(
                "Done loading RDB, keys loaded: {keys}, keys expired: {}.",
                loaded.expired.len()
            ),
        );
        self.record(Event::Loaded { keys });
        self.set_link_state(ReplState::Connected, "the snapshot is loaded");
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Finished with success");
        self.send_ack(conn);
        Ok(())
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
