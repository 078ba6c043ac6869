//! Terms: the values that conditions compare.

use lockstep_core::replication::state::ReplState;
use lockstep_core::resp::decode::{self, Value};

use super::lex::{Line, Parsed, quote};
use super::names::Names;
use crate::ids::NodeId;
use crate::view::{ConsoleText, LiveView, Power, Role};
use crate::world::World;

/// What stands for a value that does not exist.
pub const NONE: &str = "none";

/// A value, or how to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// `123`
    Number(i64),
    /// `"text"`, or a bare word.
    Text(String),
    /// `$name`: what `let` remembered.
    Remembered(String),
    /// `NODE.field`
    Field(NodeId, Field),
    /// `NODE(GET name)`: what the node would answer now.
    Answer(NodeId, String),
    /// `TERM + TERM - TERM`: the first one, then those that are added, or (true) taken away.
    Sum(Box<Term>, Vec<(bool, Term)>),
}

/// Something about a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// One of [`FIELDS`].
    Plain(&'static str),
    /// One of [`REPLICA_FIELDS`], of a replica as this node sees it.
    Replica(NodeId, &'static str),
    /// A field of `INFO`.
    Info(String),
    /// A directive.
    Config(String),
    /// A field of the latest decision about a resynchronisation (`LOCKSTEP PSYNC 1`).
    Psync(String),
}

/// Fields of a node.
pub const FIELDS: &[&str] = &[
    "power",
    "role",
    "master",
    "link",
    "replid",
    "replid2",
    "second-offset",
    "offset",
    "cached-replid",
    "cached-offset",
    "backlog-first",
    "backlog-histlen",
    "backlog-size",
    "keys",
    "replicas",
    "digest",
    "files",
    "reply",
];

/// Fields of a replica as its master sees it.
pub const REPLICA_FIELDS: &[&str] = &["state", "sent", "ack", "lag", "lag-seconds"];

impl Term {
    /// Reads a term that is a whole text by itself, as in a lesson's text.
    ///
    /// # Errors
    /// Where it is wrong, and what would be right there.
    pub fn parse(text: &str, names: &Names) -> Parsed<Self> {
        let mut line = Line::new(1, text);
        let term = Self::read(&mut line, names)?;
        line.end()?;
        Ok(term)
    }

    /// Reads a term.
    pub(super) fn read(line: &mut Line<'_>, names: &Names) -> Parsed<Self> {
        let first = Self::single(line, names)?;
        let mut rest = Vec::new();
        while let Some(minus) = [("+", false), ("-", true)]
            .into_iter()
            .find_map(|(sign, minus)| line.eat(sign).then_some(minus))
        {
            rest.push((minus, Self::single(line, names)?));
        }
        Ok(if rest.is_empty() { first } else { Self::Sum(Box::new(first), rest) })
    }

    fn single(line: &mut Line<'_>, names: &Names) -> Parsed<Self> {
        if let Some(text) = line.quoted()? {
            return Ok(Self::Text(String::from_utf8_lossy(&text).into_owned()));
        }
        let before = *line;
        let word = line.word("a value: a number, a text, NODE.field or NODE(COMMAND)")?;
        if let Some(name) = word.strip_prefix('$') {
            let known = names.remembers(name);
            return if known {
                Ok(Self::Remembered(name.to_owned()))
            } else {
                Err(before.error("something that `let` remembered before"))
            };
        }
        if let Ok(number) = word.parse() {
            return Ok(Self::Number(number));
        }
        if line.touches("(") && names.find(word).is_some() {
            let node = before.clone().node(names)?;
            line.eat_sign("(");
            return Ok(Self::Answer(node, line.bracketed()?.to_owned()));
        }
        let Some((node, field)) = word.split_once('.') else {
            return Ok(Self::Text(word.to_owned()));
        };
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Self::Text(word.to_owned()));
        }
        let node = names.find(node).ok_or_else(|| before.error(&format!("a node ({names})")))?;
        let field = Field::parse(field, names);
        field.map(|field| Self::Field(node, field)).map_err(|known| before.error(&known))
    }

    /// The term as text.
    pub(super) fn print(&self, names: &Names) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(text) => {
                let bare = !["not", "all"].contains(&text.as_str())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric())
                    && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
                if bare { text.clone() } else { quote(text.as_bytes()) }
            }
            Self::Remembered(name) => format!("${name}"),
            Self::Field(node, field) => format!("{}.{}", names.of(*node), field.print(names)),
            Self::Answer(node, line) => format!("{}({line})", names.of(*node)),
            Self::Sum(first, rest) => {
                let mut text = first.print(names);
                for (minus, term) in rest {
                    text.push_str(if *minus { " - " } else { " + " });
                    text.push_str(&term.print(names));
                }
                text
            }
        }
    }

    /// What it is in a world. `remembered`: names and values.
    pub fn value(&self, world: &World, remembered: &[(String, String)]) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(text) => text.clone(),
            Self::Remembered(name) => {
                let found = remembered.iter().find(|(known, _)| known == name);
                found.map_or(NONE, |(_, value)| value).to_owned()
            }
            Self::Field(node, field) => field.value(world, *node).unwrap_or_else(|| NONE.into()),
            Self::Answer(node, line) => {
                world.ask(*node, line).map_or_else(|| NONE.into(), |reply| answer(&reply))
            }
            Self::Sum(first, rest) => {
                let number = |term: &Self| term.value(world, remembered).parse::<i64>().ok();
                let sum = rest.iter().try_fold(number(first), |sum, (minus, term)| {
                    let (sum, n) = (sum?, number(term)?);
                    Some(if *minus { sum.checked_sub(n) } else { sum.checked_add(n) })
                });
                sum.flatten().map_or_else(|| NONE.into(), |n| n.to_string())
            }
        }
    }
}

