//! The stage: nodes as cards, links between them, messages on their way.
//!
//! A message moves by a transition of its place: nothing is animated while the cursor stands still.

mod card;
mod host;
pub(crate) mod layout;
mod links;
mod messages;
mod tools;

use yew::prelude::*;

use self::layout::layout;
pub(crate) use self::messages::short_label;
use super::condition;
use super::el::el;
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::sentence::{self, Part};
use lockstep_sim::NodeId;

impl App {
    pub(super) fn stage(&self, ctx: &Context<Self>) -> Html {
        let nodes = &self.scene.nodes;
        let layout = layout(nodes, &self.moved_cards);
        let places = &layout.places;
        let links = || self.scene.links.iter().filter(|link| self.is_shown(link));
        let link = ctx.link();
        let class = classes!(
            "canvas",
            layout.compact.then_some("compact"),
            self.drag.is_some().then_some("dragging"),
        );
        html! {
            <section class="stage-pane" aria-label={self.t(Key::StageLabel)}>
                { self.tools(ctx) }
                <div class="stage" data-testid="stage">
                    <div
                        {class}
                        data-refocus=".card.on .pick"
                        style={format!("--across:{};--down:{}", layout.across, layout.down)}
                        onpointermove={link.callback(Msg::Drag)}
                        onpointerup={link.callback(|_| Msg::Drop)}
                        onpointercancel={link.callback(|_| Msg::Drop)}
                    >
                        <svg
                            class="wires"
                            viewBox="0 0 100 100"
                            preserveAspectRatio="none"
                            role="img"
                            aria-label={self.alternative()}
                        >
                            { for links().map(|link| self.wire(link, places)) }
                        </svg>
                        { for links()
                            .filter(|_| !self.is_recorded())
                            .map(|link| self.link_handle(ctx, link, places)) }
                        { for nodes.iter().zip(places).map(|(n, p)| self.card(ctx, n, *p)) }
                        { self.messages(ctx, places) }
                    </div>
                </div>
                { self.link_panel(ctx, places) }
                { self.host_panel(ctx) }
                { self.world_panel(ctx) }
                { self.share_panel(ctx) }
                { self.say() }
            </section>
        }
    }

    /// The sentence of the step, always in the same place.
    fn say(&self) -> Html {
        let parts = match self.timeline.current() {
            Some(step) => sentence::parts(self.lang, &self.scene.names, step),
            None => vec![Part::Text(self.t(Key::TellStart).to_owned())],
        };
        let cursor = self.timeline.cursor();
        let violated = self.marks.violations().iter().find(|(step, _)| *step == cursor);
        let violated = violated.map(|(_, what)| self.lang.fill(Key::Violated, &[what]));
        let violated = violated.or_else(|| self.breach_here());
        let violated = violated.map(|text| el("strong", "violated").text(&text).done());
        html! {
            <p class="say" data-testid="sentence">
                <b class="step">
                    { self.lang.fill(Key::StepNumber, &[&grouped(self.timeline.cursor())]) }
                </b>
                { for parts.iter().map(super::events::part) }
                { for violated }
            </p>
        }
    }

    /// The stage in words, for those who do not see it.
    fn alternative(&self) -> String {
        let mut text = String::new();
        for node in &self.scene.nodes {
            let (word, _) = condition(self.lang, node);
            let live = node.live.as_ref();
            let unknown = || self.t(Key::RecUnknown).to_owned();
            let known = live.filter(|live| live.known.offset);
            let offset = known.map_or_else(unknown, |live| grouped(live.offset));
            let known = live.filter(|live| live.known.replid);
            let id = known.map_or_else(unknown, |live| sentence::short(&live.replid));
            let args = [&*self.name(node.id), &word, &id, &offset];
            text.push_str(&self.lang.fill(Key::AltNode, &args));
        }
        for flight in &self.scene.flights {
            let message = &flight.message;
            let (from, to) =
                (self.scene.names.peer(message.from), self.scene.names.peer(message.to));
            text.push_str(
                &self
                    .lang
                    .fill(Key::AltMessage, &[&short_label(self.lang, message, 40), &from, &to]),
            );
        }
        text
    }

    pub(super) fn name(&self, id: NodeId) -> String {
        self.scene.names.node(id)
    }
}
