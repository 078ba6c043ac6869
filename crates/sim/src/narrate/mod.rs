//! Narration: one sentence per step, as data that any language can be put to.
//!
//! A [`Sentence`] is a [`Key`] and its arguments. The page has the catalogue of texts; the English
//! here is for tests and logs.

mod acts;
mod effects;
mod key;
mod opening;
mod recorded;

use std::fmt;

use lockstep_core::id::ReplId;
use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::trace::{Event, Fed};

pub use key::Key;
pub use opening::{IN_OPENING, pick};

use crate::ids::{ClientId, NodeId, Peer};
use crate::message::{Message, MessageKind, readable};
use crate::step::{Cause, Effect, Note, Step};

/// Longest command or reply that is quoted in full, in characters.
const QUOTE_MAX: usize = 60;

/// An argument of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// A node.
    Node(NodeId),
    /// A client.
    Client(ClientId),
    /// A number: an offset, bytes, keys, milliseconds.
    Number(u64),
    /// A history.
    History(ReplId),
    /// A replica's state of its link.
    ReplState(ReplState),
    /// A master's state of a replica.
    ReplicaState(ReplicaState),
    /// Words to be shown as code: a command, a reply, a file name, an address.
    Code(String),
    /// A reason in plain English, from the core.
    Reason(String),
}

/// A sentence, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Which sentence.
    pub key: Key,
    /// What `{0}`, `{1}`... stand for.
    pub args: Vec<Param>,
}

impl Sentence {
    fn new(key: Key, args: impl IntoIterator<Item = Param>) -> Self {
        Self { key, args: args.into_iter().collect() }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "node {}", id.0 + 1),
            Self::Client(_) => f.write_str("redis-cli"),
            Self::Number(n) => n.fmt(f),
            Self::History(id) => write!(f, "{:.6}", id.to_string()),
            Self::ReplState(state) => f.write_str(state.name()),
            Self::ReplicaState(state) => f.write_str(state.name()),
            Self::Code(text) | Self::Reason(text) => f.write_str(text),
        }
    }
}

impl Sentence {
    /// The sentence in English, with nodes called by these names.
    pub fn with_names(&self, name: &dyn Fn(NodeId) -> String) -> String {
        let mut text = String::new();
        let mut rest = self.key.english();
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (number, after) = after.split_once('}').unwrap_or((after, ""));
            match number.parse::<usize>().ok().and_then(|n| self.args.get(n)) {
                Some(Param::Node(id)) => text.push_str(&name(*id)),
                Some(arg) => text.push_str(&arg.to_string()),
                None => text.push_str(&format!("{{{number}}}")),
            }
            rest = after;
        }
        text + rest
    }
}

impl fmt::Display for Sentence {
    /// The sentence in English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_names(&|id| Param::Node(id).to_string()))
    }
}

/// The sentence of a step: what happened and, where a decision was taken, why.
pub fn narrate(step: &Step) -> Sentence {
    if let Cause::Intervention(what) = &step.cause {
        return acts::intervention(what, step.note.as_deref());
    }
    let told = step.effects.iter().filter_map(|e| Some((effects::weight(&e.event)?, e)));
    // Of equals the first: what follows it follows from it.
    let best = told.min_by_key(|(weight, _)| *weight);
    best.and_then(|(_, e)| effects::effect(e.node, &e.event)).unwrap_or_else(|| cause(step))
}

/// Everything there is to say about a step: its cause, then what happened inside nodes.
pub fn details(step: &Step) -> Vec<Sentence> {
    let inside = step.effects.iter().filter_map(|e| effects::effect(e.node, &e.event));
    std::iter::once(cause(step)).chain(inside).collect()
}

/// The sentence of something that happened inside a node; `None` if there is nothing to say.
pub(crate) fn of_effect(effect: &Effect) -> Option<Sentence> {
    effects::effect(effect.node, &effect.event)
}

/// What made the step happen.
fn cause(step: &Step) -> Sentence {
    match &step.cause {
        Cause::Delivered(message) => delivered(step, message),
        Cause::Timer { node, .. } => timer(step, *node),
        Cause::DialFailed { node } => Sentence::new(Key::DialFails, [Param::Node(*node)]),
        Cause::File { node, name, ok } => {
            let key = match (ok, name.is_empty()) {
                (false, _) => Key::FileFailed,
                (true, true) => Key::FileAnswered,
                (true, false) => Key::FileSaved,
            };
            Sentence::new(key, [Param::Node(*node), Param::Code(name.clone())])
        }
        Cause::Woke { node } => Sentence::new(Key::Woke, [Param::Node(*node)]),
        Cause::Client { .. } => match step.sent.first() {
            Some(m) => Sentence::new(Key::ClientSends, [peer(m.to), quote(m)]),
            None => Sentence::new(Key::ClientRests, []),
        },
        Cause::Intervention(what) => acts::intervention(what, step.note.as_deref()),
        Cause::Recorded(what) => recorded::recorded(step, what),
    }
}

