//! `MONITOR`: clients that are shown every command, once it has run.

use super::Node;
use super::conn::Conn;
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, CommandSpec, Flags, Outcome, Run};
use crate::config::parse::quote;
use crate::id::ConnId;
use crate::resp::Args;
use crate::trace::Trace;

/// Subcommands of `CLIENT` that are not shown, being administrative.
const HIDDEN_OF_CLIENT: &[&[u8]] =
    &[b"kill", b"list", b"no-evict", b"pause", b"unblock", b"unpause"];

impl<T: Trace> Node<T> {
    /// `MONITOR`; a second one is not answered, as in Redis.
    pub(super) fn monitor(&mut self, conn: &mut Conn) -> Outcome {
        if self.unit.collecting {
            const ERROR: CmdError =
                CmdError::fixed("ERR MONITOR isn't allowed for DENY BLOCKING client");
            return Err(ERROR);
        }
        if !conn.monitor && conn.replica().is_none() {
            conn.monitor = true;
            self.monitors.push(conn.id);
            conn.out.ok();
        }
        Ok(())
    }

    /// The client is shown commands no more.
    pub(super) fn stop_monitoring(&mut self, conn: &mut Conn) {
        if std::mem::take(&mut conn.monitor) {
            self.monitors.retain(|id| *id != conn.id);
        }
    }

    /// Shows a command that ran to the monitors. `in_hand` is whose command it is.
    #[cold]
    pub(super) fn show_to_monitors(
        &mut self,
        in_hand: &mut Conn,
        db: usize,
        spec: &CommandSpec,
        args: Args<'_>,
    ) {
        let of_client = matches!(spec.run, Run::Node(NodeCommand::Client));
        let hidden = |word: &&[u8]| args.at(1).eq_ignore_ascii_case(word);
        if spec.flags.has(Flags::ADMIN)
            || spec.flags.has(Flags::SKIP_MONITOR)
            || (of_client && HIDDEN_OF_CLIENT.iter().any(hidden))
        {
            return;
        }
        let (seconds, micros) = self.now.wall();
        let mut line = format!("+{seconds}.{micros:06} [{db} {}]", in_hand.peer).into_bytes();
        for (index, arg) in args.from(0).enumerate() {
            line.push(b' ');
            if is_secret(spec, args, index) {
                line.extend_from_slice(b"\"(redacted)\"");
            } else {
                line.extend_from_slice(&quote(arg));
            }
        }
        line.extend_from_slice(b"\r\n");
        let monitors: Vec<ConnId> = self.monitors.clone();
        for id in monitors {
            if id == in_hand.id {
                in_hand.out.buffer_mut().extend_from_slice(&line);
            } else if let Some(mut conn) = self.conns.take(id) {
                conn.out.buffer_mut().extend_from_slice(&line);
                self.put_back(conn);
            }
        }
    }
}

/// Whether an argument is a name or a password of `AUTH`.
fn is_secret(spec: &CommandSpec, args: Args<'_>, index: usize) -> bool {
    match spec.run {
        Run::Node(NodeCommand::Auth) => index > 0,
        Run::Node(NodeCommand::Hello) => {
            let auth = |at: usize| at > 1 && args.at(at).eq_ignore_ascii_case(b"auth");
            (index > 2 && auth(index - 1)) || (index > 3 && auth(index - 2))
        }
        _ => false,
    }
}
