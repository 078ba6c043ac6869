//! The trace: every decision and transition of a node, with its reason.
//!
//! One vocabulary for the log of the native server, the sentences of the playground and the
//! checkers of the simulator.

use std::borrow::Cow;

use crate::id::{ConnId, ReplId};
use crate::replication::psync::Verdict;
use crate::replication::state::{ReplState, ReplicaState};
use crate::time::Instant;

/// Where a node's events go.
///
/// Transitions are always recorded. Fine events (one per command or more) are made only for a sink
/// that wants them: to the others they cost nothing, or one predictable branch.
pub trait Trace {
    /// Whether per-command events are wanted.
    fn is_fine(&self) -> bool;
    /// Takes one event.
    fn record(&mut self, at: Instant, event: Event);
}

/// A sink that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    fn is_fine(&self) -> bool {
        false
    }

    fn record(&mut self, _at: Instant, _event: Event) {}
}

/// A sink that keeps everything, until somebody takes it.
#[derive(Debug, Clone, Default, Hash)]
pub struct Recorder {
    /// The events so far.
    pub events: Vec<(Instant, Event)>,
}

impl Trace for Recorder {
    fn is_fine(&self) -> bool {
        true
    }

    fn record(&mut self, at: Instant, event: Event) {
        self.events.push((at, event));
    }
}

/// Levels of Redis's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `.`
    Debug,
    /// `-`
    Verbose,
    /// `*`
    Notice,
    /// `#`
    Warning,
}

/// Why a replication link or a client connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The other end closed it, or the network broke it.
    Peer,
    /// Nothing was heard for `repl-timeout` (or `timeout`).
    Timeout,
    /// Too much output waited: `client-output-buffer-limit`.
    OutputLimit,
    /// What the peer sent was not the protocol.
    Protocol(String),
    /// `CLIENT KILL`, `QUIT`, a new `REPLICAOF`...
    Asked,
    /// The connection's history is no longer this node's.
    HistoryChanged,
}

/// Because of what something happened, in a few words: the node's own, or those of a trace that was
/// read.
pub type Why = Cow<'static, str>;

