//! Leaving: `SHUTDOWN`, SIGTERM, and what has to happen before.

use super::blocked::Wait;
use super::conn::Conn;
use super::snapshot::Phase;
use super::{Action, Node};
use crate::commands::{CmdError, Outcome};
use crate::resp::Args;
use crate::trace::{Level, Trace};

impl<T: Trace> Node<T> {
    /// `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]`
    pub(super) fn shutdown_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let (mut save, mut nosave) = (false, false);
        for word in args.from(1) {
            match word.to_ascii_lowercase().as_slice() {
                b"save" => save = true,
                b"nosave" => nosave = true,
                b"now" | b"force" => {}
                b"abort" => return Err(CmdError::fixed("ERR No shutdown in progress.")),
                _ => return Err(CmdError::SYNTAX),
            }
        }
        if save && nosave {
            return Err(CmdError::SYNTAX);
        }
        self.log(Level::Warning, "User requested shutdown...");
        self.block(conn, Wait::Shutdown, 0);
        self.shut_down(save || (!nosave && !self.config.save.is_empty()));
        Ok(())
    }

    pub(super) fn shut_down(&mut self, save: bool) {
        self.abort_snapshot("the server is leaving");
        if !save {
            return self.exit();
        }
        self.log(Level::Notice, "Saving the final RDB snapshot before exiting.");
        self.begin_disk_save();
        if let Some(job) = &mut self.snapshot {
            job.foreground = true;
            job.then_exit = true;
        }
        while self.snapshot.as_ref().is_some_and(|job| job.phase == Phase::Cutting) {
            self.snapshot_work();
        }
    }

    pub(super) fn after_final_save(&mut self, ok: bool) {
        if ok {
            return self.exit();
        }
        self.log(Level::Warning, "Error trying to save the DB, can't exit.");
        self.log(
            Level::Warning,
            "Errors trying to shut down the server. Check the logs for more information.",
        );
        self.unblock_shutdown(|conn| {
            conn.out.error("ERR Errors trying to SHUTDOWN. Check logs.");
        });
    }

    /// The driver says goodbye, when it has cleared away what it put into the file system.
    fn exit(&mut self) {
        self.actions.push_back(Action::Exit { code: 0 });
    }
}
