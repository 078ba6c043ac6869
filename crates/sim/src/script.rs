//! Interventions: what people (and the search) do to a world, and when.
//!
//! Every intervention is a step and has a sentence. One that cannot be done (no such node, no such
//! message, a limit) changes nothing and says why, see [`crate::step::Note`]: scripts come from
//! links that anybody may have written.

use lockstep_core::time::Instant;

use crate::ids::{ClientId, MessageId, NodeId};

/// Most nodes a world may have.
pub const NODES_MAX: usize = 16;

/// Most clients a world may have, consoles and those that have left included.
pub const CLIENTS_MAX: usize = 256;

/// Shortest time between two commands of a writer, in microseconds.
pub const WRITER_EVERY_US_MIN: u64 = 100;

/// Most bytes in a line for a client, and in the configuration of a node.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Longest latency, jitter or time of a disk operation, in microseconds: a day.
pub const DELAY_US_MAX: u64 = 86_400_000_000;

/// How much faster or slower a clock may run, in parts per million.
pub const SKEW_PPM_MAX: i64 = 500_000;

/// How far a wall clock may be set at once, in milliseconds: a hundred years.
pub const JUMP_MS_MAX: i64 = 3_155_760_000_000;

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Both ends learn of it at once: connections over the link are reset, attempts fail.
    Reset,
    /// A partition, of which nobody learns: packets are lost, and TCP sends the bytes again, from
    /// the start, when the link is back. Until then they wait, or somebody's timeout passes.
    Silent,
    /// Nothing moves and nothing is lost: bytes wait where they are and go on from there.
    Stall,
}

/// How a node goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// SIGTERM: it saves if it is configured to, and leaves.
    Graceful,
    /// SIGKILL: it saves nothing. Its kernel resets its connections; what it has written to files,
    /// synced or not, stays.
    Crash,
    /// The whole host loses its power: nobody is told anything, and writes that were not synced
    /// are lost. Its peers learn of it by their timeouts, or when the host is up again and answers
    /// what it knows nothing of with a reset: until then their connections are half-open.
    PowerLoss,
}

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskFault {
    /// It is full: nothing can be written (ENOSPC). What is there can be read.
    Full,
    /// Every operation fails (EIO).
    Failing,
}

