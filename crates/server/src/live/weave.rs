//! The traces of several nodes woven into one, while they are being written.
//!
//! Each node tells its own story, on its own clock and with its own names for connections; here
//! they become one story, as a simulated world would tell it: one clock, one name for a connection
//! at both of its ends, and nodes called `n0`, `n1`... wherever an address is theirs.
//!
//! # Invariants
//!
//! * Lines come out in the order of their times, and no message is received before it was sent. A
//!   node whose clock was read before something arrived may tell of it as of a moment earlier:
//!   such a line waits for the other end's, and gets the time of the line before it.
//! * What is held back has bounds: sources stop telling what is not taken from them, and nothing
//!   waits longer than [`HOLD_US`] for another node.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_core::time::Instant;
use lockstep_core::trace::Event;
use lockstep_sim::trace::{self, Packet, Reader, Record, Way, What};
use lockstep_sim::view::LiveView;
use lockstep_sim::{MessageKind, NodeId, WireId};

/// How long a line waits for what other nodes have to tell, in microseconds.
const HOLD_US: u64 = 500_000;

/// A line of the story, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its text.
    pub(crate) text: String,
    /// What it means for whoever has not seen what came before.
    pub(crate) matter: Matter,
}

/// What a line means for somebody who comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matter {
    /// Nothing.
    Passing,
    /// It says what a node holds.
    State(u32),
    /// A connection begins.
    Opens(u32),
    /// A connection ends.
    Closes(u32),
    /// So many lines are missing here.
    Gap(u64),
}

#[derive(Debug)]
enum Item {
    Record(Box<Record>),
    Gap(u64),
    /// The node's process has ended.
    End,
}

/// One node, as it tells its story.
#[derive(Debug)]
struct Source {
    /// Its number: it is `n0`, `n1`...
    id: u32,
    reader: Reader,
    /// What its clock shows when the story's shows 0, in microseconds.
    zero_us: i64,
    queue: VecDeque<(u64, Item)>,
    /// It has told everything up to here.
    told_us: u64,
    /// When it was last heard, on the story's clock.
    heard_us: u64,
    ended: bool,
    /// Where it is trying to connect to.
    dialing: Option<String>,
    /// The story's names of its connections.
    wires: BTreeMap<String, u32>,
}

/// A connection.
#[derive(Debug, Default)]
struct Wire {
    /// The node at each end: who dialed, who accepted.
    ends: [Option<u32>; 2],
    /// Bytes that the dialer, and the acceptor, have sent.
    sent: [u64; 2],
    /// Bytes of theirs that have been received.
    received: [u64; 2],
    /// Something is missing in what was told about it.
    loose: bool,
}

/// Weaves.
#[derive(Debug)]
pub(crate) struct Weaver {
    sources: Vec<Source>,
    /// Addresses of nodes.
    nodes: BTreeMap<String, u32>,
    /// Of connections that a node has dialed: its own address, the node, its name for it.
    dialed: BTreeMap<String, (usize, String)>,
    wires: BTreeMap<u32, Wire>,
    next_wire: u32,
    last_us: u64,
}

impl Weaver {
    /// A weaver for nodes with these numbers and addresses, each of which tells its story.
    pub(crate) fn new(nodes: &[(u32, String)]) -> Self {
        let source = |(id, _): &(u32, String)| Source {
            id: *id,
            reader: Reader::new(),
            zero_us: 0,
            queue: VecDeque::new(),
            told_us: 0,
            heard_us: 0,
            ended: false,
            dialing: None,
            wires: BTreeMap::new(),
        };
        Self {
            sources: nodes.iter().map(source).collect(),
            nodes: nodes.iter().map(|(id, address)| (plain(address), *id)).collect(),
            dialed: BTreeMap::new(),
            wires: BTreeMap::new(),
            next_wire: 0,
            last_us: 0,
        }
    }

    /// Takes the next line of a source. `origin_us`: when the story began, on the clock that all
    /// processes share; `now_us`: now, on the story's.
    pub(crate) fn push(&mut self, source: usize, line: &str, origin_us: u64, now_us: u64) {
        let from = &mut self.sources[source];
        from.heard_us = now_us;
        let Some(comment) = line.strip_prefix("# ") else {
            return self.push_record(source, line);
        };
        match comment.split_once(' ') {
            Some(("clock", us)) => {
                from.zero_us = origin_us as i64 - us.parse::<i64>().unwrap_or(origin_us as i64);
            }
            Some(("now", time)) => {
                let time = trace::read_time(time).unwrap_or_default();
                from.told_us = from.told_us.max(story_time(time, from.zero_us));
            }
            Some(("left-out", count)) => {
                let count = count.parse().unwrap_or(1);
                from.queue.push_back((from.told_us, Item::Gap(count)));
            }
            // Its header; what the reader does not know it ignores.
            _ => drop(from.reader.read(line)),
        }
    }

