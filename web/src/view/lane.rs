//! The space-time lane: time goes right, each node has a lane, each message is a line from where it
//! left to where it arrived. Steps stand at equal distances, so that a handshake of milliseconds
//! is as legible as a silence of seconds.

use lockstep_core::trace::Event;
use lockstep_sim::{Cause, Intervention, Message, NodeId, Step};
use yew::prelude::*;

use super::icons::Family;
use super::percent;
use super::seconds;
use crate::app::{App, Msg};
use crate::i18n::Key;
use crate::sentence;

/// Steps on the lane.
const STEPS: u64 = 48;
/// The window moves by so many steps at once: between moves everything stands still.
const SHIFT: u64 = 12;

/// Where the lanes begin and end, in percent of the width.
const LEFT: f64 = 12.5;
const RIGHT: f64 = 99.0;

/// The steps that are shown: the first one and the one after the last.
fn window(cursor: u64) -> (u64, u64) {
    let first = cursor.saturating_sub(STEPS - SHIFT) / SHIFT * SHIFT + 1;
    (first, first + STEPS)
}

/// A message's line.
struct Line {
    from: (f64, f64),
    to: (f64, f64),
    class: &'static str,
    /// Arrived, on its way, or it will arrive in a step that lies ahead.
    fate: &'static str,
}

impl App {
    pub(super) fn lane(&self, ctx: &Context<Self>) -> Html {
        let nodes = &self.scene.nodes;
        let cursor = self.timeline.cursor();
        let (first, end) = window(cursor);
        let x = |index: f64| LEFT + (index - first as f64 + 1.0) / STEPS as f64 * (RIGHT - LEFT);
        let y = |id: NodeId| (f64::from(id.0) + 0.5) / nodes.len().max(1) as f64 * 86.0 + 7.0;
        let now = x(cursor as f64);
        let lanes = nodes.iter().map(|node| {
            let y = y(node.id);
            html! {
                <>
                    <line class="lane" x1={percent(LEFT)} x2={percent(RIGHT)} y1={percent(y)} y2={percent(y)} />
                    <text class="lane-name" x="10" y={percent(y)} dy="4">
                        { node.port }
                    </text>
                </>
            }
        });
        let last = end.min(self.timeline.len() + 1);
        let steps: Vec<&Step> =
            (first..last).filter_map(|index| self.timeline.step(index)).map(|s| &**s).collect();
        let lines = lines(&steps, cursor, &x, &y);
        let marks = steps.iter().flat_map(|step| {
            let (at, ahead) = (x(step.index as f64), step.index > cursor);
            step_marks(step).into_iter().map(move |(id, class)| {
                html! {
                    <circle class={classes!("dot", class, ahead.then_some("ahead"))}
                        cx={percent(at)} cy={percent(y(id))} r="4.5" />
                }
            })
        });
        let columns = steps.iter().map(|step| {
            let index = step.index;
            let width = (RIGHT - LEFT) / STEPS as f64;
            html! {
                <rect class="column" x={percent(x(index as f64) - width / 2.0)} y="0"
                    width={percent(width)} height="100%"
                    onclick={ctx.link().callback(move |_| Msg::Seek(index))}>
                    <title>{ self.column_title(step) }</title>
                </rect>
            }
        });
        html! {
            <svg class="lanes" role="img" aria-label={self.lane_text(&steps)} data-testid="lane">
                { for self.cuts(first, end, &x, &y) }
                { for lanes }
                { for lines.iter().map(draw) }
                { for marks }
                <line class="now" x1={percent(now)} x2={percent(now)} y1="0" y2="100%" />
                <text class="now-time" x={percent(now)} dx={if now > 85.0 { "-6" } else { "6" }} y="13"
                    text-anchor={if now > 85.0 { "end" } else { "start" }}>
                    { seconds(self.timeline.world().now()) }
                </text>
                { for columns }
            </svg>
        }
    }

    fn column_title(&self, step: &Step) -> String {
        let text = sentence::sentence(self.lang, &self.scene.names, step);
        format!("{} · {} · {text}", step.index, seconds(step.at))
    }

    /// The lane in words: its last steps.
    fn lane_text(&self, steps: &[&Step]) -> String {
        let cursor = self.timeline.cursor();
        let past = steps.iter().filter(|step| step.index <= cursor);
        let last: Vec<String> = past
            .rev()
            .take(3)
            .map(|step| sentence::sentence(self.lang, &self.scene.names, step))
            .collect();
        format!("{} {}", self.t(Key::LaneText), last.join(" "))
    }

