//! Leaving: `SHUTDOWN`, SIGTERM, and what has to happen before.
//!
//! Replicas that lag get `shutdown-timeout` to catch up while writes are paused; then the dataset
//! is saved, if it is to be. From the cut of that last snapshot on nobody is served, as in Redis,
//! whose last save blocks: nothing may enter the stream that the file does not know.

use super::blocked::{PauseKind, PausePurpose, Wait};
use super::conn::Conn;
use super::snapshot::Phase;
use super::{Action, Node};
use crate::commands::{CmdError, Outcome};
use crate::replication::state::ReplicaState;
use crate::resp::Args;
use crate::time::Instant;
use crate::trace::{Level, Trace};

/// The signal that asks a process to leave: each has its own directive (`shutdown-on-sigterm`,
/// `shutdown-on-sigint`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGTERM
    Term,
    /// SIGINT
    Int,
}

/// How to leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct How {
    save: bool,
    nosave: bool,
    now: bool,
    force: bool,
}

impl How {
    /// Takes one word of `SHUTDOWN` or of a directive; false if it is none.
    fn take(&mut self, word: &[u8]) -> bool {
        match word.to_ascii_lowercase().as_slice() {
            b"save" => self.save = true,
            b"nosave" => self.nosave = true,
            b"now" => self.now = true,
            b"force" => self.force = true,
            _ => return false,
        }
        true
    }
}

/// A shutdown under way.
#[derive(Debug, Clone, Hash)]
pub(super) struct Shutdown {
    how: How,
    /// Until when replicas may catch up; `None`: they had their time.
    until: Option<Instant>,
}

