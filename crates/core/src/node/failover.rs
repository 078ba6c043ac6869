//! `FAILOVER`: a master hands its role to one of its replicas without losing a write.
//!
//! Writes are paused until a replica has acknowledged the whole stream (`waiting-for-sync`). Then
//! the master becomes that replica's replica (`failover-in-progress`), and its PSYNC says FAILOVER:
//! this makes the other a master, which continues the stream.

use super::Node;
use super::blocked::{PauseKind, PausePurpose};
use super::conn::Conn;
use crate::commands::{CmdError, Outcome};
use crate::num::parse_i64;
use crate::replication::state::ReplicaState;
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::{Level, Trace};

/// How far a failover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum FailoverState {
    /// A replica has to acknowledge everything.
    WaitingForSync,
    /// This node is the target's replica, or tries to be.
    InProgress,
}

/// A failover under way.
#[derive(Debug, Clone, Hash)]
pub(super) struct Failover {
    state: FailoverState,
    /// Address of the replica that takes over; `None`: the first that has everything.
    target: Option<(String, u16)>,
    /// When it is given up, or forced.
    until: Option<Instant>,
    force: bool,
}

/// The words of the command.
#[derive(Debug, Default)]
struct Wish {
    target: Option<(String, i64)>,
    timeout_ms: u64,
    force: bool,
}

impl Wish {
    fn parse(args: Args<'_>) -> Result<Self, CmdError> {
        let mut wish = Self::default();
        let mut at = 1;
        while at < args.len() {
            let word = args.at(at).to_ascii_lowercase();
            let left = args.len() - at - 1;
            match word.as_slice() {
                b"timeout" if left >= 1 && wish.timeout_ms == 0 => {
                    let ms = parse_i64(args.at(at + 1)).ok_or(CmdError::NOT_INT)?;
                    wish.timeout_ms = u64::try_from(ms).unwrap_or(0);
                    if wish.timeout_ms == 0 {
                        let text = "ERR FAILOVER timeout must be greater than 0";
                        return Err(CmdError::fixed(text));
                    }
                    at += 2;
                }
                b"to" if left >= 2 && wish.target.is_none() => {
                    let port = parse_i64(args.at(at + 2)).ok_or(CmdError::NOT_INT)?;
                    let host = String::from_utf8_lossy(args.at(at + 1)).into_owned();
                    wish.target = Some((host, port));
                    at += 3;
                }
                b"force" if !wish.force => {
                    wish.force = true;
                    at += 1;
                }
                _ => return Err(CmdError::SYNTAX),
            }
        }
        Ok(wish)
    }
}

