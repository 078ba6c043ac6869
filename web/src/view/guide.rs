//! The left column: what to try, and how far one has come.

use yew::prelude::*;

use super::icons::{Icon, icon};
use crate::app::{App, Msg};
use crate::guide::{self, Action, EXPERIMENTS, Progress};
use crate::i18n::Key;

impl App {
    pub(super) fn guide(&self, ctx: &Context<Self>) -> Html {
        if self.shows_live() {
            return self.live_panel(ctx);
        }
        if let Some(panel) = self.recording_panel(ctx) {
            return panel;
        }
        if let Some(lesson) = self.open_lesson(ctx) {
            return html! {
                <nav class="guide" aria-label={self.t(Key::GuideLabel)} tabindex="0">{ lesson }</nav>
            };
        }
        let mut items = EXPERIMENTS.iter().enumerate().map(|(index, experiment)| {
            let open = index == self.experiment;
            let number = format!("{}", index + 1);
            html! {
                <li class={classes!(open.then_some("open"))}>
                    <button
                        type="button"
                        class="title"
                        aria-expanded={open.to_string()}
                        data-testid={format!("try-{number}")}
                        onclick={ctx.link().callback(move |_| Msg::Experiment(index))}
                    ><span class="number">{ number }</span>{ self.t(experiment.title) }</button>
                    if open { { self.experiment_body(ctx) } }
                </li>
            }
        });
        html! {
            <nav class="guide" aria-label={self.t(Key::GuideLabel)} tabindex="0">
                <h2>{ self.t(Key::GuideTitle) }</h2>
                <ol class="experiments">{ items.next() }</ol>
                { self.shelf(ctx) }
                <h2>{ self.t(Key::Sandbox) }</h2>
                <p class="small soft">{ self.t(Key::SandboxNote) }</p>
                <ol class="experiments">{ for items }</ol>
                <p class="soft small">{ self.t(Key::GuideHonest) }</p>
            </nav>
        }
    }

    fn experiment_body(&self, ctx: &Context<Self>) -> Html {
        let Some(experiment) = EXPERIMENTS.get(self.experiment) else { return Html::default() };
        let progress = Progress::new(&self.timeline, self.began_at, &self.scene.nodes);
        let goals = experiment.goals.iter().map(|(text, reached)| {
            let done = reached(&progress);
            let state = self.t(if done { Key::GoalDone } else { Key::GoalOpen });
            html! {
                <li class={classes!(done.then_some("done"))} data-done={done.to_string()}>
                    { icon(if done { Icon::Check } else { Icon::Circle }) }
                    <span>{ self.t(*text) }<span class="sr">{ state }</span></span>
                </li>
            }
        });
        let actions = experiment.actions.iter().enumerate().map(|(index, &(text, action))| {
            html! {
                <button
                    type="button"
                    class="action"
                    data-testid={format!("action-{}", index + 1)}
                    onclick={ctx.link().batch_callback(move |_| perform(action))}
                >{ self.t(text) }</button>
            }
        });
        let eras = match self.experiment {
            guide::ERAS => self.eras(ctx),
            _ => self.era_choice(ctx),
        };
        html! {
            <>
                { for experiment.text.iter().map(|text| html! { <p>{ self.t(*text) }</p> }) }
                { eras }
                if !experiment.actions.is_empty() {
                    <div class="actions">{ for actions }</div>
                }
                <h3>{ self.t(Key::GoalsTitle) }</h3>
                <ul class="goals" data-testid="goals">{ for goals }</ul>
            </>
        }
    }
}

fn perform(action: Action) -> Option<Msg> {
    match action.line() {
        Some((node, line)) => Some(Msg::Command(node, line)),
        None => action.intervention().map(|what| Msg::Act(vec![what])),
    }
}