impl<T: Trace> Node<T> {
    /// `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]`
    pub(super) fn shutdown_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let (mut how, mut abort) = (How::default(), false);
        for word in args.from(1) {
            let known = how.take(word);
            abort |= !known && word.eq_ignore_ascii_case(b"abort");
            if !known && !word.eq_ignore_ascii_case(b"abort") {
                return Err(CmdError::SYNTAX);
            }
        }
        if (abort && how != How::default()) || (how.save && how.nosave) {
            return Err(CmdError::SYNTAX);
        }
        if abort {
            if self.shutdown.is_none() {
                return Err(CmdError::fixed("ERR No shutdown in progress."));
            }
            self.cancel_shutdown();
            self.log(Level::Notice, "Shutdown manually aborted.");
            conn.out.ok();
            return Ok(());
        }
        self.block(conn, Wait::Shutdown, 0);
        // This client is in hand, not in the table: it hears of a failure with the others, which
        // comes with a file's result at the earliest.
        self.prepare_shutdown(how);
        Ok(())
    }

    /// A signal asked the process to leave.
    pub(super) fn shutdown_signal(&mut self, signal: Signal) {
        let words = match signal {
            Signal::Term => &self.config.driver.shutdown_on_sigterm,
            Signal::Int => &self.config.driver.shutdown_on_sigint,
        };
        let mut how = How::default();
        words.split_whitespace().for_each(|word| {
            how.take(word.as_bytes());
        });
        self.prepare_shutdown(how);
    }

    /// Whether the node is on its way out.
    pub fn is_leaving(&self) -> bool {
        self.shutdown.is_some()
    }

    /// Milliseconds until the node stops waiting for its replicas and leaves.
    pub(super) fn shutdown_in_ms(&self) -> Option<u64> {
        let until = self.shutdown.as_ref()?.until?;
        Some((until - self.now.instant) / 1000)
    }

    /// Whether the last snapshot is being made: nothing may enter the stream any more.
    pub(super) fn makes_last_snapshot(&self) -> bool {
        self.shutdown.as_ref().is_some_and(|shutdown| shutdown.until.is_none())
    }

    fn prepare_shutdown(&mut self, mut how: How) {
        if self.shutdown.is_some() {
            return;
        }
        if self.loads() {
            // Half a dataset must not take the place of the whole one on the disk.
            (how.save, how.nosave) = (false, true);
        }
        self.log(Level::Warning, "User requested shutdown...");
        let seconds = self.config.shutdown_timeout;
        if how.now || seconds == 0 || self.replicas_in_sync() {
            self.shutdown = Some(Shutdown { how, until: None });
            return self.finish_shutdown();
        }
        let until = Some(self.now.instant.plus_ms(seconds * 1000));
        self.shutdown = Some(Shutdown { how, until });
        // As in Redis, nobody is asked while an earlier pause holds the stream still.
        if !self.is_paused() {
            self.feed_getack();
        }
        self.pause(PauseKind::Write, PausePurpose::Shutdown, None);
        self.watch_from_now();
        self.log(Level::Notice, "Waiting for replicas before shutting down.");
    }

    /// Every 100 ms while replicas catch up.
    pub(super) fn check_shutdown(&mut self) {
        let Some(until) = self.shutdown.as_ref().and_then(|shutdown| shutdown.until) else {
            return;
        };
        if self.now.instant >= until || self.replicas_in_sync() {
            self.finish_shutdown();
        }
    }

    fn replicas_in_sync(&self) -> bool {
        self.lagging().next().is_none()
    }

    fn lagging(&self) -> impl Iterator<Item = &Conn> {
        let produced = self.stream.master_repl_offset();
        let conns = self.replicas.iter().filter_map(|id| self.conns.get(*id));
        conns.filter(move |conn| conn.replica().is_some_and(|peer| peer.ack_offset != produced))
    }

    fn finish_shutdown(&mut self) {
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.until = None;
        let how = shutdown.how;
        self.log_lagging();
        let child = self.snapshot.as_ref().is_some_and(|job| job.phase != Phase::Sending);
        if child {
            self.log(Level::Warning, "There is a child saving an .rdb. Killing it!");
        }
        self.abort_snapshot();
        let saves = how.save || (!how.nosave && !self.config.save.is_empty());
        if !saves {
            return self.exit();
        }
        self.log(Level::Notice, "Saving the final RDB snapshot before exiting.");
        self.pause(PauseKind::All, PausePurpose::Shutdown, None);
        self.begin_disk_save();
        if let Some(job) = &mut self.snapshot {
            job.foreground = true;
            job.then_exit = true;
        }
        while self.snapshot.as_ref().is_some_and(|job| job.phase == Phase::Cutting) {
            self.snapshot_work();
        }
    }

    /// What each replica misses that will not see the end of the stream.
    fn log_lagging(&mut self) {
        let (now, produced) = (self.now.instant, self.stream.master_repl_offset());
        let line = |conn: &Conn| {
            let peer = conn.replica()?;
            let (state, lag) = match peer.state {
                ReplicaState::Online => ("online", now.secs_since(peer.ack_time)),
                ReplicaState::SendBulk => ("send_bulk", 0),
                _ => ("wait_bgsave", 0),
            };
            let behind = produced as i64 - peer.ack_offset as i64;
            let name = conn.replica_name();
            Some(format!(
                "Lagging replica {name} reported offset {behind} behind master, lag={lag}, \
                 state={state}."
            ))
        };
        let lines: Vec<String> = self.lagging().filter_map(line).collect();
        let (all, lagging) = (self.replicas.len(), lines.len());
        for line in lines {
            self.log(Level::Warning, line);
        }
        if all > 0 {
            let in_sync = all - lagging;
            let text = format!("{in_sync} of {all} replicas are in sync when shutting down.");
            self.log(Level::Notice, text);
        }
    }

    pub(super) fn after_final_save(&mut self, ok: bool) {
        if ok {
            return self.exit();
        }
        if self.shutdown.as_ref().is_some_and(|shutdown| shutdown.how.force) {
            self.log(Level::Warning, "Error trying to save the DB. Exit anyway.");
            return self.exit();
        }
        self.log(Level::Warning, "Error trying to save the DB, can't exit.");
        self.log(
            Level::Warning,
            "Errors trying to shut down the server. Check the logs for more information.",
        );
        self.cancel_shutdown();
    }

    fn cancel_shutdown(&mut self) {
        self.shutdown = None;
        self.unblock_shutdown(|conn| conn.out.error("ERR Errors trying to SHUTDOWN. Check logs."));
        self.unpause(PausePurpose::Shutdown);
    }

    /// The driver says goodbye, when it has cleared away what it put into the file system.
    fn exit(&mut self) {
        self.actions.push_back(Action::Exit { code: 0 });
    }
}
