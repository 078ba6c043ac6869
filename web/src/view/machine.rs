//! The state machines of replication, drawn: the replica's way to its master, and what a master
//! thinks of its replicas. The current state is lit, and the transitions of this step.

use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::trace::Event;
use lockstep_sim::NodeId;
use lockstep_sim::view::LiveView;
use yew::prelude::*;

use super::el::{El, el};
use crate::app::App;
use crate::i18n::Key;
use crate::sentence;

/// Width of a box, and from one column to the next.
const BOX: i32 = 108;
const COLUMN: i32 = 124;
/// Left of the first column.
const MARGIN: i32 = 8;

/// What a box says: a word of the protocol, or a text.
#[derive(Clone, Copy)]
enum Label {
    Word(&'static str),
    Text(Key),
}

/// A state: its column, top, height, label, and whether it is often skipped.
struct Place(i32, i32, i32, Label, bool);

/// A transition: its path, and a label with its place.
struct Arrow(&'static str, Option<(i32, i32, Label)>);

/// The replica's states, in the order in which they are passed.
const WAY: [Place; 10] = [
    Place(0, 2, 28, Label::Text(Key::ReplConnect), false),
    Place(1, 2, 28, Label::Text(Key::ReplConnecting), false),
    Place(2, 2, 28, Label::Word("PING"), false),
    Place(2, 50, 28, Label::Word("AUTH"), true),
    Place(1, 50, 28, Label::Word("listening-port"), false),
    Place(0, 50, 28, Label::Word("ip-address"), true),
    Place(0, 98, 28, Label::Word("capa"), false),
    Place(1, 98, 28, Label::Word("PSYNC"), false),
    Place(1, 152, 28, Label::Text(Key::ReplTransfer), false),
    Place(2, 98, 82, Label::Text(Key::ReplConnected), false),
];
/// From each state to the next one; the last three branch at `PSYNC`, and lead back.
const WAYS: [Arrow; 11] = [
    Arrow("M116,16H130", None),
    Arrow("M240,16H254", None),
    Arrow("M310,30V48", None),
    Arrow("M256,64H242", None),
    Arrow("M132,64H118", None),
    Arrow("M62,78V96", None),
    Arrow("M116,112H130", None),
    Arrow("M186,126V150", Some((142, 143, Label::Word("+FULLRESYNC")))),
    Arrow("M240,166H254", None),
    Arrow("M240,112H254", Some((246, 93, Label::Word("+CONTINUE")))),
    Arrow("M310,180V196H3V16H6", Some((70, 191, Label::Text(Key::MachineLost)))),
];
const TO_TRANSFER: usize = 7;
const TO_STREAM: usize = 8;
const CONTINUED: usize = 9;
const LOST: usize = 10;

/// The master's states of a replica.
const PLACES: [Place; 5] = [
    Place(0, 2, 28, Label::Word("PSYNC"), false),
    Place(0, 60, 42, Label::Text(Key::MachineWaitsStart), false),
    Place(1, 60, 42, Label::Text(Key::MachineWaitsEnd), false),
    Place(2, 60, 42, Label::Word("send_bulk"), false),
    Place(2, 2, 42, Label::Word("online"), false),
];
const TURNS: [Arrow; 6] = [
    Arrow("M116,16H254", Some((186, 11, Label::Word("+CONTINUE")))),
    Arrow("M62,30V58", Some((112, 49, Label::Word("+FULLRESYNC")))),
    Arrow("M116,80H130", None),
    Arrow("M240,80H254", None),
    Arrow("M310,60V46", None),
    Arrow("M62,102V116H310V104", Some((186, 128, Label::Text(Key::MachineDiskless)))),
];

fn svg(tag: &'static str, class: &str, numbers: &[(&'static str, i32)]) -> El {
    let start = el(tag, class);
    numbers.iter().fold(start, |el, (name, value)| el.attr(name, value.to_string()))
}

/// The position of a state on the replica's way. States that pass within a step belong to the one
/// they come after.
fn position(state: ReplState) -> Option<usize> {
    Some(match state {
        ReplState::None => return None,
        ReplState::Connect => 0,
        ReplState::Connecting => 1,
        ReplState::ReceivePingReply | ReplState::SendHandshake => 2,
        ReplState::ReceiveAuthReply => 3,
        ReplState::ReceivePortReply => 4,
        ReplState::ReceiveIpReply => 5,
        ReplState::ReceiveCapaReply | ReplState::SendPsync => 6,
        ReplState::ReceivePsyncReply => 7,
        ReplState::Transfer => 8,
        ReplState::Connected => 9,
    })
}

