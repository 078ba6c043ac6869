//! What is on a disk: whatever happened while it was written, an RDB file is whole.

use lockstep_core::rdb::crc64;

use super::{Promise, Violation};
use crate::ids::NodeId;
use crate::step::{Cause, Step};
use crate::world::World;

/// The file that every node saves to: no plan and no scenario names it otherwise.
const NAME: &str = "dump.rdb";

/// Bytes of the sum at the end.
const SUM_BYTES: usize = 8;

/// After a file operation and after an intervention (a crash, say) the file is one that was
/// written to its end: its sum is right.
pub(super) fn check(world: &World, step: &Step) -> Result<(), Violation> {
    match &step.cause {
        Cause::File { node, .. } => whole(world, *node),
        Cause::Intervention(_) => world.node_ids().try_for_each(|id| whole(world, id)),
        _ => Ok(()),
    }
}

fn whole(world: &World, id: NodeId) -> Result<(), Violation> {
    let Some(file) = world.file(id, NAME) else { return Ok(()) };
    let (body, sum) = file.split_at(file.len().saturating_sub(SUM_BYTES));
    if is_whole(body, sum) {
        return Ok(());
    }
    let what = format!("{NAME} on the disk of {id} has {} bytes, and a wrong sum", file.len());
    Err(Violation::new(Promise::WholeFiles, id, what))
}

/// A sum of zeros says that none was made (`rdbchecksum no`, and RDB before version 5).
fn is_whole(body: &[u8], sum: &[u8]) -> bool {
    let zeros = sum.iter().all(|byte| *byte == 0);
    body.starts_with(b"REDIS") && (zeros || crc64::update(0, body).to_le_bytes() == *sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_file_is_not_whole() {
        let body = b"REDIS0010\xff";
        let sum = crc64::update(0, body).to_le_bytes();
        assert!(is_whole(body, &sum) && is_whole(body, &[0; 8]));
        assert!(!is_whole(&body[..9], &sum) && !is_whole(b"", b""));
    }
}