    fn push_record(&mut self, source: usize, line: &str) {
        let from = &mut self.sources[source];
        let mut record = match from.reader.read(line) {
            Ok(Some(record)) => record,
            Ok(None) => return,
            // One of its own lines that cannot be read: it is missing, and that is told.
            Err(_) => return from.queue.push_back((from.told_us, Item::Gap(1))),
        };
        let at = story_time(record.at.0, from.zero_us);
        from.told_us = from.told_us.max(at);
        redact(&mut record);
        match &record.what {
            What::Packet(p) if p.way == Way::Sent && p.kind == MessageKind::Connect => {
                from.dialing = Some(plain(&p.peer));
            }
            What::Packet(p) if p.way == Way::Received && p.kind == MessageKind::Accept => {
                from.dialing = None;
                if let Some(local) = &p.local {
                    self.dialed.insert(plain(local), (source, p.wire.clone()));
                }
            }
            What::Packet(p) if p.kind == MessageKind::Refuse => from.dialing = None,
            What::DialFailed => from.dialing = None,
            _ => {}
        }
        from.queue.push_back((at, Item::Record(Box::new(record))));
    }

    /// A source has nothing more to tell.
    pub(crate) fn end(&mut self, source: usize) {
        let from = &mut self.sources[source];
        from.queue.push_back((from.told_us, Item::End));
        from.ended = true;
        from.dialing = None;
    }

