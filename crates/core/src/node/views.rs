//! What others may see of a node: `ROLE`, the simulator, the page.

use super::Node;
use super::conn::Conn;
use crate::id::{ConnId, ReplId};
use crate::keyspace::Expiry;
use crate::mutants::{Mutant, mutant};
use crate::replication::psync::{BacklogView, MasterView};
use crate::replication::state::{ReplState, ReplicaState};
use crate::time::{Instant, Now};
use crate::trace::Trace;

/// A node's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It follows nobody.
    Master,
    /// It follows the node at this address.
    Replica {
        /// Host, as configured.
        host: String,
        /// Port.
        port: u16,
    },
}

/// A replica, as its master sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaView {
    /// Its connection.
    pub conn: ConnId,
    /// Its address, as far as it said.
    pub ip: String,
    /// Its listening port, 0 if it did not say.
    pub port: u16,
    /// How far it is.
    pub state: ReplicaState,
    /// Stream offset handed to the network so far.
    pub sent_offset: u64,
    /// Last acknowledged offset.
    pub ack_offset: u64,
    /// Seconds since the last acknowledgement.
    pub lag_seconds: u64,
    /// It spoke `SYNC`, and so does not acknowledge.
    pub old_sync: bool,
}

/// The link to the master, as the replica sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// State of the link.
    pub state: ReplState,
    /// Its connection, if there is one.
    pub conn: Option<ConnId>,
    /// Bytes of the snapshot read, and its length if announced.
    pub transfer: Option<(u64, Option<u64>)>,
    /// What a partial resynchronisation would ask for.
    pub cached_master: Option<(ReplId, u64)>,
    /// Seconds since the master was last heard of.
    pub last_io_seconds: u64,
    /// Seconds since the link is down.
    pub down_seconds: Option<u64>,
}

impl<T: Trace> Node<T> {
    /// The node's role.
    pub fn role(&self) -> Role {
        match &self.config.replicaof {
            None => Role::Master,
            Some((host, port)) => Role::Replica { host: host.clone(), port: *port },
        }
    }

    /// The history that this node's dataset stands in, and where: what a replica acknowledges and
    /// asks its master to continue. Since Redis 4.0 it is the stream's; before, a replica's own
    /// stream is another history.
    pub fn place(&self) -> (ReplId, u64) {
        let own = (self.stream.replid(), self.stream.master_repl_offset());
        self.link.followed.unwrap_or(own)
    }

    /// Ids, offsets and the backlog's window of the stream that this node's replicas follow.
    pub fn history(&self) -> MasterView {
        self.stream.view()
    }

    /// `master_repl_offset`
    pub fn master_repl_offset(&self) -> u64 {
        self.stream.master_repl_offset()
    }

    /// The backlog's window, if there is a backlog.
    pub fn backlog(&self) -> Option<BacklogView> {
        self.stream.backlog()
    }

    /// The bytes of the backlog that are still held after `offset`, in order.
    pub fn stream_after(&self, offset: u64) -> impl Iterator<Item = &[u8]> {
        self.stream.slices_after(offset)
    }

    /// The replicas, in the order in which they asked.
    pub fn replicas(&self) -> Vec<ReplicaView> {
        self.replicas_at(self.now.instant)
    }

    /// As [`Node::replicas`], at a time after the last input.
    pub fn replicas_at(&self, now: Instant) -> Vec<ReplicaView> {
        let view = |id: &ConnId| {
            let conn = self.conns.get(*id)?;
            let peer = conn.replica()?;
            let (ip, port) = conn.replica_address();
            Some(ReplicaView {
                conn: *id,
                ip,
                port,
                state: peer.state,
                sent_offset: peer.sent,
                ack_offset: peer.ack_offset,
                lag_seconds: now.secs_since(peer.ack_time),
                old_sync: peer.old_sync,
            })
        };
        self.replicas.iter().filter_map(view).collect()
    }

