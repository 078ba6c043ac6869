//! The state of what is selected: the replica's handshake with the current step lit, and the facts
//! under the names that INFO gives them.

use lockstep_core::id::ReplId;
use lockstep_core::replication::state::ReplState;
use lockstep_sim::view::{LinkView, LiveView, MasterLinkView, NodeView, Power, ReplicaView, Role};
use lockstep_sim::{Cut, NodeId};
use yew::prelude::*;

use super::condition;
use crate::app::{App, Selected};
use crate::i18n::{Key, grouped, grouped_signed};
use crate::sentence;

/// A fact: its name, its value, and the value before this step.
struct Fact {
    name: &'static str,
    value: String,
    old: Option<String>,
}

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
        let old = self.before.get(node.id.0 as usize).and_then(|node| node.live.as_ref());
        html! {
            <>
                <h2>
                    { node.port }
                    <span class={classes!("badge", tone)}>{ word }</span>
                </h2>
                { match &node.live {
                    Some(live) => html! {
                        <>
                            { for live.master.iter().map(|master| self.ladder(master)) }
                            { table(facts(live), old.map(facts)) }
                            { self.replicas(live) }
                        </>
                    },
                    None => html! { <p>{ self.t(Key::DownText) }</p> },
                } }
                if node.power == Power::Frozen { <p>{ self.t(Key::FrozenText) }</p> }
                { self.files(node) }
            </>
        }
    }

    /// The steps of the handshake, as the replica sees them.
    fn ladder(&self, master: &MasterLinkView) -> Html {
        const RUNGS: [ReplState; 9] = [
            ReplState::Connect,
            ReplState::Connecting,
            ReplState::ReceivePingReply,
            ReplState::ReceiveAuthReply,
            ReplState::ReceivePortReply,
            ReplState::ReceiveCapaReply,
            ReplState::ReceivePsyncReply,
            ReplState::Transfer,
            ReplState::Connected,
        ];
        // States that pass within one step belong to the rung they lead to.
        let shown = match master.state {
            ReplState::SendHandshake => ReplState::ReceivePortReply,
            ReplState::ReceiveIpReply => ReplState::ReceiveCapaReply,
            ReplState::SendPsync => ReplState::ReceivePsyncReply,
            other => other,
        };
        let current = RUNGS.iter().position(|&rung| rung == shown);
        let rungs = RUNGS.iter().enumerate().map(|(index, &rung)| {
            let here = Some(index) == current;
            let class = if here { "rung now" } else { "rung" };
            html! {
                <li {class} aria-current={here.then_some("step")}>
                    { self.t(sentence::state_name(rung)) }
                </li>
            }
        });
        let port = master.port.to_string();
        html! {
            <>
                <h3>{ self.lang.fill(Key::LadderTitle, &[&port]) }</h3>
                <ol class="ladder" data-testid="ladder">{ for rungs }</ol>
            </>
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
            <>
                <h3>{ self.t(Key::ReplicasTitle) }</h3>
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
            </>
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
        let cut = match link.cut {
            None => Key::LinkWorks,
            Some(Cut::Reset) => Key::LinkCut,
            Some(Cut::Silent) => Key::LinkSilent,
            Some(Cut::Stall) => Key::LinkStalled,
        };
        let bandwidth = match link.bandwidth {
            0 => self.t(Key::Unlimited).to_owned(),
            bytes => format!("{}/s", self.lang.bytes(bytes)),
        };
        let pair = |(a, b): &(NodeId, NodeId)| format!("{} → {}", self.name(*a), self.name(*b));
        let uses: Vec<String> = link.replication.iter().map(pair).collect();
        let row = |name: Key, value: String| {
            html! { <tr><th scope="row">{ self.t(name) }</th><td>{ value }</td></tr> }
        };
        html! {
            <>
                <h2>{ format!("{} – {}", self.name(link.a), self.name(link.b)) }</h2>
                <table class="facts"><tbody>
                    { row(Key::LinkState, self.t(cut).to_owned()) }
                    { row(Key::Latency, format!("{}\u{202f}ms", link.latency_us / 1_000)) }
                    { row(Key::Bandwidth, bandwidth) }
                    { row(Key::LinkUses, if uses.is_empty() { "–".to_owned() } else { uses.join(", ") }) }
                </tbody></table>
                <p class="soft">{ self.t(Key::LinkText) }</p>
            </>
        }
    }
}

/// The facts of a node, under the names of INFO.
fn facts(live: &LiveView) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, value: String| facts.push(Fact { name, value, old: None });
    let role = match live.role {
        Role::Master => "master",
        // Redis's own word.
        Role::Replica => "slave",
    };
    add("role", role.to_owned());
    if let Some(master) = &live.master {
        add("master_port", master.port.to_string());
        let up = master.state == ReplState::Connected;
        add("master_link_status", if up { "up" } else { "down" }.to_owned());
        add("master_sync_in_progress", u8::from(master.state == ReplState::Transfer).to_string());
    }
    add("connected_slaves", live.replicas.len().to_string());
    add("master_replid", live.replid.to_string());
    add("master_replid2", live.replid2.unwrap_or(ReplId::NONE).to_string());
    add("master_repl_offset", grouped(live.offset));
    add("second_repl_offset", grouped_signed(live.second_replid_offset));
    if let Some(backlog) = live.backlog {
        add("repl_backlog_size", grouped(backlog.size));
        add("repl_backlog_first_byte_offset", grouped(backlog.first_byte_offset));
        add("repl_backlog_histlen", grouped(backlog.histlen));
    } else {
        add("repl_backlog_active", "0".to_owned());
    }
    add("keys", grouped(live.keys));
    facts
}

fn table(mut facts: Vec<Fact>, before: Option<Vec<Fact>>) -> Html {
    for fact in &mut facts {
        let same = |old: &&Fact| old.name == fact.name;
        fact.old = before.as_ref().and_then(|b| b.iter().find(same)).map(|old| old.value.clone());
    }
    let rows = facts.into_iter().map(|fact| {
        let old = fact.old.filter(|old| *old != fact.value);
        let changed = old.is_some().then_some("changed");
        let is_id = fact.value.len() == 40;
        html! {
            <tr class={classes!(changed)}>
                <th scope="row"><code>{ fact.name }</code></th>
                <td class={classes!(is_id.then_some("id"))}>
                    { for old.filter(|_| !is_id).map(|old| html! { <s>{ old }</s> }) }
                    { fact.value }
                </td>
            </tr>
        }
    });
    html! { <table class="facts" data-testid="facts"><tbody>{ for rows }</tbody></table> }
}
