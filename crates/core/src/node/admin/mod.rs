//! Commands about the server, its clients and its configuration.

mod acl;
mod client;
mod client_line;
mod command;
mod config;
mod debug;
mod debug_rest;
mod docs;
mod facts;
mod hello;
mod histogram;
mod info;
mod keys;
mod latency;
mod lockstep;
mod memory;
mod slowlog;
mod sparkline;
mod state;
mod subcommands;
#[cfg(test)]
mod tests;

pub use config::ConfigFault;
pub(super) use facts::is_container;
pub use state::Usage;
pub(super) use state::{Admin, CommandStats};
pub(super) use subcommands::check_subcommand;

use super::conn::Conn;
use super::{Node, REDIS_VERSION};
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, Outcome};
use crate::resp::{Args, Reply};
use crate::trace::Trace;

/// This program's own version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl<T: Trace> Node<T> {
    /// Carries out what the dispatcher does not do itself.
    pub(super) fn admin(
        &mut self,
        conn: &mut Conn,
        command: NodeCommand,
        args: Args<'_>,
    ) -> Outcome {
        conn.last_command = subcommand(conn.last_command, args);
        match command {
            NodeCommand::Dbsize => conn.out.count(self.keyspace.len(conn.db)),
            NodeCommand::Time => self.time(conn),
            NodeCommand::Lastsave => conn.out.int(self.saving.last_save as i64),
            NodeCommand::Lolwut => lolwut(conn),
            NodeCommand::Lockstep => return self.lockstep(conn, args),
            NodeCommand::Acl => return self.acl(conn, args),
            NodeCommand::Module => return self.module(conn, args),
            NodeCommand::Cluster => return Err(acl::cluster(args)),
            NodeCommand::Auth => return self.auth(conn, args),
            NodeCommand::Hello => return self.hello(conn, args),
            NodeCommand::Reset => return self.reset(conn),
            NodeCommand::Client => return self.client(conn, args),
            NodeCommand::Config => return self.config_command(conn, args),
            NodeCommand::Debug => return self.debug(conn, args),
            NodeCommand::Info => return self.info(conn, args),
            NodeCommand::Command => return self.command(conn, args),
            NodeCommand::Memory => return self.memory(conn, args),
            NodeCommand::Latency => return self.latency(conn, args),
            NodeCommand::Slowlog => return self.slowlog(conn, args),
            // The dispatcher carries out the others.
            _ => return Err(CmdError::fixed("ERR command without an implementation")),
        }
        Ok(())
    }

    /// Once a second, for the rates of `INFO stats`.
    pub(super) fn sample_rates(&mut self) {
        let stats = &self.stats;
        let totals = [
            stats.commands_processed,
            stats.net_input_bytes,
            stats.net_output_bytes,
            stats.net_repl_input_bytes,
            stats.net_repl_output_bytes,
        ];
        self.admin.rates.sample(self.now.instant, totals);
    }

    fn time(&self, conn: &mut Conn) {
        conn.out.array(2);
        let (seconds, micros) = self.now.wall();
        [seconds, micros].iter().for_each(|part| conn.out.bulk(part.to_string().as_bytes()));
    }
}

/// `LOLWUT`: Redis draws; we say who we are.
fn lolwut(conn: &mut Conn) {
    let text = format!("Redis ver. {REDIS_VERSION}, played by Lockstep {VERSION}\n");
    conn.out.verbatim("txt", text.as_bytes());
}

/// Names of subcommands as statistics and `CLIENT LIST` show them, where their handlers do not say.
const SUBCOMMANDS: &[&str] = &[
    "acl|cat",
    "acl|deluser",
    "acl|genpass",
    "acl|getuser",
    "acl|list",
    "acl|log",
    "acl|setuser",
    "acl|users",
    "acl|whoami",
    "latency|doctor",
    "latency|graph",
    "latency|histogram",
    "latency|history",
    "latency|latest",
    "latency|reset",
    "memory|doctor",
    "memory|malloc-stats",
    "memory|purge",
    "memory|stats",
    "memory|usage",
    "module|list",
    "slowlog|get",
    "slowlog|len",
    "slowlog|reset",
];

fn subcommand(command: &'static str, args: Args<'_>) -> &'static str {
    let Some(sub) = args.get(1) else { return command };
    let is = |name: &&&str| {
        let rest = name.strip_prefix(command).and_then(|rest| rest.strip_prefix('|'));
        rest.is_some_and(|rest| sub.eq_ignore_ascii_case(rest.as_bytes()))
    };
    SUBCOMMANDS.iter().find(is).copied().unwrap_or(command)
}

/// A container command's subcommand.
pub(super) struct Sub<'a> {
    container: &'static str,
    args: Args<'a>,
}

impl<'a> Sub<'a> {
    pub(super) fn new(container: &'static str, args: Args<'a>) -> Self {
        Self { container, args }
    }

    /// Whether this is the subcommand; `arity` as in the table of commands.
    ///
    /// # Errors
    /// It is, but with a wrong number of arguments.
    pub(super) fn is(&self, name: &str, arity: i16) -> Result<bool, CmdError> {
        if !self.args.at(1).eq_ignore_ascii_case(name.as_bytes()) {
            return Ok(false);
        }
        let wanted = usize::from(arity.unsigned_abs());
        let fits = if arity >= 0 { self.args.len() == wanted } else { self.args.len() >= wanted };
        if fits { Ok(true) } else { Err(CmdError::arity(&format!("{}|{name}", self.container))) }
    }

    pub(super) fn unknown(&self) -> CmdError {
        self.try_help("ERR unknown subcommand '")
    }

    /// The subcommand takes other arguments.
    pub(super) fn wrong(&self) -> CmdError {
        self.try_help("ERR unknown subcommand or wrong number of arguments for '")
    }

    fn try_help(&self, problem: &'static str) -> CmdError {
        const SHOWN: usize = 128;
        let name = self.args.at(1);
        let name = &name[..name.len().min(SHOWN)];
        let after = format!("'. Try {} HELP.", self.container.to_ascii_uppercase());
        CmdError::quoting(problem, name, &after)
    }
}

/// The reply of a container's `HELP`.
pub(super) fn help(out: &mut Reply, container: &str, lines: &[&str]) {
    out.array(lines.len() + 3);
    out.simple(&format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| out.simple(line));
    out.simple("HELP");
    out.simple("    Prints this help.");
}
