//! Connections: what a node remembers of each, and the table of them.

use std::collections::BTreeMap;

use super::blocked::Blocked;
use super::pubsub::Subs;
use crate::id::ConnId;
use crate::keyspace::watch::WatchVersion;
use crate::replication::state::ReplicaState;
use crate::resp::{Range32, Reply, RequestParser};
use crate::time::Instant;
use crate::trace::CloseReason;

/// Which side of which conversation a connection is.
#[derive(Debug, Clone, Hash)]
pub(crate) enum Kind {
    /// A client.
    Client,
    /// A replica of ours, since its `PSYNC` or `SYNC`.
    Replica(Box<ReplicaPeer>),
    /// Our master.
    Master,
}

/// What a client said with `REPLCONF` before it became a replica.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Introduction {
    /// `listening-port`; 0: not said.
    pub(crate) port: u16,
    /// `ip-address`; empty: not said.
    pub(crate) ip: String,
    /// `capa eof`
    pub(crate) eof: bool,
    /// `capa psync2`
    pub(crate) psync2: bool,
    /// `rdb-only 1`: it wants a snapshot and no stream.
    pub(crate) rdb_only: bool,
    /// `rdb-filter-only`: what its snapshot must leave out.
    pub(crate) filter: Filter,
}

/// Parts of a snapshot that a replica does not want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(crate) struct Filter {
    /// No keys.
    pub(crate) data: bool,
    /// No functions.
    pub(crate) functions: bool,
}

impl Filter {
    /// Whether there is anything to leave out: such a snapshot must not become the RDB file.
    pub(crate) fn is_some(self) -> bool {
        self.data || self.functions
    }
}

/// The master's view of a replica.
#[derive(Debug, Clone, Hash)]
pub(crate) struct ReplicaPeer {
    pub(crate) state: ReplicaState,
    /// Stream offset up to which bytes were handed to the network.
    pub(crate) sent: u64,
    /// The stream is held back until the first `REPLCONF ACK` (after `$EOF:`).
    pub(crate) hold_until_ack: bool,
    /// Asked with `SYNC`: it sends no ACKs and is never timed out for that.
    pub(crate) old_sync: bool,
    /// Its `PSYNC` is being answered: the only command whose reply a replica may get.
    pub(crate) fresh: bool,
    /// `psync_initial_offset`, once the snapshot has started.
    pub(crate) initial_offset: u64,
    pub(crate) payload: Payload,
    /// When bytes of the payload were last handed to the network, or none were waiting.
    pub(crate) payload_progress: Instant,
    pub(crate) ack_offset: u64,
    /// When the last ACK came; before the first one, when it became online.
    pub(crate) ack_time: Instant,
    /// Since when the soft output limit is exceeded.
    pub(crate) over_soft_since: Option<Instant>,
    /// When it asked, for `repl-diskless-sync-delay`.
    pub(crate) asked: Instant,
}

/// Where the snapshot that a replica receives comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Payload {
    /// None is being sent.
    None,
    /// The buffer that all replicas of a diskless snapshot share; the position sent so far.
    Shared { sent: u64 },
    /// A file, read piece by piece into the connection's own buffer.
    File { read: u64, len: u64, asked: bool },
}

/// Commands queued by `MULTI`.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Multi {
    /// The commands' bytes, one after the other.
    pub(crate) bytes: Vec<u8>,
    /// Each command's end in `bytes`, and the ends of its argument ranges in `ranges`.
    pub(crate) commands: Vec<(usize, usize)>,
    /// Argument ranges, relative to the command's start.
    pub(crate) ranges: Vec<Range32>,
    /// A command could not be queued: `EXEC` must fail.
    pub(crate) broken: bool,
    /// Some queued command may write.
    pub(crate) writes: bool,
    /// Some queued command reaches the replicas without writing (`PUBLISH`).
    pub(crate) may_replicate: bool,
    /// Some queued command may use more memory.
    pub(crate) needs_room: bool,
    /// Some queued command needs a link to the master, or data that may be served stale.
    pub(crate) not_stale: bool,
    /// Some queued command cannot run while the dataset is loaded.
    pub(crate) not_loading: bool,
}

