//! The space-time diagram: time goes right, each node has a lane, each message is a line from where
//! it left to where it arrived. Steps stand at equal distances, so that a handshake of milliseconds
//! is as legible as a silence of seconds; or, if one wants, to scale with time.

mod lines;
pub(crate) mod walk;

use lockstep_core::time::Instant;
use lockstep_sim::{Intervention, NodeId, Step};
use yew::prelude::*;

use self::lines::{Line, lines, step_marks};
use super::el::el;
use super::icons::{Icon, icon};
use super::percent;
use super::seconds;
use crate::app::{App, LowerTab, Msg};
use crate::i18n::{Key, grouped};
use crate::sentence;

/// Steps on the diagram.
const STEPS: u64 = 48;
/// The window moves by so many steps at once: between moves everything stands still.
const SHIFT: u64 = 12;

/// Where the lanes begin and end, in percent of the width.
const LEFT: f64 = 12.0;
const RIGHT: f64 = 99.0;
/// Where the first and the last lane may be, in percent of the height.
const TOP: f64 = 6.0;
const BOTTOM: f64 = 90.0;

/// The steps that are shown: the first one and the one after the last.
fn window(cursor: u64) -> (u64, u64) {
    let first = cursor.saturating_sub(STEPS - SHIFT) / SHIFT * SHIFT + 1;
    (first, first + STEPS)
}

/// What the diagram's places mean.
struct Frame<'a> {
    first: u64,
    end: u64,
    /// The times at the edges, if it is to scale with time.
    times: Option<(Instant, Instant)>,
    /// The steps that are shown.
    steps: Vec<&'a Step>,
    order: &'a [NodeId],
    began: Instant,
}

impl Frame<'_> {
    /// The place of a step, in percent.
    fn x(&self, index: u64) -> f64 {
        let part = match self.times {
            None => (index as f64 - self.first as f64 + 1.0) / STEPS as f64,
            Some((from, to)) => {
                let at = self.time(index).0.max(from.0) - from.0;
                at as f64 / (to.0 - from.0).max(1) as f64
            }
        };
        LEFT + part.min(1.0) * (RIGHT - LEFT)
    }

    fn time(&self, index: u64) -> Instant {
        let at = self.steps.partition_point(|step| step.index <= index);
        at.checked_sub(1).map_or(self.began, |at| self.steps[at].at)
    }

    /// The place of a lane, in percent.
    fn y(&self, id: NodeId) -> f64 {
        let place = self.order.iter().position(|&other| other == id).unwrap_or(0);
        TOP + (place as f64 + 0.5) / self.order.len().max(1) as f64 * (BOTTOM - TOP)
    }

    /// The figures under the diagram: where, and what.
    fn figures(&self) -> Vec<(f64, String)> {
        match self.times {
            None => (self.first..self.end)
                .filter(|index| index.is_multiple_of(SHIFT))
                .map(|index| (self.x(index), grouped(index)))
                .collect(),
            Some((from, to)) => {
                let step = tick((to.0 - from.0) / 6);
                (from.0.div_ceil(step)..=to.0 / step)
                    .map(|n| {
                        let part = (n * step - from.0) as f64 / (to.0 - from.0).max(1) as f64;
                        (LEFT + part * (RIGHT - LEFT), seconds(Instant(n * step)))
                    })
                    .collect()
            }
        }
    }
}

/// The next round time, in microseconds: 1, 2 or 5 of a power of ten, at least a millisecond.
fn tick(rough: u64) -> u64 {
    let mut step = 1_000;
    for by in [2, 5, 10].into_iter().cycle() {
        if step * by >= rough.max(1_000) {
            return step * by;
        }
        if by == 10 {
            step *= 10;
        }
    }
    step
}

impl App {
    /// The lanes from top to bottom: as they were put, and those that came since.
    pub(crate) fn lane_order(&self) -> Vec<NodeId> {
        let here = |id: &NodeId| (id.0 as usize) < self.scene.nodes.len();
        let mut order: Vec<NodeId> = self.lanes.iter().copied().filter(here).collect();
        let rest = self.scene.nodes.iter().map(|node| node.id);
        let rest: Vec<NodeId> = rest.filter(|id| !order.contains(id)).collect();
        order.extend(rest);
        order
    }

    fn frame<'a>(&'a self, order: &'a [NodeId]) -> Frame<'a> {
        let cursor = self.timeline.cursor();
        let (first, end) = window(cursor);
        let last = end.min(self.timeline.len() + 1);
        let steps: Vec<&Step> =
            (first..last).filter_map(|index| self.timeline.step(index)).map(|s| &**s).collect();
        let now = self.timeline.now();
        let began = self.timeline.time_at(first - 1).unwrap_or(now);
        let latest = steps.last().map_or(now, |step| step.at.max(now));
        // Some room for what is on its way.
        let room = (latest.0 - began.0) / 20 + 1_000;
        let times = self.by_time.then_some((began, Instant(latest.0 + room)));
        Frame { first, end, times, steps, order, began }
    }

