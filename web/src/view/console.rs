//! A redis-cli console for each node.

use lockstep_sim::NodeId;
use lockstep_sim::view::ConsoleText;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{App, Msg};
use crate::i18n::Key;

/// Lines shown at most.
const LINES_MAX: usize = 200;

impl App {
    pub(super) fn console(&self, ctx: &Context<Self>, node: NodeId) -> Html {
        let lines = self.timeline.world().console(node);
        let address = self.scene.node(node).map(|node| node.address.clone()).unwrap_or_default();
        let prompt = format!("{address}> ");
        let first = lines.len().saturating_sub(LINES_MAX);
        // Newest first in the document and turned around by the style sheet: the view stays at
        // the last line without a script.
        let shown = lines[first..].iter().rev().map(|line| match &line.what {
            ConsoleText::Typed(text) => {
                let short: String = text.chars().take(400).collect();
                html! { <p><span class="soft">{ &prompt }</span>{ short }</p> }
            }
            ConsoleText::Reply(text) => {
                let class = text.starts_with("(error)").then_some("bad");
                html! { <p class={classes!(class)}>{ text }</p> }
            }
            ConsoleText::Notice(text) => html! { <p class="bad">{ text }</p> },
            ConsoleText::Raw(message) => html! { <p>{ message.label(400) }</p> },
        });
        let label = self.lang.fill(Key::ConsoleLabel, &[&self.name(node)]);
        html! {
            <div class="console">
                <div class="lines" role="log" aria-label={label.clone()} tabindex="0"
                    data-testid="console-lines">
                    <div>{ for shown.collect::<Vec<_>>().into_iter().rev() }
                        if self.timeline.world().console_is_blocked(node) {
                            <p class="soft">{ self.t(Key::ConsoleWaits) }</p>
                        }
                        if lines.is_empty() {
                            <p class="soft">{ self.t(Key::ConsoleEmpty) }</p>
                        }
                    </div>
                </div>
                <label class="entry">
                    <span class="soft">{ prompt }</span>
                    <input
                        type="text"
                        key={node.0}
                        aria-label={label}
                        data-testid="console-input"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        onkeydown={ctx.link().batch_callback(move |event: KeyboardEvent| {
                            typed(node, &event)
                        })}
                    />
                </label>
            </div>
        }
    }
}

/// What a key in the input does: Enter sends, the arrows recall earlier lines.
fn typed(node: NodeId, event: &KeyboardEvent) -> Option<Msg> {
    let input: HtmlInputElement = event.target_dyn_into()?;
    match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            let line = input.value().trim().to_owned();
            input.set_value("");
            (!line.is_empty()).then_some(Msg::Command(node, line))
        }
        "ArrowUp" => {
            event.prevent_default();
            Some(Msg::Recall(node, -1, input))
        }
        "ArrowDown" => {
            event.prevent_default();
            Some(Msg::Recall(node, 1, input))
        }
        _ => None,
    }
}
