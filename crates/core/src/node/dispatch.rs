//! From a command to its effects: the checks of Redis's `processCommand`, in its order.

use super::Node;
use super::admin::check_subcommand;
use super::conn::{Conn, ReplyMode};
use super::memory::OOM;
use crate::commands::error::c_string;
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, CommandSpec, Ctx, Flags, Handler, Outcome, Run, lookup};
use crate::config::EventClasses;
use crate::keyspace::Expiry;
use crate::mutants::{Mutant, mutant};
use crate::replication::state::ReplState;
use crate::resp::Args;
use crate::trace::{CloseReason, Event, Level, Trace};

const NOAUTH: CmdError = CmdError::fixed("NOAUTH Authentication required.");
const READONLY: CmdError = CmdError::fixed("READONLY You can't write against a read only replica.");
const NOREPLICAS: CmdError = CmdError::fixed("NOREPLICAS Not enough good replicas to write.");
const MASTERDOWN: CmdError = CmdError::fixed(
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
);
const LOADING: CmdError = CmdError::fixed("LOADING Redis is loading the dataset in memory");
const REPLICA: CmdError = CmdError::fixed("ERR Replica can't interact with the keyspace");
const MISCONF: CmdError = CmdError::fixed(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to \
     disk. Commands that may modify the data set are disabled, because this instance is configured \
     to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error \
     option). Please check the Redis logs for details about the RDB error.",
);

impl<T: Trace> Node<T> {
    /// Runs (or queues, or refuses) one command of a client. False: it is to be tried again after
    /// the pause that the client is in now.
    pub(super) fn execute(&mut self, conn: &mut Conn, args: Args<'_>) -> bool {
        let mark = conn.out.bytes().len();
        if is_http(args.at(0)) {
            self.cross_protocol(conn);
            return true;
        }
        match self.admit(conn, args) {
            Err(error) => {
                let spec = self.command_named(args.at(0));
                if let Some(spec) = spec {
                    self.admin.commands.rejected(spec.name);
                }
                match spec.map(|spec| spec.run) {
                    Some(Run::Node(NodeCommand::Exec)) => self.refuse_exec(conn, &error),
                    _ => self.refuse(conn, &error),
                }
            }
            Ok(spec) => {
                conn.last_command = spec.name;
                if self.is_paused() && conn.can_be_paused() && self.postpone(conn, spec) {
                    return false;
                }
                if conn.multi.is_some() && !bypasses_queue(spec) {
                    self.queue(conn, spec, args);
                } else {
                    self.call(conn, spec, args);
                    conn.write_offset = self.stream.master_repl_offset();
                    if self.keyspace.has_ready() {
                        self.serve_ready_keys();
                    }
                }
            }
        }
        // The reply of a blocked client comes when its wait is over.
        if conn.blocked.is_none() {
            self.settle_reply(conn, mark);
        }
        true
    }

    /// A browser was made to talk to us: nothing it sent is answered, and the log says so, at most
    /// once a minute.
    fn cross_protocol(&mut self, conn: &mut Conn) {
        let now = self.now.unix_ms;
        if self.http_logged.is_none_or(|then| now.abs_diff(then) > 60_000) {
            self.http_logged = Some(now);
            self.log(
                Level::Warning,
                format!(
                    "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or \
                     Host: commands to Redis. This is likely due to an attacker attempting to use \
                     Cross Protocol Scripting to compromise your Redis instance. Connection from \
                     {} aborted.",
                    conn.peer
                ),
            );
        }
        conn.out.buffer_mut().truncate(conn.out_sent);
        conn.closing = Some(CloseReason::Protocol("an HTTP request".into()));
    }