    pub(super) fn lane(&self, ctx: &Context<Self>) -> Html {
        let order = self.lane_order();
        let frame = self.frame(&order);
        let cursor = self.timeline.cursor();
        let now = frame.x(cursor);
        let (y, x) = (|id| frame.y(id), |index| frame.x(index));
        let lanes = order.iter().flat_map(|&id| self.lane_line(id, y(id)));
        let lines = lines(&frame, cursor);
        let shown = self.shown_message().map(|message| message.id);
        let marks = frame.steps.iter().flat_map(|step| {
            let (at, ahead) = (x(step.index), step.index > cursor);
            step_marks(step).into_iter().map(move |(id, class)| {
                let class =
                    if ahead { format!("dot ahead {class}") } else { format!("dot {class}") };
                let dot = el("circle", &class).attr("r", "4.5".to_owned());
                dot.attr("cx", percent(at)).attr("cy", percent(y(id))).done()
            })
        });
        let figures = frame.figures().into_iter().map(|(at, text)| {
            el("text", "figure")
                .attr("x", percent(at))
                .attr("y", "99%".to_owned())
                .attr("text-anchor", if at > 98.0 { "end" } else { "middle" }.to_owned())
                .text(&text)
                .done()
        });
        let late = now > 85.0;
        let hits = lines.iter().filter_map(|line| hit(ctx, line));
        let svg = el("svg", "lanes")
            .id("lane")
            .attr("role", "img".to_owned())
            .attr("aria-label", self.lane_text(&frame.steps))
            .children(self.cuts(&frame))
            .children(lanes.collect())
            .children(figures.collect())
            .children(lines.iter().map(|line| draw(line, shown)).collect())
            .children(marks.collect())
            .child(straight("now", (now, 0.0), (now, 100.0)).done())
            .child(
                el("text", "now-time")
                    .attr("x", percent(now))
                    .attr("dx", if late { "-6" } else { "6" }.to_owned())
                    .attr("y", "13".to_owned())
                    .attr("text-anchor", if late { "end" } else { "start" }.to_owned())
                    .text(&seconds(self.timeline.now()))
                    .done(),
            )
            .children(self.columns(ctx, &frame))
            .children(hits.collect());
        let link = ctx.link();
        html! {
            <div
                class="diagram"
                onpointermove={link.callback(Msg::LaneDrag)}
                onpointerup={link.callback(|_| Msg::LaneDrop)}
            >
                { svg.done() }
                { self.walk(&frame, &lines) }
                { for order.iter().map(|&id| self.grip(ctx, id, y(id))) }
            </div>
        }
    }

    fn lane_line(&self, id: NodeId, y: f64) -> [Html; 2] {
        [
            straight("lane", (LEFT, y), (RIGHT, y)).done(),
            el("text", "lane-name")
                .attr("x", "8".to_owned())
                .attr("y", percent(y))
                .attr("dy", "4".to_owned())
                .text(&self.name(id))
                .done(),
        ]
    }

    /// What takes hold of a lane, over its name.
    fn grip(&self, ctx: &Context<Self>, id: NodeId, y: f64) -> Html {
        let held = self.lane_held == Some(id);
        html! {
            <button
                key={id.0}
                id={format!("grip-{}", id.0)}
                type="button"
                class={classes!("grip", held.then_some("held"))}
                style={format!("top:{}", percent(y))}
                data-testid={format!("lane-{}", id.0 + 1)}
                data-lane={id.0.to_string()}
                title={self.t(Key::LaneGrip)}
                aria-label={format!("{}: {}", self.name(id), self.t(Key::LaneGrip))}
                onpointerdown={ctx.link().callback(move |_| Msg::LaneGrab(id))}
            />
        }
    }

