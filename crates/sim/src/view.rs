//! Views: what a page shows, as plain data. Cheap enough to be made anew for every frame.

use lockstep_core::config::Era;
use lockstep_core::id::ReplId;
pub use lockstep_core::replication::psync::BacklogView;
use lockstep_core::replication::psync::Retired;
use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::time::Instant;

use crate::ids::{ClientId, NodeId, Peer, WireId};
use crate::message::MessageRef;
use crate::script::{Cut, DiskFault};

/// Whether a node runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It runs.
    Up,
    /// It is frozen: paused, or in `DEBUG SLEEP`.
    Frozen,
    /// It is down.
    Down,
    /// It is down, and its host has no power: it does not even refuse connections.
    Dark,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A master.
    Master,
    /// A replica.
    Replica,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its id.
    pub id: NodeId,
    /// Its address, `ip:port`.
    pub address: String,
    /// Its port, which is also its short name.
    pub port: u16,
    /// Whether it runs. A node that is down has only what its disk holds: `live` is `None`.
    pub power: Power,
    /// What it holds in memory.
    pub live: Option<LiveView>,
    /// The Redis it replicates like.
    pub era: Era,
    /// What its wall clock shows: milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// How fast (or slow: negative) its clocks run, in parts per million.
    pub clock_ppm: i64,
    /// It refuses new connections.
    pub refuses: bool,
    /// Its disk.
    pub disk: DiskView,
    /// Files on its disk: name and size in bytes.
    pub files: Vec<(String, u64)>,
}

/// A disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskView {
    /// Time for each operation, in microseconds.
    pub latency_us: u64,
    /// Bytes per second; 0: without limit.
    pub bandwidth: u64,
    /// What is wrong with it.
    pub fault: Option<DiskFault>,
}

/// A simulated client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientView {
    /// Its id.
    pub id: ClientId,
    /// The node it talks to.
    pub node: NodeId,
    /// Its connection; `None` while it has none.
    pub wire: Option<WireId>,
    /// What it is for.
    pub kind: ClientKind,
}

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// The console that its node has had from the beginning.
    Console,
    /// A console that was added.
    Added,
    /// A raw connection.
    Raw,
    /// It writes by itself.
    Writer {
        /// Microseconds between two commands; 0: it rests.
        every_us: u64,
    },
    /// A writer that has left.
    Gone,
}

/// What a running node holds in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveView {
    /// Master or replica.
    pub role: Role,
    /// The history that its dataset stands in.
    pub replid: ReplId,
    /// Previous history, if there is one.
    pub replid2: Option<ReplId>,
    /// `replid2` is accepted up to this offset; -1 without one.
    pub second_replid_offset: i64,
    /// Where in that history: bytes of the stream produced, or applied.
    pub offset: u64,
    /// Before Redis 4.0 a replica's own replicas follow another history: its name and its end.
    pub own_stream: Option<(ReplId, u64)>,
    /// The link to the master; `None` on a master.
    pub master: Option<MasterLinkView>,
    /// Its replicas.
    pub replicas: Vec<ReplicaView>,
    /// The backlog; `None` while there is none.
    pub backlog: Option<BacklogView>,
    /// Ids that were its own and no longer are.
    pub retired: Retired,
    /// Keys in all databases.
    pub keys: u64,
    /// Which of this is known; what is not says nothing.
    pub known: Known,
}

impl LiveView {
    /// The history that its own replicas follow, and its end, `master_repl_offset`.
    pub fn stream(&self) -> (ReplId, u64) {
        self.own_stream.unwrap_or((self.replid, self.offset))
    }
}

/// What is known of a node's state: everything of a simulated one; of one that was overheard, what
/// its messages told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Known {
    /// Its role.
    pub role: bool,
    /// Its history.
    pub replid: bool,
    /// Its offset.
    pub offset: bool,
    /// Its backlog: whether there is one, and which.
    pub backlog: bool,
    /// How many keys it holds.
    pub keys: bool,
}

impl Known {
    /// Everything is known.
    pub const ALL: Self =
        Self { role: true, replid: true, offset: true, backlog: true, keys: true };

    /// Nothing is known.
    pub const NOTHING: Self =
        Self { role: false, replid: false, offset: false, backlog: false, keys: false };
}

