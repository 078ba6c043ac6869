//! Histories: which byte stands at which offset of which history.
//!
//! Two nodes that name the same history must have put the same byte at the same offset, whenever
//! and however it reached them. This is what makes a `+CONTINUE` safe.

use std::collections::BTreeMap;

use lockstep_core::id::ReplId;
use lockstep_core::replication::psync::{Outcome, Request, Verdict};

use super::{Promise, Violation};
use crate::ids::NodeId;

/// Bytes remembered per history at most; the oldest are forgotten.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The known bytes of a history, without gaps.
#[derive(Debug, Clone)]
struct Known {
    /// Offset of the first one.
    first: u64,
    bytes: Vec<u8>,
}

impl Known {
    fn at(&self, offset: u64) -> Option<u8> {
        let index = offset.checked_sub(self.first)?;
        self.bytes.get(usize::try_from(index).ok()?).copied()
    }
}

/// All histories seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Histories {
    known: BTreeMap<ReplId, Known>,
}

impl Histories {
    /// A promotion: up to where they part, the new history is the old one.
    pub(super) fn shifted(&mut self, replid2: ReplId, second_offset: u64, replid: ReplId) {
        let shared = self.known.get(&replid2).map(|old| {
            let len = second_offset.saturating_sub(old.first) as usize;
            let bytes = old.bytes[..len.min(old.bytes.len())].to_vec();
            Known { first: old.first, bytes }
        });
        if let Some(shared) = shared {
            self.known.entry(replid).or_insert(shared);
        }
    }

    /// A replica may go on only after bytes that it shares with its master.
    pub(super) fn check_decision(
        &self,
        master: NodeId,
        verdict: &Verdict,
    ) -> Result<(), Violation> {
        let (Request::Resume { replid, .. }, Outcome::Continue { from, .. }) =
            (&verdict.request, &verdict.outcome)
        else {
            return Ok(());
        };
        let from = *from;
        let Some(asked) = ReplId::parse(replid) else { return Ok(()) };
        let (theirs, mine) = (self.known.get(&asked), self.known.get(&verdict.master.replid));
        let (Some(theirs), Some(mine)) = (theirs, mine) else { return Ok(()) };
        let first = theirs.first.max(mine.first);
        let differs = |offset: &u64| theirs.at(*offset) != mine.at(*offset);
        match (first..from).find(differs) {
            Some(differ_at) => {
                let what = format!(
                    "{master} lets a replica go on at {from} after history {asked}, which differs \
                     from its own at {differ_at}"
                );
                Err(Violation::new(Promise::SharedHistory, master, what))
            }
            None => Ok(()),
        }
    }

    /// A node holds these bytes of a history, the first of them at `from`.
    pub(super) fn add(
        &mut self,
        node: NodeId,
        replid: ReplId,
        from: u64,
        bytes: &[u8],
    ) -> Result<(), Violation> {
        let fresh = || Known { first: from, bytes: Vec::new() };
        let known = self.known.entry(replid).or_insert_with(fresh);
        // Who follows from further back, by an id that went on meanwhile, adds nothing before it
        // has come to what is known: the later bytes are those that decisions are about.
        let before = known.first.saturating_sub(from);
        let Some(bytes) = bytes.get(usize::try_from(before).unwrap_or(usize::MAX)..) else {
            return Ok(());
        };
        let from = from + before;
        let next = known.first + known.bytes.len() as u64;
        if from > next {
            // A gap: what happened in between was not seen.
            *known = Known { first: from, bytes: bytes.to_vec() };
            return Ok(());
        }
        let at = (from - known.first) as usize;
        let overlap = (known.bytes.len() - at).min(bytes.len());
        let old = &known.bytes[at..at + overlap];
        if let Some(i) = old.iter().zip(bytes).position(|(a, b)| a != b) {
            let offset = from + i as u64;
            let what = format!("{node} has another byte at offset {offset} of history {replid}");
            return Err(Violation::new(Promise::OneHistory, node, what));
        }
        known.bytes.extend_from_slice(&bytes[overlap..]);
        if known.bytes.len() > BYTES_MAX {
            let drop = known.bytes.len() - BYTES_MAX / 2;
            known.bytes.drain(..drop);
            known.first += drop as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: [NodeId; 3] = [NodeId(0), NodeId(1), NodeId(2)];

    fn id(letter: u8) -> ReplId {
        ReplId::parse(&[letter; 40]).unwrap()
    }

    #[test]
    fn who_follows_from_further_back_takes_nothing_of_what_is_known() {
        let mut histories = Histories::default();
        histories.add(N[0], id(b'a'), 100, b"stream").unwrap();
        histories.add(N[1], id(b'a'), 10, b"older bytes").unwrap();
        histories.add(N[1], id(b'a'), 97, b"...str").unwrap();
        assert!(histories.add(N[1], id(b'a'), 97, b"...sTr").is_err());
        assert!(histories.add(N[2], id(b'a'), 103, b"EAM").is_err());
    }

    #[test]
    fn the_same_history_with_another_byte_is_a_violation() {
        let mut h = Histories::default();
        h.add(N[0], id(b'a'), 1, b"hello").unwrap();
        h.add(N[1], id(b'a'), 1, b"he").unwrap();
        let violation = h.add(N[1], id(b'a'), 3, b"lX").unwrap_err();
        assert_eq!((violation.promise, violation.node), (Promise::OneHistory, N[1]));
        assert!(violation.what.contains("offset 4"), "{violation}");
    }

    #[test]
    fn a_promoted_replica_may_go_on_differently_under_its_new_id() {
        let mut h = Histories::default();
        h.add(N[0], id(b'a'), 1, b"hello").unwrap();
        h.add(N[1], id(b'a'), 1, b"he").unwrap();
        h.shifted(id(b'a'), 3, id(b'b'));
        h.add(N[1], id(b'b'), 3, b"y!").unwrap();
        let other_branch = h.add(N[2], id(b'b'), 1, b"hello");
        assert!(other_branch.is_err(), "the third byte is another one there");
    }
}
