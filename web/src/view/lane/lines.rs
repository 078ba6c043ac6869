//! The lines of the space-time diagram.

use lockstep_core::trace::Event;
use lockstep_sim::{Cause, Message, MessageRef, NodeId, Step};

use super::{Frame, LEFT};
use crate::view::icons::Family;

/// A message's line.
pub(super) struct Line {
    pub(super) message: MessageRef,
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
    /// The steps in which it left and arrived, if they are shown.
    pub(super) left: Option<u64>,
    pub(super) came: Option<u64>,
    pub(super) class: &'static str,
    /// Arrived, on its way, or it will arrive in a step that lies ahead.
    pub(super) fate: &'static str,
}

/// The lines of the messages that left or arrived in the steps that are shown.
pub(super) fn lines(frame: &Frame<'_>, cursor: u64) -> Vec<Line> {
    let mut sent: Vec<(u64, &MessageRef)> = Vec::new();
    let mut lines = Vec::new();
    let ends = |message: &Message| Some((message.from.node()?, message.to.node()?));
    for step in &frame.steps {
        sent.extend(step.sent.iter().map(|message| (step.index, message)));
        if let Cause::Delivered(message) = &step.cause {
            let from = sent.iter().position(|(_, sent)| sent.id == message.id);
            let from = from.map(|at| sent.remove(at).0);
            let Some((a, b)) = ends(message) else { continue };
            // What left before the first step that is shown enters at the edge.
            // A capture sees a message once, somewhere on its way: it is drawn as having just left.
            let start = match from {
                Some(index) if index == step.index => (frame.x(index) - 1.2).max(LEFT),
                Some(index) => frame.x(index),
                None => LEFT,
            };
            lines.push(Line {
                message: message.clone(),
                from: (start, frame.y(a)),
                to: (frame.x(step.index), frame.y(b)),
                left: from,
                came: Some(step.index),
                class: Family::of(message.kind).class(),
                fate: if step.index <= cursor { "there" } else { "ahead" },
            });
        }
    }
    for (index, message) in sent {
        let Some((a, b)) = ends(message) else { continue };
        // On its way (or lost): a stub that points to where it is going.
        let (start, y) = (frame.x(index), frame.y(a));
        lines.push(Line {
            message: message.clone(),
            from: (start, y),
            to: (start + 1.4, y + (frame.y(b) - y) * 0.42),
            left: Some(index),
            came: None,
            class: Family::of(message.kind).class(),
            fate: if index <= cursor { "underway" } else { "ahead" },
        });
    }
    lines
}

/// Nodes that changed in a step, and how.
pub(super) fn step_marks(step: &Step) -> Vec<(NodeId, &'static str)> {
    let mut marks: Vec<(NodeId, &'static str)> = Vec::new();
    for effect in &step.effects {
        let class = match &effect.event {
            Event::PsyncDecided { .. } => "decided",
            Event::ReplStateChanged { .. } | Event::RoleChanged { .. } => "changed",
            Event::Loaded { .. } => "loaded",
            Event::Command { dirty, .. } if *dirty > 0 => "wrote",
            _ => continue,
        };
        if !marks.iter().any(|(node, _)| *node == effect.node) {
            marks.push((effect.node, class));
        }
    }
    marks
}