/// Watched keys, by database and name, with their versions when they were watched.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Watched {
    pub(crate) keys: BTreeMap<(usize, Vec<u8>), WatchVersion>,
    /// Memory that the names take, about.
    pub(crate) bytes: usize,
}

/// What a watched key costs beyond its name, about.
pub(crate) const WATCHED_KEY_BYTES: usize = 128;

/// What a connection takes in estimates of memory: the same on every machine, so that they evict
/// the same keys.
pub(super) const CONN_BYTES: usize = 1_024;

const _: () = assert!(size_of::<Conn>() <= CONN_BYTES);

/// A connection.
#[derive(Debug, Clone, Hash)]
pub(crate) struct Conn {
    pub(crate) id: ConnId,
    /// `CLIENT ID`
    pub(crate) client_id: u64,
    pub(crate) peer: String,
    pub(crate) local: String,
    pub(crate) kind: Kind,
    pub(crate) parser: RequestParser,
    /// The incomplete tail of what was received.
    pub(crate) pending: Vec<u8>,
    pub(crate) out: Reply,
    /// How much of `out` was handed to the network.
    pub(crate) out_sent: usize,
    pub(crate) db: usize,
    pub(crate) name: Vec<u8>,
    pub(crate) authenticated: bool,
    pub(crate) multi: Option<Box<Multi>>,
    pub(crate) watched: Watched,
    pub(crate) introduction: Introduction,
    pub(crate) created: Instant,
    pub(crate) last_input: Instant,
    /// Name of the last command, for `CLIENT LIST`.
    pub(crate) last_command: &'static str,
    /// Close once the output is written; nothing more is read.
    pub(crate) closing: Option<CloseReason>,
    /// Already in the queue of [`super::Node::poll_transmit`].
    pub(crate) queued: bool,
    /// The driver was told to stop reading: too much output waits.
    pub(crate) reading_paused: bool,
    /// `CLIENT REPLY`: whether replies are sent.
    pub(crate) reply_mode: ReplyMode,
    pub(crate) no_evict: bool,
    /// What it waits for. What it sends meanwhile is kept, not run.
    pub(super) blocked: Option<Box<Blocked>>,
    /// The channels it listens on.
    pub(super) subs: Option<Box<Subs>>,
    /// It is shown every command (`MONITOR`).
    pub(crate) monitor: bool,
    /// Up to where `out` was pushed rather than replied: `CLIENT REPLY OFF` does not apply to it.
    pub(crate) pushed_to: usize,
    /// Since when the soft output limit is exceeded.
    pub(crate) over_soft_since: Option<Instant>,
    /// Offset of the stream after its last command: what `WAIT` waits for.
    pub(crate) write_offset: u64,
}

/// `CLIENT REPLY`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(crate) enum ReplyMode {
    #[default]
    On,
    Off,
    /// The next command's reply is skipped.
    SkipNext,
    /// This command's reply is skipped.
    Skip,
}

impl Conn {
    pub(crate) fn new(
        id: ConnId,
        client_id: u64,
        peer: String,
        local: String,
        at: Instant,
    ) -> Self {
        Self {
            id,
            client_id,
            peer,
            local,
            kind: Kind::Client,
            parser: RequestParser::new(),
            pending: Vec::new(),
            out: Reply::new(),
            out_sent: 0,
            db: 0,
            name: Vec::new(),
            authenticated: false,
            multi: None,
            watched: Watched::default(),
            introduction: Introduction::default(),
            created: at,
            last_input: at,
            last_command: "NULL",
            closing: None,
            queued: false,
            reading_paused: false,
            reply_mode: ReplyMode::On,
            no_evict: false,
            blocked: None,
            subs: None,
            monitor: false,
            pushed_to: 0,
            over_soft_since: None,
            write_offset: 0,
        }
    }

    pub(crate) fn replica(&self) -> Option<&ReplicaPeer> {
        match &self.kind {
            Kind::Replica(peer) => Some(peer),
            _ => None,
        }
    }

    pub(crate) fn replica_mut(&mut self) -> Option<&mut ReplicaPeer> {
        match &mut self.kind {
            Kind::Replica(peer) => Some(peer),
            _ => None,
        }
    }

