//! The backlog, drawn to scale: what it could hold, what it holds, where every replica stands, and
//! what came and went in this step.

use lockstep_core::replication::state::ReplicaState;
use lockstep_sim::view::{BacklogView, LiveView, NodeView, ReplicaView};
use lockstep_sim::{NodeId, Peer};
use yew::prelude::*;

use super::el::{El, el};
use super::percent;
use super::stage::short_label;
use crate::app::{App, Selected};
use crate::i18n::{Key, grouped};

/// Commands that are told apart on the ruler at most.
const COMMANDS_MAX: usize = 60;

/// Figures under the ruler, about.
const FIGURES: u64 = 6;

/// A part of the stream, from a byte to the byte before another one, as a scale from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    start: u64,
    end: u64,
}

impl Scale {
    fn at(self, offset: u64) -> f64 {
        let part = offset.clamp(self.start, self.end) - self.start;
        part as f64 * 100.0 / (self.end - self.start).max(1) as f64
    }

    /// Bytes `from` to `to` (not included) as an element of this class.
    fn bar(self, class: &str, from: u64, to: u64) -> El {
        let left = self.at(from);
        let width = percent(self.at(to) - left);
        el("i", class).style(format!("left:{};width:{width}", percent(left)))
    }

    fn mark(self, class: &str, at: u64) -> Html {
        el("i", class).style(format!("left:{}", percent(self.at(at)))).done()
    }

    /// Round offsets to write under the ruler.
    fn figures(self) -> Vec<u64> {
        let rough = ((self.end - self.start) / FIGURES).max(1);
        let mut step = 1;
        while step < rough {
            // 1, 2, 5, 10, ...
            step = if step.to_string().starts_with('2') { step / 2 * 5 } else { step * 2 };
        }
        let first = self.start.div_ceil(step);
        (first..=self.end / step).map(|n| n * step).collect()
    }
}

/// A replica, or who wants to be one again.
struct Follower {
    name: String,
    /// What it has acknowledged and what it was sent; `None` for one that is cut off.
    positions: Option<(u64, u64)>,
    /// The next byte it needs.
    next: u64,
    words: String,
    tone: &'static str,
}

impl App {
    /// The node whose backlog is shown: the one that is selected, or the master it follows.
    fn backlog_node(&self) -> Option<&NodeView> {
        let (Selected::Node(id) | Selected::Link(id, _)) = self.selected;
        let node = self.scene.node(id)?;
        let live = node.live.as_ref()?;
        match &live.master {
            Some(master) if live.replicas.is_empty() => {
                master.node.and_then(|id| self.scene.node(id)).filter(|node| node.live.is_some())
            }
            _ => None,
        }
        .or(Some(node))
    }

    pub(super) fn backlog(&self) -> Html {
        let shown = self.backlog_node().and_then(|node| {
            let live = node.live.as_ref()?;
            Some(self.ruler(node, live, live.backlog?))
        });
        let unknown = |node: &NodeView| node.live.as_ref().is_some_and(|live| !live.known.backlog);
        let none = match self.backlog_node() {
            Some(node) if unknown(node) => Key::RecBacklogNone,
            Some(node) if node.live.is_some() => Key::BacklogNone,
            _ => Key::DownText,
        };
        let inside = shown.unwrap_or_else(|| vec![el("p", "soft").text(self.t(none)).done()]);
        el("div", "scroll ruler")
            .id("backlog")
            .attr("tabindex", "0".to_owned())
            .attr("role", "region".to_owned())
            .attr("aria-label", self.t(Key::TabBacklog).to_owned())
            .children(inside)
            .done()
    }

