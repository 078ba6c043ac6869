//! The left column while live nodes are shown: where they are, what to type, how to come back.

use lockstep_core::replication::state::ReplState;
use lockstep_sim::{Cause, MessageKind, NodeId, Peer};
use yew::prelude::*;

use super::{LiveMsg, is_offered};
use crate::app::{App, Msg};
use crate::i18n::Key;
use crate::view::el::{coded, el};
use crate::view::icons::{Icon, icon};

/// Steps that are looked through for the last word of a Redis that is followed.
const LOOK_BACK: usize = 100;

impl App {
    /// The button that opens the view, where there is something to be seen.
    pub(crate) fn live_button(&self, ctx: &Context<Self>) -> Html {
        if !is_offered() {
            return Html::default();
        }
        let on = self.shows_live();
        let msg = if on { LiveMsg::Leave } else { LiveMsg::Open };
        self.button(ctx, "quiet", "live", Msg::Live(msg))
            .attr("aria-pressed", on.to_string())
            .attr("title", self.t(Key::LiveNote).to_owned())
            .child(icon(Icon::Live))
            .child(el("span", "wide").text(self.t(Key::LiveTitle)).done())
            .child(el("span", "sr narrow").text(self.t(Key::LiveTitle)).done())
            .done()
    }

    /// The left column.
    pub(crate) fn live_panel(&self, ctx: &Context<Self>) -> Html {
        let at_end = self.timeline.cursor() == self.timeline.len();
        let story = self.live.story.as_ref();
        let (state, tone) = match (self.live.lost, story.is_some()) {
            (false, _) if at_end => (Key::LiveNow, "good"),
            (false, _) => (Key::LivePast, "warn"),
            (true, false) => (Key::LiveConnecting, "busy"),
            (true, true) => (Key::LiveLostShort, "bad"),
        };
        let mut panel = el("nav", "guide live-nodes")
            .attr("aria-label", self.t(Key::LiveTitle).to_owned())
            .attr("tabindex", "0".to_owned())
            .id("live-panel")
            .child(el("h2", "").text(self.t(Key::LiveTitle)).done())
            .child(
                el("span", &format!("badge {tone}"))
                    .id("live-state")
                    .attr("data-state", tone.to_owned())
                    .text(self.t(state))
                    .done(),
            );
        if self.live.lost && story.is_some() {
            panel = panel.child(el("p", "").children(coded(self.t(Key::LiveLost))).done());
        } else if !at_end {
            panel = panel.child(el("p", "").text(self.t(Key::LivePastText)).done());
        }
        if !at_end {
            let now = self
                .button(ctx, "primary", "live-now", Msg::Live(LiveMsg::Now))
                .text(self.t(Key::LiveJump))
                .child(icon(Icon::ForwardFar));
            panel = panel.child(el("div", "ways").child(now.done()).done());
        }
        if let Some(story) = story {
            panel = panel.child(self.live_nodes(&story.nodes, story.followed.as_deref()));
        }
        if let Some(text) = story.and_then(|story| self.no_link(story.followed.as_deref()?)) {
            panel = panel.child(
                el("p", "").id("live-no-link").attr("role", "status".to_owned()).text(&text).done(),
            );
        }
        let leave = self
            .button(ctx, "action", "live-leave", Msg::Live(LiveMsg::Leave))
            .text(self.t(Key::LiveLeave));
        panel
            .child(self.live_heartbeats(ctx))
            .child(el("div", "ways").child(leave.done()).done())
            .child(el("p", "soft small").text(self.t(Key::LiveHonest)).done())
            .done()
    }

    /// Why the replica of the Redis that is followed has no link to it; `None`: it has one, or is
    /// on its way to one.
    fn no_link(&self, followed: &str) -> Option<String> {
        let replica = self.scene.nodes.last()?.live.as_ref()?.master.as_ref()?;
        let steps = self.timeline.past().iter().rev().take(LOOK_BACK);
        let mut messages = steps.filter_map(|step| match &step.cause {
            Cause::Delivered(message) if message.from == Peer::Node(NodeId(0)) => Some(message),
            _ => None,
        });
        let last = messages.find(|m| match m.kind {
            MessageKind::Refuse | MessageKind::Reset => true,
            _ => m.bytes.starts_with(b"-") || m.kind == MessageKind::Stream,
        })?;
        if replica.state == ReplState::Connected || last.kind == MessageKind::Stream {
            return None;
        }
        let why = last.label(120);
        let fill = |key| Some(self.lang.fill(key, &[followed, &why]));
        match last.kind {
            MessageKind::Refuse | MessageKind::Reset => fill(Key::LiveNobody),
            _ if why.starts_with("-NOAUTH") || why.starts_with("-WRONGPASS") => fill(Key::LiveAuth),
            _ => fill(Key::LiveRefused),
        }
    }

    /// Whether the list of events has what comes every second.
    fn live_heartbeats(&self, ctx: &Context<Self>) -> Html {
        html! {
            <label>
                <input
                    type="checkbox"
                    data-testid="live-heartbeats"
                    checked={self.live.heartbeats}
                    onchange={ctx.link().callback(|_| Msg::Live(LiveMsg::Heartbeats))}
                />
                <span>{ self.t(Key::LiveHeartbeats) }</span>
            </label>
        }
    }

    /// Where the nodes are, and how to talk to them.
    fn live_nodes(&self, nodes: &[(String, String)], followed: Option<&str>) -> Html {
        let ports = nodes.iter().filter_map(|(_, address)| address.rsplit_once(':'));
        let rows = ports.enumerate().map(|(index, (_, port))| {
            let role = match (followed, index) {
                (None, 0) => Key::LiveFirst,
                _ => Key::LiveOther,
            };
            el("li", "")
                .child(el("code", "").text(&format!("redis-cli -p {port}")).done())
                .child(el("span", "soft").text(self.t(role)).done())
                .done()
        });
        let text = match followed {
            Some(address) => self.lang.fill(Key::LiveFollowText, &[address]),
            None => self.t(Key::LiveNodesText).to_owned(),
        };
        el("div", "")
            .child(el("p", "").text(&text).done())
            .child(el("ul", "commands").children(rows.collect()).done())
            .done()
    }
}
