//! Snapshots: one incremental cut of the dataset at a time, for the disk or for replicas.

use super::blocked::Wait;
use super::conn::{Conn, Payload};
use super::load::key_delay_us;
use super::{Action, FileEvent, FileOp, Node};
use crate::commands::{CmdError, Outcome};
use crate::config::Config;
use crate::id::ConnId;
use crate::keyspace::cut::CutOptions;
use crate::replication::state::{ReplState, ReplicaState};
use crate::replication::stream::SharedBuffer;
use crate::replication::transfer::{self, Framing};
use crate::resp::Args;
use crate::time::{Instant, Now};
use crate::trace::{CloseReason, Event, Level, SnapshotTarget, Trace};

/// RDB bytes produced in one go between commands, unless the driver wants less: some 300 µs of work
/// where keys and values are small.
const STEP_BYTES: usize = 64 * 1024;

/// How far a snapshot to sockets may run ahead of the slowest replica.
const PAYLOAD_AHEAD_BYTES: u64 = 4 * 1024 * 1024;

/// A snapshot in progress: from its cut until it is on disk, or until the last replica has received
/// it from memory.
#[derive(Debug, Clone, Hash)]
pub(super) struct Job {
    pub(super) target: SnapshotTarget,
    /// The diskless payload, with its `$EOF:` header and its mark.
    pub(super) payload: SharedBuffer,
    mark: [u8; 40],
    pub(super) temp: String,
    /// The name it gets when it is complete.
    pub(super) file: String,
    /// Nobody else was served meanwhile (`SAVE`, shutdown).
    pub(super) foreground: bool,
    bytes: u64,
    pub(super) phase: Phase,
    /// `dirty` when the cut was made: those changes are in it.
    dirty: u64,
    /// Clients that wait for the result (`SAVE`).
    waiting: Vec<ConnId>,
    /// Leave the process when it is on disk.
    pub(super) then_exit: bool,
    pub(super) started: Instant,
    pub(super) keys_total: u64,
    pub(super) keys_done: u64,
    /// Not before this more is to be written: `rdb-key-save-delay`.
    resume_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// The table is being walked.
    Cutting,
    /// The file is being synced and renamed.
    Committing,
    /// Replicas are still receiving it from memory.
    Sending,
}

/// What INFO and `LASTSAVE` tell about saving.
#[derive(Debug, Clone, Hash)]
pub(super) struct SaveState {
    /// RDB bytes produced in one go, see [`Node::set_snapshot_step`].
    pub(super) step_bytes: usize,
    /// Changes since the last save.
    pub(super) dirty: u64,
    /// Unix seconds of the last successful save.
    pub(super) last_save: u64,
    pub(super) last_ok: bool,
    /// Unix milliseconds when the log last said that a replica goes on although it cannot save.
    pub(super) told_unsaved_ms: u64,
    /// Unix milliseconds of the last try by a save point.
    pub(super) last_try_ms: u64,
    pub(super) last_duration_s: i64,
    pub(super) saves: u64,
    /// A `BGSAVE` waits for the end of the transaction it is in, or of the job in progress.
    pub(super) scheduled: bool,
    /// A job ended since the replicas that wait for one were looked at.
    pub(super) ended: bool,
    /// The RDB file was made for replicas, while `rdb-del-sync-files` was on.
    pub(super) for_replicas: bool,
}

impl SaveState {
    pub(super) fn new(now: Now) -> Self {
        Self {
            step_bytes: STEP_BYTES,
            dirty: 0,
            last_save: now.unix_ms / 1000,
            last_ok: true,
            last_try_ms: 0,
            last_duration_s: -1,
            saves: 0,
            scheduled: false,
            ended: false,
            told_unsaved_ms: 0,
            for_replicas: false,
        }
    }

    /// `stop-writes-on-bgsave-error`
    pub(super) fn refuses_writes(&self, config: &Config) -> bool {
        !self.last_ok && config.stop_writes_on_bgsave_error && !config.save.is_empty()
    }
}

/// The token of a file that is read on behalf of a replica.
pub(super) fn reader_token(conn: ConnId) -> u64 {
    u64::from(conn.index) << 32 | u64::from(conn.generation)
}