    /// The lines whose time has come.
    pub(crate) fn release(&mut self, now_us: u64) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(source) = self.next(now_us) {
            let Some((at, item)) = self.sources[source].queue.pop_front() else { break };
            self.last_us = self.last_us.max(at);
            match item {
                Item::Gap(count) => {
                    let known = &self.sources[source].wires;
                    for wire in known.values() {
                        self.wires.entry(*wire).or_default().loose = true;
                    }
                    let text = format!("# left-out {count}");
                    lines.push(Line { text, matter: Matter::Gap(count) });
                }
                Item::Record(record) => lines.push(self.tell(source, *record)),
                Item::End => {
                    let id = self.sources[source].id;
                    let text = format!("# ended n{id}");
                    lines.push(Line { text, matter: Matter::State(id) });
                }
            }
        }
        lines
    }

    /// The source whose line is next.
    fn next(&self, now_us: u64) -> Option<usize> {
        let waits = |s: &&Source| !s.ended && now_us.saturating_sub(s.heard_us) < HOLD_US;
        let limit = self.sources.iter().filter(waits).map(|s| s.told_us).min().unwrap_or(u64::MAX);
        let heads = self.sources.iter().enumerate().filter_map(|(index, source)| {
            let (at, item) = source.queue.front()?;
            let old = now_us.saturating_sub(*at) >= HOLD_US;
            (*at <= limit && (old || self.is_ready(index, item))).then_some((*at, index))
        });
        heads.min().map(|(_, index)| index)
    }

    /// Whether nothing that other nodes still have to tell belongs before this.
    fn is_ready(&self, source: usize, item: &Item) -> bool {
        let Item::Record(record) = item else { return true };
        let What::Packet(packet) = &record.what else { return true };
        if packet.way == Way::Sent {
            return true;
        }
        let from = &self.sources[source];
        if packet.kind == MessageKind::Connect {
            let mine: BTreeSet<&String> =
                self.nodes.iter().filter(|(_, id)| **id == from.id).map(|(a, _)| a).collect();
            let dials = |s: &Source| s.dialing.as_ref().is_some_and(|to| mine.contains(to));
            return self.dialed.contains_key(&plain(&packet.peer))
                || !self.sources.iter().any(dials);
        }
        let Some(wire) = from.wires.get(&packet.wire).and_then(|id| self.wires.get(id)) else {
            return true;
        };
        let sender = usize::from(wire.ends[0] == Some(from.id));
        let traced = wire.ends[sender].is_some_and(|id| self.source_of(id).is_some());
        !traced || wire.loose || wire.received[sender] + packet.len <= wire.sent[sender]
    }

    /// The source that is this node, if it still tells.
    fn source_of(&self, id: u32) -> Option<usize> {
        self.sources.iter().position(|s| s.id == id && !s.ended)
    }

    /// A record as a line of the story.
    fn tell(&mut self, source: usize, mut record: Record) -> Line {
        let id = self.sources[source].id;
        record.at = Instant(self.last_us);
        record.place = format!("n{id}");
        let matter = match &mut record.what {
            What::Packet(packet) => self.tell_packet(source, packet),
            What::State(view) => {
                self.name(source, view);
                Matter::State(id)
            }
            _ => Matter::Passing,
        };
        let mut text = String::new();
        record.write(&mut text);
        text.truncate(text.trim_end_matches('\n').len());
        Line { text, matter }
    }

    fn tell_packet(&mut self, source: usize, packet: &mut Packet) -> Matter {
        let id = self.sources[source].id;
        let (address, own) = (plain(&packet.peer), std::mem::take(&mut packet.wire));
        let begins = packet.kind == MessageKind::Connect;
        let number = match (begins, packet.way) {
            (true, Way::Received) => self.accepted(source, &own, &address),
            (true, Way::Sent) => self.dial(source, &own, &address),
            _ => self.number(source, &own),
        };
        packet.wire = format!("w{number}");
        let wire = self.wires.entry(number).or_default();
        let mine = usize::from(wire.ends[0] != Some(id));
        match wire.ends[1 - mine] {
            Some(peer) => packet.peer = format!("n{peer}"),
            None => packet.peer = address,
        }
        if wire.ends.iter().all(Option::is_some) {
            // A connection between nodes was their link from its first byte.
            packet.kind = match packet.kind {
                MessageKind::Request => MessageKind::Handshake,
                MessageKind::Response => MessageKind::Reply,
                kind => kind,
            };
        }
        match packet.way {
            Way::Sent => wire.sent[mine] += packet.len,
            Way::Received => wire.received[1 - mine] += packet.len,
        }
        match packet.kind {
            MessageKind::Connect => Matter::Opens(number),
            MessageKind::Fin | MessageKind::Reset | MessageKind::Refuse => {
                self.close(source, &own, number);
                Matter::Closes(number)
            }
            _ => Matter::Passing,
        }
    }

    /// The story's name of a connection that a source knows by its own.
    fn number(&mut self, source: usize, own: &str) -> u32 {
        if let Some(number) = self.sources[source].wires.get(own) {
            return *number;
        }
        let number = self.next_wire;
        self.next_wire += 1;
        self.sources[source].wires.insert(own.to_owned(), number);
        self.wires.entry(number).or_default();
        number
    }

    fn dial(&mut self, source: usize, own: &str, address: &str) -> u32 {
        let number = self.number(source, own);
        let ends = [Some(self.sources[source].id), self.nodes.get(address).copied()];
        self.wires.entry(number).or_default().ends = ends;
        number
    }

    fn accepted(&mut self, source: usize, own: &str, address: &str) -> u32 {
        let me = self.sources[source].id;
        let Some((dialer, name)) = self.dialed.get(address).cloned() else {
            let number = self.number(source, own);
            self.wires.entry(number).or_default().ends[1] = Some(me);
            return number;
        };
        let number = self.number(dialer, &name);
        let ends = [Some(self.sources[dialer].id), Some(me)];
        self.wires.entry(number).or_default().ends = ends;
        self.sources[source].wires.insert(own.to_owned(), number);
        number
    }

    /// One end has told that a connection is over.
    fn close(&mut self, source: usize, own: &str, number: u32) {
        self.sources[source].wires.remove(own);
        if self.sources.iter().all(|s| !s.wires.values().any(|known| *known == number)) {
            self.wires.remove(&number);
        }
        let mine = |_: &String, (by, name): &mut (usize, String)| *by == source && name == own;
        self.dialed.retain(|address, dialed| !mine(address, dialed));
    }

    /// Puts the story's names into what a node holds.
    fn name(&self, source: usize, view: &mut LiveView) {
        let from = &self.sources[source];
        for replica in &mut view.replicas {
            let number =
                replica.wire.and_then(|wire| from.wires.get(&format!("w{}", wire.0)).copied());
            let wire = number.and_then(|number| self.wires.get(&number));
            replica.wire = number.map(WireId);
            replica.node = wire.and_then(|wire| wire.ends[0]).map(NodeId);
        }
        if let Some(master) = &mut view.master {
            let address = plain(&format!("{}:{}", master.host, master.port));
            master.node = self.nodes.get(&address).copied().map(NodeId);
        }
    }
}

/// A source's time on the story's clock.
fn story_time(us: u64, zero_us: i64) -> u64 {
    us.saturating_add_signed(zero_us.saturating_neg())
}

/// An address as all write it.
fn plain(address: &str) -> String {
    address.replacen("localhost:", "127.0.0.1:", 1)
}

