//! How large a backlog must be: the rate at which the stream grows, times how long a replica may be
//! away.

use lockstep_core::trace::Event;
use lockstep_sim::NodeId;
use lockstep_sim::view::Role;
use yew::prelude::*;

use super::LessonMsg;
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::view::el::el;

/// The rate is that of so many seconds before the cursor.
const WINDOW_S: u64 = 10;

/// Largest number that may be typed.
const INPUT_MAX: u64 = 1_000_000_000_000;

/// What people typed into it, as they typed it: a field can be empty while they do.
#[derive(Debug, Clone)]
pub(super) struct Calculator {
    /// Bytes per second; what is no number: as measured.
    rate: Option<String>,
    /// Seconds that a replica may be away.
    away: String,
}

/// A field of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Rate,
    Away,
}

impl Default for Calculator {
    fn default() -> Self {
        Self { rate: None, away: "60".to_owned() }
    }
}

impl Calculator {
    pub(super) fn set(&mut self, field: Field, text: &str) {
        match field {
            Field::Rate => self.rate = Some(text.to_owned()),
            Field::Away => text.clone_into(&mut self.away),
        }
    }

    /// Bytes for an absence of that long, and the rate that was reckoned with.
    fn needed(&self, measured: u64) -> (u64, u64) {
        let rate = self.rate.as_deref().and_then(number).unwrap_or(measured);
        (needed(rate, number(&self.away).unwrap_or_default()), rate)
    }
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok().map(|number: u64| number.min(INPUT_MAX))
}

/// Bytes for an absence of so many seconds.
fn needed(rate: u64, away: u64) -> u64 {
    rate.saturating_mul(away)
}

impl App {
    /// The master, and by how many bytes a second its stream has grown lately.
    fn measured(&self) -> Option<(NodeId, u64)> {
        let is_master = |node: &&lockstep_sim::view::NodeView| {
            node.live.as_ref().is_some_and(|live| live.role == Role::Master)
        };
        let master = self.scene.nodes.iter().find(is_master)?.id;
        let now = self.timeline.now();
        let recent = |step: &&std::sync::Arc<lockstep_sim::Step>| {
            now.micros_since(step.at) < WINDOW_S * 1_000_000
        };
        let steps = self.timeline.past().iter().rev().take_while(recent);
        let fed = steps.flat_map(|step| &step.effects).filter(|effect| effect.node == master);
        let bytes: usize = fed
            .map(|effect| match &effect.event {
                Event::Fed { bytes, .. } => bytes.len(),
                _ => 0,
            })
            .sum();
        let seconds = now.0.div_ceil(1_000_000).clamp(1, WINDOW_S);
        Some((master, bytes as u64 / seconds))
    }

    /// The calculator of the lesson that is open.
    pub(super) fn calculator(&self, ctx: &Context<Self>, calculator: &Calculator) -> Html {
        let Some((master, measured)) = self.measured() else { return Html::default() };
        let live = self.scene.node(master).and_then(|node| node.live.as_ref());
        let size = live.and_then(|live| live.backlog).map_or(0, |backlog| backlog.size);
        let (needed, rate) = calculator.needed(measured);
        let rate_shown = calculator.rate.clone().unwrap_or_else(|| measured.to_string());
        let lasts = size.checked_div(rate);
        let field = |field, key, id: &'static str, value: &str| {
            let oninput = ctx.link().callback(move |event: InputEvent| {
                let input = event.target_unchecked_into::<web_sys::HtmlInputElement>();
                Msg::Lesson(LessonMsg::Calculator(field, input.value()))
            });
            html! {
                <label>
                    <span>{ self.t(key) }</span>
                    <input
                        type="number"
                        min="0"
                        data-testid={id}
                        value={value.to_owned()}
                        {oninput}
                    />
                </label>
            }
        };
        let lasts = match lasts {
            Some(seconds) => {
                self.lang.fill(Key::CalculatorLasts, &[&grouped(size), &grouped(seconds)])
            }
            None => self.t(Key::CalculatorQuiet).to_owned(),
        };
        let measured =
            self.lang.fill(Key::CalculatorMeasured, &[&grouped(measured), &grouped(WINDOW_S)]);
        let command = format!("CONFIG SET repl-backlog-size {needed}");
        html! {
            <section
                class="calculator"
                data-testid="calculator"
                aria-label={self.t(Key::CalculatorTitle)}
            >
                <h3>{ self.t(Key::CalculatorTitle) }</h3>
                <p class="small soft">
                    { measured }
                </p>
                { field(Field::Rate, Key::CalculatorRate, "calculator-rate", &rate_shown) }
                { field(Field::Away, Key::CalculatorAway, "calculator-away", &calculator.away) }
                <p aria-live="polite" data-testid="calculator-size">
                    <b>{ self.lang.fill(Key::CalculatorNeeds, &[&grouped(needed)]) }</b>
                </p>
                { el("code", "block").text(&command).done() }
                <p class="small">{ lasts }</p>
            </section>
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn size_is_rate_times_absence() {
        assert_eq!(needed(1_500, 60), 90_000);
        assert_eq!(needed(u64::MAX, 2), u64::MAX);
        let mut calculator = Calculator::default();
        assert_eq!(calculator.needed(100), (6_000, 100));
        calculator.set(Field::Rate, "250");
        assert_eq!(calculator.needed(100), (15_000, 250));
        calculator.set(Field::Away, "");
        assert_eq!(calculator.needed(100), (0, 250));
        calculator.set(Field::Rate, "");
        calculator.set(Field::Away, "12");
        assert_eq!(calculator.needed(100), (1_200, 100), "as measured");
    }
}
