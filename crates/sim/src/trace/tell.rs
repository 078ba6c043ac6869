//! A trace in sentences.

use std::sync::Arc;

use lockstep_core::time::Instant;

use super::{Packet, Record, Remark, Session, Way, What};
use crate::ids::{ClientId, MessageId, NodeId, Peer, WireId};
use crate::message::Message;
use crate::narrate::{self, Sentence};
use crate::step::{Cause, Effect, Note, Step};

/// Longest text of a message that is shown, in characters.
const LABEL_MAX: usize = 90;

/// Tells a trace: for each group of lines its time and its sentences, the cause first.
pub fn tell(session: &Session, mut say: impl FnMut(&str)) {
    for (name, address) in &session.nodes {
        say(&format!("{name} is {address}"));
    }
    let mut rest = session.records.as_slice();
    while let Some(first) = rest.first() {
        let follows = |r: &&Record| !r.is_cause() && r.at == first.at;
        let len = 1 + rest[1..].iter().take_while(follows).count();
        let (group, after) = rest.split_at(len);
        rest = after;
        let lines = sentences(group);
        for (n, line) in lines.iter().enumerate() {
            if n == 0 {
                let mut time = String::new();
                super::text::time(&mut time, first.at.0);
                say(&format!("{time:>13} {line}"));
            } else {
                say(&format!("{:>13}   {line}", ""));
            }
        }
    }
}

/// The sentences of a cause and of what followed from it.
fn sentences(group: &[Record]) -> Vec<String> {
    let effects = group.iter().filter_map(|record| match (&record.what, node(&record.place)) {
        (What::Event(event), Some(node)) => Some(Effect { node, event: event.clone() }),
        _ => None,
    });
    let effects: Vec<Effect> = effects.collect();
    let words = |sentence: Sentence| sentence.with_names(&|id| id.to_string());
    let mut lines = Vec::new();
    let first = &group[0];
    match cause(first) {
        Some(cause) => {
            let (index, at) = (0, first.at);
            let unclaimed = matches!(&first.what, What::Packet(packet) if packet.unclaimed);
            let note = unclaimed.then(|| Box::new(Note::Unclaimed));
            let step = Step { index, at, cause, effects, sent: Vec::new(), note };
            lines.extend(narrate::details(&step).into_iter().map(words));
        }
        None => {
            match &first.what {
                What::Act { what, remark } => lines.push(act(what, remark.as_ref())),
                What::Write => lines.push(format!("{} writes", first.place)),
                _ => {}
            }
            lines.extend(effects.iter().filter_map(narrate::of_effect).map(words));
        }
    }
    for record in group.iter().filter(|r| !r.is_cause()) {
        if let What::Packet(packet) = &record.what {
            let text = message(record, packet).label(LABEL_MAX);
            lines.push(format!("{} > {}: {text}", record.place, packet.peer));
        }
    }
    lines
}

fn act(what: &str, remark: Option<&Remark>) -> String {
    match remark {
        None => format!("somebody intervenes: {what}"),
        Some(Remark::Impossible(why)) => {
            format!("somebody intervenes in vain: {what} ({why})")
        }
        Some(Remark::About(text) | Remark::Gave(text)) => {
            format!("somebody intervenes: {what} ({text})")
        }
    }
}

fn cause(record: &Record) -> Option<Cause> {
    Some(match &record.what {
        What::Packet(packet) if packet.way == Way::Received => {
            Cause::Delivered(Arc::new(message(record, packet)))
        }
        What::Timer(timer) => Cause::Timer { node: node(&record.place)?, timer: *timer },
        What::DialFailed => Cause::DialFailed { node: node(&record.place)? },
        What::File { name, ok } => {
            Cause::File { node: node(&record.place)?, name: name.clone(), ok: *ok }
        }
        What::Woke => Cause::Woke { node: node(&record.place)? },
        _ => return None,
    })
}

fn message(record: &Record, packet: &Packet) -> Message {
    let (place, other) = (peer(&record.place), peer(&packet.peer));
    let (from, to) = if packet.way == Way::Sent { (place, other) } else { (other, place) };
    Message {
        id: MessageId(0),
        wire: WireId(0),
        from,
        to,
        sent_at: Instant(0),
        kind: packet.kind,
        bytes: packet.bytes.clone(),
        stream: packet.stream,
        complete: packet.complete,
    }
}

fn node(name: &str) -> Option<NodeId> {
    name.strip_prefix('n')?.parse().ok().map(NodeId)
}

/// Who is no node is a client.
fn peer(name: &str) -> Peer {
    node(name).map_or(Peer::Client(ClientId(u32::MAX)), Peer::Node)
}
