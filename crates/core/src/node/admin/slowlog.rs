//! `SLOWLOG`
//!
//! Without a driver's clock (see `latency`) only what is known to take time enters the log:
//! `DEBUG SLEEP`.

use super::super::Node;
use super::super::conn::Conn;
use super::state::Slow;
use super::{Sub, help};
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, CommandSpec, Outcome, Run};
use crate::num::parse_i64;
use crate::resp::Args;
use crate::trace::Trace;

/// Arguments kept of a command, and bytes kept of each, as in Redis.
const ARGS_MAX: usize = 32;
const ARG_BYTES_MAX: usize = 128;

impl<T: Trace> Node<T> {
    pub(super) fn slowlog(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        const BAD_COUNT: CmdError =
            CmdError::fixed("ERR count should be greater than or equal to -1");
        let sub = Sub::new("slowlog", args);
        if sub.is("get", -2)? {
            if args.len() > 3 {
                return Err(CmdError::arity("slowlog|get"));
            }
            let count = match args.get(2) {
                None => 10,
                Some(arg) => parse_i64(arg).filter(|count| *count >= -1).ok_or(BAD_COUNT)?,
            };
            let log = &self.admin.slowlog;
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(log.len());
            conn.out.array(count);
            log.iter().take(count).for_each(|entry| reply(conn, entry));
        } else if sub.is("len", 2)? {
            conn.out.count(self.admin.slowlog.len());
        } else if sub.is("reset", 2)? {
            self.admin.slowlog.clear();
            conn.out.ok();
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "SLOWLOG", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    /// Notes a slow command. Secrets in it are not written down.
    #[cold]
    pub(super) fn note_slow(
        &mut self,
        conn: &Conn,
        spec: &CommandSpec,
        args: Args<'_>,
        micros: u64,
    ) {
        let most = usize::try_from(self.config.slowlog_max_len).unwrap_or(usize::MAX);
        // What EXEC ran is in the log by itself.
        if matches!(spec.run, Run::Node(NodeCommand::Exec)) {
            return;
        }
        let id = self.admin.next_slow;
        self.admin.next_slow += 1;
        let kept = args.len().min(ARGS_MAX);
        let shown = |(at, arg): (usize, &[u8])| match at + 1 {
            ARGS_MAX if args.len() > ARGS_MAX => {
                format!("... ({} more arguments)", args.len() - kept + 1).into_bytes()
            }
            _ if is_secret(spec.name, args, at) => b"(redacted)".to_vec(),
            _ => trimmed(arg),
        };
        self.admin.slowlog.push_front(Slow {
            id,
            unix_s: self.now.unix_ms / 1000,
            micros,
            args: args.from(0).enumerate().take(kept).map(shown).collect(),
            peer: conn.peer.clone(),
            name: conn.name.clone(),
        });
        self.admin.slowlog.truncate(most);
    }
}

fn trimmed(arg: &[u8]) -> Vec<u8> {
    match arg.split_at_checked(ARG_BYTES_MAX) {
        Some((shown, rest)) if !rest.is_empty() => {
            [shown, format!("... ({} more bytes)", rest.len()).as_bytes()].concat()
        }
        _ => arg.to_vec(),
    }
}

/// Whether an argument is a password, or may be one.
fn is_secret(command: &str, args: Args<'_>, at: usize) -> bool {
    let before = |back: usize, words: &[&str]| {
        let word = at.checked_sub(back).map(|index| args.at(index));
        word.is_some_and(|w| words.iter().any(|known| w.eq_ignore_ascii_case(known.as_bytes())))
    };
    match command {
        "auth" => at > 0,
        "hello" => before(1, &["auth"]) || before(2, &["auth"]),
        "config" => at % 2 == 1 && at > 2 && before(1, SECRETS),
        "acl" => at > 2 && args.at(1).eq_ignore_ascii_case(b"setuser"),
        _ => false,
    }
}

/// Directives whose values are not shown.
const SECRETS: &[&str] =
    &["masterauth", "masteruser", "requirepass", "tls-key-file-pass", "tls-client-key-file-pass"];

fn reply(conn: &mut Conn, entry: &Slow) {
    let out = &mut conn.out;
    out.array(6);
    out.int(entry.id as i64);
    out.int(entry.unix_s as i64);
    out.int(entry.micros as i64);
    out.array(entry.args.len());
    entry.args.iter().for_each(|arg| out.bulk(arg));
    out.bulk(entry.peer.as_bytes());
    out.bulk(&entry.name);
}

const HELP: &[&str] = &[
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
];