fn token_conn(token: u64) -> ConnId {
    ConnId { index: (token >> 32) as u32, generation: token as u32 }
}

impl<T: Trace> Node<T> {
    // The job.

    pub(super) fn begin_job(&mut self, target: SnapshotTarget, offset: u64, no_keys: bool) {
        let keys = (0..self.keyspace.databases()).map(|db| self.keyspace.len(db) as u64).sum();
        let options = CutOptions {
            aux: self.rdb_aux(),
            version: self.config.era.rdb_version(),
            compress: self.config.rdbcompression,
            checksum: self.config.rdbchecksum,
            no_keys,
        };
        self.keyspace.cut_begin(options);
        let mark = self.rng.hex();
        let mut payload = SharedBuffer::starting_at(0);
        let temp = format!("temp-{}.rdb", String::from_utf8_lossy(&self.rng.hex::<8>()));
        if target == SnapshotTarget::ReplicasSocket {
            payload.append(&transfer::header(&Framing::Eof(mark)));
        } else {
            self.actions.push_back(Action::File(FileOp::Create { name: temp.clone() }));
        }
        self.snapshot = Some(Job {
            target,
            payload,
            mark,
            temp,
            file: self.config.dbfilename.clone(),
            foreground: false,
            bytes: 0,
            phase: Phase::Cutting,
            dirty: self.saving.dirty,
            waiting: Vec::new(),
            then_exit: false,
            started: self.now.instant,
            keys_total: keys,
            keys_done: 0,
            resume_at: self.now.instant,
        });
        self.record(Event::SnapshotStarted { target, offset, keys });
    }

