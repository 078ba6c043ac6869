//! The language of conditions: what one can say about a world and what happened in it.
//!
//! See the module above for its words. Here are its values, its parser and its printer; what a
//! condition means is in [`super::watch`] and [`super::term`].

use super::lex::{Line, Parsed, quote};
use super::names::Names;
use super::term::{Field, Term};
use crate::ids::NodeId;
use crate::message::MessageKind;

/// Brackets, `not`, and terms of a sum may be nested this deep.
const DEPTH_MAX: u32 = 32;

/// Something that is true or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// `not P`
    Not(Box<Predicate>),
    /// `P and Q`
    And(Vec<Predicate>),
    /// `P or Q`
    Or(Vec<Predicate>),
    /// `all online`: every replica is connected, and every master sees its replicas online.
    AllOnline,
    /// `all equal`: every running node stands at the same offset of the same history, and holds the
    /// same data.
    AllEqual,
    /// `TERM = TERM`
    Compare(Term, Relation, Term),
    /// Something happened so often: `NODE logs "TEXT" = 2 times`.
    Happened(Happening, Relation, u64),
}

/// How two terms are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `~`: like a pattern, in which `*` is any text.
    Like,
}

impl Relation {
    /// Signs, longest first.
    const SIGNS: [(&str, Self); 7] = [
        ("!=", Self::Unequal),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
        ("~", Self::Like),
    ];

    pub(super) fn sign(self) -> &'static str {
        Self::SIGNS.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }

    fn parse(line: &mut Line<'_>) -> Option<Self> {
        Self::SIGNS.into_iter().find(|(sign, _)| line.eat_sign(sign)).map(|(_, relation)| relation)
    }

    /// Whether it holds of two numbers.
    pub(super) fn of<T: Ord>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal | Self::Like => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
        }
    }
}

/// Something that happens at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// `NODE logs "TEXT"`
    Logs {
        /// The node.
        node: NodeId,
        /// The line, in which `*` is any text.
        text: String,
    },
    /// `NODE sends WHAT to NODE`, `NODE receives WHAT from NODE`
    Message {
        /// The node that sends, or receives.
        node: NodeId,
        /// Whether it sends.
        sends: bool,
        /// What.
        what: Wording,
        /// The other end, if it matters.
        other: Option<NodeId>,
    },
}

/// What a message looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wording {
    /// `"SET * chaoge"`: the words of the command, or the line of the reply; `*` is any text.
    Text(String),
    /// `bytes "+PONG\r\n"`: the very bytes; `{*}` stands for any.
    Bytes(Vec<u8>),
    /// `keepalive`: any of this kind.
    Kind(MessageKind),
}

/// Kinds of messages by name.
pub(super) const KINDS: [(&str, MessageKind); 16] = [
    ("connect", MessageKind::Connect),
    ("accept", MessageKind::Accept),
    ("refuse", MessageKind::Refuse),
    ("fin", MessageKind::Fin),
    ("reset", MessageKind::Reset),
    ("handshake", MessageKind::Handshake),
    ("reply", MessageKind::Reply),
    ("error", MessageKind::Error),
    ("rdb-header", MessageKind::RdbHeader),
    ("rdb", MessageKind::Rdb),
    ("stream", MessageKind::Stream),
    ("ping", MessageKind::Ping),
    ("ack", MessageKind::Ack),
    ("keepalive", MessageKind::Keepalive),
    ("request", MessageKind::Request),
    ("response", MessageKind::Response),
];

impl Wording {
    /// Reads what a message looks like.
    pub(super) fn parse(line: &mut Line<'_>) -> Parsed<Self> {
        if let Some(text) = line.quoted()? {
            return Ok(Self::Text(String::from_utf8_lossy(&text).into_owned()));
        }
        let before = *line;
        let word = line.word(MESSAGE)?;
        if word == "bytes" {
            let bytes = line.quoted()?;
            return bytes.map(Self::Bytes).ok_or_else(|| line.error("bytes in double quotes"));
        }
        let kind = KINDS.iter().find(|(name, _)| *name == word);
        kind.map(|(_, kind)| Self::Kind(*kind)).ok_or_else(|| before.error(MESSAGE))
    }

    pub(super) fn print(&self) -> String {
        match self {
            Self::Text(text) => quote(text.as_bytes()),
            Self::Bytes(bytes) => format!("bytes {}", quote(bytes)),
            Self::Kind(kind) => {
                let found = KINDS.iter().find(|(_, known)| known == kind);
                found.map_or("", |(name, _)| name).to_owned()
            }
        }
    }
}

const MESSAGE: &str = "a message: \"its words\", bytes \"...\", or a kind such as ack or keepalive";

impl Predicate {
    /// Reads a condition that is a whole text by itself, as a lesson's goal is.
    ///
    /// # Errors
    /// Where it is wrong, and what would be right there.
    pub fn parse(text: &str, names: &Names) -> Parsed<Self> {
        let mut line = Line::new(1, text);
        let predicate = Self::read(&mut line, names)?;
        line.end()?;
        Ok(predicate)
    }

    /// Reads a condition from a line, as far as it goes.
    pub(super) fn read(line: &mut Line<'_>, names: &Names) -> Parsed<Self> {
        Self::either(line, names, 0)
    }

