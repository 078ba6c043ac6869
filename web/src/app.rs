//! The state of the page, and what changes it.
//!
//! # Invariant
//!
//! What is shown of the world is a function of the timeline's cursor: whoever goes back and forth
//! sees the very same page. Only what people chose (selection, tabs, language) is kept beside it.

use gloo_timers::callback::Interval;
use lockstep_core::config::Era;
use lockstep_sim::scenario::Scenario;
use lockstep_sim::view::{FlightView, LinkView, NodeView};
use lockstep_sim::{
    Comparison, FORWARD_STEPS_MAX, Grain, Intervention, MessageRef, NodeId, scenarios,
};
use web_sys::KeyboardEvent;
use yew::prelude::*;

use crate::console::Desk;
use crate::eras::{Ending, Fault};
use crate::i18n::{Key, Lang, grouped};
use crate::inside::Insides;
use crate::keys::Keys;
use crate::lesson::{self, LessonMsg, Lessons};
use crate::live::{self, Live, LiveMsg};
use crate::marks::Marks;
use crate::own::{self, Own, OwnMsg};
use crate::platform::{self, Theme};
use crate::recording::Watched;
use crate::sentence::{self, Names};
use crate::share::{Notice, ShareMsg, Sharing};
use crate::stage::Drag;
use crate::view::lane::walk::Pick;
use crate::view::log::LogFilter;
use crate::view::stage::layout::Place;
use crate::view::stage::short_label;
use crate::watch::Watch;
use crate::worlds::{self, Shape};

/// What is selected on the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selected {
    Node(NodeId),
    Link(NodeId, NodeId),
}

/// Tabs of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SideTab {
    State,
    Bytes,
    Why,
    Log,
}

/// Tabs under the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LowerTab {
    SpaceTime,
    Backlog,
    Console(NodeId),
    Events,
}

/// Which part a small screen shows under the transport bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Guide,
    Lower,
    Side,
}

#[derive(Debug)]
pub(crate) enum Msg {
    Forward(Option<Grain>),
    Back(Option<Grain>),
    Seek(u64),
    TogglePlay,
    Tick,
    Grain(Grain),
    Speed(u32),
    Select(Selected),
    Show(MessageRef),
    Side(SideTab),
    Lower(LowerTab),
    Log(LogFilter),
    Pane(Pane),
    /// Does these things, one after the other.
    Act(Vec<Intervention>),
    /// Takes hold of a card.
    Grab(NodeId, PointerEvent),
    Drag(PointerEvent),
    Drop,
    /// Takes hold of a lane of the diagram.
    LaneGrab(NodeId),
    LaneDrag(PointerEvent),
    LaneDrop,
    /// Chooses something in the diagram, by keyboard.
    LanePick(Option<Pick>),
    /// Draws the diagram to scale with time, or with steps at equal distances.
    ByTime(bool),
    /// Gives the diagram to the reader as a file of this kind.
    SaveLane(&'static str),
    OfBranch(OfBranch),
    /// A file that somebody brings.
    Own(OwnMsg),
    /// Lessons.
    Lesson(LessonMsg),
    /// Live nodes.
    Live(LiveMsg),
    Share(ShareMsg),
    /// The address has changed.
    OpenAddress,
    /// All of the program is there.
    Whole,
    /// Closes the notice.
    Noticed,
    /// Puts all cards back in their places.
    Tidy,
    /// Opens or closes the panel for new worlds.
    WorldPanel,
    /// Opens or closes the panel of a node's host.
    HostPanel,
    Replicas(usize),
    World(Shape),
    /// A line for a node's console; the page goes on until the answer has arrived.
    Command(NodeId, String),
    /// A line for a raw connection to a node.
    Raw(NodeId, String),
    Experiment(usize),
    /// Begins the experiment anew with nodes that replicate like this Redis.
    Era(Era),
    /// Chooses the fault whose endings are compared.
    Fault(Fault),
    Restart,
    Language,
    Theme,
    Help(bool),
    Key(KeyboardEvent),
}

/// What can be done with histories.
#[derive(Debug)]
pub(crate) enum OfBranch {
    /// Opens or closes their panel.
    Panel,
    Return(usize),
    Compare(usize),
    Forget(usize),
    /// Names a branch, or the history that is shown.
    Name(Option<usize>, String),
}

/// What the world shows at the cursor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) nodes: Vec<NodeView>,
    pub(crate) links: Vec<LinkView>,
    pub(crate) flights: Vec<FlightView>,
    pub(crate) names: Names,
    pub(crate) fingerprint: Option<u64>,
}

