//! Cuts the bytes of one direction of a connection into protocol messages.
//!
//! It looks, it never changes anything: the pieces joined are the bytes. A message that is not
//! complete yet is handed out as far as it goes, and the rest later, so that the network never
//! holds back a byte because this parser wants more of them.

mod extent;

use crate::message::{MessageKind, StreamRange};
use extent::{Extent, Grammar, Scan};

/// Longest piece between nodes, the payload of a TCP segment on an Ethernet: a longer message
/// travels in several.
pub(crate) const SEGMENT_BYTES_MAX: usize = 1_460;

/// Longest piece between a node and a client, who are on one host.
const LOOPBACK_BYTES_MAX: usize = 16 * 1024;

/// So much of the start of a message is remembered until it is complete: what it is shows there.
const HEAD_BYTES_MAX: usize = 1_024;

/// A piece of a direction's bytes: a protocol message, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: MessageKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) stream: Option<StreamRange>,
    pub(crate) complete: bool,
}

impl Piece {
    /// Adds the next piece of the same message.
    pub(crate) fn append(&mut self, next: Self) {
        self.kind = next.kind;
        self.bytes.extend_from_slice(&next.bytes);
        self.complete = next.complete;
        self.stream = match (self.stream, next.stream) {
            (Some(own), Some(next)) => Some(StreamRange { from: own.from, to: next.to }),
            (_, next) => next,
        };
    }

    /// Takes the first `len` bytes off, if there are more.
    pub(crate) fn cut_off(&mut self, len: usize) -> Option<Self> {
        if self.bytes.len() <= len {
            return None;
        }
        let rest = self.bytes.split_off(len);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        let at = |s: StreamRange| s.from + len as u64;
        let stream = self.stream.map(|s| StreamRange { from: s.from, to: at(s) });
        self.stream = self.stream.map(|s| StreamRange { from: at(s), to: s.to });
        Some(Self { kind: self.kind, bytes, stream, complete: false })
    }
}

/// What comes next in a direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Mode {
    /// Commands of a client (`true`), or of a replica.
    Commands { client: bool },
    /// Answers to a client.
    Answers,
    /// Answers to a replica, up to the RDB or the stream.
    Replies,
    /// The RDB, so many bytes left.
    RdbSized { left: u64 },
    /// The RDB, up to this mark. `tail` holds the last bytes seen, at most 39.
    RdbMarked { mark: Vec<u8>, tail: Vec<u8> },
    /// The replication stream.
    Stream,
}

/// What a command asks for that matters to who watches the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// `REPLCONF`: a replica tells something about itself.
    Introduction,
    /// `SYNC`, or `PSYNC` with this offset.
    Resync(Option<u64>),
}

/// State of one direction.
#[derive(Debug, Clone, Hash)]
pub(crate) struct Splitter {
    mode: Mode,
    /// The start of a message whose rest is yet to come: already handed out.
    head: Vec<u8>,
    scan: Scan,
    asked: Option<Asked>,
    /// Offset of the next byte of the stream, once known.
    next_offset: Option<u64>,
    /// Longest piece.
    piece_max: usize,
}

impl Splitter {
    /// For what the dialer of a connection sends.
    pub(crate) fn commands(client: bool) -> Self {
        Self::new(Mode::Commands { client }, client)
    }

    /// For what the acceptor of a connection sends.
    pub(crate) fn replies(client: bool) -> Self {
        let mode = if client { Mode::Answers } else { Mode::Replies };
        Self::new(mode, client)
    }

    fn new(mode: Mode, client: bool) -> Self {
        let piece_max = if client { LOOPBACK_BYTES_MAX } else { SEGMENT_BYTES_MAX };
        Self {
            mode,
            head: Vec::new(),
            scan: Scan::default(),
            asked: None,
            next_offset: None,
            piece_max,
        }
    }

    /// The dialer has sent `PSYNC` (with this offset) or `SYNC`: what comes back is not a plain
    /// answer any more.
    pub(crate) fn expect_resync(&mut self, offset: Option<u64>) {
        self.mode = Mode::Replies;
        self.next_offset = offset;
    }

