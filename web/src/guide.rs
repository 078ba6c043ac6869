//! Experiments to try, with goals that are checked on the state and the decisions of the nodes,
//! never on what was clicked.

use lockstep_core::config::Era;
use lockstep_core::replication::psync::{FullReason, Outcome, Verdict};
use lockstep_core::replication::state::ReplState;
use lockstep_core::trace::Event;
use lockstep_sim::view::{LiveView, NodeView, Role};
use lockstep_sim::{Cut, Intervention, NodeId, Step, Stop, Timeline, scenarios};

use crate::i18n::Key;

/// Something to try.
pub(crate) struct Experiment {
    pub(crate) title: Key,
    /// Paragraphs.
    pub(crate) text: &'static [Key],
    /// What a person can do, beside stepping.
    pub(crate) actions: &'static [(Key, Action)],
    pub(crate) goals: &'static [(Key, Goal)],
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// A line typed into a node's console.
    Type(NodeId, &'static str),
    /// One write that is larger than the backlog.
    Flood(NodeId),
    Cut(NodeId, NodeId),
    Restore(NodeId, NodeId),
    Crash(NodeId),
}

/// Bytes of the value that [`Action::Flood`] writes: more than the 16 KB of the backlog.
const FLOOD_BYTES: usize = 20_000;

impl Action {
    /// The console line this action types, if it does.
    pub(crate) fn line(self) -> Option<(NodeId, String)> {
        match self {
            Self::Type(node, line) => Some((node, line.to_owned())),
            Self::Flood(node) => Some((node, format!("SET big {}", "x".repeat(FLOOD_BYTES)))),
            Self::Cut(..) | Self::Restore(..) | Self::Crash(_) => None,
        }
    }

    /// What it does to the world, if it types nothing.
    pub(crate) fn intervention(self) -> Option<Intervention> {
        match self {
            Self::Cut(a, b) => Some(Intervention::CutLink { a, b, cut: Cut::Reset }),
            Self::Restore(a, b) => Some(Intervention::RestoreLink { a, b }),
            Self::Crash(node) => Some(Intervention::StopNode { node, stop: Stop::Crash }),
            Self::Type(..) | Self::Flood(_) => None,
        }
    }
}

/// A goal: whether it is reached.
type Goal = fn(&Progress<'_>) -> bool;

/// What goals are checked on.
pub(crate) struct Progress<'a> {
    /// The steps since the experiment began, up to the cursor.
    steps: &'a [std::sync::Arc<Step>],
    nodes: &'a [NodeView],
}

impl<'a> Progress<'a> {
    pub(crate) fn new(timeline: &'a Timeline, began_at: u64, nodes: &'a [NodeView]) -> Self {
        let past = timeline.past();
        let begin = past.partition_point(|step| step.index <= began_at);
        Self { steps: &past[begin..], nodes }
    }

    fn events(&self) -> impl Iterator<Item = &'a Event> {
        self.steps.iter().flat_map(|step| &step.effects).map(|effect| &effect.event)
    }

    fn decided(&self, wanted: fn(&Verdict) -> bool) -> bool {
        self.events()
            .any(|event| matches!(event, Event::PsyncDecided { verdict, .. } if wanted(verdict)))
    }

    fn live(&self, id: NodeId) -> Option<&'a LiveView> {
        self.nodes.get(id.0 as usize)?.live.as_ref()
    }

    /// Whether every replica that runs follows its master, and there is one.
    fn all_connected(&self) -> bool {
        let mut links = self.nodes.iter().filter_map(|n| n.live.as_ref()?.master.as_ref());
        let first = links.next();
        first.is_some() && first.into_iter().chain(links).all(|m| m.state == ReplState::Connected)
    }

    /// Whether all nodes that run stand at one offset of one history.
    fn all_equal(&self) -> bool {
        let mut places = self
            .nodes
            .iter()
            .filter_map(|n| n.live.as_ref())
            .map(|live| (live.replid, live.offset));
        let first = places.next();
        first.is_some() && places.all(|place| Some(place) == first)
    }
}

const MASTER: NodeId = scenarios::MASTER;
const A: NodeId = scenarios::REPLICA_A;
const B: NodeId = scenarios::REPLICA_B;

/// Nobody is down, and every replica follows its master.
fn connected(progress: &Progress<'_>) -> bool {
    progress.nodes.iter().all(|node| node.live.is_some()) && progress.all_connected()
}

fn equal(progress: &Progress<'_>) -> bool {
    connected(progress) && progress.all_equal()
}

fn partial(progress: &Progress<'_>) -> bool {
    progress.decided(|verdict| matches!(verdict.outcome, Outcome::Continue { .. }))
}

fn wrote(progress: &Progress<'_>) -> bool {
    progress.events().any(|event| matches!(event, Event::Command { dirty, .. } if *dirty > 0))
}

