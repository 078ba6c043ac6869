//! From streams to a conversation: which connections speak RESP, which of them are replication
//! links and whose, and the messages on all of them, in the order of the packets.

use std::collections::VecDeque;
use std::sync::Arc;

use lockstep_core::time::Instant;

use super::Summary;
use super::frame::End;
use super::tcp::{Conn, Happening, Tcp, What};
use crate::ids::{Peer, WireId};
use crate::message::{Message, MessageKind};
use crate::recording::{Heard, Link, Recording};
use crate::splitter::{Asked, Piece, Splitter};
use crate::step::{Cause, Recorded, Step};

/// So much of each direction is looked at to find out what a connection is.
const HEAD_BYTES_MAX: usize = 4_096;

/// So much of a message that comes in several packets waits for its end; a longer one is told in
/// parts.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// What a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// A replica's link to its master. The side of the replica.
    Link { replica: usize, under_way: bool },
    /// A client's. Its side.
    Client { client: usize, under_way: bool },
    /// Encrypted.
    Tls,
    /// Something else, or nothing was said.
    Other,
}

/// A connection that is told.
#[derive(Debug)]
struct Talk {
    wire: WireId,
    /// Who is at either end.
    peers: [Peer; 2],
    /// Which end sends commands.
    asks: usize,
    under_way: bool,
    /// By end.
    ways: [Splitter; 2],
    /// Bytes of each direction so far.
    bytes: [u64; 2],
    /// The beginning of the next message has to be looked for.
    lost: [bool; 2],
    /// How far each direction is told, and what waits until the other one is told as far as it was
    /// heard: packets of two directions may have been captured in another order.
    told: [u64; 2],
    waiting: VecDeque<Happening>,
    /// A message that has begun, as far as it is here, and what brought its last bytes.
    begun: [Option<(Piece, Happening)>; 2],
    link: Option<Link>,
    /// Where in the stream we are is reckoned from what is acknowledged.
    reckoned: bool,
    closed: bool,
}

/// So many happenings of a connection wait for what they answer to.
const WAITING_MAX: usize = 64;

impl Talk {
    /// What is told next: the first that waits, unless it answers to what is not told yet and what
    /// is said there waits as well.
    fn due(&mut self) -> Option<Happening> {
        let is_due = |h: &Happening| h.after <= self.told[1 - h.side];
        let first = self.waiting.front()?;
        let side = first.side;
        let at = if is_due(first) || self.waiting.len() > WAITING_MAX {
            0
        } else {
            self.waiting
                .iter()
                .position(|h| h.side != side)
                .filter(|at| is_due(&self.waiting[*at]))?
        };
        let next = self.waiting.remove(at)?;
        self.told[next.side] += match &next.what {
            What::Data(range) => range.len() as u64,
            What::Gap { bytes, .. } => *bytes,
            _ => 0,
        };
        Some(next)
    }
}

/// All connections of a capture.
#[derive(Debug)]
pub(super) struct Talks {
    happened: Vec<Happening>,
    /// How many of them are told.
    told: usize,
    recording: Recording,
    talks: Vec<Option<Talk>>,
    heard: Heard,
    summary: Summary,
    began: u64,
}

impl Talks {
    /// Begins to tell what happened on connections; the first packet was seen at this time.
    pub(super) fn new(file: &[u8], tcp: Tcp, summary: Summary, began: u64) -> Self {
        let Tcp { conns, mut happened, .. } = tcp;
        // What waited for a gap to be given up was put later than its packet; and a gap comes
        // before what the packet says that acknowledges it.
        happened.sort_by_key(|h| (h.packet, !matches!(h.what, What::Gap { cut_short: false, .. })));
        let mut all = Self {
            happened,
            told: 0,
            recording: Recording::new(began / 1_000),
            talks: Vec::new(),
            heard: Heard::default(),
            summary,
            began,
        };
        all.meet(file, &conns);
        all
    }

