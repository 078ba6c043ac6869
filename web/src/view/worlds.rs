//! The panel that builds a new world: its shape, how many replicas, which Redis.

use yew::prelude::*;

use super::el::el;
use super::icons::{Icon, icon};
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::worlds::{REPLICAS_MAX, Shape};

/// A shape's picture: three nodes and their links.
fn picture(shape: Shape) -> &'static str {
    match shape {
        Shape::Star => "M20 6v0M20 6 6 22M20 6v16M20 6l14 16",
        Shape::Chain => "M20 4v20M20 14v0",
        Shape::Tree => "M20 4 10 14M20 4l10 10M10 14 4 24M10 14l6 10M30 14l-6 10M30 14l6 10",
    }
}

/// Where its nodes are.
fn dots(shape: Shape) -> &'static [(u8, u8)] {
    match shape {
        Shape::Star => &[(20, 6), (6, 22), (20, 22), (34, 22)],
        Shape::Chain => &[(20, 4), (20, 14), (20, 24)],
        Shape::Tree => &[(20, 4), (10, 14), (30, 14), (4, 24), (16, 24), (24, 24), (36, 24)],
    }
}

impl App {
    pub(super) fn world_panel(&self, ctx: &Context<Self>) -> Html {
        if !self.world_panel {
            return Html::default();
        }
        let shape = |shape, id, key| {
            let dots = dots(shape).iter().map(|&(x, y)| {
                let dot = el("circle", "").attr("r", "3".to_owned());
                dot.attr("cx", x.to_string()).attr("cy", y.to_string()).done()
            });
            let drawing = el("svg", "shape-of")
                .attr("viewBox", "0 0 40 28".to_owned())
                .attr("aria-hidden", "true".to_owned())
                .child(el("path", "").attr("d", picture(shape).to_owned()).done())
                .children(dots.collect());
            self.button(ctx, "world", id, Msg::World(shape))
                .child(drawing.done())
                .text(self.t(key))
                .done()
        };
        let fewer = self.replicas.saturating_sub(1).max(1);
        let more = (self.replicas + 1).min(REPLICAS_MAX);
        let step = |id, text, key, to| {
            self.button(ctx, "square", id, Msg::Replicas(to))
                .attr("aria-label", self.t(key).to_owned())
                .text(text)
                .done()
        };
        let count = el("span", "count")
            .child(step("fewer", "−", Key::WorldFewer, fewer))
            .child(el("b", "").id("replicas").text(&grouped(self.replicas as u64)).done())
            .child(step("more", "+", Key::WorldMore, more));
        let replicas = el("div", "row")
            .child(el("span", "").text(self.t(Key::WorldReplicas)).done())
            .child(count.done());
        let close = self
            .button(ctx, "quiet square close", "world-close", Msg::WorldPanel)
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icon(Icon::Cross));
        el("div", "panel world-panel")
            .attr("data-refocus", "[data-testid=world]".to_owned())
            .attr("role", "group".to_owned())
            .attr("aria-label", self.t(Key::WorldTitle).to_owned())
            .child(el("b", "").text(self.t(Key::WorldTitle)).done())
            .child(close.done())
            .child(replicas.done())
            .child(self.era_choice(ctx))
            .child(
                el("div", "shapes")
                    .child(shape(Shape::Star, "world-star", Key::WorldStar))
                    .child(shape(Shape::Chain, "world-chain", Key::WorldChain))
                    .child(shape(Shape::Tree, "world-tree", Key::WorldTree))
                    .done(),
            )
            .child(crate::own::button(self.lang, "world-file", ""))
            .done()
    }
}
