//! MULTI, EXEC, DISCARD, WATCH.

use std::collections::btree_map::Entry;

use super::Node;
use super::conn::{Conn, WATCHED_KEY_BYTES};
use crate::commands::{CmdError, CommandSpec, Flags, Outcome};
use crate::resp::Args;
use crate::trace::Trace;

impl<T: Trace> Node<T> {
    pub(super) fn multi(&mut self, conn: &mut Conn) -> Outcome {
        if conn.multi.is_some() {
            return Err(CmdError::fixed("ERR MULTI calls can not be nested"));
        }
        conn.multi = Some(Box::default());
        conn.out.ok();
        Ok(())
    }

    /// Keeps a command for EXEC.
    pub(super) fn queue(&mut self, conn: &mut Conn, spec: &'static CommandSpec, args: Args<'_>) {
        if spec.flags.has(Flags::NO_MULTI) {
            return self
                .refuse(conn, &CmdError::fixed("ERR Command not allowed inside a transaction"));
        }
        let Some(multi) = &mut conn.multi else { return };
        multi.writes |= spec.flags.has(Flags::WRITE);
        multi.needs_room |= spec.flags.has(Flags::DENYOOM);
        multi.may_replicate |= spec.flags.has(Flags::MAY_REPLICATE);
        multi.not_stale |= !spec.flags.has(Flags::STALE);
        multi.not_loading |= !spec.flags.has(Flags::LOADING);
        multi.bytes.extend_from_slice(args.raw());
        multi.ranges.extend_from_slice(args.ranges());
        multi.commands.push((multi.bytes.len(), multi.ranges.len()));
        conn.out.simple("QUEUED");
    }

    /// An EXEC that must not run now discards its transaction and says why.
    pub(super) fn refuse_exec(&mut self, conn: &mut Conn, error: &CmdError) {
        conn.multi = None;
        self.unwatch_all(conn);
        let why = error.bytes().strip_prefix(b"ERR ").unwrap_or(error.bytes());
        let error = CmdError::quoting("EXECABORT Transaction discarded because of: ", why, "");
        self.refuse(conn, &error);
    }

    pub(super) fn discard(&mut self, conn: &mut Conn) -> Outcome {
        if conn.multi.take().is_none() {
            return Err(CmdError::fixed("ERR DISCARD without MULTI"));
        }
        self.unwatch_all(conn);
        conn.out.ok();
        Ok(())
    }

    pub(super) fn exec(&mut self, conn: &mut Conn) -> Outcome {
        let Some(multi) = conn.multi.take() else {
            return Err(CmdError::fixed("ERR EXEC without MULTI"));
        };
        let untouched = self.watched_untouched(conn);
        self.unwatch_all(conn);
        if multi.broken {
            return Err(CmdError::fixed(
                "EXECABORT Transaction discarded because of previous errors.",
            ));
        }
        if !untouched {
            conn.out.null_array();
            return Ok(());
        }
        conn.out.array(multi.commands.len());
        self.unit.collecting = true;
        let (mut start, mut first) = (0, 0);
        for (end, last) in &multi.commands {
            let args = Args::new(&multi.bytes[start..*end], &multi.ranges[first..*last]);
            (start, first) = (*end, *last);
            if let Some(spec) = self.command_named(args.at(0)) {
                self.call(conn, spec, args);
            }
        }
        self.flush_unit();
        Ok(())
    }

    pub(super) fn watch(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if conn.multi.is_some() {
            return Err(CmdError::fixed("ERR WATCH inside MULTI is not allowed"));
        }
        self.begin_read();
        for key in args.from(1) {
            if let Entry::Vacant(place) = conn.watched.keys.entry((conn.db, key.to_vec())) {
                place.insert(self.keyspace.watch(conn.db, key));
                conn.watched.bytes += key.len() + WATCHED_KEY_BYTES;
            }
        }
        conn.out.ok();
        Ok(())
    }

    pub(super) fn unwatch_all(&mut self, conn: &mut Conn) {
        for (db, key) in std::mem::take(&mut conn.watched).keys.into_keys() {
            self.keyspace.unwatch(db, &key);
        }
    }

    fn watched_untouched(&mut self, conn: &Conn) -> bool {
        if conn.watched.keys.is_empty() {
            return true;
        }
        self.begin_read();
        let mut watched = conn.watched.keys.iter();
        !watched.any(|((db, key), version)| self.keyspace.watch_changed(*db, key, *version))
    }
}
