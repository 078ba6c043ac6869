//! Full resynchronisations: which snapshot a replica gets, when it starts, and what is left to do
//! when the replica has it.

use super::conn::{Conn, Filter, Payload, ReplicaPeer};
use super::snapshot::{Phase, reader_token};
use super::{Action, FileOp, Node};
use crate::id::ConnId;
use crate::mutants::{Mutant, mutant};
use crate::replication::state::ReplicaState;
use crate::trace::{CloseReason, Level, SnapshotTarget, Trace};

impl<T: Trace> Node<T> {
    /// A replica waits for a snapshot: join one, wait for the next, or start one.
    pub(super) fn snapshot_wanted(&mut self, conn: &mut Conn) {
        if let Some(job) = &self.snapshot {
            let socket = job.target == SnapshotTarget::ReplicasSocket;
            let text = if let Some(offset) = self.offset_to_join(conn) {
                self.start_full_resync(conn, offset);
                "Waiting for end of BGSAVE for SYNC"
            } else if socket {
                "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC"
            } else {
                "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
            };
            self.log(Level::Notice, text);
        } else if self.config.repl_diskless_sync
            && conn.introduction.eof
            && self.config.repl_diskless_sync_delay > 0
        {
            self.log(Level::Notice, "Delay next BGSAVE for diskless SYNC");
        } else {
            // The connection is in our hands, not in the table: it joins by itself.
            let others = self.waiting_replicas(Some(conn.introduction.filter));
            self.start_replica_snapshot(others, Some(conn));
        }
    }

    /// The offset of the snapshot in progress, if this replica can share it: it goes to a file, the
    /// stream since its cut is still held, and whoever it was made for wanted nothing that this
    /// replica could not take.
    fn offset_to_join(&self, conn: &Conn) -> Option<u64> {
        let job = self.snapshot.as_ref()?;
        if job.target != SnapshotTarget::ReplicasDisk {
            return None;
        }
        let new = &conn.introduction;
        let fits = |id: &ConnId| {
            let first = self.conns.get(*id)?;
            let peer = first.replica().filter(|p| p.state == ReplicaState::WaitBgsaveEnd)?;
            let old = &first.introduction;
            (!old.rdb_only || new.rdb_only).then_some((old, peer.initial_offset))
        };
        let (old, offset) = self.replicas.iter().find_map(fits)?;
        let able = (new.eof || !old.eof) && (new.psync2 || !old.psync2);
        let same = new.filter == old.filter;
        (able && same && (new.rdb_only || self.stream.holds_after(offset))).then_some(offset)
    }

    /// Replicas that wait for a snapshot to start; `filter`: only those that want this one.
    fn waiting_replicas(&self, filter: Option<Filter>) -> Vec<ConnId> {
        let waits = |id: &&ConnId| {
            self.conns.get(**id).is_some_and(|conn| {
                let state = conn.replica().map(|peer| peer.state);
                state == Some(ReplicaState::WaitBgsaveStart)
                    && filter.is_none_or(|filter| filter == conn.introduction.filter)
            })
        };
        self.replicas.iter().filter(waits).copied().collect()
    }

    /// Starts the snapshot that replicas wait for, when the delay is over or enough of them came.
    /// In each cron, and when another snapshot ends.
    pub(super) fn start_due_snapshot(&mut self) {
        if self.snapshot.is_some() {
            return;
        }
        let Some(first) = self.waiting_replicas(None).first().copied() else { return };
        let Some(filter) = self.conns.get(first).map(|conn| conn.introduction.filter) else {
            return;
        };
        let waiting = self.waiting_replicas(Some(filter));
        let asked = waiting.iter().filter_map(|id| Some(self.conns.get(*id)?.replica()?.asked));
        let waited = asked.min().map_or(0, |since| self.now.instant.secs_since(since));
        let enough = self.config.repl_diskless_sync_max_replicas;
        if !self.config.repl_diskless_sync
            || (enough > 0 && waiting.len() >= enough)
            || waited >= self.config.repl_diskless_sync_delay
        {
            self.start_replica_snapshot(waiting, None);
        }
    }

