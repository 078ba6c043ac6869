//! This node as the master of replicas: `REPLCONF`, `PSYNC`, `SYNC`, and the replicas' progress.

use super::conn::{Conn, Filter, Kind, Payload, ReplicaPeer};
use super::limits::exceeds;
use super::{Action, FileOp, Node, snapshot};
use crate::commands::{CmdError, Outcome};
use crate::config::{Era, OutputLimit};
use crate::id::ConnId;
use crate::mutants::{Mutant, mutant};
use crate::num::parse_i64;
use crate::replication::psync::{
    self, FullReason, Outcome as Decision, Request, Retirement, Verdict,
};
use crate::replication::state::{ReplState, ReplicaState};
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::{CloseReason, Event, Level, Trace};

/// Bytes of an acknowledgement that is no offset shown in the log.
const ACK_SHOWN_BYTES: usize = 32;

/// How much of a snapshot's file is read for a replica at a time.
const FILE_PIECE_BYTES: usize = 64 * 1024;

/// Longest address a replica may announce.
const IP_ADDRESS_MAX: usize = 255;

impl<T: Trace> Node<T> {
    /// `REPLCONF option value ...`
    pub(super) fn replconf(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if args.len().is_multiple_of(2) {
            return Err(CmdError::SYNTAX);
        }
        for at in (1..args.len()).step_by(2) {
            let (option, value) = (args.at(at), args.at(at + 1));
            if !self.config.era.has_capa() && !replconf_before_capa(self.config.era, option) {
                return Err(CmdError::quoting("ERR Unrecognized REPLCONF option: ", option, ""));
            }
            let said = &mut conn.introduction;
            match option.to_ascii_lowercase().as_slice() {
                b"ack" => {
                    self.acknowledged(conn, value);
                    return Ok(());
                }
                // A master asks on our link, see `replica`; anybody else makes us tell our master.
                b"getack" => {
                    self.ack_master();
                    return Ok(());
                }
                b"listening-port" => {
                    said.port = parse_i64(value).ok_or(CmdError::NOT_INT)? as u16;
                }
                b"ip-address" if value.len() > IP_ADDRESS_MAX => {
                    return Err(CmdError::new(format!(
                        "ERR REPLCONF ip-address provided by replica instance is too long: {} bytes",
                        value.len()
                    )));
                }
                b"ip-address" => said.ip = String::from_utf8_lossy(value).into_owned(),
                b"capa" => {
                    said.eof |= value.eq_ignore_ascii_case(b"eof");
                    said.psync2 |= value.eq_ignore_ascii_case(b"psync2");
                }
                b"rdb-only" => said.rdb_only = rdb_only(value)?,
                b"rdb-filter-only" => said.filter = rdb_filter(value)?,
                _ => {
                    return Err(CmdError::quoting(
                        "ERR Unrecognized REPLCONF option: ",
                        option,
                        "",
                    ));
                }
            }
        }
        conn.out.ok();
        Ok(())
    }

    /// `REPLCONF ACK offset` of a replica; never answered.
    fn acknowledged(&mut self, conn: &mut Conn, value: &[u8]) {
        let now = self.now.instant;
        let produced = self.stream.master_repl_offset();
        let name = conn.replica_name();
        let id = conn.id;
        let offset = parse_i64(value).and_then(|v| u64::try_from(v).ok());
        let Some(peer) = conn.replica_mut() else { return };
        let Some(offset) = offset.filter(|offset| *offset <= produced) else {
            // What it holds is not this history, whatever it is: it must ask anew.
            let shown = value[..value.len().min(ACK_SHOWN_BYTES)].escape_ascii();
            self.log(
                Level::Warning,
                format!(
                    "Replica {name} acknowledged offset {shown}, but this history has {produced} \
                     bytes. Its link is closed, so that it asks for a resynchronization."
                ),
            );
            conn.closing = Some(CloseReason::Protocol("an impossible acknowledgement".into()));
            return;
        };
        peer.ack_offset = peer.ack_offset.max(offset);
        if mutant(Mutant::AckTooHighBelieved) {
            peer.ack_offset = produced;
        }
        peer.ack_time = now;
        if self.trace.is_fine() {
            self.trace.record(now, Event::Acked { conn: id, offset });
        }
        self.note_ack();
        let Some(peer) = conn.replica_mut() else { return };
        if peer.state == ReplicaState::Online {
            peer.hold_until_ack = false;
        }
    }

