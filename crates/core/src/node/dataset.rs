//! Commands over whole databases.

use super::Node;
use super::conn::Conn;
use crate::commands::server::NodeCommand;
use crate::commands::{CmdError, Outcome};
use crate::resp::Args;
use crate::trace::Trace;

impl<T: Trace> Node<T> {
    /// `FLUSHDB`, `FLUSHALL` with `ASYNC` or `SYNC` (which make no difference here: nothing else
    /// runs meanwhile, and freeing is quick).
    pub(super) fn flush_command(
        &mut self,
        conn: &mut Conn,
        command: NodeCommand,
        args: Args<'_>,
    ) -> Outcome {
        let mode_known = args.get(1).is_none_or(|mode| {
            mode.eq_ignore_ascii_case(b"async") || mode.eq_ignore_ascii_case(b"sync")
        });
        if !mode_known || args.len() > 2 {
            return Err(CmdError::SYNTAX);
        }
        self.begin_read();
        let removed = match command {
            NodeCommand::Flushall => self.keyspace.flush_all(),
            _ => self.keyspace.flush(conn.db),
        };
        // Propagated even when nothing was there: a replica may hold what its master does not.
        self.propagate_own(conn.db, args, removed as u64);
        conn.out.ok();
        Ok(())
    }

    pub(super) fn flush_all(&mut self) {
        self.begin_read();
        self.saving.dirty += self.keyspace.flush_all() as u64;
    }

    pub(super) fn flush_db(&mut self, db: usize) {
        self.begin_read();
        self.saving.dirty += self.keyspace.flush(db) as u64;
    }

    /// `SWAPDB`
    pub(super) fn swapdb_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let index = |at: usize, which: &str| {
            let number = crate::num::parse_i64(args.at(at));
            number
                .and_then(|n| i32::try_from(n).ok())
                .ok_or_else(|| CmdError::new(format!("ERR invalid {which} DB index")))
        };
        let (first, second) = (index(1, "first")?, index(2, "second")?);
        let in_range =
            |db: i32| usize::try_from(db).ok().filter(|db| *db < self.keyspace.databases());
        let (Some(first), Some(second)) = (in_range(first), in_range(second)) else {
            return Err(CmdError::fixed("ERR DB index is out of range"));
        };
        self.swap_dbs(first, second);
        self.propagate_own(conn.db, args, 1);
        conn.out.ok();
        Ok(())
    }

    pub(super) fn swap_dbs(&mut self, first: usize, second: usize) {
        self.begin_read();
        self.keyspace.swap_db(first, second);
    }
}
