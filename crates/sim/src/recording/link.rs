//! A replication link that is overheard: what follows from the messages of both directions for
//! both ends, and where they depart from the protocol.

use std::collections::{BTreeMap, VecDeque};

use lockstep_core::id::{ConnId, ReplId};
use lockstep_core::rdb::crc64;
use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::trace::Event;

use super::breach::{Breach, Rule};
use crate::ids::{NodeId, WireId};
use crate::message::{Message, MessageKind};
use crate::step::Effect;

/// Requests without an answer that are remembered.
const PENDING_MAX: usize = 64;
/// Longest text of what came, in characters.
const CAME_MAX: usize = 60;

/// What the links of a recording tell each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// What each replica has been sent: the history, and the next byte.
    held: BTreeMap<NodeId, (ReplId, u64)>,
    /// The histories that a master has named.
    histories: BTreeMap<NodeId, Vec<ReplId>>,
}

/// A request of a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Ping,
    Auth,
    Port,
    Ip,
    Capa,
    Other,
    Psync(Option<(ReplId, u64)>),
    Sync,
}

/// How far a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    /// The RDB is to come.
    Full,
    Rdb,
    Stream,
}

/// Finds where an RDB really ends: at an end mark after which stands the sum of what was before.
#[derive(Debug, Clone, Default)]
struct RdbEnd {
    read: u64,
    sum: u64,
    /// The last bytes, at most nine; `sum` covers what was before them.
    tail: VecDeque<u8>,
    found: Option<u64>,
}

impl RdbEnd {
    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.read += 1;
            if self.tail.len() == 9
                && let Some(first) = self.tail.pop_front()
            {
                self.sum = crc64::update(self.sum, &[first]);
            }
            self.tail.push_back(byte);
            if self.found.is_none() && self.ends() {
                self.found = Some(self.read);
            }
        }
    }

    /// Whether the last nine bytes are an end mark and the right sum.
    fn ends(&self) -> bool {
        self.tail.len() == 9
            && self.tail[0] == 0xff
            && crc64::update(self.sum, &[0xff]).to_le_bytes().iter().eq(self.tail.iter().skip(1))
    }

    /// Whether it may end here: its sum may be left out.
    fn may_end(&self) -> bool {
        self.found == Some(self.read)
            || self.tail.len() == 9
                && self.tail[0] == 0xff
                && self.tail.iter().skip(1).all(|byte| *byte == 0)
    }
}

/// See the module's documentation.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    replica: NodeId,
    master: NodeId,
    conn: ConnId,
    phase: Phase,
    state: ReplState,
    pending: VecDeque<Asked>,
    /// Something is missing: what it may have said is not held against anybody.
    blind: bool,
    asked: Option<(ReplId, u64)>,
    history: Option<ReplId>,
    full: Option<u64>,
    rdb: RdbEnd,
    announced: Option<u64>,
    acked: Option<u64>,
    /// The last byte of the stream that was sent.
    sent: Option<u64>,
    /// By direction, the replica's first: a message was told in part.
    begun: [bool; 2],
}

/// What follows from a message.
pub(crate) type Follows = (Vec<Effect>, Option<Breach>);

impl Link {
    /// A link; `under_way`: it was there before the recording began.
    pub(crate) fn new(wire: WireId, (replica, master): (NodeId, NodeId), under_way: bool) -> Self {
        Self {
            replica,
            master,
            conn: ConnId { index: wire.0, generation: 0 },
            phase: if under_way { Phase::Stream } else { Phase::Handshake },
            state: if under_way { ReplState::Connected } else { ReplState::Connecting },
            pending: VecDeque::new(),
            blind: under_way,
            asked: None,
            history: None,
            full: None,
            rdb: RdbEnd::default(),
            announced: None,
            acked: None,
            sent: None,
            begun: [false; 2],
        }
    }

    /// Bytes are missing: neither what this link has said nor what follows from it for others is
    /// known any more.
    pub(crate) fn lost(&mut self, heard: &mut Heard) {
        self.blind = true;
        self.pending.clear();
        heard.held.remove(&self.replica);
        heard.histories.remove(&self.master);
    }