    /// Splits the next bytes of this direction.
    pub(crate) fn split(&mut self, mut bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let used = self.next_piece(bytes, &mut pieces);
            debug_assert!(used > 0 && used <= bytes.len(), "a piece has at least one byte");
            bytes = &bytes[used..];
        }
        pieces
    }

    fn next_piece(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) -> usize {
        match &mut self.mode {
            Mode::RdbSized { left } => {
                let take = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= take as u64;
                let complete = *left == 0;
                if complete {
                    self.mode = Mode::Stream;
                }
                cut(MessageKind::Rdb, &bytes[..take], None, complete, self.piece_max, pieces);
                take
            }
            Mode::RdbMarked { mark, tail } => {
                let (take, complete) = find_mark(mark, tail, bytes);
                if complete {
                    self.mode = Mode::Stream;
                }
                cut(MessageKind::Rdb, &bytes[..take], None, complete, self.piece_max, pieces);
                take
            }
            _ => self.next_message(bytes, pieces),
        }
    }

    fn next_message(&mut self, bytes: &[u8], pieces: &mut Vec<Piece>) -> usize {
        let grammar = match self.mode {
            Mode::Answers => Grammar::Replies,
            Mode::Replies => Grammar::Lines,
            _ => Grammar::Commands,
        };
        let (used, complete) = match self.scan.advance(grammar, bytes) {
            Extent::Complete(end) => (end, true),
            Extent::Partial => (bytes.len(), false),
            Extent::Malformed => (bytes.len(), true),
        };
        let mut head = std::mem::take(&mut self.head);
        let message = if head.is_empty() && complete {
            &bytes[..used]
        } else {
            let room = HEAD_BYTES_MAX.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..used.min(room)]);
            &head
        };
        let kind = self.classify(message);
        let stream = self.advance(used as u64);
        cut(kind, &bytes[..used], stream, complete, self.piece_max, pieces);
        if complete {
            self.after(kind, message);
        } else {
            self.head = head;
        }
        used
    }

    fn classify(&self, message: &[u8]) -> MessageKind {
        if message == b"\n" || message == b"\r\n" {
            return MessageKind::Keepalive;
        }
        match self.mode {
            Mode::Commands { client: true } => MessageKind::Request,
            Mode::Commands { client: false } => {
                let args = command_args(message).unwrap_or_default();
                if is(&args, 0, b"replconf") && is(&args, 1, b"ack") {
                    MessageKind::Ack
                } else {
                    MessageKind::Handshake
                }
            }
            Mode::Answers | Mode::Replies if message.starts_with(b"-") => MessageKind::Error,
            Mode::Answers => MessageKind::Response,
            Mode::Replies if message.starts_with(b"$") => MessageKind::RdbHeader,
            Mode::Replies => MessageKind::Reply,
            _ => {
                let args = command_args(message).unwrap_or_default();
                let ping = args.len() == 1 && is(&args, 0, b"ping");
                if ping { MessageKind::Ping } else { MessageKind::Stream }
            }
        }
    }

    /// The stream offsets of the next `len` bytes, if they are part of the stream.
    fn advance(&mut self, len: u64) -> Option<StreamRange> {
        if self.mode != Mode::Stream {
            return None;
        }
        let from = self.next_offset?;
        let to = from.saturating_add(len);
        self.next_offset = Some(to);
        Some(StreamRange { from, to })
    }

    /// Notes what a command asks for that changes what is to come the other way.
    fn watch_for_resync(&mut self, message: &[u8]) {
        // Looked for in the first bytes, before the command is taken apart.
        let start = &message[..message.len().min(24)];
        let says = |word: &[u8]| start.windows(4).any(|w| w.eq_ignore_ascii_case(word));
        if !says(b"sync") && !says(b"repl") {
            return;
        }
        let args = command_args(message).unwrap_or_default();
        if is(&args, 0, b"psync") {
            let offset = args.get(2).and_then(|o| std::str::from_utf8(o).ok()?.parse().ok());
            self.asked = Some(Asked::Resync(offset));
        } else if is(&args, 0, b"sync") {
            self.asked = Some(Asked::Resync(None));
        } else if is(&args, 0, b"replconf") {
            self.asked = self.asked.or(Some(Asked::Introduction));
        }
    }

    /// What was asked for since the last call.
    pub(crate) fn take_asked(&mut self) -> Option<Asked> {
        self.asked.take()
    }

    /// The connection turns out to be one between nodes.
    pub(crate) fn become_link(&mut self) {
        match self.mode {
            Mode::Commands { .. } => self.mode = Mode::Commands { client: false },
            Mode::Answers => self.mode = Mode::Replies,
            _ => {}
        }
    }

    /// Hands out what it is given in one piece for each message.
    pub(crate) fn whole(mut self) -> Self {
        self.piece_max = usize::MAX;
        self
    }

    /// What comes is the stream, from its middle on and at an unknown offset.
    pub(crate) fn join_stream(&mut self) {
        self.mode = Mode::Stream;
    }

    /// Offset of the next byte of the stream, if this is the stream and it is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.next_offset.filter(|_| self.mode == Mode::Stream)
    }

    /// Offset of the next byte of the stream has turned out.
    pub(crate) fn set_offset(&mut self, next: u64) {
        self.next_offset = Some(next);
    }

    /// The next bytes, so many, are missing. Returns whether what follows may begin in the middle
    /// of a message, so that the beginning of the next one has to be looked for.
    pub(crate) fn skip(&mut self, bytes: u64) -> bool {
        self.head.clear();
        self.scan = Scan::default();
        match &mut self.mode {
            Mode::RdbSized { left } if bytes < *left => *left -= bytes,
            Mode::RdbMarked { tail, .. } => tail.clear(),
            Mode::RdbSized { left } => {
                let beyond = bytes - *left;
                self.mode = Mode::Stream;
                self.next_offset = self.next_offset.map(|next| next.saturating_add(beyond));
                return beyond > 0;
            }
            Mode::Stream => {
                self.next_offset = self.next_offset.map(|next| next.saturating_add(bytes));
                return true;
            }
            _ => return true,
        }
        false
    }

    /// Where in some bytes, after a gap, the next message begins. Commands among the answers to a
    /// replica are the stream: what leads to it is missing, and with it the offset.
    pub(crate) fn find_start(&mut self, bytes: &[u8]) -> Option<usize> {
        let begins = |at: usize| {
            let digit = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            let after_line = at == 0 || bytes[..at].ends_with(b"\r\n");
            after_line
                && match (&self.mode, bytes[at]) {
                    (_, b'*') => digit,
                    (Mode::Replies, b'$') => announces_rdb(&bytes[at..]),
                    (Mode::Answers | Mode::Replies, byte) => b"+-:$".contains(&byte),
                    _ => false,
                }
        };
        let start = (0..bytes.len()).find(|at| begins(*at));
        if self.mode == Mode::Replies && start.is_some_and(|at| bytes[at] == b'*') {
            self.mode = Mode::Stream;
            self.next_offset = None;
        }
        start
    }

    /// Bytes that belong to a message whose beginning is missing.
    pub(crate) fn fragment(&mut self, bytes: &[u8]) -> Piece {
        let kind = match self.mode {
            Mode::Commands { client: true } => MessageKind::Request,
            Mode::Commands { client: false } => MessageKind::Handshake,
            Mode::Answers => MessageKind::Response,
            Mode::Replies => MessageKind::Reply,
            Mode::RdbSized { .. } | Mode::RdbMarked { .. } => MessageKind::Rdb,
            Mode::Stream => MessageKind::Stream,
        };
        let stream = self.advance(bytes.len() as u64);
        Piece { kind, bytes: bytes.to_vec(), stream, complete: false }
    }

    /// Changes the mode after a complete message.
    fn after(&mut self, kind: MessageKind, message: &[u8]) {
        if let Mode::Commands { .. } = self.mode {
            return self.watch_for_resync(message);
        }
        if self.mode != Mode::Replies {
            return;
        }
        let line = message.trim_ascii_end();
        if kind == MessageKind::RdbHeader {
            if let Some(mark) = line.strip_prefix(b"$EOF:") {
                self.mode = Mode::RdbMarked { mark: mark.to_vec(), tail: Vec::new() };
            } else if let Some(left) = number(&line[1..]) {
                self.mode = if left == 0 { Mode::Stream } else { Mode::RdbSized { left } };
            }
        } else if let Some(rest) = line.strip_prefix(b"+FULLRESYNC ") {
            let offset = rest.rsplit(|&b| b == b' ').next().and_then(number);
            self.next_offset = offset.and_then(|o| o.checked_add(1));
        } else if line.starts_with(b"+CONTINUE") {
            self.mode = Mode::Stream;
        }
    }
}