    /// The command of this name, as `rename-command` left them.
    #[inline]
    pub(super) fn command_named(&self, name: &[u8]) -> Option<&'static CommandSpec> {
        if self.config.renamed.is_empty() { lookup(name) } else { self.renamed(name) }
    }

    #[cold]
    fn renamed(&self, name: &[u8]) -> Option<&'static CommandSpec> {
        let renamed = &self.config.renamed;
        let new = renamed.iter().find(|(_, new)| !new.is_empty() && new.eq_ignore_ascii_case(name));
        match new {
            Some((old, _)) => lookup(old),
            None if renamed.iter().any(|(old, _)| old.eq_ignore_ascii_case(name)) => None,
            None => lookup(name),
        }
    }

    /// The checks before a command: is it known, well-formed and allowed now?
    fn admit(&mut self, conn: &Conn, args: Args<'_>) -> Result<&'static CommandSpec, CmdError> {
        let spec = self.command_named(args.at(0)).ok_or_else(|| unknown(args))?;
        if !arity_fits(spec, args.len()) {
            return Err(CmdError::arity(spec.name));
        }
        // A wrong subcommand is not queued; outside a transaction its handler refuses it.
        if conn.multi.is_some() && args.len() > 1 {
            check_subcommand(spec.name, args)?;
        }
        if self.must_authenticate(conn) && !spec.flags.has(Flags::NO_AUTH) {
            return Err(NOAUTH);
        }
        // EXEC is what was queued.
        let queued = conn.multi.as_deref();
        let queued = queued.filter(|_| matches!(spec.run, Run::Node(NodeCommand::Exec)));
        if self.config.maxmemory > 0 {
            let would_queue = conn.multi.is_some() && !bypasses_queue(spec);
            let needs_room = would_queue || queued.is_some_and(|multi| multi.needs_room);
            if self.out_of_memory(spec, needs_room) {
                return Err(OOM);
            }
        }
        let writes = spec.flags.has(Flags::WRITE) || queued.is_some_and(|multi| multi.writes);
        let asks_health = matches!(spec.run, Run::Node(NodeCommand::Ping));
        if (writes || asks_health) && self.saving.refuses_writes(&self.config) {
            return Err(MISCONF);
        }
        if writes {
            self.admit_write()?;
        }
        if conn.subs.is_some() && conn.only_listens() && !goes_while_listening(spec) {
            return Err(only_listens(spec, args));
        }
        let stale = self.config.replicaof.is_some()
            && self.link.state != ReplState::Connected
            && !self.config.replica_serve_stale_data;
        if stale && (!spec.flags.has(Flags::STALE) || queued.is_some_and(|m| m.not_stale)) {
            return Err(MASTERDOWN);
        }
        let not_loading = || queued.is_some_and(|multi| multi.not_loading);
        if self.loads_for_all() && (!spec.flags.has(Flags::LOADING) || not_loading()) {
            return Err(LOADING);
        }
        if self.loads_beside() && denied_beside_loading(spec) {
            return Err(LOADING);
        }
        let keyspace = spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::READONLY);
        if keyspace && (conn.replica().is_some() || conn.monitor) {
            return Err(REPLICA);
        }
        Ok(spec)
    }

    /// Whether this client has to give a password first.
    pub(super) fn must_authenticate(&self, conn: &Conn) -> bool {
        !conn.authenticated && self.config.needs_password()
    }

    fn admit_write(&self) -> Outcome {
        let is_replica = self.config.replicaof.is_some();
        let ignored = mutant(Mutant::MinReplicasIgnored);
        if !is_replica && !ignored && !self.enough_good_replicas() {
            return Err(NOREPLICAS);
        }
        if is_replica && self.config.replica_read_only {
            return Err(READONLY);
        }
        Ok(())
    }

    /// Replies with an error; a transaction being queued is broken by it.
    pub(super) fn refuse(&mut self, conn: &mut Conn, error: &CmdError) {
        self.stats.error_reply(error.code());
        if let Some(multi) = &mut conn.multi {
            multi.broken = true;
        }
        conn.out.error_bytes(error.bytes());
    }

    /// Runs a command that passed the checks.
    pub(super) fn call(&mut self, conn: &mut Conn, spec: &'static CommandSpec, args: Args<'_>) {
        self.stats.commands_processed += 1;
        let began = self.admin.watch.at;
        let outcome = match spec.run {
            Run::Data(handler) => self.call_data(conn, spec, handler, args),
            Run::Node(command) => self.call_node(conn, command, args),
        };
        self.ran(conn, spec, args, began, outcome.is_err());
        if !self.monitors.is_empty() {
            self.show_to_monitors(conn, conn.db, spec, args);
        }
        if let Err(error) = outcome {
            self.stats.error_reply(error.code());
            conn.out.error_bytes(error.bytes());
        }
    }

    pub(super) fn call_data(
        &mut self,
        conn: &mut Conn,
        spec: &'static CommandSpec,
        handler: Handler,
        args: Args<'_>,
    ) -> Outcome {
        self.begin_read();
        if self.keyspace.wants_notices(EventClasses::MISS) {
            self.keyspace.set_reading(reads(spec));
        }
        self.effects.clear();
        let mark = conn.out.bytes().len();
        let outcome = handler(
            &mut Ctx {
                keyspace: &mut self.keyspace,
                db: conn.db,
                reply: &mut conn.out,
                effects: &mut self.effects,
                rng: &mut self.rng,
                limits: &self.config.encoding,
                from_master: self.config.replicaof.is_some(),
                lazy_expire: self.config.lazyfree_lazy_expire,
            },
            args,
        );
        if self.trace.is_fine() {
            let (raw, dirty) = (args.raw().to_vec(), self.effects.dirty);
            self.record(Event::Command { conn: conn.id, db: conn.db, raw, dirty });
        }
        if self.keyspace.has_notices() {
            self.publish_notices(Some(conn));
        }
        self.propagate(conn.db, args);
        if self.effects.waits() && !self.unit.collecting {
            conn.out.buffer_mut().truncate(mark);
            self.block_on_keys(conn, spec, args);
        }
        outcome
    }

    /// Runs a data command of our master: nothing is checked, hidden or answered.
    pub(super) fn call_from_master(&mut self, db: usize, handler: Handler, args: Args<'_>) {
        self.keyspace.begin(self.now.unix_ms, Expiry::Ignore);
        self.effects.clear();
        let outcome = handler(
            &mut Ctx {
                keyspace: &mut self.keyspace,
                db,
                reply: &mut self.sink,
                effects: &mut self.effects,
                rng: &mut self.rng,
                limits: &self.config.encoding,
                from_master: true,
                lazy_expire: self.config.lazyfree_lazy_expire,
            },
            args,
        );
        self.sink.buffer_mut().clear();
        if self.keyspace.has_notices() {
            self.publish_notices(None);
        }
        if self.feeds_stream() {
            // Only before Redis 4.0: see `write_anew`.
            self.propagate(db, args);
        } else {
            self.saving.dirty += self.effects.dirty;
        }
        if let Err(error) = outcome {
            self.report_master_error(args, &error);
        }
    }

    fn call_node(&mut self, conn: &mut Conn, command: NodeCommand, args: Args<'_>) -> Outcome {
        match command {
            NodeCommand::Ping => {
                match args.get(1) {
                    _ if args.len() > 2 => return Err(CmdError::arity("ping")),
                    message if conn.only_listens() => {
                        conn.out.array(2);
                        conn.out.bulk(b"pong");
                        conn.out.bulk(message.unwrap_or_default());
                    }
                    None => conn.out.simple("PONG"),
                    Some(message) => conn.out.bulk(message),
                }
                Ok(())
            }
            NodeCommand::Echo => {
                conn.out.bulk(args.at(1));
                Ok(())
            }
            NodeCommand::Quit => {
                conn.out.ok();
                conn.closing = Some(CloseReason::Asked);
                Ok(())
            }
            NodeCommand::Select => {
                conn.db = self.parse_db(args.at(1))?;
                conn.out.ok();
                Ok(())
            }
            NodeCommand::Multi => self.multi(conn),
            NodeCommand::Exec => self.exec(conn),
            NodeCommand::Discard => self.discard(conn),
            NodeCommand::Watch => self.watch(conn, args),
            NodeCommand::Unwatch => {
                self.unwatch_all(conn);
                conn.out.ok();
                Ok(())
            }
            NodeCommand::Replicaof => self.replicaof(conn, args),
            NodeCommand::Replconf => self.replconf(conn, args),
            NodeCommand::Psync | NodeCommand::Sync => self.sync_command(conn, args),
            NodeCommand::Role => {
                self.role_reply(conn);
                Ok(())
            }
            NodeCommand::Save => self.save_command(conn),
            NodeCommand::Bgsave => self.bgsave_command(conn, args),
            NodeCommand::Shutdown => self.shutdown_command(conn, args),
            NodeCommand::Failover => self.failover_command(conn, args),
            NodeCommand::Flushdb | NodeCommand::Flushall => self.flush_command(conn, command, args),
            NodeCommand::Swapdb => self.swapdb_command(conn, args),
            NodeCommand::Wait => self.wait_command(conn, args),
            NodeCommand::Subscribe
            | NodeCommand::Unsubscribe
            | NodeCommand::Psubscribe
            | NodeCommand::Punsubscribe
            | NodeCommand::Ssubscribe
            | NodeCommand::Sunsubscribe => {
                self.subscription(conn, command, args);
                Ok(())
            }
            NodeCommand::Publish | NodeCommand::Spublish => {
                self.publish_command(conn, command == NodeCommand::Spublish, args);
                Ok(())
            }
            NodeCommand::Pubsub => self.pubsub_command(conn, args),
            NodeCommand::Monitor => self.monitor(conn),
            other => self.admin(conn, other, args),
        }
    }

    /// The index of a database.
    pub(super) fn parse_db(&self, text: &[u8]) -> Result<usize, CmdError> {
        let index = crate::num::parse_i64(text).ok_or(CmdError::NOT_INT)?;
        if i32::try_from(index).is_err() {
            return Err(CmdError::NOT_INT_32);
        }
        usize::try_from(index)
            .ok()
            .filter(|db| *db < self.keyspace.databases())
            .ok_or(CmdError::fixed("ERR DB index is out of range"))
    }

    /// `CLIENT REPLY OFF|SKIP`, and replicas, which must not be answered.
    pub(super) fn settle_reply(&mut self, conn: &mut Conn, mark: usize) {
        let wrote = conn.out.bytes().len() > mark;
        let mark = mark.max(std::mem::take(&mut conn.pushed_to));
        match conn.reply_mode {
            ReplyMode::On => {}
            ReplyMode::Off => conn.out.buffer_mut().truncate(mark),
            ReplyMode::SkipNext => {
                conn.out.buffer_mut().truncate(mark);
                conn.reply_mode = ReplyMode::Skip;
            }
            ReplyMode::Skip => {
                conn.out.buffer_mut().truncate(mark);
                conn.reply_mode = ReplyMode::On;
            }
        }
        if wrote && conn.replica().is_some_and(|peer| !peer.fresh) {
            conn.out.buffer_mut().truncate(mark);
            self.log_rogue_replica(conn);
            conn.closing = Some(CloseReason::Protocol("a replica sent a command".into()));
        }
        if let Some(peer) = conn.replica_mut() {
            peer.fresh = false;
        }
    }
}

