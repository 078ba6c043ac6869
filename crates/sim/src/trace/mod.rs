//! Traces: what happened in nodes and between them, as text, one line per event.
//!
//! A simulated world and a native server write the same vocabulary, so that one can be held against
//! the other.
//!
//! ```text
//! # lockstep trace 1
//! # started 1767254400000
//! # node n0 127.0.0.1:6380
//! 12.345678 n1 recv wire=w3 from=n0 kind=reply bytes="+CONTINUE\r\n"
//! 12.345678 n1 link-state from=receive-psync-reply to=connected why="+CONTINUE"
//! ```
//!
//! * The first line names the format and its version. Other lines that begin with `#` tell when the
//!   trace began (milliseconds since the Unix epoch) and the addresses of the nodes; unknown ones
//!   are comments.
//! * Every other line: seconds since the beginning with six decimals, the node (or client, or
//!   `world` for what people do), the kind, and fields `name=value` separated by blanks. Bytes
//!   stand between quotes, with `\xNN` for what cannot be printed.
//! * `act` tells what people did (`what`), and, if it changed nothing, why (`impossible`); else the
//!   message it was about (`about`), or the node or client that it gave to the world (`gave`).
//! * `recv` and `send` are messages: protocol messages of one connection (`wire`), or parts of them
//!   (`part=yes`). Where bytes are left out, `len` tells how many there were. `unclaimed=yes`: its
//!   receiver knows nothing of the connection (any more), and resets it.
//! * `state` tells what a node holds by its own account: roles, ids, offsets, backlog, links.
//! * Lines that tell a cause (`recv`, `timer`, `file`, `dial-failed`, `woke`, `write`, `act`) come
//!   before the lines of what followed from it.
//!
//! # Invariants
//!
//! * What is written is read back as the same [`Record`], unless bytes were left out.
//! * A trace of a simulated world depends on nothing but what happened: it is what a trace's hash
//!   is made of, natively and in WebAssembly.

mod diff;
mod events;
mod note;
mod read;
mod session;
mod state;
mod tap;
mod tell;
mod text;

use lockstep_core::node::Timer;
use lockstep_core::time::Instant;
use lockstep_core::trace::Event;

use crate::ids::{NodeId, Peer};
use crate::message::{Message, MessageKind, StreamRange};
use crate::scenario::Names;
use crate::step::{Cause, Note, Step};
use crate::view::LiveView;
use crate::world::World;
use text::{Fields, Writer};

pub use diff::{Comparison, Departure, compare};
pub use note::Remark;
pub use read::{ReadError, Reader};
pub use session::{Filter, Session};
pub use state::live_view;
pub use tap::Tap;
pub use tell::tell;
pub(crate) use text::{quote, unquote};

/// What the first line of a trace says.
pub const HEADER: &str = "# lockstep trace 1";

/// The kinds of lines that are not events inside nodes.
const OTHER_KINDS: &[&str] =
    &["recv", "send", "timer", "dial-failed", "file", "woke", "write", "act", "state"];

/// The kinds of lines and of messages there are.
pub fn kinds() -> impl Iterator<Item = String> {
    let lines = OTHER_KINDS.iter().chain(events::NAMES).map(|kind| (*kind).to_owned());
    lines.chain(events::MESSAGES.iter().map(|kind| message_kind(*kind)))
}

/// Reads a time as lines show it: seconds with at most six decimals. Microseconds.
pub fn read_time(text: &str) -> Option<u64> {
    text::read_time(text)
}

/// Which way a message went, seen from the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// It arrived.
    Received,
    /// It was handed to the network.
    Sent,
}

/// A protocol message, or a part of one, as one end of a connection sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Which way it went.
    pub way: Way,
    /// The connection: `w3`. Names are not used again.
    pub wire: String,
    /// The other end: `n0`, `c2`, or an address.
    pub peer: String,
    /// The address of this end, where it is worth telling: it names a connection at its other end.
    pub local: Option<String>,
    /// What it is.
    pub kind: MessageKind,
    /// Which part of the replication stream it is, if it is one.
    pub stream: Option<StreamRange>,
    /// False if the rest of the message follows.
    pub complete: bool,
    /// Whether its receiver knows nothing of the connection: nobody took it.
    pub unclaimed: bool,
    /// How many bytes it has.
    pub len: u64,
    /// The first of its bytes; all of them unless the writer left some out.
    pub bytes: Vec<u8>,
}

