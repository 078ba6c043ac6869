//! What the page looks like.

mod backlog;
mod branches;
pub(crate) mod bytes;
mod console;
mod dial;
pub(crate) mod el;
mod eras;
mod events;
mod guide;
mod header;
pub(crate) mod icons;
pub(crate) mod lane;
pub(crate) mod log;
mod machine;
mod origin;
mod share;
pub(crate) mod stage;
mod state;
mod transport;
mod why;
mod worlds;

use lockstep_core::num::double::fixed;
use lockstep_core::replication::state::ReplState;
use lockstep_core::time::Instant;
use lockstep_sim::view::{NodeView, Power};
use yew::prelude::*;

use crate::app::{App, LowerTab, Msg, Pane, SideTab};
use crate::i18n::{Key, Lang};
use crate::platform;

/// A share of a width or height, for styles.
fn percent(value: f64) -> String {
    fixed(value, 2) + "%"
}

impl App {
    /// The whole page.
    pub(crate) fn page(&self, ctx: &Context<Self>) -> Html {
        html! {
            <>
                if !platform::is_embedded() { { self.header(ctx) } }
                { self.own_view(ctx).unwrap_or_else(|| self.playground(ctx)) }
                <p class="sr" role="status" aria-live="polite" data-testid="announce">
                    { &self.announced }
                </p>
                { self.notice(ctx) }
                { self.help_dialog(ctx) }
            </>
        }
    }

    fn playground(&self, ctx: &Context<Self>) -> Html {
        let time = self.timeline.now().0;
        let fingerprint = self.scene.fingerprint.map(|print| format!("{print:016x}"));
        let pane = match self.pane {
            Pane::Guide => "guide",
            Pane::Lower => "lower",
            Pane::Side => "side",
        };
        html! {
            <main
                class="main"
                data-testid="main"
                data-refocus="[data-testid=step]"
                data-pane={pane}
                data-step={self.timeline.cursor().to_string()}
                data-steps={self.timeline.len().to_string()}
                data-time={time.to_string()}
                data-whole={(self.whole && !self.sharing.awaits).to_string()}
                data-playing={self.playing.is_some().to_string()}
                data-fingerprint={fingerprint}
                style={format!("--step:{}ms", self.step_ms().min(600))}
            >
                { self.inner(ctx) }
            </main>
        }
    }

    fn inner(&self, ctx: &Context<Self>) -> Html {
        if platform::is_embedded() {
            return self.embedded(ctx);
        }
        html! {
            <>
                { self.panes(ctx) }
                { self.guide(ctx) }
                { self.stage(ctx) }
                { self.in_time("lower", || self.lower(ctx)) }
                { self.in_time("side", || self.side(ctx)) }
                { self.transport(ctx) }
                { self.branches_panel(ctx) }
            </>
        }
    }