impl<T: Trace> Node<T> {
    /// `FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]`
    pub(super) fn failover_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if args.len() == 2 && args.at(1).eq_ignore_ascii_case(b"abort") {
            if self.failover.is_none() {
                return Err(CmdError::fixed("ERR No failover in progress."));
            }
            self.abort_failover("Failover manually aborted");
            conn.out.ok();
            return Ok(());
        }
        let wish = Wish::parse(args)?;
        let target = self.admit_failover(&wish)?;
        let text = match &target {
            Some((host, port)) => format!("FAILOVER requested to {host}:{port}."),
            None => "FAILOVER requested to any replica.".to_owned(),
        };
        self.log(Level::Notice, text);
        let until = (wish.timeout_ms > 0).then(|| self.now.instant.plus_ms(wish.timeout_ms));
        let state = FailoverState::WaitingForSync;
        self.failover = Some(Failover { state, target, until, force: wish.force });
        self.pause(PauseKind::Write, PausePurpose::Failover, None);
        self.watch_from_now();
        self.waiting.come_back();
        conn.out.ok();
        Ok(())
    }

    /// Whether a failover can begin; the target's address.
    fn admit_failover(&self, wish: &Wish) -> Result<Option<(String, u16)>, CmdError> {
        let refuse = |text| Err(CmdError::fixed(text));
        if self.failover.is_some() {
            return refuse("ERR FAILOVER already in progress.");
        }
        if self.config.replicaof.is_some() {
            return refuse("ERR FAILOVER is not valid when server is a replica.");
        }
        if self.replicas.is_empty() {
            return refuse("ERR FAILOVER requires connected replicas.");
        }
        if wish.force && (wish.timeout_ms == 0 || wish.target.is_none()) {
            return refuse(
                "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
            );
        }
        let Some((host, port)) = &wish.target else { return Ok(None) };
        let port = u16::try_from(*port).ok();
        let Some((port, found)) =
            port.and_then(|port| Some((port, self.find_replica(host, port)?)))
        else {
            return refuse("ERR FAILOVER target HOST and PORT is not a replica.");
        };
        if found.replica().is_none_or(|peer| peer.state != ReplicaState::Online) {
            return refuse("ERR FAILOVER target replica is not online.");
        }
        Ok(Some((host.clone(), port)))
    }

    fn find_replica(&self, host: &str, port: u16) -> Option<&Conn> {
        let conns = self.replicas.iter().filter_map(|id| self.conns.get(*id));
        conns.into_iter().find(|conn| {
            let (ip, listening) = conn.replica_address();
            ip.eq_ignore_ascii_case(host) && listening == port
        })
    }

    /// After each batch and every 100 ms: is it over, or can the target take over?
    pub(super) fn update_failover(&mut self) {
        let Some(failover) = &self.failover else { return };
        if failover.state != FailoverState::WaitingForSync {
            return;
        }
        if failover.until.is_some_and(|until| self.now.instant >= until) {
            let Some((host, port)) = failover.target.clone().filter(|_| failover.force) else {
                return self.abort_failover("Replica never caught up before timeout");
            };
            let text = format!("FAILOVER to {host}:{port} time out exceeded, failing over.");
            return self.fail_over(host, port, text);
        }
        let produced = self.stream.master_repl_offset();
        let synced = |conn: &&Conn| conn.replica().is_some_and(|p| p.ack_offset == produced);
        let (host, port) = match &failover.target {
            Some((host, port)) => {
                if self.find_replica(host, *port).filter(synced).is_none() {
                    return;
                }
                (host.clone(), *port)
            }
            None => {
                let conns = self.replicas.iter().filter_map(|id| self.conns.get(*id));
                let Some(conn) = conns.into_iter().find(synced) else { return };
                conn.replica_address()
            }
        };
        let text = format!("Failover target {host}:{port} is synced, failing over.");
        self.fail_over(host, port, text);
    }

    fn fail_over(&mut self, host: String, port: u16, text: String) {
        if let Some(failover) = &mut self.failover {
            failover.state = FailoverState::InProgress;
            failover.target = Some((host.clone(), port));
        }
        self.log(Level::Notice, text);
        self.follow(host, port);
    }

    /// Gives the failover up: this node is, or becomes again, a master.
    pub(super) fn abort_failover(&mut self, why: &str) {
        let Some(failover) = &self.failover else { return };
        let in_progress = failover.state == FailoverState::InProgress;
        let text = match &failover.target {
            Some((host, port)) => format!("FAILOVER to {host}:{port} aborted: {why}"),
            None => format!("FAILOVER to any replica aborted: {why}"),
        };
        self.log(Level::Notice, text);
        if in_progress {
            self.become_master();
        }
        self.end_failover();
    }

    /// The target has answered our PSYNC.
    pub(super) fn failover_answered(&mut self, accepted: bool) {
        if !self.failover_in_progress() {
            return;
        }
        match accepted {
            true => self.end_failover(),
            false => self.abort_failover("Failover target rejected psync request"),
        }
    }

    fn end_failover(&mut self) {
        self.failover = None;
        self.unpause(PausePurpose::Failover);
    }

    /// Whether our PSYNC is to say FAILOVER.
    pub(super) fn failover_in_progress(&self) -> bool {
        self.failover.as_ref().is_some_and(|f| f.state == FailoverState::InProgress)
    }

    /// Whether the periodic PING has to wait, since a replica is to reach our offset in time.
    pub(super) fn failover_holds_ping(&self) -> bool {
        self.failover.as_ref().is_some_and(|failover| failover.until.is_some())
    }

    /// `master_failover_state`
    pub(super) fn failover_state(&self) -> &'static str {
        match self.failover.as_ref().map(|failover| failover.state) {
            None => "no-failover",
            Some(FailoverState::WaitingForSync) => "waiting-for-sync",
            Some(FailoverState::InProgress) => "failover-in-progress",
        }
    }

    /// A master that fails over asks for its stream: this node becomes a master, if the stream is
    /// the one it holds.
    pub(super) fn promoted_by_psync(&mut self, conn: &Conn, replid: &[u8]) -> Outcome {
        let text = format!("Failover request received for replid {}.", replid.escape_ascii());
        self.log(Level::Warning, text);
        if self.config.replicaof.is_none() {
            return Err(CmdError::fixed("ERR PSYNC FAILOVER can't be sent to a master."));
        }
        if !replid.eq_ignore_ascii_case(self.stream.replid().as_bytes()) {
            return Err(CmdError::fixed("ERR PSYNC FAILOVER replid must match my replid."));
        }
        self.become_master();
        let client = self.describe_client(conn);
        let text = format!("MASTER MODE enabled (failover request from '{client}')");
        self.log(Level::Notice, text);
        Ok(())
    }
}
