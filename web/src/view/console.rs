//! A console for each node: redis-cli, or a raw connection as in telnet.

use std::sync::Arc;

use lockstep_sim::console::{INTERRUPT, assist};
use lockstep_sim::view::{ConsoleLine, ConsoleText};
use lockstep_sim::{MessageKind, MessageRef, NodeId};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::el::el;
use crate::app::{App, Msg};
use crate::console::{Completion, Desk, is_error};
use crate::i18n::{Key, Lang};

/// Lines shown at most.
const LINES_MAX: usize = 200;
/// Characters of a line shown at most.
const CHARS_MAX: usize = 4_000;
/// Bytes of a raw message shown at most.
const RAW_MAX: usize = 400;

impl App {
    pub(super) fn console(&self, ctx: &Context<Self>, node: NodeId) -> Html {
        let world = self.timeline.world();
        let link = ctx.link();
        let onsend = link.callback(move |(raw, line)| match raw {
            true => Msg::Raw(node, line),
            false => Msg::Command(node, line),
        });
        html! {
            <Console
                key={node.0}
                lang={self.lang}
                name={self.name(node)}
                prompt={world.prompt(node)}
                lines={Lines([world.console(node), world.telnet(node)])}
                blocked={world.console_is_blocked(node)}
                desk={Shared(self.desk(node))}
                {onsend}
                onshow={link.callback(Msg::Show)}
            />
        }
    }
}

/// What the two consoles of a node show. Lines are only ever added or, with the cursor, others.
#[derive(Clone)]
struct Lines([Vec<Arc<ConsoleLine>>; 2]);

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// A desk is always the same one.
#[derive(Clone)]
struct Shared(Desk);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        std::rc::Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct ConsoleProps {
    lang: Lang,
    name: String,
    prompt: String,
    lines: Lines,
    blocked: bool,
    desk: Shared,
    onsend: Callback<(bool, String)>,
    onshow: Callback<MessageRef>,
}

/// The line that is being typed is the console's own business.
struct Console {
    line: String,
    completion: Completion,
}

enum ConsoleMsg {
    Typed(String),
    Key(KeyboardEvent),
    /// A line is finished.
    Enter(String),
    Raw(bool),
    Interrupt,
}

impl Component for Console {
    type Message = ConsoleMsg;
    type Properties = ConsoleProps;

