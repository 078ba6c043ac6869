//! The node: everything joined into one state machine without IO.
//!
//! Methods come in four kinds: getters; `handle_*` (inputs); commands; `poll_*` (outputs).
//!
//! # Contract of the driver
//!
//! * After any batch of `handle_*` calls, drain [`Node::poll_action`] until `None`, then
//!   [`Node::poll_transmit`] until `None`; for each connection it names, write what
//!   [`Node::outgoing`] shows and report it with [`Node::handle_sent`]. Then ask
//!   [`Node::poll_timeout`] and call [`Node::handle_timeout`] no earlier than it says.
//! * Connection ids are the driver's; after [`Action::Close`] (or `handle_close`) an id is dead.
//! * `now` never goes back on the monotonic clock. The wall clock may jump.
//! * Nothing a peer sends comes back as an error of a method: it is a reply, an action, a trace
//!   event.

use crate::config::Config;
use crate::id::ConnId;
use crate::time::{Instant, Now};
use crate::trace::Trace;

/// How a connection came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A peer connected to us from this address.
    Accepted {
        /// Address of the peer, `ip:port`.
        peer: String,
        /// Address it connected to, `ip:port`.
        local: String,
    },
    /// The connection that [`Action::Dial`] asked for.
    Dialed {
        /// The number given in the action.
        dial: u64,
        /// Address of the peer, `ip:port`.
        peer: String,
        /// Our address, `ip:port`.
        local: String,
    },
}

/// Something that only the driver can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Connect, then call [`Node::handle_open`] with [`Origin::Dialed`] or
    /// [`Node::handle_dial_failed`].
    Dial {
        /// To be repeated in the answer. A later dial makes an earlier one obsolete.
        dial: u64,
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// Write what [`Node::outgoing`] still holds if the socket takes it at once, then close. No
    /// [`Node::handle_close`] is expected.
    Close(ConnId),
    /// Stop reading from this connection (it is over a limit), or read again.
    Read(ConnId, bool),
    /// A file operation; answered with [`Node::handle_file`].
    File(FileOp),
    /// Do nothing at all for this long (`DEBUG SLEEP`).
    Sleep {
        /// Microseconds.
        micros: u64,
    },
    /// Leave the process. Everything that had to be saved has been.
    Exit {
        /// Exit code.
        code: i32,
    },
}

/// Operations on files in the node's directory. Names have no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOp {
    /// Create (or truncate) a temporary file and open it for writing.
    Create {
        /// File name.
        name: String,
    },
    /// Append to a file that was created and not yet committed.
    Append {
        /// File name.
        name: String,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Sync the temporary file and rename it atomically, then sync the directory.
    /// Answered with [`FileEvent::Committed`].
    Commit {
        /// Temporary name.
        name: String,
        /// Final name.
        to: String,
    },
    /// Remove a file, if it is there.
    Remove {
        /// File name.
        name: String,
    },
    /// Read a part of a file; answered with [`FileEvent::Data`].
    Read {
        /// To be repeated in the answer.
        token: u64,
        /// File name.
        name: String,
        /// First byte.
        offset: u64,
        /// Bytes at most.
        len: usize,
    },
}

/// What became of a [`FileOp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileEvent {
    /// [`FileOp::Commit`] succeeded.
    Committed {
        /// Final name.
        to: String,
        /// Size in bytes.
        len: u64,
    },
    /// Data asked for by [`FileOp::Read`]; shorter than asked at the end of the file.
    Data {
        /// The request's token.
        token: u64,
        /// The bytes.
        data: Vec<u8>,
    },
    /// An operation on this file failed.
    Failed {
        /// File name given in the operation (temporary name for a commit).
        name: String,
        /// The token of a read.
        token: Option<u64>,
        /// The system's words.
        error: String,
    },
}

/// Why the node wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// A snapshot or a load has more to do: at once.
    Work,
    /// The replication cron: pings, acknowledgements, timeouts, reconnection.
    Replication,
    /// Keys may have expired.
    Expire,
    /// Save points, idle clients.
    Server,
    /// `WAIT` and paused clients.
    Clients,
}