/// Whether this is the header of an RDB, and no argument of a command.
fn announces_rdb(bytes: &[u8]) -> bool {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n");
    let after = end.map_or(&[][..], |end| &bytes[end + 2..]);
    bytes.starts_with(b"$EOF:") || after.iter().zip(b"REDIS0").all(|(is, must)| is == must)
}

/// Appends `bytes` as one piece, or as several if it is long.
fn cut(
    kind: MessageKind,
    bytes: &[u8],
    stream: Option<StreamRange>,
    complete: bool,
    piece_max: usize,
    pieces: &mut Vec<Piece>,
) {
    let count = bytes.len().div_ceil(piece_max);
    let mut at = stream.map(|s| s.from);
    for (i, part) in bytes.chunks(piece_max).enumerate() {
        let stream = at.map(|from| StreamRange { from, to: from + part.len() as u64 });
        at = stream.map(|s| s.to);
        let complete = complete && i + 1 == count;
        pieces.push(Piece { kind, bytes: part.to_vec(), stream, complete });
    }
}

/// How many bytes belong to the RDB, and whether its closing mark was found.
fn find_mark(mark: &[u8], tail: &mut Vec<u8>, bytes: &[u8]) -> (usize, bool) {
    let before = tail.len();
    tail.extend_from_slice(bytes);
    let found = tail.windows(mark.len().max(1)).position(|w| w == mark);
    if let Some(at) = found {
        return (at + mark.len() - before, true);
    }
    let keep = tail.len().min(mark.len().saturating_sub(1));
    tail.drain(..tail.len() - keep);
    (bytes.len(), false)
}