/// Something done to the world from outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Intervention {
    /// A line typed into the console of a node, as in redis-cli. [`crate::console::INTERRUPT`]
    /// stands for Ctrl-C, here and in a raw connection.
    Console {
        /// The node.
        node: NodeId,
        /// The line.
        line: String,
    },
    /// A line typed into a raw connection to a node, as in telnet: sent as it is, with a line end.
    Telnet {
        /// The node.
        node: NodeId,
        /// The line.
        line: String,
    },
    /// Cuts the link between two nodes, in both directions.
    CutLink {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
        /// How.
        cut: Cut,
    },
    /// Mends the link between two nodes, in both directions.
    RestoreLink {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
    },
    /// A one-way partition: packets of `from` do not reach `to` any more, and nobody is told. The
    /// other direction works, but without TCP's acknowledgements only for a window of bytes.
    CutOneWay {
        /// Who is not heard any more.
        from: NodeId,
        /// Who does not hear it.
        to: NodeId,
    },
    /// Ends a partition of one direction.
    RestoreOneWay {
        /// Who is heard again.
        from: NodeId,
        /// Who hears it.
        to: NodeId,
    },
    /// Breaks every connection over a link at once; both ends learn of it. The link works.
    ResetConnections {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
    },
    /// Changes how fast a link is, for what is sent from now on.
    SetLink {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
        /// Time from one end to the other in microseconds.
        latency_us: u64,
        /// Bytes per second in each direction; 0: without limit.
        bandwidth: u64,
    },
    /// Makes the latency of a link vary: for every segment, a random time up to this is added. The
    /// order of bytes in a connection is kept, as TCP keeps it.
    SetJitter {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
        /// Most that is added, in microseconds; 0: none.
        jitter_us: u64,
    },
    /// Chooses the segments in which a link carries what is sent from now on: pieces of random
    /// sizes, or as large as they may be.
    SetSegments {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
        /// Random sizes.
        random: bool,
    },
    /// Keeps a message back, wherever it is on its way; what is behind it on its connection waits
    /// too.
    HoldMessage {
        /// The message.
        message: MessageId,
    },
    /// Lets a message go that was kept back.
    ReleaseMessage {
        /// The message.
        message: MessageId,
    },
    /// The connection of a message will be reset at one of its bytes: those before it arrive, then
    /// both ends learn that the connection is broken. What is behind it is lost.
    ResetAt {
        /// The message.
        message: MessageId,
        /// How many of its bytes arrive; more than it has: all.
        byte: u64,
    },
    /// Takes a node down.
    StopNode {
        /// The node.
        node: NodeId,
        /// How.
        stop: Stop,
    },
    /// Starts a node that is down, from its configuration and its disk.
    StartNode {
        /// The node.
        node: NodeId,
    },
    /// Freezes a node (as SIGSTOP would) or lets it go on.
    PauseNode {
        /// The node.
        node: NodeId,
        /// Freeze it, or let it go on.
        paused: bool,
    },
    /// Has a host refuse new connections, as a firewall would, or accept them again. Those that
    /// are open stay.
    RefuseConnections {
        /// The node.
        node: NodeId,
        /// Refuse, or accept.
        refused: bool,
    },
    /// Makes the clocks of a host, wall clock and monotonic clock, run fast or slow from now on.
    SkewClock {
        /// The node.
        node: NodeId,
        /// By how much, in parts per million; at most [`SKEW_PPM_MAX`]. 0: right.
        ppm: i64,
    },
    /// Sets the wall clock of a host forward or back. Its monotonic clock goes on.
    JumpClock {
        /// The node.
        node: NodeId,
        /// By how many milliseconds; at most [`JUMP_MS_MAX`].
        ms: i64,
    },
    /// Makes the disk of a host fast or slow, for operations from now on.
    SetDisk {
        /// The node.
        node: NodeId,
        /// Time that each operation takes, in microseconds.
        latency_us: u64,
        /// Bytes per second read or written; 0: without limit.
        bandwidth: u64,
    },
    /// Breaks the disk of a host, or mends it.
    BreakDisk {
        /// The node.
        node: NodeId,
        /// What is wrong with it; `None`: nothing any more.
        fault: Option<DiskFault>,
    },
    /// Ends every fault: links, disks and clocks are as at the start, nothing is kept back, nobody
    /// is frozen or refuses connections. Nodes that are down stay down.
    Heal,
    /// Adds a node that starts as a replica of another one. Its id is the next free one.
    AddReplica {
        /// Its master.
        of: NodeId,
    },
    /// Adds a node with a configuration of its own. Its id is the next free one.
    AddNode {
        /// The text of its configuration file. Without a `port` it gets the next free one.
        config: String,
    },
    /// Sets how often the background writer sends a command to a node.
    Traffic {
        /// The node written to.
        node: NodeId,
        /// Milliseconds between two commands; 0: none.
        every_ms: u64,
    },
    /// Opens another console, with a connection of its own. Its id is the next free one.
    AddClient {
        /// The node it talks to.
        node: NodeId,
    },
    /// A line typed into a console that was added.
    ClientLine {
        /// The client.
        client: ClientId,
        /// The line.
        line: String,
    },
    /// A client closes its connection. A console opens one again when something is typed into it;
    /// a writer is done for good.
    CloseClient {
        /// The client.
        client: ClientId,
    },
    /// Adds a client that writes by itself. Its id is the next free one.
    AddWriter {
        /// The node it writes to.
        node: NodeId,
        /// Microseconds between two commands, at least [`WRITER_EVERY_US_MIN`]; 0: it rests.
        every_us: u64,
        /// The command, in which `__rand_int__` stands for twelve digits, as in redis-benchmark.
        /// Empty: what a small shop writes, all types and times to live.
        line: String,
        /// `__rand_int__` is below this.
        keys: u64,
    },
    /// Changes how often a writer writes.
    SetWriter {
        /// The writer.
        client: ClientId,
        /// Microseconds between two commands, at least [`WRITER_EVERY_US_MIN`]; 0: it rests.
        every_us: u64,
    },
}

/// An intervention at its place in a history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Act {
    /// The step it became.
    pub index: u64,
    /// The virtual time at which it happened, not before that of step `index - 1`.
    pub at: Instant,
    /// What.
    pub what: Intervention,
}