/// Leaves passwords out: of messages what follows the command's name, of commands too, as in
/// Redis's own `MONITOR`.
fn redact(record: &mut Record) {
    match &mut record.what {
        What::Packet(p)
            if matches!(p.kind, MessageKind::Handshake | MessageKind::Request)
                && tells_secret(&words(&p.bytes)) =>
        {
            p.bytes.truncate(name_end(&p.bytes));
        }
        What::Event(Event::Command { raw, .. }) => {
            let said = words(raw);
            if tells_secret(&said) {
                let name = &said[0];
                let text = format!("*2\r\n${}\r\n{name}\r\n$10\r\n(redacted)\r\n", name.len());
                *raw = text.into_bytes();
            }
        }
        _ => {}
    }
}

/// Where the name of a command ends.
fn name_end(command: &[u8]) -> usize {
    let ends = |sign: fn(&u8) -> bool| command.iter().enumerate().filter(move |(_, b)| sign(b));
    let end = match command.first() {
        Some(b'*') => ends(|byte| *byte == b'\r').nth(2),
        _ => ends(u8::is_ascii_whitespace).next(),
    };
    end.map_or(0, |(at, _)| at)
}

fn tells_secret(words: &[String]) -> bool {
    let has = |names: &[&str]| words.iter().skip(1).any(|word| names.contains(&word.as_str()));
    match words.first().map(String::as_str) {
        Some("AUTH") => true,
        Some("HELLO") => has(&["AUTH"]),
        Some("CONFIG") => has(&["REQUIREPASS", "MASTERAUTH"]),
        Some("MIGRATE") => has(&["AUTH", "AUTH2"]),
        _ => false,
    }
}

