//! Links on the stage.

use lockstep_core::num::double::fixed;
use lockstep_sim::view::{FlightView, LinkView};
use lockstep_sim::{Cut, Intervention, NodeId, Peer};
use yew::prelude::*;

use super::layout::Place;
use crate::app::{App, Msg, Selected};
use crate::i18n::{Key, grouped};
use crate::view::dial::Dial;
use crate::view::el::el;
use crate::view::icons::{Icon, icon};
use crate::view::link_condition;

impl App {
    /// Whether a link belongs on the stage: somebody uses it, something is on its way over it, or
    /// somebody did something to it.
    pub(super) fn is_shown(&self, link: &LinkView) -> bool {
        let follows = |a: NodeId, b: NodeId| {
            let live = self.scene.node(a).and_then(|node| node.live.as_ref());
            live.and_then(|live| live.master.as_ref()).is_some_and(|m| m.node == Some(b))
        };
        let (a, b) = (Peer::Node(link.a), Peer::Node(link.b));
        let under_way = |flight: &FlightView| {
            let ends = (flight.message.from, flight.message.to);
            ends == (a, b) || ends == (b, a)
        };
        link.cut.is_some()
            || self.scene.flights.iter().any(under_way)
            || !link.replication.is_empty()
            || follows(link.a, link.b)
            || follows(link.b, link.a)
            || self.selected == Selected::Link(link.a, link.b)
    }

