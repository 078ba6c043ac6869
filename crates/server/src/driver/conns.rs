//! The table of connections: a socket per slot, named by slot and generation.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use lockstep_core::id::ConnId;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{SockRef, TcpKeepalive};

/// A socket of either family.
#[derive(Debug)]
pub(crate) enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// Reads what is there.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }

    /// Writes what fits.
    pub(crate) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            // One slice is the rule, and a plain send is cheaper than a vectored one.
            (Self::Tcp(stream), [one]) => stream.write(one),
            (Self::Tcp(stream), _) => stream.write_vectored(slices),
            (Self::Unix(stream), [one]) => stream.write(one),
            (Self::Unix(stream), _) => stream.write_vectored(slices),
        }
    }

    /// Starts to report events as `token`, or changes which.
    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
        again: bool,
    ) -> io::Result<()> {
        match (self, again) {
            (Self::Tcp(stream), false) => registry.register(stream, token, interest),
            (Self::Tcp(stream), true) => registry.reregister(stream, token, interest),
            (Self::Unix(stream), false) => registry.register(stream, token, interest),
            (Self::Unix(stream), true) => registry.reregister(stream, token, interest),
        }
    }

    /// Small writes wait for more, to save packets.
    pub(crate) fn delay(&self) {
        if let Self::Tcp(stream) = self {
            let _ = stream.set_nodelay(false);
        }
    }

    /// Small writes go out at once; a dead peer is noticed after `keepalive` seconds (0: never).
    pub(crate) fn tune(&self, keepalive_seconds: u32) {
        let Self::Tcp(stream) = self else { return };
        // Both are wishes: a connection without them works.
        let _ = stream.set_nodelay(true);
        if keepalive_seconds > 0 {
            let idle = Duration::from_secs(keepalive_seconds.into());
            let between = Duration::from_secs((keepalive_seconds / 3).max(1).into());
            let options =
                TcpKeepalive::new().with_time(idle).with_interval(between).with_retries(3);
            let _ = SockRef::from(stream).set_tcp_keepalive(&options);
        }
    }
}

/// An address as Redis writes it: `127.0.0.1:6379`, `[::1]:6379`.
pub(crate) fn address(addr: io::Result<SocketAddr>) -> String {
    addr.map_or_else(|_| "?:0".into(), |addr| addr.to_string())
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    /// Its socket.
    pub(crate) stream: Stream,
    /// There may be input to read.
    pub(crate) readable: bool,
    /// It is in the driver's list of readable connections.
    pub(crate) listed: bool,
    /// The node does not want input from it now.
    pub(crate) paused: bool,
    /// The peer has shut its side down: read on until that shows.
    pub(crate) ending: bool,
    /// The socket was full: output waits for its event.
    pub(crate) blocked: bool,
    /// It is in the driver's list of connections that have more to send.
    pub(crate) deferred: bool,
}

impl Conn {
    /// Whether it must be put into the list of readable connections now; then it counts as listed.
    pub(crate) fn enlist(&mut self) -> bool {
        let list = self.readable && !self.paused && !self.listed;
        self.listed |= list;
        list
    }
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    conn: Option<Conn>,
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Conns {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Conns {
    /// Takes a socket in and reports its input from now on. `known`: the socket reported events
    /// under another token before.
    pub(crate) fn insert(
        &mut self,
        registry: &Registry,
        mut stream: Stream,
        known: bool,
    ) -> io::Result<ConnId> {
        let index = self.free.last().copied().unwrap_or(self.slots.len() as u32);
        stream.register(registry, Token(index as usize), Interest::READABLE, known)?;
        if self.free.pop().is_none() {
            self.slots.push(Slot::default());
        }
        let slot = &mut self.slots[index as usize];
        slot.conn = Some(Conn {
            stream,
            readable: false,
            listed: false,
            paused: false,
            ending: false,
            blocked: false,
            deferred: false,
        });
        Ok(ConnId { index, generation: slot.generation })
    }

    /// The connection, if it is still the one meant.
    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        let slot = self.slots.get_mut(id.index as usize)?;
        slot.conn.as_mut().filter(|_| slot.generation == id.generation)
    }

    /// The connection an event's token names. The event may be a stale one of a predecessor in the
    /// same slot, so it is a hint: reading and writing must be ready to find nothing.
    pub(crate) fn at(&mut self, token: Token) -> Option<(ConnId, &mut Conn)> {
        let slot = self.slots.get_mut(token.0)?;
        let id = ConnId { index: token.0 as u32, generation: slot.generation };
        slot.conn.as_mut().map(|conn| (id, conn))
    }

    /// Forgets a connection and closes its socket.
    pub(crate) fn remove(&mut self, id: ConnId) -> bool {
        if self.get_mut(id).is_none() {
            return false;
        }
        let slot = &mut self.slots[id.index as usize];
        slot.conn = None;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.index);
        true
    }
}