    /// The times during which links are cut or nodes are down, as bands.
    fn cuts(
        &self,
        first: u64,
        end: u64,
        x: &dyn Fn(f64) -> f64,
        y: &dyn Fn(NodeId) -> f64,
    ) -> Vec<Html> {
        // What is cut or down, and since which step: a link is a pair, a node a pair of itself.
        let mut open: Vec<((u32, u32), u64)> = Vec::new();
        let mut bands = Vec::new();
        let mut close = |id: (u32, u32), from: u64, to: u64| {
            if to > first {
                bands.push((id, from.max(first), to.min(end)));
            }
        };
        for step in self.timeline.steps().iter().take_while(|step| step.index < end) {
            let Cause::Intervention(what) = &step.cause else { continue };
            let (id, begins) = match what {
                Intervention::CutLink { a, b, .. } => ((a.0.min(b.0), a.0.max(b.0)), true),
                Intervention::RestoreLink { a, b } => ((a.0.min(b.0), a.0.max(b.0)), false),
                Intervention::StopNode { node, .. } => ((node.0, node.0), true),
                Intervention::StartNode { node } => ((node.0, node.0), false),
                _ => continue,
            };
            let known = open.iter().position(|(known, _)| *known == id);
            match (known, begins) {
                (None, true) => open.push((id, step.index)),
                (Some(at), false) => close(id, open.swap_remove(at).1, step.index),
                _ => {}
            }
        }
        let last = end.min(self.timeline.len().max(self.timeline.cursor()) + 1);
        for (id, from) in open {
            close(id, from, last);
        }
        let nodes = self.scene.nodes.len() as u32;
        let shown = bands.into_iter().filter(|((_, b), ..)| *b < nodes);
        let band = |((_, b), from, to): ((u32, u32), u64, u64)| {
            let (left, right) = (x(from as f64), x(to as f64));
            html! {
                <rect class="band" x={percent(left)} width={percent((right - left).max(0.5))}
                    y={percent(y(NodeId(b)) - 5.0)} height="10%" rx="3" />
            }
        };
        shown.map(band).collect()
    }
}

/// The lines of the messages that left or arrived in these steps.
fn lines(
    steps: &[&Step],
    cursor: u64,
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(NodeId) -> f64,
) -> Vec<Line> {
    let mut sent: Vec<(u64, &Message)> = Vec::new();
    let mut lines = Vec::new();
    let ends = |message: &Message| Some((message.from.node()?, message.to.node()?));
    for step in steps {
        sent.extend(step.sent.iter().map(|message| (step.index, &**message)));
        if let Cause::Delivered(message) = &step.cause {
            let from = sent.iter().position(|(_, sent)| sent.id == message.id);
            let from = from.map(|at| sent.remove(at).0);
            let Some((a, b)) = ends(message) else { continue };
            // What left before the first step that is shown enters at the edge.
            let start = from.map_or(LEFT, |index| x(index as f64));
            lines.push(Line {
                from: (start, y(a)),
                to: (x(step.index as f64), y(b)),
                class: Family::of(message.kind).class(),
                fate: if step.index <= cursor { "there" } else { "ahead" },
            });
        }
    }
    for (index, message) in sent {
        let Some((a, b)) = ends(message) else { continue };
        // On its way (or lost): a stub that points to where it is going.
        let start = x(index as f64);
        let (dx, dy) = (1.4, (y(b) - y(a)) * 0.42);
        lines.push(Line {
            from: (start, y(a)),
            to: (start + dx, y(a) + dy),
            class: Family::of(message.kind).class(),
            fate: if index <= cursor { "underway" } else { "ahead" },
        });
    }
    lines
}

fn draw(line: &Line) -> Html {
    html! {
        <line class={classes!("path", line.class, line.fate)}
            x1={percent(line.from.0)} y1={percent(line.from.1)}
            x2={percent(line.to.0)} y2={percent(line.to.1)} />
    }
}

/// Nodes that changed in a step, and how.
fn step_marks(step: &Step) -> Vec<(NodeId, &'static str)> {
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_window_holds_the_cursor_and_moves_seldom() {
        let mut moves = 0;
        for cursor in 0..500 {
            let (first, end) = window(cursor);
            assert!(first >= 1 && end - first == STEPS);
            assert!(cursor < end && (cursor == 0 || cursor >= first));
            moves += u32::from(window(cursor + 1) != window(cursor));
        }
        assert!(moves <= 500 / SHIFT as u32 + 1);
    }
}
