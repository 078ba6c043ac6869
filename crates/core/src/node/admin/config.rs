//! `CONFIG`

use super::super::conn::Conn;
use super::super::{Action, Node};
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::config::{Config, Setting};
use crate::id::ConnId;
use crate::resp::Args;
use crate::trace::{Level, Trace};

/// Why the driver could not do what a `CONFIG` command asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The directive, for `CONFIG SET`.
    pub name: String,
    /// The reason, in the system's or Redis's words.
    pub why: String,
}

/// An `OK` that holds if the driver can do what it stands for: it is in the output already, since
/// inside EXEC a reply cannot wait, and is exchanged for an error before it is sent.
#[derive(Debug, Clone, Hash)]
pub(super) struct Promise {
    conn: ConnId,
    /// Where in the connection's output the reply begins.
    at: usize,
    /// What to go back to; `None` for a rewrite.
    before: Option<Box<Config>>,
}

/// The reply that is promised.
const OK: &[u8] = b"+OK\r\n";

/// The smallest backlog that `CONFIG SET` gives, in bytes; a file may ask for a smaller one (Redis
/// 7.0.15, measured).
const BACKLOG_SET_MIN: u64 = 16 * 1024;

impl<T: Trace> Node<T> {
    pub(super) fn config_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("config", args);
        if sub.is("get", -3)? {
            conn.last_command = "config|get";
            let patterns: Vec<&[u8]> = args.from(2).collect();
            let found = self.config.get(&patterns);
            conn.out.map(found.len());
            for (name, value) in found {
                conn.out.bulk(&name);
                conn.out.bulk(&value);
            }
        } else if sub.is("set", -4)? {
            conn.last_command = "config|set";
            return self.config_set(conn, args);
        } else if sub.is("resetstat", 2)? {
            conn.last_command = "config|resetstat";
            self.reset_stats();
            conn.out.ok();
        } else if sub.is("rewrite", 2)? {
            conn.last_command = "config|rewrite";
            return self.config_rewrite(conn);
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "CONFIG", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    fn config_set(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if args.len() % 2 == 1 {
            return Err(CmdError::SYNTAX);
        }
        let pairs: Vec<(&[u8], &[u8])> =
            (2..args.len()).step_by(2).map(|at| (args.at(at), args.at(at + 1))).collect();
        let setting = Setting {
            loading: self.loads_for_all() || self.loads_beside(),
            local: is_local(&conn.peer),
        };
        let before = Box::new(self.config.clone());
        let set = self.config.set(&pairs, setting).map_err(CmdError::new)?;
        // Most directives are read where they matter; these have state elsewhere.
        if set.iter().any(|directive| directive.name == "repl-backlog-size") {
            self.config.repl_backlog_size = self.config.repl_backlog_size.max(BACKLOG_SET_MIN);
            self.stream.resize_backlog(self.config.repl_backlog_size);
            // What no longer fits is let go of with the next transmission.
            self.stream_grew = true;
        }
        if set.iter().any(|directive| directive.name == "maxmemory") {
            self.check_maxmemory();
        }
        self.keyspace.want_notices(self.config.keyspace_events);
        self.promise(conn, Action::ApplyConfig, Some(before));
        Ok(())
    }

    fn config_rewrite(&mut self, conn: &mut Conn) -> Outcome {
        if self.config.driver.process.config_file.is_empty() {
            return Err(CmdError::fixed("ERR The server is running without a config file"));
        }
        self.promise(conn, Action::RewriteConfig, None);
        Ok(())
    }

    fn promise(&mut self, conn: &mut Conn, action: Action, before: Option<Box<Config>>) {
        self.actions.push_back(action);
        let (conn_id, at) = (conn.id, conn.out.bytes().len());
        self.admin.promised.push_back(Promise { conn: conn_id, at, before });
        conn.out.ok();
    }

    pub(in crate::node) fn config_settled(&mut self, result: Result<(), ConfigFault>) {
        let Some(promise) = self.admin.promised.pop_front() else { return };
        let rewrite = promise.before.is_none();
        let fault = match result {
            Ok(()) if rewrite => {
                return self.log(Level::Warning, "CONFIG REWRITE executed with success.");
            }
            Ok(()) => return,
            Err(fault) => fault,
        };
        let ConfigFault { name, why } = fault;
        let error = if rewrite {
            self.log(Level::Warning, format!("CONFIG REWRITE failed: {why}"));
            format!("-ERR Rewriting config file: {why}\r\n")
        } else {
            let about = format!("possibly related to argument '{name}'");
            format!("-ERR CONFIG SET failed ({about}) - {why}\r\n")
        };
        if let Some(before) = promise.before {
            let revision = self.config.revision + 1;
            self.config = Config { revision, ..*before };
            self.stream.resize_backlog(self.config.repl_backlog_size);
            self.keyspace.want_notices(self.config.keyspace_events);
        }
        self.stats.error_reply("ERR");
        let Some(conn) = self.conns.get_mut(promise.conn) else { return };
        let (sent, out) = (conn.out_sent, conn.out.buffer_mut());
        let end = promise.at + OK.len();
        if promise.at >= sent && out.get(promise.at..end) == Some(OK) {
            out.splice(promise.at..end, error.bytes());
            // Later replies on this connection have moved.
            let moved = error.len() - OK.len();
            let later = self.admin.promised.iter_mut().filter(|p| p.conn == promise.conn);
            later.for_each(|later| later.at += moved);
        }
    }

    fn reset_stats(&mut self) {
        self.stats = super::super::stats::Stats::default();
        self.admin.commands = super::CommandStats::default();
        self.admin.rates = super::state::Rates::default();
        self.keyspace.reset_stats();
    }
}

/// Whether a peer is on this machine.
pub(super) fn is_local(peer: &str) -> bool {
    peer.starts_with("127.") || peer.starts_with("[::1]") || is_unix(peer)
}

/// Whether a peer came through a socket of the file system, which has a path and no port.
pub(super) fn is_unix(peer: &str) -> bool {
    peer.ends_with(":0")
}

const HELP: &[&str] = &[
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Rewrite the configuration file.",
];
