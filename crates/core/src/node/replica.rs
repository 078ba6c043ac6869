//! This node as a replica: the link to its master, from the dial to the stream.

use super::conn::{Conn, Kind};
use super::load::Loading;
use super::{Action, Node};
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, Outcome, Run, lookup};
use crate::id::{ConnId, ReplId};
use crate::replication::handshake::{self, Identity, Progress, PsyncReply};
use crate::replication::state::ReplState;
use crate::replication::transfer::{self, Framing, HEADER_LINE_MAX};
use crate::resp::request::encode;
use crate::resp::{Args, Limits, RequestParser};
use crate::time::Instant;
use crate::trace::{CloseReason, Event, Fed, Level, Trace};

/// The link to the master.
#[derive(Debug, Clone, Default)]
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
    /// The master spoke `SYNC` only: no ACKs, no resumption.
    pub(super) pre_psync: bool,
    /// When the master was last heard of.
    pub(super) last_io: Instant,
    /// Since when the link is down.
    pub(super) down_since: Option<Instant>,
    /// What the master announced with `+FULLRESYNC`.
    initial: Option<(ReplId, u64)>,
    pub(super) transfer: Option<Transfer>,
    /// A transaction of the master, collected until its EXEC: raw bytes of all its commands.
    transaction: Option<Vec<u8>>,
}

/// A snapshot being received.
#[derive(Debug, Clone)]
pub(super) struct Transfer {
    framing: Option<Framing>,
    loading: Box<Loading>,
    /// RDB bytes received.
    pub(super) read: u64,
    /// The RDB is complete; bytes of it (sized form) or of the mark still to come.
    loaded: bool,
    mark_seen: usize,
}