    /// `PSYNC replid offset [FAILOVER]`, `SYNC`.
    pub(super) fn sync_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if conn.replica().is_some() {
            return Ok(());
        }
        if args.get(3).is_some_and(|word| word.eq_ignore_ascii_case(b"failover")) {
            self.promoted_by_psync(conn, args.at(1))?;
        }
        if self.failover.is_some() {
            return Err(CmdError::fixed("NOMASTERLINK Can't SYNC while failing over"));
        }
        if self.config.replicaof.is_some() && self.link.state != ReplState::Connected {
            return Err(CmdError::fixed(match self.config.era.has_psync2() {
                true => "NOMASTERLINK Can't SYNC while not connected with my master",
                false => "ERR Can't SYNC while not connected with my master",
            }));
        }
        if conn.out_waiting() > 0 {
            return Err(CmdError::fixed("ERR SYNC and PSYNC are invalid with pending output"));
        }
        if conn.introduction.filter.is_some() && !conn.introduction.eof {
            return Err(CmdError::fixed("ERR Filtered replica requires EOF capability"));
        }
        if !self.config.era.has_psync() && !args.at(0).eq_ignore_ascii_case(b"sync") {
            return Err(CmdError::quoting("ERR unknown command '", args.at(0), "'"));
        }
        let name = conn.replica_name();
        self.log(Level::Notice, format!("Replica {name} asks for synchronization"));
        let request = match args.at(0).eq_ignore_ascii_case(b"sync") {
            true => Request::Sync,
            false => sync_request(args.at(1), args.at(2)).inspect_err(|_| {
                let text =
                    format!("Replica {name} asks for synchronization but with a wrong offset");
                self.log(Level::Warning, text);
            })?,
        };
        let verdict = psync::decide(self.stream.view(), request);
        self.log_verdict(&name, &verdict);
        self.note_verdict(&name, &verdict);
        let outcome = verdict.outcome.clone();
        let old_sync = verdict.request == Request::Sync;
        let resumed = matches!(verdict.request, Request::Resume { .. });
        let verdict = Box::new(verdict);
        self.record(Event::PsyncDecided { conn: conn.id, replica: name, verdict });
        let now = self.now.instant;
        let mut peer = ReplicaPeer {
            state: ReplicaState::WaitBgsaveStart,
            sent: 0,
            hold_until_ack: false,
            old_sync,
            fresh: true,
            initial_offset: 0,
            payload: Payload::None,
            payload_progress: now,
            ack_offset: 0,
            ack_time: now,
            over_soft_since: None,
            asked: now,
        };
        self.replicas.push(conn.id);
        if let Decision::Continue { from, .. } = outcome {
            if mutant(Mutant::PartialCountedAsFull) {
                self.stats.sync_full += 1;
            } else {
                self.stats.sync_partial_ok += 1;
            }
            peer.state = ReplicaState::Online;
            peer.sent = from - 1;
            let reply = if conn.introduction.psync2 && self.config.era.has_psync2() {
                format!("CONTINUE {}", self.stream.replid())
            } else {
                "CONTINUE".to_owned()
            };
            conn.out.simple(&reply);
            conn.kind = Kind::Replica(Box::new(peer));
            self.replica_state_event(conn.id, None, Some(ReplicaState::Online), "+CONTINUE");
            return Ok(());
        }
        self.stats.sync_full += 1;
        if self.config.repl_disable_tcp_nodelay {
            self.actions.push_back(Action::Delay(conn.id));
        }
        self.stats.sync_partial_err += u64::from(resumed);
        conn.kind = Kind::Replica(Box::new(peer));
        let state = Some(ReplicaState::WaitBgsaveStart);
        self.replica_state_event(conn.id, None, state, "asked for a full resynchronisation");
        if self.replicas.len() == 1 && !self.stream.is_active() {
            self.create_own_backlog();
        }
        self.snapshot_wanted(conn);
        Ok(())
    }

    /// The first replica's arrival: a history begins that replicas can follow.
    fn create_own_backlog(&mut self) {
        if !self.config.era.has_psync2() {
            self.stream.skip_byte();
            self.stream.create_backlog();
            return self.backlog_created_event();
        }
        self.stream.new_history(&mut self.rng, Retirement::BacklogCreated);
        self.stream.create_backlog();
        let text = format!(
            "Replication backlog created, my new replication IDs are '{}' and '{}'",
            self.stream.replid(),
            self.stream.replid2()
        );
        self.log(Level::Notice, text);
        self.backlog_created_event();
    }

    pub(super) fn backlog_created_event(&mut self) {
        if let Some(view) = self.stream.backlog() {
            let (first_byte_offset, size) = (view.first_byte_offset, view.size);
            self.record(Event::BacklogCreated { first_byte_offset, size });
        }
    }

    /// Redis's own log lines about a decision.
    fn log_verdict(&mut self, name: &str, verdict: &Verdict) {
        let (replid, replid2) = (verdict.master.replid, verdict.master.replid2);
        let asked = match &verdict.request {
            Request::Resume { replid, offset } => Some((replid.escape_ascii(), *offset)),
            Request::Fresh => None,
            Request::Sync => return,
        };
        let text = match (&verdict.outcome, asked) {
            (Decision::Continue { from, bytes, .. }, _) => format!(
                "Partial resynchronization request from {name} accepted. Sending {bytes} bytes of \
                 backlog starting from offset {from}."
            ),
            (Decision::FullResync { .. }, None) => {
                format!("Full resync requested by replica {name}")
            }
            (Decision::FullResync { why }, Some((id, offset))) => match why {
                FullReason::SecondOffsetPassed { .. } => format!(
                    "Partial resynchronization not accepted: Requested offset for second ID was \
                     {offset}, but I can reply up to {}",
                    self.stream.second_replid_offset()
                ),
                FullReason::NoBacklog
                | FullReason::BeforeBacklog { .. }
                | FullReason::AfterBacklog { .. } => format!(
                    "Unable to partial resync with replica {name} for lack of backlog (Replica \
                     request was: {offset})."
                ),
                _ if !self.config.era.has_psync2() => format!(
                    "Partial resynchronization not accepted: Runid mismatch (Client asked for \
                     runid '{id}', my runid is '{replid}')"
                ),
                _ => format!(
                    "Partial resynchronization not accepted: Replication ID mismatch (Replica \
                     asked for '{id}', my replication IDs are '{replid}' and '{replid2}')"
                ),
            },
        };
        self.log(Level::Notice, text);
        if let Decision::FullResync { why: FullReason::AfterBacklog { .. } } = verdict.outcome {
            self.log(
                Level::Warning,
                format!(
                    "Warning: replica {name} tried to PSYNC with an offset that is greater than \
                     the master replication offset."
                ),
            );
        }
    }

    pub(super) fn replica_state_event(
        &mut self,
        conn: ConnId,
        from: Option<ReplicaState>,
        to: Option<ReplicaState>,
        why: &'static str,
    ) {
        self.record(Event::ReplicaStateChanged { conn, from, to, why: why.into() });
    }

    // Sending.

    /// What a replica is to be sent after its own replies.
    pub(super) fn feed_of<'a>(&'a self, peer: &ReplicaPeer) -> impl Iterator<Item = &'a [u8]> {
        let payload = match (&peer.payload, &self.snapshot) {
            (Payload::Shared { sent }, Some(job)) => Some(job.payload.slices_from(*sent)),
            _ => None,
        };
        let early = mutant(Mutant::FedWhileWaiting) && peer.state == ReplicaState::WaitBgsaveEnd;
        let online = early || peer.state == ReplicaState::Online && !peer.hold_until_ack;
        let stream = online.then(|| self.stream.slices_after(peer.sent));
        payload.into_iter().flatten().chain(stream.into_iter().flatten())
    }

    pub(super) fn replica_has_output(&self, conn: &Conn) -> bool {
        conn.replica().is_some_and(|peer| self.feed_of(peer).any(|slice| !slice.is_empty()))
    }

    /// Queues all replicas that have something to send, drops those over their output limit, and
    /// lets go of bytes that nobody needs. Once per batch.
    pub(super) fn queue_replicas(&mut self) {
        for at in (0..self.replicas.len()).rev() {
            let id = self.replicas[at];
            if self.over_output_limit(id) {
                self.drop_over_limit(id);
                continue;
            }
            let Some(conn) = self.conns.get(id) else { continue };
            if !conn.queued && self.replica_has_output(conn) {
                if let Some(conn) = self.conns.get_mut(id) {
                    conn.queued = true;
                }
                self.transmit.push_back(id);
            }
        }
        self.trim_stream();
    }

    /// Only while every replica is in the table: one in hand would be passed over.
    fn trim_stream(&mut self) {
        let conns = self.replicas.iter().filter_map(|id| self.conns.get(*id));
        let peers = conns.filter(|conn| !conn.introduction.rdb_only).filter_map(Conn::replica);
        let slowest =
            peers.filter(|p| p.state != ReplicaState::WaitBgsaveStart).map(|p| p.sent).min();
        self.stream.trim(slowest);
    }

    /// `len` bytes beyond the replica's own replies were handed to the network.
    pub(super) fn replica_sent(&mut self, conn: &mut Conn, len: usize) {
        let drained = conn.out_waiting() == 0;
        let (id, now) = (conn.id, self.now.instant);
        let Some(peer) = conn.replica_mut() else { return };
        peer.payload_progress = now;
        match &mut peer.payload {
            Payload::None => {
                peer.sent += len as u64;
                self.stats.net_repl_output_bytes += len as u64;
            }
            Payload::Shared { sent } => {
                *sent += len as u64;
                self.stats.net_repl_output_bytes += len as u64;
                self.payload_sent(conn);
            }
            Payload::File { read, len, asked } if drained && !*asked => {
                if read < len {
                    *asked = true;
                    let (token, offset) = (snapshot::reader_token(id), *read);
                    let piece = usize::try_from(*len - *read).unwrap_or(usize::MAX);
                    let op = FileOp::Read { token, offset, len: piece.min(FILE_PIECE_BYTES) };
                    self.actions.push_back(Action::File(op));
                } else {
                    self.put_online(conn);
                }
            }
            Payload::File { .. } => {}
        }
    }

    // Limits and ends.

    pub(super) fn over_output_limit(&mut self, id: ConnId) -> bool {
        let now = self.now.instant;
        let limit = self.config.output_limit_replica;
        // As in Redis, a limit below the backlog would drop replicas that cost nothing.
        let hard = if limit.hard == 0 { 0 } else { limit.hard.max(self.config.repl_backlog_size) };
        let produced = self.stream.master_repl_offset();
        let Some(conn) = self.conns.get_mut(id) else { return false };
        let own = conn.out_waiting() as u64;
        let rdb_only = conn.introduction.rdb_only;
        let Some(peer) = conn.replica_mut() else { return false };
        let ignored = mutant(Mutant::OutputLimitIgnored);
        if peer.state == ReplicaState::WaitBgsaveStart || rdb_only || ignored {
            return false;
        }
        let waiting = produced.saturating_sub(peer.sent) + own;
        let limit = OutputLimit { hard, ..limit };
        exceeds(limit, waiting, &mut peer.over_soft_since, now)
    }

    fn drop_over_limit(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.take(id) {
            self.log_over_limit(&conn);
            self.conns.insert(conn);
        }
        self.close(id, CloseReason::OutputLimit);
    }

    /// A replica's connection is gone.
    pub(super) fn replica_gone(&mut self, conn: &Conn, reason: &CloseReason) {
        self.replicas.retain(|id| *id != conn.id);
        let from = conn.replica().map(|peer| peer.state);
        self.log(Level::Warning, format!("Connection with replica {} lost.", conn.replica_name()));
        let why = match reason {
            CloseReason::Timeout => "timed out",
            CloseReason::OutputLimit => "over its output buffer limit",
            CloseReason::HistoryChanged => "must resynchronise",
            _ => "connection lost",
        };
        self.replica_state_event(conn.id, from, None, why);
        self.close_file(conn);
        if self.replicas.is_empty() {
            self.no_replicas_since = self.now.instant;
        }
        self.snapshot_reader_gone();
        // Another replica may be in somebody's hands now and miss from the table: what the stream
        // can let go of is decided when all are back.
        self.stream_grew = true;
    }

    /// Disconnects all replicas: their history is no longer ours, they must ask again.
    pub(super) fn disconnect_replicas(&mut self) {
        for id in self.replicas.clone() {
            self.close(id, CloseReason::HistoryChanged);
        }
    }

    pub(super) fn log_rogue_replica(&mut self, conn: &Conn) {
        let text = format!(
            "Replica generated a reply to command '{}', disconnecting it: {}",
            conn.last_command,
            self.describe_client(conn)
        );
        self.log(Level::Warning, text);
    }

    /// `min-replicas-to-write`: enough replicas whose last ACK is recent?
    pub(super) fn enough_good_replicas(&self) -> bool {
        let wanted = self.config.min_replicas_to_write;
        let now = self.now.instant;
        wanted == 0 || self.config.min_replicas_max_lag == 0 || self.good_replicas(now) >= wanted
    }

    /// Replicas that are online and acknowledged within `min-replicas-max-lag`.
    pub(super) fn good_replicas(&self, now: Instant) -> u64 {
        let lag = self.config.min_replicas_max_lag;
        let peers = self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica());
        peers
            .filter(|p| p.state == ReplicaState::Online && now.secs_since(p.ack_time) <= lag)
            .count() as u64
    }
}