impl Scene {
    /// What hashes a whole world is not needed to draw it.
    fn of(watched: &Watched, fingerprint: bool) -> Self {
        let fingerprint = fingerprint && watched.recording().is_none();
        Self {
            nodes: watched.nodes(),
            links: watched.links(),
            flights: watched.in_flight(),
            names: watched.names(),
            fingerprint: fingerprint.then(|| watched.world().fingerprint()),
        }
    }

    /// The node of this id.
    pub(crate) fn node(&self, id: NodeId) -> Option<&NodeView> {
        self.nodes.get(id.0 as usize)
    }
}

/// The page.
pub(crate) struct App {
    pub(crate) lang: Lang,
    pub(crate) theme: Theme,
    /// Whether all of the program is there. Until then what needs more than the stage and the
    /// transport does is not drawn.
    pub(crate) whole: bool,
    pub(crate) timeline: Watched,
    pub(crate) scene: Scene,
    /// The nodes as they were shown before a step forward: what differs is marked.
    pub(crate) before: Vec<NodeView>,
    /// The nodes from the inside, while somebody looks.
    pub(crate) inside: Insides,
    /// What is shown of logs.
    pub(crate) log_filter: LogFilter,
    /// The cursor when the page appeared, or the experiment began.
    pub(crate) began_at: u64,
    pub(crate) grain: Grain,
    pub(crate) speed: u32,
    pub(crate) playing: Option<Interval>,
    pub(crate) selected: Selected,
    /// A message chosen for the inspector; without one it shows that of the current step.
    pub(crate) message: Option<MessageRef>,
    /// Somebody chose that message: it stays chosen while it is on its way.
    pub(crate) picked: bool,
    pub(crate) side: SideTab,
    pub(crate) lower: LowerTab,
    pub(crate) pane: Pane,
    pub(crate) experiment: usize,
    /// What the nodes of the experiment replicate like.
    pub(crate) era: Era,
    pub(crate) fault: Fault,
    /// How the fault ended in each era, once somebody wants to see it.
    pub(crate) endings: Vec<Ending>,
    /// Places that people chose for cards, by node.
    pub(crate) moved_cards: Vec<Option<Place>>,
    pub(crate) drag: Option<Drag>,
    /// The lanes of the diagram, as far as somebody has put them in order.
    pub(crate) lanes: Vec<NodeId>,
    pub(crate) lane_held: Option<NodeId>,
    pub(crate) lane_pick: Option<Pick>,
    /// What gets the focus back once it is drawn in its new place.
    pub(crate) refocus: Option<String>,
    /// What had the focus before the next rendering.
    focus: Option<platform::Focus>,
    pub(crate) by_time: bool,
    pub(crate) marks: Marks,
    /// Checks every step, from the first thing on that somebody does to a world.
    pub(crate) watch: Option<Watch>,
    /// How the world began: what a link to it says.
    pub(crate) start: Scenario,
    pub(crate) notice: Option<Notice>,
    pub(crate) branches_open: bool,
    /// The history that was compared with, and what differs.
    pub(crate) comparison: Option<(String, Comparison)>,
    pub(crate) world_panel: bool,
    pub(crate) host_panel: bool,
    /// The shape of the world, if it was built here.
    pub(crate) shape: Option<Shape>,
    /// Replicas of the next world that is built.
    pub(crate) replicas: usize,
    pub(crate) help: bool,
    /// Whether the help was there at the last rendering: it takes the focus when it appears.
    help_shown: bool,
    /// The sentence that was announced last.
    pub(crate) announced: String,
    /// By node.
    pub(crate) desks: Vec<Desk>,
    pub(crate) own: Own,
    pub(crate) lessons: Lessons,
    pub(crate) live: Live,
    pub(crate) sharing: Sharing,
    _keys: Keys,
    _address: platform::Listener,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let lang = platform::language();
        platform::show_language(lang, lang.t(Key::Title));
        let timeline = Watched::new(scenarios::first_light());
        let scene = Scene::of(&timeline, false);
        let mut app = Self {
            lang,
            theme: Theme::current(),
            whole: false,
            scene,
            before: Vec::new(),
            inside: Insides::default(),
            log_filter: LogFilter::default(),
            began_at: timeline.cursor(),
            timeline,
            grain: Grain::Delivery,
            speed: 1,
            playing: None,
            selected: Selected::Node(scenarios::REPLICA_B),
            message: None,
            picked: false,
            side: SideTab::Bytes,
            lower: LowerTab::SpaceTime,
            pane: Pane::Guide,
            experiment: 0,
            era: Era::default(),
            fault: Fault::Cut,
            endings: Vec::new(),
            moved_cards: Vec::new(),
            drag: None,
            lanes: Vec::new(),
            lane_held: None,
            lane_pick: None,
            refocus: None,
            focus: None,
            by_time: false,
            marks: Marks::default(),
            watch: None,
            start: worlds::scenario(Shape::Star, 2, Era::default()),
            notice: None,
            branches_open: false,
            comparison: None,
            world_panel: false,
            host_panel: false,
            shape: None,
            replicas: 3,
            help: false,
            help_shown: false,
            announced: String::new(),
            desks: Vec::new(),
            own: Own::default(),
            lessons: lesson::begin(ctx),
            live: Live::default(),
            sharing: Sharing::default(),
            _keys: Keys::listen(ctx.link().callback(Msg::Key)),
            _address: platform::on_hash(ctx.link().callback(|()| Msg::OpenAddress)),
        };
        platform::when_whole(ctx.link().callback(|()| Msg::Whole));
        own::listen(ctx);
        live::begin(ctx);
        app.marks.update(&app.timeline);
        app.message = app.moment();
        app.desks.resize_with(app.scene.nodes.len(), Desk::default);
        app.open_place(ctx);
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        self.focus = platform::Focus::now();
        match msg {
            Msg::Forward(grain) => self.forward(grain.unwrap_or(self.grain)),
            Msg::Back(grain) => {
                self.stop();
                self.timeline.back(grain.unwrap_or(self.grain));
                self.moved(None);
            }
            Msg::Seek(index) => {
                self.stop();
                self.timeline.seek(index);
                self.moved(None);
            }
            Msg::TogglePlay if self.playing.is_some() => {
                self.stop();
                self.moved(None);
            }
            Msg::TogglePlay => self.play(ctx),
            Msg::Tick if platform::is_hidden() => return false,
            Msg::Tick => self.forward(self.grain),
            Msg::Grain(grain) => self.grain = grain,
            Msg::Speed(speed) => {
                self.speed = speed;
                if self.playing.is_some() {
                    self.play(ctx);
                }
            }
            Msg::Act(what) => {
                let before = std::mem::take(&mut self.scene.nodes);
                for what in what {
                    self.act(what);
                }
                self.moved(Some(before));
            }
            Msg::Command(node, line) => self.command(node, line, false),
            Msg::Raw(node, line) => self.command(node, line, true),
            Msg::World(shape) => self.build(shape),
            Msg::Drag(event) => return self.drag(&event),
            Msg::Drop => return self.drag.take().is_some(),
            Msg::LaneDrag(event) => return self.drag_lane(&event),
            Msg::LaneDrop => return self.lane_held.take().is_some(),
            Msg::Grab(node, event) => return self.grab(node, &event),
            Msg::Experiment(index) => self.experiment(index),
            Msg::Restart => self.restart(),
            Msg::Era(era) => {
                self.era = era;
                self.restart();
            }
            Msg::Fault(fault) => {
                self.fault = fault;
                self.endings.clear();
                self.experiment(self.experiment);
            }
            Msg::Key(event) => return self.key(ctx, &event),
            Msg::OpenAddress => {
                live::begin(ctx);
                if !platform::hash().is_empty() {
                    self.open_place(ctx);
                }
            }
            Msg::Whole => {
                self.whole = true;
                self.scene = Scene::of(&self.timeline, self.playing.is_none());
            }
            Msg::Own(msg) => return self.own(ctx, msg),
            Msg::Share(msg) => self.sharing(ctx, msg),
            Msg::Lesson(msg) => return self.lesson(ctx, msg),
            Msg::Live(msg) => return self.live(ctx, msg),
            other => self.choose(other),
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        self.page(ctx)
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        if self.help && !self.help_shown {
            platform::focus("help-close");
        }
        self.help_shown = self.help;
        if let Some(id) = self.refocus.take() {
            platform::focus(&id);
        }
        if let Some(focus) = self.focus.take() {
            focus.mend();
        }
        self.lessons.rendered();
    }
}