fn peer(peer: Peer) -> Param {
    match peer {
        Peer::Node(id) => Param::Node(id),
        Peer::Client(id) => Param::Client(id),
    }
}

fn quote(message: &Message) -> Param {
    Param::Code(message.label(QUOTE_MAX))
}

fn text(bytes: &[u8]) -> Param {
    Param::Code(readable(bytes))
}

fn delivered(step: &Step, m: &Message) -> Sentence {
    let (from, to) = (peer(m.from), peer(m.to));
    let simple = |key| Sentence::new(key, [from.clone(), to.clone()]);
    if step.note.as_deref() == Some(&Note::Unclaimed) {
        return Sentence::new(Key::UnclaimedArrives, [from, to, quote(m)]);
    }
    match m.kind {
        MessageKind::Connect => simple(Key::ConnectArrives),
        MessageKind::Accept => simple(Key::AcceptArrives),
        MessageKind::Refuse => simple(Key::RefusalArrives),
        MessageKind::Fin => simple(Key::CloseArrives),
        MessageKind::Reset => simple(Key::ResetArrives),
        MessageKind::Keepalive => simple(Key::KeepaliveArrives),
        MessageKind::Rdb => {
            Sentence::new(Key::RdbArrives, [from, to, Param::Number(m.bytes.len() as u64)])
        }
        _ if !m.complete => {
            Sentence::new(Key::PartArrives, [from, to, Param::Number(m.bytes.len() as u64)])
        }
        MessageKind::Handshake => handshake(m, from, to),
        MessageKind::Reply => reply(m, from, to),
        MessageKind::Error => Sentence::new(Key::ErrorArrives, [from, to, quote(m)]),
        MessageKind::RdbHeader => rdb_header(m, from, to),
        MessageKind::Stream | MessageKind::Ping => stream(step, m, from, to),
        MessageKind::Ack => {
            let args = m.command();
            let offset = args.get(2).and_then(|o| std::str::from_utf8(o).ok()?.parse().ok());
            Sentence::new(Key::AckArrives, [from, to, Param::Number(offset.unwrap_or(0))])
        }
        MessageKind::Request => request(step, m, to),
        MessageKind::Response => Sentence::new(Key::ResponseArrives, [from, quote(m)]),
    }
}

fn handshake(m: &Message, from: Param, to: Param) -> Sentence {
    let args = m.command();
    let word = |i: usize| args.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
    let arg = |i: usize| text(args.get(i).map_or(b"", |a| a));
    match (word(0).as_slice(), word(1).as_slice()) {
        (b"ping", _) => Sentence::new(Key::PingArrives, [from, to]),
        (b"auth", _) => Sentence::new(Key::AuthArrives, [from, to]),
        (b"replconf", b"listening-port") => Sentence::new(Key::PortArrives, [from, to, arg(2)]),
        (b"replconf", b"ip-address") => Sentence::new(Key::AddressArrives, [from, to, arg(2)]),
        (b"replconf", b"capa") => {
            // `REPLCONF capa eof capa psync2`: names and values alternate from the second word on.
            let values = args.iter().skip(2).step_by(2);
            let values: Vec<String> = values.map(|c| c.escape_ascii().to_string()).collect();
            Sentence::new(Key::CapaArrives, [from, to, Param::Code(values.join(" "))])
        }
        (b"psync", b"?") => Sentence::new(Key::PsyncFreshArrives, [from, to]),
        (b"psync", _) => {
            let id = args.get(1).and_then(|id| ReplId::parse(id));
            let id = id.map_or_else(|| arg(1), Param::History);
            Sentence::new(Key::PsyncArrives, [from, to, id, arg(2)])
        }
        (b"sync", _) => Sentence::new(Key::SyncArrives, [from, to]),
        _ => Sentence::new(Key::HandshakeArrives, [from, to, quote(m)]),
    }
}

fn reply(m: &Message, from: Param, to: Param) -> Sentence {
    let line = m.bytes.trim_ascii_end();
    let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
    match words.as_slice() {
        [b"+PONG"] => Sentence::new(Key::PongArrives, [from, to]),
        [b"+OK"] => Sentence::new(Key::OkArrives, [from, to]),
        [b"+FULLRESYNC", id, offset] => {
            let id = ReplId::parse(id).map_or_else(|| text(id), Param::History);
            Sentence::new(Key::FullResyncArrives, [from, to, id, text(offset)])
        }
        [b"+CONTINUE", ..] => Sentence::new(Key::ContinueArrives, [from, to]),
        _ => Sentence::new(Key::ReplyArrives, [from, to, quote(m)]),
    }
}

