//! A node's log, in Redis's wording.

use lockstep_core::trace::{Event, Level};
use yew::prelude::*;

use super::seconds;
use crate::app::{App, Selected};
use crate::i18n::Key;

/// Lines shown at most.
const LINES_MAX: usize = 120;

impl App {
    pub(super) fn log(&self, _ctx: &Context<Self>) -> Html {
        let Selected::Node(id) = self.selected else {
            return html! { <p class="soft">{ self.t(Key::LogPick) }</p> };
        };
        let past = self.timeline.past();
        let cursor = self.timeline.cursor();
        let lines = past.iter().rev().flat_map(|step| {
            let here = step.effects.iter().rev().filter(move |effect| effect.node == id);
            here.filter_map(move |effect| match &effect.event {
                Event::Log(level, text) => Some((step, *level, text)),
                _ => None,
            })
        });
        let rows = lines.take(LINES_MAX).map(|(step, level, text)| {
            let mark = match level {
                Level::Debug => ".",
                Level::Verbose => "-",
                Level::Notice => "*",
                Level::Warning => "#",
            };
            let class = classes!(
                (level == Level::Warning).then_some("warn"),
                (step.index == cursor).then_some("changed"),
            );
            html! {
                <li {class}><span class="soft">{ seconds(step.at) }{ " " }{ mark }{ " " }</span>{ text }</li>
            }
        });
        let mut rows: Vec<Html> = rows.collect();
        rows.reverse();
        html! {
            <div>
                <h2>{ self.lang.fill(Key::LogTitle, &[&self.name(id)]) }</h2>
                if rows.is_empty() { <p class="soft">{ self.t(Key::LogEmpty) }</p> }
                <ol class="log" data-testid="log">{ for rows }</ol>
            </div>
        }
    }
}
