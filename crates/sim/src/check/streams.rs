//! The stream of a node: it grows byte by byte, the same bytes as everywhere in its history.

use lockstep_core::id::ReplId;
use lockstep_core::trace::{Event, Fed, SnapshotTarget};

use super::{Checkers, Core, Promise, Seen, Violation};
use crate::ids::NodeId;
use crate::message::MessageKind;
use crate::step::{Cause, Step};

/// Several commands that one request brings into the stream are wrapped in MULTI and EXEC. Who
/// waited and is served, or let go, is a unit of its own.
pub(super) fn units_whole(id: NodeId, step: &Step) -> Result<(), Violation> {
    let Cause::Delivered(request) = &step.cause else { return Ok(()) };
    if request.kind != MessageKind::Request {
        return Ok(());
    }
    let (mut commands, mut wrapped) = (0, false);
    for effect in step.effects.iter().filter(|e| e.node == id) {
        match &effect.event {
            Event::ClientUnblocked { .. } => return Ok(()),
            Event::Fed { why: Fed::Command | Fed::Expire, .. } => commands += 1,
            Event::Fed { why: Fed::Transaction, .. } => wrapped = true,
            _ => {}
        }
    }
    if commands < 2 || wrapped {
        return Ok(());
    }
    let what = format!("{id} streams {commands} commands for one request, each by itself");
    Err(Violation::new(Promise::UnitsWhole, id, what))
}

/// Follows a node's stream through the events of a step.
struct Walk<'a> {
    id: NodeId,
    seen: &'a mut Seen,
    /// The offset reached; `None`: unknown until the next event that tells.
    at: Option<u64>,
    /// Before Redis 4.0 a replica counts its master's stream apart: where it is there.
    followed: Option<u64>,
    /// It is older than that.
    old: bool,
    /// What a replica has applied, when all its bytes are still to be looked at.
    applied: Option<u64>,
}

impl Checkers {
    pub(super) fn check_stream(
        &mut self,
        id: NodeId,
        core: &Core,
        seen: &mut Seen,
        step: &Step,
    ) -> Result<(), Violation> {
        let stream = (core.history().replid, core.master_repl_offset());
        let place = core.place();
        let named = core.config().era.has_psync();
        let old = !core.config().era.has_psync2();
        let at = seen.stream.map(|(_, offset)| offset);
        let followed = seen.place.filter(|_| old).map(|(_, offset)| offset);
        let mut walk = Walk { id, seen, at, followed, old, applied: None };
        let (mut loaded, mut turned) = (false, false);
        for effect in step.effects.iter().filter(|e| e.node == id) {
            match &effect.event {
                Event::ReplIdShifted { replid2, second_offset, replid } => {
                    walk.shifted(*second_offset)?;
                    self.histories.shifted(*replid2, *second_offset, *replid);
                    if self.is_reused(*replid2) {
                        self.reused.push(*replid);
                    }
                }
                Event::Fed { from, bytes, why } => {
                    walk.fed(*from, bytes, *why, named)?;
                    if !self.is_reused(stream.0) {
                        self.histories.add(id, stream.0, *from, bytes)?;
                    }
                }
                Event::Applied { from, to } => walk.applied(*from, *to)?,
                Event::Loaded { .. } => {
                    loaded = true;
                    (walk.followed, walk.applied) = (None, None);
                    walk.at = walk.at.filter(|_| old);
                }
                Event::BacklogCreated { .. } if old => walk.at = None,
                Event::SnapshotStarted { target, .. } => walk.snapshot(*target),
                Event::RoleChanged { .. } => turned = true,
                _ => {}
            }
        }
        let (mut at, followed, applied) = (walk.at, walk.followed, walk.applied);
        if old && turned {
            // A node that counts anew under the name by which it was known.
            if at.is_none_or(|at| at > 0 && at != stream.1) {
                self.reused.push(stream.0);
            }
            at = None;
        }
        let apart = place.0 != stream.0;
        if let Some(from) = applied.filter(|_| !old && !self.is_reused(stream.0)) {
            self.compare(id, core, stream, from)?;
        }
        let followed = followed.filter(|_| apart && !turned).map(|at| (at, place.1));
        for (at, end) in at.map(|at| (at, stream.1)).into_iter().chain(followed) {
            if at != end {
                let what = format!("{id} is at offset {end}, but the bytes seen end at {at}");
                return Err(Violation::new(Promise::NoOffsetSkipped, id, what));
            }
        }
        let back = |was: Option<(ReplId, u64)>, now: (ReplId, u64)| {
            was.filter(|was| was.0 == now.0 && was.1 > now.1).map(|was| (was.1, now.1))
        };
        let went = back(seen.stream, stream).or(back(seen.place, place));
        if let Some((was, now)) = went.filter(|_| !(loaded || old && turned)) {
            let what = format!("{id} goes back from offset {was} to {now}");
            return Err(Violation::new(Promise::OffsetsGrow, id, what));
        }
        (seen.place, seen.stream) = (Some(place), Some(stream));
        seen.master = core.config().replicaof.is_none();
        seen.writes = seen.master || old;
        Ok(())
    }

