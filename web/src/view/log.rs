//! A node's log, in Redis's wording: filtered by level and text; each line leads to its step.

use lockstep_core::trace::{Event, Level};
use lockstep_sim::Step;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::seconds;
use crate::app::{App, Msg, Selected};
use crate::i18n::Key;

/// Lines shown at most.
const LINES_MAX: usize = 120;

/// What is shown of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// This level and those above.
    pub(crate) level: Level,
    /// Lines that contain this, in any case.
    pub(crate) text: String,
}

impl Default for LogFilter {
    fn default() -> Self {
        Self { level: Level::Debug, text: String::new() }
    }
}

impl LogFilter {
    fn shows(&self, level: Level, text: &str) -> bool {
        level >= self.level
            && (self.text.is_empty() || text.to_lowercase().contains(&self.text.to_lowercase()))
    }
}

/// The mark of a level in Redis's log.
fn mark(level: Level) -> &'static str {
    match level {
        Level::Debug => ".",
        Level::Verbose => "-",
        Level::Notice => "*",
        Level::Warning => "#",
    }
}

impl App {
    pub(super) fn log(&self, ctx: &Context<Self>) -> Html {
        let Selected::Node(id) = self.selected else {
            return html! { <p class="soft">{ self.t(Key::LogPick) }</p> };
        };
        let lines = self.timeline.past().iter().rev().flat_map(|step| {
            let here = step.effects.iter().rev().filter(move |effect| effect.node == id);
            here.filter_map(move |effect| match &effect.event {
                Event::Log(level, text) => Some((step, *level, text)),
                _ => None,
            })
        });
        let mut any = false;
        let lines = lines.inspect(|_| any = true);
        let lines = lines.filter(|(_, level, text)| self.log_filter.shows(*level, text));
        let rows = lines.take(LINES_MAX);
        let rows = rows.map(|(step, level, text)| self.log_line(ctx, step, level, text));
        let mut rows: Vec<Html> = rows.collect();
        rows.reverse();
        let empty = match any {
            true => Key::LogNoMatch,
            false if self.is_recorded() => Key::RecNoLog,
            false => Key::LogEmpty,
        };
        html! {
            <div>
                <div class="log-tools">
                    <h2>{ self.lang.fill(Key::LogTitle, &[&self.name(id)]) }</h2>
                    { self.log_levels(ctx) }
                    { self.log_text(ctx) }
                </div>
                if rows.is_empty() { <p class="soft">{ self.t(empty) }</p> }
                <ol class="log" data-testid="log">{ for rows }</ol>
            </div>
        }
    }

    fn log_line(&self, ctx: &Context<Self>, step: &Step, level: Level, text: &str) -> Html {
        let index = step.index;
        let class = classes!(
            (level == Level::Warning).then_some("warn"),
            (index == self.timeline.cursor()).then_some("changed"),
        );
        let title = self.lang.fill(Key::StepNumber, &[&index.to_string()]);
        let onclick = ctx.link().callback(move |_: MouseEvent| Msg::Seek(index));
        html! {
            <li {class}>
                <button type="button" class="when" {title} {onclick}>{ seconds(step.at) }</button>
                <span class="soft">{ " " }{ mark(level) }{ " " }</span>{ text }
            </li>
        }
    }

    fn log_levels(&self, ctx: &Context<Self>) -> Html {
        let levels = [(Level::Debug, Key::LogAll), (Level::Notice, Key::LogNotice)];
        let levels = levels.into_iter().chain([(Level::Warning, Key::LogWarning)]);
        let buttons = levels.map(|(level, key)| {
            let on = self.log_filter.level == level;
            let filter = LogFilter { level, text: self.log_filter.text.clone() };
            self.choice(ctx, on, "", self.t(key), Msg::Log(filter))
        });
        html! {
            <div class="segs" role="group" aria-label={self.t(Key::LogLevels)}>{ for buttons }</div>
        }
    }

    fn log_text(&self, ctx: &Context<Self>) -> Html {
        let level = self.log_filter.level;
        let oninput = ctx.link().batch_callback(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(Msg::Log(LogFilter { level, text: input.value() }))
        });
        html! {
            <input type="search" class="search" data-testid="log-search"
                aria-label={self.t(Key::LogSearch)} placeholder={self.t(Key::LogSearch)}
                value={self.log_filter.text.clone()} {oninput} />
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_log_is_filtered_by_level_and_text() {
        let filter = LogFilter { level: Level::Notice, text: "MASTER".into() };
        assert!(filter.shows(Level::Warning, "no master"));
        assert!(!filter.shows(Level::Verbose, "no master"));
        assert!(!filter.shows(Level::Notice, "replica"));
        assert!(LogFilter::default().shows(Level::Debug, ""));
    }
}
