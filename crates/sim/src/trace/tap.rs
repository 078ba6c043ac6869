//! A tap on a real connection: makes the lines of a trace from the bytes that one end sees.

use lockstep_core::time::Instant;

use super::{PacketRef, Way, write_packet};
use crate::message::MessageKind;
use crate::splitter::{Asked, Splitter};

/// Index of what the dialer sends, and of what the acceptor sends.
const FROM_DIALER: usize = 0;
const FROM_ACCEPTOR: usize = 1;

/// A connection as one of its ends sees it.
///
/// A connection that was accepted is taken for a client's until it says `REPLCONF` or asks for a
/// resynchronisation: its first `PING` is a `request` in the trace, and not a `handshake`.
#[derive(Debug)]
pub struct Tap {
    wire: String,
    peer: String,
    local: String,
    dialed: bool,
    flows: [Splitter; 2],
}

impl Tap {
    /// A connection that this end has asked for, as `wire`, to the address `peer`.
    pub fn dialed(wire: String, peer: String) -> Self {
        let flows = [Splitter::commands(false).whole(), Splitter::replies(false).whole()];
        Self { wire, peer, local: String::new(), dialed: true, flows }
    }

    /// A connection from the address `peer` to this one's `local`.
    pub fn accepted(wire: String, peer: String, local: String) -> Self {
        let flows = [Splitter::commands(true).whole(), Splitter::replies(true).whole()];
        Self { wire, peer, local, dialed: false, flows }
    }

    /// The connection's name.
    pub fn wire(&self) -> &str {
        &self.wire
    }

    /// Tells the address that this end has turned out to have.
    pub fn set_local(&mut self, local: String) {
        self.local = local;
    }

    /// Appends the line of something about the connection itself.
    pub fn control(&self, out: &mut String, at: Instant, place: &str, way: Way, kind: MessageKind) {
        let opens = matches!(kind, MessageKind::Accept);
        let packet = PacketRef {
            way,
            wire: &self.wire,
            peer: &self.peer,
            local: Some(self.local.as_str()).filter(|local| opens && !local.is_empty()),
            kind,
            stream: None,
            complete: true,
            unclaimed: false,
            len: 0,
            bytes: &[],
        };
        write_packet(out, at, place, &packet);
    }

    /// Appends the lines of the next bytes of one direction, at most `bytes_max` of each message.
    pub fn bytes(
        &mut self,
        out: &mut String,
        at: Instant,
        place: &str,
        (way, bytes): (Way, &[u8]),
        bytes_max: usize,
    ) {
        let from_dialer = (way == Way::Sent) == self.dialed;
        let pieces = self.flows[if from_dialer { FROM_DIALER } else { FROM_ACCEPTOR }].split(bytes);
        let asked = self.flows[FROM_DIALER].take_asked();
        if asked.is_some() {
            self.flows.iter_mut().for_each(Splitter::become_link);
        }
        if let Some(Asked::Resync(offset)) = asked {
            self.flows[FROM_ACCEPTOR].expect_resync(offset);
        }
        for piece in pieces {
            let kind = match piece.kind {
                MessageKind::Request if asked.is_some() => MessageKind::Handshake,
                kind => kind,
            };
            let packet = PacketRef {
                way,
                wire: &self.wire,
                peer: &self.peer,
                local: None,
                kind,
                stream: piece.stream,
                complete: piece.complete,
                unclaimed: false,
                len: piece.bytes.len() as u64,
                bytes: &piece.bytes[..piece.bytes.len().min(bytes_max)],
            };
            write_packet(out, at, place, &packet);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_connection_becomes_a_link_when_a_replica_introduces_itself() {
        let mut out = String::new();
        let (peer, local) = ("127.0.0.1:50000".to_owned(), "127.0.0.1:6380".to_owned());
        let mut tap = Tap::accepted("w7".into(), peer, local);
        tap.control(&mut out, Instant(1), "n0", Way::Received, MessageKind::Connect);
        tap.control(&mut out, Instant(1), "n0", Way::Sent, MessageKind::Accept);
        let mut say = |at: u64, way: Way, bytes: &[u8]| {
            tap.bytes(&mut out, Instant(at), "n0", (way, bytes), 40);
        };
        say(2, Way::Received, b"*1\r\n$4\r\nPING\r\n");
        say(2, Way::Sent, b"+PONG\r\n");
        say(3, Way::Received, b"*3\r\n$8\r\nREPLCONF\r\n$4\r\nca");
        say(3, Way::Received, b"pa\r\n$3\r\neof\r\n");
        say(3, Way::Sent, b"+OK\r\n");
        say(4, Way::Received, b"PSYNC 1111111111111111111111111111111111111111 15\r\n");
        say(4, Way::Sent, b"+CONTINUE\r\n*1\r\n$4\r\nPING\r\n");
        say(5, Way::Received, b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n28\r\n");
        expect![[r#"
            0.000001 n0 recv wire=w7 from=127.0.0.1:50000 kind=connect
            0.000001 n0 send wire=w7 to=127.0.0.1:50000 local=127.0.0.1:6380 kind=accept
            0.000002 n0 recv wire=w7 from=127.0.0.1:50000 kind=request bytes="*1\r\n$4\r\nPING\r\n"
            0.000002 n0 send wire=w7 to=127.0.0.1:50000 kind=response bytes="+PONG\r\n"
            0.000003 n0 recv wire=w7 from=127.0.0.1:50000 kind=request part=yes bytes="*3\r\n$8\r\nREPLCONF\r\n$4\r\nca"
            0.000003 n0 recv wire=w7 from=127.0.0.1:50000 kind=handshake bytes="pa\r\n$3\r\neof\r\n"
            0.000003 n0 send wire=w7 to=127.0.0.1:50000 kind=reply bytes="+OK\r\n"
            0.000004 n0 recv wire=w7 from=127.0.0.1:50000 kind=handshake len=51 bytes="PSYNC 1111111111111111111111111111111111"
            0.000004 n0 send wire=w7 to=127.0.0.1:50000 kind=reply bytes="+CONTINUE\r\n"
            0.000004 n0 send wire=w7 to=127.0.0.1:50000 kind=ping stream=15..29 bytes="*1\r\n$4\r\nPING\r\n"
            0.000005 n0 recv wire=w7 from=127.0.0.1:50000 kind=ack bytes="*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n28\r\n"
        "#]]
        .assert_eq(&out);
    }
}
