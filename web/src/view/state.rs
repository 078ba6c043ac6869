//! The state of what is selected: the state machines of both roles with the current state lit,
//! what the node itself says with `INFO replication`, and its keys. What this step changed is
//! marked.

use lockstep_core::id::ReplId;
use lockstep_core::replication::state::ReplState;
use lockstep_sim::NodeId;
use lockstep_sim::view::{KeyView, Known, LinkView, LiveView, NodeView, Power, ReplicaView, Role};
use yew::prelude::*;

use super::condition;
use super::el::el;
use crate::app::{App, Selected};
use crate::i18n::{Key, grouped};
use crate::inside::{Inside, KEYS_MAX};

impl App {
    pub(super) fn state(&self, _ctx: &Context<Self>) -> Html {
        match self.selected {
            Selected::Node(id) => match self.scene.node(id) {
                Some(node) => self.node_state(node),
                None => Html::default(),
            },
            Selected::Link(a, b) => {
                let found = self.scene.links.iter().find(|link| (link.a, link.b) == (a, b));
                found.map(|link| self.link_state(link)).unwrap_or_default()
            }
        }
    }

    fn node_state(&self, node: &NodeView) -> Html {
        let (word, tone) = condition(self.lang, node);
        let index = node.id.0 as usize;
        let inside = self.inside.now.get(index).cloned().unwrap_or_default();
        let before = self.inside.before.get(index);
        html! {
            <>
                <h2>
                    { self.name(node.id) }
                    <span class={classes!("badge", tone)}>{ word }</span>
                </h2>
                { match &node.live {
                    Some(live) => html! {
                        <>
                            { self.machines(node, live) }
                            { self.replicas(live) }
                            if self.is_recorded() {
                                { self.heard(live) }
                            } else {
                                { info(&inside, before) }
                                { self.keyspace(node, live, &inside, before) }
                            }
                        </>
                    },
                    None => html! { <p>{ self.t(Key::DownText) }</p> },
                } }
                if node.power == Power::Frozen { <p>{ self.t(Key::FrozenText) }</p> }
                { self.files(node) }
            </>
        }
    }

    /// What is known of the state of a node in a recording: what `INFO replication` would say.
    fn heard(&self, live: &LiveView) -> Html {
        let row = |(name, value): (&'static str, Option<String>)| {
            let value = value.unwrap_or_else(|| self.t(Key::RecUnknown).to_owned());
            let value = el("td", "").child(el("code", "").text(&value).done()).done();
            let name = el("th", "").attr("scope", "row".to_owned()).text(name).done();
            el("tr", "").child(name).child(value).done()
        };
        let keys = ("keys", live.known.keys.then(|| live.keys.to_string()));
        let rows = replication(live).into_iter().chain([keys]).map(row).collect();
        let body = el("tbody", "").children(rows).done();
        el("table", "facts").id("heard").child(body).done()
    }

    /// The state machines of the roles that a node plays.
    fn machines(&self, node: &NodeView, live: &LiveView) -> Html {
        let serves = live.master.is_none() || !live.replicas.is_empty();
        let way = live.master.as_ref().map(|master| {
            let port = match master.node.filter(|_| self.is_recorded()) {
                Some(node) => self.name(node),
                None => master.port.to_string(),
            };
            html! {
                <>
                    <h3>{ self.lang.fill(Key::LadderTitle, &[&port]) }</h3>
                    { self.way(node.id, master.state) }
                </>
            }
        });
        html! {
            <>
                { for way }
                if serves {
                    <h3>{ self.t(Key::ReplicasTitle) }</h3>
                    { self.turns(node.id, live) }
                }
            </>
        }
    }

    /// The keys, with what this step changed.
    fn keyspace(
        &self,
        node: &NodeView,
        live: &LiveView,
        inside: &Inside,
        before: Option<&Inside>,
    ) -> Html {
        let old = |key: &KeyView| {
            let same = |old: &&KeyView| (old.db, &old.key) == (key.db, &key.key);
            before.map(|before| before.keys.iter().find(same))
        };
        let rows = inside.keys.iter().map(|key| {
            let changed = old(key).is_some_and(|old| old != Some(key));
            self.key_row(node, key, changed)
        });
        let gone = before.into_iter().flat_map(|before| &before.keys).filter(|old| {
            let same = |key: &&KeyView| (old.db, &old.key) == (key.db, &key.key);
            live.keys < KEYS_MAX as u64 && !inside.keys.iter().any(|key| same(&key))
        });
        let gone = gone.map(|key| {
            html! { <tr class="changed"><th scope="row"><s>{ place(key) }</s></th><td>{ self.t(Key::KeyGone) }</td></tr> }
        });
        let rest = live.keys.saturating_sub(inside.keys.len() as u64);
        html! {
            <>
                <h3>{ self.lang.fill(Key::KeyspaceTitle, &[&self.lang.keys(live.keys)]) }</h3>
                <table class="facts keys" data-testid="keys"><tbody>{ for rows }{ for gone }</tbody></table>
                if rest > 0 { <p class="soft small">{ self.lang.fill(Key::KeysMore, &[&grouped(rest)]) }</p> }
            </>
        }
    }