    /// Finds out what the connections are and whose.
    fn meet(&mut self, file: &[u8], conns: &[Conn]) {
        let heads = self.heads(file, conns.len());
        let sorts: Vec<Sort> =
            conns.iter().zip(&heads).map(|(conn, heads)| sort(conn, heads)).collect();
        // Masters first, then other servers, then replicas by the ports that they tell.
        let (mut masters, mut servers): (Vec<End>, Vec<End>) = (Vec::new(), Vec::new());
        let mut replicas: Vec<(usize, End)> = Vec::new();
        for (index, (conn, sort)) in conns.iter().zip(&sorts).enumerate() {
            match *sort {
                Sort::Link { replica, .. } => {
                    self.summary.links += 1;
                    if let Some(port) = listening_port(&heads[index][replica]) {
                        replicas.push((index, conn.ends[replica].at_port(port)));
                    }
                    masters.push(conn.ends[1 - replica]);
                }
                Sort::Client { client, .. } => {
                    self.summary.clients += 1;
                    servers.push(conn.ends[1 - client]);
                }
                Sort::Tls => self.summary.encrypted += 1,
                Sort::Other => {}
            }
        }
        let replicas_told = replicas.iter().map(|(_, end)| end);
        for end in masters.iter().chain(&servers).chain(replicas_told) {
            self.recording.add_node(&end.to_string());
        }
        for (index, (conn, sort)) in conns.iter().zip(&sorts).enumerate() {
            let talk = self.talk(index, conn, *sort, &replicas, conns, &sorts);
            self.talks.push(talk);
        }
    }

    fn talk(
        &mut self,
        index: usize,
        conn: &Conn,
        sort: Sort,
        replicas: &[(usize, End)],
        conns: &[Conn],
        sorts: &[Sort],
    ) -> Option<Talk> {
        let wire = WireId(index as u32);
        let (asks, under_way) = match sort {
            Sort::Link { replica, under_way } => (replica, under_way),
            Sort::Client { client, under_way } => (client, under_way),
            _ => return None,
        };
        let server = self.recording.add_node(&conn.ends[1 - asks].to_string())?;
        let mut peers = [Peer::Node(server); 2];
        let mut ways = [Splitter::replies(true).whole(), Splitter::replies(true).whole()];
        ways[asks] = Splitter::commands(true).whole();
        let mut link = None;
        if let Sort::Link { .. } = sort {
            let end = told_end(index, conn, asks, replicas, conns, sorts);
            let replica = self.recording.add_node(&end.to_string())?;
            peers[asks] = Peer::Node(replica);
            ways.iter_mut().for_each(Splitter::become_link);
            if under_way {
                ways[1 - asks].join_stream();
            }
            let mut new = Link::new(wire, (replica, server), under_way);
            if !conn.begun {
                new.lost(&mut self.heard);
            }
            link = Some(new);
        } else {
            let client = self.recording.add_client(&conn.ends[asks].to_string(), server);
            peers[asks] = Peer::Client(client);
        }
        Some(Talk {
            wire,
            peers,
            asks,
            under_way,
            ways,
            bytes: [0; 2],
            lost: [under_way; 2],
            told: [0; 2],
            waiting: VecDeque::new(),
            begun: [None, None],
            link,
            reckoned: under_way,
            closed: false,
        })
    }