/// What a line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An event inside a node.
    Event(Event),
    /// A message.
    Packet(Packet),
    /// A timer's time has come.
    Timer(Timer),
    /// A connection attempt failed without having reached anybody.
    DialFailed,
    /// A file operation ended.
    File {
        /// The file.
        name: String,
        /// Whether it succeeded.
        ok: bool,
    },
    /// A node goes on after a pause.
    Woke,
    /// A background writer sends its next command.
    Write,
    /// Somebody intervened.
    Act {
        /// The line of a scenario that does the same.
        what: String,
        /// What more there is to know.
        remark: Option<Remark>,
    },
    /// What a node holds, as it says itself.
    State(Box<LiveView>),
}

/// A line of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When, since the beginning.
    pub at: Instant,
    /// Where: `n0`, `c2`, `world`.
    pub place: String,
    /// What.
    pub what: What,
}

impl Record {
    /// The line's kind: `psync-decided`, `recv`...
    pub fn kind(&self) -> &'static str {
        match &self.what {
            What::Event(event) => events::name(event),
            What::Packet(packet) => way(packet.way),
            What::Timer(_) => "timer",
            What::DialFailed => "dial-failed",
            What::File { .. } => "file",
            What::Woke => "woke",
            What::Write => "write",
            What::Act { .. } => "act",
            What::State(_) => "state",
        }
    }

    /// Whether it is the cause of what follows at its place.
    pub fn is_cause(&self) -> bool {
        match &self.what {
            What::Event(_) | What::State(_) => false,
            What::Packet(packet) => packet.way == Way::Received,
            _ => true,
        }
    }

    /// Appends the line.
    pub fn write(&self, out: &mut String) {
        begin(out, self.at, &self.place, self.kind());
        let mut line = Writer { out };
        match &self.what {
            What::Event(event) => events::put(event, &mut line),
            What::Packet(packet) => put_packet(&packet.view(), &mut line),
            What::Timer(timer) => line.put("timer", timer),
            What::File { name, ok } => put_file(name, *ok, &mut line),
            What::Act { what, remark } => put_act(what, remark.as_ref(), &mut line),
            What::State(view) => state::put(view, &mut line),
            What::DialFailed | What::Woke | What::Write => {}
        }
        out.push('\n');
    }
}

impl Packet {
    fn view(&self) -> PacketRef<'_> {
        PacketRef {
            way: self.way,
            wire: &self.wire,
            peer: &self.peer,
            local: self.local.as_deref(),
            kind: self.kind,
            stream: self.stream,
            complete: self.complete,
            unclaimed: self.unclaimed,
            len: self.len,
            bytes: &self.bytes,
        }
    }
}

/// A message to be written: [`Packet`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct PacketRef<'a> {
    /// See [`Packet::way`].
    pub way: Way,
    /// See [`Packet::wire`].
    pub wire: &'a str,
    /// See [`Packet::peer`].
    pub peer: &'a str,
    /// See [`Packet::local`].
    pub local: Option<&'a str>,
    /// See [`Packet::kind`].
    pub kind: MessageKind,
    /// See [`Packet::stream`].
    pub stream: Option<StreamRange>,
    /// See [`Packet::complete`].
    pub complete: bool,
    /// See [`Packet::unclaimed`].
    pub unclaimed: bool,
    /// See [`Packet::len`].
    pub len: u64,
    /// See [`Packet::bytes`].
    pub bytes: &'a [u8],
}

/// The name of a kind of message.
pub(crate) fn message_kind(kind: MessageKind) -> String {
    let mut name = String::new();
    text::Value::write(&kind, &mut name);
    name
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Received => "recv",
        Way::Sent => "send",
    }
}

/// Appends a time as lines show it.
pub(crate) fn put_time(out: &mut String, at: Instant) {
    text::time(out, at.0);
}

/// See [`split_line`].
type Split<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// A line that [`write_step`] wrote: its place, its kind, and the fields as they stand there.
pub(crate) fn split_line(line: &str) -> Option<Split<'_>> {
    let mut words = line.splitn(4, ' ').skip(1);
    let (place, kind) = (words.next()?, words.next()?);
    let fields = Fields::parse(words.next().unwrap_or_default()).ok()?;
    Some((place, kind, fields.into_inner()))
}

/// The texts of a list, see [`split_line`].
pub(crate) fn unquote_all(text: &str) -> Option<Vec<Vec<u8>>> {
    text::Value::read(text)
}

fn begin(out: &mut String, at: Instant, place: &str, kind: &str) {
    text::time(out, at.0);
    for word in [place, kind] {
        out.push(' ');
        out.push_str(word);
    }
}

