//! Steps: the events of a world that do something visible.

use lockstep_core::node::Timer;
use lockstep_core::time::Instant;
use lockstep_core::trace::Event;

use crate::ids::{ClientId, MessageId, NodeId, Peer};
use crate::message::{MessageKind, MessageRef};
use crate::script::Intervention;

/// How far one step of the timeline goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Grain {
    /// To the next visible event, whatever it is.
    Event,
    /// To the next arrival of a segment of TCP (or intervention, or what is a
    /// [`Grain::Transition`]): a message longer than a segment arrives in several.
    Segment,
    /// To the next arrival that completes a message (or intervention, or what is a
    /// [`Grain::Transition`]).
    #[default]
    Delivery,
    /// To the next change of a role, a link's state or a history, or the next decision about a
    /// resynchronisation (or intervention).
    Transition,
}

/// What made a step happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A message arrived.
    Delivered(MessageRef),
    /// A node's timer fired.
    Timer {
        /// The node.
        node: NodeId,
        /// Which timer.
        timer: Timer,
    },
    /// A connection attempt of a node failed without having reached anybody.
    DialFailed {
        /// The node.
        node: NodeId,
    },
    /// A file operation of a node ended.
    File {
        /// The node.
        node: NodeId,
        /// File name.
        name: String,
        /// Whether it succeeded.
        ok: bool,
    },
    /// A node that slept (`DEBUG SLEEP`) or was paused goes on.
    Woke {
        /// The node.
        node: NodeId,
    },
    /// A background writer sends its next command.
    Client {
        /// The client.
        client: ClientId,
    },
    /// Somebody intervened.
    Intervention(Intervention),
    /// In a recording: what it tells without a cause, or about itself.
    Recorded(Recorded),
}

/// What a recording tells beside messages and their consequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Something happened in a node; what made it happen is not recorded.
    Inside {
        /// The node.
        node: NodeId,
    },
    /// A node handed something to the network; what made it do so is not recorded.
    Sent {
        /// Nobody records at the other end: that it arrives will not be seen.
        away: bool,
    },
    /// Somebody did something that is recorded as words only.
    Act(String),
    /// The process of a node has ended.
    Ended {
        /// The node.
        node: NodeId,
    },
    /// Events are missing here.
    LeftOut(u64),
    /// Bytes of a connection are missing here.
    Gap {
        /// Who sent them.
        from: Peer,
        /// To whom.
        to: Peer,
        /// How many.
        bytes: u64,
        /// The capture has their packets, but cut short.
        cut_short: bool,
    },
    /// A connection that was open before the recording began shows itself.
    UnderWay {
        /// Who opened it.
        dialer: Peer,
        /// Who accepted it.
        acceptor: Peer,
    },
}

/// Why an intervention could not be done. The world is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Impossible {
    /// There is no such node.
    NoNode(NodeId),
    /// There is no link between two such nodes.
    NoLink(NodeId, NodeId),
    /// There is no such client, or it is not of the kind that could do it.
    NoClient(ClientId),
    /// No such message is on its way.
    NoMessage(MessageId),
    /// The node is running already.
    Running(NodeId),
    /// The node is not running.
    Down(NodeId),
    /// There are as many nodes as there may be.
    TooManyNodes,
    /// There are as many clients as there may be.
    TooManyClients,
    /// Another node has this port.
    PortTaken(u16),
    /// A line of a configuration is wrong.
    BadConfig {
        /// The line.
        line: String,
        /// What is wrong with it, in Redis's words.
        error: String,
    },
    /// A text is longer than [`crate::script::LINE_BYTES_MAX`].
    TooLong,
    /// It is so already.
    AlreadySo,
}

/// What is to be known about a step beside its cause and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Note {
    /// It is about this message, as it was on its way.
    About(MessageRef),
    /// It gave this node to the world.
    Node(NodeId),
    /// It gave this client to the world.
    Client(ClientId),
    /// It changed nothing.
    Impossible(Impossible),
    /// What arrived did so at a host that knows nothing of its connection (any more): no process
    /// was told, and a reset goes back.
    Unclaimed,
}

/// A trace event and the node it happened in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effect {
    /// The node.
    pub node: NodeId,
    /// What happened in it.
    pub event: Event,
}

/// The record of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number: the first step of a history is 1, and the state at index `n` of a timeline is
    /// that after step `n`.
    pub index: u64,
    /// When.
    pub at: Instant,
    /// Why.
    pub cause: Cause,
    /// What happened inside nodes, in order.
    pub effects: Vec<Effect>,
    /// Messages put on the wire.
    pub sent: Vec<MessageRef>,
    /// More about it, if there is more to know.
    pub note: Option<Box<Note>>,
}

impl Step {
    /// Whether stepping by `grain` stops here.
    pub fn has_grain(&self, grain: Grain) -> bool {
        let intervention = matches!(
            self.cause,
            Cause::Intervention(_)
                | Cause::Recorded(
                    Recorded::Act(_)
                        | Recorded::Ended { .. }
                        | Recorded::LeftOut(_)
                        | Recorded::Gap { .. }
                        | Recorded::UnderWay { .. }
                )
        );
        match grain {
            Grain::Event => true,
            // What a transition is, nobody may miss: a replica loads when its file is complete, and
            // that is no arrival.
            Grain::Segment => intervention || self.arrives(false) || self.is_transition(),
            Grain::Delivery => intervention || self.arrives(true) || self.is_transition(),
            Grain::Transition => intervention || self.is_transition(),
        }
    }

    /// Whether it is what nodes do every second while nothing happens: a timer, a `PING`, an `ACK`,
    /// a keepalive.
    pub fn is_heartbeat(&self) -> bool {
        let beats =
            |kind| matches!(kind, MessageKind::Ping | MessageKind::Ack | MessageKind::Keepalive);
        let caused = match &self.cause {
            Cause::Delivered(message) => beats(message.kind),
            Cause::Timer { .. }
            | Cause::Recorded(Recorded::Sent { .. } | Recorded::Inside { .. }) => true,
            _ => false,
        };
        let idle = |effect: &Effect| {
            use lockstep_core::trace::Fed;
            match &effect.event {
                Event::TimerFired(_) | Event::Acked { .. } | Event::Applied { .. } => true,
                Event::Fed { why, .. } => matches!(why, Fed::Ping | Fed::Proxied),
                _ => false,
            }
        };
        caused
            && self.effects.iter().all(idle)
            && self.sent.iter().all(|message| beats(message.kind))
    }

    fn arrives(&self, whole: bool) -> bool {
        match &self.cause {
            Cause::Delivered(message) => message.complete || !whole,
            // The nearest to an arrival that will be seen.
            Cause::Recorded(Recorded::Sent { away: true }) => {
                self.sent.iter().any(|message| message.complete || !whole)
            }
            _ => false,
        }
    }

    /// Whether a role, the state of a replication link or a history changed, or a
    /// resynchronisation was decided about.
    pub fn is_transition(&self) -> bool {
        self.effects.iter().any(|e| is_transition(&e.event))
    }
}

fn is_transition(event: &Event) -> bool {
    matches!(
        event,
        Event::ReplStateChanged { .. }
            | Event::ReplicaStateChanged { .. }
            | Event::RoleChanged { .. }
            | Event::PsyncDecided { .. }
            | Event::ReplIdShifted { .. }
            | Event::FullResync { .. }
            | Event::Continued { .. }
    )
}
