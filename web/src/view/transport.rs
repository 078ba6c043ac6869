//! The transport bar: where in the history we are, and how to move in it.

use lockstep_sim::Grain;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::el::el;
use super::icons::{Icon, icon};
use super::percent;
use super::seconds;
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};

impl App {
    pub(super) fn transport(&self, ctx: &Context<Self>) -> Html {
        let cursor = self.timeline.cursor();
        let at_start = cursor == 0;
        let playing = self.playing.is_some();
        let button = |class: &'static str, key, mark, id: &'static str, msg: fn() -> Msg| {
            // It keeps the focus: whoever went back to the beginning is still there.
            let disabled = at_start && matches!(mark, Icon::Back | Icon::BackFar);
            html! {
                <button
                    type="button"
                    class={classes!("square", class)}
                    aria-label={self.t(key)}
                    title={self.t(key)}
                    data-testid={id}
                    aria-disabled={disabled.then_some("true")}
                    onclick={ctx.link().callback(move |_| msg())}
                >{ icon(mark) }</button>
            }
        };
        html! {
            <footer class="transport" role="group" aria-label={self.t(Key::TransportLabel)}>
                { button("", Key::BackFar, Icon::BackFar, "back-transition",
                    || Msg::Back(Some(Grain::Transition))) }
                { button("", Key::Back, Icon::Back, "back", || Msg::Back(None)) }
                <button
                    type="button"
                    class={classes!("primary", (cursor == self.began_at).then_some("invite"))}
                    data-testid="step"
                    onclick={ctx.link().callback(|_| Msg::Forward(None))}
                >{ self.t(Key::Step) }{ icon(Icon::Forward) }</button>
                { button("", Key::ForwardFar, Icon::ForwardFar, "step-transition",
                    || Msg::Forward(Some(Grain::Transition))) }
                <button
                    type="button"
                    class="play"
                    data-testid="play"
                    onclick={ctx.link().callback(|_| Msg::TogglePlay)}
                >
                    { icon(if playing { Icon::Pause } else { Icon::Play }) }
                    { self.t(if playing { Key::Pause } else { Key::Play }) }
                </button>
                { self.grains(ctx) }
                { self.slider(ctx) }
                if !self.is_recorded() { { self.branches_button(ctx) } }
                <span class="clock" data-testid="clock">
                    <span>
                        { grouped(cursor) }
                        <span class="soft">{ " / " }{ grouped(self.timeline.len()) }</span>
                    </span>
                    <span class="soft">{ seconds(self.timeline.now()) }</span>
                </span>
                { self.speeds(ctx) }
                { self.goal_reached(ctx) }
            </footer>
        }
    }

    fn grains(&self, ctx: &Context<Self>) -> Html {
        let options = [
            (Grain::Event, "event", Key::GrainEvent),
            (Grain::Segment, "segment", Key::GrainSegment),
            (Grain::Delivery, "delivery", Key::GrainDelivery),
            (Grain::Transition, "transition", Key::GrainTransition),
        ];
        let onchange = ctx.link().batch_callback(move |event: Event| {
            let select: HtmlSelectElement = event.target_dyn_into()?;
            let value = select.value();
            let found = options.iter().find(|(_, name, _)| *name == value)?;
            Some(Msg::Grain(found.0))
        });
        html! {
            <label class="choice">
                <span class="soft wide">{ self.t(Key::StepBy) }</span>
                <select aria-label={self.t(Key::StepBy)} data-testid="grain" {onchange}>
                    { for options.iter().map(|&(grain, name, key)| html! {
                        <option value={name} selected={self.grain == grain}>{ self.t(key) }</option>
                    }) }
                </select>
            </label>
        }
    }

    fn speeds(&self, ctx: &Context<Self>) -> Html {
        let onchange = ctx.link().batch_callback(|event: Event| {
            let select: HtmlSelectElement = event.target_dyn_into()?;
            select.value().parse().ok().map(Msg::Speed)
        });
        let options = [(0, "½×"), (1, "1×"), (2, "2×"), (4, "4×"), (8, "8×")];
        html! {
            <label class="choice">
                <select aria-label={self.t(Key::Speed)} title={self.t(Key::Speed)}
                    data-testid="speed" {onchange}>
                    { for options.iter().map(|&(speed, text)| html! {
                        <option value={speed.to_string()} selected={self.speed == speed}>
                            { text }
                        </option>
                    }) }
                </select>
            </label>
        }
    }

    fn slider(&self, ctx: &Context<Self>) -> Html {
        let len = self.timeline.len().max(1);
        let cursor = self.timeline.cursor();
        let oninput = ctx.link().batch_callback(|event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            input.value().parse().ok().map(Msg::Seek)
        });
        let value_text = self.lang.fill(
            Key::SliderValue,
            &[&grouped(cursor), &grouped(self.timeline.len()), &self.sentence()],
        );
        let marks = self.marks.drawn(self.timeline.len()).into_iter().map(|(left, step, mark)| {
            let title = format!("{}: {}", grouped(step), self.t(mark.key()));
            el("i", mark.class())
                .style(format!("left:{}", percent(left)))
                .attr("title", title)
                .attr("data-mark", step.to_string())
                .on_click(ctx.link().callback(move |_| Msg::Seek(step)))
                .done()
        });
        let at = percent(cursor as f64 * 100.0 / len as f64);
        html! {
            <div class="slider" style={format!("--at:{at}")}>
                <span class="flags" aria-hidden="true">{ for marks }</span>
                <input
                    type="range"
                    min="0"
                    max={self.timeline.len().to_string()}
                    value={cursor.to_string()}
                    aria-label={self.t(Key::SliderLabel)}
                    aria-valuetext={value_text}
                    data-testid="slider"
                    {oninput}
                />
            </div>
        }
    }
}