    /// What follows from the next message of either direction; `byte` is its place there.
    pub(crate) fn message(&mut self, heard: &mut Heard, m: &Message, byte: u64) -> Follows {
        let mut effects = Vec::new();
        if m.kind.is_farewell() {
            self.close(&mut effects);
            return (effects, None);
        }
        let from_replica = m.from.node() == Some(self.replica);
        let part = !m.complete && m.kind != MessageKind::Rdb;
        // The last part is not judged either: it is not what was said.
        let last = std::mem::replace(&mut self.begun[usize::from(!from_replica)], part);
        if !part {
            self.streamed(heard, m);
        }
        let breach = match m.kind {
            MessageKind::Connect | MessageKind::Accept | MessageKind::Keepalive => None,
            _ if part || last => None,
            _ if from_replica => self.replica_says(heard, m, &mut effects),
            MessageKind::Rdb => self.rdb(m, &mut effects),
            MessageKind::Stream | MessageKind::Ping => self.stream(m),
            MessageKind::RdbHeader => self.header(m, &mut effects),
            _ => self.reply(heard, m, &mut effects),
        };
        // With gaps, only what is wrong whatever was before.
        let breach = breach.filter(|(rule, ..)| !self.blind || *rule == Rule::FullResyncForm);
        let breach = breach.map(|(rule, expected, came)| Breach {
            rule,
            expected,
            came,
            byte,
            packet: None,
        });
        (effects, breach)
    }

    fn to(&mut self, state: ReplState, why: &str, effects: &mut Vec<Effect>) {
        let from = std::mem::replace(&mut self.state, state);
        if from != state {
            let event = Event::ReplStateChanged { from, to: state, why: why.to_owned().into() };
            effects.push(Effect { node: self.replica, event });
        }
    }

    fn seen(&self, from: Option<ReplicaState>, to: ReplicaState, why: &str) -> Effect {
        let (conn, to, why) = (self.conn, Some(to), why.to_owned().into());
        Effect { node: self.master, event: Event::ReplicaStateChanged { conn, from, to, why } }
    }

    fn close(&mut self, effects: &mut Vec<Effect>) {
        if self.state == ReplState::Connect {
            return;
        }
        if self.phase != Phase::Handshake {
            let (conn, why) = (self.conn, "the link broke".into());
            let event = Event::ReplicaStateChanged { conn, from: None, to: None, why };
            effects.push(Effect { node: self.master, event });
        }
        self.to(ReplState::Connect, "the link broke", effects);
    }

    fn replica_says(
        &mut self,
        heard: &mut Heard,
        m: &Message,
        effects: &mut Vec<Effect>,
    ) -> Option<(Rule, String, String)> {
        let args = m.command();
        let word = |i: usize| args.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
        let (name, what) = (word(0), word(1));
        if name == b"replconf" && what == b"ack" {
            return self.ack(args.get(2).map_or(b"", |n| n));
        }
        if args.is_empty() {
            return Some((Rule::NoProtocol, String::new(), came(m)));
        }
        if self.phase == Phase::Stream && !self.blind {
            return Some((Rule::ReplicaTalks, String::new(), came(m)));
        }
        let mut breach = None;
        let (asked, state) = match (name.as_slice(), what.as_slice()) {
            (b"ping", _) => (Asked::Ping, ReplState::ReceivePingReply),
            (b"auth", _) => (Asked::Auth, ReplState::ReceiveAuthReply),
            (b"replconf", b"listening-port") => (Asked::Port, ReplState::ReceivePortReply),
            (b"replconf", b"ip-address") => (Asked::Ip, ReplState::ReceiveIpReply),
            (b"replconf", b"capa") => (Asked::Capa, ReplState::ReceiveCapaReply),
            (b"psync", _) => {
                let offset = args.get(2).and_then(|n| number(n));
                self.asked = args.get(1).and_then(|id| ReplId::parse(id)).zip(offset);
                breach = self.asks_too_much(heard);
                (Asked::Psync(self.asked), ReplState::ReceivePsyncReply)
            }
            (b"sync", _) => (Asked::Sync, ReplState::ReceivePsyncReply),
            _ => (Asked::Other, ReplState::SendHandshake),
        };
        // Requests may be sent in one go: the link waits for the first answer.
        if self.pending.is_empty() {
            self.to(state, &came(m), effects);
        }
        if self.pending.len() < PENDING_MAX {
            self.pending.push_back(asked);
        }
        breach
    }

    /// A replica cannot hold what it was not sent.
    fn asks_too_much(&self, heard: &Heard) -> Option<(Rule, String, String)> {
        let ((id, offset), (held, next)) = (self.asked?, *heard.held.get(&self.replica)?);
        (id == held && offset > next)
            .then(|| (Rule::AskedBeyond, next.to_string(), offset.to_string()))
    }