    /// The first bytes of each direction of each connection.
    fn heads(&self, file: &[u8], conns: usize) -> Vec<[Vec<u8>; 2]> {
        let mut heads = vec![[Vec::new(), Vec::new()]; conns];
        for happening in &self.happened {
            if let What::Data(range) = &happening.what {
                let head = &mut heads[happening.conn][happening.side];
                let room = HEAD_BYTES_MAX.saturating_sub(head.len());
                let bytes = &file[range.clone()];
                head.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
        }
        heads
    }

    /// Tells what happened next; returns how many bytes were said, `None` if all is told.
    pub(super) fn tell(&mut self, file: &[u8]) -> Option<usize> {
        let Some(happening) = self.happened.get(self.told).cloned() else {
            self.end(file);
            return None;
        };
        self.told += 1;
        let bytes = match &happening.what {
            What::Data(range) => range.len(),
            _ => 0,
        };
        let conn = happening.conn;
        if let Some(mut talk) = self.talks[conn].take() {
            talk.waiting.push_back(happening);
            while let Some(next) = talk.due() {
                self.happening(file, &mut talk, &next);
            }
            self.talks[conn] = Some(talk);
        }
        Some(bytes)
    }

    /// Nothing more comes: tells what was begun.
    fn end(&mut self, file: &[u8]) {
        for mut talk in std::mem::take(&mut self.talks).into_iter().flatten() {
            while let Some(next) = talk.waiting.pop_front() {
                self.happening(file, &mut talk, &next);
            }
            (0..2).for_each(|side| self.break_off(&mut talk, side));
        }
    }

    /// How much is told, and how much there is to tell.
    pub(super) fn share(&self) -> (u64, u64) {
        (self.told as u64, self.happened.len() as u64)
    }

    /// The conversation as far as it is told.
    pub(super) fn finish(self) -> (Recording, Summary) {
        (self.recording, self.summary)
    }

    fn happening(&mut self, file: &[u8], talk: &mut Talk, happening: &Happening) {
        let at = Instant(happening.at.saturating_sub(self.began));
        if std::mem::take(&mut talk.under_way) {
            let (dialer, acceptor) = (talk.peers[talk.asks], talk.peers[1 - talk.asks]);
            self.recording.push_recorded(at, Recorded::UnderWay { dialer, acceptor });
        }
        let side = happening.side;
        match happening.what {
            What::Data(_) => {}
            What::Reset => (0..2).for_each(|side| self.break_off(talk, side)),
            _ => self.break_off(talk, side),
        }
        let control = |kind| Piece { kind, bytes: Vec::new(), stream: None, complete: true };
        match &happening.what {
            What::Syn => self.message(talk, happening, control(MessageKind::Connect)),
            What::SynAck => self.message(talk, happening, control(MessageKind::Accept)),
            What::Fin if talk.closed => {}
            What::Fin => {
                talk.closed = true;
                self.message(talk, happening, control(MessageKind::Fin));
            }
            What::Reset => {
                let fresh = talk.bytes == [0; 2] && !talk.reckoned && side != talk.asks;
                let kind = if fresh { MessageKind::Refuse } else { MessageKind::Reset };
                if !std::mem::replace(&mut talk.closed, true) {
                    self.message(talk, happening, control(kind));
                }
            }
            What::Gap { bytes, cut_short } => {
                self.summary.missing += bytes;
                talk.lost[side] = talk.ways[side].skip(*bytes);
                talk.bytes[side] += bytes;
                if let Some(link) = &mut talk.link {
                    link.lost(&mut self.heard);
                    talk.reckoned = true;
                }
                let (from, to) = (talk.peers[side], talk.peers[1 - side]);
                let (bytes, cut_short) = (*bytes, *cut_short);
                self.recording.push_recorded(at, Recorded::Gap { from, to, bytes, cut_short });
            }
            What::Data(range) => self.data(talk, happening, &file[range.clone()]),
        }
    }

    fn data(&mut self, talk: &mut Talk, happening: &Happening, mut bytes: &[u8]) {
        let side = happening.side;
        if talk.lost[side] {
            let start = talk.ways[side].find_start(bytes);
            let (before, after) = bytes.split_at(start.unwrap_or(bytes.len()));
            if !before.is_empty() {
                let piece = talk.ways[side].fragment(before);
                self.message(talk, happening, piece);
            }
            talk.lost[side] = start.is_none();
            bytes = after;
        }
        let pieces = talk.ways[side].split(bytes);
        // A connection turns out to be a link when a replica introduces itself on it.
        let asked = talk.ways[talk.asks].take_asked();
        if asked.is_some() && talk.link.is_some() {
            talk.ways.iter_mut().for_each(Splitter::become_link);
        }
        if let (Some(Asked::Resync(offset)), true) = (asked, talk.link.is_some()) {
            talk.ways[1 - talk.asks].expect_resync(offset);
        }
        for piece in pieces {
            self.piece(talk, happening, piece);
        }
    }

    /// A message is told when its last byte has come; but an RDB as it comes.
    fn piece(&mut self, talk: &mut Talk, happening: &Happening, piece: Piece) {
        let begun = &mut talk.begun[happening.side];
        let whole = match begun.take() {
            None => piece,
            Some((mut whole, _)) => {
                whole.append(piece);
                whole
            }
        };
        let waits = !whole.complete && whole.kind != MessageKind::Rdb;
        if waits && whole.bytes.len() < MESSAGE_BYTES_MAX {
            *begun = Some((whole, happening.clone()));
        } else {
            self.message(talk, happening, whole);
        }
    }

    /// What was begun in a direction does not go on.
    fn break_off(&mut self, talk: &mut Talk, side: usize) {
        if let Some((piece, happening)) = talk.begun[side].take() {
            self.message(talk, &happening, piece);
        }
    }

    /// A message, and what follows from it.
    fn message(&mut self, talk: &mut Talk, happening: &Happening, piece: Piece) {
        let side = happening.side;
        let byte = talk.bytes[side];
        talk.bytes[side] += piece.bytes.len() as u64;
        let at = Instant(happening.at.saturating_sub(self.began));
        let mut message = Message {
            id: self.recording.message_id(),
            wire: talk.wire,
            from: talk.peers[side],
            to: talk.peers[1 - side],
            sent_at: at,
            kind: piece.kind,
            bytes: piece.bytes,
            stream: piece.stream,
            complete: piece.complete,
        };
        if talk.reckoned && message.kind == MessageKind::Ack {
            reckon(&mut talk.ways[1 - side], &message);
        }
        let (mut effects, mut breach) = (Vec::new(), None);
        if let Some(link) = &mut talk.link {
            // The first PING came before the replica had said what it is.
            message.kind = match message.kind {
                MessageKind::Request => MessageKind::Handshake,
                MessageKind::Response => MessageKind::Reply,
                kind => kind,
            };
            (effects, breach) = link.message(&mut self.heard, &message, byte);
        }
        let message = Arc::new(message);
        let (cause, sent) = (Cause::Delivered(message.clone()), vec![message]);
        self.recording.push_step(Step { index: 0, at, cause, effects, sent, note: None });
        if let Some(mut breach) = breach {
            breach.packet = Some(happening.packet);
            self.recording.push_breach(breach);
        }
    }
}

/// The stream of a link that was there before the capture began: what the replica acknowledges is
/// at most what it was sent, and in a moment of rest exactly that.
fn reckon(stream: &mut Splitter, ack: &Message) {
    let args = ack.command();
    let offset = args.get(2).and_then(|n| std::str::from_utf8(n).ok()?.parse::<u64>().ok());
    let Some(offset) = offset.filter(|offset| *offset < u64::MAX) else { return };
    if stream.offset().is_none_or(|next| next <= offset) {
        stream.set_offset(offset + 1);
    }
}

/// Which node is at a replica's end of a link. The port that it told; else that of the one replica
/// of the same host that has told its port to the same master; else the address as it is.
fn told_end(
    index: usize,
    conn: &Conn,
    side: usize,
    replicas: &[(usize, End)],
    conns: &[Conn],
    sorts: &[Sort],
) -> End {
    if let Ok(place) = replicas.binary_search_by_key(&index, |(index, _)| *index) {
        return replicas[place].1;
    }
    let (own, master) = (conn.ends[side], conn.ends[1 - side]);
    let mut same = replicas.iter().filter(|(other, end)| {
        let to = match sorts[*other] {
            Sort::Link { replica, .. } => conns[*other].ends[1 - replica],
            _ => return false,
        };
        end.ip == own.ip && to == master
    });
    match same.next().map(|(_, end)| *end) {
        Some(first) if same.all(|(_, end)| *end == first) => first,
        _ => own,
    }
}

/// What a connection is, by what is said on it.
fn sort(conn: &Conn, heads: &[Vec<u8>; 2]) -> Sort {
    let tls = |head: &Vec<u8>| head.starts_with(&[0x16, 3]);
    if heads.iter().any(tls) {
        return Sort::Tls;
    }
    let under_way = !conn.begun;
    // A replica gives itself away, wherever the capture begins.
    if let Some(replica) = (0..2).find(|&side| is_replica(&heads[side], under_way)) {
        let greets = [&b"listening-port"[..], b"\r\nPSYNC\r\n"];
        let greets = greets.iter().any(|words| has(&heads[replica], words));
        return Sort::Link { replica, under_way: under_way && !greets };
    }
    let client = |asks: usize| {
        let (commands, replies) = (&heads[asks], &heads[1 - asks]);
        let asked = is_command(commands) && (replies.is_empty() || is_reply(replies));
        let heard = under_way && commands.is_empty() && is_reply(replies);
        asked || heard
    };
    match (0..2).find(|&side| client(side)) {
        Some(client) if !under_way && client == 1 => Sort::Other,
        Some(client) => Sort::Client { client, under_way },
        None => Sort::Other,
    }
}

fn has(head: &[u8], words: &[u8]) -> bool {
    head.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}

/// Whether these are the commands of somebody who introduces himself as a replica.
fn asks_for_link(head: &[u8]) -> bool {
    let mut commands = Splitter::commands(true).whole();
    let known = commands.split(head).iter().all(|piece| piece.kind == MessageKind::Request);
    known && is_command(head) && commands.take_asked().is_some()
}

fn is_replica(head: &[u8], under_way: bool) -> bool {
    // Its introduction may have been cut short in the capture.
    asks_for_link(head)
        || head.starts_with(b"*") && has(head, b"\r\n$8\r\nREPLCONF\r\n")
        || under_way
            && (has(head, b"$8\r\nREPLCONF\r\n$3\r\nACK\r\n") || has(head, b"$5\r\nPSYNC\r\n$"))
}

/// Whether this begins like a command, in RESP or typed by hand.
fn is_command(head: &[u8]) -> bool {
    match head.first() {
        Some(b'*') => head.get(1).is_some_and(u8::is_ascii_digit),
        Some(byte) if byte.is_ascii_alphabetic() => {
            let line = head.iter().position(|&b| b == b'\n').map(|end| &head[..end]);
            let word =
                |line: &[u8]| line.split(|&b| b == b' ' || b == b'\r').next().map(<[u8]>::len);
            // A word that is no method of HTTP, and no version after it.
            line.is_some_and(|line| word(line) <= Some(20) && !has(line, b"HTTP/"))
        }
        _ => false,
    }
}

/// Whether this begins like an answer.
fn is_reply(head: &[u8]) -> bool {
    let Some(end) = head.iter().position(|&b| b == b'\n') else { return false };
    let (first, line) = (head[0], head[..end].trim_ascii_end());
    let number = || std::str::from_utf8(&line[1..]).is_ok_and(|n| n.parse::<i64>().is_ok());
    match first {
        b'+' | b'-' => true,
        b':' | b'*' | b'%' | b'~' | b'>' => number(),
        b'$' => number() || line.starts_with(b"$EOF:"),
        b'_' | b'#' | b',' | b'(' => line.len() > 1 || first == b'_',
        b'\n' => true,
        _ => false,
    }
}

/// The port that a replica tells.
fn listening_port(head: &[u8]) -> Option<u16> {
    let mut commands = Splitter::commands(true).whole();
    commands.split(head).iter().find_map(|piece| {
        let args = crate::message::command_args(&piece.bytes)?;
        let is =
            |at: usize, word: &[u8]| args.get(at).is_some_and(|a| a.eq_ignore_ascii_case(word));
        if !is(0, b"replconf") || !is(1, b"listening-port") {
            return None;
        }
        std::str::from_utf8(args.get(2)?).ok()?.parse().ok()
    })
}
