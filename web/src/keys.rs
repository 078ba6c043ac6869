//! The keyboard: what keys do, and lines typed into consoles.

use lockstep_sim::view::ConsoleText;
use lockstep_sim::{Grain, Intervention, NodeId};
use web_sys::{Element, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use crate::app::{App, Msg, Selected};
use crate::platform::{self, Wants};

/// The lines typed into a console, and where its user is among them.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    lines: Vec<String>,
    at: usize,
}

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

    pub(crate) fn command(&mut self, node: NodeId, line: String) {
        self.stop();
        let typed = self.typed_at(node);
        if typed.lines.last() != Some(&line) {
            typed.lines.push(line.clone());
        }
        typed.at = typed.lines.len();
        let before = std::mem::take(&mut self.scene.nodes);
        self.act(Intervention::Console { node, line });
        for _ in 0..Self::ANSWER_STEPS_MAX {
            let last = self.timeline.world().console(node).pop();
            let waits = last.is_some_and(|line| matches!(line.what, ConsoleText::Typed(_)))
                && !self.timeline.world().console_is_blocked(node);
            if !waits || !self.timeline.forward(Grain::Event) {
                break;
            }
        }
        self.moved(Some(before));
    }

    fn typed_at(&mut self, node: NodeId) -> &mut Typed {
        let index = node.0 as usize;
        if self.typed.len() <= index {
            self.typed.resize_with(index + 1, Typed::default);
        }
        &mut self.typed[index]
    }

    pub(crate) fn recall(&mut self, node: NodeId, by: i32, input: &HtmlInputElement) {
        let typed = self.typed_at(node);
        let at = if by < 0 { typed.at.saturating_sub(1) } else { typed.at + 1 };
        typed.at = at.min(typed.lines.len());
        input.set_value(typed.lines.get(typed.at).map_or("", String::as_str));
    }

    pub(crate) fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        use wasm_bindgen::JsCast;
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
