//! One sentence per step, in the page's languages.
//!
//! `lockstep-sim` says what happened as a key with arguments, and has the English text. The Chinese
//! text is here; the match over the keys is exhaustive, so a missing one does not compile.

mod zh;

use lockstep_core::id::ReplId;
use lockstep_core::replication::state::ReplState;
use lockstep_sim::narrate::{Param, Sentence, narrate};
use lockstep_sim::recording::Rule;
use lockstep_sim::{NodeId, Peer, Recording, Step, World};

use crate::i18n::{Key, Lang, grouped};

/// How nodes are called: by their ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Names {
    nodes: Vec<String>,
    /// The nodes that clients talk to, and the names of clients that are not the page's own.
    clients: Vec<(NodeId, Option<String>)>,
}

impl Names {
    /// The names in a world.
    pub(crate) fn of(world: &World) -> Self {
        let nodes = world.nodes().iter().map(|node| node.port.to_string()).collect();
        let mut clients = Vec::new();
        while let Some(node) = world.client_node(lockstep_sim::ClientId(clients.len() as u32)) {
            clients.push((node, None));
        }
        Self { nodes, clients }
    }

    /// The names in a recording.
    pub(crate) fn recorded(recording: &Recording) -> Self {
        let nodes = recording.nodes().iter().map(|node| recording.node_name(node.id)).collect();
        let clients = recording.clients().map(|(name, node)| (node, Some(name.to_owned())));
        Self { nodes, clients: clients.collect() }
    }

    /// A node's name. One that is not there yet (the cursor is before its start) has its number.
    pub(crate) fn node(&self, id: NodeId) -> String {
        self.nodes.get(id.0 as usize).cloned().unwrap_or_else(|| format!("#{}", id.0 + 1))
    }

    /// The name of either end of a connection.
    pub(crate) fn peer(&self, peer: Peer) -> String {
        match peer {
            Peer::Node(id) => self.node(id),
            Peer::Client(id) => {
                let client = self.clients.get(id.0 as usize).and_then(|(_, name)| name.clone());
                client.unwrap_or_else(|| "redis-cli".to_owned())
            }
        }
    }

    /// The node a client talks to.
    pub(crate) fn client_node(&self, peer: Peer) -> Option<NodeId> {
        match peer {
            Peer::Node(_) => None,
            Peer::Client(id) => self.clients.get(id.0 as usize).map(|(node, _)| *node),
        }
    }
}

/// A part of a sentence, for those who show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Plain words.
    Text(String),
    /// A node's name or a number.
    Strong(String),
    /// A command, a reply, a file name.
    Code(String),
}

impl Part {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Strong(text) | Self::Code(text) => text,
        }
    }
}

/// The sentence of a step, in parts.
pub(crate) fn parts(lang: Lang, names: &Names, step: &Step) -> Vec<Part> {
    render(lang, names, &narrate(step))
}

/// The sentence of a step.
pub(crate) fn sentence(lang: Lang, names: &Names, step: &Step) -> String {
    parts(lang, names, step).iter().map(Part::text).collect()
}

fn template(lang: Lang, key: lockstep_sim::narrate::Key) -> &'static str {
    match lang {
        Lang::En => key.english(),
        Lang::Zh => zh::text(key),
    }
}

/// Puts a sentence into words.
fn render(lang: Lang, names: &Names, sentence: &Sentence) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template(lang, sentence.key);
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (number, after) = after.split_once('}').unwrap_or((after, ""));
        let arg = number.parse::<usize>().ok().and_then(|n| sentence.args.get(n));
        parts.extend(arg.map(|arg| param(lang, names, arg)));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts
}

fn param(lang: Lang, names: &Names, param: &Param) -> Part {
    match param {
        Param::Node(id) => Part::Strong(names.node(*id)),
        Param::Client(id) => Part::Code(names.peer(Peer::Client(*id))),
        Param::Number(number) => Part::Strong(grouped(*number)),
        Param::History(id) => Part::Code(short(id)),
        Param::ReplState(state) => Part::Strong(lang.t(state_name(*state)).to_owned()),
        Param::ReplicaState(state) => Part::Code(state.info_name().to_owned()),
        Param::Code(text) => Part::Code(text.clone()),
        Param::Reason(text) => Part::Text(reason(lang, text).to_owned()),
    }
}

/// The text of a rule of the protocol that was broken.
pub(crate) fn rule(lang: Lang, rule: Rule) -> &'static str {
    match lang {
        Lang::En => rule.english(),
        Lang::Zh => zh::rule(rule),
    }
}

/// A reason of the core's.
pub(crate) fn reason(lang: Lang, text: &str) -> &str {
    match lang {
        Lang::En => text,
        Lang::Zh => zh::reason(text),
    }
}

/// The first six hex digits of a replication ID: enough to tell histories apart on a screen.
pub(crate) fn short(id: &ReplId) -> String {
    String::from_utf8_lossy(&id.as_bytes()[..6]).into_owned()
}

/// The name of a step of the replica's handshake.
pub(crate) fn state_name(state: ReplState) -> Key {
    match state {
        ReplState::None => Key::ReplNone,
        ReplState::Connect => Key::ReplConnect,
        ReplState::Connecting => Key::ReplConnecting,
        ReplState::ReceivePingReply => Key::ReplPing,
        ReplState::SendHandshake => Key::ReplHandshake,
        ReplState::ReceiveAuthReply => Key::ReplAuth,
        ReplState::ReceivePortReply => Key::ReplPort,
        ReplState::ReceiveIpReply => Key::ReplIp,
        ReplState::ReceiveCapaReply => Key::ReplCapa,
        ReplState::SendPsync => Key::ReplSendPsync,
        ReplState::ReceivePsyncReply => Key::ReplPsync,
        ReplState::Transfer => Key::ReplTransfer,
        ReplState::Connected => Key::ReplConnected,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::narrate::Key;
    use lockstep_sim::{Grain, scenarios};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn placeholders(text: &str) -> Vec<usize> {
        (0..10).filter(|n| text.contains(&format!("{{{n}}}"))).collect()
    }

    #[test]
    fn chinese_sentences_tell_what_the_english_ones_tell() {
        for &key in Key::ALL {
            let (en, zh) = (placeholders(key.english()), placeholders(zh::text(key)));
            assert_eq!(en, zh, "{}", key.name());
            assert!(!zh::text(key).is_ascii(), "{}", key.name());
        }
    }

    #[test]
    fn every_step_of_the_first_screen_has_a_sentence() {
        let mut timeline = scenarios::first_light();
        for _ in 0..40 {
            timeline.forward(Grain::Event);
        }
        let names = Names::of(timeline.world());
        for step in timeline.steps() {
            for lang in Lang::ALL {
                let text = sentence(lang, &names, step);
                assert!(!text.contains(['{', '}']) || text.contains("redis-cli"), "{text}");
                assert!(
                    text.ends_with(['.', '。', ')', '）']) || text.contains(['：', ':']),
                    "{text}"
                );
            }
        }
    }
}
