//! Two traces held against each other: where do they first go different ways?
//!
//! Compared is what the protocol decides: changes of state, decisions, what joins the stream, and
//! the messages between nodes, all but those that depend on the clock (`PING`, `ACK`, keepalives)
//! or on the dataset's form (the RDB itself). Nodes are the same if they stand at the same place in
//! the two headers.
//!
//! Each node's records are compared in several sequences: its own events, what it sends and what it
//! receives on each connection. So it does not matter which of two connections was faster. Names
//! of connections, addresses, ports of nodes and 40-digit ids may differ, but one must always stand
//! for the same other one.

use std::collections::BTreeMap;

use lockstep_core::trace::{Event, Fed};

use super::session::{Session, on_link};
use super::{Record, Way, What, events, message_kind, text};
use crate::message::MessageKind;

/// Kinds of events that are compared.
const EVENTS: &[&str] = &[
    "backlog-created",
    "backlog-freed",
    "continued",
    "fed",
    "full-resync",
    "link-state",
    "loaded",
    "master-cached",
    "master-discarded",
    "psync-decided",
    "psync-sent",
    "replica-state",
    "replid-shifted",
    "role",
    "snapshot-started",
];

/// Lines shown before and after the departure.
const CONTEXT: usize = 4;

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How many records were found equal.
    pub equal: u64,
    /// The first place where the traces differ.
    pub departure: Option<Departure>,
}

/// Where two traces go different ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Of what: `n1, received on its 2nd link`.
    pub of: String,
    /// The last lines, of the left trace, in which they agree.
    pub before: Vec<String>,
    /// How the left one goes on; empty: it ends.
    pub left: Vec<String>,
    /// How the right one goes on; empty: it ends.
    pub right: Vec<String>,
}

/// One of the sequences that a trace is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Events,
    Sent(usize),
    Received(usize),
}

/// A record in its sequence: its text without what may differ, and what may.
struct Item {
    at: u64,
    /// The record's line, for people.
    line: String,
    /// The text to be equal, with a mark for each name.
    text: String,
    /// The names, in order.
    names: Vec<String>,
    /// The message is not complete with it.
    open: bool,
}

type Sequences = BTreeMap<(usize, Of), Vec<Item>>;

/// Compares two traces.
pub fn compare(left: &Session, right: &Session) -> Comparison {
    let (left, right) = (sequences(left), sequences(right));
    let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    let mut names = Names::default();
    let mut result = Comparison { equal: 0, departure: None };
    let mut earliest = u64::MAX;
    for key in keys {
        let empty = Vec::new();
        let (a, b) = (left.get(key).unwrap_or(&empty), right.get(key).unwrap_or(&empty));
        let same = a.iter().zip(b).take_while(|(a, b)| names.same(a, b)).count();
        result.equal += same as u64;
        if same == a.len() && same == b.len() {
            continue;
        }
        let at = a.get(same).or(b.get(same)).map_or(0, |item| item.at);
        if at < earliest {
            earliest = at;
            let lines = |items: &[Item]| items.iter().map(|item| item.line.clone()).collect();
            let next = |items: &[Item]| lines(&items[same..items.len().min(same + CONTEXT)]);
            result.departure = Some(Departure {
                of: describe(*key),
                before: lines(&a[same.saturating_sub(CONTEXT)..same]),
                left: next(a),
                right: next(b),
            });
        }
    }
    result
}

fn describe((node, of): (usize, Of)) -> String {
    match of {
        Of::Events => format!("n{node}, what happens inside"),
        Of::Sent(link) => format!("n{node}, sent on its link number {}", link + 1),
        Of::Received(link) => format!("n{node}, received on its link number {}", link + 1),
    }
}

/// Which name of the left trace stands for which one of the right.
#[derive(Default)]
struct Names {
    right_of: BTreeMap<String, String>,
    left_of: BTreeMap<String, String>,
}

impl Names {
    fn same(&mut self, a: &Item, b: &Item) -> bool {
        if a.text != b.text || a.names.len() != b.names.len() {
            return false;
        }
        a.names.iter().zip(&b.names).all(|(a, b)| {
            let right = self.right_of.entry(a.clone()).or_insert_with(|| b.clone());
            let left = self.left_of.entry(b.clone()).or_insert_with(|| a.clone());
            right == b && left == a
        })
    }
}

