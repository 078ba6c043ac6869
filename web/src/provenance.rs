//! Where a byte of the replication stream comes from: the command that made it, what a client had
//! typed, where it lies in backlogs, and which replicas hold it.

use std::sync::Arc;

use lockstep_core::trace::{Event, Fed};
use lockstep_sim::view::NodeView;
use lockstep_sim::{Cause, Intervention, Message, MessageKind, NodeId, Step};

/// The story of a message of the stream. All of its bytes share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Offset of the message's first byte.
    pub(crate) from: u64,
    /// How it came into the stream, if that is in this history.
    pub(crate) fed: Option<Birth>,
    /// The backlogs of this history's nodes.
    pub(crate) backlogs: Vec<Held>,
    /// The replicas of the node that sent it.
    pub(crate) replicas: Vec<Reader>,
}

/// How bytes came into the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Birth {
    /// The step in which it happened.
    pub(crate) step: u64,
    /// The node that wrote them.
    pub(crate) node: NodeId,
    /// Why.
    pub(crate) why: Fed,
    /// The command that was carried out then, if one was: its RESP.
    pub(crate) command: Option<Vec<u8>>,
    /// What had been typed, and in which step.
    pub(crate) typed: Option<(u64, String)>,
}

/// A backlog as far as it matters for a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Whose.
    pub(crate) node: NodeId,
    /// Offset of its first byte.
    pub(crate) first: u64,
    /// Offset of its last byte.
    pub(crate) last: u64,
    /// `repl-backlog-size`
    pub(crate) size: u64,
}

impl Held {
    /// Where in the backlog a byte lies, counted from 1; `None`: it is not in it.
    pub(crate) fn place(&self, offset: u64) -> Option<u64> {
        (self.first..=self.last).contains(&offset).then(|| offset - self.first + 1)
    }

    /// How many bytes more drive it out.
    pub(crate) fn falls_after(&self, offset: u64) -> u64 {
        (offset + self.size).saturating_sub(self.last)
    }
}

/// A replica of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    /// Which node, if it is one of this world.
    pub(crate) node: Option<NodeId>,
    /// The last byte that was handed to the network for it.
    pub(crate) sent: u64,
    /// The last byte it has acknowledged.
    pub(crate) acked: u64,
}

impl Origin {
    /// The story of a message, as it is known after these steps; `None` if it is not of the stream.
    pub(crate) fn of(steps: &[Arc<Step>], nodes: &[NodeView], message: &Message) -> Option<Self> {
        let from = message.stream?.from;
        let sender = nodes.get(message.from.node()?.0 as usize);
        let live = sender.and_then(|node| node.live.as_ref());
        let replid = live.map(|live| live.stream().0);
        let same = |node: &&NodeView| node.live.as_ref().map(|live| live.stream().0) == replid;
        let backlogs = nodes.iter().filter(same).filter_map(|node| {
            let backlog = node.live.as_ref()?.backlog?;
            let last = (backlog.first_byte_offset + backlog.histlen).checked_sub(1)?;
            let first = backlog.first_byte_offset;
            Some(Held { node: node.id, first, last, size: backlog.size })
        });
        let readers = live.into_iter().flat_map(|live| &live.replicas).map(|replica| Reader {
            node: replica.node,
            sent: replica.sent_offset,
            acked: replica.ack_offset,
        });
        Some(Self {
            from,
            fed: birth(steps, message, from),
            backlogs: backlogs.collect(),
            replicas: readers.collect(),
        })
    }
}

fn birth(steps: &[Arc<Step>], message: &Message, at: u64) -> Option<Birth> {
    let before = steps.iter().rev().skip_while(|step| step.at > message.sent_at);
    for step in before {
        for (index, effect) in step.effects.iter().enumerate() {
            let Event::Fed { from, bytes, why } = &effect.event else { continue };
            let covers = at.checked_sub(*from).and_then(|skip| bytes.get(skip as usize..));
            let same = covers.is_some_and(|rest| {
                let len = rest.len().min(message.bytes.len());
                len > 0 && rest[..len] == message.bytes[..len]
            });
            if *why == Fed::Proxied || !same {
                continue;
            }
            return Some(Birth {
                step: step.index,
                node: effect.node,
                why: *why,
                command: command(step, index, effect.node),
                typed: typed(steps, step),
            });
        }
    }
    None
}

/// The command nearest to an effect of a step: before it, or else after it.
fn command(step: &Step, index: usize, node: NodeId) -> Option<Vec<u8>> {
    let of_node = |effect: &&lockstep_sim::Effect| effect.node == node;
    let raw = |effect: &lockstep_sim::Effect| match &effect.event {
        Event::Command { raw, .. } => Some(raw.clone()),
        _ => None,
    };
    let (before, after) = step.effects.split_at(index);
    let before = before.iter().rev().filter(of_node).find_map(raw);
    before.or_else(|| after.iter().filter(of_node).find_map(raw))
}

/// What was typed so that this step happened.
fn typed(steps: &[Arc<Step>], step: &Step) -> Option<(u64, String)> {
    let Cause::Delivered(request) = &step.cause else { return None };
    if request.kind != MessageKind::Request {
        return None;
    }
    let sent = steps.iter().rev().skip_while(|before| before.index > step.index);
    let mut sent = sent.filter(|step| step.sent.iter().any(|message| message.id == request.id));
    let sent = sent.next()?;
    match &sent.cause {
        Cause::Intervention(
            Intervention::Console { line, .. } | Intervention::Telnet { line, .. },
        ) => Some((sent.index, line.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::{Grain, scenarios};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_byte_of_the_stream_has_an_origin() {
        let mut timeline = scenarios::first_light();
        let line = "SET typed by-hand".to_owned();
        timeline.act(Intervention::Console { node: NodeId(0), line });
        for _ in 0..200 {
            timeline.forward(Grain::Event);
        }
        let nodes = timeline.world().nodes();
        let steps = timeline.steps();
        let (mut seen, mut by_hand) = (0, 0);
        for message in steps.iter().flat_map(|step| &step.sent).filter(|m| m.stream.is_some()) {
            let origin = Origin::of(steps, &nodes, message).expect("it is of the stream");
            let birth = origin.fed.expect("its birth is in this history");
            assert_eq!(birth.node, NodeId(0));
            let made = &steps[birth.step as usize - 1];
            assert_eq!(made.index, birth.step);
            match birth.why {
                Fed::Command => assert!(birth.command.is_some(), "{message:?}"),
                Fed::Ping => assert!(matches!(made.cause, Cause::Timer { .. })),
                _ => {}
            }
            seen += 1;
            if message.bytes.ends_with(b"by-hand\r\n") {
                assert_eq!(birth.typed.map(|(_, line)| line).as_deref(), Some("SET typed by-hand"));
                by_hand += 1;
            }
            for held in &origin.backlogs {
                let last = origin.from + message.bytes.len() as u64 - 1;
                assert!(last <= held.last || held.node != NodeId(0));
            }
        }
        assert!(seen > 50 && by_hand == 2, "{seen} messages, {by_hand} typed");
    }

    #[test]
    fn a_byte_falls_out_when_the_backlog_is_full() {
        let held = Held { node: NodeId(0), first: 101, last: 200, size: 100 };
        assert_eq!(held.place(100), None);
        assert_eq!(held.place(101), Some(1));
        assert_eq!(held.falls_after(101), 1);
        assert_eq!(held.falls_after(200), 100);
        let young = Held { first: 1, ..held };
        assert_eq!(young.falls_after(200), 100);
    }
}
