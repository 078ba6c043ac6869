//! Messages on the stage: on their way, or just arrived.

use lockstep_sim::view::FlightView;
use lockstep_sim::{Cause, Message, MessageKind, MessageRef, NodeId, Peer};
use yew::prelude::*;

use super::layout::Place;
use crate::app::{App, Msg};
use crate::i18n::Lang;
use crate::view::bytes::kind_name;
use crate::view::icons::{self, Family};

/// Where messages leave a card and reach one, as a part of the way between the centres.
const EDGE: f64 = 0.37;

/// In percent: what counts as level, and as near the middle of a link.
const FLAT: f64 = 12.0;
const NEAR: (f64, f64) = (4.0, 5.0);
/// How far a message is lifted over the handle of its link, in places of a pile.
const LIFT: usize = 5;

/// Where a message is: `t` from 0 (sender) to 1 (receiver).
fn underway_at(from: Place, to: Place, t: f64) -> Place {
    from.between(to, EDGE + (1.0 - 2.0 * EDGE) * t)
}

/// Messages at one place.
struct Pile {
    place: Place,
    from: Place,
    to: Place,
    /// Each with its place, and what is to be seen of it.
    messages: Vec<(MessageRef, Place, &'static str)>,
}

impl App {
    /// What is on its way, and what has just arrived.
    pub(super) fn messages(&self, ctx: &Context<Self>, places: &[Place]) -> Html {
        let now = self.timeline.now();
        let arrived = self.timeline.current().and_then(|step| match &step.cause {
            Cause::Delivered(message) => Some(message.clone()),
            _ => None,
        });
        let underway = self.scene.flights.iter().map(|flight: &FlightView| {
            (flight.message.clone(), flight.progress(now), fate(flight))
        });
        let fate = arrived.into_iter().map(|message| (message, 1.0, "landed"));
        // Messages at one place are a pile: the first has the label, and says how many follow.
        let mut piles: Vec<Pile> = Vec::new();
        for (message, t, fate) in underway.chain(fate) {
            let Some((from, to)) = self.ends(places, &message) else { continue };
            // A client has no card: what is near its node keeps off the node's.
            let place = match (message.from.node(), message.to.node()) {
                (None, _) => underway_at(from, to, t * 0.35),
                (_, None) => underway_at(from, to, 0.65 + t * 0.35),
                _ => underway_at(from, to, t),
            };
            let near = |pile: &&mut Pile| {
                (pile.place.x - place.x).abs() < 6.0 && (pile.place.y - place.y).abs() < 6.0
            };
            match piles.iter_mut().find(near) {
                Some(pile) => pile.messages.push((message, place, fate)),
                None => {
                    piles.push(Pile { place, from, to, messages: vec![(message, place, fate)] })
                }
            }
        }
        html! { <>{ for piles.iter().flat_map(|pile| self.pile(ctx, pile)) }</> }
    }

    /// Where the two ends of a message's way are. A client stands beside its node.
    fn ends(&self, places: &[Place], message: &MessageRef) -> Option<(Place, Place)> {
        let node = |id: NodeId| places.get(id.0 as usize).copied();
        let client = |peer: Peer| {
            let beside = node(self.scene.names.client_node(peer)?)?;
            Some(Place { x: beside.x + if beside.x > 60.0 { -40.0 } else { 40.0 }, ..beside })
        };
        let place = |peer: Peer| peer.node().map_or_else(|| client(peer), node);
        Some((place(message.from)?, place(message.to)?))
    }

    fn pile(&self, ctx: &Context<Self>, pile: &Pile) -> Vec<Html> {
        let left = pile.from.x.min(pile.to.x) < 49.0 && pile.from.x.max(pile.to.x) <= 51.0;
        let more = pile.messages.len() - 1;
        // Between two that stand side by side, words stand above the shape.
        let flat = (pile.from.y - pile.to.y).abs() < FLAT;
        // What is where the link has its handle passes above it.
        let middle = pile.from.between(pile.to, 0.5);
        let (x, y) = (pile.place.x - middle.x, pile.place.y - middle.y);
        let lift = if x.abs() < NEAR.0 && y.abs() < NEAR.1 { LIFT } else { 0 };
        let one = |(depth, (message, place, fate)): (usize, &(MessageRef, Place, &'static str))| {
            let family = Family::of(message.kind);
            let text = short_label(self.lang, message, 28);
            let names = &self.scene.names;
            let way = format!("{} → {}", names.peer(message.from), names.peer(message.to));
            let bytes = self.lang.bytes(message.bytes.len() as u64);
            let guest = message.from.node().is_none() || message.to.node().is_none();
            let shown = self.shown_message().is_some_and(|shown| shown.id == message.id);
            let shared = message.clone();
            html! {
                <button
                    type="button"
                    key={message.id.to_string()}
                    class={classes!(
                        "message",
                        family.class(),
                        left.then_some("left"),
                        (place.x > 60.0).then_some("far"),
                        guest.then_some("guest"),
                        (flat && !guest).then_some("flat"),
                        *fate,
                        shown.then_some("on"),
                    )}
                    style={format!("{};--depth:{}", place.style(), depth.min(4) + lift)}
                    data-testid="message"
                    onclick={ctx.link().callback(move |_| Msg::Show(shared.clone()))}
                >
                    { icons::message(family, message.bytes.len()) }
                    if depth > 0 {
                        <span class="sr">{ format!("{text}, {way}, {bytes}") }</span>
                    } else {
                        <span class="label">
                            <code>{ text }</code>
                            <span class="soft">
                                if !message.bytes.is_empty() && message.kind != MessageKind::Rdb {
                                    { bytes }
                                }
                                if more > 0 { { format!(" +{more}") } }
                            </span>
                        </span>
                        <span class="sr">{ ", " }{ way }</span>
                    }
                </button>
            }
        };
        pile.messages.iter().enumerate().map(one).collect()
    }
}

/// How a message on its way is doing, as a class.
fn fate(flight: &FlightView) -> &'static str {
    match flight {
        FlightView { kept: true, .. } => "kept",
        FlightView { held_since: Some(_), .. } => "stuck",
        FlightView { waits_at_receiver: true, .. } => "waits",
        _ => "underway",
    }
}

/// A message's label, with replication IDs as short as everywhere on the page.
pub(crate) fn short_label(lang: Lang, message: &Message, max: usize) -> String {
    match message.kind {
        MessageKind::Rdb => return format!("RDB {}", lang.bytes(message.bytes.len() as u64)),
        kind if kind.is_control() => return lang.t(kind_name(kind)).to_owned(),
        _ => {}
    }
    let full = message.label(200);
    let is_id = |word: &str| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words = full.split(' ').map(|word| match word {
        id if is_id(id) => format!("{}…", &id[..6]),
        other => other.to_owned(),
    });
    let text = words.collect::<Vec<_>>().join(" ");
    let mut short: String = text.chars().take(max).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