    /// The bytes that a replica has applied since `from` are those of its history, as far as its
    /// backlog still holds them.
    fn compare(
        &mut self,
        id: NodeId,
        core: &Core,
        (replid, offset): (ReplId, u64),
        from: u64,
    ) -> Result<(), Violation> {
        let Some(backlog) = core.backlog() else { return Ok(()) };
        let mut from = from.max(backlog.first_byte_offset.saturating_sub(1)).min(offset);
        for slice in core.stream_after(from) {
            self.histories.add(id, replid, from + 1, slice)?;
            from += slice.len() as u64;
        }
        Ok(())
    }
}

impl Walk<'_> {
    fn skipped(&self, what: String) -> Violation {
        Violation::new(Promise::NoOffsetSkipped, self.id, what)
    }

    fn fed(&mut self, from: u64, bytes: &[u8], why: Fed, named: bool) -> Result<(), Violation> {
        if why == Fed::Proxied {
            // The very bytes that were just applied.
            return Ok(());
        }
        if let Some(at) = self.at.filter(|at| at + 1 != from) {
            let text = format!("{} puts a byte at offset {from}, after {at}", self.id);
            return Err(self.skipped(text));
        }
        self.at = Some(from - 1 + bytes.len() as u64);
        match why {
            Fed::Select => self.seen.select_due = false,
            Fed::Ping | Fed::GetAck | Fed::Proxied => {}
            _ if self.seen.select_due && named => {
                let what = format!(
                    "the stream of {} says {} at offset {from}, and has not said which database \
                     since its last snapshot or promotion",
                    self.id,
                    bytes[..bytes.len().min(40)].escape_ascii()
                );
                return Err(Violation::new(Promise::SelectFirst, self.id, what));
            }
            _ => {}
        }
        Ok(())
    }

    fn applied(&mut self, from: u64, to: u64) -> Result<(), Violation> {
        let at = if self.old { &mut self.followed } else { &mut self.at };
        if let Some(at) = at.replace(to).filter(|at| *at != from) {
            return Err(self.skipped(format!("{} applies from {from}, after {at}", self.id)));
        }
        self.applied.get_or_insert(from);
        Ok(())
    }

    /// A promotion: the second id is accepted for what this node holds of it, and no further.
    fn shifted(&mut self, second_offset: u64) -> Result<(), Violation> {
        self.seen.select_due = true;
        let Some(at) = self.at.filter(|at| at + 1 != second_offset) else { return Ok(()) };
        let what = format!(
            "{} holds its old history up to {at}, and would continue it up to {second_offset}",
            self.id
        );
        Err(Violation::new(Promise::SecondIdFits, self.id, what))
    }

    fn snapshot(&mut self, target: SnapshotTarget) {
        self.seen.select_due |= target != SnapshotTarget::Disk;
    }
}