    /// `ip:port` as logs show a replica: with its listening port, if it has said it.
    pub(crate) fn replica_name(&self) -> String {
        let (ip, _) = self.replica_address();
        match self.introduction.port {
            0 => format!("{ip}:<unknown-replica-port>"),
            port if ip.contains(':') => format!("[{ip}]:{port}"),
            port => format!("{ip}:{port}"),
        }
    }

    /// Address and port under which a replica can be reached, as far as it said.
    pub(crate) fn replica_address(&self) -> (String, u16) {
        let ip = if self.introduction.ip.is_empty() {
            let (ip, _) = self.peer.rsplit_once(':').unwrap_or((&self.peer, ""));
            ip.trim_start_matches('[').trim_end_matches(']').to_owned()
        } else {
            self.introduction.ip.clone()
        };
        (ip, self.introduction.port)
    }

    /// Whether the next command can run: it is not to be closed, waits for nothing, and takes its
    /// replies.
    pub(crate) fn runs_commands(&self) -> bool {
        self.closing.is_none()
            && self.blocked.is_none()
            && self.out_waiting() <= super::OUTPUT_PAUSE_BYTES
    }

    /// Whether it listens to channels in RESP2, and so may do little else.
    pub(crate) fn only_listens(&self) -> bool {
        self.subs.is_some() && !self.out.resp3()
    }

    /// Replicas and monitors are never paused.
    pub(crate) fn can_be_paused(&self) -> bool {
        self.replica().is_none() && !self.monitor
    }

    /// Memory that this client's unfinished requests take: for `client-query-buffer-limit`.
    pub(crate) fn kept_bytes(&self) -> usize {
        let queued = self.multi.as_ref().map_or(0, |multi| multi.bytes.len());
        self.pending.len() + queued + self.watched.bytes
    }

    /// Bytes of replies that wait to be sent.
    pub(crate) fn out_waiting(&self) -> usize {
        self.out.bytes().len() - self.out_sent
    }

    /// Notes that `len` bytes of `out` were sent, and returns how many of `len` that were not
    /// from `out`.
    pub(crate) fn out_advance(&mut self, len: usize) -> usize {
        let from_out = len.min(self.out_waiting());
        self.out_sent += from_out;
        if self.out_waiting() == 0 {
            let buffer = self.out.buffer_mut();
            buffer.clear();
            // One huge reply must not keep its memory for the rest of a long connection.
            if buffer.capacity() > OUT_KEEP_BYTES {
                buffer.shrink_to(OUT_KEEP_BYTES);
            }
            self.out_sent = 0;
        }
        len - from_out
    }
}

/// Capacity of an idle connection's reply buffer, at most.
const OUT_KEEP_BYTES: usize = 64 * 1024;

/// All connections of a node, by index.
#[derive(Debug, Clone, Default, Hash)]
pub(crate) struct Conns {
    slots: Vec<Option<Box<Conn>>>,
    count: usize,
}

impl Conns {
    /// Takes a connection in, in place of what had its index.
    pub(crate) fn insert(&mut self, conn: Box<Conn>) {
        let index = conn.id.index as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        if self.slots[index].replace(conn).is_none() {
            self.count += 1;
        }
    }

    /// Takes a connection out, to work on it while the node is borrowed; to be put back with
    /// [`Conns::insert`].
    pub(crate) fn take(&mut self, id: ConnId) -> Option<Box<Conn>> {
        let slot = self.slots.get_mut(id.index as usize)?;
        if slot.as_ref().is_some_and(|conn| conn.id == id) {
            self.count -= 1;
            return slot.take();
        }
        None
    }

    pub(crate) fn get(&self, id: ConnId) -> Option<&Conn> {
        let slot = self.slots.get(id.index as usize)?;
        slot.as_deref().filter(|conn| conn.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        let slot = self.slots.get_mut(id.index as usize)?;
        slot.as_deref_mut().filter(|conn| conn.id == id)
    }

    /// All connections that are not taken out, by index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conn> {
        self.slots.iter().flatten().map(|conn| &**conn)
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }
}
