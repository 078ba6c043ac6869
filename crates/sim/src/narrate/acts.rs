//! Sentences about interventions.

use super::{Key, Param, QUOTE_MAX, Sentence, peer};
use crate::console::INTERRUPT;
use crate::ids::{ClientId, MessageId, NodeId};
use crate::message::MessageRef;
use crate::script::{CLIENTS_MAX, Cut, DiskFault, Intervention, LINE_BYTES_MAX, NODES_MAX, Stop};
use crate::step::{Impossible, Note};

/// The sentence of an intervention.
pub(super) fn intervention(what: &Intervention, note: Option<&Note>) -> Sentence {
    match (what, note) {
        (_, Some(Note::Impossible(why))) => impossible(why),
        (Intervention::HoldMessage { message }, _) => {
            on_its_way(Key::MessageHeld, *message, note, None)
        }
        (Intervention::ReleaseMessage { message }, _) => {
            on_its_way(Key::MessageReleased, *message, note, None)
        }
        (Intervention::ResetAt { message, byte }, _) => {
            on_its_way(Key::MessageReset, *message, note, Some(*byte))
        }
        _ => plain(what, note),
    }
}

fn plain(what: &Intervention, note: Option<&Note>) -> Sentence {
    use Intervention as I;
    match what {
        I::Console { node, line } | I::Telnet { node, line } if line == INTERRUPT => {
            say(Key::Interrupted, [Param::Node(*node)])
        }
        I::Telnet { node, line } => say(Key::TypedRaw, [Param::Node(*node), code(line)]),
        I::Console { node, line } => say(Key::Typed, [Param::Node(*node), code(line)]),
        I::CutLink { a, b, cut } => {
            let key = match cut {
                Cut::Reset => Key::LinkCut,
                Cut::Silent => Key::LinkStalled,
                Cut::Stall => Key::LinkHeld,
            };
            link(key, *a, *b, [])
        }
        I::RestoreLink { a, b } => link(Key::LinkRestored, *a, *b, []),
        I::CutOneWay { from, to } => link(Key::OneWayCut, *from, *to, []),
        I::RestoreOneWay { from, to } => link(Key::OneWayRestored, *from, *to, []),
        I::ResetConnections { a, b } => link(Key::ConnectionsReset, *a, *b, []),
        I::SetLink { a, b, latency_us, bandwidth } => {
            let key = if *bandwidth == 0 { Key::LinkChangedUnlimited } else { Key::LinkChanged };
            link(key, *a, *b, [latency_us / 1_000, *bandwidth])
        }
        I::SetJitter { a, b, jitter_us: 0 } => link(Key::JitterOff, *a, *b, []),
        I::SetJitter { a, b, jitter_us } => link(Key::JitterSet, *a, *b, [jitter_us / 1_000]),
        I::SetSegments { a, b, random: true } => link(Key::SegmentsRandom, *a, *b, []),
        I::SetSegments { a, b, random: false } => link(Key::SegmentsFull, *a, *b, []),
        I::Heal => say(Key::Healed, []),
        I::StopNode { node, .. }
        | I::StartNode { node }
        | I::PauseNode { node, .. }
        | I::RefuseConnections { node, .. }
        | I::SkewClock { node, .. }
        | I::JumpClock { node, .. }
        | I::SetDisk { node, .. }
        | I::BreakDisk { node, .. }
        | I::AddReplica { of: node }
        | I::Traffic { node, .. } => about_node(what, *node),
        _ => about_client(what, note),
    }
}

fn about_node(what: &Intervention, node: NodeId) -> Sentence {
    use Intervention as I;
    let (key, numbers) = match what {
        I::StopNode { stop: Stop::Graceful, .. } => (Key::NodeStopped, [0; 2]),
        I::StopNode { stop: Stop::Crash, .. } => (Key::NodeCrashed, [0; 2]),
        I::StopNode { stop: Stop::PowerLoss, .. } => (Key::NodePowerLost, [0; 2]),
        I::StartNode { .. } => (Key::NodeStarted, [0; 2]),
        I::PauseNode { paused: true, .. } => (Key::NodePaused, [0; 2]),
        I::PauseNode { .. } => (Key::NodeResumed, [0; 2]),
        I::RefuseConnections { refused: true, .. } => (Key::ConnectionsRefused, [0; 2]),
        I::RefuseConnections { .. } => (Key::ConnectionsAccepted, [0; 2]),
        I::SkewClock { ppm: 0, .. } => (Key::ClockRight, [0; 2]),
        I::SkewClock { ppm, .. } => {
            let key = if *ppm > 0 { Key::ClockFast } else { Key::ClockSlow };
            (key, [ppm.unsigned_abs(), 0])
        }
        I::JumpClock { ms, .. } => {
            let key = if *ms < 0 { Key::ClockBack } else { Key::ClockForward };
            (key, [ms.unsigned_abs(), 0])
        }
        I::SetDisk { latency_us, bandwidth, .. } => {
            let key = if *bandwidth == 0 { Key::DiskChangedUnlimited } else { Key::DiskChanged };
            (key, [latency_us / 1_000, *bandwidth])
        }
        I::BreakDisk { fault: Some(DiskFault::Full), .. } => (Key::DiskFull, [0; 2]),
        I::BreakDisk { fault: Some(DiskFault::Failing), .. } => (Key::DiskFails, [0; 2]),
        I::BreakDisk { .. } => (Key::DiskMended, [0; 2]),
        I::Traffic { every_ms: 0, .. } => (Key::TrafficOff, [0; 2]),
        I::Traffic { every_ms, .. } => (Key::TrafficOn, [*every_ms, 0]),
        _ => (Key::ReplicaAdded, [0; 2]),
    };
    let [first, second] = numbers.map(Param::Number);
    say(key, [Param::Node(node), first, second])
}