pub(super) fn arity_fits(spec: &CommandSpec, len: usize) -> bool {
    let arity = spec.arity.unsigned_abs() as usize;
    if spec.arity >= 0 { len == arity } else { len >= arity }
}

/// Commands that cannot run while a master's snapshot is loaded beside the dataset
/// (`no_async_loading`).
fn denied_beside_loading(spec: &CommandSpec) -> bool {
    matches!(
        spec.run,
        Run::Node(
            NodeCommand::Psync
                | NodeCommand::Sync
                | NodeCommand::Replicaof
                | NodeCommand::Save
                | NodeCommand::Bgsave
        )
    )
}

/// Whether a key that the command looks for and does not find is a miss, for notifications. The
/// commands that write and are named here look their sources up as reads.
fn reads(spec: &CommandSpec) -> bool {
    const ALSO: [&str; 14] = [
        "bitop",
        "copy",
        "getdel",
        "getex",
        "getset",
        "set",
        "sdiffstore",
        "sinterstore",
        "sort",
        "sunionstore",
        "zdiffstore",
        "zinterstore",
        "zrangestore",
        "zunionstore",
    ];
    let silent = spec.name == "object";
    (spec.flags.has(Flags::READONLY) && !silent) || ALSO.contains(&spec.name)
}

/// Commands that act at once even between MULTI and EXEC.
fn bypasses_queue(spec: &CommandSpec) -> bool {
    matches!(
        spec.run,
        Run::Node(
            NodeCommand::Exec
                | NodeCommand::Discard
                | NodeCommand::Multi
                | NodeCommand::Watch
                | NodeCommand::Quit
                | NodeCommand::Reset
        )
    )
}

