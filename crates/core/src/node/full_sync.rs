//! Full resynchronisations: which snapshot a replica gets, when it starts, and what is left to do
//! when the replica has it.

use super::Node;
use super::conn::{Conn, Payload};
use super::snapshot::Phase;
use crate::id::ConnId;
use crate::replication::state::ReplicaState;
use crate::trace::{Level, SnapshotTarget, Trace};

impl<T: Trace> Node<T> {
    /// A replica waits for a snapshot: join one, wait for the next, or start one.
    pub(super) fn snapshot_wanted(&mut self, conn: &mut Conn) {
        let eof = conn.introduction.eof;
        if let Some(job) = &self.snapshot {
            let joinable =
                job.target == SnapshotTarget::ReplicasDisk && job.phase != Phase::Sending;
            let socket = job.target == SnapshotTarget::ReplicasSocket;
            let text = if joinable && let Some(offset) = self.snapshot_offset() {
                self.start_full_resync(conn, offset);
                "Waiting for end of BGSAVE for SYNC"
            } else if socket {
                "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC"
            } else {
                "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC"
            };
            self.log(Level::Notice, text);
        } else if self.config.repl_diskless_sync && eof && self.config.repl_diskless_sync_delay > 0
        {
            self.log(Level::Notice, "Delay next BGSAVE for diskless SYNC");
        } else {
            // The connection is in our hands, not in the table: it joins by itself.
            let others = self.waiting_replicas();
            self.start_replica_snapshot(others, Some(conn));
        }
    }

    /// The offset at which the snapshot in progress was cut.
    fn snapshot_offset(&self) -> Option<u64> {
        let attached = self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica());
        attached
            .filter(|peer| peer.state == ReplicaState::WaitBgsaveEnd)
            .map(|peer| peer.initial_offset)
            .next()
            .filter(|offset| self.stream.holds_after(*offset))
    }

    fn waiting_replicas(&self) -> Vec<ConnId> {
        let waits = |id: &&ConnId| {
            let peer = self.conns.get(**id).and_then(Conn::replica);
            peer.is_some_and(|peer| peer.state == ReplicaState::WaitBgsaveStart)
        };
        self.replicas.iter().filter(waits).copied().collect()
    }

    /// The cron's part: starts the snapshot that replicas wait for, when the delay is over or
    /// enough of them came.
    pub(super) fn start_due_snapshot(&mut self) {
        if self.snapshot.is_some() {
            return;
        }
        let waiting = self.waiting_replicas();
        let first =
            waiting.iter().filter_map(|id| Some(self.conns.get(*id)?.replica()?.asked)).min();
        let Some(first) = first else { return };
        let all_eof =
            waiting.iter().filter_map(|id| self.conns.get(*id)).all(|conn| conn.introduction.eof);
        let diskless = self.config.repl_diskless_sync && all_eof;
        let enough = self.config.repl_diskless_sync_max_replicas;
        let due = !diskless
            || self.now.instant.secs_since(first) >= self.config.repl_diskless_sync_delay
            || (enough > 0 && waiting.len() >= enough);
        if due {
            self.start_replica_snapshot(waiting, None);
        }
    }

    fn start_replica_snapshot(&mut self, waiting: Vec<ConnId>, in_hand: Option<&mut Conn>) {
        let all_eof =
            waiting.iter().filter_map(|id| self.conns.get(*id)).all(|c| c.introduction.eof)
                && in_hand.as_ref().is_none_or(|conn| conn.introduction.eof);
        let (target, name) = if self.config.repl_diskless_sync && all_eof {
            (SnapshotTarget::ReplicasSocket, "replicas sockets")
        } else {
            (SnapshotTarget::ReplicasDisk, "disk")
        };
        self.log(Level::Notice, format!("Starting BGSAVE for SYNC with target: {name}"));
        let offset = self.stream.master_repl_offset();
        // The cut holds the stream's database as it is now; what follows must select anew.
        self.begin_job(target, offset);
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
        let replid = self.master_view().replid;
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
            conn.out.simple(&format!("FULLRESYNC {replid} {offset}"));
        }
        self.select_anew();
        let (from, to) = (ReplicaState::WaitBgsaveStart, ReplicaState::WaitBgsaveEnd);
        self.replica_state_event(id, Some(from), Some(to), "the snapshot started");
    }

    /// A replica was sent more of the shared payload.
    pub(super) fn payload_sent(&mut self, conn: &mut Conn) {
        let Some(job) = &self.snapshot else { return };
        let (end, complete) = (job.payload.end(), job.phase == Phase::Sending);
        let sent = match conn.replica().map(|peer| &peer.payload) {
            Some(Payload::Shared { sent }) => *sent,
            _ => return,
        };
        if complete && sent == end {
            self.put_online(conn, true);
        }
        // The connection is not in the table now: its position counts by hand.
        let own = if complete && sent == end { end } else { sent };
        self.release_payload(own);
    }

    fn release_payload(&mut self, own: u64) {
        let others =
            self.replicas.iter().filter_map(|id| match self.conns.get(*id)?.replica()?.payload {
                Payload::Shared { sent } => Some(sent),
                _ => None,
            });
        let slowest = others.fold(own, u64::min);
        if let Some(job) = &mut self.snapshot {
            job.payload.release_before(slowest);
            let drained = job.payload.start() == job.payload.end();
            if job.phase == Phase::Sending
                && job.target == SnapshotTarget::ReplicasSocket
                && drained
            {
                self.finish_job(true);
            }
        }
    }

    /// A replica is gone: perhaps it was the last that a snapshot was for.
    pub(super) fn snapshot_reader_gone(&mut self) {
        let Some(job) = &self.snapshot else { return };
        let wants = |peer: &super::conn::ReplicaPeer| peer.payload != Payload::None;
        let readers =
            self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica()).any(wants);
        match (job.target, job.phase) {
            (SnapshotTarget::ReplicasSocket, _) if !readers => {
                self.abort_snapshot("no replica is left");
            }
            (SnapshotTarget::ReplicasSocket, _) => self.release_payload(u64::MAX),
            (SnapshotTarget::ReplicasDisk, Phase::Sending) if !readers => self.finish_job(true),
            _ => {}
        }
    }
}
