//! What people do to the stage itself: they move cards, open panels, build worlds.

use lockstep_sim::NodeId;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use crate::app::{App, Msg, OfBranch, Selected};
use crate::own::OwnMsg;
use crate::recording::RecordingMsg;
use crate::share::ShareMsg;
use crate::view::stage::layout::{Place, layout};
use crate::worlds::{self, Shape};

/// A card that is being dragged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drag {
    pub(crate) node: NodeId,
    /// Where it stood.
    place: Place,
    /// Where the pointer was, in pixels.
    from: (f64, f64),
    /// Width and height of the stage, in pixels.
    size: (f64, f64),
}

/// Pixels that a pointer may move without meaning to drag.
const STILL: f64 = 4.0;

/// How far a key moves a card, in percent.
const NUDGE: f64 = 3.0;

impl App {
    fn place_of(&self, node: NodeId) -> Option<Place> {
        let layout = layout(&self.scene.nodes, &self.moved_cards);
        layout.places.get(node.0 as usize).copied()
    }

    fn put(&mut self, node: NodeId, place: Place) {
        let index = node.0 as usize;
        if self.moved_cards.len() <= index {
            self.moved_cards.resize(index + 1, None);
        }
        self.moved_cards[index] = Some(place);
    }

    /// Takes hold of a card. Returns whether the page looks different.
    pub(crate) fn grab(&mut self, node: NodeId, event: &PointerEvent) -> bool {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let canvas = target.and_then(|target| target.closest(".canvas").ok().flatten());
        let (Some(canvas), Some(place), 0) = (canvas, self.place_of(node), event.button()) else {
            return false;
        };
        // As the pointer counts, on screens where the page is drawn larger too.
        let rect = canvas.get_bounding_client_rect();
        let size = (rect.width().max(1.0), rect.height().max(1.0));
        let from = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.drag = Some(Drag { node, place, from, size });
        false
    }

    /// The pointer has moved. Returns whether the page looks different.
    pub(crate) fn drag(&mut self, event: &PointerEvent) -> bool {
        let Some(drag) = self.drag else { return false };
        if event.buttons() == 0 {
            // It was let go somewhere outside.
            self.drag = None;
            return true;
        }
        let x = f64::from(event.client_x()) - drag.from.0;
        let y = f64::from(event.client_y()) - drag.from.1;
        let moved = self.moved_cards.get(drag.node.0 as usize).is_some_and(Option::is_some);
        if !moved && x.abs() + y.abs() < STILL {
            return false;
        }
        let (width, height) = drag.size;
        self.put(drag.node, drag.place.moved(x / width * 100.0, y / height * 100.0));
        true
    }

    /// Moves the selected card by a key. Returns whether the key means that.
    pub(crate) fn nudge(&mut self, key: &str) -> bool {
        let (x, y) = match key {
            "ArrowLeft" => (-NUDGE, 0.0),
            "ArrowRight" => (NUDGE, 0.0),
            "ArrowUp" => (0.0, -NUDGE),
            "ArrowDown" => (0.0, NUDGE),
            _ => return false,
        };
        let Selected::Node(node) = self.selected else { return false };
        let Some(place) = self.place_of(node) else { return false };
        self.put(node, place.moved(x, y));
        true
    }

    /// The pointer has moved while it holds a lane. Returns whether the page looks different.
    pub(crate) fn drag_lane(&mut self, event: &PointerEvent) -> bool {
        let Some(held) = self.lane_held else { return false };
        if event.buttons() == 0 {
            self.lane_held = None;
            return true;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let diagram = target.and_then(|target| target.closest(".diagram").ok().flatten());
        let Some(diagram) = diagram else { return false };
        let place = diagram.get_bounding_client_rect();
        let part = (f64::from(event.client_y()) - place.top()) / place.height().max(1.0);
        let order = self.lane_order();
        let to = (part * order.len() as f64).max(0.0) as usize;
        self.put_lane(order, held, to)
    }

    /// Puts a lane in another place. Returns whether that is one.
    fn put_lane(&mut self, mut order: Vec<NodeId>, lane: NodeId, to: usize) -> bool {
        let to = to.min(order.len().saturating_sub(1));
        let from = order.iter().position(|&other| other == lane);
        let Some(from) = from.filter(|&from| from != to) else { return false };
        order.remove(from);
        order.insert(to, lane);
        self.lanes = order;
        true
    }

    /// Moves the lane whose grip this is up or down.
    pub(crate) fn move_lane_of(&mut self, grip: &Element, up: bool) -> bool {
        let lane = grip.get_attribute("data-lane").and_then(|id| id.parse().ok()).map(NodeId);
        let order = self.lane_order();
        let from = order.iter().position(|&other| Some(other) == lane);
        let (Some(lane), Some(from)) = (lane, from) else { return false };
        let to = if up { from.checked_sub(1) } else { Some(from + 1) };
        self.refocus = Some(format!("grip-{}", lane.0));
        to.is_some_and(|to| self.put_lane(order, lane, to))
    }

    /// Closes what is open, the uppermost first.
    pub(crate) fn escape(&mut self, ctx: &Context<Self>) -> bool {
        let msg = if self.help {
            Msg::Help(false)
        } else if self.own.reading.is_some() {
            Msg::Own(OwnMsg::Recording(RecordingMsg::Stop))
        } else if self.own.rdb.is_some() {
            Msg::Own(OwnMsg::Close)
        } else if self.branches_open {
            Msg::OfBranch(OfBranch::Panel)
        } else if self.sharing.panel.is_some() {
            Msg::Share(ShareMsg::Close)
        } else if self.host_panel {
            Msg::HostPanel
        } else if self.world_panel {
            Msg::WorldPanel
        } else if self.picked {
            Msg::Select(self.selected)
        } else if let Selected::Link(_, b) = self.selected {
            Msg::Select(Selected::Node(b))
        } else {
            return false;
        };
        Component::update(self, ctx, msg)
    }

    /// Builds a new world.
    pub(crate) fn build(&mut self, shape: Shape) {
        self.stop();
        self.experiment = usize::MAX;
        self.world_panel = false;
        self.shape = Some(shape);
        self.own.world = None;
        self.start = worlds::scenario(shape, self.replicas, self.era);
        self.timeline.replace(worlds::build(&self.start));
        self.selected = Selected::Node(NodeId(0));
        self.begin();
    }
}