impl App {
    /// Milliseconds between two steps while playing.
    pub(crate) fn step_ms(&self) -> u32 {
        match self.speed {
            0 => 1_600,
            speed => 800 / speed,
        }
    }

    /// The text of a key.
    pub(crate) fn t(&self, key: Key) -> &'static str {
        self.lang.t(key)
    }

    /// The sentence of the current step.
    pub(crate) fn sentence(&self) -> String {
        match self.timeline.current() {
            Some(step) => sentence::sentence(self.lang, &self.scene.names, step),
            None => self.t(Key::TellStart).to_owned(),
        }
    }

    /// The message the inspector shows.
    pub(crate) fn shown_message(&self) -> Option<MessageRef> {
        self.message.clone().or_else(|| {
            let step = self.timeline.current()?;
            match &step.cause {
                lockstep_sim::Cause::Delivered(message) if !message.bytes.is_empty() => {
                    Some(message.clone())
                }
                _ => step.sent.iter().find(|message| !message.bytes.is_empty()).cloned(),
            }
        })
    }

    /// The message that somebody chose, while it is on its way.
    pub(crate) fn picked_flight(&self) -> Option<&FlightView> {
        let chosen = self.message.as_ref().filter(|_| self.picked)?;
        self.scene.flights.iter().find(|flight| flight.message.id == chosen.id)
    }

    /// The message the page opens with: the one the current step has put on its way.
    pub(crate) fn moment(&self) -> Option<MessageRef> {
        let step = self.timeline.current()?;
        step.sent.last().filter(|message| !message.bytes.is_empty()).cloned()
    }

    fn play(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let tick = move || link.send_message(Msg::Tick);
        self.playing = Some(Interval::new(self.step_ms(), tick));
    }

    pub(crate) fn stop(&mut self) {
        self.playing = None;
    }

    fn forward(&mut self, grain: Grain) {
        let before = std::mem::take(&mut self.scene.nodes);
        let recorded = self.is_recorded();
        // Whoever goes far in one step stops where a goal of a lesson is reached.
        let mut turned = false;
        let moved = match &mut self.watch {
            _ if recorded => self.timeline.forward(grain),
            Some(watch) => {
                let seen = &mut |timeline: &mut _| {
                    turned = self.lessons.follow(timeline);
                    turned
                };
                watch.forward(&mut self.timeline, grain, &mut self.marks, seen)
            }
            None => self.timeline.forward(grain),
        };
        if !moved {
            self.stop();
        }
        self.moved(Some(before));
        self.tell_vain(moved && !turned, grain);
    }

    /// Tells that nothing of this grain was found, if so.
    fn tell_vain(&mut self, moved: bool, grain: Grain) {
        let found = self.timeline.current().is_some_and(|step| step.has_grain(grain));
        if moved && !found && self.marks.violations().is_empty() {
            let text = self.lang.fill(Key::NoneAhead, &[&grouped(FORWARD_STEPS_MAX)]);
            self.notice = Some(Notice { text, bad: false });
        }
    }

    /// Looks into the nodes, if that is shown.
    fn look_inside(&mut self, forward: bool) {
        match self.side {
            SideTab::State if !self.is_recorded() => self.inside.look(&mut self.timeline, forward),
            _ => self.inside.forget(),
        }
    }

    /// The cursor has moved: looks at the world anew.
    pub(crate) fn moved(&mut self, before: Option<Vec<NodeView>>) {
        self.look_inside(before.is_some());
        self.scene = Scene::of(&self.timeline, self.whole && self.playing.is_none());
        self.marks.update(&self.timeline);
        self.comparison = None;
        self.notice = None;
        self.sharing.panel = None;
        self.before = before.unwrap_or_default();
        self.desks.resize_with(self.scene.nodes.len().max(self.desks.len()), Desk::default);
        self.picked = self.picked && self.picked_flight().is_some();
        if !self.picked {
            self.message = None;
        }
        // The slider says itself where it stands.
        if self.playing.is_none() && !platform::is_focused("slider") {
            self.announced = self.sentence();
        }
        self.follow_lesson();
        // What was selected may not be there at this point of the history.
        let last = NodeId(self.scene.nodes.len().saturating_sub(1) as u32);
        let (Selected::Node(id) | Selected::Link(_, id)) = self.selected;
        if id > last {
            self.selected = Selected::Node(last);
        }
        if matches!(self.lower, LowerTab::Console(id) if id > last) {
            self.lower = LowerTab::Console(last);
        }
    }

    /// Does something to the world at the cursor.
    pub(crate) fn act(&mut self, what: Intervention) {
        // What was recorded cannot be changed.
        if self.is_recorded() {
            let text = self.t(Key::RecNotHere).to_owned();
            self.notice = Some(Notice { text, bad: true });
            return;
        }
        self.marks.forget_after(self.timeline.cursor());
        self.watch.get_or_insert_default();
        self.timeline.act(what);
    }

    fn of_branch(&mut self, what: OfBranch) {
        match what {
            OfBranch::Panel => {
                self.branches_open = !self.branches_open;
                self.refocus = self.branches_open.then(|| "branches-close".to_owned());
                self.comparison = None;
            }
            OfBranch::Return(at) => {
                self.stop();
                self.timeline.switch_to(at);
                self.moved(None);
            }
            OfBranch::Compare(at) => self.compare(at),
            OfBranch::Forget(at) => {
                self.timeline.drop_branch(at);
                self.comparison = None;
            }
            OfBranch::Name(None, name) => self.timeline.set_name(&name),
            OfBranch::Name(Some(at), name) => {
                self.timeline.name_branch(at, &name);
            }
        }
    }

    /// Choices of what is shown; the world stays as it is.
    fn choose(&mut self, msg: Msg) {
        match msg {
            Msg::Select(selected) => {
                if self.selected != selected && matches!(selected, Selected::Link(..)) {
                    self.refocus = Some("link-close".to_owned());
                }
                self.selected = selected;
                self.picked = false;
                if let Selected::Node(id) = selected
                    && matches!(self.lower, LowerTab::Console(_))
                {
                    self.lower = LowerTab::Console(id);
                }
            }
            Msg::Show(message) => {
                let label = short_label(self.lang, &message, 40);
                self.announced = format!("{}: {label}", self.t(Key::TabBytes));
                self.message = Some(message);
                self.picked = true;
                self.side = SideTab::Bytes;
                self.pane = Pane::Side;
            }
            Msg::Side(tab) => {
                self.side = tab;
                // What lies over the inspector would hide what is asked for.
                self.host_panel = false;
                if let Selected::Link(_, node) = self.selected
                    && tab != SideTab::State
                {
                    self.selected = Selected::Node(node);
                }
                self.look_inside(false);
            }
            Msg::Lower(tab) => {
                self.lower = tab;
                self.pane = Pane::Lower;
                if let LowerTab::Console(_) = tab {
                    self.refocus = Some("console-input".to_owned());
                }
            }
            Msg::Log(filter) => self.log_filter = filter,
            Msg::Pane(pane) => self.pane = pane,
            Msg::LaneGrab(node) => self.lane_held = Some(node),
            Msg::LanePick(pick) => self.lane_pick = pick,
            Msg::ByTime(by_time) => self.by_time = by_time,
            Msg::SaveLane(kind) => platform::save_diagram(kind, self.timeline.cursor()),
            Msg::OfBranch(what) => self.of_branch(what),
            Msg::Noticed => self.notice = None,
            Msg::Tidy => self.moved_cards.clear(),
            // The focus goes to what was opened; `data-refocus` brings it back.
            Msg::WorldPanel => {
                self.world_panel = !self.world_panel;
                self.refocus = self.world_panel.then(|| "world-close".to_owned());
            }
            Msg::HostPanel => {
                self.host_panel = !self.host_panel;
                self.refocus = self.host_panel.then(|| "host-close".to_owned());
            }
            Msg::Replicas(count) => self.replicas = count,
            Msg::Language => {
                self.lang = self.lang.other();
                platform::choose_language(self.lang);
                platform::show_language(self.lang, self.t(Key::Title));
            }
            Msg::Theme => {
                self.theme = self.theme.other();
                self.theme.choose();
            }
            Msg::Help(help) => {
                self.help = help;
                if !help {
                    platform::focus("help");
                }
            }
            _ => {}
        }
    }
}