    fn ruler(&self, node: &NodeView, live: &LiveView, backlog: BacklogView) -> Vec<Html> {
        let end = live.stream().1 + 1;
        let first = backlog.first_byte_offset;
        let before = self.before.get(node.id.0 as usize).and_then(|node| node.live.as_ref());
        let before = before.filter(|before| before.stream().0 == live.stream().0);
        let old_first = before.and_then(|old| old.backlog).map_or(first, |b| b.first_byte_offset);
        let old_end = before.map_or(end, |old| old.stream().1 + 1);
        let followers = self.followers(live, backlog);
        let lowest = followers.iter().map(|f| f.next).filter(|next| *next > 1).min();
        let scale = Scale { start: first.min(old_first).min(lowest.unwrap_or(end)), end };
        // What it could hold, filled from the left.
        let all = Scale { start: first, end: first + backlog.size };
        let fallen = first - old_first;
        let head = self.ruler_head(node, backlog, fallen, end - old_end);
        let capacity = el("div", "track whole")
            .child(all.bar("held", first, end).done())
            .children(followers.iter().map(|f| all.mark("tick", f.next)).collect());
        // What of the whole the ruler below shows.
        let (full, from) = (percent(all.at(end)), percent(scale.at(first)));
        let lens = format!("clip-path:polygon(0 0,{full} 0,100% 100%,{from} 100%)");
        let track = el("div", "track")
            .child(scale.bar("held", first, end).done())
            .children(self.commands(node.id, scale, first))
            .child(scale.bar("fell", old_first, first).done())
            .child(scale.bar("came", old_end, end).done())
            .children(followers.iter().map(|f| scale.mark(f.tick(), f.next)).collect());
        let figures = scale.figures().into_iter().map(|at| {
            let place = format!("left:{}", percent(scale.at(at)));
            el("span", "").style(place).text(&grouped(at)).done()
        });
        let figures = el("div", "figures").children(figures.collect());
        let size = format!("repl_backlog_size {}", grouped(backlog.size));
        let held = match backlog.histlen {
            0 => self.t(Key::BacklogEmpty).to_owned(),
            _ => self.lang.fill(Key::BacklogRange, &[&grouped(first), &grouped(end - 1)]),
        };
        let mut rows = vec![
            head,
            row(self.t(Key::BacklogLimit), capacity, &size),
            row("", el("div", "lens").style(lens), ""),
            row(self.t(Key::BacklogHeld), track, &held),
            row("", figures, ""),
        ];
        rows.extend(followers.iter().map(|follower| follower.row(scale)));
        rows
    }

    fn ruler_head(&self, node: &NodeView, backlog: BacklogView, fell: u64, came: u64) -> Html {
        let figures = [
            ("repl_backlog_first_byte_offset", backlog.first_byte_offset),
            ("repl_backlog_histlen", backlog.histlen),
        ];
        let figure = |(name, value): (&str, u64)| {
            el("span", "")
                .child(el("code", "soft").text(name).done())
                .child(el("b", "").text(&grouped(value)).done())
                .done()
        };
        let port = node.port.to_string();
        let mut head = el("p", "head")
            .child(el("b", "").text(&self.lang.fill(Key::BacklogOf, &[&port])).done())
            .children(figures.into_iter().map(figure).collect());
        for (count, class, key) in
            [(came, "badge good", Key::BacklogCame), (fell, "badge bad", Key::BacklogFell)]
        {
            if count > 0 {
                let text = self.lang.fill(key, &[&grouped(count)]);
                head = head.child(el("span", class).text(&text).done());
            }
        }
        head.done()
    }

    fn followers(&self, live: &LiveView, backlog: BacklogView) -> Vec<Follower> {
        let replica = |replica: &ReplicaView| {
            let (ack, sent) = (replica.ack_offset, replica.sent_offset.max(replica.ack_offset));
            let online = replica.state == ReplicaState::Online;
            let words = match (online, live.stream().1.saturating_sub(ack)) {
                (false, _) => replica.state.info_name().to_owned(),
                (true, 0) => self.t(Key::InStep).to_owned(),
                (true, _) => {
                    let unsent = live.stream().1.saturating_sub(sent);
                    let figures = [grouped(ack), grouped(sent), grouped(unsent)];
                    let key = if unsent > 0 { Key::FollowerUnsent } else { Key::FollowerAcked };
                    self.lang.fill(key, &figures.each_ref().map(String::as_str))
                }
            };
            let name = replica.node.map_or_else(|| "?".to_owned(), |id| self.name(id));
            let tone = if online { "good" } else { "busy" };
            Follower { name, positions: online.then_some((ack, sent)), next: ack + 1, words, tone }
        };
        let lost = self.cut_off(live).map(|(id, offset)| {
            let next = offset + 1;
            let gone = backlog.first_byte_offset.saturating_sub(next);
            let (key, tone) =
                if gone > 0 { (Key::FollowerGone, "bad") } else { (Key::FollowerNeeds, "warn") };
            let words = self.lang.fill(key, &[&grouped(next), &grouped(gone)]);
            Follower { name: self.name(id), positions: None, next, words, tone }
        });
        live.replicas.iter().map(replica).chain(lost).collect()
    }