fn sequences(session: &Session) -> Sequences {
    let ports: Vec<(String, usize)> = (session.nodes.iter().enumerate())
        .filter_map(|(n, (_, address))| Some((address.rsplit_once(':')?.1.to_owned(), n)))
        .collect();
    let mut all = Sequences::new();
    let mut links: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for record in &session.records {
        let node = session.nodes.iter().position(|(name, _)| *name == record.place);
        let Some(node) = node.filter(|_| counts_here(record)) else { continue };
        let of = match &record.what {
            What::Packet(packet) => {
                let link = *links.entry((node, &packet.wire)).or_insert_with(|| {
                    let count = counts.entry(node).or_default();
                    *count += 1;
                    *count - 1
                });
                if packet.way == Way::Sent { Of::Sent(link) } else { Of::Received(link) }
            }
            _ => Of::Events,
        };
        let sequence = all.entry((node, of)).or_default();
        add(sequence, record, &ports);
    }
    all
}

/// Whether a record takes part in comparisons.
fn counts_here(record: &Record) -> bool {
    match &record.what {
        What::Event(Event::Fed { why: Fed::Ping | Fed::GetAck, .. }) => false,
        What::Event(event) => EVENTS.contains(&events::name(event)),
        What::Packet(packet) => {
            let kinds = [
                MessageKind::Handshake,
                MessageKind::Reply,
                MessageKind::Error,
                MessageKind::RdbHeader,
                MessageKind::Stream,
            ];
            on_link(packet) && kinds.contains(&packet.kind)
        }
        _ => false,
    }
}

fn add(sequence: &mut Vec<Item>, record: &Record, ports: &[(String, usize)]) {
    let mut line = String::new();
    record.write(&mut line);
    line.truncate(line.trim_end().len());
    let (mut raw, open) = match &record.what {
        What::Packet(packet) => {
            let mut raw = message_kind(packet.kind).to_owned();
            if let Some(stream) = packet.stream {
                raw.push_str(&format!(" at {}", stream.from));
            }
            // The words of a command, without their lengths: those of ports differ.
            let words = crate::splitter::command_args(&packet.bytes);
            for word in words.unwrap_or_else(|| vec![packet.bytes.clone()]) {
                raw.push(' ');
                text::quote(&mut raw, &word);
            }
            (raw, !packet.complete)
        }
        // Without the time and the node.
        _ => (line.splitn(3, ' ').last().unwrap_or_default().to_owned(), false),
    };
    // A connection's name says nothing here: its sequence is its own.
    if let Some(at) = raw.find(" conn=") {
        let end = raw[at + 1..].find(' ').map_or(raw.len(), |e| at + 1 + e);
        raw.replace_range(at..end, "");
    }
    let (text, names) = without_names(&raw, ports);
    match sequence.last_mut().filter(|item| item.open) {
        Some(item) => {
            item.text.push_str(&text);
            item.names.extend(names);
            item.open = open;
        }
        None => sequence.push(Item { at: record.at.0, line, text, names, open }),
    }
}

/// Takes out what may differ: 40-digit ids, addresses, ports of nodes.
fn without_names(raw: &str, ports: &[(String, usize)]) -> (String, Vec<String>) {
    let (mut text, mut names) = (String::new(), Vec::new());
    let word = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == ':';
    let mut rest = raw;
    while let Some(start) = rest.find(word) {
        text.push_str(&rest[..start]);
        let len = rest[start..].find(|c| !word(c)).unwrap_or(rest.len() - start);
        let token = &rest[start..start + len];
        let port = ports.iter().find(|(port, _)| port == token).map(|(_, node)| node);
        // `$EOF:` and a mark of 40 digits.
        let (before, id) = token.rsplit_once(':').map_or(("", token), |(b, id)| (b, id));
        let hex = id.len() == 40 && id.bytes().all(|b| b.is_ascii_hexdigit());
        let address = token.rsplit_once(':').is_some_and(|(host, port)| {
            host.contains('.') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
        });
        if hex && id.bytes().any(|b| b != b'0') {
            text.push_str(before);
            text.push('#');
            names.push(id.to_owned());
        } else if address {
            text.push('@');
            let port = token.rsplit_once(':').map_or("", |(_, port)| port);
            let node = ports.iter().find(|(known, _)| known == port);
            node.iter().for_each(|(_, node)| text.push_str(&format!("n{node}")));
        } else if let Some(node) = port {
            text.push_str(&format!("port of n{node}"));
        } else {
            text.push_str(token);
        }
        rest = &rest[start + len..];
    }
    text.push_str(rest);
    (text, names)
}