    /// The controls of the diagram, beside the tabs.
    pub(super) fn lane_tools(&self, ctx: &Context<Self>) -> Html {
        if self.lower != LowerTab::SpaceTime {
            return Html::default();
        }
        let scale = |by_time, id, key| {
            self.choice(ctx, self.by_time == by_time, id, self.t(key), Msg::ByTime(by_time))
        };
        let save = |kind: &'static str| {
            let name = self.lang.fill(Key::LaneSave, &[kind]);
            self.button(ctx, "tool", &format!("save-{kind}"), Msg::SaveLane(kind))
                .attr("aria-label", name.clone())
                .attr("title", name)
                .child(icon(Icon::Save))
                .text(kind)
                .done()
        };
        el("div", "lane-tools")
            .child(
                el("span", "segs")
                    .attr("role", "group".to_owned())
                    .attr("aria-label", self.t(Key::LaneScale).to_owned())
                    .child(scale(false, "scale-steps", Key::LaneSteps))
                    .child(scale(true, "scale-time", Key::LaneTime))
                    .done(),
            )
            .child(save("SVG"))
            .child(save("PNG"))
            .done()
    }

    /// A column for every step, to go there.
    fn columns(&self, ctx: &Context<Self>, frame: &Frame<'_>) -> Vec<Html> {
        let column = |(place, step): (usize, &&Step)| {
            let index = step.index;
            let at = frame.x(index);
            let before = if place == 0 { LEFT } else { frame.x(frame.steps[place - 1].index) };
            let after = frame.steps.get(place + 1).map_or(2.0 * at - before, |s| frame.x(s.index));
            let (left, right) = ((before + at) / 2.0, (at + after) / 2.0);
            let cell = std::cell::Cell::new(Some(Msg::Seek(index)));
            el("rect", "column")
                .attr("data-hit", String::new())
                .attr("x", percent(left))
                .attr("y", "0".to_owned())
                .attr("width", percent((right - left).max(0.1)))
                .attr("height", "100%".to_owned())
                .on_click(ctx.link().batch_callback(move |_: MouseEvent| cell.take()))
                .child(el("title", "").text(&self.column_title(step)).done())
                .done()
        };
        frame.steps.iter().enumerate().map(column).collect()
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
    fn cuts(&self, frame: &Frame<'_>) -> Vec<Html> {
        // What is cut or down, and since which step: a link is a pair, a node a pair of itself.
        let mut open: Vec<((u32, u32), u64)> = Vec::new();
        let mut bands = Vec::new();
        let mut close = |id: (u32, u32), from: u64, to: u64| {
            if to > frame.first {
                bands.push((id, from.max(frame.first), to.min(frame.end)));
            }
        };
        for act in self.timeline.script().iter().take_while(|act| act.index < frame.end) {
            let (id, begins) = match &act.what {
                Intervention::CutLink { a, b, .. } | Intervention::CutOneWay { from: a, to: b } => {
                    ((a.0.min(b.0), a.0.max(b.0)), true)
                }
                Intervention::RestoreLink { a, b }
                | Intervention::RestoreOneWay { from: a, to: b } => {
                    ((a.0.min(b.0), a.0.max(b.0)), false)
                }
                Intervention::StopNode { node, .. } => ((node.0, node.0), true),
                Intervention::StartNode { node } => ((node.0, node.0), false),
                _ => continue,
            };
            let known = open.iter().position(|(known, _)| *known == id);
            match (known, begins) {
                (None, true) => open.push((id, act.index)),
                (Some(at), false) => close(id, open.swap_remove(at).1, act.index),
                _ => {}
            }
        }
        let last = frame.end.min(self.timeline.len().max(self.timeline.cursor()) + 1);
        for (id, from) in open {
            close(id, from, last);
        }
        let nodes = self.scene.nodes.len() as u32;
        let shown = bands.into_iter().filter(|((_, b), ..)| *b < nodes);
        let band = |((_, b), from, to): ((u32, u32), u64, u64)| {
            let (left, right) = (frame.x(from), frame.x(to));
            el("rect", "band")
                .attr("x", percent(left))
                .attr("width", percent((right - left).max(0.5)))
                .attr("y", percent(frame.y(NodeId(b)) - 5.0))
                .attr("height", "10%".to_owned())
                .attr("rx", "3".to_owned())
                .done()
        };
        shown.map(band).collect()
    }
}

fn straight(class: &str, from: (f64, f64), to: (f64, f64)) -> super::el::El {
    el("line", class)
        .attr("x1", percent(from.0))
        .attr("y1", percent(from.1))
        .attr("x2", percent(to.0))
        .attr("y2", percent(to.1))
}

fn draw(line: &Line, shown: Option<lockstep_sim::MessageId>) -> Html {
    let on = if shown == Some(line.message.id) { " on" } else { "" };
    let class = format!("path {} {}{on}", line.class, line.fate);
    straight(&class, line.from, line.to).done()
}

/// Where a line can be clicked: it is chosen for the inspector.
fn hit(ctx: &Context<App>, line: &Line) -> Option<Html> {
    if line.fate == "ahead" {
        return None;
    }
    let cell = std::cell::Cell::new(Some(Msg::Show(line.message.clone())));
    let hit = straight("hit", line.from, line.to)
        .attr("data-hit", String::new())
        .attr("data-message", line.message.id.0.to_string())
        .on_click(ctx.link().batch_callback(move |_: MouseEvent| cell.take()));
    Some(hit.done())
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

    #[test]
    fn ticks_are_round() {
        let ms = 1_000;
        assert_eq!([tick(0), tick(900), tick(1_500)], [2 * ms, 2 * ms, 2 * ms]);
        assert_eq!([tick(3_000), tick(7_000), tick(450_000)], [5 * ms, 10 * ms, 500 * ms]);
    }
}
