//! This node as a replica: the link to its master, from the dial to the stream.

mod handshake;
mod stream;
mod transfer;

use super::blocked::Wait;
use super::conn::Conn;
use super::decisions::JUST_STARTED;
use super::input::PENDING_KEEP_BYTES;
use super::{Action, Node};
use crate::commands::{CmdError, Outcome};
use crate::config::Era;
use crate::id::{ConnId, ReplId};
use crate::mutants::{Mutant, mutant};
use crate::num::parse_i64;
use crate::replication::handshake as lines;
use crate::replication::psync::Retirement;
use crate::replication::state::ReplState;
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::{CloseReason, Event, Level, Trace};
use transfer::Transfer;

/// The link to the master.
#[derive(Debug, Clone, Hash)]
pub(super) struct MasterLink {
    pub(super) state: ReplState,
    /// Number of the current dial; answers to earlier ones are obsolete.
    dial: u64,
    pub(super) conn: Option<ConnId>,
    /// The link's selected database.
    pub(super) db: usize,
    /// `cached_master`: the link was connected (or this node was the master), so that a partial
    /// resynchronisation can be asked for; ids and offset are the stream's, this is the database.
    pub(super) cached: Option<usize>,
    /// Why there is no cached master, while there is none.
    pub(super) no_history: &'static str,
    /// The master spoke `SYNC` only: no ACKs, no resumption.
    pub(super) pre_psync: bool,
    /// When the master was last heard of.
    pub(super) last_io: Instant,
    /// Since when the link is down.
    pub(super) down_since: Option<Instant>,
    /// Before Redis 4.0 a replica counts what it has applied apart from its own stream: the
    /// master's run id, and the offset in its stream. Since then the stream is the master's.
    pub(super) followed: Option<(ReplId, u64)>,
    /// What the master announced with `+FULLRESYNC`.
    initial: Option<(ReplId, u64)>,
    pub(super) transfer: Option<Transfer>,
    /// When a failed transfer last led to a new dial at once.
    retried: Option<Instant>,
    /// A transaction of the master, collected until its EXEC: raw bytes of all its commands.
    pub(in crate::node) transaction: Option<Vec<u8>>,
    /// The master's dataset was refused: see [`Node::refuse_empty`].
    pub(super) refused: Option<Refused>,
}

/// A full resynchronisation that was refused, to be tried again later.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Refused {
    /// How often in a row.
    pub(super) times: u32,
    /// When to try again.
    pub(super) retry_at: Instant,
}

/// Why a replica of Redis 2.6 has nothing to go on with.
pub(super) const ONLY_SYNC: &str = "Redis 2.6 knows only SYNC, which is always full";

/// Said when this node's own history becomes what it asks a master to continue.
pub(super) const SYNTHESIZED: &str = "Before turning into a replica, using my own master \
    parameters to synthesize a cached master: I may be able to synchronize with the new master \
    with just a partial transfer.";

/// How often a failed transfer is tried again without waiting for the cron, in microseconds.
const RETRY_PERIOD_US: u64 = 1_000_000;

impl Default for MasterLink {
    fn default() -> Self {
        Self {
            state: ReplState::None,
            dial: 0,
            conn: None,
            db: 0,
            cached: None,
            no_history: JUST_STARTED,
            pre_psync: false,
            last_io: Instant::default(),
            down_since: None,
            followed: None,
            initial: None,
            retried: None,
            transfer: None,
            transaction: None,
            refused: None,
        }
    }
}

impl MasterLink {
    pub(super) fn awaits_dial(&self, dial: u64) -> bool {
        self.state == ReplState::Connecting && self.dial == dial
    }
}

impl<T: Trace> Node<T> {
    // Role changes.