    fn create(_ctx: &Context<Self>) -> Self {
        Self { line: String::new(), completion: Completion::default() }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: ConsoleMsg) -> bool {
        match msg {
            ConsoleMsg::Typed(line) => {
                self.completion.end();
                self.line = line;
                true
            }
            ConsoleMsg::Key(event) => self.key(ctx, &event),
            ConsoleMsg::Enter(line) => self.enter(ctx, line),
            ConsoleMsg::Raw(raw) => {
                ctx.props().desk.0.borrow_mut().raw = raw;
                self.line.clear();
                self.completion.end();
                true
            }
            ConsoleMsg::Interrupt => {
                self.send(ctx, INTERRUPT.to_owned());
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let ConsoleProps { lang, name, .. } = ctx.props();
        let raw = ctx.props().desk.0.borrow().raw;
        let key = if raw { Key::TelnetLabel } else { Key::ConsoleLabel };
        let label = lang.fill(key, &[name]);
        let shown = self.lines(ctx, raw);
        html! {
            <div class="console">
                <div class="lines" role="log" aria-label={label.clone()} tabindex="0"
                    data-testid="console-lines">
                    <div>
                        { for shown }
                    </div>
                </div>
                { self.entry(ctx, raw, label) }
            </div>
        }
    }
}

impl Console {
    fn send(&mut self, ctx: &Context<Self>, line: String) {
        let ConsoleProps { desk, onsend, .. } = ctx.props();
        let raw = desk.0.borrow().raw;
        self.completion.end();
        self.line.clear();
        if line != INTERRUPT {
            desk.0.borrow_mut().history().push(&line);
        }
        // An empty line is a command only over a raw connection.
        if raw || !line.trim().is_empty() {
            onsend.emit((raw, line));
        }
    }

    fn enter(&mut self, ctx: &Context<Self>, line: String) -> bool {
        let desk = &ctx.props().desk.0;
        let raw = desk.borrow().raw;
        if !raw && line.trim().eq_ignore_ascii_case("clear") {
            desk.borrow_mut().history().push(&line);
            return self.clear(ctx, raw);
        }
        self.send(ctx, line);
        true
    }

    /// The keys of redis-cli. True: something changed.
    fn key(&mut self, ctx: &Context<Self>, event: &KeyboardEvent) -> bool {
        let desk = &ctx.props().desk.0;
        let raw = desk.borrow().raw;
        let control = event.ctrl_key() && !event.alt_key() && !event.meta_key();
        let new = match event.key().as_str() {
            "ArrowUp" => desk.borrow_mut().history().step(true, &self.line),
            "ArrowDown" => desk.borrow_mut().history().step(false, &self.line),
            "Tab" if !raw && !event.shift_key() => {
                let Some(offer) = self.completion.next(&self.line) else { return false };
                event.prevent_default();
                self.line = offer;
                return true;
            }
            "Escape" => self.completion.cancel(),
            "r" if control => {
                let found = desk.borrow_mut().history().search(&self.line);
                found.or(Some(self.line.clone()))
            }
            "l" if control => {
                event.prevent_default();
                return self.clear(ctx, raw);
            }
            "c" if control && !has_selection(event) => {
                event.prevent_default();
                self.send(ctx, INTERRUPT.to_owned());
                return true;
            }
            _ => None,
        };
        let Some(new) = new else { return false };
        event.prevent_default();
        self.completion.end();
        self.line = new;
        true
    }

    /// The screen is cleared; the lines remain in the world.
    fn clear(&mut self, ctx: &Context<Self>, raw: bool) -> bool {
        let ConsoleProps { desk, lines, .. } = ctx.props();
        desk.0.borrow_mut().cleared[usize::from(raw)] = lines.0[usize::from(raw)].len();
        self.line.clear();
        true
    }

    /// What was typed and what came back.
    fn lines(&self, ctx: &Context<Self>, raw: bool) -> Vec<Html> {
        let ConsoleProps { lang, lines, blocked, desk, .. } = ctx.props();
        let lines = &lines.0[usize::from(raw)];
        let mut first = lines.len().saturating_sub(LINES_MAX);
        let cleared = desk.0.borrow().cleared[usize::from(raw)];
        // Who has gone back in time sees what there was.
        if cleared <= lines.len() {
            first = first.max(cleared);
        }
        let mut shown: Vec<Html> =
            lines[first..].iter().map(|line| self.line_of(ctx, line)).collect();
        let note = match (raw, shown.is_empty()) {
            (false, _) if *blocked => Some(Key::ConsoleWaits),
            (false, true) => Some(Key::ConsoleEmpty),
            (true, true) => Some(Key::TelnetEmpty),
            _ => None,
        };
        shown.extend(note.map(|note| el("p", "soft").text(lang.t(note)).done()));
        shown
    }

    fn line_of(&self, ctx: &Context<Self>, line: &ConsoleLine) -> Html {
        match &line.what {
            ConsoleText::Typed(text) => {
                let prompt = el("span", "soft").text(&line.prompt).done();
                el("p", "typed").child(prompt).text(&short(text)).done()
            }
            ConsoleText::Reply(text) => reply(&short(text)),
            ConsoleText::Notice(text) => el("p", "bad").text(text).done(),
            ConsoleText::Raw(message) => self.raw(ctx, message),
        }
    }

    /// Bytes that arrived over a raw connection, with a way to the inspector.
    fn raw(&self, ctx: &Context<Self>, message: &MessageRef) -> Html {
        let ConsoleProps { lang, onshow, .. } = ctx.props();
        let bytes = &message.bytes;
        let text = match message.kind {
            MessageKind::Rdb => lang.fill(Key::TelnetRdb, &[&lang.bytes(bytes.len() as u64)]),
            _ => escaped(&bytes[..bytes.len().min(RAW_MAX)]),
        };
        let more =
            if bytes.len() > RAW_MAX && message.kind != MessageKind::Rdb { "…" } else { "" };
        let shown = message.clone();
        let open = el("button", "link")
            .attr("type", "button".to_owned())
            .on_click(onshow.reform(move |_| shown.clone()))
            .text(lang.t(Key::TabBytes));
        let text = el("span", "").text(&(text + more + " ")).done();
        el("p", "raw").child(text).child(open.done()).done()
    }

    /// The line that is being typed.
    fn entry(&self, ctx: &Context<Self>, raw: bool, label: String) -> Html {
        let ConsoleProps { lang, prompt, .. } = ctx.props();
        let link = ctx.link();
        let oninput = link.batch_callback(|event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(ConsoleMsg::Typed(input.value()))
        });
        let onkeydown = link.callback(|event: KeyboardEvent| {
            let input: Option<HtmlInputElement> = event.target_dyn_into();
            match input.filter(|_| event.key() == "Enter" && !event.is_composing()) {
                // It leaves the field at once: what is typed before the page is drawn again is
                // another line.
                Some(input) => {
                    let line = input.value();
                    input.set_value("");
                    ConsoleMsg::Enter(line)
                }
                None => ConsoleMsg::Key(event),
            }
        });
        let hint = if raw { String::new() } else { assist::hint(&self.line) };
        let mode = |on: bool, text: &'static str, id: &str| {
            let class = if on == raw { "seg on" } else { "seg" };
            el("button", class)
                .attr("type", "button".to_owned())
                .attr("aria-pressed", (on == raw).to_string())
                .id(id)
                .on_click(link.callback(move |_| ConsoleMsg::Raw(on)))
                .text(text)
                .done()
        };
        let interrupt = el("button", "seg")
            .attr("type", "button".to_owned())
            .attr("title", lang.t(Key::ConsoleInterrupt).to_owned())
            .id("console-interrupt")
            .on_click(link.callback(|_| ConsoleMsg::Interrupt))
            .text("Ctrl-C")
            .done();
        html! {
            <div class="entry">
                <label>
                    <span class="soft prompt-now">{ if raw { "" } else { prompt.as_str() } }</span>
                    <span class="field-now">
                        <span class="ghost" aria-hidden="true"><i>{ &self.line }</i>{ hint.clone() }</span>
                        <input
                            type="text"
                            aria-label={label}
                            aria-description={(!hint.is_empty()).then_some(hint)}
                            data-testid="console-input"
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck="false"
                            value={self.line.clone()}
                            {oninput}
                            {onkeydown}
                        />
                    </span>
                </label>
                <div class="modes" role="group" aria-label={lang.t(Key::ConsoleMode)}>
                    { interrupt }
                    { mode(false, "redis-cli", "mode-cli") }
                    { mode(true, "telnet", "mode-telnet") }
                </div>
            </div>
        }
    }
}

/// A reply, with its errors in red.
fn reply(text: &str) -> Html {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let class = if is_error(line) { "bad" } else { "" };
        lines.push(el("span", class).text(line).done());
        lines.push("\n".into());
    }
    lines.pop();
    el("p", "").children(lines).done()
}

/// Bytes as text, with what cannot be seen escaped; a line end also ends the line.
fn escaped(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string().replace("\\n", "\\n\n");
    text.trim_end_matches('\n').replace("\\\"", "\"").replace("\\'", "'")
}

fn short(text: &str) -> String {
    text.chars().take(CHARS_MAX).collect()
}

/// Whether text is selected in the input: then Ctrl-C copies.
fn has_selection(event: &KeyboardEvent) -> bool {
    let input: Option<HtmlInputElement> = event.target_dyn_into();
    input.is_some_and(|input| {
        let ends = [input.selection_start(), input.selection_end()];
        matches!(ends, [Ok(Some(start)), Ok(Some(end))] if start != end)
    })
}
