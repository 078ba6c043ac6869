//! The stage: nodes as cards, links between them, messages on their way.
//!
//! Places are percentages of the stage, so it needs no measuring and fits any width. A message
//! moves by a transition of its place: nothing is animated while the cursor stands still.

use lockstep_core::config::Era;
use lockstep_sim::view::{FlightView, LinkView, LiveView, NodeView, Power, ReplicaView, Role};
use lockstep_sim::{
    Cause, Cut, Intervention, Message, MessageKind, MessageRef, NodeId, Peer, Stop,
};
use yew::prelude::*;

use super::bytes::kind_name;
use super::el::el;
use super::icons::{self, Family, Icon, icon};
use super::percent;
use super::{condition, link_condition};
use crate::app::{App, LowerTab, Msg, Selected};
use crate::i18n::{Key, Lang, grouped};
use crate::sentence::{self, Part};
use lockstep_core::num::double::fixed;

/// A place on the stage, in percent of its width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    x: f64,
    y: f64,
}

impl Place {
    fn between(self, other: Self, t: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * t, y: self.y + (other.y - self.y) * t }
    }

    fn style(self) -> String {
        format!("left:{};top:{}", percent(self.x), percent(self.y))
    }
}

/// Where messages leave a card and reach one, as a part of the way between the centres.
const EDGE: f64 = 0.34;

/// Where a message is: `t` from 0 (sender) to 1 (receiver).
fn underway_at(from: Place, to: Place, t: f64) -> Place {
    from.between(to, EDGE + (1.0 - 2.0 * EDGE) * t)
}

/// Messages at one place.
struct Pile {
    place: Place,
    from: Place,
    to: Place,
    /// Each with its place, and whether it has arrived in this step.
    messages: Vec<(MessageRef, Place, bool)>,
}

/// How far a node is from the top of its tree of masters.
fn depth(nodes: &[NodeView], id: NodeId) -> usize {
    let master = |id: NodeId| nodes.get(id.0 as usize)?.live.as_ref()?.master.as_ref()?.node;
    let mut at = id;
    let mut depth = 0;
    while let Some(above) = master(at) {
        depth += 1;
        at = above;
        if depth == nodes.len() {
            break;
        }
    }
    let is_followed = || nodes.iter().any(|node| master(node.id) == Some(id));
    let is_down = nodes.get(id.0 as usize).is_some_and(|node| node.live.is_none());
    // A node that is down follows nobody; it stays among the replicas if nobody follows it.
    if depth == 0 && is_down && id.0 > 0 && !is_followed() { 1 } else { depth }
}

fn places(nodes: &[NodeView]) -> Vec<Place> {
    let depths: Vec<usize> = nodes.iter().map(|node| depth(nodes, node.id)).collect();
    let rows = depths.iter().max().map_or(1, |deepest| deepest + 1);
    let place = |(index, &row): (usize, &usize)| {
        let before = depths[..index].iter().filter(|&&other| other == row).count();
        let all = depths.iter().filter(|&&other| other == row).count();
        let x = (before as f64 + 0.5) / all as f64 * 100.0;
        // Two in a row stand a little wider apart than halves: the links are less steep.
        let x = if all == 2 { 50.0 + (x - 50.0) * 1.08 } else { x };
        let y = if rows == 1 { 45.0 } else { 20.0 + row as f64 * 58.0 / (rows - 1) as f64 };
        Place { x, y }
    };
    depths.iter().enumerate().map(place).collect()
}

impl App {
    pub(super) fn stage(&self, ctx: &Context<Self>) -> Html {
        let nodes = &self.scene.nodes;
        let places = places(nodes);
        let widest = (0..nodes.len())
            .map(|row| nodes.iter().filter(|node| depth(nodes, node.id) == row).count())
            .max()
            .unwrap_or(1);
        let links = || self.scene.links.iter().filter(|link| self.is_shown(link));
        html! {
            <section class="stage-pane" aria-label={self.t(Key::StageLabel)}>
                { self.tools(ctx) }
                <div class="stage" data-testid="stage">
                    <div class="canvas" style={format!("--across:{widest}")}>
                        <svg
                            class="wires"
                            viewBox="0 0 100 100"
                            preserveAspectRatio="none"
                            role="img"
                            aria-label={self.alternative()}
                        >
                            { for links().map(|link| self.wire(link, &places)) }
                        </svg>
                        { for links().map(|link| self.link_handle(ctx, link, &places)) }
                        { for nodes.iter().zip(&places).map(|(n, p)| self.card(ctx, n, *p)) }
                        { self.messages(ctx, &places) }
                    </div>
                </div>
                { self.say() }
            </section>
        }
    }

