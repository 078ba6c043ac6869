//! Limits: windows, buffers and silences.

use lockstep_core::id::ConnId;
use lockstep_core::replication::state::{ReplState, ReplicaState};

use super::{Core, Promise, Violation};
use crate::ids::NodeId;

/// What a node holds keeps its limits.
pub(super) fn check(id: NodeId, core: &Core) -> Result<(), Violation> {
    let offset = core.master_repl_offset();
    let Some(backlog) = core.backlog() else { return Ok(()) };
    let (first, histlen, size) = (backlog.first_byte_offset, backlog.histlen, backlog.size);
    if first + histlen != offset + 1 {
        let what = format!(
            "the backlog of {id} begins at {first} and holds {histlen} bytes, but its offset is \
             {offset}"
        );
        return Err(Violation::new(Promise::BacklogReachesOffset, id, what));
    }
    if histlen > size {
        let what = format!("the backlog of {id} holds {histlen} bytes, and has room for {size}");
        return Err(Violation::new(Promise::BacklogFits, id, what));
    }
    // What a smaller backlog has let go of, a larger one does not have.
    let resized = core.config().revision > 0;
    let could = size.min((offset + 1).saturating_sub(backlog.created_at));
    if histlen < could && !resized {
        let what = format!("the backlog of {id} holds {histlen} bytes, and should hold {could}");
        return Err(Violation::new(Promise::BacklogFits, id, what));
    }
    if histlen > 0 && core.stream_after(first - 1).next().is_none() {
        let what = format!("the backlog of {id} begins at {first}, but that byte is not held");
        return Err(Violation::new(Promise::StreamHeld, id, what));
    }
    core.replica_positions().try_for_each(|at| replica(id, core, offset, at))
}

fn replica(
    id: NodeId,
    core: &Core,
    offset: u64,
    (conn, state, sent): (ConnId, ReplicaState, u64),
) -> Result<(), Violation> {
    if state == ReplicaState::WaitBgsaveStart {
        return Ok(());
    }
    if sent < offset && core.stream_after(sent).next().is_none() {
        let what = format!(
            "{id} has sent its replica {conn} the stream up to {sent} of {offset}, and does not \
             hold what comes next"
        );
        return Err(Violation::new(Promise::StreamHeld, id, what));
    }
    let (limit, waiting) = (core.config().output_limit_replica.hard, offset.saturating_sub(sent));
    let limit = limit.max(core.config().repl_backlog_size);
    if core.config().output_limit_replica.hard > 0 && waiting >= limit {
        let what = format!(
            "{waiting} bytes wait at {id} for its replica {conn}, more than its limit of {limit}"
        );
        return Err(Violation::new(Promise::OutputBounded, id, what));
    }
    Ok(())
}

/// Right after the replication cron nobody is connected who has been silent for too long.
pub(super) fn check_silence(id: NodeId, core: &Core) -> Result<(), Violation> {
    let timeout = core.config().repl_timeout;
    if let Some(link) = core.link()
        && !matches!(link.state, ReplState::None | ReplState::Connect)
        && link.last_io_seconds > timeout
    {
        let what = format!(
            "{id} has heard nothing of its master for {} seconds, and waits on; its repl-timeout \
             is {timeout}",
            link.last_io_seconds
        );
        return Err(Violation::new(Promise::SilenceEnds, id, what));
    }
    for replica in core.replicas() {
        let (state, lag) = (replica.state, replica.lag_seconds);
        let acks = state == ReplicaState::Online && core.config().era.has_psync();
        if acks && lag > timeout && !replica.old_sync {
            let what = format!(
                "{id} has heard nothing of its replica {} for {lag} seconds, and keeps it; its \
                 repl-timeout is {timeout}",
                replica.conn
            );
            return Err(Violation::new(Promise::SilenceEnds, id, what));
        }
    }
    Ok(())
}