    /// The state of the replication over a link, as a tone.
    fn tone(&self, link: &LinkView) -> &'static str {
        let state = |a: NodeId, b: NodeId| {
            let master = self.scene.node(a)?.live.as_ref()?.master.as_ref()?;
            (master.node == Some(b)).then_some(master.state)
        };
        let state = state(link.a, link.b).or_else(|| state(link.b, link.a));
        state.map_or("idle", |state| link_condition(state).1)
    }

    pub(super) fn wire(&self, link: &LinkView, places: &[Place]) -> Html {
        let (a, b) = (places[link.a.0 as usize], places[link.b.0 as usize]);
        let line = |from: Place, to: Place, class: &'static str| {
            html! {
                <line
                    class={class}
                    x1={fixed(from.x, 2)} y1={fixed(from.y, 2)}
                    x2={fixed(to.x, 2)} y2={fixed(to.y, 2)}
                />
            }
        };
        match (link.cut, link.ways) {
            (Some(Cut::Stall), _) => return line(a, b, "wire stalled"),
            (Some(_), _) => {
                return html! {
                    <>
                        { line(a, a.between(b, 0.45), "wire cut") }
                        { line(a.between(b, 0.55), b, "wire cut") }
                    </>
                };
            }
            // What one end says is lost on its way; the other half is whole.
            (None, [there, _]) if link.ways != [None, None] => {
                let (lost, whole) = if there.is_some() { (a, b) } else { (b, a) };
                let middle = a.between(b, 0.5);
                return html! {
                    <>
                        { line(lost, middle, "wire cut") }
                        { line(whole, middle, "wire good") }
                    </>
                };
            }
            (None, _) => {}
        }
        if is_slow(link) {
            line(a, b, "wire slow")
        } else {
            line(
                a,
                b,
                match self.tone(link) {
                    "good" => "wire good",
                    "idle" => "wire idle",
                    "bad" => "wire bad",
                    _ => "wire busy",
                },
            )
        }
    }

    /// The control in the middle of a link.
    pub(super) fn link_handle(
        &self,
        ctx: &Context<Self>,
        link: &LinkView,
        places: &[Place],
    ) -> Html {
        let (a, b) = (places[link.a.0 as usize], places[link.b.0 as usize]);
        let selected = Selected::Link(link.a, link.b);
        let on = self.selected == selected;
        let (name_a, name_b) = (self.name(link.a), self.name(link.b));
        let name = self.lang.fill(Key::LinkName, &[&name_a, &name_b]);
        let state = self.link_words(link);
        let whole = link.ways == [None, None];
        let plain = whole && !is_slow(link);
        let face = match link.cut {
            Some(Cut::Stall) => icon(Icon::Pause),
            Some(_) => icon(Icon::Cross),
            None if !whole => icon(Icon::Cut),
            None => el("span", "face").text(&self.face(link)).done(),
        };
        let class = classes!(
            "handle",
            on.then_some("on"),
            plain.then_some("plain"),
            (!whole).then_some("cut")
        );
        let id = format!("link-{}-{}", link.a.0 + 1, link.b.0 + 1);
        self.button(ctx, &class.to_string(), &id, Msg::Select(selected))
            .style(a.between(b, 0.5).style())
            .attr("aria-pressed", on.to_string())
            .attr("title", format!("{name}: {state}"))
            .child(el("span", "sr").text(&format!("{name}: {state} ")).done())
            .child(face)
            .done()
    }

    /// What a link says of itself on the stage: its latency, and its bandwidth where it is scarce.
    fn face(&self, link: &LinkView) -> String {
        let latency = millis(link.latency_us);
        match link.bandwidth {
            1..=SCARCE => format!("{latency} · {}", rate(link.bandwidth)),
            _ => latency,
        }
    }

    /// The state of a link in words.
    pub(super) fn link_words(&self, link: &LinkView) -> String {
        let [latency, bandwidth] = self.link_speed(link);
        let cut = self.link_cut(link).map(|cut| cut + ", ").unwrap_or_default();
        format!("{cut}{latency}, {bandwidth}")
    }

    /// How a link is cut, if it is.
    pub(crate) fn link_cut(&self, link: &LinkView) -> Option<String> {
        let key = match (link.cut, link.ways) {
            (Some(Cut::Reset), _) => Key::LinkCut,
            (Some(Cut::Silent), _) => Key::LinkSilent,
            (Some(Cut::Stall), _) => Key::LinkStalled,
            (None, [None, None]) => return None,
            (None, [there, _]) => {
                let (from, to) = if there.is_some() { (link.a, link.b) } else { (link.b, link.a) };
                return Some(self.lang.fill(Key::LinkOneWay, &[&self.name(from), &self.name(to)]));
            }
        };
        Some(self.t(key).to_owned())
    }

    /// The latency of a link, and its bandwidth.
    pub(crate) fn link_speed(&self, link: &LinkView) -> [String; 2] {
        let mut latency = millis(link.latency_us);
        if link.jitter_us > 0 {
            latency.push_str(&format!(" + 0–{}", millis(link.jitter_us)));
        }
        let bandwidth = match link.bandwidth {
            0 => self.t(Key::LinkUnlimited).to_owned(),
            bandwidth => rate(bandwidth),
        };
        [latency, bandwidth]
    }

    /// What can be done to the link that is selected, beside it.
    pub(super) fn link_panel(&self, ctx: &Context<Self>, places: &[Place]) -> Html {
        let Selected::Link(a, b) = self.selected else { return Html::default() };
        if self.is_recorded() {
            return Html::default();
        }
        let found = self.scene.links.iter().find(|link| (link.a, link.b) == (a, b));
        let Some(link) = found else { return Html::default() };
        let (from, to) = (places[a.0 as usize], places[b.0 as usize]);
        let middle = from.between(to, 0.5);
        // It leaves the link itself in sight.
        let side = if middle.x < 50.0 { "right" } else { "left" };
        let title = format!("{} – {}", self.name(a), self.name(b));
        let name = self.lang.fill(Key::LinkName, &[&self.name(a), &self.name(b)]);
        let close = self
            .button(ctx, "quiet square close", "link-close", Msg::Select(Selected::Node(b)))
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icon(Icon::Cross));
        el("div", "panel link-panel")
            .id("link-panel")
            .attr("data-refocus", format!("[data-testid=link-{}-{}]", a.0 + 1, b.0 + 1))
            .style(format!("{side}:14px"))
            .attr("role", "group".to_owned())
            .attr("aria-label", name)
            .child(el("b", "").text(&title).done())
            .child(close.done())
            .children(self.link_dials(ctx, link))
            .child(el("div", "acts").children(self.link_acts(ctx, link)).done())
            .done()
    }

    fn link_dials(&self, ctx: &Context<Self>, link: &LinkView) -> Vec<Html> {
        let (a, b, latency_us, bandwidth) = (link.a, link.b, link.latency_us, link.bandwidth);
        let latency = Dial {
            id: "latency",
            label: Key::LinkLatency,
            values: LATENCIES,
            at: latency_us,
            text: millis(latency_us),
        };
        let speed = Dial {
            id: "bandwidth",
            label: Key::LinkBandwidth,
            values: BANDWIDTHS,
            at: bandwidth,
            text: match bandwidth {
                0 => self.t(Key::LinkUnlimited).to_owned(),
                some => rate(some),
            },
        };
        let jitter = Dial {
            id: "jitter",
            label: Key::LinkJitter,
            values: LATENCIES,
            at: link.jitter_us,
            text: millis(link.jitter_us),
        };
        let set =
            move |latency_us, bandwidth| Intervention::SetLink { a, b, latency_us, bandwidth };
        vec![
            self.dial(ctx, latency, move |to| Msg::Act(vec![set(to, bandwidth)])),
            self.dial(ctx, jitter, move |jitter_us| {
                Msg::Act(vec![Intervention::SetJitter { a, b, jitter_us }])
            }),
            self.dial(ctx, speed, move |to| Msg::Act(vec![set(latency_us, to)])),
        ]
    }

    fn link_acts(&self, ctx: &Context<Self>, link: &LinkView) -> Vec<Html> {
        let (a, b) = (link.a, link.b);
        let cut = |cut| Intervention::CutLink { a, b, cut };
        let tool = |mark, key, id, act| self.tool(ctx, mark, key, id, vec![act]);
        let mut acts = vec![];
        if link.ways != [None, None] {
            let mend = Intervention::RestoreLink { a, b };
            acts.push(tool(Icon::Link, Key::DoRestoreLink, "restore", mend));
        }
        if link.cut.is_none() {
            let reset = Intervention::ResetConnections { a, b };
            acts.push(tool(Icon::Cut, Key::DoCutLink, "cut", cut(Cut::Reset)));
            acts.push(tool(Icon::Cut, Key::DoCutSilent, "cut-silent", cut(Cut::Silent)));
            acts.push(tool(Icon::Pause, Key::DoStall, "stall", cut(Cut::Stall)));
            acts.push(tool(Icon::Bolt, Key::DoReset, "reset", reset));
        }
        if link.ways == [None, None] {
            for (from, to) in [(a, b), (b, a)] {
                let act = Msg::Act(vec![Intervention::CutOneWay { from, to }]);
                let names = [self.name(from), self.name(to)];
                let names = names.each_ref().map(String::as_str);
                let text = self.lang.fill(Key::DoLose, &names);
                let name = self.lang.fill(Key::DoCutOneWay, &names);
                let id = format!("cut-way-{}", from.0 + 1);
                let label = format!("{text}: {name}");
                let button = self.button(ctx, "tool", &id, act).attr("aria-label", label);
                acts.push(button.attr("title", name).text(&text).done());
            }
        }
        acts
    }
}

/// What a dial turns through: microseconds, bytes per second (0: without limit, the last one).
pub(super) const LATENCIES: &[u64] = &[
    0, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000, 150_000, 400_000, 1_000_000, 3_000_000,
];
pub(super) const BANDWIDTHS: &[u64] =
    &[200, 1_000, 2_000, 5_000, 20_000, 50_000, 200_000, 1_000_000, 10_000_000, 0];

/// A bandwidth that one feels, in bytes per second.
const SCARCE: u64 = 50_000;
/// A latency that one feels, in microseconds.
const LATE: u64 = 150_000;

/// Whether a link is slower than one would like.
fn is_slow(link: &LinkView) -> bool {
    link.latency_us >= LATE || (1..=SCARCE).contains(&link.bandwidth)
}

pub(super) fn millis(us: u64) -> String {
    format!("{}\u{202f}ms", grouped(us / 1_000))
}

/// Bytes per second, short.
pub(super) fn rate(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}\u{202f}B/s"),
        1_000..1_000_000 => format!("{}\u{202f}KB/s", bytes / 1_000),
        _ => format!("{}\u{202f}MB/s", bytes / 1_000_000),
    }
}