    /// Whether a link belongs on the stage: somebody uses it, or somebody did something to it.
    fn is_shown(&self, link: &LinkView) -> bool {
        let follows = |a: NodeId, b: NodeId| {
            let live = self.scene.node(a).and_then(|node| node.live.as_ref());
            live.and_then(|live| live.master.as_ref()).is_some_and(|m| m.node == Some(b))
        };
        link.cut.is_some()
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

    fn wire(&self, link: &LinkView, places: &[Place]) -> Html {
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
        if link.cut.is_some() {
            html! {
                <>
                    { line(a, a.between(b, 0.45), "wire cut") }
                    { line(a.between(b, 0.55), b, "wire cut") }
                </>
            }
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
    fn link_handle(&self, ctx: &Context<Self>, link: &LinkView, places: &[Place]) -> Html {
        let (a, b) = (places[link.a.0 as usize], places[link.b.0 as usize]);
        let selected = Selected::Link(link.a, link.b);
        let on = self.selected == selected;
        let (name_a, name_b) = (self.name(link.a), self.name(link.b));
        let ms = link.latency_us / 1_000;
        let (text, state) = match link.cut {
            None => (html! { format!("{ms}\u{202f}ms") }, ""),
            Some(Cut::Reset) => (icon(Icon::Cross), self.t(Key::LinkCut)),
            Some(Cut::Silent) => (icon(Icon::Cross), self.t(Key::LinkSilent)),
            Some(Cut::Stall) => (icon(Icon::Cross), self.t(Key::LinkStalled)),
        };
        let name = format!("{} {state}", self.lang.fill(Key::LinkName, &[&name_a, &name_b]));
        html! {
            <button
                type="button"
                class={classes!("handle", on.then_some("on"), link.cut.map(|_| "cut"))}
                style={a.between(b, 0.5).style()}
                aria-pressed={on.to_string()}
                title={name.clone()}
                data-testid={format!("link-{}-{}", link.a.0 + 1, link.b.0 + 1)}
                onclick={ctx.link().callback(move |_| Msg::Select(selected))}
            ><span class="sr">{ name }{ " " }</span>{ text }</button>
        }
    }

    fn card(&self, ctx: &Context<Self>, node: &NodeView, place: Place) -> Html {
        let id = node.id;
        let selected = self.selected == Selected::Node(id);
        let (word, tone) = condition(self.lang, node);
        let before = self.before.get(id.0 as usize);
        let old = before.and_then(|node| node.live.as_ref());
        let live = node.live.as_ref();
        let role = live.map(|live| match live.role {
            Role::Master => "master",
            Role::Replica => "replica",
        });
        let changed_word = before.is_some_and(|before| condition(self.lang, before).0 != word);
        let dead = node.power == Power::Down;
        html! {
            <article
                key={format!("n{}", id.0)}
                class={classes!("card", selected.then_some("on"), dead.then_some("dead"), tone)}
                style={place.style()}
                data-testid={format!("node-{}", id.0 + 1)}
                data-node={(id.0 + 1).to_string()}
                data-port={node.port.to_string()}
                data-role={role}
                data-state={tone}
                data-offset={live.map(|live| live.offset.to_string())}
                data-replid={live.map(|live| live.replid.to_string())}
            >
                <button
                    type="button"
                    class="pick"
                    aria-pressed={selected.to_string()}
                    onclick={ctx.link().callback(move |_| Msg::Select(Selected::Node(id)))}
                >
                    <span class="name">
                        <span class="number">{ id.0 + 1 }</span>{ node.port }
                        { self.era_mark(node) }
                    </span>
                    <span class={classes!("badge", tone, changed_word.then_some("changed"))}>
                        { word }
                    </span>
                </button>
                { live.map(|live| self.card_body(live, old)) }
            </article>
        }
    }

    /// Which Redis the node replicates like, if it is not the newest.
    fn era_mark(&self, node: &NodeView) -> Html {
        if node.era == Era::default() {
            return Html::default();
        }
        let name = node.era.name();
        el("span", "era").attr("title", self.lang.fill(Key::EraName, &[name])).text(name).done()
    }

    fn card_body(&self, live: &LiveView, old: Option<&LiveView>) -> Html {
        let moved = old.is_some_and(|old| old.offset != live.offset);
        let renamed = old.is_some_and(|old| old.replid != live.replid);
        html! {
            <>
                <div class="line">
                    <span class={classes!("replid", renamed.then_some("changed"))}>
                        { icons::history(&live.replid) }{ sentence::short(&live.replid) }
                    </span>
                    <span class="soft">{ self.lang.keys(live.keys) }</span>
                </div>
                <div class="line">
                    <span class={classes!("offset", moved.then_some("changed"))}>
                        { grouped(live.offset) }
                    </span>
                    <span class="soft">{ self.remark(live) }</span>
                </div>
                { self.strip(live) }
            </>
        }
    }

    /// What is worth a word beside the offset.
    fn remark(&self, live: &LiveView) -> String {
        let Some(master) = &live.master else { return self.t(Key::Offset).to_owned() };
        if let Some((read, total)) = master.transfer {
            return match total {
                Some(total) if total > 0 => format!("RDB {}\u{202f}%", read * 100 / total),
                _ => format!("RDB {}", self.lang.bytes(read)),
            };
        }
        let above = master.node.and_then(|id| self.scene.node(id)?.live.as_ref());
        match above {
            Some(above) if above.replid == live.replid && above.offset > live.offset => {
                self.lang.fill(Key::Behind, &[&grouped(above.offset - live.offset)])
            }
            Some(above) if above.replid == live.replid => self.t(Key::InStep).to_owned(),
            _ => self.t(Key::Offset).to_owned(),
        }
    }

    /// The backlog as a strip drawn to scale, with a tick for each replica's next byte.
    fn strip(&self, live: &LiveView) -> Html {
        let Some(backlog) = live.backlog else {
            return html! { <div class="strip none"><span>{ self.t(Key::NoBacklog) }</span></div> };
        };
        // The scale reaches from the oldest byte held to the next one to come; a replica whose next
        // byte has fallen out stands before it.
        let end = live.offset + 1;
        let lost: Vec<u64> = self.cut_off(live).map(|offset| offset + 1).collect();
        let oldest = lost.iter().copied().filter(|&next| next > 1).min().unwrap_or(end);
        let start = backlog.first_byte_offset.min(oldest).min(end);
        let left = |offset: u64| {
            let part = offset.clamp(start, end) - start;
            format!("left:{}", percent(part as f64 * 100.0 / (end - start).max(1) as f64))
        };
        let tick = |replica: &ReplicaView| {
            html! { <i class="tick" style={left(replica.ack_offset + 1)} /> }
        };
        let waiting = lost.iter().map(|&next| {
            html! { <i class="tick lost" style={left(next)} /> }
        });
        html! {
            <div class="strip" title={self.t(Key::BacklogTitle)}>
                <span class="scale">
                    <i class="held" style={left(backlog.first_byte_offset)} />
                    { for live.replicas.iter().map(tick) }
                    { for waiting }
                </span>
                <span class="line soft small">
                    <span>
                        { self.lang.fill(Key::From, &[&grouped(backlog.first_byte_offset)]) }
                    </span>
                    <span>{ format!("{} / {}", grouped(backlog.histlen), size(backlog.size)) }</span>
                </span>
            </div>
        }
    }

    /// The offsets of nodes that follow this one and are not among its replicas now: their next
    /// byte is what the backlog is kept for.
    fn cut_off<'a>(&'a self, live: &'a LiveView) -> impl Iterator<Item = u64> + 'a {
        self.scene.nodes.iter().filter_map(move |node| {
            let other = node.live.as_ref()?;
            let above = other.master.as_ref()?.node.and_then(|id| self.scene.node(id));
            let follows = above?.live.as_ref() == Some(live);
            let known = live.replicas.iter().any(|replica| replica.node == Some(node.id));
            (follows && !known && other.replid == live.replid).then_some(other.offset)
        })
    }

    /// What is on its way, and what has just arrived.
    fn messages(&self, ctx: &Context<Self>, places: &[Place]) -> Html {
        let now = self.timeline.world().now();
        let arrived = self.timeline.current().and_then(|step| match &step.cause {
            Cause::Delivered(message) => Some(message.clone()),
            _ => None,
        });
        let underway = self
            .scene
            .flights
            .iter()
            .map(|flight: &FlightView| (flight.message.clone(), flight.progress(now), false));
        let landed = arrived.into_iter().map(|message| (message, 1.0, true));
        // Messages at one place are a pile: the first has the label, and says how many follow.
        let mut piles: Vec<Pile> = Vec::new();
        for (message, t, landed) in underway.chain(landed) {
            let Some((from, to)) = self.ends(places, &message) else { continue };
            let place = underway_at(from, to, t);
            let near = |pile: &&mut Pile| {
                (pile.place.x - place.x).abs() < 6.0 && (pile.place.y - place.y).abs() < 6.0
            };
            match piles.iter_mut().find(near) {
                Some(pile) => pile.messages.push((message, place, landed)),
                None => {
                    piles.push(Pile { place, from, to, messages: vec![(message, place, landed)] })
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
            Some(Place { x: beside.x + if beside.x > 60.0 { -30.0 } else { 30.0 }, ..beside })
        };
        let place = |peer: Peer| peer.node().map_or_else(|| client(peer), node);
        Some((place(message.from)?, place(message.to)?))
    }

    fn pile(&self, ctx: &Context<Self>, pile: &Pile) -> Vec<Html> {
        let left = pile.from.x.min(pile.to.x) < 49.0 && pile.from.x.max(pile.to.x) <= 51.0;
        let more = pile.messages.len() - 1;
        let one = |(depth, (message, place, landed)): (usize, &(MessageRef, Place, bool))| {
            let family = Family::of(message.kind);
            let text = short_label(self.lang, message, 28);
            let names = &self.scene.names;
            let way = format!("{} → {}", names.peer(message.from), names.peer(message.to));
            let bytes = self.lang.bytes(message.bytes.len() as u64);
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
                        landed.then_some("landed"),
                        shown.then_some("on"),
                    )}
                    style={format!("{};--depth:{}", place.style(), depth.min(4))}
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

    /// The sentence of the step, always in the same place.
    fn say(&self) -> Html {
        let parts = match self.timeline.current() {
            Some(step) => sentence::parts(self.lang, &self.scene.names, step),
            None => vec![Part::Text(self.t(Key::TellStart).to_owned())],
        };
        html! {
            <p class="say" data-testid="sentence">
                <b class="step">
                    { self.lang.fill(Key::StepNumber, &[&grouped(self.timeline.cursor())]) }
                </b>
                { for parts.iter().map(super::events::part) }
            </p>
        }
    }

    /// The stage in words, for those who do not see it.
    fn alternative(&self) -> String {
        let mut text = String::new();
        for node in &self.scene.nodes {
            let (word, _) = condition(self.lang, node);
            let live = node.live.as_ref();
            let offset = live.map(|live| grouped(live.offset)).unwrap_or_default();
            let id = live.map(|live| sentence::short(&live.replid)).unwrap_or_default();
            let args = [&*node.port.to_string(), &word, &id, &offset];
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

    /// What can be done with what is selected.
    fn tools(&self, ctx: &Context<Self>) -> Html {
        let (title, tools) = match self.selected {
            Selected::Node(id) => (self.name(id), self.node_tools(ctx, id)),
            Selected::Link(a, b) => {
                (format!("{} – {}", self.name(a), self.name(b)), self.link_tools(ctx, a, b))
            }
        };
        html! {
            <div class="tools" role="group" aria-label={self.lang.fill(Key::ToolsLabel, &[&title])}>
                <b>{ title }</b>
                { tools }
            </div>
        }
    }

    fn tool(
        &self,
        ctx: &Context<Self>,
        mark: Icon,
        key: Key,
        id: &'static str,
        msg: Intervention,
    ) -> Html {
        let onclick = ctx.link().callback(move |_| Msg::Act(msg.clone()));
        html! {
            <button type="button" class="tool" data-testid={id} {onclick}>
                { icon(mark) }{ self.t(key) }
            </button>
        }
    }

    fn node_tools(&self, ctx: &Context<Self>, id: NodeId) -> Html {
        let tool = |mark, key, id, msg| self.tool(ctx, mark, key, id, msg);
        let Some(node) = self.scene.node(id) else { return Html::default() };
        let start = Intervention::StartNode { node: id };
        let stop = |stop| Intervention::StopNode { node: id, stop };
        let freeze = |paused| Intervention::PauseNode { node: id, paused };
        let writes = self.timeline.world().traffic(id).is_some();
        let every_ms = if writes { 0 } else { 700 };
        let traffic = Intervention::Traffic { node: id, every_ms };
        let console = ctx.link().callback(move |_| Msg::Lower(LowerTab::Console(id)));
        html! {
            <>
                { match node.power {
                    Power::Down | Power::Dark => tool(Icon::Power, Key::DoStart, "start", start),
                    Power::Frozen => tool(Icon::Snow, Key::DoThaw, "thaw", freeze(false)),
                    Power::Up => html! {
                        <>
                            { tool(Icon::Power, Key::DoStop, "stop", stop(Stop::Graceful)) }
                            { tool(Icon::Bolt, Key::DoKill, "kill", stop(Stop::Crash)) }
                            { tool(Icon::Snow, Key::DoFreeze, "freeze", freeze(true)) }
                        </>
                    },
                } }
                { tool(Icon::Plus, Key::DoAdd, "add", Intervention::AddReplica { of: id }) }
                { tool(
                    Icon::Pen,
                    if writes { Key::DoQuiet } else { Key::DoTraffic },
                    "traffic",
                    traffic,
                ) }
                <button type="button" class="tool" data-testid="open-console" onclick={console}>
                    <span class="prompt" aria-hidden="true">{ ">_" }</span>{ self.t(Key::Console) }
                </button>
            </>
        }
    }

    fn link_tools(&self, ctx: &Context<Self>, a: NodeId, b: NodeId) -> Html {
        let tool = |mark, key, id, msg| self.tool(ctx, mark, key, id, msg);
        let found = self.scene.links.iter().find(|link| (link.a, link.b) == (a, b));
        let Some(link) = found else { return Html::default() };
        let cut = |cut| Intervention::CutLink { a, b, cut };
        // A slow link is ten times slower than the ones the worlds begin with.
        let (slow, usual) = ((400_000, 20_000), (40_000, 200_000));
        let is_slow = link.latency_us >= slow.0;
        let (latency_us, bandwidth) = if is_slow { usual } else { slow };
        let speed = Intervention::SetLink { a, b, latency_us, bandwidth };
        html! {
            <>
                if link.cut.is_some() {
                    { tool(Icon::Link, Key::DoRestoreLink, "restore", Intervention::RestoreLink { a, b }) }
                } else {
                    { tool(Icon::Cut, Key::DoCutLink, "cut", cut(Cut::Reset)) }
                    { tool(Icon::Cut, Key::DoCutSilent, "cut-silent", cut(Cut::Silent)) }
                }
                { tool(
                    Icon::Slow,
                    if is_slow { Key::DoUsual } else { Key::DoSlow },
                    "slow",
                    speed,
                ) }
            </>
        }
    }
}

/// A message's label, with replication IDs as short as everywhere on the page.
pub(super) fn short_label(lang: Lang, message: &Message, max: usize) -> String {
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

/// A backlog's size: whole kilobytes are said as such.
fn size(bytes: u64) -> String {
    const KB: u64 = 1024;
    if bytes >= KB && bytes.is_multiple_of(KB) {
        format!("{}\u{202f}KB", grouped(bytes / KB))
    } else {
        grouped(bytes)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::scenarios;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_master_stands_above_its_replicas() {
        let nodes = scenarios::handshake().world().nodes();
        let places = places(&nodes);
        assert!(places[0].y < places[1].y);
        assert_eq!(places[1].y, places[2].y);
        assert!(places[1].x < 50.0 && places[2].x > 50.0);
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(16 * 1024), "16\u{202f}KB");
        assert_eq!(size(1_000), "1\u{202f}000");
    }
}