/// Whether the replica's connection to its master is gone.
fn cut_off(progress: &Progress<'_>, id: NodeId) -> bool {
    progress.events().any(|event| matches!(event, Event::MasterCached { .. }))
        || progress.live(id).is_some_and(|live| {
            live.master.as_ref().is_some_and(|master| master.state != ReplState::Connected)
        })
}

/// What there is to try, the first one being where the page begins.
pub(crate) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        title: Key::TryCut,
        text: &[Key::TryCutText1, Key::TryCutText2, Key::TryCutText3],
        actions: &[],
        goals: &[
            (Key::GoalPartial, partial),
            (Key::GoalConnected, connected),
            (Key::GoalEqual, equal),
        ],
    },
    Experiment {
        title: Key::TryHandshake,
        text: &[Key::TryHandshakeText1, Key::TryHandshakeText2],
        actions: &[],
        goals: &[
            (Key::GoalFull, |p| p.decided(|v| matches!(v.outcome, Outcome::FullResync { .. }))),
            (Key::GoalLoaded, |p| p.events().any(|e| matches!(e, Event::Loaded { .. }))),
            (Key::GoalConnected, connected),
        ],
    },
    Experiment {
        title: Key::TryWrite,
        text: &[Key::TryWriteText1, Key::TryWriteText2],
        actions: &[
            (Key::DoSet, Action::Type(MASTER, "SET name chaoge")),
            (Key::DoGet, Action::Type(A, "GET name")),
        ],
        goals: &[
            (Key::GoalWrote, wrote),
            (Key::GoalEqual, |p| wrote(p) && equal(p)),
            (Key::GoalAcked, |p| {
                wrote(p)
                    && p.live(MASTER).is_some_and(|master| {
                        !master.replicas.is_empty()
                            && master.replicas.iter().all(|r| r.ack_offset == master.offset)
                    })
            }),
        ],
    },
    Experiment {
        title: Key::TryBacklog,
        text: &[Key::TryBacklogText1, Key::TryBacklogText2],
        actions: &[
            (Key::DoCut, Action::Cut(MASTER, B)),
            (Key::DoFlood, Action::Flood(MASTER)),
            (Key::DoRestore, Action::Restore(MASTER, B)),
        ],
        goals: &[
            (Key::GoalCutOff, |p| cut_off(p, B)),
            (Key::GoalFallenOut, |p| {
                let before = |v: &Verdict| {
                    matches!(
                        v.outcome,
                        Outcome::FullResync { why: FullReason::BeforeBacklog { .. } }
                    )
                };
                let gap = p.live(MASTER).and_then(|m| m.backlog).zip(p.live(B)).is_some_and(
                    |(backlog, replica)| replica.offset + 1 < backlog.first_byte_offset,
                );
                gap || p.decided(before)
            }),
            (Key::GoalFullBacklog, |p| {
                p.decided(|v| {
                    matches!(
                        v.outcome,
                        Outcome::FullResync { why: FullReason::BeforeBacklog { .. } }
                    )
                })
            }),
            (Key::GoalConnected, |p| cut_off(p, B) && connected(p)),
        ],
    },
    Experiment {
        title: Key::TryFailover,
        text: &[Key::TryFailoverText1, Key::TryFailoverText2],
        actions: &[
            (Key::DoCrash, Action::Crash(MASTER)),
            (Key::DoPromote, Action::Type(A, "REPLICAOF NO ONE")),
            (Key::DoFollow, Action::Type(B, "REPLICAOF 127.0.0.1 6381")),
        ],
        goals: &[
            (Key::GoalPromoted, |p| p.live(A).is_some_and(|live| live.role == Role::Master)),
            (Key::GoalFollows, |p| {
                p.live(B).and_then(|live| live.master.as_ref()).is_some_and(|master| {
                    master.node == Some(A) && master.state == ReplState::Connected
                })
            }),
            (Key::GoalSecondId, |p| {
                p.decided(|v| matches!(v.outcome, Outcome::Continue { by_replid2: true, .. }))
            }),
        ],
    },
    Experiment {
        title: Key::TryEras,
        text: &[Key::TryErasText1, Key::TryErasText2],
        actions: &[],
        goals: &[
            (Key::GoalDecided, |p| p.decided(|_| true)),
            (Key::GoalConnected, |p| p.all_connected()),
        ],
    },
];

/// The experiment that compares eras.
pub(crate) const ERAS: usize = EXPERIMENTS.len() - 1;

/// The world in which an experiment begins; that of [`ERAS`] depends on the fault as well.
pub(crate) fn start(index: usize, era: Era) -> Timeline {
    if index == 0 {
        return if era == Era::default() {
            scenarios::first_light()
        } else {
            scenarios::cut_in(era)
        };
    }
    let mut timeline = Timeline::new(scenarios::three_nodes_of(1, era));
    if index > 1 {
        scenarios::until_online(&mut timeline);
    }
    timeline
}