/// The first words of a command, in capitals.
fn words(command: &[u8]) -> Vec<String> {
    const WORDS_MAX: usize = 16;
    let text = String::from_utf8_lossy(&command[..command.len().min(512)]).to_ascii_uppercase();
    if !text.starts_with('*') {
        return text.split_ascii_whitespace().take(WORDS_MAX).map(str::to_owned).collect();
    }
    let lines = text.split("\r\n").skip(2).step_by(2);
    lines.take(WORDS_MAX).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// A master and a replica, whose clocks show 0 when the story's shows 1 s and 0.5 s.
    fn two() -> Weaver {
        let nodes = [(0, "127.0.0.1:1".to_owned()), (1, "127.0.0.1:2".to_owned())];
        let mut weaver = Weaver::new(&nodes);
        for (source, clock) in [(0, 11_000_000), (1, 10_500_000)] {
            weaver.push(source, trace::HEADER, 10_000_000, 1_000_000);
            weaver.push(source, &format!("# clock {clock}"), 10_000_000, 1_000_000);
        }
        weaver
    }

    fn say(weaver: &mut Weaver, source: usize, lines: &[&str]) {
        lines.iter().for_each(|line| weaver.push(source, line, 10_000_000, 1_000_000));
    }

    fn check(lines: &[Line], expected: &Expect) {
        let text: String = lines.iter().map(|line| line.text.clone() + "\n").collect();
        expected.assert_eq(&text);
    }

    #[test]
    fn two_stories_become_one_with_one_name_for_a_connection() {
        let mut weaver = two();
        say(
            &mut weaver,
            0,
            &[
                "0.000200 n0 recv wire=w7 from=127.0.0.1:500 kind=connect",
                "0.000200 n0 send wire=w7 to=127.0.0.1:500 local=127.0.0.1:1 kind=accept",
                "0.000300 n0 recv wire=w7 from=127.0.0.1:500 kind=request bytes=\"PING\\r\\n\"",
                "0.000300 n0 state role=master replid=1111111111111111111111111111111111111111 \
                 offset=0 keys=0 replicas=1 replica0=online replica0_wire=w7 replica0_sent=0 \
                 replica0_ack=0 replica0_lag=0",
                "# now 0.1",
            ],
        );
        assert_eq!(weaver.release(1_000_500), [], "the other one may have told of a time before");
        say(
            &mut weaver,
            1,
            &[
                "0.500100 n0 send wire=w0 to=localhost:1 kind=connect",
                "0.500250 n0 recv wire=w0 from=localhost:1 local=127.0.0.1:500 kind=accept",
                "0.500250 n0 send wire=w0 to=localhost:1 kind=handshake bytes=\"PING\\r\\n\"",
                "# now 0.6",
            ],
        );
        let mut told = weaver.release(1_100_000);
        let state = told.pop().expect("a state").text;
        assert!(state.starts_with("1.000300 n0 state role=master "), "{state}");
        assert!(state.contains(" replica0_node=n1 replica0_wire=w0 "), "{state}");
        check(
            &told,
            &expect![[r#"
                1.000100 n1 send wire=w0 to=n0 kind=connect
                1.000200 n0 recv wire=w0 from=n1 kind=connect
                1.000200 n0 send wire=w0 to=n1 local=127.0.0.1:1 kind=accept
                1.000250 n1 recv wire=w0 from=n0 local=127.0.0.1:500 kind=accept
                1.000250 n1 send wire=w0 to=n0 kind=handshake bytes="PING\r\n"
                1.000300 n0 recv wire=w0 from=n1 kind=handshake bytes="PING\r\n"
            "#]],
        );
    }

    #[test]
    fn nothing_is_received_before_it_was_sent() {
        let mut weaver = two();
        let accepted = [
            "0.000002 n0 recv wire=w0 from=127.0.0.1:500 kind=connect",
            // As of a moment before the replica's clock was read.
            "0.000004 n0 recv wire=w0 from=127.0.0.1:500 kind=request bytes=\"PING\"",
            "0.000005 n0 woke",
            "# now 0.1",
        ];
        say(&mut weaver, 0, &accepted);
        let dialed = [
            "0.500001 n0 send wire=w0 to=127.0.0.1:1 kind=connect",
            "0.500003 n0 recv wire=w0 from=127.0.0.1:1 local=127.0.0.1:500 kind=accept",
            "0.500009 n0 send wire=w0 to=127.0.0.1:1 kind=handshake bytes=\"PING\"",
            "# now 0.6",
        ];
        say(&mut weaver, 1, &dialed);
        check(
            &weaver.release(1_100_000),
            &expect![[r#"
                1.000001 n1 send wire=w0 to=n0 kind=connect
                1.000002 n0 recv wire=w0 from=n1 kind=connect
                1.000003 n1 recv wire=w0 from=n0 local=127.0.0.1:500 kind=accept
                1.000009 n1 send wire=w0 to=n0 kind=handshake bytes="PING"
                1.000009 n0 recv wire=w0 from=n1 kind=handshake bytes="PING"
                1.000009 n0 woke
            "#]],
        );
    }

    #[test]
    fn a_node_that_is_frozen_or_gone_holds_nobody_up() {
        let mut weaver = two();
        say(&mut weaver, 0, &["0.000002 n0 woke", "# now 0.1"]);
        assert_eq!(weaver.release(1_000_100), []);
        let told = weaver.release(1_000_000 + HOLD_US);
        assert_eq!(told.len(), 1, "{told:?}");
        say(&mut weaver, 0, &["0.200000 n0 woke", "# now 0.3"]);
        say(&mut weaver, 1, &["0.600000 n0 woke", "# left-out 7", "nonsense"]);
        weaver.end(1);
        let told = weaver.release(1_300_000);
        check(
            &told,
            &expect![[r"
                1.100000 n1 woke
                # left-out 7
                # left-out 1
                # ended n1
                1.200000 n0 woke
            "]],
        );
    }

    #[test]
    fn passwords_are_left_out_and_nothing_else() {
        let mut weaver = Weaver::new(&[(0, "127.0.0.1:1".to_owned())]);
        let auth = r#""*2\r\n$4\r\nauth\r\n$3\r\nfoo\r\n""#;
        let asks = "1.0 n0 recv wire=w0 from=c kind=request bytes=";
        let lines = [
            trace::HEADER.to_owned(),
            format!("{asks}{auth}"),
            format!("1.0 n0 command conn=0.0 db=0 raw={auth} dirty=0"),
            format!(r#"{asks}"HELLO 3 AUTH u p\r\n""#),
            format!(r#"{asks}"SET author AUTH\r\n""#),
            format!(r#"{asks}"CONFIG SET requirepass p\r\n""#),
        ];
        lines.iter().for_each(|line| weaver.push(0, line, 0, 0));
        weaver.end(0);
        check(
            &weaver.release(1),
            &expect![[r#"
                1.000000 n0 recv wire=w0 from=c kind=request len=23 bytes="*2\r\n$4\r\nauth"
                1.000000 n0 command conn=0.0 db=0 raw="*2\r\n$4\r\nAUTH\r\n$10\r\n(redacted)\r\n" dirty=0
                1.000000 n0 recv wire=w0 from=c kind=request len=18 bytes="HELLO"
                1.000000 n0 recv wire=w0 from=c kind=request bytes="SET author AUTH\r\n"
                1.000000 n0 recv wire=w0 from=c kind=request len=26 bytes="CONFIG"
                # ended n0
            "#]],
        );
    }
}