    fn key_row(&self, node: &NodeView, key: &KeyView, changed: bool) -> Html {
        let left = key.expires_at_ms.map(|at| {
            if key.expired {
                return self.t(Key::KeyExpired).to_owned();
            }
            let left = at.saturating_sub(node.unix_ms);
            self.lang.fill(Key::KeyExpires, &[&format!("{}.{}", left / 1_000, left % 1_000 / 100)])
        });
        let count = key.elements.map(|count| format!(" ({})", grouped(count)));
        html! {
            <tr class={classes!(changed.then_some("changed"))}>
                <th scope="row">
                    <code>{ place(key) }</code>
                    <span class="soft small" title={key.encoding}>{ key.kind }{ for count }</span>
                </th>
                <td>
                    { &key.value }
                    { for left.map(|left| html! { <span class="soft small">{ left }</span> }) }
                </td>
            </tr>
        }
    }

    fn replicas(&self, live: &LiveView) -> Html {
        if live.replicas.is_empty() {
            return Html::default();
        }
        let row = |replica: &ReplicaView| {
            let name = replica.node.map_or_else(|| "?".to_owned(), |id| self.name(id));
            html! {
                <tr>
                    <th scope="row">{ name }</th>
                    <td><code>{ replica.state.info_name() }</code></td>
                    <td class="num">{ grouped(replica.ack_offset) }</td>
                    <td class="num">{ grouped(replica.lag_bytes) }</td>
                    <td class="num">{ format!("{}\u{202f}s", replica.lag_seconds) }</td>
                </tr>
            }
        };
        html! {
                <table class="replicas">
                    <thead><tr>
                        <th scope="col">{ self.t(Key::RoleReplica) }</th>
                        <th scope="col">{ "state" }</th>
                        <th scope="col" class="num">{ "offset" }</th>
                        <th scope="col" class="num">{ self.t(Key::LagBytes) }</th>
                        <th scope="col" class="num">{ "lag" }</th>
                    </tr></thead>
                    <tbody>{ for live.replicas.iter().map(row) }</tbody>
                </table>
        }
    }

    fn files(&self, node: &NodeView) -> Html {
        if node.files.is_empty() {
            return Html::default();
        }
        let rows = node.files.iter().map(|(name, len)| {
            html! { <tr><th scope="row"><code>{ name }</code></th><td>{ self.lang.bytes(*len) }</td></tr> }
        });
        html! {
            <>
                <h3>{ self.t(Key::FilesTitle) }</h3>
                <table class="facts"><tbody>{ for rows }</tbody></table>
            </>
        }
    }

    fn link_state(&self, link: &LinkView) -> Html {
        let cut = self.link_cut(link).unwrap_or_else(|| self.t(Key::LinkWorks).to_owned());
        let [latency, bandwidth] = self.link_speed(link);
        let pair = |(a, b): &(NodeId, NodeId)| format!("{} → {}", self.name(*a), self.name(*b));
        let uses: Vec<String> = link.replication.iter().map(pair).collect();
        let row = |name: Key, value: String| {
            html! { <tr><th scope="row">{ self.t(name) }</th><td>{ value }</td></tr> }
        };
        html! {
            <>
                <h2>{ format!("{} – {}", self.name(link.a), self.name(link.b)) }</h2>
                <table class="facts"><tbody>
                    { row(Key::LinkState, cut) }
                    { row(Key::Latency, latency) }
                    { row(Key::Bandwidth, bandwidth) }
                    { row(Key::LinkUses, if uses.is_empty() { "–".to_owned() } else { uses.join(", ") }) }
                </tbody></table>
                <p class="soft">{ self.t(Key::LinkText) }</p>
            </>
        }
    }
}

/// A key's name, with its database if that is not the first.
fn place(key: &KeyView) -> String {
    if key.db == 0 { key.key.clone() } else { format!("[{}] {}", key.db, key.key) }
}

