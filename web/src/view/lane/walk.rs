//! The diagram by keyboard: one thing on one lane is chosen, arrows choose another, and it is told
//! in words. Nothing of the world moves by that.

use lockstep_sim::{MessageId, MessageRef, NodeId};
use yew::prelude::*;

use super::lines::{Line, lines, step_marks};
use super::{Frame, seconds};
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::view::el::el;
use crate::view::percent;
use crate::view::stage::short_label;

/// The id of what takes the keys.
pub(crate) const WALK: &str = "lane-walk";

/// What is chosen: a message where it leaves or arrives, or what else happened in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    lane: NodeId,
    step: u64,
    message: Option<MessageId>,
}

/// Something on a lane.
struct Item {
    step: u64,
    at: (f64, f64),
    message: Option<MessageRef>,
    /// The message leaves here.
    leaves: bool,
    /// It lies ahead of the cursor.
    ahead: bool,
}

impl Item {
    fn pick(&self, lane: NodeId) -> Pick {
        Pick { lane, step: self.step, message: self.message.as_ref().map(|message| message.id) }
    }
}

/// What is on a lane, from left to right.
fn items(frame: &Frame<'_>, lines: &[Line], lane: NodeId, cursor: u64) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for line in lines {
        let ends =
            [(line.message.from, line.left, line.from), (line.message.to, line.came, line.to)];
        for (leaves, (peer, step, at)) in [true, false].into_iter().zip(ends) {
            if let Some(step) = step.filter(|_| peer.node() == Some(lane)) {
                let message = Some(line.message.clone());
                items.push(Item { step, at, message, leaves, ahead: step > cursor });
            }
        }
    }
    for step in &frame.steps {
        let told = |item: &Item| item.step == step.index && !item.leaves;
        let here = step_marks(step).iter().any(|(node, _)| *node == lane);
        if here && !items.iter().any(told) {
            let at = (frame.x(step.index), frame.y(lane));
            let ahead = step.index > cursor;
            items.push(Item { step: step.index, at, message: None, leaves: false, ahead });
        }
    }
    items.sort_by_key(|item| (item.step, item.leaves));
    items
}

/// The place of the last of them at or before a step; the first one if there is none.
fn upto(items: &[Item], step: u64) -> usize {
    items.partition_point(|item| item.step <= step).saturating_sub(1)
}

impl App {
    /// The lane of what is chosen, what is on it, and which of that is chosen.
    fn walked(&self, frame: &Frame<'_>, lines: &[Line]) -> Option<(NodeId, Vec<Item>, usize)> {
        let cursor = self.timeline.cursor();
        let known = |pick: &Pick| frame.order.contains(&pick.lane);
        let pick = self.lane_pick.filter(known);
        let lane = pick.map(|pick| pick.lane).or(frame.order.first().copied())?;
        let items = items(frame, lines, lane, cursor);
        let found = pick.and_then(|pick| items.iter().position(|item| item.pick(lane) == pick));
        let step = pick.map_or(cursor, |pick| pick.step);
        let place = found.unwrap_or_else(|| upto(&items, step));
        Some((lane, items, place))
    }

    /// What takes the keys, with what is chosen.
    pub(super) fn walk(&self, frame: &Frame<'_>, lines: &[Line]) -> Html {
        let Some((lane, items, place)) = self.walked(frame, lines) else { return Html::default() };
        let walk = el("div", WALK)
            .id(WALK)
            .attr("tabindex", "0".to_owned())
            .attr("role", "listbox".to_owned())
            .attr("aria-label", self.t(Key::LaneWalk).to_owned());
        let Some(item) = items.get(place) else { return walk.done() };
        let text = self.walk_text(frame, lane, item);
        // Another id for another thing: screen readers tell it then.
        let id = format!("walk-{}-{}-{place}", lane.0, item.step);
        let (x, y) = item.at;
        let side = match (x > 48.0, y > 50.0) {
            (false, false) => "pick-of",
            (true, false) => "pick-of before",
            (false, true) => "pick-of above",
            (true, true) => "pick-of before above",
        };
        let option = el("div", side)
            .attr("id", id.clone())
            .attr("role", "option".to_owned())
            .attr("aria-selected", "true".to_owned())
            .attr("aria-posinset", (place + 1).to_string())
            .attr("aria-setsize", items.len().to_string())
            .style(format!("left:{};top:{}", percent(x), percent(y)))
            .child(el("span", "").text(&text).done());
        walk.attr("aria-activedescendant", id).child(option.done()).done()
    }

    fn walk_text(&self, frame: &Frame<'_>, lane: NodeId, item: &Item) -> String {
        let name = self.name(lane);
        if let Some(message) = item.message.as_ref().filter(|_| item.leaves) {
            let label = short_label(self.lang, message, 40);
            let to = self.scene.names.peer(message.to);
            let time = seconds(frame.time(item.step));
            let text = self.lang.fill(Key::LaneLeaves, &[&label, &to]);
            return format!("{name} · {} · {time} · {text}", grouped(item.step));
        }
        let step = frame.steps.iter().find(|step| step.index == item.step);
        let text = step.map(|step| self.column_title(step)).unwrap_or_default();
        format!("{name} · {text}")
    }

    /// A key for the diagram. `None`: it means nothing here.
    pub(crate) fn walk_key(&mut self, key: &str) -> Option<Msg> {
        let order = self.lane_order();
        let cursor = self.timeline.cursor();
        let frame = self.frame(&order);
        let lines = lines(&frame, cursor);
        let (lane, items, place) = self.walked(&frame, &lines)?;
        let beside = |by: i32| {
            let at = order.iter().position(|&other| other == lane)?.checked_add_signed(by as isize);
            let other = *order.get(at?)?;
            let step = self.lane_pick.map_or(cursor, |pick| pick.step);
            let others = super::walk::items(&frame, &lines, other, cursor);
            let found = others.get(upto(&others, step)).map(|item| item.pick(other));
            // A lane on which nothing happened can be chosen as well.
            Some(found.unwrap_or(Pick { lane: other, step, message: None }))
        };
        let last = items.len().saturating_sub(1);
        let chosen = |place: usize| Some(items.get(place)?.pick(lane));
        let pick = match key {
            "ArrowLeft" => chosen(place.saturating_sub(1)),
            "ArrowRight" => chosen((place + 1).min(last)),
            "Home" => chosen(0),
            "End" => chosen(last),
            "ArrowUp" => beside(-1),
            "ArrowDown" => beside(1),
            "Enter" | " " => {
                let item = items.get(place)?;
                let shown = item.message.clone().filter(|_| key == "Enter" && !item.ahead);
                return Some(shown.map_or(Msg::Seek(item.step), Msg::Show));
            }
            _ => return None,
        };
        Some(Msg::LanePick(pick.or(self.lane_pick)))
    }
}
