//! Watching a condition: what has happened so far, and whether it is true now.

use lockstep_core::trace::Event;

use super::names::Names;
use super::predicate::{Happening, Predicate, Relation, Wording};
use super::term::{Field, NONE, Term};
use crate::ids::{NodeId, Peer};
use crate::message::Message;
use crate::step::{Cause, Step};
use crate::world::World;

/// Longest value that is quoted in full, in characters.
const SHOWN_MAX: usize = 200;

/// A condition, and how often what it speaks of has happened since somebody began to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    predicate: Predicate,
    counts: Vec<(Happening, u64)>,
    /// What of that kind was seen last that did not fit, to be told if it never does.
    last: Option<String>,
}

impl Watch {
    /// Begins to watch: nothing has happened yet.
    pub fn new(predicate: Predicate) -> Self {
        let mut counts = Vec::new();
        happenings(&predicate, &mut counts);
        Self { predicate, counts, last: None }
    }

    /// What is watched.
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// Whether it matters what happened before.
    pub(super) fn looks_back(&self) -> bool {
        !self.counts.is_empty()
    }

    /// A step was made.
    pub fn step(&mut self, step: &Step) {
        for (happening, count) in &mut self.counts {
            *count += happening.count(step, &mut self.last);
        }
    }

    /// Whether it is true in this world, after what happened. `remembered` are names and values.
    pub fn holds(&self, world: &World, remembered: &[(String, String)]) -> bool {
        self.truth(&self.predicate, world, remembered)
    }

    fn truth(&self, p: &Predicate, world: &World, remembered: &[(String, String)]) -> bool {
        let truth = |p: &Predicate| self.truth(p, world, remembered);
        match p {
            Predicate::Not(inner) => !truth(inner),
            Predicate::And(parts) => parts.iter().all(truth),
            Predicate::Or(parts) => parts.iter().any(truth),
            Predicate::AllOnline => crate::scenarios::all_online(world),
            Predicate::AllEqual => places(world).windows(2).all(|two| two[0].1 == two[1].1),
            Predicate::Compare(a, relation, b) => {
                compare(&a.value(world, remembered), *relation, &b.value(world, remembered))
            }
            Predicate::Happened(what, relation, times) => relation.of(self.count(what), *times),
        }
    }

    fn count(&self, what: &Happening) -> u64 {
        self.counts.iter().find(|(known, _)| known == what).map_or(0, |(_, count)| *count)
    }

    /// What is the case, for a person who expected the condition to be true (or, `never`, false).
    pub fn seen(&self, world: &World, remembered: &[(String, String)], names: &Names) -> String {
        let mut parts = Vec::new();
        self.tell(&self.predicate, world, remembered, names, &mut parts);
        parts.join("; ")
    }

    fn tell(
        &self,
        p: &Predicate,
        world: &World,
        remembered: &[(String, String)],
        names: &Names,
        out: &mut Vec<String>,
    ) {
        match p {
            Predicate::Not(inner) => self.tell(inner, world, remembered, names, out),
            Predicate::And(parts) => {
                // Those that hold need no mention, unless all do.
                let wrong = |p: &&Predicate| !self.truth(p, world, remembered);
                let any = parts.iter().any(|p| wrong(&p));
                for part in parts.iter().filter(|p| !any || wrong(p)) {
                    self.tell(part, world, remembered, names, out);
                }
            }
            Predicate::Or(parts) => {
                parts.iter().for_each(|part| self.tell(part, world, remembered, names, out));
            }
            Predicate::AllOnline => out.push(links(world, names)),
            Predicate::AllEqual => {
                let place =
                    |(node, place): &(NodeId, String)| format!("{} has {place}", names.of(*node));
                out.push(places(world).iter().map(place).collect::<Vec<_>>().join("; "));
            }
            Predicate::Compare(a, _, b) => {
                for term in [a, b] {
                    if !matches!(term, Term::Number(_) | Term::Text(_)) {
                        let value = shown(&term.value(world, remembered));
                        out.push(format!("{} is {value}", term.print(names)));
                    }
                }
            }
            Predicate::Happened(what, ..) => {
                let text = what.print(names);
                let times = match self.count(what) {
                    0 => "has not happened".to_owned(),
                    1 => "happened once".to_owned(),
                    n => format!("happened {n} times"),
                };
                let last = self.last.as_ref().filter(|_| self.count(what) == 0);
                let last = last.map(|last| format!(" (last: {})", shown(last)));
                out.push(format!("`{text}` {times}{}", last.unwrap_or_default()));
            }
        }
    }
}

/// The history, the offset and the digest of every running node.
fn places(world: &World) -> Vec<(NodeId, String)> {
    let place = |id: NodeId| {
        let field = |name| Term::Field(id, Field::Plain(name)).value(world, &[]);
        let running = field("role") != NONE;
        running.then(|| {
            let (replid, offset, digest) = (field("replid"), field("offset"), field("digest"));
            (id, format!("{replid}:{offset}, digest {digest}"))
        })
    };
    world.node_ids().filter_map(place).collect()
}