    /// The commands the backlog holds, from its first byte on, as far as they are few enough to be
    /// told apart.
    fn commands(&self, node: NodeId, scale: Scale, first: u64) -> Vec<Html> {
        let mut found: Vec<(u64, Html)> = Vec::new();
        let past = self.timeline.past();
        for message in past.iter().rev().flat_map(|step| step.sent.iter().rev()) {
            let Some(range) = message.stream.filter(|_| message.from == Peer::Node(node)) else {
                continue;
            };
            if range.to <= first || found.len() > COMMANDS_MAX {
                break;
            }
            if range.to > scale.end || found.iter().any(|(from, _)| *from == range.from) {
                continue;
            }
            let title = format!(
                "{}–{}: {}",
                grouped(range.from),
                grouped(range.to - 1),
                short_label(self.lang, message, 60)
            );
            let class = if message.id.0 % 2 == 0 { "cmd even" } else { "cmd" };
            let bar = scale.bar(class, range.from.max(first), range.to).attr("title", title);
            found.push((range.from, bar.done()));
        }
        if found.len() > COMMANDS_MAX {
            return Vec::new();
        }
        found.into_iter().map(|(_, bar)| bar).collect()
    }
}

impl Follower {
    fn tick(&self) -> &'static str {
        match self.tone {
            "bad" => "tick lost",
            "warn" => "tick wants",
            _ => "tick",
        }
    }

    fn row(&self, scale: Scale) -> Html {
        let mut track = el("div", "track thin");
        match self.positions {
            Some((ack, sent)) => {
                track = track
                    .child(scale.bar("acked", scale.start, ack + 1).done())
                    .child(scale.bar("sent", ack + 1, sent + 1).done())
                    .child(scale.mark("dot", ack + 1));
            }
            None => track = track.child(scale.mark(self.tick(), self.next)),
        }
        el("div", "row")
            .attr("data-follower", self.name.clone())
            .attr("data-next", self.next.to_string())
            .child(el("span", "").text(&self.name).done())
            .child(track.done())
            .child(el("span", &format!("words {}", self.tone)).text(&self.words).done())
            .done()
    }
}

fn row(name: &str, track: El, words: &str) -> Html {
    el("div", "row")
        .child(el("span", "").text(name).done())
        .child(track.done())
        .child(el("span", "words").text(words).done())
        .done()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn bytes_stand_to_scale() {
        let scale = Scale { start: 101, end: 301 };
        assert_eq!([scale.at(101), scale.at(201), scale.at(301)], [0.0, 50.0, 100.0]);
        assert_eq!([scale.at(1), scale.at(999)], [0.0, 100.0], "nothing leaves the ruler");
        assert_eq!(Scale { start: 1, end: 1 }.at(1), 0.0);
    }

    #[test]
    fn figures_are_round_and_few() {
        assert_eq!(Scale { start: 1, end: 403 }.figures(), [100, 200, 300, 400]);
        assert_eq!(Scale { start: 0, end: 1 }.figures(), [0, 1]);
        for end in [1, 7, 99, 1_000, 16_385, 1_000_000_007] {
            let figures = Scale { start: end / 3, end }.figures();
            assert!(figures.len() <= 2 * FIGURES as usize, "{end}: {figures:?}");
        }
    }
}