fn about_client(what: &Intervention, note: Option<&Note>) -> Sentence {
    let new = match note {
        Some(Note::Client(id)) => client(*id),
        _ => code(""),
    };
    match what {
        Intervention::AddClient { node } => say(Key::ClientAdded, [Param::Node(*node), new]),
        Intervention::ClientLine { client: id, line } => {
            say(Key::ClientTyped, [client(*id), code(line)])
        }
        Intervention::CloseClient { client: id } => say(Key::ClientClosed, [client(*id)]),
        Intervention::AddWriter { node, every_us, line, .. } => {
            let line = if line.is_empty() { "…" } else { line };
            let args = [Param::Node(*node), new, Param::Number(*every_us), code(line)];
            say(Key::WriterAdded, args)
        }
        Intervention::SetWriter { client: id, every_us: 0 } => say(Key::WriterRests, [client(*id)]),
        Intervention::SetWriter { client: id, every_us } => {
            say(Key::WriterPace, [client(*id), Param::Number(*every_us)])
        }
        _ => {
            let node = match note {
                Some(Note::Node(id)) => Param::Node(*id),
                _ => code(""),
            };
            say(Key::NodeAdded, [node])
        }
    }
}

/// What was done to a message.
fn on_its_way(key: Key, id: MessageId, note: Option<&Note>, byte: Option<u64>) -> Sentence {
    let Some(Note::About(message)) = note else { return impossible(&Impossible::NoMessage(id)) };
    let message: &MessageRef = message;
    let label = Param::Code(message.label(QUOTE_MAX));
    let byte = byte.map(|b| Param::Number(b.min(message.bytes.len() as u64)));
    let args = [peer(message.from), peer(message.to), label];
    Sentence::new(key, args.into_iter().chain(byte))
}

fn impossible(why: &Impossible) -> Sentence {
    use Impossible as I;
    match why {
        I::NoNode(id) => say(Key::NoNode, [Param::Node(*id)]),
        I::NoLink(a, b) => link(Key::NoLink, *a, *b, []),
        I::NoClient(id) => say(Key::NoClient, [client(*id)]),
        I::NoMessage(id) => say(Key::NoMessage, [Param::Code(id.to_string())]),
        I::Running(id) => say(Key::NodeRuns, [Param::Node(*id)]),
        I::Down(id) => say(Key::NodeIsDown, [Param::Node(*id)]),
        I::TooManyNodes => say(Key::NodesMax, [Param::Number(NODES_MAX as u64)]),
        I::TooManyClients => say(Key::ClientsMax, [Param::Number(CLIENTS_MAX as u64)]),
        I::PortTaken(port) => say(Key::PortTaken, [Param::Code(port.to_string())]),
        I::BadConfig { line, error } => {
            say(Key::BadConfig, [code(line), Param::Reason(error.clone())])
        }
        I::TooLong => say(Key::TextTooLong, [Param::Number(LINE_BYTES_MAX as u64)]),
        I::AlreadySo => say(Key::AlreadySo, []),
    }
}

/// A sentence about two nodes.
fn link<const N: usize>(key: Key, a: NodeId, b: NodeId, numbers: [u64; N]) -> Sentence {
    let ends = [Param::Node(a), Param::Node(b)];
    Sentence::new(key, ends.into_iter().chain(numbers.map(Param::Number)))
}

fn say<const N: usize>(key: Key, args: [Param; N]) -> Sentence {
    Sentence { key, args: args.to_vec() }
}

fn code(text: &str) -> Param {
    Param::Code(text.to_owned())
}

fn client(id: ClientId) -> Param {
    Param::Code(id.to_string())
}
