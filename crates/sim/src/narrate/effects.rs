//! Sentences about what happened inside a node.

use lockstep_core::replication::psync::{FullReason, Outcome, Request, Verdict};
use lockstep_core::trace::{BlockedFor, CloseReason, Event, SnapshotTarget};

use super::{Key, Param, Sentence};
use crate::ids::NodeId;

/// How much an event deserves to be the sentence of its step: the smallest wins. `None`: it never
/// is, and what made the step happen says more.
pub(super) fn weight(event: &Event) -> Option<u32> {
    Some(match event {
        Event::ReplIdShifted { .. } => 0,
        Event::PsyncDecided { .. } => 1,
        Event::RoleChanged { .. } => 2,
        Event::Loaded { .. } => 3,
        Event::Continued { .. } => 4,
        Event::PsyncSent { .. } => 5,
        Event::SnapshotStarted { .. } => 6,
        Event::SnapshotFinished { .. } => 7,
        Event::BacklogFreed { .. } => 8,
        Event::MasterDiscarded { .. } => 9,
        // The node's own verdict on a peer; other ends of connections follow from what is told.
        Event::Closed { reason: CloseReason::Timeout | CloseReason::OutputLimit, .. } => 10,
        _ => return None,
    })
}

/// The sentence of an event; `None` if the events around it say it all.
pub(super) fn effect(node: NodeId, event: &Event) -> Option<Sentence> {
    let me = Param::Node(node);
    let number = Param::Number;
    let reason = |why: &str| Param::Reason(why.to_owned());
    Some(match event {
        Event::PsyncDecided { replica, verdict, .. } => decided(me, replica, verdict),
        Event::PsyncSent { replid: None, why, .. } => {
            Sentence::new(Key::PsyncFreshSent, [me, reason(why)])
        }
        Event::PsyncSent { replid: Some(id), offset, .. } => {
            let next = u64::try_from(*offset).unwrap_or(0);
            let held = number(next.saturating_sub(1));
            Sentence::new(Key::PsyncSent, [me, Param::History(*id), number(next), held])
        }
        Event::ReplStateChanged { from, to, why } => Sentence::new(
            Key::ReplStateChanged,
            [me, Param::ReplState(*from), Param::ReplState(*to), reason(why)],
        ),
        Event::ReplicaStateChanged { from, to, why, .. } => match (from, to) {
            (Some(a), Some(b)) => Sentence::new(
                Key::ReplicaStateChanged,
                [me, Param::ReplicaState(*a), Param::ReplicaState(*b), reason(why)],
            ),
            (None, Some(b)) => {
                Sentence::new(Key::ReplicaAppeared, [me, Param::ReplicaState(*b), reason(why)])
            }
            (_, None) => Sentence::new(Key::ReplicaGone, [me, reason(why)]),
        },
        Event::SnapshotStarted { target: SnapshotTarget::Disk, keys, .. } => {
            Sentence::new(Key::SnapshotToDisk, [me, number(*keys)])
        }
        Event::SnapshotStarted { keys, offset, .. } => {
            Sentence::new(Key::SnapshotToReplicas, [me, number(*keys), number(*offset)])
        }
        Event::SnapshotFinished { bytes, ok: true } => {
            Sentence::new(Key::SnapshotDone, [me, number(*bytes)])
        }
        Event::SnapshotFinished { ok: false, .. } => Sentence::new(Key::SnapshotFailed, [me]),
        Event::Loaded { keys } => Sentence::new(Key::Loaded, [me, number(*keys)]),
        Event::BacklogCreated { first_byte_offset, size } => {
            Sentence::new(Key::BacklogCreated, [me, number(*size), number(*first_byte_offset)])
        }
        Event::BacklogFreed { after_seconds } => {
            Sentence::new(Key::BacklogFreed, [me, number(*after_seconds)])
        }
        Event::ReplIdShifted { replid2, second_offset, replid } => Sentence::new(
            Key::ReplIdShifted,
            [me, Param::History(*replid), Param::History(*replid2), number(*second_offset)],
        ),
        Event::RoleChanged { master: Some((host, port)) } => {
            Sentence::new(Key::BecameReplica, [me, Param::Code(format!("{host}:{port}"))])
        }
        Event::RoleChanged { master: None } => Sentence::new(Key::BecameMaster, [me]),
        Event::MasterCached { replid, psync_offset } => {
            Sentence::new(Key::MasterCached, [me, Param::History(*replid), number(*psync_offset)])
        }
        Event::MasterDiscarded { why } => Sentence::new(Key::MasterDiscarded, [me, reason(why)]),
        Event::Continued { replid, changed, offset } => {
            let key = if *changed { Key::ContinuedNewId } else { Key::Continued };
            Sentence::new(key, [me, Param::History(*replid), number(*offset)])
        }
        Event::Evicted { key, used, limit, .. } => Sentence::new(
            Key::KeyEvicted,
            [me, super::text(key), Param::Number(*used), Param::Number(*limit)],
        ),
        Event::Expired { key, .. } => Sentence::new(Key::KeyExpired, [me, super::text(key)]),
        Event::Closed { reason, .. } => closed(me, reason),
        Event::ClientBlocked { on, .. } => blocked(me, on)?,
        Event::ClientUnblocked { why, .. } => Sentence::new(Key::WaitOver, [me, reason(why)]),
        _ => return None,
    })
}

