//! The master's stream: commands are applied, counted, passed on, and acknowledged.

use super::super::Node;
use super::super::blocked::Wait;
use super::super::conn::{Conn, Kind};
use super::super::dispatch::{arity_fits, unknown};
use super::super::pubsub::Space;
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, CommandSpec, Flags, Run};
use crate::mutants::{Mutant, mutant};
use crate::replication::state::ReplState;
use crate::resp::request::encode;
use crate::resp::{Args, Limits, RequestParser};
use crate::trace::{CloseReason, Event, Fed, Level, Trace};

/// How often the log says that a replica goes on although it cannot save, in milliseconds.
const UNSAVED_PERIOD_MS: u64 = 10_000;

impl<T: Trace> Node<T> {
    /// Applies commands of the stream. Returns the bytes used.
    pub(super) fn stream_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        if input.len() < conn.parser.wants() {
            return 0;
        }
        let (mut at, mut ranges) = (0, std::mem::take(&mut self.master_ranges));
        let limits = limits_of_master();
        while at < input.len() && conn.closing.is_none() {
            if self.pauses_master() {
                // As in Redis, `CLIENT PAUSE` on a replica holds its master's commands back too.
                self.block(conn, Wait::Pause, 0);
                break;
            }
            ranges.clear();
            match conn.parser.parse(&input[at..], &limits, &mut ranges) {
                Ok(None) => break,
                Ok(Some(parsed)) => {
                    let raw = &input[at..at + parsed.consumed];
                    at += parsed.consumed;
                    if parsed.inline && parsed.args > 0 && self.config.era.is_modern() {
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
                self.apply_transaction(conn, &transaction);
                self.advance(&transaction);
                self.serve_waiting_here();
            } else if name.eq_ignore_ascii_case(b"discard") {
                self.advance(&transaction);
            } else if transaction.len() as u64 > self.config.client_query_buffer_limit {
                let text = "The master's transaction is longer than client-query-buffer-limit";
                self.abort_link(conn, text.into());
            } else {
                self.link.transaction = Some(transaction);
            }
            return;
        }
        if name.eq_ignore_ascii_case(b"multi") {
            if mutant(Mutant::TransactionCountedEarly) {
                self.advance(raw);
                self.link.transaction = Some(Vec::new());
                return;
            }
            self.link.transaction = Some(raw.to_vec());
            return;
        }
        if name.eq_ignore_ascii_case(b"replconf")
            && args.get(1).is_some_and(|option| option.eq_ignore_ascii_case(b"getack"))
        {
            if mutant(Mutant::GetackCountedFirst) {
                self.advance(raw);
                return self.send_ack(conn);
            }
            // The answer does not count the question itself.
            self.send_ack(conn);
            return self.advance(raw);
        }
        self.apply_command(conn, args);
        if mutant(Mutant::PingNotCounted) && name.eq_ignore_ascii_case(b"ping") {
            return;
        }
        self.advance(raw);
        self.serve_waiting_here();
    }

    /// Clients of a writable replica may wait for what the master writes.
    #[inline]
    fn serve_waiting_here(&mut self) {
        if self.keyspace.has_ready() {
            self.serve_ready_keys();
        }
    }

    fn apply_transaction(&mut self, conn: &mut Conn, bytes: &[u8]) {
        let (mut parser, limits) = (RequestParser::new(), limits_of_master());
        let (mut ranges, mut at, mut begun) = (Vec::new(), 0, false);
        self.unit.collecting = self.feeds_stream();
        while at < bytes.len()
            && let Ok(Some(parsed)) = parser.parse(&bytes[at..], &limits, &mut ranges)
        {
            let args = Args::new(parser.command(&bytes[at..], &parsed), &ranges);
            at += parsed.consumed;
            // The frames were seen to: only who watches is shown them.
            let frame = !std::mem::replace(&mut begun, true) || at == bytes.len();
            if parsed.args > 0 && !frame {
                self.apply_command(conn, args);
            } else if parsed.args > 0
                && !self.monitors.is_empty()
                && let Some(spec) = self.command_named(args.at(0))
            {
                self.show_to_monitors(conn, self.link.db, spec, args);
            }
            ranges.clear();
        }
        self.flush_unit();
    }

    /// Runs one command of the stream. What cannot be run is reported, never dropped silently: its
    /// bytes still count and are passed on.
    fn apply_command(&mut self, conn: &mut Conn, args: Args<'_>) {
        self.stats.commands_processed += 1;
        let Some(spec) = self.command_named(args.at(0)) else {
            return self.report_master_error(args, &unknown(args));
        };
        if !arity_fits(spec, args.len()) {
            return self.report_master_error(args, &CmdError::arity(spec.name));
        }
        if !self.saving.last_ok {
            self.tell_unsaved(spec);
        }
        self.admin.watch.start();
        let began = self.admin.watch.at;
        self.run_from_master(conn, spec, args);
        let nanos = self.admin.watch.lap(began);
        let timed = self.config.latency_tracking && self.admin.watch.clock.is_some();
        self.admin.commands.called(spec.name, false, nanos, timed);
    }

    /// A master would refuse this now; a replica follows its master.
    #[cold]
    fn tell_unsaved(&mut self, spec: &CommandSpec) {
        let asks_health = matches!(spec.run, Run::Node(NodeCommand::Ping));
        let refused = (spec.flags.has(Flags::WRITE) || asks_health)
            && self.saving.refuses_writes(&self.config);
        if refused && self.now.unix_ms > self.saving.told_unsaved_ms + UNSAVED_PERIOD_MS {
            self.saving.told_unsaved_ms = self.now.unix_ms;
            let text = "Replica is applying a command even though it is unable to write to disk.";
            self.log(Level::Warning, text);
        }
    }

    fn run_from_master(&mut self, conn: &mut Conn, spec: &CommandSpec, args: Args<'_>) {
        match spec.run {
            Run::Data(handler) => self.call_from_master(self.link.db, handler, args),
            Run::Node(NodeCommand::Select) => match args.get(1).map(|db| self.parse_db(db)) {
                Some(Ok(db)) => self.link.db = db,
                Some(Err(error)) => self.report_master_error(args, &error),
                None => self.report_master_error(args, &CmdError::arity("select")),
            },
            Run::Node(NodeCommand::Flushall) => {
                self.flush_all();
                self.write_anew(args);
            }
            Run::Node(NodeCommand::Flushdb) => {
                self.flush_db(self.link.db);
                self.write_anew(args);
            }
            Run::Node(NodeCommand::Swapdb) => {
                let dbs = (args.get(1), args.get(2));
                if let (Some(a), Some(b)) = dbs
                    && let (Ok(a), Ok(b)) = (self.parse_db(a), self.parse_db(b))
                {
                    self.swap_dbs(a, b);
                    self.write_anew(args);
                }
            }
            Run::Node(NodeCommand::Exec) => {
                self.report_master_error(args, &CmdError::fixed("ERR EXEC without MULTI"));
            }
            Run::Node(NodeCommand::Discard) => {
                self.report_master_error(args, &CmdError::fixed("ERR DISCARD without MULTI"));
            }
            Run::Node(NodeCommand::Multi) => {
                self.report_master_error(
                    args,
                    &CmdError::fixed("ERR MULTI calls can not be nested"),
                );
            }
            Run::Node(NodeCommand::Publish | NodeCommand::Spublish) if args.len() == 3 => {
                let shard = matches!(spec.run, Run::Node(NodeCommand::Spublish));
                let space = if shard { Space::Shard } else { Space::Channel };
                self.publish(Some(conn), space, args.at(1), args.at(2));
                self.write_anew(args);
            }
            // PING keeps the link alive, nothing else.
            Run::Node(_) => {}
        }
        if !self.monitors.is_empty() {
            self.show_to_monitors(conn, self.link.db, spec, args);
        }
    }

    /// Before Redis 4.0 a replica's stream is its own: its replicas are told what it does, as if
    /// its master were a client.
    fn write_anew(&mut self, args: Args<'_>) {
        if self.feeds_stream() {
            self.propagate_own(self.link.db, args, 0);
        }
    }

    /// The bytes were applied: they are ours now, and our replicas'.
    fn advance(&mut self, raw: &[u8]) {
        if let Some((_, offset)) = &mut self.link.followed {
            // What our own replicas are told was written anew when it was applied.
            let from = *offset;
            *offset += raw.len() as u64;
            let to = *offset;
            if self.trace.is_fine() {
                self.record(Event::Applied { from, to });
            }
            return;
        }
        let from = self.stream.master_repl_offset();
        self.stream.append(raw);
        self.stream_grew = true;
        if self.trace.is_fine() {
            let to = self.stream.master_repl_offset();
            self.record(Event::Applied { from, to });
            if !self.replicas.is_empty() {
                let bytes = raw.to_vec();
                self.record(Event::Fed { from: from + 1, bytes, why: Fed::Proxied });
            }
        }
    }

    pub(in crate::node) fn report_master_error(&mut self, args: Args<'_>, error: &CmdError) {
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
    pub(in crate::node) fn send_ack(&mut self, conn: &mut Conn) {
        if self.link.pre_psync {
            return;
        }
        let stale = u64::from(mutant(Mutant::AckStale));
        let offset = self.place().1.saturating_sub(stale).to_string();
        encode(conn.out.buffer_mut(), &[b"REPLCONF", b"ACK", offset.as_bytes()]);
    }

    /// The cron's ACK.
    pub(in crate::node) fn ack_master(&mut self) {
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
    pub(in crate::node) fn check_master_timeout(&mut self) {
        let silent = self.now.instant.secs_since(self.link.last_io) > self.config.repl_timeout;
        if !silent || self.awaits_snapshot_file() || mutant(Mutant::TimeoutNever) {
            return;
        }
        match self.link.state {
            ReplState::None | ReplState::Connect => return,
            ReplState::Connected => {
                self.log(Level::Warning, "MASTER timeout: no data nor PING received...");
            }
            // As in Redis, where a read that takes too long is a broken link while it loads.
            ReplState::Transfer => {
                if !self.log_broken_load("Connection timed out") {
                    self.log(
                        Level::Warning,
                        "Timeout receiving bulk data from MASTER... If the problem persists try to \
                         set the 'repl-timeout' parameter in redis.conf to a larger value.",
                    );
                }
            }
            _ => self.log(Level::Warning, "Timeout connecting to the MASTER..."),
        }
        match self.link.conn {
            Some(id) => self.close(id, CloseReason::Timeout),
            None => {
                self.set_link_state(ReplState::Connect, "timed out");
                self.retry_link();
            }
        }
    }
}

/// As in Redis, `proto-max-bulk-len` is not for the master.
fn limits_of_master() -> Limits {
    Limits { bulk_max: u64::from(u32::MAX), unauthenticated: false }
}