impl Field {
    /// The field of this name, or what would have been right.
    fn parse(name: &str, names: &Names) -> Result<Self, String> {
        let plain = |known: &[&'static str], name: &str| {
            known.iter().find(|known| **known == name).copied()
        };
        if let Some(field) = plain(FIELDS, name) {
            return Ok(Self::Plain(field));
        }
        let (head, rest) = name.split_once('.').unwrap_or((name, ""));
        let rest_owned = || rest.to_owned();
        match head {
            "info" if !rest.is_empty() => return Ok(Self::Info(rest_owned())),
            "config" if !rest.is_empty() => return Ok(Self::Config(rest_owned())),
            "psync" if !rest.is_empty() => return Ok(Self::Psync(rest_owned())),
            _ => {}
        }
        if let Some(replica) = names.find(head) {
            let field = plain(REPLICA_FIELDS, rest);
            return field
                .map(|field| Self::Replica(replica, field))
                .ok_or_else(|| format!("a field of a replica ({})", REPLICA_FIELDS.join(", ")));
        }
        Err(format!(
            "a field of a node ({}, REPLICA.state, info.F, config.F, psync.F)",
            FIELDS.join(", ")
        ))
    }

    fn print(&self, names: &Names) -> String {
        match self {
            Self::Plain(name) => (*name).to_owned(),
            Self::Replica(node, name) => format!("{}.{name}", names.of(*node)),
            Self::Info(name) => format!("info.{name}"),
            Self::Config(name) => format!("config.{name}"),
            Self::Psync(name) => format!("psync.{name}"),
        }
    }

    fn value(&self, world: &World, node: NodeId) -> Option<String> {
        match self {
            Self::Plain(name) => plain(world, node, name),
            Self::Replica(replica, name) => {
                let live = world.node(node)?.live?;
                let replica = live.replicas.iter().find(|r| r.node == Some(*replica))?;
                Some(match *name {
                    "state" => replica.state.name().to_owned(),
                    "sent" => replica.sent_offset.to_string(),
                    "ack" => replica.ack_offset.to_string(),
                    "lag" => replica.lag_bytes.to_string(),
                    _ => replica.lag_seconds.to_string(),
                })
            }
            Self::Info(name) => {
                let reply = answer(&world.ask(node, "INFO everything")?);
                let value =
                    |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
                reply.lines().find_map(value)
            }
            Self::Config(name) => {
                let line = format!("CONFIG GET {}", quote(name.as_bytes()));
                value_of(name, &decoded(&world.ask(node, &line)?)?)
            }
            Self::Psync(name) => {
                let reply = decoded(&world.ask(node, "LOCKSTEP PSYNC 1")?)?;
                value_of(name, reply.as_slice()?.first()?)
            }
        }
    }
}