/// `None` for what is over at once.
fn blocked(me: Param, on: &BlockedFor) -> Option<Sentence> {
    Some(match on {
        BlockedFor::Keys(keys) => {
            let names: Vec<_> = keys.iter().map(|key| key.escape_ascii().to_string()).collect();
            Sentence::new(Key::WaitsForKeys, [me, Param::Code(names.join(" "))])
        }
        BlockedFor::Acks { offset, replicas } => {
            let replicas = Param::Number(replicas.unsigned_abs());
            Sentence::new(Key::WaitsForAcks, [me, replicas, Param::Number(*offset)])
        }
        BlockedFor::Pause => Sentence::new(Key::WaitsForPause, [me]),
        BlockedFor::Result => return None,
    })
}

fn closed(me: Param, reason: &CloseReason) -> Sentence {
    let key = match reason {
        CloseReason::Peer => Key::ClosedByPeer,
        CloseReason::Timeout => Key::ClosedTimeout,
        CloseReason::OutputLimit => Key::ClosedOutputLimit,
        CloseReason::Protocol(what) => {
            return Sentence::new(Key::ClosedProtocol, [me, Param::Reason(what.clone())]);
        }
        CloseReason::Asked => Key::ClosedAsked,
        CloseReason::HistoryChanged => Key::ClosedHistory,
    };
    Sentence::new(key, [me])
}

fn decided(me: Param, replica: &str, verdict: &Verdict) -> Sentence {
    let replica = Param::Code(replica.to_owned());
    let number = Param::Number;
    let master = &verdict.master;
    let (asked_id, asked_offset) = match &verdict.request {
        Request::Resume { replid, offset } => {
            let id = lockstep_core::id::ReplId::parse(replid);
            let id = id.map_or_else(|| super::text(replid), Param::History);
            (id, number(u64::try_from(*offset).unwrap_or(0)))
        }
        _ => (Param::Code("?".into()), number(0)),
    };
    let first = number(master.backlog.map_or(0, |b| b.first_byte_offset));
    let why = match &verdict.outcome {
        Outcome::Continue { from, bytes, by_replid2 } => {
            let key = match (by_replid2, bytes) {
                (true, _) => Key::DecidedContinueById2,
                (false, 0) => Key::DecidedContinueNothing,
                (false, _) => Key::DecidedContinue,
            };
            let args = [me, replica, number(*from), first, number(*bytes), asked_id];
            return Sentence::new(key, args);
        }
        Outcome::FullResync { why } => why,
    };
    match why {
        FullReason::SyncCommand => Sentence::new(Key::DecidedFullSync, [me, replica]),
        FullReason::NoHistory => Sentence::new(Key::DecidedFullFresh, [me, replica]),
        FullReason::ReplIdMismatch { .. } => Sentence::new(
            Key::DecidedFullId,
            [me, replica, asked_id, Param::History(master.replid)],
        ),
        FullReason::SecondOffsetPassed { by } => {
            Sentence::new(Key::DecidedFullSecond, [me, replica, asked_id, number(*by)])
        }
        FullReason::NoBacklog => Sentence::new(Key::DecidedFullNoBacklog, [me, replica]),
        FullReason::BeforeBacklog { missing, sufficient_size } => {
            let created = master.backlog.map_or(0, |b| b.created_at);
            let (key, last) = match sufficient_size {
                Some(size) => (Key::DecidedFullBefore, *size),
                None => (Key::DecidedFullNeverHeld, created),
            };
            Sentence::new(key, [me, replica, asked_offset, first, number(*missing), number(last)])
        }
        FullReason::AfterBacklog { by } => {
            Sentence::new(Key::DecidedFullAfter, [me, replica, asked_offset, number(*by)])
        }
    }
}