    fn ack(&mut self, text: &[u8]) -> Option<(Rule, String, String)> {
        let Some(offset) = number(text) else {
            let came = crate::message::readable(text);
            return Some((Rule::NoProtocol, String::new(), format!("REPLCONF ACK {came}")));
        };
        let before = self.acked.replace(offset);
        let sent = self.sent.or(self.full);
        if let Some(sent) = sent.filter(|sent| *sent < offset) {
            return Some((Rule::AckBeyond, sent.to_string(), offset.to_string()));
        }
        let before = before.filter(|before| *before > offset)?;
        Some((Rule::AckBack, before.to_string(), offset.to_string()))
    }

    fn reply(
        &mut self,
        heard: &mut Heard,
        m: &Message,
        effects: &mut Vec<Effect>,
    ) -> Option<(Rule, String, String)> {
        let line = m.bytes.trim_ascii_end();
        let Some(asked) = self.pending.pop_front() else {
            return Some((Rule::UnaskedReply, String::new(), came(m)));
        };
        if !matches!(line.first(), Some(b'+' | b'-')) {
            return Some((Rule::WrongReply, expected(&asked), came(m)));
        }
        if line.starts_with(b"-") && matches!(asked, Asked::Psync(_) | Asked::Sync) {
            self.to(ReplState::SendPsync, &came(m), effects);
            return None;
        }
        let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        match (&asked, words[0]) {
            (Asked::Psync(_), b"+FULLRESYNC") => return self.full(heard, m, &words, effects),
            (Asked::Psync(before), b"+CONTINUE") => {
                let before = *before;
                return self.continued(heard, m, &words, before, effects);
            }
            (Asked::Psync(_), _) => return Some((Rule::WrongReply, expected(&asked), came(m))),
            (Asked::Ping, word) if word != b"+PONG" && !word.starts_with(b"-") => {
                return Some((Rule::WrongReply, expected(&asked), came(m)));
            }
            _ => {}
        }
        let next = match self.pending.front() {
            Some(Asked::Ping) => ReplState::ReceivePingReply,
            Some(Asked::Auth) => ReplState::ReceiveAuthReply,
            Some(Asked::Port) => ReplState::ReceivePortReply,
            Some(Asked::Ip) => ReplState::ReceiveIpReply,
            Some(Asked::Capa) => ReplState::ReceiveCapaReply,
            Some(Asked::Psync(_) | Asked::Sync) => ReplState::ReceivePsyncReply,
            Some(Asked::Other) => ReplState::SendHandshake,
            None if asked == Asked::Capa => ReplState::SendPsync,
            None => ReplState::SendHandshake,
        };
        self.to(next, &came(m), effects);
        None
    }

    fn full(
        &mut self,
        heard: &mut Heard,
        m: &Message,
        words: &[&[u8]],
        effects: &mut Vec<Effect>,
    ) -> Option<(Rule, String, String)> {
        let id = words.get(1).and_then(|id| ReplId::parse(id));
        let offset = words.get(2).and_then(|n| number(n)).filter(|_| words.len() == 3);
        let (Some(replid), Some(offset)) = (id, offset) else {
            return Some((Rule::FullResyncForm, String::new(), came(m)));
        };
        self.phase = Phase::Full;
        (self.history, self.full, self.sent) = (Some(replid), Some(offset), None);
        remember(heard, self.master, replid);
        self.holds(heard, replid, offset.saturating_add(1));
        self.to(ReplState::Transfer, "a full resynchronisation begins", effects);
        let event = Event::FullResync { replid, offset };
        effects.push(Effect { node: self.replica, event });
        effects.push(self.seen(None, ReplicaState::WaitBgsaveEnd, "a snapshot follows"));
        None
    }