fn put_packet(packet: &PacketRef<'_>, line: &mut Writer<'_>) {
    line.word("wire", packet.wire);
    line.word(if packet.way == Way::Received { "from" } else { "to" }, packet.peer);
    if let Some(local) = packet.local {
        line.word("local", local);
    }
    line.put("kind", &packet.kind);
    if let Some(stream) = &packet.stream {
        line.put("stream", stream);
    }
    if !packet.complete {
        line.word("part", "yes");
    }
    if packet.unclaimed {
        line.word("unclaimed", "yes");
    }
    if packet.len != packet.bytes.len() as u64 {
        line.put("len", &packet.len);
    }
    if !packet.kind.is_control() {
        line.out.push_str(" bytes=");
        quote(line.out, packet.bytes);
    }
}

fn put_file(name: &str, ok: bool, line: &mut Writer<'_>) {
    line.out.push_str(" name=");
    quote(line.out, name.as_bytes());
    line.put("ok", &ok);
}

fn put_act(what: &String, remark: Option<&Remark>, line: &mut Writer<'_>) {
    line.put("what", what);
    if let Some(remark) = remark {
        remark.put(line);
    }
}

/// Appends the line of an event.
pub fn write_event(out: &mut String, at: Instant, place: &str, event: &Event) {
    begin(out, at, place, events::name(event));
    events::put(event, &mut Writer { out });
    out.push('\n');
}

/// Appends the line of a message.
pub fn write_packet(out: &mut String, at: Instant, place: &str, packet: &PacketRef<'_>) {
    begin(out, at, place, way(packet.way));
    put_packet(packet, &mut Writer { out });
    out.push('\n');
}

/// Appends the first lines of a trace: of a node each, its name and its address.
pub fn write_header<'a>(
    out: &mut String,
    started_unix_ms: u64,
    nodes: impl IntoIterator<Item = (&'a str, &'a str)>,
) {
    out.push_str(HEADER);
    out.push_str("\n# started ");
    text::Value::write(&started_unix_ms, out);
    for (name, address) in nodes {
        ["\n# node ", name, " ", address].iter().for_each(|part| out.push_str(part));
    }
    out.push('\n');
}

/// Appends the first lines of the trace of a world.
pub fn write_world_header(out: &mut String, world: &World) {
    let started = world.unix_ms() - world.now().0 / 1_000;
    let nodes: Vec<(String, String)> =
        world.nodes().into_iter().map(|n| (n.id.to_string(), n.address)).collect();
    write_header(out, started, nodes.iter().map(|(name, addr)| (name.as_str(), addr.as_str())));
}

/// Appends the lines of a step: its cause, what happened inside nodes, what was sent.
pub fn write_step(out: &mut String, step: &Step) {
    write_cause(out, step);
    for effect in &step.effects {
        write_event(out, step.at, &effect.node.to_string(), &effect.event);
    }
    for message in &step.sent {
        write_message(out, step.at, (Way::Sent, false), message);
    }
}

fn write_message(out: &mut String, at: Instant, (way, unclaimed): (Way, bool), message: &Message) {
    let (from, to) = (message.from.to_string(), message.to.to_string());
    let (place, peer) = if way == Way::Received { (&to, &from) } else { (&from, &to) };
    let packet = PacketRef {
        way,
        wire: &message.wire.to_string(),
        peer,
        local: None,
        kind: message.kind,
        stream: message.stream,
        complete: message.complete,
        unclaimed,
        len: message.bytes.len() as u64,
        bytes: &message.bytes,
    };
    write_packet(out, at, place, &packet);
}

