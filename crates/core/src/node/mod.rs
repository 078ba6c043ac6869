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

mod admin;
mod blocked;
mod conn;
mod dataset;
mod decisions;
mod dispatch;
mod failover;
mod feed;
mod full_sync;
mod input;
mod limits;
mod load;
mod memory;
mod monitor;
mod primary;
mod pubsub;
mod replica;
mod shutdown;
mod snapshot;
mod stats;
mod timers;
mod transaction;
mod views;

use std::collections::VecDeque;

pub use admin::{ConfigFault, Usage};
use conn::{Conn, Conns, Kind};
pub use shutdown::Signal;
pub use views::{LinkView, ReplicaView, Role};

use crate::commands::Effects;
use crate::config::Config;
use crate::id::{ConnId, ReplId};
use crate::keyspace::Keyspace;
use crate::replication::stream::ReplStream;
use crate::resp::{Range32, Reply};
use crate::rng::Rng;
use crate::time::{Instant, Now};
use crate::trace::{CloseReason, Event, Level, Trace};

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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// Close at once; the id is dead. No [`Node::handle_close`] is expected.
    Close(ConnId),
    /// Stop reading from this connection (it is over a limit), or read again.
    Read(ConnId, bool),
    /// Let small writes on this connection wait for more (`repl-disable-tcp-nodelay`).
    Delay(ConnId),
    /// A file operation; answered with [`Node::handle_file`].
    File(FileOp),
    /// `CONFIG SET` changed the configuration: do what needs doing outside the node, and answer
    /// with [`Node::handle_config`] before anything is transmitted.
    ApplyConfig,
    /// Make the config file say what is in force: replace it, atomically, by what
    /// [`Config::rewrite`] makes of its text. Answered like [`Action::ApplyConfig`].
    RewriteConfig,
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
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// Open a file for reading: it stays what it is now even if another takes its name, or it is
    /// removed.
    Open {
        /// Who reads.
        token: u64,
        /// File name.
        name: String,
    },
    /// Read a part of an open file; answered with [`FileEvent::Data`].
    Read {
        /// Who reads; to be repeated in the answer.
        token: u64,
        /// First byte.
        offset: u64,
        /// Bytes at most.
        len: usize,
    },
    /// The file is read no more.
    Close {
        /// Who has read it.
        token: u64,
    },
}