/// What a connection has to send: a few borrowed slices, ready for one vectored write.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outgoing<'a> {
    slices: [&'a [u8]; Outgoing::MAX],
}

impl<'a> Outgoing<'a> {
    /// Slices at most.
    pub const MAX: usize = 16;

    /// The slices that are not empty.
    pub fn slices(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.slices.iter().copied().filter(|s| !s.is_empty())
    }

    /// Bytes in all slices.
    pub fn len(&self) -> usize {
        self.slices.iter().map(|s| s.len()).sum()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A Redis node.
#[derive(Debug, Clone)]
pub struct Node<T> {
    trace: T,
    config: Config,
}

impl<T: Trace> Node<T> {
    /// A node with an empty dataset. `seed` decides its ids and its hashing.
    pub fn new(config: Config, seed: u64, now: Now, trace: T) -> Self {
        let _ = (seed, now);
        Self { trace, config }
    }

    // Getters.

    /// The trace sink.
    pub fn trace(&self) -> &T {
        &self.trace
    }

    /// The trace sink, to take events out.
    pub fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    // Loading at start, before anything else.

    /// Begins to load an RDB file of `len` bytes.
    pub fn load_begin(&mut self, now: Now, len: u64) {
        let _ = (now, len);
    }

    /// The next bytes of the file.
    ///
    /// # Errors
    /// The file is not an RDB file this version can read; the text says where and what.
    pub fn load_chunk(&mut self, now: Now, data: &[u8]) -> Result<(), crate::rdb::RdbError> {
        let _ = (now, data);
        Ok(())
    }

    /// The file is complete: its dataset, ids and offset take effect. Returns the number of keys.
    ///
    /// # Errors
    /// The file was cut short.
    pub fn load_end(&mut self, now: Now) -> Result<u64, crate::rdb::RdbError> {
        let _ = now;
        Ok(0)
    }

    // Inputs.

    /// A connection is there.
    pub fn handle_open(&mut self, now: Now, conn: ConnId, origin: Origin) {
        let _ = (now, conn, origin);
    }

    /// [`Action::Dial`] did not lead to a connection.
    pub fn handle_dial_failed(&mut self, now: Now, dial: u64, error: &str) {
        let _ = (now, dial, error);
    }

    /// Bytes arrived.
    pub fn handle_input(&mut self, now: Now, conn: ConnId, input: &[u8]) {
        let _ = (now, conn, input);
    }

    /// `len` bytes of [`Node::outgoing`] were handed to the network.
    pub fn handle_sent(&mut self, now: Now, conn: ConnId, len: usize) {
        let _ = (now, conn, len);
    }

    /// The connection is gone.
    pub fn handle_close(&mut self, now: Now, conn: ConnId) {
        let _ = (now, conn);
    }

    /// A file operation has a result.
    pub fn handle_file(&mut self, now: Now, event: FileEvent) {
        let _ = (now, event);
    }

    /// The time that [`Node::poll_timeout`] asked for has come.
    pub fn handle_timeout(&mut self, now: Now) {
        let _ = now;
    }

    /// The process was asked to leave (SIGTERM, SIGINT): save if configured, then
    /// [`Action::Exit`].
    pub fn handle_signal(&mut self, now: Now) {
        let _ = now;
    }

    // Outputs.

    /// The next thing for the driver to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        None
    }

    /// A connection that has something to send, each once per batch. A connection whose socket was
    /// full need not be asked for again: the driver remembers it.
    pub fn poll_transmit(&mut self) -> Option<ConnId> {
        None
    }

    /// What a connection has to send now.
    pub fn outgoing(&self, conn: ConnId) -> Outgoing<'_> {
        let _ = conn;
        Outgoing::default()
    }

    /// When to call [`Node::handle_timeout`], and why; `None`: only when something arrives.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        None
    }
}