    /// `rdb-del-sync-files`: a master that keeps nothing on disk removes the file that it fed its
    /// replicas from, when they have it.
    pub(super) fn remove_file_of_replicas(&mut self) {
        if !self.saving.for_replicas || !self.config.save.is_empty() {
            return;
        }
        if !self.config.rdb_del_sync_files {
            self.saving.for_replicas = false;
            return;
        }
        let peers = self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica());
        if peers.into_iter().any(|peer| peer.state != ReplicaState::Online) {
            return;
        }
        self.saving.for_replicas = false;
        self.log(
            Level::Notice,
            "Removing the RDB file used to feed replicas in a persistence-less instance",
        );
        let name = self.config.dbfilename.clone();
        self.actions.push_back(Action::File(FileOp::Remove { name }));
    }

    fn start_replica_snapshot(&mut self, waiting: Vec<ConnId>, in_hand: Option<&mut Conn>) {
        let told = waiting.iter().filter_map(|id| self.conns.get(*id)).map(|c| &c.introduction);
        let mut told = told.chain(in_hand.as_ref().map(|conn| &conn.introduction));
        let filter = told.clone().next().map_or(Filter::default(), |first| first.filter);
        // A snapshot with parts left out must not become the RDB file.
        let diskless = self.config.repl_diskless_sync || filter.is_some();
        let (target, name) = if diskless && told.all(|t| t.eof) {
            (SnapshotTarget::ReplicasSocket, "replicas sockets")
        } else {
            (SnapshotTarget::ReplicasDisk, "disk")
        };
        self.log(Level::Notice, format!("Starting BGSAVE for SYNC with target: {name}"));
        let offset = self.stream.master_repl_offset();
        self.begin_job(target, offset, filter.data);
        if target == SnapshotTarget::ReplicasDisk && self.config.rdb_del_sync_files {
            self.saving.for_replicas = true;
        }
        let process = self.config.driver.process.id;
        let what = match target {
            SnapshotTarget::ReplicasSocket => "RDB transfer",
            _ => "saving",
        };
        self.log(Level::Notice, format!("Background {what} started by pid {process}"));
        if let Some(conn) = in_hand {
            self.start_full_resync(conn, offset);
        }
        for id in waiting {
            if let Some(mut conn) = self.conns.take(id) {
                self.start_full_resync(&mut conn, offset);
                self.put_back(conn);
            }
        }
    }

    /// Tells a replica that the snapshot it waits for stands for this offset.
    fn start_full_resync(&mut self, conn: &mut Conn, offset: u64) {
        let replid = self.stream.view().replid;
        let id = conn.id;
        let socket =
            self.snapshot.as_ref().is_some_and(|job| job.target == SnapshotTarget::ReplicasSocket);
        let Some(peer) = conn.replica_mut() else { return };
        peer.state = ReplicaState::WaitBgsaveEnd;
        peer.initial_offset = offset;
        peer.sent = offset;
        if socket {
            peer.payload = Payload::Shared { sent: 0 };
        }
        if !peer.old_sync {
            let late = u64::from(mutant(Mutant::FullresyncOffsetLate));
            conn.out.simple(&format!("FULLRESYNC {replid} {}", offset + late));
        }
        self.select_anew();
        let (from, to) = (ReplicaState::WaitBgsaveStart, ReplicaState::WaitBgsaveEnd);
        self.replica_state_event(id, Some(from), Some(to), "the snapshot started");
    }

    /// A replica was sent more of the shared payload.
    pub(super) fn payload_sent(&mut self, conn: &mut Conn) {
        let Some(&Payload::Shared { sent }) = conn.replica().map(|peer| &peer.payload) else {
            return;
        };
        // The connection is not in the table now: its position counts by hand.
        self.release_payload(Some(sent));
        if self.snapshot.is_none() {
            self.put_online(conn);
        }
    }

    /// Lets go of what every replica has; `own`: how far the one in hand is, if any.
    fn release_payload(&mut self, own: Option<u64>) {
        let others =
            self.replicas.iter().filter_map(|id| match self.conns.get(*id)?.replica()?.payload {
                Payload::Shared { sent } => Some(sent),
                _ => None,
            });
        let slowest = others.fold(own.unwrap_or(u64::MAX), u64::min);
        if let Some(job) = &mut self.snapshot {
            job.payload.release_before(slowest);
            let drained = job.payload.start() == job.payload.end();
            if job.phase == Phase::Sending
                && job.target == SnapshotTarget::ReplicasSocket
                && drained
            {
                self.transfer_done(own.is_some());
            }
        }
    }

    /// Every replica has the whole snapshot. The one in hand, if any, is the caller's.
    fn transfer_done(&mut self, in_hand: bool) {
        let up = self.receivers().len() + usize::from(in_hand);
        self.log(
            Level::Warning,
            format!("Diskless rdb transfer, done reading from pipe, {up} replicas still up."),
        );
        let receivers = self.receivers();
        self.finish_job(true);
        for id in receivers {
            if let Some(mut conn) = self.conns.take(id) {
                self.put_online(&mut conn);
                self.put_back(conn);
            }
        }
    }

    /// The replicas in the table that receive a snapshot from memory now.
    fn receivers(&self) -> Vec<ConnId> {
        let receives = |id: &&ConnId| {
            let peer = self.conns.get(**id).and_then(Conn::replica);
            peer.is_some_and(|peer| matches!(peer.payload, Payload::Shared { .. }))
        };
        self.replicas.iter().filter(receives).copied().collect()
    }

    /// A replica has the whole snapshot: the stream follows. After a transfer without a length it
    /// is held back until the first ACK, which says that the replica has seen the end.
    pub(super) fn put_online(&mut self, conn: &mut Conn) {
        let (now, name, id) = (self.now.instant, conn.replica_name(), conn.id);
        let rdb_only = conn.introduction.rdb_only;
        let Some(peer) = conn.replica() else { return };
        let streamed = matches!(peer.payload, Payload::Shared { .. });
        let from = peer.state;
        self.close_file(conn);
        if streamed {
            self.log(
                Level::Notice,
                format!(
                    "Streamed RDB transfer with replica {name} succeeded (socket). Waiting for \
                     REPLCONF ACK from slave to enable streaming"
                ),
            );
        }
        if rdb_only {
            self.log(
                Level::Notice,
                format!(
                    "RDB transfer completed, rdb only replica ({name}) should be disconnected asap"
                ),
            );
            conn.closing = Some(CloseReason::Asked);
            return;
        }
        let Some(peer) = conn.replica_mut() else { return };
        peer.payload = Payload::None;
        peer.state = ReplicaState::Online;
        peer.hold_until_ack = streamed && !peer.old_sync;
        peer.ack_time = now;
        self.replica_state_event(id, Some(from), Some(ReplicaState::Online), "snapshot sent");
        self.log(Level::Notice, format!("Synchronization with replica {name} succeeded"));
    }

    /// The replica reads its snapshot's file no more, if it did.
    pub(super) fn close_file(&mut self, conn: &Conn) {
        if conn.replica().is_some_and(|peer| matches!(peer.payload, Payload::File { .. })) {
            let token = reader_token(conn.id);
            self.actions.push_back(Action::File(FileOp::Close { token }));
        }
    }

    /// A replica is gone: perhaps it was the last that a snapshot was for.
    pub(super) fn snapshot_reader_gone(&mut self) {
        let Some(job) = &self.snapshot else { return };
        let readers = !self.receivers().is_empty();
        let waits = |peer: &ReplicaPeer| peer.state == ReplicaState::WaitBgsaveEnd;
        let waiting =
            self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica()).any(waits);
        match (job.target, job.phase) {
            (SnapshotTarget::ReplicasSocket, _) if !readers => {
                self.log(
                    Level::Warning,
                    "Diskless rdb transfer, last replica dropped, killing fork child.",
                );
                self.abort_snapshot();
            }
            (SnapshotTarget::ReplicasSocket, _) => self.release_payload(None),
            // Whoever wants the file as such, has save points.
            (SnapshotTarget::ReplicasDisk, Phase::Cutting)
                if !waiting && self.config.save.is_empty() =>
            {
                self.abort_snapshot();
            }
            _ => {}
        }
    }
}
