//! Interventions: what people (and the search) do to a world, and when.

use lockstep_core::time::Instant;

use crate::ids::NodeId;

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Both ends learn of it at once: connections over the link are reset, attempts fail.
    Reset,
    /// Nobody learns of it: bytes wait, as TCP would retransmit them, until the link is back or
    /// somebody's timeout has passed.
    Silent,
}

/// How a node goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// SIGTERM: it saves if it is configured to, and leaves.
    Graceful,
    /// SIGKILL: it saves nothing. Its connections are reset.
    Crash,
}

/// Something done to the world from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Cuts the link between two nodes.
    CutLink {
        /// One end.
        a: NodeId,
        /// The other end.
        b: NodeId,
        /// How.
        cut: Cut,
    },
    /// Mends the link between two nodes.
    RestoreLink {
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
    /// Adds a node that starts as a replica of another one. Its id is the next free one.
    AddReplica {
        /// Its master.
        of: NodeId,
    },
    /// Sets how often the background writer sends a command to a node.
    Traffic {
        /// The node written to.
        node: NodeId,
        /// Milliseconds between two commands; 0: none.
        every_ms: u64,
    },
}

/// An intervention at its place in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// The step it became.
    pub index: u64,
    /// The virtual time at which it happened, not before that of step `index - 1`.
    pub at: Instant,
    /// What.
    pub what: Intervention,
}