/// What became of a [`FileOp`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FileEvent {
    /// [`FileOp::Commit`] succeeded.
    Committed {
        /// Temporary name.
        name: String,
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
    /// A file could not be created.
    NotCreated {
        /// File name given in the operation.
        name: String,
        /// The system's words.
        error: String,
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
    /// A blocked client's time is over, or a pause is.
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

    fn gather(slices: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut outgoing = Self::default();
        let filled = slices.filter(|slice| !slice.is_empty());
        outgoing.slices.iter_mut().zip(filled).for_each(|(place, slice)| *place = slice);
        outgoing
    }

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

/// The Redis version whose behaviour this node reproduces.
pub const REDIS_VERSION: &str = crate::config::Era::V7.redis_version();

/// Replies that wait for a client that does not read them, in bytes, before the node stops reading
/// from it and running what it sent. Redis would let them grow without limit.
pub const OUTPUT_PAUSE_BYTES: usize = if cfg!(test) { 64 * 1024 } else { 256 * 1024 * 1024 };

/// Replies that count for no limit: Redis's limits look at what does not fit into a client's own
/// buffer of this size.
const OUTPUT_FREE_BYTES: usize = 16 * 1024;

/// A Redis node.
#[derive(Debug, Clone, Hash)]
pub struct Node<T> {
    trace: T,
    config: Config,
    rng: Rng,
    run_id: [u8; 40],
    started: Now,
    now: Now,
    keyspace: Keyspace,
    conns: Conns,
    next_client_id: u64,
    actions: VecDeque<Action>,
    transmit: VecDeque<ConnId>,
    effects: Effects,
    /// Where replies to our master's commands go: nowhere.
    sink: Reply,
    unit: feed::Unit,
    batch: input::Batch,
    /// Argument ranges of the master's commands, used again.
    master_ranges: Vec<Range32>,
    stream: ReplStream,
    /// The database selected in the stream; `None` makes the next write emit a SELECT.
    selected: Option<usize>,
    /// The stream grew since replicas were last queued for transmission.
    stream_grew: bool,
    /// Connections of our replicas, in the order in which they asked.
    replicas: Vec<ConnId>,
    /// Since when there is no replica, for `repl-backlog-ttl`.
    no_replicas_since: Instant,
    link: replica::MasterLink,
    decisions: decisions::Decisions,
    failover: Option<failover::Failover>,
    shutdown: Option<shutdown::Shutdown>,
    snapshot: Option<snapshot::Job>,
    saving: snapshot::SaveState,
    loading: Option<Box<load::AtStart>>,
    timers: timers::Timers,
    stats: stats::Stats,
    /// When the log last spoke of HTTP, in Unix milliseconds.
    http_logged: Option<u64>,
    admin: admin::Admin,
    waiting: blocked::Waiting,
    listeners: pubsub::Listeners,
    /// Clients that are shown every command.
    monitors: Vec<ConnId>,
}

impl<T: Trace> Node<T> {
    /// A node with an empty dataset. `seed` decides its ids and its hashing.
    pub fn new(config: Config, seed: u64, now: Now, trace: T) -> Self {
        let mut rng = Rng::new(seed);
        let mut keyspace = Keyspace::new(rng.next_u64(), config.databases);
        keyspace.want_notices(config.keyspace_events);
        let stream = ReplStream::new(&mut rng, config.repl_backlog_size);
        let mut node = Self {
            trace,
            run_id: rng.hex(),
            started: now,
            now,
            keyspace,
            conns: Conns::default(),
            // Redis 7.0 gives the first two to itself.
            next_client_id: 3,
            actions: VecDeque::new(),
            transmit: VecDeque::new(),
            effects: Effects::default(),
            sink: Reply::new(),
            unit: feed::Unit::default(),
            batch: input::Batch::default(),
            master_ranges: Vec::new(),
            stream,
            selected: None,
            stream_grew: false,
            replicas: Vec::new(),
            no_replicas_since: now.instant,
            link: replica::MasterLink::default(),
            decisions: decisions::Decisions::default(),
            failover: None,
            shutdown: None,
            snapshot: None,
            saving: snapshot::SaveState::new(now),
            loading: None,
            timers: timers::Timers::new(now.instant),
            stats: stats::Stats::default(),
            http_logged: None,
            admin: admin::Admin::default(),
            waiting: blocked::Waiting::default(),
            listeners: pubsub::Listeners::default(),
            monitors: Vec::new(),
            rng,
            config,
        };
        if !node.config.era.has_psync2()
            && let Some(run_id) = ReplId::parse(&node.run_id)
        {
            node.stream.name_by_run_id(run_id);
        }
        if let Some((host, port)) = node.config.replicaof.clone() {
            node.configure_replica_of(host, port);
            node.timers.replicate_at_once(now.instant);
        }
        node
    }

    // Getters: see also `views`.

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

    /// The databases.
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// Tells what the process uses, for `INFO`. To be repeated once a second or so.
    pub fn set_usage(&mut self, usage: Usage) {
        self.admin.usage = usage;
    }

    /// Tells where relative names count from, as `CONFIG GET dir` shows it.
    pub fn set_dir(&mut self, dir: String) {
        self.config.dir = dir;
    }

    /// Tells the node how to learn how many bytes of memory are in use, for `INFO` and `maxmemory`.
    /// Without it they are estimated.
    pub fn set_memory_gauge(&mut self, gauge: fn() -> u64) {
        self.admin.memory_gauge = Some(gauge);
    }

    /// Gives the node a clock that reads nanoseconds, for statistics only: `SLOWLOG`, `LATENCY`
    /// and the times of `INFO`. Nothing is decided by it.
    pub fn set_stopwatch(&mut self, clock: fn() -> u64) {
        self.admin.watch.clock = Some(clock);
    }

    /// How many bytes of a snapshot are made in one go, for each replica, while clients wait. Until
    /// then, and at most, it is what suits a node that nobody wants anything else from: 64 KB.
    pub fn set_snapshot_step(&mut self, bytes: usize) {
        self.saving.step_bytes = bytes;
    }

    // Inputs.

    /// A connection is there.
    pub fn handle_open(&mut self, now: Now, conn: ConnId, origin: Origin) {
        self.now = now;
        match origin {
            Origin::Accepted { peer, local } => {
                self.stats.connections_received += 1;
                let mut fresh = self.new_conn(conn, peer, local);
                fresh.authenticated = !self.config.needs_password();
                if self.conns.len() >= self.config.maxclients {
                    self.stats.rejected_connections += 1;
                    fresh.out.error("ERR max number of clients reached");
                    fresh.closing = Some(CloseReason::Asked);
                }
                self.put_back(fresh);
            }
            Origin::Dialed { dial, peer, local } => {
                if !self.link.awaits_dial(dial) {
                    self.actions.push_back(Action::Close(conn));
                    return;
                }
                let mut fresh = self.new_conn(conn, peer, local);
                fresh.kind = Kind::Master;
                fresh.authenticated = true;
                self.link_opened(&mut fresh);
                self.put_back(fresh);
            }
        }
    }

    /// [`Action::Dial`] did not lead to a connection.
    pub fn handle_dial_failed(&mut self, now: Now, dial: u64, error: &str) {
        self.now = now;
        if self.link.awaits_dial(dial) {
            self.link_dial_failed(error);
        }
    }

    /// Bytes arrived.
    pub fn handle_input(&mut self, now: Now, conn: ConnId, input: &[u8]) {
        self.now = now;
        let Some(mut conn) = self.conns.take(conn) else { return };
        conn.last_input = now.instant;
        self.stats.net_input_bytes += input.len() as u64;
        self.stats.reads += 1;
        if conn.closing.is_none() {
            match conn.kind {
                Kind::Master => self.master_input(&mut conn, input),
                Kind::Client | Kind::Replica(_) => self.client_input(&mut conn, input),
            }
        }
        self.put_back(conn);
    }

    /// `len` bytes of [`Node::outgoing`] were handed to the network.
    pub fn handle_sent(&mut self, now: Now, conn: ConnId, len: usize) {
        self.now = now;
        self.stats.net_output_bytes += len as u64;
        self.stats.writes += 1;
        let Some(mut conn) = self.conns.take(conn) else { return };
        let rest = conn.out_advance(len);
        if !matches!(conn.kind, Kind::Master) {
            conn.last_input = now.instant;
        }
        if conn.replica().is_some() {
            self.replica_sent(&mut conn, rest);
        }
        if conn.reading_paused && conn.runs_commands() && matches!(conn.kind, Kind::Client) {
            self.client_input(&mut conn, b"");
        }
        self.put_back(conn);
    }

    /// The connection is gone.
    pub fn handle_close(&mut self, now: Now, conn: ConnId) {
        self.now = now;
        if let Some(conn) = self.conns.take(conn) {
            self.forget(conn, CloseReason::Peer);
        }
    }

    /// A file operation has a result.
    pub fn handle_file(&mut self, now: Now, event: FileEvent) {
        self.now = now;
        self.file_event(event);
    }

    /// The process was asked to leave (SIGTERM, SIGINT): saves if configured, then
    /// [`Action::Exit`].
    pub fn handle_signal(&mut self, now: Now, signal: Signal) {
        self.now = now;
        self.shutdown_signal(signal);
    }

    /// What became of the oldest [`Action::ApplyConfig`] or [`Action::RewriteConfig`] that was not
    /// answered yet.
    ///
    /// A failed change is taken back, and the client is told instead of having been told `OK`.
    pub fn handle_config(&mut self, now: Now, result: Result<(), ConfigFault>) {
        self.now = now;
        self.config_settled(result);
    }

    /// The time that [`Node::poll_timeout`] asked for has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        self.fire_timers();
    }

    // Outputs.

    /// The next thing for the driver to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        // The end of a failover, which a turn's end may bring, frees clients that it held back.
        while self.waiting.turn_due() {
            self.end_turn();
        }
        self.actions.pop_front()
    }

    /// A connection that has something to send, each once per batch. A connection whose socket was
    /// full need not be asked for again: the driver remembers it.
    pub fn poll_transmit(&mut self) -> Option<ConnId> {
        if self.stream_grew {
            self.stream_grew = false;
            self.queue_replicas();
        }
        while let Some(id) = self.transmit.pop_front() {
            if let Some(conn) = self.conns.get_mut(id) {
                conn.queued = false;
                return Some(id);
            }
        }
        None
    }

    /// What a connection has to send now.
    pub fn outgoing(&self, conn: ConnId) -> Outgoing<'_> {
        let Some(conn) = self.conns.get(conn) else { return Outgoing::default() };
        let out = &conn.out.bytes()[conn.out_sent..];
        match conn.replica() {
            None => Outgoing::gather(std::iter::once(out)),
            Some(peer) => Outgoing::gather(std::iter::once(out).chain(self.feed_of(peer))),
        }
    }

    /// When to call [`Node::handle_timeout`], and why; `None`: only when something arrives.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        self.next_timer()
    }

    // What all parts of the node use.

    fn new_conn(&mut self, id: ConnId, peer: String, local: String) -> Box<Conn> {
        let client_id = self.next_client_id;
        self.next_client_id += 1;
        Box::new(Conn::new(id, client_id, peer, local, self.now.instant))
    }

    /// Puts a connection back after work on it: closes it if it is to be closed, queues it if it
    /// has something to send.
    fn put_back(&mut self, mut conn: Box<Conn>) {
        if conn.closing.is_some() && conn.out_waiting() == 0 {
            let reason = conn.closing.take().unwrap_or(CloseReason::Asked);
            self.actions.push_back(Action::Close(conn.id));
            self.forget(conn, reason);
            return;
        }
        let waiting = conn.out_waiting();
        if waiting > OUTPUT_FREE_BYTES && self.over_client_limit(&mut conn, waiting as u64) {
            self.log_over_limit(&conn);
            self.actions.push_back(Action::Close(conn.id));
            return self.forget(conn, CloseReason::OutputLimit);
        }
        if !conn.queued && (waiting > 0 || self.replica_has_output(&conn)) {
            conn.queued = true;
            self.transmit.push_back(conn.id);
        }
        let pauses = waiting > OUTPUT_PAUSE_BYTES
            || matches!(conn.kind, Kind::Master) && self.awaits_snapshot_file();
        if pauses != conn.reading_paused {
            conn.reading_paused = !conn.reading_paused;
            self.actions.push_back(Action::Read(conn.id, !conn.reading_paused));
        }
        self.conns.insert(conn);
    }

    /// Closes a connection at once.
    fn close(&mut self, id: ConnId, reason: CloseReason) {
        if let Some(conn) = self.conns.take(id) {
            self.actions.push_back(Action::Close(id));
            self.forget(conn, reason);
        }
    }

    /// Forgets a connection that is gone or being closed.
    fn forget(&mut self, mut conn: Box<Conn>, reason: CloseReason) {
        self.unwatch_all(&mut conn);
        self.forget_wait(&mut conn);
        self.unsubscribe_all(&mut conn);
        self.stop_monitoring(&mut conn);
        if self.trace.is_fine() || !matches!(conn.kind, Kind::Client) {
            self.record(Event::Closed { conn: conn.id, reason: reason.clone() });
        }
        match conn.kind {
            Kind::Client => {}
            Kind::Replica(_) => self.replica_gone(&conn, &reason),
            Kind::Master => self.link_lost(&conn, &reason),
        }
    }

    fn record(&mut self, event: Event) {
        self.trace.record(self.now.instant, event);
    }

    fn log(&mut self, level: Level, text: impl Into<String>) {
        self.record(Event::Log(level, text.into()));
    }
}

#[cfg(test)]
mod tests;
