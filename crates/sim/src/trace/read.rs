//! Reading traces back, line by line.

use std::fmt;

use lockstep_core::time::Instant;

use super::text::{self, Fields};
use super::{HEADER, Packet, Record, Remark, Way, What, events, state};

/// Longest line read. A message of 512 MB does not fit in; the writers cut messages long before.
const LINE_MAX: usize = 64 * 1024 * 1024;

/// Why a trace cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ReadError {}

/// Reads the lines of one trace, in order.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    line: u64,
    started_unix_ms: u64,
    nodes: Vec<(String, String)>,
}

impl Reader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there was not even a first line.
    pub fn is_empty(&self) -> bool {
        self.line == 0
    }

    /// When the trace began, in milliseconds since the Unix epoch; 0 if it does not say.
    pub fn started_unix_ms(&self) -> u64 {
        self.started_unix_ms
    }

    /// Names and addresses of the nodes, as far as read.
    pub fn nodes(&self) -> &[(String, String)] {
        &self.nodes
    }

    /// Reads the next line, without its end. `None`: it is not an event's.
    ///
    /// # Errors
    /// The line is not one of a trace, or the first one does not name a version that is known.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, ReadError> {
        self.line += 1;
        let result = match line.strip_prefix('#') {
            _ if line.len() > LINE_MAX => Err(format!("it is longer than {LINE_MAX} bytes")),
            _ if self.line == 1 => first_line(line).map(|()| None),
            Some(header) => self.header(header.trim()).map(|()| None),
            None if line.trim().is_empty() => Ok(None),
            None => record(line).map(Some),
        };
        result.map_err(|what| ReadError { line: self.line, what })
    }

    fn header(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("started"), Some(ms), None) => {
                self.started_unix_ms =
                    ms.parse().map_err(|_| format!("`{}` is no time", text::shown(ms)))?;
            }
            (Some("node"), Some(name), Some(address)) => {
                self.nodes.push((name.to_owned(), address.to_owned()));
            }
            _ => {}
        }
        Ok(())
    }
}

fn first_line(line: &str) -> Result<(), String> {
    if line.trim_end() == HEADER {
        return Ok(());
    }
    let known = HEADER.rsplit_once(' ').map_or(HEADER, |(name, _)| name);
    Err(match line.strip_prefix(known) {
        Some(version) => {
            let version = text::shown(version.trim());
            format!("this trace has version {version}; `{HEADER}` is what this program reads")
        }
        None => format!("this is no trace: its first line would be `{HEADER}`"),
    })
}

fn record(line: &str) -> Result<Record, String> {
    let mut words = line.splitn(4, ' ');
    let mut word = |what| words.next().filter(|w| !w.is_empty()).ok_or(format!("no {what}"));
    let time = word("time")?;
    let at = text::read_time(time).ok_or_else(|| {
        let time = text::shown(time);
        format!("`{time}` is no time: seconds, with at most six decimals")
    })?;
    let (place, kind) = (word("node after the time")?, word("kind after the node")?);
    let fields = Fields::parse(words.next().unwrap_or(""))?;
    let what = what(kind, &fields).map_err(|what| format!("{}: {what}", text::shown(kind)))?;
    Ok(Record { at: Instant(at), place: place.to_owned(), what })
}

fn what(kind: &str, fields: &Fields<'_>) -> Result<What, String> {
    Ok(match kind {
        "recv" => What::Packet(packet(Way::Received, fields)?),
        "send" => What::Packet(packet(Way::Sent, fields)?),
        "timer" => What::Timer(fields.take("timer")?),
        "dial-failed" => What::DialFailed,
        "file" => What::File { name: fields.take("name")?, ok: fields.take("ok")? },
        "woke" => What::Woke,
        "write" => What::Write,
        "act" => What::Act { what: fields.take("what")?, remark: Remark::take(fields)? },
        "state" => What::State(Box::new(state::take(fields)?)),
        _ => match events::take(kind, fields)? {
            Some(event) => What::Event(event),
            None => return Err("there is no such kind of line".into()),
        },
    })
}

fn packet(way: Way, fields: &Fields<'_>) -> Result<Packet, String> {
    let word = |name: &str| {
        let text = fields.text(name).ok_or_else(|| format!("the field {name} is missing"))?;
        Ok::<_, String>(text.to_owned())
    };
    let bytes: Vec<u8> = fields.take_if_any("bytes")?.unwrap_or_default();
    Ok(Packet {
        way,
        wire: word("wire")?,
        peer: word(if way == Way::Received { "from" } else { "to" })?,
        local: fields.text("local").map(str::to_owned),
        kind: fields.take("kind")?,
        stream: fields.take_if_any("stream")?,
        complete: !fields.take_if_any("part")?.unwrap_or(false),
        unclaimed: fields.take_if_any("unclaimed")?.unwrap_or(false),
        len: fields.take_if_any("len")?.unwrap_or(bytes.len() as u64),
        bytes,
    })
}
