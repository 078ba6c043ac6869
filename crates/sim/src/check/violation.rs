//! What a checker says when a promise is broken.

use std::fmt;

use crate::ids::NodeId;

/// The promises that the checkers watch. See [`Promise::text`] for what each says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "`text` says it, once")]
pub enum Promise {
    EqualData,
    NobodyAhead,
    OneHistory,
    NoOffsetSkipped,
    OffsetsGrow,
    SecondIdFits,
    SharedHistory,
    StreamUnderstood,
    BacklogReachesOffset,
    BacklogFits,
    StreamHeld,
    OutputBounded,
    AckGrows,
    AckTrue,
    AckNoted,
    WaitTrue,
    WaitPatient,
    EnoughReplicas,
    CountsAgree,
    InfoAgrees,
    SelectFirst,
    UnitsWhole,
    MasterExpires,
    ExpiredUnseen,
    SilenceEnds,
    WholeFiles,
    Converges,
}

impl Promise {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::EqualData,
        Self::NobodyAhead,
        Self::OneHistory,
        Self::NoOffsetSkipped,
        Self::OffsetsGrow,
        Self::SecondIdFits,
        Self::SharedHistory,
        Self::StreamUnderstood,
        Self::BacklogReachesOffset,
        Self::BacklogFits,
        Self::StreamHeld,
        Self::OutputBounded,
        Self::AckGrows,
        Self::AckTrue,
        Self::AckNoted,
        Self::WaitTrue,
        Self::WaitPatient,
        Self::EnoughReplicas,
        Self::CountsAgree,
        Self::InfoAgrees,
        Self::SelectFirst,
        Self::UnitsWhole,
        Self::MasterExpires,
        Self::ExpiredUnseen,
        Self::SilenceEnds,
        Self::WholeFiles,
        Self::Converges,
    ];

    /// The promise as a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::EqualData => "at one offset of one history there is one dataset",
            Self::NobodyAhead => "nobody is further in a history than the master that writes it",
            Self::OneHistory => "one history has one byte at an offset, whoever holds it",
            Self::NoOffsetSkipped => "the stream grows byte by byte, and every byte counts once",
            Self::OffsetsGrow => "on one history the offset of a node never goes back",
            Self::SecondIdFits => "the second id is accepted up to what the node holds of it",
            Self::SharedHistory => "a partial resynchronisation goes on inside shared history",
            Self::StreamUnderstood => "nodes understand each other",
            Self::BacklogReachesOffset => "the backlog ends at the node's offset",
            Self::BacklogFits => {
                "the backlog holds as much as repl-backlog-size allows, and no more"
            }
            Self::StreamHeld => "what a replica has not been sent yet is still held",
            Self::OutputBounded => "no replica has more waiting than its output buffer limit",
            Self::AckGrows => "what a replica acknowledges never goes back on one connection",
            Self::AckTrue => "a replica acknowledges exactly what it has applied",
            Self::AckNoted => "a master notes what was acknowledged, no more and no less",
            Self::WaitTrue => "as many replicas have acknowledged as WAIT says",
            Self::WaitPatient => "WAIT gives up no earlier than its timeout",
            Self::EnoughReplicas => "a write is taken only with min-replicas-to-write replicas",
            Self::CountsAgree => "INFO counts each resynchronisation as it was decided",
            Self::InfoAgrees => "INFO agrees with the state of the node",
            Self::SelectFirst => "after a snapshot or a promotion the stream names its database",
            Self::UnitsWhole => "what a command or an EXEC changes, a replica changes at once",
            Self::MasterExpires => "only a master deletes a key because its time has come",
            Self::ExpiredUnseen => "a client never reads a key whose time is over",
            Self::SilenceEnds => "who is silent for longer than repl-timeout is disconnected",
            Self::WholeFiles => "a file on disk is whole: the old one or the new one",
            Self::Converges => "when the faults end, everybody comes to the same place",
        }
    }
}

/// Something that must never happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The promise that was broken.
    pub promise: Promise,
    /// Where.
    pub node: NodeId,
    /// What happened there, with its numbers: a sentence.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(promise: Promise, node: NodeId, what: String) -> Self {
        Self { promise, node, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (but {})", self.what, self.promise.text())
    }
}
