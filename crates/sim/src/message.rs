//! Messages: what travels on a connection, cut where the protocol cuts it.
//!
//! A node hands the network a run of bytes. The network carries bytes and keeps their order; for
//! people they are split into protocol messages, one delivery each. Joined again in order, the
//! messages of a direction are exactly the bytes that were sent.

use std::sync::Arc;

use lockstep_core::time::Instant;

use crate::ids::{MessageId, Peer, WireId};

/// What a message is, for shape and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A connection attempt. No bytes.
    Connect,
    /// The attempt is accepted. No bytes.
    Accept,
    /// The attempt is refused: nobody listens there. No bytes.
    Refuse,
    /// One end closed the connection in good order. No bytes.
    Fin,
    /// One end is gone, and with it the connection. No bytes.
    Reset,
    /// A replica's command before the stream flows: `PING`, `AUTH`, `REPLCONF`, `PSYNC`, `SYNC`.
    Handshake,
    /// The master's answer to one of those.
    Reply,
    /// An answer that starts with `-`, to a replica or to a client.
    Error,
    /// Header of the RDB transfer: `$<len>` or `$EOF:<mark>`.
    RdbHeader,
    /// A part of the RDB transfer, the closing mark of the diskless form included.
    Rdb,
    /// A command of the replication stream.
    Stream,
    /// The master's `PING`, which is part of the stream too.
    Ping,
    /// `REPLCONF ACK`, from replica to master.
    Ack,
    /// A lone newline that says no more than "still here". Not part of the stream.
    Keepalive,
    /// A client's command.
    Request,
    /// A node's answer to a client.
    Response,
}

impl MessageKind {
    /// Whether it carries no bytes: it is about the connection itself.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Connect | Self::Accept | Self::Refuse | Self::Fin | Self::Reset)
    }

    /// Whether a connection, or the attempt at one, ends with it.
    pub fn is_farewell(self) -> bool {
        matches!(self, Self::Refuse | Self::Fin | Self::Reset)
    }
}

/// Bytes of the replication stream that a message carries: `from` is the offset of its first byte,
/// `to` that of its last byte plus one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamRange {
    /// Offset of the first byte.
    pub from: u64,
    /// Offset of the byte after the last one.
    pub to: u64,
}

/// A message as it was sent. What changes while it travels (when it arrives, whether it is held)
/// is in [`crate::view::FlightView`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// The connection.
    pub wire: WireId,
    /// Who sent it.
    pub from: Peer,
    /// To whom.
    pub to: Peer,
    /// When it was handed to the network.
    pub sent_at: Instant,
    /// What it is.
    pub kind: MessageKind,
    /// Its bytes, exactly as on the wire.
    pub bytes: Vec<u8>,
    /// Which part of the replication stream it is, if it is one.
    pub stream: Option<StreamRange>,
    /// False if the protocol message is not complete with these bytes: the rest follows.
    pub complete: bool,
}

/// Messages are shared between the network, the records of the steps and the page.
pub type MessageRef = Arc<Message>;

impl Message {
    /// The arguments of the command in this message; empty if it is not a whole RESP command.
    pub fn command(&self) -> Vec<Vec<u8>> {
        crate::splitter::command_args(&self.bytes).unwrap_or_default()
    }

    /// A short text for labels: the command's words, the reply line, or a description of the data.
    /// Binary bytes are escaped; at most `max` characters.
    pub fn label(&self, max: usize) -> String {
        let text = match self.kind {
            MessageKind::Connect => "connect".to_owned(),
            MessageKind::Accept => "accept".to_owned(),
            MessageKind::Refuse => "refused".to_owned(),
            MessageKind::Fin => "close".to_owned(),
            MessageKind::Reset => "reset".to_owned(),
            MessageKind::Keepalive => "\\n".to_owned(),
            MessageKind::Rdb => format!("RDB {} bytes", self.bytes.len()),
            MessageKind::Response if self.complete => {
                crate::console::render_reply(&self.bytes, false).replace('\n', " ")
            }
            _ => {
                let args = self.command();
                if args.is_empty() && self.bytes.starts_with(b"*") {
                    // Not all of it is here: the words that are.
                    let lines = self.bytes.split(|&b| b == b'\r').skip(2).step_by(2);
                    let words =
                        lines.map(|word| readable(word.strip_prefix(b"\n").unwrap_or(word)));
                    words.collect::<Vec<_>>().join(" ") + "…"
                } else if args.is_empty() {
                    let line = self.bytes.split(|&b| b == b'\r' || b == b'\n').next();
                    readable(line.unwrap_or_default())
                } else {
                    let words: Vec<String> = args.iter().map(|a| readable(a)).collect();
                    words.join(" ")
                }
            }
        };
        shorten(text, max)
    }
}

/// The arguments of a whole command, RESP or inline; `None` if it is not one.
pub fn command_args(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    crate::splitter::command_args(bytes)
}

/// Bytes for people: what is not printable ASCII is escaped, quotes are not.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\'' | b'"' => text.push(char::from(byte)),
            _ => text.extend(std::ascii::escape_default(byte).map(char::from)),
        }
    }
    text
}

fn shorten(text: String, max: usize) -> String {
    if text.chars().count() <= max {
        return text;
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short
}
