//! Clients that wait: for keys (`BLPOP`), for acknowledgements (`WAIT`), for the end of a pause,
//! for a result of the node itself (`SAVE`, `SHUTDOWN`).
//!
//! # Invariants
//!
//! * A blocked client's further input stays in its buffer, unread. Once it is free, that input is
//!   run at the end of the turn, that is, when the batch of inputs that freed it has been handled
//!   ([`Node::end_turn`], called by the first `poll` after them), as Redis does before it sleeps.
//! * Who waits for a key is served in the order of blocking, after the command, the EXEC, or the
//!   master's command that brought the key into being; what is served is a unit of its own in the
//!   stream.
//! * Everything here is empty while nobody waits, and then costs a command one branch.

mod acks;
mod keys;
mod pause;

use std::collections::{BTreeMap, VecDeque};

pub(super) use keys::OnKeys;
pub(super) use pause::{PauseKind, PausePurpose};

use super::conn::{Conn, Kind};
use super::{Node, Timer};
use crate::id::ConnId;
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::{BlockedFor, CloseReason, Event, Trace};

/// What a client waits for.
#[derive(Debug, Clone, Hash)]
pub(super) enum Wait {
    /// The result of `SAVE`.
    Save,
    /// The end of the server, or that it does not end.
    Shutdown,
    /// Elements under some keys.
    Keys(OnKeys),
    /// So many replicas that acknowledged an offset.
    Acks { offset: u64, replicas: i64 },
    /// The end of a pause; its command is still in its buffer.
    Pause,
}

impl Wait {
    fn reason(&self) -> BlockedFor {
        match self {
            Self::Save | Self::Shutdown => BlockedFor::Result,
            Self::Keys(wait) => BlockedFor::Keys(wait.keys().map(<[u8]>::to_vec).collect()),
            Self::Acks { offset, replicas } => {
                BlockedFor::Acks { offset: *offset, replicas: *replicas }
            }
            Self::Pause => BlockedFor::Pause,
        }
    }
}

/// A client's wait.
#[derive(Debug, Clone, Hash)]
pub(super) struct Blocked {
    pub(super) wait: Wait,
    until: Option<Instant>,
    /// Its place in the order of blocking.
    turn: u64,
}

impl Blocked {
    /// Whether it is a wait for the end of a pause, which Redis leaves alone where it ends waits.
    pub(super) fn is_pause(&self) -> bool {
        matches!(self.wait, Wait::Pause)
    }

    /// The command that waits for keys.
    pub(super) fn command(&self) -> Option<Args<'_>> {
        match &self.wait {
            Wait::Keys(wait) => Some(wait.command()),
            _ => None,
        }
    }
}

/// Who waits, and for what.
#[derive(Debug, Clone, Default, Hash)]
pub(super) struct Waiting {
    /// How many clients are blocked.
    count: usize,
    next_turn: u64,
    /// Clients with a timeout, in the order in which those come.
    deadlines: BTreeMap<(Instant, u64), ConnId>,
    /// By key, in the order of blocking.
    keys: BTreeMap<(usize, Vec<u8>), VecDeque<ConnId>>,
    acks: Vec<ConnId>,
    paused: Vec<ConnId>,
    pauses: pause::Pauses,
    /// Freed clients, whose input is to be run at the end of the turn.
    freed: VecDeque<ConnId>,
    /// An ACK arrived: somebody's `WAIT` may be over.
    acked: bool,
    /// A `WAIT` wants acknowledgements to be asked for.
    ask_acks: bool,
    /// There is something to do at the end of the turn.
    turn_due: bool,
}

impl Waiting {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many of them have a timeout.
    pub(super) fn with_timeout(&self) -> usize {
        self.deadlines.len()
    }

    /// There is something to do at the end of the turn.
    pub(super) fn come_back(&mut self) {
        self.turn_due = true;
    }

    #[inline]
    pub(super) fn turn_due(&self) -> bool {
        self.turn_due
    }
}

impl<T: Trace> Node<T> {
    /// Makes the client wait. `timeout_ms` 0 is for ever. The caller writes no reply.
    pub(super) fn block(&mut self, conn: &mut Conn, wait: Wait, timeout_ms: u64) {
        debug_assert!(conn.blocked.is_none(), "a client waits for one thing at a time");
        let turn = self.waiting.next_turn;
        self.waiting.next_turn += 1;
        self.waiting.count += 1;
        let until = (timeout_ms > 0).then(|| self.now.instant.plus_ms(timeout_ms));
        if let Some(until) = until {
            self.waiting.deadlines.insert((until, turn), conn.id);
        }
        match &wait {
            Wait::Keys(on_keys) => self.await_keys(conn.id, on_keys),
            Wait::Acks { .. } => {
                self.waiting.acks.push(conn.id);
                self.waiting.ask_acks = true;
                self.waiting.turn_due = true;
            }
            Wait::Pause => self.waiting.paused.push(conn.id),
            Wait::Save | Wait::Shutdown => {}
        }
        if self.trace.is_fine() {
            self.record(Event::ClientBlocked { conn: conn.id, on: wait.reason() });
        }
        conn.blocked = Some(Box::new(Blocked { wait, until, turn }));
    }

    /// Ends the client's wait, whoever gave it its reply. Its input is run at the end of the turn.
    pub(super) fn release(&mut self, conn: &mut Conn, why: &'static str) -> Option<Wait> {
        let wait = self.forget_wait(conn)?;
        self.waiting.freed.push_back(conn.id);
        self.waiting.turn_due = true;
        if self.trace.is_fine() {
            self.record(Event::ClientUnblocked { conn: conn.id, why: why.into() });
        }
        Some(wait)
    }