/// The arrows between two states of a replica.
fn ways(from: ReplState, to: ReplState) -> Vec<usize> {
    let (Some(from), Some(to)) = (position(from), position(to)) else { return Vec::new() };
    match (from, to) {
        (_, 0) if from > 0 => vec![LOST],
        (8, 9) => vec![TO_STREAM],
        (_, 9) => vec![CONTINUED],
        (_, 8) => vec![TO_TRANSFER],
        _ => (from..to).collect(),
    }
}

/// The place of a replica in its master's eyes.
fn place(state: ReplicaState) -> usize {
    match state {
        ReplicaState::WaitBgsaveStart => 1,
        ReplicaState::WaitBgsaveEnd => 2,
        ReplicaState::SendBulk => 3,
        ReplicaState::Online => 4,
    }
}

/// The arrows between two states in the eyes of the master.
fn turns(from: Option<ReplicaState>, to: Option<ReplicaState>) -> Vec<usize> {
    let Some(to) = to.map(place) else { return Vec::new() };
    match (from.map_or(0, place), to) {
        (0, 4) => vec![0],
        (1, 3) => vec![5],
        (from, to) if from < to => (from + 1..=to).collect(),
        _ => Vec::new(),
    }
}

impl App {
    /// The way of a replica to its master.
    pub(super) fn way(&self, node: NodeId, state: ReplState) -> Html {
        let mut taken = Vec::new();
        let mut told = String::new();
        for event in self.events_of(node) {
            if let Event::ReplStateChanged { from, to, why } = event {
                taken.extend(ways(*from, *to));
                let names = [*from, *to].map(|state| self.t(sentence::state_name(state)));
                let args = [names[0], names[1], sentence::reason(self.lang, why)];
                told = told + " " + &self.lang.fill(Key::MachineTurn, &args);
            }
        }
        let current = self.t(sentence::state_name(state));
        let label = self.lang.fill(Key::MachineReplica, &[current]) + &told;
        let here = position(state);
        let notes = |_: usize| String::new();
        let picture = self.machine(&WAY, &WAYS, 200, &taken, &|at| Some(at) == here, &notes);
        picture.attr("aria-label", label).id("machine").done()
    }

    /// What a master thinks of its replicas.
    pub(super) fn turns(&self, node: NodeId, live: &LiveView) -> Html {
        let mut taken = Vec::new();
        for event in self.events_of(node) {
            if let Event::ReplicaStateChanged { from, to, .. } = event {
                taken.extend(turns(*from, *to));
            }
        }
        let names = |at: usize| {
            let here = live.replicas.iter().filter(|replica| place(replica.state) == at);
            let names = here.map(|r| r.node.map_or_else(|| "?".to_owned(), |id| self.name(id)));
            names.collect::<Vec<_>>().join(" ")
        };
        let mut label = self.t(Key::MachineMaster).to_owned();
        for replica in &live.replicas {
            let name = replica.node.map_or_else(|| "?".to_owned(), |id| self.name(id));
            label = label + " " + &name + ": " + replica.state.info_name() + ".";
        }
        let lit = |at: usize| !names(at).is_empty();
        let picture = self.machine(&PLACES, &TURNS, 134, &taken, &lit, &names);
        picture.attr("aria-label", label).id("machine-master").done()
    }

    /// What happened in a node in this step.
    fn events_of(&self, node: NodeId) -> impl Iterator<Item = &Event> {
        let step = self.timeline.current().into_iter();
        let effects = step.flat_map(|step| &step.effects);
        effects.filter(move |effect| effect.node == node).map(|effect| &effect.event)
    }