/// The options of `REPLCONF` before Redis 3.2.
fn replconf_before_capa(era: Era, option: &[u8]) -> bool {
    let since =
        |name: &str, since: Era| option.eq_ignore_ascii_case(name.as_bytes()) && era >= since;
    since("listening-port", Era::V2_6) || since("ack", Era::V2_8) || since("getack", Era::V2_8)
}

/// Bytes of a replication id that are looked at: more than an id has, so that a longer one differs
/// from all ids and still costs nothing to remember.
const REPLID_BYTES_MAX: usize = 64;

/// What `PSYNC replid offset` asks for.
pub(super) fn sync_request(replid: &[u8], offset: &[u8]) -> Result<Request, CmdError> {
    let offset = parse_i64(offset).ok_or(CmdError::NOT_INT)?;
    if replid.starts_with(b"?") {
        return Ok(Request::Fresh);
    }
    let replid = replid[..replid.len().min(REPLID_BYTES_MAX)].to_vec();
    Ok(Request::Resume { replid, offset })
}

/// The value of `rdb-only`.
fn rdb_only(value: &[u8]) -> Result<bool, CmdError> {
    match parse_i64(value) {
        None => Err(CmdError::NOT_INT),
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(CmdError::fixed("ERR value is out of range, value must between 0 and 1")),
    }
}

/// The value of `rdb-filter-only`: the parts that are wanted, all others are left out.
fn rdb_filter(value: &[u8]) -> Result<Filter, CmdError> {
    let mut filter = Filter { data: true, functions: true };
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for word in words {
        if !word.eq_ignore_ascii_case(b"functions") {
            return Err(CmdError::quoting("ERR Unsupported rdb-filter-only option: ", word, ""));
        }
        filter.functions = false;
    }
    Ok(filter)
}
