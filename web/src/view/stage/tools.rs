//! What can be done with what is selected.

use lockstep_sim::view::{FlightView, Power};
use lockstep_sim::{Intervention, NodeId, Stop};
use yew::prelude::*;

use crate::app::{App, LowerTab, Msg, Selected};
use crate::i18n::{Key, grouped};
use crate::view::dial::Dial;
use crate::view::el::el;
use crate::view::icons::{self, Icon, icon};

use super::messages::short_label;

/// Commands per second that a writer can be told to send.
const RATES: &[u64] = &[0, 1, 2, 5, 10, 20, 50, 100, 200, 500];

impl App {
    /// What can be done with what is selected.
    pub(super) fn tools(&self, ctx: &Context<Self>) -> Html {
        let (title, tools) = match (self.picked_flight(), self.selected) {
            // What was recorded cannot be changed.
            (_, Selected::Node(id)) if self.is_recorded() => {
                let node = self.scene.node(id).map(|node| node.address.clone());
                let address = el("span", "soft").text(&node.unwrap_or_default()).done();
                (self.name(id), vec![address])
            }
            (Some(flight), _) => self.message_tools(ctx, flight),
            (None, Selected::Node(id)) => (self.name(id), self.node_tools(ctx, id)),
            (None, Selected::Link(a, b)) => {
                let found = self.scene.links.iter().find(|link| (link.a, link.b) == (a, b));
                let state = found.map(|link| self.link_words(link)).unwrap_or_default();
                let title = format!("{} – {}", self.name(a), self.name(b));
                let state = if self.is_recorded() { String::new() } else { state };
                (title, vec![el("span", "soft").text(&state).done()])
            }
        };
        let label = self.lang.fill(Key::ToolsLabel, &[&title]);
        let mut row = el("div", "tools")
            .attr("role", "group".to_owned())
            .attr("data-refocus", ".tools button".to_owned())
            .attr("aria-label", label)
            .child(el("b", "").text(&title).done())
            .children(tools)
            .child(el("span", "gap").done());
        if self.moved_cards.iter().any(Option::is_some) {
            let tidy = self.button(ctx, "tool", "tidy", Msg::Tidy).child(icon(Icon::Grid));
            row = row.child(tidy.text(self.t(Key::DoTidy)).done());
        }
        row.done()
    }

    pub(super) fn tool(
        &self,
        ctx: &Context<Self>,
        mark: Icon,
        key: Key,
        id: &str,
        acts: Vec<Intervention>,
    ) -> Html {
        let text = self.t(key);
        let button = self.button(ctx, "tool", id, Msg::Act(acts)).attr("title", text.to_owned());
        button.child(icon(mark)).text(text).done()
    }

    fn node_tools(&self, ctx: &Context<Self>, id: NodeId) -> Vec<Html> {
        let tool = |mark, key, id, act| self.tool(ctx, mark, key, id, vec![act]);
        let Some(node) = self.scene.node(id) else { return Vec::new() };
        let stop = |stop| Intervention::StopNode { node: id, stop };
        let freeze = |paused| Intervention::PauseNode { node: id, paused };
        let mut tools = match node.power {
            Power::Down | Power::Dark => {
                vec![tool(Icon::Power, Key::DoStart, "start", Intervention::StartNode { node: id })]
            }
            Power::Frozen => vec![tool(Icon::Snow, Key::DoThaw, "thaw", freeze(false))],
            Power::Up => vec![
                tool(Icon::Power, Key::DoStop, "stop", stop(Stop::Graceful)),
                tool(Icon::Bolt, Key::DoKill, "kill", stop(Stop::Crash)),
                tool(Icon::Snow, Key::DoFreeze, "freeze", freeze(true)),
            ],
        };
        if node.power == Power::Up {
            let again = vec![stop(Stop::Crash), Intervention::StartNode { node: id }];
            tools.insert(2, self.tool(ctx, Icon::Restart, Key::DoRestart, "reboot", again));
        }
        tools.push(tool(Icon::Plus, Key::DoAdd, "add", Intervention::AddReplica { of: id }));
        tools.push(self.writer(ctx, id));
        let prompt = el("span", "prompt").attr("aria-hidden", "true".to_owned()).text(">_");
        let console = self
            .button(ctx, "tool", "open-console", Msg::Lower(LowerTab::Console(id)))
            .child(prompt.done())
            .text(self.t(Key::Console));
        tools.push(console.done());
        tools.push(self.host_button(ctx));
        tools
    }

    /// What can be done with a message on its way.
    fn message_tools(&self, ctx: &Context<Self>, flight: &FlightView) -> (String, Vec<Html>) {
        let id = flight.message.id;
        let (key, icon, act) = if flight.kept {
            (Key::DoRelease, Icon::Play, Intervention::ReleaseMessage { message: id })
        } else {
            (Key::DoHold, Icon::Pause, Intervention::HoldMessage { message: id })
        };
        let mut tools = vec![self.tool(ctx, icon, key, "hold", vec![act])];
        let bytes = flight.message.bytes.len() as u64;
        let mut places = vec![0, bytes / 2];
        places.dedup();
        for byte in places.into_iter().filter(|_| bytes > 0) {
            let act = Intervention::ResetAt { message: id, byte };
            let text = self.lang.fill(Key::DoBreakAt, &[&grouped(byte)]);
            let button = self.button(ctx, "tool", "break-at", Msg::Act(vec![act]));
            tools.push(button.child(icons::icon(Icon::Bolt)).text(&text).done());
        }
        let text = short_label(self.lang, &flight.message, 24);
        let names = &self.scene.names;
        let way =
            format!("{} → {}", names.peer(flight.message.from), names.peer(flight.message.to));
        tools.insert(0, el("span", "soft").text(&way).done());
        (text, tools)
    }

    /// The client that writes to a node, and how often.
    fn writer(&self, ctx: &Context<Self>, node: NodeId) -> Html {
        let every_ms = self.timeline.world().traffic(node);
        let rate = every_ms.map_or(0, |ms| 1_000 / ms.max(1));
        let text = match rate {
            0 => self.t(Key::WriterNone).to_owned(),
            some => self.lang.fill(Key::WriterRate, &[&grouped(some)]),
        };
        let dial = Dial { id: "writer", label: Key::WriterLabel, values: RATES, at: rate, text };
        self.dial(ctx, dial, move |rate| {
            let every_ms = 1_000u64.checked_div(rate).unwrap_or(0);
            Msg::Act(vec![Intervention::Traffic { node, every_ms }])
        })
    }
}