fn rdb_header(m: &Message, from: Param, to: Param) -> Sentence {
    let line = m.bytes.trim_ascii_end();
    let len = std::str::from_utf8(&line[1..]).ok().and_then(|n| n.parse().ok());
    match len {
        Some(len) => Sentence::new(Key::RdbLengthArrives, [from, to, Param::Number(len)]),
        None => Sentence::new(Key::RdbMarkArrives, [from, to]),
    }
}

fn stream(step: &Step, m: &Message, from: Param, to: Param) -> Sentence {
    let applied = step.effects.iter().rev().find_map(|e| match e.event {
        Event::Applied { to, .. } => Some(to),
        _ => None,
    });
    match (m.kind, applied, m.stream) {
        (MessageKind::Ping, Some(at), _) => {
            let len = Param::Number(m.bytes.len() as u64);
            Sentence::new(Key::StreamPingArrives, [from, to, len, Param::Number(at)])
        }
        (_, Some(at), _) => {
            Sentence::new(Key::StreamApplied, [from, to, quote(m), Param::Number(at)])
        }
        (_, None, Some(range)) => {
            let (first, last) = (Param::Number(range.from), Param::Number(range.to - 1));
            Sentence::new(Key::StreamArrives, [from, to, quote(m), first, last])
        }
        (_, None, None) => Sentence::new(Key::HandshakeArrives, [from, to, quote(m)]),
    }
}

fn request(step: &Step, m: &Message, to: Param) -> Sentence {
    let fed: Vec<(u64, u64)> = step
        .effects
        .iter()
        .filter_map(|e| match &e.event {
            Event::Fed { from, bytes, why: Fed::Command | Fed::Select | Fed::Transaction } => {
                Some((*from, bytes.len() as u64))
            }
            _ => None,
        })
        .collect();
    let Some((last, len)) = fed.last() else {
        return Sentence::new(Key::RequestArrives, [to, quote(m)]);
    };
    let bytes = Param::Number(fed.iter().map(|(_, len)| len).sum());
    let offset = Param::Number(last + len - 1);
    Sentence::new(Key::WriteArrives, [to, quote(m), bytes, offset])
}

fn timer(step: &Step, node: NodeId) -> Sentence {
    let me = Param::Node(node);
    for effect in &step.effects {
        match &effect.event {
            Event::Fed { from, bytes, why: Fed::Ping } => {
                let offset = Param::Number(from + bytes.len() as u64 - 1);
                return Sentence::new(Key::PingFed, [me, offset]);
            }
            Event::Expired { key, .. } => {
                return Sentence::new(Key::KeyExpired, [me, text(key)]);
            }
            _ => {}
        }
    }
    for message in &step.sent {
        match message.kind {
            MessageKind::Ack => {
                let args = message.command();
                return Sentence::new(Key::AckSent, [me, text(args.get(2).map_or(b"", |a| a))]);
            }
            MessageKind::Connect => {
                return Sentence::new(Key::DialSent, [me, peer(message.to)]);
            }
            MessageKind::Keepalive => {
                return Sentence::new(Key::KeepaliveArrives, [me, peer(message.to)]);
            }
            _ => {}
        }
    }
    let dials =
        |event: &Event| matches!(event, Event::ReplStateChanged { to: ReplState::Connecting, .. });
    let key =
        if step.effects.iter().any(|e| dials(&e.event)) { Key::DialTried } else { Key::TimerFired };
    Sentence::new(key, [me])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_numbers_its_arguments_without_gaps() {
        for key in Key::ALL {
            let text = key.english();
            let used = (0..10).filter(|n| text.contains(&format!("{{{n}}}"))).count();
            // A sentence may leave out an argument that only another language needs, never one
            // below a number it uses, unless it says the two nodes in the other order.
            let highest = (0..10).rev().find(|n| text.contains(&format!("{{{n}}}")));
            assert!(used >= highest.map_or(0, |h: usize| h), "{}: {text}", key.name());
        }
    }

    #[test]
    fn a_sentence_puts_its_arguments_in_their_places() {
        let args = [Param::Node(NodeId(1)), Param::Node(NodeId(0)), Param::Number(1275)];
        let sentence = Sentence::new(Key::AckArrives, args);
        assert_eq!(
            sentence.to_string(),
            "node 2 reports to node 1: I hold everything up to byte 1275."
        );
    }
}