/// The fields of `INFO replication` that follow from what is known of a node, in their order.
/// `None`: nothing is known of it.
fn replication(live: &LiveView) -> Vec<(&'static str, Option<String>)> {
    let known = live.known;
    let role = if live.role == Role::Master { "master" } else { "slave" };
    let mut rows = vec![("role", known.role.then(|| role.to_owned()))];
    let mut put = |name, value: String| rows.push((name, Some(value)));
    if known == Known::ALL {
        if let Some(master) = &live.master {
            let up = master.state == ReplState::Connected;
            let number = |known: Option<u64>| known.map_or("-1".to_owned(), |n| n.to_string());
            let applied = if up || master.cached_master.is_some() { live.offset } else { 1 };
            put("master_host", master.host.clone());
            put("master_port", master.port.to_string());
            put("master_link_status", if up { "up" } else { "down" }.to_owned());
            put("master_last_io_seconds_ago", number(up.then_some(master.last_io_seconds)));
            let syncing = master.state == ReplState::Transfer;
            put("master_sync_in_progress", u8::from(syncing).to_string());
            put("slave_repl_offset", applied.to_string());
            if !up {
                put("master_link_down_since_seconds", number(master.down_seconds));
            }
        }
        put("connected_slaves", live.replicas.len().to_string());
    }
    let (replid, offset) = live.stream();
    rows.push(("master_replid", known.replid.then(|| replid.to_string())));
    if known == Known::ALL || live.replid2.is_some() {
        let replid2 = live.replid2.unwrap_or(ReplId::NONE);
        rows.push(("master_replid2", Some(replid2.to_string())));
    }
    rows.push(("master_repl_offset", known.offset.then(|| offset.to_string())));
    if known == Known::ALL {
        rows.push(("second_repl_offset", Some(live.second_replid_offset.to_string())));
    }
    let active = known.backlog.then(|| u8::from(live.backlog.is_some()).to_string());
    rows.push(("repl_backlog_active", active));
    if let Some(backlog) = live.backlog.filter(|_| known.backlog) {
        let mut put = |name, value: u64| rows.push((name, Some(value.to_string())));
        put("repl_backlog_size", backlog.size);
        put("repl_backlog_first_byte_offset", backlog.first_byte_offset);
        put("repl_backlog_histlen", backlog.histlen);
    }
    rows
}

/// `INFO replication` as the node answers it, with what this step changed.
fn info(inside: &Inside, before: Option<&Inside>) -> Html {
    let rows = inside.info.iter().map(|(name, value)| {
        let old = before.map(|before| before.info.iter().find(|(old, _)| old == name));
        let changed = old.is_some_and(|old| old.is_none_or(|(_, old)| old != value));
        let is_id = value.len() == 40;
        let old = old.flatten().map(|(_, old)| old).filter(|old| changed && old.len() < 24);
        html! {
            <tr class={classes!(changed.then_some("changed"))}>
                <th scope="row"><code>{ name }</code></th>
                <td class={classes!(is_id.then_some("id"))}>
                    { for old.map(|old| html! { <s>{ old }</s> }) }
                    { for value.split_inclusive(',').map(|part| html! { <>{ part }<wbr /></> }) }
                </td>
            </tr>
        }
    });
    html! {
        <>
            <h3>{ "INFO replication" }</h3>
            <table class="facts info" data-testid="facts"><tbody>{ for rows }</tbody></table>
        </>
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::{Grain, Intervention, NodeId, scenarios};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_follows_from_a_nodes_state_is_what_it_says_itself() {
        let mut timeline = scenarios::first_light();
        timeline.seek(0);
        let (mut fields, mut down) = (0, 0);
        for round in 0..400 {
            if round == 200 {
                let line = "REPLICAOF NO ONE".to_owned();
                timeline.act(Intervention::Console { node: NodeId(1), line });
            }
            timeline.forward(Grain::Event);
            let world = timeline.world();
            for node in world.nodes() {
                let Some(live) = &node.live else { continue };
                let info = world.replication_info(node.id);
                let mut said = info.iter();
                for (name, value) in replication(live) {
                    let found = said.find(|(field, _)| field == name);
                    let found = found.map(|(_, value)| value.clone());
                    assert_eq!(found, value, "{name} of {} at {}", node.id, timeline.cursor());
                    fields += 1;
                    down += u64::from(name == "master_link_down_since_seconds");
                }
            }
        }
        assert!(fields > 10_000 && down > 50, "{fields}, {down}");
    }
}