fn plain(world: &World, node: NodeId, name: &str) -> Option<String> {
    let view = world.node(node)?;
    match name {
        "power" => {
            return Some(match view.power {
                Power::Up => "up".into(),
                Power::Frozen => "frozen".into(),
                Power::Down => "down".into(),
                Power::Dark => "dark".into(),
            });
        }
        "reply" => return reply(world, node),
        "files" => {
            let names: Vec<String> = view.files.into_iter().map(|(name, _)| name).collect();
            return Some(names.join(" "));
        }
        "digest" => {
            let digest = world.digest(node)?;
            return Some(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        _ => {}
    }
    live(&view.live?, name)
}

fn live(live: &LiveView, name: &str) -> Option<String> {
    let (link, backlog) = (live.master.as_ref(), live.backlog);
    let cached = || link?.cached_master;
    Some(match name {
        "role" => match live.role {
            Role::Master => "master".into(),
            Role::Replica => "replica".into(),
        },
        "master" => link.map(|m| format!("{}:{}", m.host, m.port))?,
        "link" => link.map_or(ReplState::None, |m| m.state).name().into(),
        "replid" => live.replid.to_string(),
        "replid2" => live.replid2?.to_string(),
        "second-offset" => live.second_replid_offset.to_string(),
        "offset" => live.offset.to_string(),
        "cached-replid" => cached()?.0.to_string(),
        "cached-offset" => cached()?.1.to_string(),
        "backlog-first" => backlog?.first_byte_offset.to_string(),
        "backlog-histlen" => backlog?.histlen.to_string(),
        "backlog-size" => backlog?.size.to_string(),
        "keys" => live.keys.to_string(),
        "replicas" => live.replicas.len().to_string(),
        _ => return None,
    })
}

/// What a node's console has got for the line typed last, as redis-cli shows it.
fn reply(world: &World, node: NodeId) -> Option<String> {
    let lines = world.console(node);
    match &lines.last()?.what {
        ConsoleText::Reply(text) | ConsoleText::Notice(text) => Some(text.clone()),
        ConsoleText::Raw(message) => Some(message.bytes.escape_ascii().to_string()),
        ConsoleText::Typed(_) => None,
    }
}

fn decoded(reply: &[u8]) -> Option<Value> {
    Some(decode::decode(reply).ok()??.0)
}

/// A reply as one text: elements of arrays with a space between.
fn answer(reply: &[u8]) -> String {
    decoded(reply).map_or_else(|| reply.escape_ascii().to_string(), |value| flat(&value))
}

fn flat(value: &Value) -> String {
    let pairs = |pairs: &[(Value, Value)]| -> Vec<String> {
        pairs.iter().flat_map(|(k, v)| [flat(k), flat(v)]).collect()
    };
    match value {
        Value::Null => NONE.to_owned(),
        Value::Int(n) => n.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Double(n) => lockstep_core::resp::reply::format_double(*n),
        Value::Simple(text)
        | Value::Error(text)
        | Value::Bulk(text)
        | Value::BigNumber(text)
        | Value::Verbatim { text, .. } => match std::str::from_utf8(text) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(_) => text.escape_ascii().to_string(),
        },
        Value::Array(values) | Value::Set(values) | Value::Push(values) => {
            values.iter().map(flat).collect::<Vec<_>>().join(" ")
        }
        Value::Map(map) => pairs(map).join(" "),
        Value::Attributed { value, .. } => flat(value),
    }
}

/// What follows a name in a list of names and values.
fn value_of(name: &str, list: &Value) -> Option<String> {
    match list {
        Value::Map(pairs) => pairs.iter().find(|(k, _)| flat(k) == name).map(|(_, v)| flat(v)),
        _ => list.as_slice()?.chunks(2).find(|pair| flat(&pair[0]) == name).map(|p| flat(&p[1])),
    }
}