fn write_cause(out: &mut String, step: &Step) {
    let node = |node: &NodeId| Peer::Node(*node).to_string();
    let note = step.note.as_deref();
    let (place, kind) = match &step.cause {
        Cause::Delivered(message) => {
            let unclaimed = note == Some(&Note::Unclaimed);
            return write_message(out, step.at, (Way::Received, unclaimed), message);
        }
        Cause::Timer { node: id, .. } => (node(id), "timer"),
        Cause::DialFailed { node: id } => (node(id), "dial-failed"),
        Cause::File { node: id, .. } => (node(id), "file"),
        Cause::Woke { node: id } => (node(id), "woke"),
        Cause::Client { client } => (client.to_string(), "write"),
        Cause::Intervention(_) => ("world".to_owned(), "act"),
        // No cause was recorded.
        Cause::Recorded(_) => return,
    };
    begin(out, step.at, &place, kind);
    let mut line = Writer { out };
    match &step.cause {
        Cause::Timer { timer, .. } => line.put("timer", timer),
        Cause::File { name, ok, .. } => put_file(name, *ok, &mut line),
        Cause::Intervention(what) => {
            let what = crate::scenario::act_line(what, &Names::default());
            put_act(&what, note.and_then(Remark::new).as_ref(), &mut line);
        }
        _ => {}
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenarios;
    use crate::script::{Intervention, Stop};

    fn written(record: &Record) -> String {
        let mut line = String::new();
        record.write(&mut line);
        line
    }

    #[test]
    fn every_line_of_a_world_is_read_back_as_it_was_written() {
        let mut t = scenarios::first_light();
        let node = scenarios::MASTER;
        for line in ["WAIT 2 100", "BLPOP nothing 1", "SET volatile x PX 5", "SAVE"] {
            t.act(Intervention::Console { node, line: line.into() });
            (0..40).for_each(|_| assert!(t.forward(crate::Grain::Event)));
        }
        t.act(Intervention::StopNode { node, stop: Stop::Crash });
        (0..400).for_each(|_| assert!(t.forward(crate::Grain::Event)));
        let mut text = String::new();
        write_world_header(&mut text, t.world());
        t.steps().iter().for_each(|step| write_step(&mut text, step));
        let mut reader = Reader::new();
        let mut kinds = BTreeSet::new();
        for line in text.lines() {
            let record = reader.read(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            let Some(record) = record else { continue };
            assert_eq!(written(&record).trim_end(), line);
            kinds.insert(record.kind());
        }
        assert!(kinds.iter().all(|kind| super::kinds().any(|known| known == **kind)));
        assert_eq!(reader.nodes().len(), 3);
        assert!(reader.started_unix_ms() > 0);
        for kind in ["recv", "send", "psync-decided", "blocked", "file", "act", "timer", "fed"] {
            assert!(kinds.contains(kind), "{kind} is missing: {kinds:?}");
        }
    }

    #[test]
    fn an_act_says_what_came_of_it() {
        let mut t = scenarios::handshake();
        let node = scenarios::MASTER;
        scenarios::pass(&mut t, 30);
        let message = t.steps().iter().rev().find_map(|s| s.sent.last()).expect("sent").id;
        for what in [
            Intervention::StartNode { node },
            Intervention::AddReplica { of: node },
            Intervention::AddClient { node },
            Intervention::HoldMessage { message },
            Intervention::Heal,
        ] {
            t.act(what);
        }
        let acts = t.steps().iter().filter(|s| matches!(s.cause, Cause::Intervention(_)));
        let mut remarks = Vec::new();
        for step in acts {
            let mut line = HEADER.to_owned() + "\n";
            write_cause(&mut line, step);
            let mut reader = Reader::new();
            let mut records = line.lines().filter_map(|line| reader.read(line).expect("a line"));
            let record = records.next().expect("a record");
            assert!(line.ends_with(&written(&record)));
            let What::Act { remark, .. } = record.what else { panic!("{line}") };
            remarks.push(remark);
        }
        let [.., started, replica, client, held, healed] = remarks.as_slice() else { panic!() };
        assert!(matches!(started, Some(Remark::Impossible(why)) if why == "n0 is running"));
        assert_eq!(replica, &Some(Remark::Gave("n3".into())));
        assert!(matches!(client, Some(Remark::Gave(name)) if name.starts_with('c')));
        assert!(matches!(held, Some(Remark::About(text)) if text.contains(" > ")), "{held:?}");
        assert_eq!(healed, &None);
    }

    #[test]
    fn a_line_says_when_where_what_and_the_rest_by_name() {
        let line =
            "12.345678 n1 link-state from=receive-psync-reply to=connected why=\"+CONTINUE\"";
        let mut reader = Reader::new();
        assert_eq!(reader.read(HEADER), Ok(None));
        let record = reader.read(line).unwrap().unwrap();
        assert_eq!((record.at, record.place.as_str()), (Instant(12_345_678), "n1"));
        assert_eq!(written(&record).trim_end(), line);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let error = |lines: &[&str]| {
            let mut reader = Reader::new();
            let results: Vec<_> = lines.iter().map(|line| reader.read(line)).collect();
            results.into_iter().find_map(Result::err).map(|e| e.to_string()).unwrap_or_default()
        };
        assert_eq!(
            error(&["12.0 n0 woke"]),
            "line 1: this is no trace: its first line would be `# lockstep trace 1`"
        );
        assert_eq!(
            error(&["# lockstep trace 2"]),
            "line 1: this trace has version 2; `# lockstep trace 1` is what this program reads"
        );
        assert_eq!(
            error(&[HEADER, "", "1.x n0 woke"]),
            "line 3: `1.x` is no time: seconds, with at most six decimals"
        );
        assert_eq!(error(&[HEADER, "1.0 n0"]), "line 2: no kind after the node");
        assert_eq!(error(&[HEADER, "1.0 n0 wake"]), "line 2: wake: there is no such kind of line");
        assert_eq!(
            error(&[HEADER, "1.0 n0 loaded keys=many"]),
            "line 2: loaded: keys=many cannot be read"
        );
        assert_eq!(error(&[HEADER, "1.0 n0 loaded"]), "line 2: loaded: the field keys is missing");
    }
}