    /// A picture of states and transitions.
    fn machine(
        &self,
        places: &[Place],
        arrows: &[Arrow],
        height: i32,
        taken: &[usize],
        lit: &dyn Fn(usize) -> bool,
        notes: &dyn Fn(usize) -> String,
    ) -> El {
        let mut parts = Vec::new();
        // What was taken is drawn last, over the others.
        let mut order: Vec<usize> = (0..arrows.len()).collect();
        order.sort_by_key(|index| taken.contains(index));
        for index in order {
            let Arrow(path, label) = &arrows[index];
            let class = if taken.contains(&index) { "arrow taken" } else { "arrow" };
            let mut path = (*path).to_owned();
            path.push_str(head(&path));
            parts.push(svg("path", class, &[]).attr("d", path).done());
            if let Some((x, y, label)) = label {
                parts.push(self.words("aside", *x, *y, *label));
            }
        }
        for (index, Place(column, top, height, label, rare)) in places.iter().enumerate() {
            let x = MARGIN + column * COLUMN;
            let mut class = if *rare { "state rare".to_owned() } else { "state".to_owned() };
            if lit(index) {
                class.push_str(" here");
            }
            let size = [("x", x), ("y", *top), ("width", BOX), ("height", *height), ("rx", 6)];
            let (middle, note) = (x + BOX / 2, notes(index));
            let y = if note.is_empty() { top + height / 2 + 4 } else { top + height / 2 - 3 };
            let mut group = vec![svg("rect", "", &size).done(), self.words("", middle, y, *label)];
            if !note.is_empty() {
                group.push(svg("text", "who", &[("x", middle), ("y", y + 15)]).text(&note).done());
            }
            parts.push(el("g", &class).children(group).done());
        }
        let view = format!("0 0 {} {height}", MARGIN + 2 * COLUMN + BOX + 2);
        el("svg", "machine").attr("viewBox", view).attr("role", "img".to_owned()).children(parts)
    }

    fn words(&self, class: &str, x: i32, y: i32, label: Label) -> Html {
        let text = match label {
            Label::Word(word) => word,
            Label::Text(key) => self.t(key),
        };
        svg("text", class, &[("x", x), ("y", y)]).text(text).done()
    }
}

/// The head of an arrow, by the direction of its last stroke.
fn head(path: &str) -> &'static str {
    let at = path.rfind(['H', 'V']).unwrap_or_default();
    let (stroke, end) = path.split_at(at + 1);
    let end: i32 = end.parse().unwrap_or_default();
    let start = stroke[1..at].split(['H', 'V', ',', 'M']).filter_map(|n| n.parse::<i32>().ok());
    let all: Vec<i32> = start.collect();
    // The coordinate that the last stroke changes: the one before the last of that kind.
    let before = match (all.len(), stroke.ends_with('H')) {
        (2, true) => all[0],
        (2, false) => all[1],
        (_, _) => all[all.len() - 2],
    };
    match (stroke.ends_with('H'), end > before) {
        (true, true) => "m-4,-3l4,3l-4,3",
        (true, false) => "m4,-3l-4,3l4,3",
        (false, true) => "m-3,-4l3,4l3,-4",
        (false, false) => "m-3,4l3,-4l3,4",
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn heads_point_where_arrows_lead() {
        assert_eq!(head("M116,16H130"), "m-4,-3l4,3l-4,3");
        assert_eq!(head("M256,64H242"), "m4,-3l-4,3l4,3");
        assert_eq!(head("M310,30V48"), "m-3,-4l3,4l3,-4");
        assert_eq!(head("M310,60V46"), "m-3,4l3,-4l3,4");
        assert_eq!(head("M62,102V116H310V104"), "m-3,4l3,-4l3,4");
        assert_eq!(head("M310,180V196H3V16H6"), "m-4,-3l4,3l-4,3");
    }

    #[test]
    fn transitions_take_the_arrows_between_their_states() {
        use ReplState::*;
        assert_eq!(ways(Connect, Connecting), [0]);
        assert_eq!(ways(ReceivePingReply, ReceivePortReply), [2, 3], "without AUTH");
        assert_eq!(ways(ReceivePsyncReply, Transfer), [TO_TRANSFER]);
        assert_eq!(ways(ReceivePsyncReply, Connected), [CONTINUED]);
        assert_eq!(ways(Transfer, Connected), [TO_STREAM]);
        assert_eq!(ways(Connected, Connect), [LOST]);
        assert!(ways(None, Connect).is_empty());
    }

    #[test]
    fn a_master_sees_two_ways_to_be_online() {
        use ReplicaState::*;
        assert_eq!(turns(None, Some(Online)), [0]);
        assert_eq!(turns(None, Some(WaitBgsaveStart)), [1]);
        assert_eq!(turns(Some(WaitBgsaveStart), Some(WaitBgsaveEnd)), [2]);
        assert_eq!(turns(Some(WaitBgsaveStart), Some(SendBulk)), [5], "diskless");
        assert_eq!(turns(Some(SendBulk), Some(Online)), [4]);
        assert!(turns(Some(Online), None).is_empty());
    }
}
