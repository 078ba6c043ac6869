//! The handshake on the link, line by line, up to the reply to `PSYNC`.

use super::super::Node;
use super::super::conn::Conn;
use super::super::decisions::Answer;
use super::ONLY_SYNC;
use crate::id::ReplId;
use crate::mutants::{Mutant, mutant};
use crate::replication::handshake::{self, Identity, Progress, PsyncReply};
use crate::replication::psync::Request;
use crate::replication::state::ReplState;
use crate::replication::transfer::HEADER_LINE_MAX;
use crate::trace::{CloseReason, Event, Level, Trace};

impl<T: Trace> Node<T> {
    pub(super) fn identity(config: &crate::config::Config) -> Identity<'_> {
        Identity {
            user: &config.masteruser,
            password: &config.masterauth,
            port: match config.replica_announce_port {
                0 => config.port,
                port => port,
            },
            ip: &config.replica_announce_ip,
            modern: config.era.is_modern(),
            capa: config.era.has_capa(),
            psync2: config.era.has_psync2(),
        }
    }

    /// One line of the handshake. Returns the bytes used, 0 if the line is not complete.
    pub(super) fn line_input(&mut self, conn: &mut Conn, input: &[u8]) -> usize {
        let Some(end) = input.iter().take(HEADER_LINE_MAX).position(|b| *b == b'\n') else {
            if input.len() >= HEADER_LINE_MAX {
                self.abort_link(conn, "I/O error reading from MASTER: line too long".into());
            }
            return 0;
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        match self.link.state {
            ReplState::ReceivePsyncReply => self.psync_reply(conn, line),
            ReplState::ReceivePingReply => {
                let progress = handshake::ping_reply(line);
                self.progress(conn, progress);
            }
            state => {
                let who = Self::identity(&self.config);
                let progress = handshake::introduction_reply(state, line, &who);
                self.progress(conn, progress);
            }
        }
        end + 1
    }

    fn progress(&mut self, conn: &mut Conn, progress: Progress) {
        let (next, note) = match progress {
            Progress::Failed(text) => return self.abort_link(conn, text),
            Progress::Next(next, note) => (next, note),
        };
        if let Some(note) = note {
            self.log(Level::Notice, note);
        }
        self.set_link_state(next, "the master replied");
        if next == ReplState::SendHandshake {
            let who = Self::identity(&self.config);
            let state = handshake::introduce(&who, conn.out.buffer_mut());
            self.set_link_state(state, "AUTH and REPLCONF sent");
        } else if next == ReplState::SendPsync {
            self.ask_for_sync(conn);
        } else if !self.config.era.is_modern() {
            let who = Self::identity(&self.config);
            handshake::introduce_part(next, &who, conn.out.buffer_mut());
        }
    }

    fn ask_for_sync(&mut self, conn: &mut Conn) {
        if !self.config.era.has_psync() {
            self.link.no_history = ONLY_SYNC;
            self.note_asked(Request::Sync);
            let why = self.link.no_history.into();
            self.record(Event::PsyncSent { replid: None, offset: -1, why });
            conn.out.buffer_mut().extend_from_slice(b"SYNC\r\n");
            return self.begin_transfer(None);
        }
        let (replid, applied) = self.place();
        let history = self.link.cached.map(|_| (replid, applied + 1));
        match history {
            Some((replid, offset)) => self.log(
                Level::Notice,
                format!("Trying a partial resynchronization (request {replid}:{offset})."),
            ),
            None => {
                self.log(Level::Notice, "Partial resynchronization not possible (no cached master)")
            }
        }
        let (modern, failover) = (self.config.era.is_modern(), self.failover_in_progress());
        handshake::ask(modern, history, failover, conn.out.buffer_mut());
        let request = history.map_or(Request::Fresh, |(replid, offset)| Request::Resume {
            replid: replid.as_bytes().to_vec(),
            offset: offset as i64,
        });
        self.note_asked(request);
        self.record(Event::PsyncSent {
            replid: history.map(|(replid, _)| replid),
            offset: history.map_or(-1, |(_, offset)| offset as i64),
            why: if history.is_none() { self.link.no_history } else { "" }.into(),
        });
        self.set_link_state(ReplState::ReceivePsyncReply, "PSYNC sent");
    }

    fn psync_reply(&mut self, conn: &mut Conn, line: &[u8]) {
        let reply = handshake::psync_reply(line);
        let waits = matches!(reply, Ok(PsyncReply::Keepalive));
        let accepted =
            matches!(reply, Ok(PsyncReply::FullResync { .. } | PsyncReply::Continue { .. }));
        match reply {
            Err(text) => {
                self.note_answer(Answer::Refused);
                self.abort_link(conn, text);
            }
            Ok(PsyncReply::Keepalive) => {}
            Ok(PsyncReply::FullResync { replid, offset }) => {
                self.log(Level::Notice, format!("Full resync from master: {replid}:{offset}"));
                self.note_answer(Answer::Full(replid, offset));
                self.record(Event::FullResync { replid, offset });
                self.begin_transfer(Some((replid, offset)));
            }
            Ok(PsyncReply::Continue { replid }) if self.link.cached.is_some() => {
                self.note_answer(Answer::Partial);
                self.continued(replid);
            }
            Ok(PsyncReply::Continue { .. }) => {
                self.note_answer(Answer::Refused);
                let text = "Master replied +CONTINUE to a request for a full resynchronization";
                self.abort_link(conn, text.into());
            }
            Ok(PsyncReply::TryLater(text)) if self.config.era.has_psync2() => {
                self.note_answer(Answer::Refused);
                let text = format!(
                    "Master is currently unable to PSYNC but should be in the future: {text}"
                );
                self.log(Level::Notice, text);
                conn.closing = Some(CloseReason::Asked);
            }
            // Before Redis 4.0 any error was taken for a master that knows no PSYNC.
            Ok(PsyncReply::TryLater(text) | PsyncReply::NotSupported(text)) => {
                if text.starts_with("-ERR") {
                    let why = "Master does not support PSYNC or is in error state";
                    self.log(Level::Notice, format!("{why} (reply: {text})"));
                } else {
                    let text = format!("Unexpected reply to PSYNC from master: {text}");
                    self.log(Level::Warning, text);
                }
                if self.failover_in_progress() {
                    self.note_answer(Answer::Refused);
                    conn.closing = Some(CloseReason::Asked);
                    return self.failover_answered(false);
                }
                self.log(Level::Notice, "Retrying with SYNC...");
                self.note_answer(Answer::Sync);
                conn.out.buffer_mut().extend_from_slice(b"SYNC\r\n");
                self.begin_transfer(None);
            }
        }
        if !waits {
            self.failover_answered(accepted);
        }
    }

    /// `+CONTINUE`: the stream goes on where it was interrupted.
    fn continued(&mut self, replid: Option<ReplId>) {
        self.log(Level::Notice, "Successful partial resynchronization with master.");
        let changed = replid.is_some_and(|id| id != self.place().0);
        if let Some(id) = replid.filter(|_| changed) {
            self.stream.shift(id);
            self.log(Level::Warning, format!("Master replication ID changed to {id}"));
            if !mutant(Mutant::SubReplicasStayOnShift) {
                self.disconnect_replicas();
            }
        }
        if self.config.era.has_psync2() && !self.stream.is_active() {
            self.stream.create_backlog();
            self.backlog_created_event();
        }
        let (replid, applied) = self.place();
        self.record(Event::Continued { replid, changed, offset: applied + 1 });
        let forgotten = mutant(Mutant::StreamDbForgotten);
        self.link.db = self.link.cached.take().filter(|_| !forgotten).unwrap_or(0);
        self.link.down_since = None;
        self.link.pre_psync = false;
        self.set_link_state(ReplState::Connected, "+CONTINUE");
        self.log(
            Level::Notice,
            "MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.",
        );
    }
}