    fn either(line: &mut Line<'_>, names: &Names, depth: u32) -> Parsed<Self> {
        let mut parts = vec![Self::both(line, names, depth)?];
        while line.eat("or") {
            parts.push(Self::both(line, names, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::Or(parts) })
    }

    fn both(line: &mut Line<'_>, names: &Names, depth: u32) -> Parsed<Self> {
        let mut parts = vec![Self::single(line, names, depth)?];
        while line.eat("and") {
            parts.push(Self::single(line, names, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::And(parts) })
    }

    fn single(line: &mut Line<'_>, names: &Names, depth: u32) -> Parsed<Self> {
        if depth > DEPTH_MAX {
            return Err(line.error("fewer brackets within each other"));
        }
        if line.eat("not") {
            return Ok(Self::Not(Box::new(Self::single(line, names, depth + 1)?)));
        }
        if line.eat_sign("(") {
            let inner = Self::either(line, names, depth + 1)?;
            return if line.eat_sign(")") { Ok(inner) } else { Err(line.error("`)`")) };
        }
        if line.eat("all") {
            return match line.peek() {
                word @ "online" if line.eat(word) => Ok(Self::AllOnline),
                word @ "equal" if line.eat(word) => Ok(Self::AllEqual),
                _ => Err(line.error("online or equal")),
            };
        }
        let mut ahead = *line;
        if ahead.node(names).is_ok() && ["logs", "sends", "receives"].contains(&ahead.peek()) {
            return Self::happening(line, names);
        }
        let left = Term::read(line, names)?;
        let Some(relation) = Relation::parse(line) else {
            return Err(line.error("one of = != < <= > >= ~"));
        };
        let before = *line;
        let mut right = Term::read(line, names)?;
        // A state that does not exist would never be reached, and nobody would be told.
        if let (Term::Field(_, field), Term::Text(text)) = (&left, &mut right)
            && let Some(known) = field.states()
        {
            match known.iter().find(|state| state.eq_ignore_ascii_case(text)) {
                Some(state) => *text = (*state).to_owned(),
                None => return Err(before.error(&format!("one of {}", known.join(", ")))),
            }
        }
        Ok(Self::Compare(left, relation, right))
    }

    fn happening(line: &mut Line<'_>, names: &Names) -> Parsed<Self> {
        let node = line.node(names)?;
        let verb = line.word("logs, sends or receives")?;
        let happening = if verb == "logs" {
            let text = line.quoted()?.ok_or_else(|| line.error("a line in double quotes"))?;
            Happening::Logs { node, text: String::from_utf8_lossy(&text).into_owned() }
        } else {
            let sends = verb == "sends";
            let what = Wording::parse(line)?;
            let other = line.eat(if sends { "to" } else { "from" });
            let other = if other { Some(line.node(names)?) } else { None };
            Happening::Message { node, sends, what, other }
        };
        let Some(relation) = Relation::parse(line) else {
            return Ok(Self::Happened(happening, Relation::AtLeast, 1));
        };
        let count = line.number("how many times")?;
        if !line.eat("times") {
            return Err(line.error("times"));
        }
        Ok(Self::Happened(happening, relation, count))
    }

    /// The condition as text.
    pub fn print(&self, names: &Names) -> String {
        let join = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| part.print_inside(names)).collect();
            parts.join(word)
        };
        match self {
            Self::Not(inner) => format!("not {}", inner.print_inside(names)),
            Self::And(parts) => join(parts, " and "),
            Self::Or(parts) => join(parts, " or "),
            Self::AllOnline => "all online".to_owned(),
            Self::AllEqual => "all equal".to_owned(),
            Self::Compare(left, relation, right) => {
                format!("{} {} {}", left.print(names), relation.sign(), right.print(names))
            }
            Self::Happened(what, Relation::AtLeast, 1) => what.print(names),
            Self::Happened(what, relation, count) => {
                format!("{} {} {count} times", what.print(names), relation.sign())
            }
        }
    }

    fn print_inside(&self, names: &Names) -> String {
        match self {
            Self::And(_) | Self::Or(_) => format!("({})", self.print(names)),
            _ => self.print(names),
        }
    }
}

impl Happening {
    /// The happening as text.
    pub(super) fn print(&self, names: &Names) -> String {
        match self {
            Self::Logs { node, text } => {
                format!("{} logs {}", names.of(*node), quote(text.as_bytes()))
            }
            Self::Message { node, sends, what, other } => {
                let verb = if *sends { "sends" } else { "receives" };
                let mut text = format!("{} {verb} {}", names.of(*node), what.print());
                if let Some(other) = other {
                    text.push_str(if *sends { " to " } else { " from " });
                    text.push_str(&names.of(*other));
                }
                text
            }
        }
    }
}

impl Field {
    /// The states that it can be in; `None`: it is a number or a text.
    fn states(&self) -> Option<Vec<&'static str>> {
        use lockstep_core::replication::state::{ReplState, ReplicaState};
        let absent = std::iter::once("none");
        match self {
            Self::Plain("role") => Some(vec!["master", "replica", "none"]),
            Self::Plain("power") => Some(vec!["up", "frozen", "down", "dark"]),
            Self::Plain("link") => Some(ReplState::ALL.iter().map(|s| s.name()).collect()),
            Self::Replica(_, "state") => {
                Some(ReplicaState::ALL.iter().map(|s| s.name()).chain(absent).collect())
            }
            _ => None,
        }
    }
}
