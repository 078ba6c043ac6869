//! `WAIT`: clients that wait until replicas acknowledged what they wrote.

use super::{Node, Wait};
use crate::commands::{CmdError, Outcome};
use crate::id::ConnId;
use crate::mutants::{Mutant, mutant};
use crate::node::conn::Conn;
use crate::num::parse_i64;
use crate::replication::state::ReplicaState;
use crate::resp::Args;
use crate::resp::request::encode;
use crate::trace::{Fed, Trace};

const ON_REPLICA: CmdError = CmdError::fixed(
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a \
     replica is configured to be writable (which is not the default) writes to replicas are just \
     local and are not propagated.",
);

impl<T: Trace> Node<T> {
    /// `WAIT numreplicas timeout`
    pub(in crate::node) fn wait_command(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        if self.config.replicaof.is_some() {
            return Err(ON_REPLICA);
        }
        let replicas = parse_i64(args.at(1)).ok_or(CmdError::NOT_INT)?;
        let timeout_ms = super::pause::timeout_in_ms(args.at(2))?;
        let offset = conn.write_offset;
        let acked = self.acknowledged_by(offset);
        let early = i64::from(mutant(Mutant::WaitTooEarly));
        let acked = acked << u32::from(mutant(Mutant::AckCountedTwice));
        if acked + early >= replicas || self.unit.collecting {
            let acked = acked + early;
            conn.out.int(acked);
        } else {
            self.block(conn, Wait::Acks { offset, replicas }, timeout_ms);
        }
        Ok(())
    }

    /// How many replicas are online and have acknowledged the stream up to `offset`.
    pub(super) fn acknowledged_by(&self, offset: u64) -> i64 {
        let peers = self.replicas.iter().filter_map(|id| self.conns.get(*id)?.replica());
        peers.filter(|p| p.state == ReplicaState::Online && p.ack_offset >= offset).count() as i64
    }

    /// A replica acknowledged something.
    pub(in crate::node) fn note_ack(&mut self) {
        if !self.waiting.acks.is_empty() || self.failover.is_some() {
            self.waiting.acked = true;
            self.waiting.turn_due = true;
        }
    }

    /// Answers every `WAIT` that has enough acknowledgements, the last one first as in Redis.
    pub(super) fn answer_waits(&mut self) {
        let waiting: Vec<ConnId> = self.waiting.acks.iter().rev().copied().collect();
        for id in waiting {
            let blocked = self.conns.get(id).and_then(|conn| conn.blocked.as_deref());
            let Some(&Wait::Acks { offset, replicas }) = blocked.map(|b| &b.wait) else { continue };
            let acked = self.acknowledged_by(offset);
            if acked >= replicas {
                self.unblock(id, "enough replicas acknowledged", |conn| conn.out.int(acked));
            }
        }
    }

    /// `REPLCONF GETACK *` into the stream: every replica answers at once.
    pub(in crate::node) fn feed_getack(&mut self) {
        if self.feeds_stream() && !self.replicas.is_empty() {
            let mut bytes = Vec::new();
            encode(&mut bytes, &[b"REPLCONF", b"GETACK", b"*"]);
            self.feed(&bytes, Fed::GetAck);
        }
    }
}