    fn continued(
        &mut self,
        heard: &mut Heard,
        m: &Message,
        words: &[&[u8]],
        asked: Option<(ReplId, u64)>,
        effects: &mut Vec<Effect>,
    ) -> Option<(Rule, String, String)> {
        let named = words.get(1).map(|id| ReplId::parse(id));
        let Some((asked, offset)) = asked else {
            self.phase = Phase::Stream;
            return Some((Rule::ContinueUnknown, "a full resynchronisation".into(), came(m)));
        };
        let replid = match named {
            None => asked,
            Some(Some(id)) => id,
            Some(None) => return Some((Rule::ContinueUnknown, asked.to_string(), came(m))),
        };
        // Without a name it is the history that was asked for: the master must have it.
        let known = heard.histories.get(&self.master).and_then(|ids| ids.last().copied());
        let strange = known.filter(|known| named.is_none() && *known != asked);
        self.phase = Phase::Stream;
        (self.history, self.sent) = (Some(replid), Some(offset.saturating_sub(1)));
        remember(heard, self.master, replid);
        self.holds(heard, replid, offset);
        self.to(ReplState::Connected, "+CONTINUE", effects);
        let changed = replid != asked;
        let event = Event::Continued { replid, changed, offset };
        effects.push(Effect { node: self.replica, event });
        effects.push(self.seen(None, ReplicaState::Online, "+CONTINUE"));
        strange.map(|known| (Rule::ContinueUnknown, known.to_string(), came(m)))
    }

    fn header(&mut self, m: &Message, effects: &mut Vec<Effect>) -> Option<(Rule, String, String)> {
        // The old SYNC is answered with the RDB itself.
        let sync = self.pending.pop_front() == Some(Asked::Sync);
        if self.phase != Phase::Full && !sync && !self.blind {
            return Some((Rule::UnaskedReply, String::new(), came(m)));
        }
        let before = (self.phase == Phase::Full).then_some(ReplicaState::WaitBgsaveEnd);
        self.phase = Phase::Rdb;
        self.rdb = RdbEnd::default();
        self.announced = number(m.bytes.trim_ascii_end().get(1..).unwrap_or_default());
        self.to(ReplState::Transfer, "a full resynchronisation begins", effects);
        effects.push(self.seen(before, ReplicaState::SendBulk, "the save ended"));
        None
    }

    fn rdb(&mut self, m: &Message, effects: &mut Vec<Effect>) -> Option<(Rule, String, String)> {
        let before = self.rdb.found;
        if !self.blind {
            self.rdb.feed(&m.bytes);
        }
        if m.complete {
            self.phase = Phase::Stream;
            self.sent = self.full;
            self.to(ReplState::Connected, "snapshot sent", effects);
            let before = Some(ReplicaState::SendBulk);
            effects.push(self.seen(before, ReplicaState::Online, "snapshot sent"));
        }
        // Without a length the mark says where it ends.
        let announced = self.announced.filter(|_| !self.blind)?;
        if before.is_none()
            && let Some(end) = self.rdb.found.filter(|end| *end < announced)
        {
            return Some((Rule::RdbLength, announced.to_string(), end.to_string()));
        }
        if m.complete && self.rdb.found.is_none() && !self.rdb.may_end() {
            let last: Vec<u8> = self.rdb.tail.iter().copied().collect();
            let last = last.escape_ascii().to_string();
            return Some((Rule::RdbUnended, announced.to_string(), last));
        }
        None
    }

    /// How far the stream was sent.
    fn streamed(&mut self, heard: &mut Heard, m: &Message) {
        if let Some(range) = m.stream {
            self.sent = Some(range.to.saturating_sub(1));
            if let Some(id) = self.history {
                self.holds(heard, id, range.to);
            }
        }
    }

    /// What the replica holds now: a history, and the next byte.
    fn holds(&self, heard: &mut Heard, id: ReplId, next: u64) {
        // On a link with gaps it is not known, and soon not true any more.
        if self.blind {
            heard.held.remove(&self.replica);
        } else {
            heard.held.insert(self.replica, (id, next));
        }
    }

    fn stream(&self, m: &Message) -> Option<(Rule, String, String)> {
        // Inline commands are of Redis 2.6 and before.
        m.command().is_empty().then(|| (Rule::StreamForm, String::new(), came(m)))
    }
}

fn remember(heard: &mut Heard, master: NodeId, id: ReplId) {
    let ids = heard.histories.entry(master).or_default();
    if ids.last() != Some(&id) {
        ids.push(id);
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn expected(asked: &Asked) -> String {
    match asked {
        Asked::Ping => "+PONG",
        Asked::Psync(_) => "+FULLRESYNC, +CONTINUE, -ERR",
        Asked::Sync => "$…",
        _ => "+OK",
    }
    .to_owned()
}

/// What came, for the text of a departure.
fn came(m: &Message) -> String {
    m.label(CAME_MAX)
}