    /// `REPLICAOF host port`, `REPLICAOF NO ONE`.
    pub(super) fn replicaof(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let (host, port) = (args.at(1), args.at(2));
        if self.failover.is_some() {
            return Err(CmdError::fixed("ERR REPLICAOF not allowed while failing over."));
        }
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            if self.config.replicaof.is_some() {
                self.become_master();
                let client = self.describe_client(conn);
                self.log(
                    Level::Notice,
                    format!("MASTER MODE enabled (user request from '{client}')"),
                );
            }
            conn.out.ok();
            return Ok(());
        }
        if conn.replica().is_some() {
            return Err(CmdError::fixed("ERR Command is not valid when client is a replica."));
        }
        let port = parse_i64(port)
            .and_then(|port| u16::try_from(port).ok())
            .ok_or(CmdError::fixed("ERR Invalid master port"))?;
        let host = String::from_utf8_lossy(host).into_owned();
        let current = self.config.replicaof.as_ref();
        if current.is_some_and(|(h, p)| h.eq_ignore_ascii_case(&host) && *p == port) {
            self.log(
                Level::Notice,
                "REPLICAOF would result into synchronization with the master we are already \
                 connected with. No operation performed.",
            );
            conn.out.simple("OK Already connected to specified master");
            return Ok(());
        }
        self.follow(host.clone(), port);
        let client = self.describe_client(conn);
        self.log(
            Level::Notice,
            format!("REPLICAOF {host}:{port} enabled (user request from '{client}')"),
        );
        conn.out.ok();
        Ok(())
    }

    /// The configuration names a master: the cron will connect.
    pub(super) fn configure_replica_of(&mut self, host: String, port: u16) {
        self.config.replicaof = Some((host, port));
        self.set_link_state(ReplState::Connect, "configured");
    }

    pub(super) fn follow(&mut self, host: String, port: u16) {
        let was_master = self.config.replicaof.take().is_none();
        self.record(Event::RoleChanged { master: Some((host.clone(), port)) });
        // What a transaction under way has written belongs to the history that ends here.
        self.flush_ops();
        self.drop_link(CloseReason::Asked);
        self.config.replicaof = Some((host, port));
        self.link.refused = None;
        let era = self.config.era;
        if !era.has_psync2() {
            self.leave_history_of_old(era);
        } else if was_master {
            // Our own history may be the prefix of the new master's: offer it.
            self.link.cached = Some(self.selected.unwrap_or(0));
            self.log(Level::Notice, SYNTHESIZED);
            self.master_cached_event();
        }
        self.disconnect_blocked();
        self.set_link_state(ReplState::Connect, "REPLICAOF");
        self.connect_to_master();
    }

    /// Before Redis 4.0 another master knows nothing of what this node has followed, and its own
    /// replicas must start anew with it.
    fn leave_history_of_old(&mut self, era: Era) {
        self.discard_cached_master(match era.has_psync() {
            true => {
                "before Redis 4.0 a history is known by its master's run id, which another \
                     master does not have"
            }
            false => ONLY_SYNC,
        });
        self.disconnect_replicas();
        self.link.followed = None;
        self.stream.count_from(0);
    }

    /// Before Redis 4.0 a promoted node keeps its stream, its replicas, and its run id, by which
    /// they have known it all along. Without replicas it counts on from where its master was.
    fn lead_history_of_old(&mut self, was_connected: bool) {
        if let Some((master, offset)) = self.link.followed.take() {
            self.stream.retire(master, Retirement::BeforePsync2);
            if was_connected && self.replicas.is_empty() {
                self.stream.count_from(offset);
            }
        }
        self.link.down_since = None;
    }

    pub(super) fn become_master(&mut self) {
        let was_connected = self.link.state == ReplState::Connected;
        self.config.replicaof = None;
        self.record(Event::RoleChanged { master: None });
        self.drop_link(CloseReason::Asked);
        self.discard_cached_master("this node is a master now");
        self.set_link_state(ReplState::None, "REPLICAOF NO ONE");
        self.link.refused = None;
        if !self.config.era.has_psync2() {
            return self.lead_history_of_old(was_connected);
        }
        let fresh = ReplId::random(&mut self.rng);
        self.stream.shift(fresh);
        self.log(
            Level::Warning,
            format!(
                "Setting secondary replication ID to {}, valid up to offset: {}. New replication \
                 ID is {}",
                self.stream.replid2(),
                self.stream.second_replid_offset(),
                self.stream.replid()
            ),
        );
        self.record(Event::ReplIdShifted {
            replid2: self.stream.replid2(),
            second_offset: self.stream.second_replid_offset() as u64,
            replid: self.stream.replid(),
        });
        if !mutant(Mutant::SubReplicasStay) {
            self.disconnect_replicas();
        }
        self.selected = None;
        self.no_replicas_since = self.now.instant;
        self.link.down_since = None;
    }

    /// Ends the link in whatever state it is; a connected one is cached.
    fn drop_link(&mut self, reason: CloseReason) {
        if let Some(id) = self.link.conn {
            self.close(id, reason);
        }
        if self.link.state == ReplState::Connecting {
            self.set_link_state(ReplState::Connect, "given up");
        }
    }

    // Dialling and losing the link.

    pub(super) fn connect_to_master(&mut self) {
        if let Some((host, port)) = &self.config.replicaof {
            let text = format!("Connecting to MASTER {host}:{port}");
            self.log(Level::Notice, text);
            self.dial_master();
        }
    }

    fn dial_master(&mut self) {
        let Some((host, port)) = self.config.replicaof.clone() else { return };
        self.link.dial += 1;
        self.link.last_io = self.now.instant;
        self.actions.push_back(Action::Dial { dial: self.link.dial, host, port });
        self.set_link_state(ReplState::Connecting, "dialling");
        self.log(Level::Notice, "MASTER <-> REPLICA sync started");
    }

    pub(super) fn link_dial_failed(&mut self, error: &str) {
        self.log(Level::Warning, format!("Error condition on socket for SYNC: {error}"));
        self.set_link_state(ReplState::Connect, "the connection was refused");
    }

    /// The dial succeeded.
    pub(super) fn link_opened(&mut self, conn: &mut Conn) {
        self.log(Level::Notice, "Non blocking connect for SYNC fired the event.");
        self.link.conn = Some(conn.id);
        self.link.last_io = self.now.instant;
        lines::say(self.config.era.is_modern(), conn.out.buffer_mut(), &[b"PING"]);
        self.set_link_state(ReplState::ReceivePingReply, "connected; PING sent");
    }

    /// The link's connection is gone.
    pub(super) fn link_lost(&mut self, _conn: &Conn, reason: &CloseReason) {
        let now = self.now.instant;
        self.link.conn = None;
        self.link.transaction = None;
        self.link.initial = None;
        let was = self.link.state;
        let broken = matches!(reason, CloseReason::Peer);
        if broken {
            self.log_broken_transfer();
            self.log_silence(was);
        }
        let (dropped, tell) = self.drop_transfer();
        let transferred = dropped && *reason != CloseReason::Asked;
        if was != ReplState::Connected && self.config.replicaof.is_none() {
            if tell {
                self.tell_discarded();
            }
            return;
        }
        if was != ReplState::Connected {
            self.set_link_state(ReplState::Connect, "the link broke");
            if transferred || *reason == CloseReason::Timeout {
                self.retry_link();
            }
            if tell {
                self.tell_discarded();
            }
            return;
        }
        self.log(Level::Warning, "Connection with master lost.");
        self.link.down_since = Some(now);
        let desync = matches!(reason, CloseReason::Protocol(_));
        if desync {
            self.discard_cached_master(
                "the last link ended with a protocol error, after which no offset can be trusted",
            );
        } else if !self.config.era.has_psync() {
            self.discard_cached_master(ONLY_SYNC);
        } else if self.link.pre_psync {
            self.discard_cached_master(
                "the last link was made with SYNC, which gives no replication id to go on with",
            );
        } else {
            self.link.cached = Some(self.link.db);
            self.log(Level::Notice, "Caching the disconnected master state.");
            self.master_cached_event();
        }
        self.set_link_state(ReplState::Connect, "the link broke");
        // Before Redis 7 the cron dialled, within a second.
        if !self.config.era.is_modern() {
            return;
        }
        if let Some((host, port)) = self.config.replicaof.clone() {
            self.log(Level::Notice, format!("Reconnecting to MASTER {host}:{port}"));
            self.dial_master();
        }
    }

    /// The connection ended while a reply was due; the first line is what Redis says of an end that
    /// is no error.
    fn log_silence(&mut self, state: ReplState) {
        let text = match state {
            ReplState::None
            | ReplState::Connect
            | ReplState::Connecting
            | ReplState::Transfer
            | ReplState::Connected => return,
            ReplState::ReceivePsyncReply => "Master did not reply to PSYNC, will try later",
            _ => "Master did not respond to command during SYNC handshake",
        };
        self.log(Level::Warning, "Failed to read response from the server: Success");
        self.log(Level::Warning, text);
    }

    /// A transfer failed or the master was silent: Redis 7 tries again at once. Here at most once
    /// in the cron's period, so that a master that always fails is not asked as fast as the
    /// network allows.
    fn retry_link(&mut self) {
        let now = self.now.instant;
        let soon = self.link.retried.is_some_and(|at| now - at < RETRY_PERIOD_US);
        if soon || self.link.refused.is_some() || !self.config.era.is_modern() {
            return;
        }
        self.link.retried = Some(now);
        if let Some((host, port)) = self.config.replicaof.clone() {
            self.log(Level::Notice, format!("Reconnecting to MASTER {host}:{port} after failure"));
            self.dial_master();
        }
    }

    pub(super) fn master_cached_event(&mut self) {
        let (replid, applied) = self.place();
        self.record(Event::MasterCached { replid, psync_offset: applied + 1 });
    }

    fn discard_cached_master(&mut self, why: &'static str) {
        self.link.no_history = why;
        if self.link.cached.take().is_some() {
            self.log(Level::Notice, "Discarding previously cached master state.");
            self.record(Event::MasterDiscarded { why: why.into() });
        }
    }

    pub(super) fn set_link_state(&mut self, to: ReplState, why: &'static str) {
        let from = std::mem::replace(&mut self.link.state, to);
        if from != to {
            self.record(Event::ReplStateChanged { from, to, why: why.into() });
        }
    }

    /// The link failed in a way that the peer must not be trusted with: close it, without asking
    /// again before the cron's next turn.
    fn abort_link(&mut self, conn: &mut Conn, text: String) {
        self.log(Level::Warning, text.clone());
        conn.out.buffer_mut().clear();
        conn.out_sent = 0;
        conn.closing = Some(CloseReason::Protocol(text));
    }

    // Input.

    /// Bytes of the master: lines of the handshake, then the snapshot, then the stream. One read
    /// may hold the end of one and the beginning of the next.
    pub(super) fn master_input(&mut self, conn: &mut Conn, input: &[u8]) {
        self.link.last_io = self.now.instant;
        self.stats.net_repl_input_bytes += input.len() as u64;
        if conn.pending.is_empty() {
            let used = self.link_input(conn, input);
            conn.pending.extend_from_slice(&input[used..]);
        } else {
            let mut pending = std::mem::take(&mut conn.pending);
            pending.extend_from_slice(input);
            let used = self.link_input(conn, &pending);
            pending.drain(..used);
            if pending.is_empty() {
                pending.shrink_to(PENDING_KEEP_BYTES);
            }
            conn.pending = pending;
        }
    }

    /// Returns how many of the bytes were used.
    fn link_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let mut at = 0;
        while at < input.len() && conn.closing.is_none() && conn.blocked.is_none() {
            if self.makes_last_snapshot() {
                // Redis, whose last save blocks, would not read it either.
                self.block(conn, Wait::Pause, 0);
                break;
            }
            let rest = &input[at..];
            let used = match self.link.state {
                ReplState::Transfer => self.transfer_input(conn, rest),
                ReplState::Connected => self.stream_input(conn, rest),
                _ => self.line_input(conn, rest),
            };
            if used == 0 {
                break;
            }
            at += used;
        }
        if conn.closing.is_some() { input.len() } else { at }
    }
}