    /// What is to be told beside the step.
    fn notice(&self, ctx: &Context<Self>) -> Html {
        if let Some(reading) = &self.own.reading {
            return reading.view(self, ctx);
        }
        let Some(notice) = &self.notice else { return Html::default() };
        let close = self
            .button(ctx, "quiet square", "notice-close", Msg::Noticed)
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icons::icon(icons::Icon::Cross));
        el::el("div", if notice.bad { "toast bad" } else { "toast" })
            .id("notice")
            .attr("data-refocus", "[data-testid=step]".to_owned())
            .attr("role", if notice.bad { "alert" } else { "status" }.to_owned())
            .child(el::el("span", "").children(el::coded(&notice.text)).done())
            .child(close.done())
            .done()
    }

    /// The tabs of a small screen: which part is under the transport bar.
    fn panes(&self, ctx: &Context<Self>) -> Html {
        let tab = |pane, key| self.tab(ctx, self.pane == pane, Msg::Pane(pane), self.t(key), "");
        html! {
            <nav class="panes tabs" aria-label={self.t(Key::PanesLabel)}>
                { tab(Pane::Guide, Key::PaneGuide) }
                { tab(Pane::Lower, Key::PaneLower) }
                { tab(Pane::Side, Key::PaneSide) }
            </nav>
        }
    }

    /// A button that shows one of several things in one place.
    fn tab(&self, ctx: &Context<Self>, on: bool, msg: Msg, text: &str, id: &str) -> Html {
        let cell = std::cell::Cell::new(Some(msg));
        let onclick = ctx.link().batch_callback(move |_: MouseEvent| cell.take());
        let id = (!id.is_empty()).then(|| id.to_owned());
        html! {
            <button
                type="button"
                class={classes!("tab", on.then_some("on"))}
                aria-pressed={on.to_string()}
                data-testid={id}
                {onclick}
            >{ text }</button>
        }
    }

    /// The part under the stage.
    fn lower(&self, ctx: &Context<Self>) -> Html {
        let tab =
            |tab, text: &str, id: &str| self.tab(ctx, self.lower == tab, Msg::Lower(tab), text, id);
        // To what was recorded nobody can say anything.
        let shown = if self.is_recorded() { &[][..] } else { &self.scene.nodes[..] };
        let consoles = shown.iter().map(|node| {
            let text = format!(">_ {}", node.port);
            tab(LowerTab::Console(node.id), &text, &format!("tab-console-{}", node.id.0 + 1))
        });
        html! {
            <section class="lower" data-refocus=".lower .tab.on" aria-label={self.t(Key::PaneLower)}>
                <div class="tabs">
                    { tab(LowerTab::SpaceTime, self.t(Key::TabSpaceTime), "tab-spacetime") }
                    { tab(LowerTab::Backlog, self.t(Key::TabBacklog), "tab-backlog") }
                    { tab(LowerTab::Events, self.t(Key::TabEvents), "tab-events") }
                    { for consoles }
                    { self.lane_tools(ctx) }
                </div>
                { match self.lower {
                    LowerTab::SpaceTime => self.lane(ctx),
                    LowerTab::Backlog => self.backlog(),
                    LowerTab::Console(node) => self.console(ctx, node),
                    LowerTab::Events => self.events(ctx),
                } }
            </section>
        }
    }

    /// What is drawn once all of the program is there, and its empty place before.
    fn in_time(&self, class: &str, drawn: impl FnOnce() -> Html) -> Html {
        if self.whole { drawn() } else { el::el("section", class).done() }
    }

    /// The inspector.
    fn side(&self, ctx: &Context<Self>) -> Html {
        let tab =
            |tab, key, id: &str| self.tab(ctx, self.side == tab, Msg::Side(tab), self.t(key), id);
        html! {
            <aside class="side" data-refocus=".side .tab.on" aria-label={self.t(Key::PaneSide)}>
                <div class="tabs">
                    { tab(SideTab::State, Key::TabState, "tab-state") }
                    { tab(SideTab::Bytes, Key::TabBytes, "tab-bytes") }
                    { tab(SideTab::Why, Key::TabWhy, "tab-why") }
                    { tab(SideTab::Log, Key::TabLog, "tab-log") }
                </div>
                <div class={classes!("body", (self.side == SideTab::Log).then_some("tail"))} tabindex="0">
                    { match self.side {
                        SideTab::State => self.state(ctx),
                        SideTab::Bytes => self.bytes(ctx),
                        SideTab::Why => self.why(ctx),
                        SideTab::Log => self.log(ctx),
                    } }
                </div>
            </aside>
        }
    }
}

/// How a node is doing, as a word and a tone.
pub(crate) fn condition(lang: Lang, node: &NodeView) -> (String, &'static str) {
    let text = |key| lang.t(key).to_owned();
    match (node.power, &node.live) {
        (Power::Down | Power::Dark, _) | (_, None) => (text(Key::StateDown), "bad"),
        (Power::Frozen, _) => (text(Key::StateFrozen), "warn"),
        (Power::Up, Some(live)) if !live.known.role => (text(Key::RecRoleUnknown), "calm"),
        (Power::Up, Some(live)) => match &live.master {
            None => (text(Key::RoleMaster), "calm"),
            Some(master) => {
                let (key, tone) = link_condition(master.state);
                (text(key), tone)
            }
        },
    }
}

/// The state of a replica's link in a word, and its tone.
pub(crate) fn link_condition(state: ReplState) -> (Key, &'static str) {
    match state {
        ReplState::Connected => (Key::StateOnline, "good"),
        ReplState::Transfer => (Key::StateTransfer, "busy"),
        ReplState::None | ReplState::Connect => (Key::StateNoLink, "bad"),
        ReplState::Connecting => (Key::StateConnecting, "warn"),
        ReplState::ReceivePsyncReply | ReplState::SendPsync => (Key::StatePsync, "warn"),
        _ => (Key::StateHandshake, "warn"),
    }
}

/// Seconds with three digits: `12.418 s`.
pub(crate) fn seconds(at: Instant) -> String {
    let ms = at.0 / 1_000;
    format!("{}.{:03}\u{202f}s", ms / 1_000, ms % 1_000)
}
