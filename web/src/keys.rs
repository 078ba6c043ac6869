//! The keyboard: what keys do, and lines sent from consoles.

use lockstep_sim::view::ConsoleText;
use lockstep_sim::{Grain, Intervention, NodeId};
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use crate::app::{App, Msg, Selected};
use crate::console::Desk;
use crate::platform::{self, Wants};
use crate::view::lane::walk::WALK;

/// Listens to the keyboard while it lives.
pub(crate) struct Keys(
    #[allow(dead_code)] Option<wasm_bindgen::closure::Closure<dyn FnMut(KeyboardEvent)>>,
);

impl Keys {
    pub(crate) fn listen(callback: Callback<KeyboardEvent>) -> Self {
        use wasm_bindgen::JsCast;
        let closure = wasm_bindgen::closure::Closure::new(move |event| callback.emit(event));
        if let Some(window) = web_sys::window() {
            let function = closure.as_ref().unchecked_ref();
            let _ = window.add_event_listener_with_callback("keydown", function);
        }
        Self(Some(closure))
    }
}

impl App {
    /// Steps within which a console's answer is awaited.
    const ANSWER_STEPS_MAX: u32 = 60;

    pub(crate) fn command(&mut self, node: NodeId, line: String, raw: bool) {
        self.stop();
        let before = std::mem::take(&mut self.scene.nodes);
        self.act(match raw {
            true => Intervention::Telnet { node, line },
            false => Intervention::Console { node, line },
        });
        for _ in 0..Self::ANSWER_STEPS_MAX {
            let world = self.timeline.world();
            let waits = match raw {
                true => world.telnet(node).pop().is_some_and(
                    |last| matches!(&last.what, ConsoleText::Typed(line) if !line.is_empty()),
                ),
                false => world.console_waits(node) && !world.console_is_blocked(node),
            };
            if !waits || !self.timeline.forward(Grain::Event) {
                break;
            }
        }
        self.moved(Some(before));
    }

    /// What belongs to the console of a node beside the world.
    pub(crate) fn desk(&self, node: NodeId) -> Desk {
        self.desks.get(node.0 as usize).cloned().unwrap_or_default()
    }

    pub(crate) fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        use wasm_bindgen::JsCast;
        let elsewhere = self.own.rdb.is_some() && event.key() != "Escape";
        if elsewhere && !self.help && event.key() != "?" {
            // The playground is not shown: its keys mean nothing.
            return false;
        }
        if event.alt_key() && self.nudge(&event.key()) {
            event.prevent_default();
            return true;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return false;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let wants = target.as_ref().map_or(Wants::None, platform::wants_keys);
        let key = event.key();
        if key == "Escape" {
            return self.escape(ctx);
        }
        if self.help && key == "Tab" {
            // The help has one control; the focus stays on it.
            event.prevent_default();
            platform::focus("help-close");
            return false;
        }
        if wants == Wants::All || (self.help && key != "?") {
            return false;
        }
        let transition = event.shift_key().then_some(Grain::Transition);
        let walks = target.as_ref().is_some_and(|target| target.class_name() == WALK);
        if let Some(msg) = walks.then(|| self.walk_key(&key)).flatten() {
            event.prevent_default();
            return Component::update(self, ctx, msg);
        }
        let msg = match key.as_str() {
            " " if wants == Wants::None => Msg::TogglePlay,
            "ArrowRight" => Msg::Forward(transition),
            "ArrowLeft" => Msg::Back(transition),
            "ArrowUp" | "ArrowDown" => {
                let moved =
                    target.is_some_and(|target| self.move_lane_of(&target, key == "ArrowUp"));
                if moved {
                    event.prevent_default();
                }
                return moved;
            }
            "?" => Msg::Help(!self.help),
            digit => match digit.parse::<u32>() {
                Ok(n) if n > 0 && (n as usize) <= self.scene.nodes.len() => {
                    Msg::Select(Selected::Node(NodeId(n - 1)))
                }
                _ => return false,
            },
        };
        event.prevent_default();
        Component::update(self, ctx, msg)
    }
}
