//! The list of events: one sentence a step.

use yew::prelude::*;

use super::seconds;
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::sentence::{self, Part};

/// Rows before and after the cursor that are there: a long history stays quick.
const ROWS_AROUND: u64 = 60;
/// Steps that are looked at for them, where some are left out.
const LOOK_MAX: u64 = 2_000;

/// A part of a sentence as an element.
pub(super) fn part(part: &Part) -> Html {
    match part {
        Part::Text(text) => html! { { text } },
        Part::Strong(text) => html! { <b>{ text }</b> },
        Part::Code(text) => html! { <code>{ text }</code> },
    }
}

impl App {
    /// The steps around the cursor that have a row, in order.
    fn listed(&self, cursor: u64) -> Vec<u64> {
        let listed = |index: &u64| {
            let step = self.timeline.step(*index);
            step.is_some_and(|step| !self.is_unlisted(step))
        };
        let before = (cursor.saturating_sub(LOOK_MAX).max(1)..=cursor).rev().filter(listed);
        let mut rows: Vec<u64> = before.take(ROWS_AROUND as usize).collect();
        rows.reverse();
        let last = self.timeline.len().min(cursor + LOOK_MAX);
        rows.extend((cursor + 1..=last).filter(listed).take(ROWS_AROUND as usize));
        rows
    }

    pub(super) fn events(&self, ctx: &Context<Self>) -> Html {
        let cursor = self.timeline.cursor();
        let rows = self.listed(cursor).into_iter().rev().filter_map(|index| {
            let step = self.timeline.step(index)?;
            let parts = sentence::parts(self.lang, &self.scene.names, step);
            let onclick = ctx.link().callback(move |_| Msg::Seek(index));
            let current = (index == cursor).then_some("step");
            let class = match index {
                i if i == cursor => "event now",
                i if i > cursor => "event ahead",
                _ if step.is_transition() => "event turn",
                _ => "event",
            };
            Some(html! {
                <li key={index}>
                    <button type="button" {class} aria-current={current} {onclick}>
                        <span class="index">{ grouped(index) }</span>
                        <span class="time">{ seconds(step.at) }</span>
                        <span>{ for parts.iter().map(part) }</span>
                    </button>
                </li>
            })
        });
        html! {
            <div class="scroll" tabindex="0" aria-label={self.t(Key::TabEvents)} role="region">
                <ol class="events" data-testid="events">{ for rows }</ol>
            </div>
        }
    }
}
