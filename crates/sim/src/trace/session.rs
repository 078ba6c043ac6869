//! A whole trace, of one file or of several that were written side by side.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::time::Instant;
use lockstep_core::trace::Event;

use super::{Packet, Reader, Record, What};
use crate::message::MessageKind;

/// A trace in memory. The records of what one cause made stand together, the causes in the order
/// of their times.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// When it began, in milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// Names and addresses of the nodes.
    pub nodes: Vec<(String, String)>,
    /// The lines.
    pub records: Vec<Record>,
}

impl Session {
    /// Joins traces that were recorded at the same time, each by a server of its own: their nodes
    /// get names in the order given, and their times count from the earliest beginning. Where an
    /// address is a node's, its name stands from then on.
    pub fn join(parts: Vec<(Reader, Vec<Record>)>) -> Self {
        let started = parts.iter().map(|(reader, _)| reader.started_unix_ms()).min().unwrap_or(0);
        let mut session = Self { started_unix_ms: started, ..Self::default() };
        let mut groups: Vec<Vec<Record>> = Vec::new();
        let mut wires = 0;
        for (reader, mut records) in parts {
            let shift = (reader.started_unix_ms() - started).saturating_mul(1_000);
            let nodes = session.nodes.len();
            wires += rename(&mut records, nodes, wires);
            for (name, address) in reader.nodes() {
                session.nodes.push((shifted(name, 'n', nodes), address.clone()));
            }
            for mut record in records {
                record.at = Instant(record.at.0.saturating_add(shift));
                match groups.last_mut().filter(|g| !record.is_cause() && g[0].at == record.at) {
                    Some(group) => group.push(record),
                    None => groups.push(vec![record]),
                }
            }
        }
        groups.sort_by_key(|group| group[0].at);
        session.records = groups.into_iter().flatten().collect();
        session.resolve();
        session.tell_links();
        session
    }

    /// Puts the names of nodes where their addresses are.
    fn resolve(&mut self) {
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for record in &self.records {
            if let What::Packet(Packet { local: Some(local), .. }) = &record.what {
                known.insert(local, &record.place);
            }
        }
        for (name, address) in &self.nodes {
            known.insert(address, name);
        }
        let known: BTreeMap<String, String> =
            known.into_iter().map(|(a, n)| (a.to_owned(), n.to_owned())).collect();
        for record in &mut self.records {
            if let What::Packet(packet) = &mut record.what {
                let address = packet.peer.replacen("localhost:", "127.0.0.1:", 1);
                if let Some(name) = known.get(&address) {
                    packet.peer.clone_from(name);
                }
            }
        }
    }

    /// A connection that a replica has introduced itself on was its link from the beginning, even
    /// where the writer of the trace could not know yet.
    fn tell_links(&mut self) {
        let mut links = BTreeSet::new();
        for record in &self.records {
            let What::Packet(packet) = &record.what else { continue };
            let client = packet.peer.strip_prefix('c').is_some_and(|n| n.parse::<u32>().is_ok());
            if packet.kind == MessageKind::Handshake && !client {
                links.insert((record.place.clone(), packet.wire.clone()));
            }
        }
        for record in &mut self.records {
            let What::Packet(packet) = &mut record.what else { continue };
            let kind = match packet.kind {
                MessageKind::Request => MessageKind::Handshake,
                MessageKind::Response => MessageKind::Reply,
                _ => continue,
            };
            if links.contains(&(record.place.clone(), packet.wire.clone())) {
                packet.kind = kind;
            }
        }
    }
}

/// Gives nodes and connections of one of several traces names of their own; returns how many names
/// of connections it took.
fn rename(records: &mut [Record], nodes: usize, wires: usize) -> usize {
    if nodes == 0 && wires == 0 {
        return names(records);
    }
    for record in records.iter_mut() {
        record.place = shifted(&record.place, 'n', nodes);
        match &mut record.what {
            What::Packet(packet) => {
                packet.wire = shifted(&packet.wire, 'w', wires);
                packet.peer = shifted(&packet.peer, 'n', nodes);
            }
            What::State(view) => super::state::shift(view, nodes, wires),
            _ => {}
        }
    }
    names(records) - wires
}

/// One more than the highest number in the name of a connection.
fn names(records: &[Record]) -> usize {
    let wires = records.iter().filter_map(|record| match &record.what {
        What::Packet(packet) => packet.wire.strip_prefix('w')?.parse::<usize>().ok(),
        _ => None,
    });
    wires.max().map_or(0, |highest| highest.saturating_add(1))
}

/// `n0` shifted by 2 is `n2`; what is no such name stays.
fn shifted(name: &str, letter: char, by: usize) -> String {
    match name.strip_prefix(letter).and_then(|n| n.parse::<usize>().ok()) {
        Some(number) => format!("{letter}{}", number.saturating_add(by)),
        None => name.to_owned(),
    }
}

/// Which lines are wanted. What is empty, or open, does not restrict.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Nodes, clients or `world`, by name or, nodes, by address.
    pub places: Vec<String>,
    /// Kinds of lines, or of messages.
    pub kinds: Vec<String>,
    /// Connections.
    pub wires: Vec<String>,
    /// The first and the last time.
    pub time: (Option<Instant>, Option<Instant>),
    /// The first and the last offset of the replication stream that a line must be about.
    pub offsets: Option<(u64, u64)>,
}

impl Filter {
    /// Whether a line is wanted.
    pub fn wants(&self, session: &Session, record: &Record) -> bool {
        let named = |place: &String| {
            let address = session.nodes.iter().find(|(name, _)| name == &record.place);
            *place == record.place || address.is_some_and(|(_, address)| address == place)
        };
        let packet = match &record.what {
            What::Packet(packet) => Some(packet),
            _ => None,
        };
        let kind = |kind: &String| {
            kind == record.kind() || packet.is_some_and(|p| *kind == super::message_kind(p.kind))
        };
        (self.places.is_empty() || self.places.iter().any(named))
            && (self.kinds.is_empty() || self.kinds.iter().any(kind))
            && (self.wires.is_empty() || packet.is_some_and(|p| self.wires.contains(&p.wire)))
            && self.time.0.is_none_or(|from| record.at >= from)
            && self.time.1.is_none_or(|to| record.at <= to)
            && self.offsets.is_none_or(|(first, last)| {
                offsets(record).is_some_and(|(from, to)| from <= last && first <= to)
            })
    }
}

/// The first and the last offset that a line is about.
fn offsets(record: &Record) -> Option<(u64, u64)> {
    match &record.what {
        What::Packet(packet) => packet.stream.map(|s| (s.from, s.to.saturating_sub(1))),
        What::Event(event) => match event {
            Event::Fed { from, bytes, .. } => {
                Some((*from, from.saturating_add(bytes.len() as u64).saturating_sub(1)))
            }
            Event::Applied { from, to } => Some((from.saturating_add(1), *to)),
            Event::Acked { offset, .. }
            | Event::FullResync { offset, .. }
            | Event::Continued { offset, .. }
            | Event::SnapshotStarted { offset, .. } => Some((*offset, *offset)),
            Event::PsyncSent { offset, .. } => u64::try_from(*offset).ok().map(|o| (o, o)),
            Event::MasterCached { psync_offset, .. } => Some((*psync_offset, *psync_offset)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a packet went between two nodes.
pub(super) fn on_link(packet: &Packet) -> bool {
    packet.peer.strip_prefix('n').is_some_and(|n| n.parse::<u32>().is_ok())
}
