//! A dial: one of a few values, chosen with a slider.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{App, Msg};
use crate::i18n::Key;

/// What a dial shows.
pub(super) struct Dial {
    pub(super) id: &'static str,
    pub(super) label: Key,
    /// What it turns through.
    pub(super) values: &'static [u64],
    /// What it stands at.
    pub(super) at: u64,
    /// The same in words.
    pub(super) text: String,
}

impl Dial {
    /// The place of the value that is nearest to where it stands.
    fn place(&self) -> usize {
        let apart = |&(_, value): &(usize, &u64)| value.abs_diff(self.at);
        self.values.iter().enumerate().min_by_key(apart).map_or(0, |(place, _)| place)
    }
}

impl App {
    /// A dial; what it is turned to is told when it is let go.
    pub(super) fn dial(
        &self,
        ctx: &Context<Self>,
        dial: Dial,
        turned: impl Fn(u64) -> Msg + 'static,
    ) -> Html {
        let values = dial.values;
        let onchange = ctx.link().batch_callback(move |event: Event| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            let place: usize = input.value().parse().ok()?;
            values.get(place).map(|&value| turned(value))
        });
        html! {
            <label class="dial">
                <span>{ self.t(dial.label) }</span>
                <output>{ &dial.text }</output>
                <input
                    type="range"
                    min="0"
                    max={(values.len() - 1).to_string()}
                    value={dial.place().to_string()}
                    aria-valuetext={dial.text.clone()}
                    data-testid={dial.id}
                    {onchange}
                />
            </label>
        }
    }
}