impl Transfer {
    /// The announced length, if there is one.
    pub(super) fn total(&self) -> Option<u64> {
        match self.framing {
            Some(Framing::Sized(len)) => Some(len),
            _ => None,
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
        let port = std::str::from_utf8(port)
            .ok()
            .and_then(|text| text.parse::<i64>().ok())
            .ok_or(CmdError::fixed("ERR Invalid master port"))?;
        let port = u16::try_from(port).map_err(|_| CmdError::fixed("ERR Invalid master port"))?;
        let host = String::from_utf8_lossy(host).into_owned();
        if self.config.replicaof.as_ref() == Some(&(host.clone(), port)) {
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
        self.link.down_since = Some(self.now.instant);
        self.set_link_state(ReplState::Connect, "configured");
    }

    fn follow(&mut self, host: String, port: u16) {
        let was_master = self.config.replicaof.is_none();
        self.drop_link(CloseReason::Asked);
        self.config.replicaof = Some((host.clone(), port));
        if was_master {
            // Our own history may be the prefix of the new master's: offer it.
            if !self.stream.is_active() {
                self.stream.create_backlog();
            }
            self.link.cached = Some(self.selected.unwrap_or(0));
            self.log(
                Level::Notice,
                "Before turning into a replica, using my own master parameters to synthesize a \
                 cached master: I may be able to synchronize with the new master with just a \
                 partial transfer.",
            );
            self.master_cached_event();
        }
        self.link.down_since = Some(self.now.instant);
        self.record(Event::RoleChanged { master: Some((host, port)) });
        self.set_link_state(ReplState::Connect, "REPLICAOF");
        self.dial_master();
    }

    fn become_master(&mut self) {
        self.config.replicaof = None;
        self.drop_link(CloseReason::Asked);
        self.discard_cached_master("this node is a master now");
        self.set_link_state(ReplState::None, "REPLICAOF NO ONE");
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
        self.disconnect_replicas();
        self.selected = None;
        self.no_replicas_since = self.now.instant;
        self.link.down_since = None;
        self.record(Event::RoleChanged { master: None });
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

    pub(super) fn dial_master(&mut self) {
        let Some((host, port)) = self.config.replicaof.clone() else { return };
        self.log(Level::Notice, format!("Connecting to MASTER {host}:{port}"));
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
        handshake::greet(conn.out.buffer_mut());
        self.set_link_state(ReplState::ReceivePingReply, "connected; PING sent");
    }

    /// The link's connection is gone.
    pub(super) fn link_lost(&mut self, _conn: &Conn, reason: &CloseReason) {
        let now = self.now.instant;
        self.link.conn = None;
        self.link.transaction = None;
        self.link.initial = None;
        let was = self.link.state;
        if self.link.transfer.take().is_some() {
            self.log(Level::Warning, "I/O error trying to sync with MASTER: connection lost");
        }
        if self.config.replicaof.is_none() && was != ReplState::Connected {
            return;
        }
        if was != ReplState::Connected {
            self.set_link_state(ReplState::Connect, "the link broke");
            return;
        }
        self.log(Level::Warning, "Connection with master lost.");
        self.link.down_since = Some(now);
        let desync = matches!(reason, CloseReason::Protocol(_));
        if desync || self.link.pre_psync {
            self.discard_cached_master("the link cannot be resumed");
        } else {
            self.link.cached = Some(self.link.db);
            self.log(Level::Notice, "Caching the disconnected master state.");
            self.master_cached_event();
        }
        self.set_link_state(ReplState::Connect, "the link broke");
        if *reason != CloseReason::Asked
            && let Some((host, port)) = self.config.replicaof.clone()
        {
            self.log(Level::Notice, format!("Reconnecting to MASTER {host}:{port}"));
            self.dial_master();
        }
    }

    pub(super) fn master_cached_event(&mut self) {
        let replid = self.stream.replid();
        let psync_offset = self.stream.master_repl_offset() + 1;
        self.record(Event::MasterCached { replid, psync_offset });
    }

    fn discard_cached_master(&mut self, why: &'static str) {
        if self.link.cached.take().is_some() {
            self.log(Level::Notice, "Discarding previously cached master state.");
            self.record(Event::MasterDiscarded { why });
        }
    }

    pub(super) fn set_link_state(&mut self, to: ReplState, why: &'static str) {
        let from = std::mem::replace(&mut self.link.state, to);
        if from != to {
            self.record(Event::ReplStateChanged { from, to, why });
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
            conn.pending = pending;
        }
    }

    /// Returns how many of the bytes were used.
    fn link_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let mut at = 0;
        while at < input.len() && conn.closing.is_none() {
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

    fn identity(config: &crate::config::Config) -> Identity<'_> {
        Identity {
            user: &config.masteruser,
            password: &config.masterauth,
            port: match config.replica_announce_port {
                0 => config.port,
                port => port,
            },
            ip: &config.replica_announce_ip,
        }
    }

    /// One line of the handshake. Returns the bytes used, 0 if the line is not complete.
    fn line_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let Some(end) = input.iter().take(HEADER_LINE_MAX).position(|b| *b == b'\n') else {
            if input.len() >= HEADER_LINE_MAX {
                self.abort_link(conn, "I/O error reading from MASTER: line too long".into());
            }
            return 0;
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        match self.link.state {
            ReplState::ReceivePsyncReply => self.psync_reply(conn, line),
            ReplState::ReceivePingReply => {
                let progress = handshake::ping_reply(line);
                self.progress(conn, progress);
            }
            state => {
                let who = Self::identity(&self.config);
                let progress = handshake::introduction_reply(state, line, &who);
                self.progress(conn, progress);
            }
        }
        end + 1
    }

    fn progress(&mut self, conn: &mut Conn, progress: Progress) {
        let (next, note) = match progress {
            Progress::Failed(text) => return self.abort_link(conn, text),
            Progress::Next(next, note) => (next, note),
        };
        if let Some(note) = note {
            self.log(Level::Notice, note);
        }
        self.set_link_state(next, "the master replied");
        if next == ReplState::SendHandshake {
            let who = Self::identity(&self.config);
            let state = handshake::introduce(&who, conn.out.buffer_mut());
            self.set_link_state(state, "AUTH and REPLCONF sent");
        } else if next == ReplState::SendPsync {
            self.ask_for_sync(conn);
        }
    }

    fn ask_for_sync(&mut self, conn: &mut Conn) {
        let history =
            self.link.cached.map(|_| (self.stream.replid(), self.stream.master_repl_offset() + 1));
        match history {
            Some((replid, offset)) => self.log(
                Level::Notice,
                format!("Trying a partial resynchronization (request {replid}:{offset})."),
            ),
            None => {
                self.log(Level::Notice, "Partial resynchronization not possible (no cached master)")
            }
        }
        handshake::ask(history, conn.out.buffer_mut());
        self.record(Event::PsyncSent {
            replid: history.map(|(replid, _)| replid),
            offset: history.map_or(-1, |(_, offset)| offset as i64),
        });
        self.set_link_state(ReplState::ReceivePsyncReply, "PSYNC sent");
    }

    fn psync_reply(&mut self, conn: &mut Conn, line: &[u8]) {
        match handshake::psync_reply(line) {
            Err(text) => {
                self.discard_cached_master("the master's reply cannot be understood");
                self.abort_link(conn, text);
            }
            Ok(PsyncReply::Keepalive) => {}
            Ok(PsyncReply::FullResync { replid, offset }) => {
                self.log(Level::Notice, format!("Full resync from master: {replid}:{offset}"));
                self.record(Event::FullResync { replid, offset });
                self.discard_cached_master("a full resynchronisation begins");
                self.begin_transfer(Some((replid, offset)));
            }
            Ok(PsyncReply::Continue { replid }) => self.continued(replid),
            Ok(PsyncReply::TryLater(text)) => {
                let text = format!(
                    "Master is currently unable to PSYNC but should be in the future: {text}"
                );
                self.log(Level::Notice, text);
                conn.closing = Some(CloseReason::Asked);
            }
            Ok(PsyncReply::NotSupported(text)) => {
                let text =
                    format!("Master does not support PSYNC or is in error state (reply: {text})");
                self.log(Level::Notice, text);
                self.log(Level::Notice, "Retrying with SYNC...");
                self.discard_cached_master("the master knows no PSYNC");
                conn.out.buffer_mut().extend_from_slice(b"SYNC\r\n");
                self.begin_transfer(None);
            }
        }
    }

    /// `+CONTINUE`: the stream goes on where it was interrupted.
    fn continued(&mut self, replid: Option<ReplId>) {
        self.log(Level::Notice, "Successful partial resynchronization with master.");
        let changed = replid.is_some_and(|id| id != self.stream.replid());
        if let Some(id) = replid.filter(|_| changed) {
            self.stream.shift(id);
            self.log(Level::Notice, format!("Master replication ID changed to {id}"));
            self.disconnect_replicas();
        }
        if !self.stream.is_active() {
            self.stream.create_backlog();
            self.backlog_created_event();
        }
        let replid = self.stream.replid();
        let offset = self.stream.master_repl_offset() + 1;
        self.record(Event::Continued { replid, changed, offset });
        self.link.db = self.link.cached.take().unwrap_or(0);
        self.link.down_since = None;
        self.link.pre_psync = false;
        self.set_link_state(ReplState::Connected, "+CONTINUE");
        self.log(
            Level::Notice,
            "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.",
        );
    }

    // The snapshot.

    fn begin_transfer(&mut self, initial: Option<(ReplId, u64)>) {
        self.link.initial = initial;
        self.begin_read();
        self.link.transfer = Some(Transfer {
            framing: None,
            loading: Box::new(Loading::new(self.keyspace.fresh(), &self.config.encoding, false)),
            read: 0,
            loaded: false,
            mark_seen: 0,
        });
        self.set_link_state(ReplState::Transfer, "a snapshot follows");
    }

    fn transfer_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let Some(mut transfer) = self.link.transfer.take() else { return 0 };
        let result = match transfer.framing {
            None => self.transfer_header(&mut transfer, input),
            Some(framing) => self.transfer_payload(&mut transfer, framing, input),
        };
        match result {
            Err(text) => {
                self.abort_link(conn, text);
                0
            }
            Ok((used, false)) => {
                self.link.transfer = Some(transfer);
                used
            }
            Ok((used, true)) => {
                if let Err(text) = self.finish_transfer(conn, transfer) {
                    self.abort_link(conn, text);
                }
                used
            }
        }
    }

    fn transfer_header(
        &mut self,
        transfer: &mut Transfer,
        input: &[u8],
    ) -> Result<(usize, bool), String> {
        let Some(end) = input.iter().take(HEADER_LINE_MAX).position(|b| *b == b'\n') else {
            if input.len() >= HEADER_LINE_MAX {
                return Err("I/O error reading bulk count from MASTER: line too long".into());
            }
            return Ok((0, false));
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let Some(framing) = transfer::parse_header(line)? else { return Ok((end + 1, false)) };
        transfer.framing = Some(framing);
        let text = match framing {
            Framing::Sized(len) => {
                format!("MASTER <-> REPLICA sync: receiving {len} bytes from master to parser")
            }
            Framing::Eof(_) => "MASTER <-> REPLICA sync: receiving streamed RDB from master with \
                                EOF to parser"
                .to_owned(),
        };
        self.log(Level::Notice, text);
        Ok((end + 1, false))
    }

    /// Takes bytes of the snapshot; the second value says whether that was the last of it.
    fn transfer_payload(
        &mut self,
        transfer: &mut Transfer,
        framing: Framing,
        input: &[u8],
    ) -> Result<(usize, bool), String> {
        let limit = match framing {
            Framing::Sized(len) => usize::try_from(len - transfer.read).unwrap_or(usize::MAX),
            Framing::Eof(_) => usize::MAX,
        };
        let input = &input[..input.len().min(limit)];
        let mut used = 0;
        if !transfer.loaded {
            let (taken, done) = transfer.loading.feed(input).map_err(|error| {
                format!("Failed trying to load the MASTER synchronization DB: {error}")
            })?;
            used = taken;
            transfer.read += taken as u64;
            transfer.loaded = done;
            if T::FINE {
                let (read, total) = (transfer.read, transfer.total());
                self.record(Event::TransferProgress { read, total });
            }
        }
        let tail = &input[used..];
        match framing {
            Framing::Sized(len) => {
                // What follows the RDB inside the announced length is ignored, as Redis does.
                if transfer.loaded {
                    transfer.read += tail.len() as u64;
                    used += tail.len();
                }
                if transfer.read == len && !transfer.loaded {
                    return Err("Failed trying to load the MASTER synchronization DB: the RDB is \
                                longer than the length announced"
                        .into());
                }
                Ok((used, transfer.read == len))
            }
            Framing::Eof(mark) => {
                if transfer.loaded {
                    let want = &mark[transfer.mark_seen..];
                    let have = &tail[..tail.len().min(want.len())];
                    if !want.starts_with(have) {
                        return Err("Replication stream EOF marker is broken".into());
                    }
                    transfer.mark_seen += have.len();
                    used += have.len();
                }
                Ok((used, transfer.mark_seen == mark.len()))
            }
        }
    }

    /// The snapshot is complete: it becomes the dataset, and its history ours.
    fn finish_transfer(&mut self, conn: &mut Conn, transfer: Transfer) -> Result<(), String> {
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Flushing old data");
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Loading DB in memory");
        let loaded = transfer
            .loading
            .finish()
            .map_err(|e| format!("Failed trying to load the MASTER synchronization DB: {e}"))?;
        // Our replicas followed a history that ends here.
        self.disconnect_replicas();
        self.abort_snapshot("the dataset is being replaced");
        let keys = loaded.keys;
        self.replace_dataset(loaded.keyspace);
        let pre_psync = self.link.initial.is_none();
        let (replid, offset) =
            self.link.initial.take().unwrap_or_else(|| (ReplId::random(&mut self.rng), 0));
        self.stream.adopt(replid, offset);
        self.backlog_created_event();
        self.selected = None;
        self.link.pre_psync = pre_psync;
        self.link.db = loaded.aux.stream_db.unwrap_or(0);
        self.link.down_since = None;
        self.log(
            Level::Notice,
            format!("Done loading RDB, keys loaded: {keys}, keys expired: {}.", loaded.expired),
        );
        self.record(Event::Loaded { keys });
        self.set_link_state(ReplState::Connected, "the snapshot is loaded");
        self.log(Level::Notice, "MASTER <-> REPLICA sync: Finished with success");
        self.send_ack(conn);
        Ok(())
    }

    // The stream.

    /// Applies commands of the stream. Returns the bytes used.
    fn stream_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        if input.len() < conn.parser.wants() {
            return 0;
        }
        let (mut at, mut ranges) = (0, std::mem::take(&mut self.master_ranges));
        let limits = Limits::default();
        while at < input.len() && conn.closing.is_none() {
            ranges.clear();
            match conn.parser.parse(&input[at..], &limits, &mut ranges) {
                Ok(None) => break,
                Ok(Some(parsed)) => {
                    let raw = &input[at..at + parsed.consumed];
                    at += parsed.consumed;
                    if parsed.inline && parsed.args > 0 {
                        self.desync(conn, raw);
                        break;
                    }
                    if parsed.in_scratch {
                        let scratch = conn.parser.scratch().to_vec();
                        self.apply(conn, Args::new(&scratch, &ranges), raw);
                    } else {
                        self.apply(conn, Args::new(raw, &ranges), raw);
                    }
                }
                Err(error) => {
                    let text = format!("Protocol error from master: {error}");
                    self.abort_link(conn, text);
                }
            }
        }
        self.master_ranges = ranges;
        at
    }

    /// An inline command from a master means that the stream is not where we believe it to be.
    fn desync(&mut self, conn: &mut Conn, raw: &[u8]) {
        let shown = raw[..raw.len().min(64)].escape_ascii();
        let text = format!(
            "WARNING: Receiving inline protocol from master, master stream corruption? Closing the \
             master connection and discarding the cached master. The line begins with '{shown}'"
        );
        self.abort_link(conn, text);
    }

    /// Applies one command of the stream, or keeps it until its transaction is complete; offsets
    /// move when it is applied.
    fn apply(&mut self, conn: &mut Conn, args: Args<'_>, raw: &[u8]) {
        if args.len() == 0 {
            return self.advance(raw);
        }
        let name = args.at(0);
        if let Some(mut transaction) = self.link.transaction.take() {
            transaction.extend_from_slice(raw);
            if name.eq_ignore_ascii_case(b"exec") {
                self.apply_transaction(&transaction);
                self.advance(&transaction);
            } else if name.eq_ignore_ascii_case(b"discard") {
                self.advance(&transaction);
            } else {
                self.link.transaction = Some(transaction);
            }
            return;
        }
        if name.eq_ignore_ascii_case(b"multi") {
            self.link.transaction = Some(raw.to_vec());
            return;
        }
        if name.eq_ignore_ascii_case(b"replconf")
            && args.get(1).is_some_and(|option| option.eq_ignore_ascii_case(b"getack"))
        {
            // The answer does not count the question itself.
            self.send_ack(conn);
            return self.advance(raw);
        }
        self.apply_command(args);
        self.advance(raw);
    }

    fn apply_transaction(&mut self, bytes: &[u8]) {
        let (mut parser, limits) = (RequestParser::new(), Limits::default());
        let (mut ranges, mut at) = (Vec::new(), 0);
        while at < bytes.len()
            && let Ok(Some(parsed)) = parser.parse(&bytes[at..], &limits, &mut ranges)
        {
            let args = Args::new(parser.command(&bytes[at..], &parsed), &ranges);
            at += parsed.consumed;
            let frames = [&b"multi"[..], b"exec"];
            if parsed.args > 0 && !frames.iter().any(|name| args.at(0).eq_ignore_ascii_case(name)) {
                self.apply_command(args);
            }
            ranges.clear();
        }
    }

    /// Runs one command of the stream. What cannot be run is reported, never dropped silently: its
    /// bytes still count and are passed on.
    fn apply_command(&mut self, args: Args<'_>) {
        self.stats.commands_processed += 1;
        let Some(spec) = lookup(args.at(0)) else {
            let error = CmdError::new("ERR unknown command");
            return self.report_master_error(args, &error);
        };
        match spec.run {
            Run::Data(handler) => self.call_from_master(self.link.db, handler, args),
            Run::Node(NodeCommand::Select) => match args.get(1).map(|db| self.parse_db(db)) {
                Some(Ok(db)) => self.link.db = db,
                Some(Err(error)) => self.report_master_error(args, &error),
                None => self.report_master_error(args, &CmdError::arity("select")),
            },
            Run::Node(NodeCommand::Flushall) => self.flush_all(),
            Run::Node(NodeCommand::Flushdb) => self.flush_db(self.link.db),
            Run::Node(NodeCommand::Swapdb) => {
                let dbs = (args.get(1), args.get(2));
                if let (Some(a), Some(b)) = dbs
                    && let (Ok(a), Ok(b)) = (self.parse_db(a), self.parse_db(b))
                {
                    self.swap_dbs(a, b);
                }
            }
            // PING keeps the link alive, nothing else; PUBLISH has no subscriber here.
            Run::Node(_) => {}
        }
    }

    /// The bytes were applied: they are ours now, and our replicas'.
    fn advance(&mut self, raw: &[u8]) {
        let from = self.stream.master_repl_offset();
        self.stream.append(raw);
        self.stream_grew = true;
        if T::FINE {
            let to = self.stream.master_repl_offset();
            self.record(Event::Applied { from, to });
            if !self.replicas.is_empty() {
                let bytes = raw.to_vec();
                self.record(Event::Fed { from: from + 1, bytes, why: Fed::Proxied });
            }
        }
    }

    pub(super) fn report_master_error(&mut self, args: Args<'_>, error: &CmdError) {
        self.stats.unexpected_error_replies += 1;
        let name = args.at(0)[..args.at(0).len().min(128)].escape_ascii().to_string();
        self.log(
            Level::Warning,
            format!(
                "== CRITICAL == This replica is sending an error to its master: '{error}' after \
                 processing the command '{name}'"
            ),
        );
    }

    /// `REPLCONF ACK <applied offset>`
    pub(super) fn send_ack(&mut self, conn: &mut Conn) {
        if self.link.pre_psync {
            return;
        }
        let offset = self.stream.master_repl_offset().to_string();
        encode(conn.out.buffer_mut(), &[b"REPLCONF", b"ACK", offset.as_bytes()]);
    }

    /// The cron's ACK.
    pub(super) fn ack_master(&mut self) {
        if self.link.state != ReplState::Connected {
            return;
        }
        if let Some(mut conn) = self.link.conn.and_then(|id| self.conns.take(id)) {
            debug_assert!(matches!(conn.kind, Kind::Master));
            self.send_ack(&mut conn);
            self.put_back(conn);
        }
    }

    /// The cron's checks of a link that says nothing.
    pub(super) fn check_master_timeout(&mut self) {
        let silent = self.now.instant.secs_since(self.link.last_io) > self.config.repl_timeout;
        if !silent {
            return;
        }
        match self.link.state {
            ReplState::None | ReplState::Connect => return,
            ReplState::Connected => {
                self.log(Level::Warning, "MASTER timeout: no data nor PING received...");
            }
            ReplState::Transfer => self.log(
                Level::Warning,
                "Timeout receiving bulk data from MASTER... If the problem persists try to set \
                 the 'repl-timeout' parameter in redis.conf to a larger value.",
            ),
            _ => self.log(Level::Warning, "Timeout connecting to the MASTER..."),
        }
        match self.link.conn {
            Some(id) => self.close(id, CloseReason::Timeout),
            None => self.set_link_state(ReplState::Connect, "timed out"),
        }
    }
}