/// What happened inside a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client's command ran (fine). `raw` is the command as received.
    Command {
        /// The client.
        conn: ConnId,
        /// Its selected database.
        db: usize,
        /// The command's RESP.
        raw: Vec<u8>,
        /// Units of change.
        dirty: u64,
    },
    /// Bytes were appended to the replication stream (fine).
    Fed {
        /// Offset of the first of these bytes.
        from: u64,
        /// The bytes.
        bytes: Vec<u8>,
        /// Why they are there.
        why: Fed,
    },
    /// A replica applied stream bytes of its master (fine).
    Applied {
        /// Applied offset before.
        from: u64,
        /// Applied offset after.
        to: u64,
    },
    /// A key was deleted because its time had come.
    Expired {
        /// Database.
        db: usize,
        /// Key.
        key: Vec<u8>,
    },
    /// A key was given up because memory was full.
    Evicted {
        /// Database.
        db: usize,
        /// Key.
        key: Vec<u8>,
        /// Bytes in use.
        used: u64,
        /// `maxmemory`
        limit: u64,
    },
    /// The replica side changed state.
    ReplStateChanged {
        /// Before.
        from: ReplState,
        /// After.
        to: ReplState,
        /// Because of what, in a few words.
        why: Why,
    },
    /// The master side's view of a replica changed; `from` is `None` when it appears.
    ReplicaStateChanged {
        /// The replica's connection.
        conn: ConnId,
        /// Before.
        from: Option<ReplicaState>,
        /// After; `None` when it is gone.
        to: Option<ReplicaState>,
        /// Because of what, in a few words.
        why: Why,
    },
    /// This node, as a master, decided about a `PSYNC` or `SYNC`.
    PsyncDecided {
        /// The replica's connection.
        conn: ConnId,
        /// Its `ip:port` as in logs.
        replica: String,
        /// The decision and everything it rests on.
        verdict: Box<Verdict>,
    },
    /// This node, as a replica, asks its master for a resynchronisation.
    PsyncSent {
        /// The id asked for, `None` for `?`.
        replid: Option<ReplId>,
        /// The offset asked for (first byte not yet held), -1 with `?`.
        offset: i64,
        /// Why there is no history to ask for; empty with an id.
        why: Why,
    },
    /// The master answered with a full resynchronisation.
    FullResync {
        /// The master's history.
        replid: ReplId,
        /// Offset of the snapshot.
        offset: u64,
    },
    /// The master continues our stream.
    Continued {
        /// The history from now on.
        replid: ReplId,
        /// Whether it differs from before, so that the old one became `replid2`.
        changed: bool,
        /// Offset from which the stream goes on: the first byte to come.
        offset: u64,
    },
    /// A snapshot (cut) began.
    SnapshotStarted {
        /// What for.
        target: SnapshotTarget,
        /// Offset it stands for.
        offset: u64,
        /// Keys to walk.
        keys: u64,
    },
    /// A slice of the snapshot was produced (fine).
    SnapshotProgress {
        /// RDB bytes so far.
        bytes: u64,
        /// Keys written so far.
        keys: u64,
    },
    /// A snapshot ended.
    SnapshotFinished {
        /// RDB bytes.
        bytes: u64,
        /// Whether it is complete.
        ok: bool,
    },
    /// The replica is receiving the master's RDB (fine).
    TransferProgress {
        /// RDB bytes read.
        read: u64,
        /// Announced length; `None` for the diskless form.
        total: Option<u64>,
    },
    /// The master's RDB was loaded; the dataset was replaced.
    Loaded {
        /// Keys now in the dataset.
        keys: u64,
    },
    /// The backlog came into being; the replication id is fresh.
    BacklogCreated {
        /// First offset it can hold.
        first_byte_offset: u64,
        /// Window limit in bytes.
        size: u64,
    },
    /// The backlog was freed after `repl-backlog-ttl` without replicas.
    BacklogFreed {
        /// Seconds without replicas.
        after_seconds: u64,
    },
    /// The replication ids shifted: the old one is secondary now.
    ReplIdShifted {
        /// The old id, now `replid2`.
        replid2: ReplId,
        /// `second_replid_offset`
        second_offset: u64,
        /// The new id.
        replid: ReplId,
    },
    /// The node's role changed to replica of this address, or to master.
    RoleChanged {
        /// The master's host and port; `None`: this node is a master.
        master: Option<(String, u16)>,
    },
    /// The state of the link to the master was kept for a partial resynchronisation.
    MasterCached {
        /// Its history.
        replid: ReplId,
        /// First byte not yet held.
        psync_offset: u64,
    },
    /// The kept state was thrown away.
    MasterDiscarded {
        /// Why.
        why: Why,
    },
    /// A replica acknowledged an offset (fine).
    Acked {
        /// The replica's connection.
        conn: ConnId,
        /// The offset.
        offset: u64,
    },
    /// A client waits now, and is answered later (fine).
    ClientBlocked {
        /// The client.
        conn: ConnId,
        /// What for.
        on: BlockedFor,
    },
    /// A client waits no more (fine).
    ClientUnblocked {
        /// The client.
        conn: ConnId,
        /// Why, in a few words.
        why: Why,
    },
    /// A connection closed.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Why.
        reason: CloseReason,
    },
    /// A timer fired and did something (fine).
    TimerFired(crate::node::Timer),
    /// A log line in Redis's wording.
    Log(Level, String),
}

/// What a blocked client waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BlockedFor {
    /// Elements under one of these keys (`BLPOP`).
    Keys(Vec<Vec<u8>>),
    /// Replicas that acknowledge (`WAIT`).
    Acks {
        /// The stream's offset.
        offset: u64,
        /// How many of them.
        replicas: i64,
    },
    /// The end of a pause.
    Pause,
    /// A result of the node itself (`SAVE`, `SHUTDOWN`).
    Result,
}

/// Why bytes were appended to the replication stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fed {
    /// A client's write.
    Command,
    /// `SELECT`, because the database changed.
    Select,
    /// The master's periodic `PING`.
    Ping,
    /// A key's time had come.
    Expire,
    /// A key was given up because memory was full.
    Evict,
    /// `REPLCONF GETACK`
    GetAck,
    /// `MULTI` or `EXEC` around a transaction.
    Transaction,
    /// The master's own bytes, passed on by a replica.
    Proxied,
}

/// What a snapshot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnapshotTarget {
    /// `SAVE`, `BGSAVE`, save points, shutdown.
    Disk,
    /// Full resynchronisation by way of a file (`$<len>`).
    ReplicasDisk,
    /// Full resynchronisation straight to the sockets (`$EOF:`).
    ReplicasSocket,
}