/// The state of every link, for `all online`.
fn links(world: &World, names: &Names) -> String {
    let of = |node: crate::view::NodeView| {
        let live = node.live?;
        let link = live.master.map(|m| format!("link {}", m.state.name()));
        let replica = |r: crate::view::ReplicaView| {
            let who = r.node.map_or_else(|| NONE.to_owned(), |id| names.of(id));
            format!("{who} {}", r.state.name())
        };
        let seen = link.into_iter().chain(live.replicas.into_iter().map(replica));
        let seen: Vec<String> = seen.collect();
        (!seen.is_empty()).then(|| format!("{}: {}", names.of(node.id), seen.join(", ")))
    };
    let all: Vec<String> = world.nodes().into_iter().filter_map(of).collect();
    if all.is_empty() { "no node runs".to_owned() } else { all.join("; ") }
}

/// A value in quotes, shortened.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("\"{}…\"", &value[..end]),
        None => format!("\"{value}\""),
    }
}

fn happenings(p: &Predicate, counts: &mut Vec<(Happening, u64)>) {
    match p {
        Predicate::Not(inner) => happenings(inner, counts),
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().for_each(|part| happenings(part, counts));
        }
        Predicate::Happened(what, ..) => {
            if !counts.iter().any(|(known, _)| known == what) {
                counts.push((what.clone(), 0));
            }
        }
        Predicate::AllOnline | Predicate::AllEqual | Predicate::Compare(..) => {}
    }
}

/// Compares two values: as numbers if both are, else as texts, of which none is more or less.
fn compare(a: &str, relation: Relation, b: &str) -> bool {
    match (relation, a.parse::<i64>(), b.parse::<i64>()) {
        (Relation::Like, ..) => like(b, a),
        (_, Ok(a), Ok(b)) => relation.of(a, b),
        (Relation::Equal, ..) => a == b,
        (Relation::Unequal, ..) => a != b,
        _ => false,
    }
}

impl Happening {
    /// How often it happens in a step.
    fn count(&self, step: &Step, last: &mut Option<String>) -> u64 {
        let mut count = 0;
        match self {
            Self::Logs { node, text } => {
                for effect in step.effects.iter().filter(|effect| effect.node == *node) {
                    if let Event::Log(_, line) = &effect.event {
                        match like(text, line) {
                            true => count += 1,
                            false => *last = Some(line.clone()),
                        }
                    }
                }
            }
            Self::Message { node, sends, what, other } => {
                let me = Some(*node);
                let fits =
                    |peer: Peer, node: Option<NodeId>| node.is_none_or(|id| peer == Peer::Node(id));
                for message in moved(step, *sends) {
                    let (mine, theirs) = match sends {
                        true => (message.from, message.to),
                        false => (message.to, message.from),
                    };
                    if fits(mine, me) && fits(theirs, *other) {
                        match what.fits(message) {
                            true => count += 1,
                            false => *last = Some(message.label(usize::MAX)),
                        }
                    }
                }
            }
        }
        count
    }
}

/// The messages that a step has sent, or the one that arrived.
fn moved(step: &Step, sent: bool) -> impl Iterator<Item = &Message> {
    let arrived = match &step.cause {
        Cause::Delivered(message) if !sent => Some(&**message),
        _ => None,
    };
    let sent = if sent { &step.sent[..] } else { &[] };
    sent.iter().map(|m| &**m).chain(arrived)
}

impl Wording {
    /// Whether a message looks like this.
    pub(super) fn fits(&self, message: &Message) -> bool {
        match self {
            Self::Text(text) => {
                !message.kind.is_control() && like(text, &message.label(usize::MAX))
            }
            Self::Bytes(bytes) => pieces_fit(bytes, b"{*}", &message.bytes),
            Self::Kind(kind) => message.kind == *kind,
        }
    }
}

/// Whether a text is like a pattern, in which `*` is any text.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    pieces_fit(pattern.as_bytes(), b"*", text.as_bytes())
}

/// Whether bytes are the pieces of a pattern, in their order, with anything where the wildcard is.
fn pieces_fit(pattern: &[u8], wildcard: &[u8], mut text: &[u8]) -> bool {
    let find = |text: &[u8], piece: &[u8]| {
        (0..(text.len() + 1).saturating_sub(piece.len())).find(|i| text[*i..].starts_with(piece))
    };
    let Some(mut at) = find(pattern, wildcard) else { return pattern == text };
    let mut rest = pattern;
    let Some(behind) = text.strip_prefix(&rest[..at]) else { return false };
    text = behind;
    loop {
        rest = &rest[at + wildcard.len()..];
        let Some(next) = find(rest, wildcard) else { return text.ends_with(rest) };
        at = next;
        let Some(found) = find(text, &rest[..at]) else { return false };
        text = &text[found + at..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_nothing_else_is_special() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*c", "a", false),
            ("ab*ba", "aba", false),
            ("*b*", "abc", true),
            ("*b*b*", "abc", false),
            ("[a]?*", "[a]?", true),
            ("a**b", "ab", true),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_only_for_being_equal() {
        for (a, relation, b, holds) in [
            ("10", Relation::More, "9", true),
            ("010", Relation::Equal, "10", true),
            ("b", Relation::More, "a", false),
            ("none", Relation::Unequal, "5", true),
            ("none", Relation::AtLeast, "0", false),
            ("chaoge", Relation::Like, "cha*", true),
        ] {
            assert_eq!(compare(a, relation, b), holds, "{a} {} {b}", relation.sign());
        }
    }
}