/// A key and the beginning of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// Its database.
    pub db: usize,
    /// The key, for reading.
    pub key: String,
    /// The name of its type, as `TYPE` answers.
    pub kind: &'static str,
    /// Its encoding, as `OBJECT ENCODING` answers.
    pub encoding: &'static str,
    /// The beginning of its value, for reading.
    pub value: String,
    /// How many elements it has; `None` for a string.
    pub elements: Option<u64>,
    /// When its time comes: milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// Whether its time has come: nobody may read it any more, but it is not deleted yet.
    pub expired: bool,
}

/// A replica's link to its master.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterLinkView {
    /// The master's host, as configured.
    pub host: String,
    /// The master's port.
    pub port: u16,
    /// The master, if it is a node of this world.
    pub node: Option<NodeId>,
    /// How far the link is.
    pub state: ReplState,
    /// While receiving the RDB: bytes read, and the announced length if there is one.
    pub transfer: Option<(u64, Option<u64>)>,
    /// What it would ask for in a `PSYNC`: a history, and the first byte it does not hold.
    pub cached_master: Option<(ReplId, u64)>,
    /// Seconds since the master was last heard.
    pub last_io_seconds: u64,
    /// Seconds since the link is down; `None` while it is up.
    pub down_seconds: Option<u64>,
}

/// A replica as its master sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaView {
    /// The replica, if its connection comes from a node of this world.
    pub node: Option<NodeId>,
    /// The connection.
    pub wire: Option<WireId>,
    /// How far it is.
    pub state: ReplicaState,
    /// The last byte of the stream that was handed to the network for it.
    pub sent_offset: u64,
    /// The offset it acknowledged last.
    pub ack_offset: u64,
    /// Bytes of the stream that it has not acknowledged.
    pub lag_bytes: u64,
    /// Seconds since its last acknowledgement.
    pub lag_seconds: u64,
}

/// A link between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// One end: the one with the smaller id.
    pub a: NodeId,
    /// The other end.
    pub b: NodeId,
    /// How it is cut in both directions; `None`: it works, or one direction does.
    pub cut: Option<Cut>,
    /// How each direction is cut: from `a` to `b`, and back.
    pub ways: [Option<Cut>; 2],
    /// Microseconds from one end to the other.
    pub latency_us: u64,
    /// Bytes per second in each direction; 0: without limit.
    pub bandwidth: u64,
    /// Most that is added to the latency of a segment at random, in microseconds.
    pub jitter_us: u64,
    /// It carries bytes in pieces of random sizes.
    pub random_segments: bool,
    /// Replication connections over it: replica, then master.
    pub replication: Vec<(NodeId, NodeId)>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlightView {
    /// The message.
    pub message: MessageRef,
    /// When its first byte left.
    pub departs_at: Instant,
    /// When it arrives, if nothing holds it back.
    pub arrives_at: Instant,
    /// Since when it is held where it is (its link is cut); its position is that of this moment.
    pub held_since: Option<Instant>,
    /// Somebody keeps it back.
    pub kept: bool,
    /// It has arrived, but the node at the other end does not read (it is frozen, or over a limit).
    pub waits_at_receiver: bool,
}

impl FlightView {
    /// How far it is at `time`, from 0 (sender) to 1 (receiver).
    pub fn progress(&self, time: Instant) -> f64 {
        let time = self.held_since.map_or(time, |held| held.min(time));
        let whole = self.arrives_at.micros_since(self.departs_at);
        if time >= self.arrives_at || whole == 0 {
            return if time >= self.arrives_at { 1.0 } else { 0.0 };
        }
        time.micros_since(self.departs_at) as f64 / whole as f64
    }
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnView {
    /// Its id.
    pub wire: WireId,
    /// Who opened it.
    pub dialer: Peer,
    /// Who accepted it.
    pub acceptor: Peer,
    /// Whether both ends consider it open.
    pub established: bool,
    /// Bytes on their way from dialer to acceptor.
    pub to_acceptor: u64,
    /// Bytes on their way from acceptor to dialer.
    pub to_dialer: u64,
}

/// A line of a console, or what came back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsoleLine {
    /// The prompt it was typed at; empty for what came back, and for raw connections.
    pub prompt: String,
    /// When it was sent, or arrived.
    pub at: Instant,
    /// Which client.
    pub client: ClientId,
    /// What.
    pub what: ConsoleText,
}

/// Content of a [`ConsoleLine`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConsoleText {
    /// A command line as typed.
    Typed(String),
    /// A reply, as redis-cli shows it; may have several lines.
    Reply(String),
    /// Something about the connection, in redis-cli's words.
    Notice(String),
    /// What arrived over a raw connection.
    Raw(MessageRef),
}
