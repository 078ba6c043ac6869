//! Conversations: how a connection begins, as the one who opened it sees it.

use super::lex::{Line, Parsed, quote};
use super::predicate::{KINDS, Wording};
use crate::ids::{NodeId, Peer, WireId};
use crate::message::{Message, MessageKind};
use crate::step::{Cause, Step};

/// A line of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// `> PING`: the one who opened the connection says it.
    Dialer(Wording),
    /// `< +PONG`: the other one says it.
    Acceptor(Wording),
    /// `...`: anything, or nothing.
    Anything,
}

impl Said {
    /// Reads a line.
    pub(super) fn parse(line: &mut Line<'_>) -> Parsed<Self> {
        if line.rest() == "..." {
            return Ok(Self::Anything);
        }
        for (sign, side) in [(">", Self::Dialer as fn(Wording) -> Self), ("<", Self::Acceptor)] {
            if line.eat_sign(sign) {
                return Ok(side(wording(line)?));
            }
        }
        Err(line.error("`> words`, `< words` or `...`"))
    }

    /// The line as text.
    pub(super) fn print(&self) -> String {
        match self {
            Self::Dialer(what) => format!("> {}", print(what)),
            Self::Acceptor(what) => format!("< {}", print(what)),
            Self::Anything => "...".to_owned(),
        }
    }

    fn fits(&self, dialer: bool, message: &Message) -> bool {
        match self {
            Self::Dialer(what) => dialer && what.fits(message),
            Self::Acceptor(what) => !dialer && what.fits(message),
            Self::Anything => true,
        }
    }
}

/// What is said: bare words up to the end of the line, or what a condition would have there. Kinds
/// are in brackets.
fn wording(line: &mut Line<'_>) -> Parsed<Wording> {
    if line.rest().starts_with('"') || line.peek() == "bytes" {
        let what = Wording::parse(line)?;
        line.end()?;
        return Ok(what);
    }
    let before = *line;
    let text = line.take_rest();
    if let Some(kind) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let known = KINDS.iter().find(|(name, _)| *name == kind);
        return known
            .map(|(_, kind)| Wording::Kind(*kind))
            .ok_or_else(|| before.error("a kind of message, such as (rdb) or (ack)"));
    }
    if text.is_empty() { Err(before.error("what is said")) } else { Ok(Wording::Text(text.into())) }
}

fn print(what: &Wording) -> String {
    match what {
        Wording::Kind(_) => format!("({})", what.print()),
        Wording::Text(text) => {
            let special = text.starts_with(['"', '(']) || text.starts_with("bytes");
            let plain = text.trim() == text && !text.contains(char::is_control);
            if special || !plain || text.is_empty() { quote(text.as_bytes()) } else { text.clone() }
        }
        Wording::Bytes(_) => what.print(),
    }
}

/// Whether the first connection that `dialer` opens to `acceptor` in these steps begins like this.
///
/// # Errors
/// What was said instead.
pub(super) fn check(
    steps: &[impl AsRef<Step>],
    dialer: NodeId,
    acceptor: NodeId,
    said: &[Said],
) -> Result<(), String> {
    let steps = || steps.iter().map(AsRef::as_ref);
    let opened = |m: &Message| {
        let ends = (Peer::Node(dialer), Peer::Node(acceptor));
        m.kind == MessageKind::Connect && (m.from, m.to) == ends
    };
    let wire = steps().flat_map(|step| &step.sent).find(|m| opened(m)).map(|m| m.wire);
    let Some(wire) = wire else { return Err("no connection was opened".into()) };
    let heard = messages(steps(), wire, dialer);
    // Every place in `said` that what was heard so far may have led to; a set, since `...` may end
    // anywhere.
    let mut places = vec![0];
    let (mut furthest, mut last) = (0, None);
    for message in &heard {
        skip(&mut places, said);
        furthest = places.iter().copied().max().unwrap_or(furthest).max(furthest);
        if places.contains(&said.len()) {
            return Ok(());
        }
        let mine = message.from == Peer::Node(dialer);
        let next = places.iter().filter(|at| said[**at].fits(mine, message));
        let next = next.map(|at| if matches!(said[*at], Said::Anything) { *at } else { at + 1 });
        places = next.collect();
        places.dedup();
        last = Some((mine, message));
        if places.is_empty() {
            break;
        }
    }
    skip(&mut places, said);
    if places.contains(&said.len()) {
        return Ok(());
    }
    let expected = said.get(furthest).map(Said::print).unwrap_or_default();
    Err(match last.filter(|_| places.is_empty()) {
        Some((mine, message)) => {
            let sign = if mine { '>' } else { '<' };
            let label = message.label(120);
            format!("instead of line {} (`{expected}`): `{sign} {label}`", furthest + 1)
        }
        None => format!("nothing more was said before line {} (`{expected}`)", furthest + 1),
    })
}

/// A place before `...` is also the place behind it.
fn skip(places: &mut Vec<usize>, said: &[Said]) {
    let mut i = 0;
    while let Some(&at) = places.get(i) {
        if matches!(said.get(at), Some(Said::Anything)) && !places.contains(&(at + 1)) {
            places.push(at + 1);
        }
        i += 1;
    }
}

/// What is said on a connection, as `dialer` sees it: its own words when it says them, the other's
/// when they arrive. An RDB counts as one message, however many pieces it comes in.
fn messages<'a>(
    steps: impl Iterator<Item = &'a Step>,
    wire: WireId,
    dialer: NodeId,
) -> Vec<&'a Message> {
    let mut heard: Vec<&Message> = Vec::new();
    for step in steps {
        let arrived = match &step.cause {
            Cause::Delivered(m) if m.to == Peer::Node(dialer) => Some(m),
            _ => None,
        };
        let mine = step.sent.iter().filter(|m| m.from == Peer::Node(dialer));
        for message in arrived.into_iter().chain(mine) {
            let more = message.kind == MessageKind::Rdb
                && heard.last().is_some_and(|last| last.kind == MessageKind::Rdb);
            if message.wire == wire && !message.kind.is_control() && !more {
                heard.push(message);
            }
        }
    }
    heard
}