    /// Takes a client off all lists of those who wait.
    pub(super) fn forget_wait(&mut self, conn: &mut Conn) -> Option<Wait> {
        let blocked = conn.blocked.take()?;
        self.waiting.count -= 1;
        if let Some(until) = blocked.until {
            self.waiting.deadlines.remove(&(until, blocked.turn));
        }
        match &blocked.wait {
            Wait::Keys(on_keys) => self.await_keys_no_more(conn.id, on_keys),
            Wait::Acks { .. } => self.waiting.acks.retain(|id| *id != conn.id),
            Wait::Pause => self.waiting.paused.retain(|id| *id != conn.id),
            Wait::Save | Wait::Shutdown => {}
        }
        Some(blocked.wait)
    }

    /// Ends the wait of a client that is in the table, with a reply.
    pub(super) fn unblock(
        &mut self,
        id: ConnId,
        why: &'static str,
        reply: impl FnOnce(&mut Conn),
    ) -> Option<Wait> {
        let mut conn = self.conns.take(id)?;
        let mark = conn.out.bytes().len();
        let wait = self.release(&mut conn, why);
        if wait.is_some() {
            reply(&mut conn);
            self.settle_reply(&mut conn, mark);
        }
        self.put_back(conn);
        wait
    }

    /// Answers a client as if its time were over: `CLIENT UNBLOCK`, and when it is. Returns whether
    /// it was in a wait that can end like this.
    pub(super) fn time_out(&mut self, id: ConnId, why: &'static str) -> bool {
        let Some(blocked) = self.conns.get(id).and_then(|conn| conn.blocked.as_deref()) else {
            return false;
        };
        match blocked.wait {
            Wait::Keys(_) => self.unblock(id, why, |conn| conn.out.null_array()),
            Wait::Acks { offset, .. } => {
                let acked = self.acknowledged_by(offset);
                self.unblock(id, why, |conn| conn.out.int(acked))
            }
            Wait::Save | Wait::Shutdown | Wait::Pause => None,
        }
        .is_some()
    }

    /// `CLIENT UNBLOCK`: as if the client's time were over, or with an error.
    pub(super) fn free_client(&mut self, id: ConnId, with_error: bool) -> bool {
        if !with_error {
            return self.time_out(id, "CLIENT UNBLOCK");
        }
        let waits = |wait: &Wait| matches!(wait, Wait::Keys(_) | Wait::Acks { .. });
        let conn = self.conns.get(id).and_then(|conn| conn.blocked.as_ref());
        conn.is_some_and(|blocked| waits(&blocked.wait)) && {
            self.stats.error_reply("UNBLOCKED");
            self.unblock(id, "CLIENT UNBLOCK", |conn| {
                conn.out.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
            });
            true
        }
    }

    /// The role changed: whoever waits for something of the old role is told, and disconnected.
    pub(super) fn disconnect_blocked(&mut self) {
        if self.waiting.count == 0 {
            return;
        }
        let ends = |conn: &&Conn| conn.blocked.as_ref().is_some_and(|wait| !wait.is_pause());
        let mut blocked: Vec<_> =
            self.conns.iter().filter(ends).map(|conn| (conn.client_id, conn.id)).collect();
        blocked.sort_unstable();
        for (_, id) in blocked {
            self.stats.error_reply("UNBLOCKED");
            self.unblock(id, "the role changed", |conn| {
                conn.out.error(
                    "UNBLOCKED force unblock from blocking operation, instance state changed \
                     (master -> replica?)",
                );
                conn.closing = Some(CloseReason::Asked);
            });
        }
    }

    /// Answers the clients that wait for the end of the server.
    pub(super) fn unblock_shutdown(&mut self, reply: impl Fn(&mut Conn)) {
        let waits =
            |conn: &&Conn| conn.blocked.as_ref().is_some_and(|b| matches!(b.wait, Wait::Shutdown));
        for id in self.conns.iter().filter(waits).map(|conn| conn.id).collect::<Vec<_>>() {
            self.unblock(id, "the server stays", &reply);
        }
    }

    /// When somebody's time is over, or a pause is.
    pub(super) fn next_wait_timer(&self) -> Option<(Instant, Timer)> {
        let deadline = self.waiting.deadlines.first_key_value().map(|((at, _), _)| *at);
        let pause = self.waiting.pauses.until();
        let at = match (deadline, pause) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some((at, Timer::Clients))
    }

    /// Answers those whose time is over, and lets go of those whose pause is.
    pub(super) fn fire_wait_timers(&mut self) {
        let now = self.now.instant;
        self.check_pauses();
        while let Some(((at, _), id)) = self.waiting.deadlines.first_key_value()
            && *at <= now
        {
            let id = *id;
            if !self.time_out(id, "its time is over") {
                debug_assert!(false, "a deadline without a wait");
                break;
            }
        }
    }

    /// What Redis does before it sleeps: answers `WAIT`s, runs the input of freed clients, asks for
    /// acknowledgements.
    #[cold]
    pub(super) fn end_turn(&mut self) {
        self.waiting.turn_due = false;
        // What made room for a command that was refused all the same.
        if self.keyspace.has_notices() {
            self.publish_notices(None);
        }
        if std::mem::take(&mut self.waiting.acked) {
            self.answer_waits();
        }
        while let Some(id) = self.waiting.freed.pop_front() {
            let Some(mut conn) = self.conns.take(id) else { continue };
            match conn.kind {
                Kind::Master => self.master_input(&mut conn, b""),
                _ => self.client_input(&mut conn, b""),
            }
            self.put_back(conn);
        }
        self.update_failover();
        if self.waiting.ask_acks && !self.is_paused() {
            self.waiting.ask_acks = false;
            self.feed_getack();
        }
    }
}
