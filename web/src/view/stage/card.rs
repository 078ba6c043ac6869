//! A node as a card.

use lockstep_core::config::Era;
use lockstep_sim::NodeId;
use lockstep_sim::view::{Known, LiveView, NodeView, ReplicaView, Role};
use yew::prelude::*;

use super::layout::Place;
use crate::app::{App, Msg, Selected};
use crate::i18n::{Key, grouped};
use crate::sentence;
use crate::view::el::el;
use crate::view::icons;
use crate::view::{condition, percent};

impl App {
    pub(super) fn card(&self, ctx: &Context<Self>, node: &NodeView, place: Place) -> Html {
        let id = node.id;
        let selected = self.selected == Selected::Node(id);
        let (word, tone) = condition(self.lang, node);
        let before = self.before.get(id.0 as usize);
        let old = before.and_then(|node| node.live.as_ref());
        let live = node.live.as_ref();
        let role = live.filter(|live| live.known.role).map(|live| match live.role {
            Role::Master => "master",
            Role::Replica => "replica",
        });
        let changed_word = before.is_some_and(|before| condition(self.lang, before).0 != word);
        let grabbed = self.drag.is_some_and(|drag| drag.node == id);
        let dead = node.live.is_none();
        html! {
            <article
                key={format!("n{}", id.0)}
                class={classes!("card", selected.then_some("on"), dead.then_some("dead"), grabbed.then_some("grabbed"), tone)}
                style={place.style()}
                data-testid={format!("node-{}", id.0 + 1)}
                data-node={(id.0 + 1).to_string()}
                data-port={node.port.to_string()}
                data-role={role}
                data-state={tone}
                data-offset={live.filter(|l| l.known.offset).map(|live| live.offset.to_string())}
                data-replid={live.filter(|l| l.known.replid).map(|live| live.replid.to_string())}
            >
                <button
                    type="button"
                    class="pick"
                    aria-pressed={selected.to_string()}
                    onpointerdown={ctx.link().callback(move |event| Msg::Grab(id, event))}
                    onclick={ctx.link().callback(move |_| Msg::Select(Selected::Node(id)))}
                >
                    <span class="name">
                        <span class="number">{ id.0 + 1 }</span>{ self.name(id) }
                        { self.era_mark(node) }
                    </span>
                    <span class={classes!("badge", tone, changed_word.then_some("changed"))}>
                        { word }
                    </span>
                </button>
                { live.map(|live| match live.known == Known::ALL {
                    true => self.card_body(live, old),
                    false => self.card_overheard(live, old),
                }) }
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

    /// What is known of a node that was overheard.
    fn card_overheard(&self, live: &LiveView, old: Option<&LiveView>) -> Html {
        let known = live.known;
        let soft = |key| el("span", "soft").text(self.t(key)).done();
        let class = |base: &str, changed: bool| {
            if changed { format!("{base} changed") } else { base.to_owned() }
        };
        let moved = old.is_some_and(|old| known.offset && old.offset != live.offset);
        let renamed = old.is_some_and(|old| known.replid && old.replid != live.replid);
        let id = match known.replid {
            true => el("span", &class("replid", renamed))
                .child(icons::history(&live.replid))
                .text(&sentence::short(&live.replid))
                .done(),
            false => el("span", "replid").text("–").done(),
        };
        let offset = if known.offset { grouped(live.offset) } else { "–".to_owned() };
        let remark = match &live.master {
            Some(link) if link.transfer.is_some() => self.remark(live),
            _ => self.t(Key::RecSeenUpTo).to_owned(),
        };
        let row = |children| el("div", "line").children(children).done();
        let strip = el("span", "").text(self.t(Key::RecBacklogUnknown)).done();
        html! {
            <>
                { row(vec![id, soft(Key::RecKeysUnknown)]) }
                { row(vec![
                    el("span", &class("offset", moved)).text(&offset).done(),
                    el("span", "soft").text(&remark).done(),
                ]) }
                { el("div", "strip none").child(strip).done() }
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
        let above = master.node.and_then(|id| Some(self.scene.node(id)?.live.as_ref()?.stream()));
        match above {
            Some((id, end)) if id == live.replid && end > live.offset => {
                self.lang.fill(Key::Behind, &[&grouped(end - live.offset)])
            }
            Some((id, _)) if id == live.replid => self.t(Key::InStep).to_owned(),
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
        let end = live.stream().1 + 1;
        let lost: Vec<u64> = self.cut_off(live).map(|(_, offset)| offset + 1).collect();
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
                    if backlog.histlen > 0 {
                        <i class="held" style={left(backlog.first_byte_offset)} />
                    }
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

    /// The nodes, and their offsets, that follow this one and are not among its replicas now: their
    /// next byte is what the backlog is kept for.
    pub(in crate::view) fn cut_off<'a>(
        &'a self,
        live: &'a LiveView,
    ) -> impl Iterator<Item = (NodeId, u64)> + 'a {
        self.scene.nodes.iter().filter_map(move |node| {
            let other = node.live.as_ref()?;
            let above = other.master.as_ref()?.node.and_then(|id| self.scene.node(id));
            let follows = above?.live.as_ref() == Some(live);
            let known = live.replicas.iter().any(|replica| replica.node == Some(node.id));
            (follows && !known && other.replid == live.stream().0)
                .then_some((node.id, other.offset))
        })
    }
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
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(16 * 1024), "16\u{202f}KB");
        assert_eq!(size(1_000), "1\u{202f}000");
    }
}