/// The arguments of a complete multibulk or inline command.
pub(crate) fn command_args(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let rest = match bytes.split_first() {
        Some((b'*', rest)) => rest,
        _ if bytes.ends_with(b"\n") && bytes.first().is_some_and(u8::is_ascii_alphabetic) => {
            return Some(
                bytes
                    .split(u8::is_ascii_whitespace)
                    .filter(|word| !word.is_empty())
                    .map(<[u8]>::to_vec)
                    .collect(),
            );
        }
        _ => return None,
    };
    let (count, mut rest) = header(rest)?;
    let mut args = Vec::new();
    for _ in 0..count {
        let (len, data) = header(rest.strip_prefix(b"$")?)?;
        let len = usize::try_from(len).ok()?;
        args.push(data.get(..len)?.to_vec());
        rest = data.get(len..)?.strip_prefix(b"\r\n")?;
    }
    Some(args)
}

fn header(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|&b| b == b'\n')? + 1;
    Some((number(bytes[..end].trim_ascii_end())?, &bytes[end..]))
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn is(args: &[Vec<u8>], index: usize, word: &[u8]) -> bool {
    args.get(index).is_some_and(|a| a.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(splitter: &mut Splitter, bytes: &[u8]) -> Vec<(MessageKind, String)> {
        let pieces = splitter.split(bytes);
        pieces.iter().map(|p| (p.kind, p.bytes.escape_ascii().to_string())).collect()
    }

    #[test]
    fn a_full_resync_is_a_reply_a_header_the_rdb_and_then_the_stream() {
        let mut s = Splitter::replies(false);
        let id = "a".repeat(40);
        let text = format!("+FULLRESYNC {id} 14\r\n\n$5\r\nREDIS*1\r\n$4\r\nping\r\n");
        let pieces = s.split(text.as_bytes());
        let kinds: Vec<MessageKind> = pieces.iter().map(|p| p.kind).collect();
        use MessageKind::*;
        assert_eq!(kinds, [Reply, Keepalive, RdbHeader, Rdb, Ping]);
        assert_eq!(pieces[4].stream, Some(StreamRange { from: 15, to: 29 }));
        let joined: Vec<u8> = pieces.into_iter().flat_map(|p| p.bytes).collect();
        assert_eq!(joined, text.as_bytes());
    }

    #[test]
    fn the_mark_of_a_diskless_transfer_is_found_wherever_the_segments_are_cut() {
        let mark = "0123456789abcdef0123456789abcdef01234567";
        let text = format!("$EOF:{mark}\r\nREDIS0123{mark}*1\r\n$4\r\nping\r\n");
        for at in 1..text.len() {
            let mut s = Splitter::replies(false);
            s.expect_resync(None);
            let mut pieces = s.split(&text.as_bytes()[..at]);
            pieces.extend(s.split(&text.as_bytes()[at..]));
            let rdb: usize =
                pieces.iter().filter(|p| p.kind == MessageKind::Rdb).map(|p| p.bytes.len()).sum();
            assert_eq!(rdb, "REDIS0123".len() + 40, "cut at {at}");
            assert_eq!(pieces.last().unwrap().kind, MessageKind::Ping, "cut at {at}");
            let joined: Vec<u8> = pieces.into_iter().flat_map(|p| p.bytes).collect();
            assert_eq!(joined, text.as_bytes());
        }
    }

    #[test]
    fn a_continue_starts_the_stream_at_the_offset_asked_for() {
        let mut s = Splitter::replies(false);
        s.expect_resync(Some(1276));
        let pieces = s.split(b"+CONTINUE\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
        assert_eq!(pieces[0].kind, MessageKind::Reply);
        assert_eq!(pieces[1].kind, MessageKind::Stream);
        assert_eq!(pieces[1].stream, Some(StreamRange { from: 1276, to: 1299 }));
    }

    #[test]
    fn acknowledgements_differ_from_the_handshake() {
        let mut s = Splitter::commands(false);
        let mut bytes = Vec::new();
        let encode = lockstep_core::resp::request::encode;
        encode(&mut bytes, &[b"REPLCONF", b"capa", b"eof"]);
        encode(&mut bytes, &[b"REPLCONF", b"ACK", b"14"]);
        let kinds: Vec<_> = kinds(&mut s, &bytes).into_iter().map(|k| k.0).collect();
        assert_eq!(kinds, [MessageKind::Handshake, MessageKind::Ack]);
    }

    #[test]
    fn a_message_cut_in_two_keeps_its_kind_and_completes() {
        let mut s = Splitter::commands(true);
        let first = s.split(b"*2\r\n$3\r\nGET\r\n$1");
        assert!(!first[0].complete);
        let second = s.split(b"\r\nx\r\n*1\r\n");
        assert!(second[0].complete && second[0].bytes == b"\r\nx\r\n");
        assert!(!second[1].complete);
    }

    #[test]
    fn replies_end_where_resp_ends_them() {
        for (text, len) in [
            ("+OK\r\n:1\r\n", 5),
            ("*2\r\n$1\r\na\r\n*1\r\n:1\r\n+x\r\n", 19),
            ("%1\r\n+a\r\n:1\r\n#t\r\n", 12),
            ("$-1\r\n*-1\r\n", 5),
            ("*0\r\n+\r\n", 4),
        ] {
            let pieces = Splitter::replies(true).split(text.as_bytes());
            assert_eq!(pieces[0].bytes.len(), len, "{text:?}");
            assert!(pieces[0].complete && pieces.len() == 2, "{text:?}");
        }
    }

    #[test]
    fn long_messages_travel_in_pieces() {
        let mut s = Splitter::replies(false);
        s.split(format!("${}\r\n", 3 * SEGMENT_BYTES_MAX).as_bytes());
        let pieces = s.split(&vec![b'x'; 3 * SEGMENT_BYTES_MAX + 1]);
        assert_eq!(pieces.len(), 4);
        assert!(!pieces[0].complete && pieces[2].complete);
        assert_eq!(pieces[3].kind, MessageKind::Stream);
    }
}