    /// Aux fields of the RDB, in Redis's order.
    fn rdb_aux(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let era = self.config.era;
        let mut aux: Vec<(&str, String)> = vec![
            ("redis-ver", era.redis_version().into()),
            ("redis-bits", "64".into()),
            ("ctime", (self.now.unix_ms / 1000).to_string()),
            ("used-mem", self.keyspace.memory().to_string()),
        ];
        let is_replica = self.config.replicaof.is_some();
        let stream_db = match is_replica {
            // Without a link that could be resumed the dataset stands for no offset.
            true if self.link.state == ReplState::Connected => Some(self.link.db),
            true => self.link.cached,
            false if self.stream.is_active() => Some(self.selected.unwrap_or(0)),
            false => None,
        };
        if let Some(db) = stream_db.filter(|_| era.has_psync2()) {
            aux.push(("repl-stream-db", db.to_string()));
            aux.push(("repl-id", self.stream.replid().to_string()));
            aux.push(("repl-offset", self.stream.master_repl_offset().to_string()));
        }
        if era.has_psync2() {
            let name = if era.is_modern() { "aof-base" } else { "aof-preamble" };
            aux.push((name, "0".into()));
        }
        aux.into_iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes()))
            .collect()
    }

    /// When [`Node::snapshot_work`] has something to do, if it has.
    pub(super) fn snapshot_work_at(&self) -> Option<Instant> {
        if self.saving.ended {
            return Some(self.now.instant);
        }
        let job = self.snapshot.as_ref()?;
        let ahead = job.payload.end() - job.payload.start();
        let works = job.phase == Phase::Cutting && ahead < PAYLOAD_AHEAD_BYTES;
        works.then_some(job.resume_at.max(self.now.instant))
    }

    /// Walks a piece of the cut.
    pub(super) fn snapshot_work(&mut self) {
        if self.snapshot_work_at().is_none_or(|at| at > self.now.instant) {
            return;
        }
        // Replicas that could not share the last snapshot wait for the next.
        if std::mem::take(&mut self.saving.ended) {
            return self.start_due_snapshot();
        }
        let delay = self.config.rdb_key_save_delay;
        let progress = self.keyspace.cut_step(if delay == 0 { self.step_bytes() } else { 1 });
        self.take_cut_output();
        if let Some(job) = &mut self.snapshot {
            let before = std::mem::replace(&mut job.keys_done, progress.keys);
            if delay != 0 && !job.foreground {
                let wait = key_delay_us(delay, before, progress.keys);
                job.resume_at = Instant(self.now.instant.0.saturating_add(wait));
            }
        }
        if self.trace.is_fine()
            && let Some(job) = &self.snapshot
        {
            let (bytes, keys) = (job.bytes, progress.keys);
            self.record(Event::SnapshotProgress { bytes, keys });
        }
        if progress.done {
            self.cut_done();
        }
    }

    /// Every replica costs a write for each step: with several of them small steps would keep
    /// clients waiting for longer in all.
    fn step_bytes(&self) -> usize {
        (self.saving.step_bytes * self.replicas.len().max(1)).min(STEP_BYTES)
    }

    fn take_cut_output(&mut self) {
        let Some(job) = &mut self.snapshot else { return };
        let output = self.keyspace.cut_output();
        job.bytes += output.len() as u64;
        if job.target == SnapshotTarget::ReplicasSocket {
            job.payload.append(output);
            output.clear();
            self.stream_grew = true;
        } else if !output.is_empty() {
            let data = std::mem::take(output);
            let name = job.temp.clone();
            self.actions.push_back(Action::File(FileOp::Append { name, data }));
        }
    }

    fn cut_done(&mut self) {
        self.keyspace.cut_end();
        let Some(job) = &mut self.snapshot else { return };
        if job.target == SnapshotTarget::ReplicasSocket {
            job.phase = Phase::Sending;
            job.payload.append(&job.mark);
            self.stream_grew = true;
        } else {
            job.phase = Phase::Committing;
            let (name, to) = (job.temp.clone(), job.file.clone());
            self.actions.push_back(Action::File(FileOp::Commit { name, to }));
        }
    }

    /// A file operation has a result.
    pub(super) fn file_event(&mut self, event: FileEvent) {
        match event {
            FileEvent::Committed { name, len, .. } => self.committed(&name, len),
            FileEvent::Data { token, data } => self.file_data(token_conn(token), &data),
            FileEvent::Failed { token: Some(token), error, .. } => {
                self.log(Level::Warning, format!("Read error sending DB to replica: {error}"));
                self.close(token_conn(token), CloseReason::Protocol(error));
            }
            FileEvent::NotCreated { name, error } => {
                if let Some(job) = self.snapshot.as_ref().filter(|job| job.temp == name) {
                    let (temp, dir) = (&job.temp, &self.config.dir);
                    let text = format!(
                        "Failed opening the temp RDB file {temp} (in server root dir {dir}) for \
                         saving: {error}"
                    );
                    self.log(Level::Warning, text);
                    self.fail_job(&error);
                }
            }
            FileEvent::Failed { name, error, .. } => {
                if self.transfer_file_failed(&name, &error) {
                    return;
                }
                if self.snapshot.as_ref().is_some_and(|job| job.temp == name) {
                    self.log_save_error(&error);
                    self.fail_job(&error);
                }
            }
        }
    }

    /// What went wrong with the file, in Redis's words.
    fn log_save_error(&mut self, error: &str) {
        let Some(job) = &self.snapshot else { return };
        let (temp, file, dir) = (&job.temp, &job.file, &self.config.dir);
        // While the commit is still to be asked for, it was a write that failed.
        let waits = |action: &Action| match action {
            Action::File(FileOp::Commit { name, .. }) => name == temp,
            _ => false,
        };
        let text = match job.phase {
            Phase::Cutting => format!("Write error saving DB on disk(rdbSaveRio): {error}"),
            // Redis writes the last bytes when it flushes its buffer.
            _ if self.actions.iter().any(waits) => {
                format!("Write error saving DB on disk(fflush): {error}")
            }
            _ => format!(
                "Error moving temp DB file {temp} on the final destination {file} (in server root \
                 dir {dir}): {error}"
            ),
        };
        self.log(Level::Warning, text);
    }

    fn committed(&mut self, name: &str, len: u64) {
        if self.transfer_committed(name) {
            return;
        }
        // The result of a snapshot that was given up meanwhile is nobody's.
        let Some(job) = self.snapshot.as_mut().filter(|job| job.temp == name) else { return };
        if job.phase != Phase::Committing {
            return;
        }
        let file = job.file.clone();
        let (target, dirty, started) = (job.target, job.dirty, job.started);
        let foreground = job.foreground;
        self.saving.dirty = self.saving.dirty.saturating_sub(dirty);
        self.saving.last_save = self.now.unix_ms / 1000;
        self.saving.last_ok = true;
        self.saving.saves += 1;
        self.saving.last_duration_s = self.now.instant.secs_since(started) as i64;
        self.log(Level::Notice, "DB saved on disk");
        if !foreground {
            self.log(Level::Notice, "Background saving terminated with success");
        }
        if target == SnapshotTarget::ReplicasDisk {
            self.send_file(&file, len);
        }
        self.finish_job(true);
    }

    /// The replicas that waited for this file receive it from now on. Each opens it at once, so
    /// that it may be replaced meanwhile.
    fn send_file(&mut self, file: &str, len: u64) {
        for id in self.replicas.clone() {
            let Some(mut conn) = self.conns.take(id) else { continue };
            if let Some(peer) = conn.replica_mut()
                && peer.state == ReplicaState::WaitBgsaveEnd
            {
                peer.state = ReplicaState::SendBulk;
                peer.payload = Payload::File { read: 0, len, asked: false };
                let header = transfer::header(&Framing::Sized(len));
                conn.out.buffer_mut().extend_from_slice(&header);
                let open = FileOp::Open { token: reader_token(id), name: file.to_owned() };
                self.actions.push_back(Action::File(open));
                let (from, to) = (ReplicaState::WaitBgsaveEnd, ReplicaState::SendBulk);
                self.replica_state_event(id, Some(from), Some(to), "the snapshot is complete");
            }
            self.put_back(conn);
        }
    }

    /// A piece of the snapshot's file, for one replica.
    fn file_data(&mut self, id: ConnId, data: &[u8]) {
        let Some(mut conn) = self.conns.take(id) else { return };
        if let Some(peer) = conn.replica_mut()
            && let Payload::File { read, len, asked } = &mut peer.payload
        {
            let left = usize::try_from(*len - *read).unwrap_or(usize::MAX);
            let data = &data[..data.len().min(left)];
            *read += data.len() as u64;
            *asked = false;
            conn.out.buffer_mut().extend_from_slice(data);
            if data.is_empty() {
                conn.closing = Some(CloseReason::Protocol("the snapshot's file is short".into()));
            }
        }
        self.put_back(conn);
    }

    /// The job is over; whoever waited is told.
    pub(super) fn finish_job(&mut self, ok: bool) {
        let Some(job) = self.snapshot.take() else { return };
        self.record(Event::SnapshotFinished { bytes: job.bytes, ok });
        match (job.target, ok) {
            (SnapshotTarget::ReplicasSocket, true) => {
                self.log(Level::Notice, "Background RDB transfer terminated with success");
            }
            (_, false) if !job.foreground => self.log(Level::Warning, "Background saving error"),
            _ => {}
        }
        for id in job.waiting {
            self.unblock(id, "the save ended", |conn| match ok {
                true => conn.out.ok(),
                false => conn.out.error("ERR"),
            });
        }
        if job.then_exit {
            self.after_final_save(ok);
        } else if std::mem::take(&mut self.saving.scheduled) {
            self.begin_background_save();
        }
        self.saving.ended = true;
    }

    fn fail_job(&mut self, error: &str) {
        self.keyspace.cut_end();
        let Some(job) = &self.snapshot else { return };
        // As in Redis, what a client or a shutdown waits for says itself that it failed.
        self.saving.last_ok &= job.foreground;
        let temp = job.temp.clone();
        self.actions.push_back(Action::File(FileOp::Remove { name: temp }));
        if job.target != SnapshotTarget::Disk {
            for id in self.replicas.clone() {
                let peer = self.conns.get(id).and_then(Conn::replica);
                if peer.is_some_and(|peer| peer.state == ReplicaState::WaitBgsaveEnd) {
                    self.log(Level::Warning, "SYNC failed. BGSAVE child returned an error");
                    self.close(id, CloseReason::Protocol(error.to_owned()));
                }
            }
        }
        self.finish_job(false);
    }

    /// Ends a snapshot whose result nobody can use any more. Replicas that were receiving it must
    /// ask again.
    pub(super) fn abort_snapshot(&mut self) {
        let Some(job) = self.snapshot.take() else { return };
        self.saving.ended = true;
        self.keyspace.cut_end();
        match job.phase {
            _ if job.target == SnapshotTarget::ReplicasSocket => {}
            Phase::Cutting => {
                self.actions.push_back(Action::File(FileOp::Remove { name: job.temp }));
            }
            Phase::Committing | Phase::Sending => {}
        }
        self.record(Event::SnapshotFinished { bytes: job.bytes, ok: false });
        let receives = |id: &ConnId| {
            let peer = self.conns.get(*id).and_then(Conn::replica);
            peer.is_some_and(|peer| peer.state == ReplicaState::WaitBgsaveEnd)
        };
        let receivers: Vec<_> = self.replicas.iter().copied().filter(receives).collect();
        for id in receivers {
            self.close(id, CloseReason::Asked);
        }
        for id in job.waiting {
            self.unblock(id, "the save ended", |conn| conn.out.error("ERR"));
        }
    }

    // Commands.

    fn begin_background_save(&mut self) {
        self.begin_disk_save();
        let process = self.config.driver.process.id;
        self.log(Level::Notice, format!("Background saving started by pid {process}"));
    }

    pub(super) fn begin_disk_save(&mut self) {
        self.begin_job(SnapshotTarget::Disk, self.stream.master_repl_offset(), false);
        self.saving.last_try_ms = self.now.unix_ms;
    }

    pub(super) fn save_command(&mut self, conn: &mut Conn) -> Outcome {
        if self.snapshot.is_some() {
            return Err(CmdError::fixed("ERR Background save already in progress"));
        }
        if conn.replica().is_some() {
            return Err(CmdError::fixed("ERR SAVE is not for replicas"));
        }
        self.save_for(conn);
        Ok(())
    }

    /// The synchronous form of saving: the whole cut at once; the client gets its reply when it is
    /// on disk.
    pub(super) fn save_for(&mut self, conn: &mut Conn) {
        self.begin_disk_save();
        if let Some(job) = &mut self.snapshot {
            job.foreground = true;
            job.waiting.push(conn.id);
            self.block(conn, Wait::Save, 0);
        }
        while self.snapshot.as_ref().is_some_and(|job| job.phase == Phase::Cutting) {
            self.snapshot_work();
        }
    }

    pub(super) fn bgsave_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        // `SCHEDULE` matters only where another kind of child can be in the way.
        match args.get(1) {
            None => {}
            Some(word) if word.eq_ignore_ascii_case(b"schedule") && args.len() == 2 => {}
            Some(_) => return Err(CmdError::SYNTAX),
        }
        if self.snapshot.is_some() {
            return Err(CmdError::fixed("ERR Background save already in progress"));
        }
        if self.unit.collecting {
            // Inside EXEC: what was run is not in the stream yet, so a cut made now would stand
            // for a wrong offset.
            self.saving.scheduled = true;
            conn.out.simple("Background saving scheduled");
        } else {
            self.begin_background_save();
            conn.out.simple("Background saving started");
        }
        Ok(())
    }

    /// Save points.
    pub(super) fn check_save_points(&mut self) {
        if self.snapshot.is_none() && std::mem::take(&mut self.saving.scheduled) {
            return self.begin_background_save();
        }
        if self.snapshot.is_some() || self.saving.dirty == 0 {
            return;
        }
        let elapsed = (self.now.unix_ms / 1000).saturating_sub(self.saving.last_save);
        // After a failure, not at every turn.
        let retry = self.saving.last_ok || self.now.unix_ms > self.saving.last_try_ms + 5_000;
        let dirty = self.saving.dirty;
        let point =
            self.config.save.iter().find(|(secs, changes)| dirty >= *changes && elapsed > *secs);
        if let Some((secs, changes)) = point.copied()
            && retry
        {
            self.log(Level::Notice, format!("{changes} changes in {secs} seconds. Saving..."));
            self.begin_background_save();
        }
    }
}
