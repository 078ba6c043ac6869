//! `CONFIG`

use super::super::Node;
use super::super::conn::Conn;
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::config::Setting;
use crate::resp::Args;
use crate::trace::Trace;

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
            return Err(self.rewrite_refusal());
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
        let setting = Setting { loading: self.is_loading_at_start(), local: is_local(&conn.peer) };
        let set = self.config.set(&pairs, setting).map_err(CmdError::new)?;
        // Most directives are read where they matter; these have state elsewhere.
        if set.iter().any(|directive| directive.name == "repl-backlog-size") {
            self.stream.resize_backlog(self.config.repl_backlog_size);
            // What no longer fits is let go of with the next transmission.
            self.stream_grew = true;
        }
        conn.out.ok();
        Ok(())
    }

    /// Redis rewrites the file it was started with; here the file belongs to the driver, which
    /// offers no way to write it.
    fn rewrite_refusal(&self) -> CmdError {
        if self.config.driver.process.config_file.is_empty() {
            return CmdError::fixed("ERR The server is running without a config file");
        }
        CmdError::fixed(
            "ERR Rewriting config file: Lockstep does not write config files; change the file by \
             hand",
        )
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
    peer.starts_with("127.") || peer.starts_with("[::1]") || peer.starts_with('/')
}

const HELP: &[&str] = &[
    "GET <pattern>",
    "    Return parameters matching the glob-like <pattern> and their values.",
    "SET <directive> <value>",
    "    Set the configuration <directive> to <value>.",
    "RESETSTAT",
    "    Reset statistics reported by the INFO command.",
    "REWRITE",
    "    Refused: Lockstep does not write config files.",
];