/// Commands of a client that listens to channels in RESP2, where messages and replies cannot be
/// told apart.
fn goes_while_listening(spec: &CommandSpec) -> bool {
    matches!(
        spec.run,
        Run::Node(
            NodeCommand::Ping
                | NodeCommand::Subscribe
                | NodeCommand::Unsubscribe
                | NodeCommand::Psubscribe
                | NodeCommand::Punsubscribe
                | NodeCommand::Ssubscribe
                | NodeCommand::Sunsubscribe
                | NodeCommand::Quit
                | NodeCommand::Reset
        )
    )
}

fn only_listens(spec: &CommandSpec, args: Args<'_>) -> CmdError {
    let mut name = spec.name.as_bytes().to_vec();
    if let Some(sub) = args.get(1).filter(|_| super::admin::is_container(spec.name)) {
        name.push(b'|');
        name.extend(sub.to_ascii_lowercase());
    }
    CmdError::quoting(
        "ERR Can't execute '",
        &name,
        "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this \
         context",
    )
}

/// Whether a command's name shows that the peer speaks HTTP, as Redis tells.
fn is_http(name: &[u8]) -> bool {
    let (post, host): (&[u8], &[u8]) = (b"post", b"host:");
    name.eq_ignore_ascii_case(post) || name.eq_ignore_ascii_case(host)
}

/// Redis's text for a command it does not know: at most 128 bytes of its name and arguments.
pub(super) fn unknown(args: Args<'_>) -> CmdError {
    const SHOWN: usize = 128;
    let name = c_string(args.at(0));
    let name = &name[..name.len().min(SHOWN)];
    let mut shown = b"', with args beginning with: ".to_vec();
    let most = shown.len() + SHOWN;
    for arg in args.from(1) {
        if shown.len() >= most {
            break;
        }
        let arg = c_string(arg);
        let arg = &arg[..arg.len().min(most - shown.len())];
        shown.extend_from_slice(&[b"'", arg, b"' "].concat());
    }
    CmdError::from_bytes([b"ERR unknown command '", name, &shown].concat())
}