    /// Connection, state and sent offset of each replica: what a look after every step can afford.
    pub fn replica_positions(&self) -> impl Iterator<Item = (ConnId, ReplicaState, u64)> + '_ {
        let position = |id: &ConnId| {
            let conn = self.conns.get(*id)?;
            let peer = conn.replica().filter(|_| !conn.introduction.rdb_only)?;
            Some((*id, peer.state, peer.sent))
        };
        self.replicas.iter().filter_map(position)
    }

    /// The time of the last input.
    pub fn now(&self) -> Now {
        self.now
    }

    /// The link to the master, on a replica.
    pub fn link(&self) -> Option<LinkView> {
        self.link_at(self.now.instant)
    }

    /// The text of `INFO replication` as it would be answered now, without its title.
    pub fn replication_info(&self, now: Instant) -> String {
        let mut out = String::new();
        self.info_replication(now, &mut out);
        if self.config.era.is_modern() { out } else { self.config.era.info(&out) }
    }

    /// As [`Node::link`], at a time after the last input.
    pub fn link_at(&self, now: Instant) -> Option<LinkView> {
        self.config.replicaof.as_ref()?;
        Some(LinkView {
            state: self.link.state,
            conn: self.link.conn,
            transfer: self.link.transfer.as_ref().map(|t| (t.read, t.total())),
            cached_master: self.link.cached.map(|_| {
                let (replid, applied) = self.place();
                (replid, applied + 1)
            }),
            last_io_seconds: now.secs_since(self.link.last_io),
            down_seconds: self.link.down_since.map(|since| now.secs_since(since)),
        })
    }

    /// `sync_full`, `sync_partial_ok`, `sync_partial_err`
    pub fn sync_counts(&self) -> (u64, u64, u64) {
        (self.stats.sync_full, self.stats.sync_partial_ok, self.stats.sync_partial_err)
    }

    /// The node's `run_id`.
    pub fn run_id(&self) -> &str {
        std::str::from_utf8(&self.run_id).unwrap_or_default()
    }

    /// `ROLE`
    pub(super) fn role_reply(&self, conn: &mut Conn) {
        let Some((host, port)) = &self.config.replicaof else {
            let online: Vec<_> =
                self.replicas().into_iter().filter(|r| r.state == ReplicaState::Online).collect();
            conn.out.array(3);
            conn.out.bulk(b"master");
            conn.out.int(self.stream.master_repl_offset() as i64);
            conn.out.array(online.len());
            for replica in online {
                conn.out.array(3);
                conn.out.bulk(replica.ip.as_bytes());
                conn.out.bulk(replica.port.to_string().as_bytes());
                conn.out.bulk(replica.ack_offset.to_string().as_bytes());
            }
            return;
        };
        let state = match self.link.state {
            ReplState::None => "none",
            ReplState::Connect => "connect",
            ReplState::Connecting => "connecting",
            ReplState::Transfer => "sync",
            ReplState::Connected => "connected",
            _ => "handshake",
        };
        let offset = match self.link.state {
            ReplState::Connected => self.place().1 as i64,
            _ => -1,
        };
        conn.out.array(5);
        conn.out.bulk(b"slave");
        conn.out.bulk(host.as_bytes());
        conn.out.int(i64::from(*port));
        conn.out.bulk(state.as_bytes());
        conn.out.int(offset);
    }

    /// Whether a client waits: for keys, acknowledgements, or the end of a pause.
    pub fn is_blocked(&self, conn: ConnId) -> bool {
        self.conns.get(conn).is_some_and(|conn| conn.blocked.is_some())
    }

    /// Prepares the keyspace for lookups that no command makes.
    #[inline]
    pub(super) fn begin_read(&mut self) {
        // A replica waits for its master's word, and during a pause the dataset stays as it is.
        let hide = self.config.replicaof.is_some() || self.is_paused();
        let hide = hide && !mutant(Mutant::ReplicaExpires);
        let expiry = if hide { Expiry::Hide } else { Expiry::Delete };
        self.keyspace.begin(self.now.unix_ms, expiry);
    }
}
