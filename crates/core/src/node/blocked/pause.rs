//! Pauses: `CLIENT PAUSE`, and those that a shutdown and a failover need.
//!
//! While any pause lasts, the dataset stays as it is: nothing expires, and replicas are not asked
//! for acknowledgements.

use super::{Node, Wait};
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, CommandSpec, Flags, Outcome, Run};
use crate::id::ConnId;
use crate::node::conn::Conn;
use crate::num::parse_i64;
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::Trace;

/// What is paused. The later contains the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub(in crate::node) enum PauseKind {
    #[default]
    Nothing,
    /// Commands that may change data or reach the replicas.
    Write,
    /// All commands of clients.
    All,
}

/// What a pause is for. There may be one for each purpose at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum PausePurpose {
    /// `CLIENT PAUSE`
    Command,
    /// Replicas catch up before the server leaves.
    Shutdown,
    /// A replica catches up before it takes over.
    Failover,
}

/// A pause; without `until` it lasts until it is ended.
#[derive(Debug, Clone, Copy, Hash)]
struct Pause {
    kind: PauseKind,
    until: Option<Instant>,
}

/// All pauses.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Pauses {
    by_purpose: [Option<Pause>; 3],
    /// The strictest of them.
    kind: PauseKind,
}

impl Pauses {
    /// When the next of them ends by itself.
    pub(super) fn until(&self) -> Option<Instant> {
        self.by_purpose.iter().flatten().filter_map(|pause| pause.until).min()
    }
}

impl<T: Trace> Node<T> {
    /// Pauses clients. A pause for the same purpose is extended, never shortened or relaxed.
    pub(in crate::node) fn pause(
        &mut self,
        kind: PauseKind,
        purpose: PausePurpose,
        until: Option<Instant>,
    ) {
        let place = &mut self.waiting.pauses.by_purpose[purpose as usize];
        let old = place.unwrap_or(Pause { kind, until });
        let later = match (old.until, until) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
        *place = Some(Pause { kind: old.kind.max(kind), until: later });
        self.check_pauses();
    }

    /// Ends the pause for this purpose.
    pub(in crate::node) fn unpause(&mut self, purpose: PausePurpose) {
        self.waiting.pauses.by_purpose[purpose as usize] = None;
        self.check_pauses();
    }

    /// Whether there is any pause.
    #[inline]
    pub(in crate::node) fn is_paused(&self) -> bool {
        self.waiting.pauses.kind != PauseKind::Nothing
    }

    /// Whether our master's stream has to wait.
    #[inline]
    pub(in crate::node) fn pauses_master(&self) -> bool {
        self.waiting.pauses.kind == PauseKind::All
    }

    /// Ends pauses whose time is over, and frees the paused clients if less is paused than before:
    /// their commands are tried again.
    pub(super) fn check_pauses(&mut self) {
        let now = self.now.instant;
        let pauses = &mut self.waiting.pauses;
        for place in &mut pauses.by_purpose {
            *place = place.filter(|pause| pause.until.is_none_or(|until| until > now));
        }
        let kind = pauses.by_purpose.iter().flatten().map(|pause| pause.kind).max();
        let old = std::mem::replace(&mut pauses.kind, kind.unwrap_or_default());
        if self.waiting.pauses.kind < old {
            for id in std::mem::take(&mut self.waiting.paused) {
                self.free_paused(id);
            }
            // What was held back during the pause.
            self.waiting.turn_due = true;
        }
    }

    fn free_paused(&mut self, id: ConnId) {
        if let Some(mut conn) = self.conns.take(id) {
            self.release(&mut conn, "the pause is over");
            self.put_back(conn);
        }
    }

    /// A command passed all checks but comes during a pause. Returns whether the client has to wait
    /// with it.
    #[cold]
    pub(in crate::node) fn postpone(&mut self, conn: &mut Conn, spec: &CommandSpec) -> bool {
        self.check_pauses();
        let queued = conn.multi.as_deref();
        let writes = matches!(spec.run, Run::Node(NodeCommand::Exec))
            && queued.is_some_and(|multi| multi.writes || multi.may_replicate);
        let held = match self.waiting.pauses.kind {
            PauseKind::Nothing => false,
            PauseKind::Write => {
                writes || spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::MAY_REPLICATE)
            }
            PauseKind::All => true,
        };
        if held {
            self.block(conn, Wait::Pause, 0);
        }
        held
    }

    /// `CLIENT PAUSE timeout [WRITE | ALL]`
    pub(in crate::node) fn client_pause(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let kind = match args.get(3) {
            None => PauseKind::All,
            Some(word) if word.eq_ignore_ascii_case(b"all") => PauseKind::All,
            Some(word) if word.eq_ignore_ascii_case(b"write") => PauseKind::Write,
            Some(_) => {
                return Err(CmdError::fixed("ERR CLIENT PAUSE mode must be WRITE or ALL"));
            }
        };
        let until = self.now.instant.plus_ms(timeout_in_ms(args.at(2))?);
        self.pause(kind, PausePurpose::Command, Some(until));
        conn.out.ok();
        Ok(())
    }
}

/// A timeout in milliseconds.
pub(super) fn timeout_in_ms(text: &[u8]) -> Result<u64, CmdError> {
    const INVALID: CmdError = CmdError::fixed("ERR timeout is not an integer or out of range");
    const NEGATIVE: CmdError = CmdError::fixed("ERR timeout is negative");
    let ms = parse_i64(text).ok_or(INVALID)?;
    u64::try_from(ms).map_err(|_| NEGATIVE)
}
