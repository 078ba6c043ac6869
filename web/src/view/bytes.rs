//! The inspector of bytes: hex and text beside what each byte means. Pointing at one, or moving to
//! it by keyboard, lights the other; under them, where a byte of the stream comes from.

use std::rc::Rc;

use lockstep_sim::{MessageKind, MessageRef};
use web_sys::Element;
use yew::prelude::*;

use super::icons::{self, Family};
use crate::app::{App, Msg};
use crate::dissect::{Context as Around, Dissection, Row, push_hex, readable};
use crate::i18n::{Key, Lang, grouped};
use crate::provenance::Origin;
use crate::sentence::Names;

/// Bytes in a line of hex.
const PER_LINE: usize = 8;
/// Bytes shown at first, and more at each request.
const SHOWN: usize = 256;
/// Runs of bytes shown in one row of the explanation.
const TOKENS_MAX: usize = 16;

impl App {
    pub(super) fn bytes(&self, ctx: &Context<Self>) -> Html {
        let Some(message) = self.shown_message() else {
            return html! { <p class="soft">{ self.t(Key::BytesNone) }</p> };
        };
        let steps = self.timeline.steps();
        let around = Around::of(steps, &message);
        let origin = Origin::of(self.timeline.past(), &self.scene.nodes, &message);
        let onseek = ctx.link().callback(Msg::Seek);
        let names = &self.scene.names;
        let way = format!("{} → {}", names.peer(message.from), names.peer(message.to));
        let key = message.id.to_string();
        let stream = message.stream.map(|range| {
            self.lang.fill(
                Key::BytesStream,
                &[&grouped(range.from), &grouped(range.to.saturating_sub(1))],
            )
        });
        let cut = self.timeline.recording().map_or(0, |recording| recording.missing(message.id));
        let cut = (cut > 0).then(|| self.lang.fill(Key::RecCutBytes, &[&grouped(cut)]));
        html! {
            <>
                { self.message_list(ctx, &message) }
                <p class="about">
                    <b>{ way }</b>
                    { " · " }{ self.t(kind_name(message.kind)) }
                    { " · " }{ self.lang.bytes(message.bytes.len() as u64) }
                    { for cut.map(|text| html! { <><br />{ text }</> }) }
                    { for stream.map(|text| html! { <><br />{ text }</> }) }
                </p>
                <Bytes
                    {key}
                    lang={self.lang}
                    names={Rc::new(self.scene.names.clone())}
                    bytes={Shared::Message(message)}
                    {around}
                    {origin}
                    {onseek}
                />
            </>
        }
    }

    /// The messages of this step and those on their way, to choose from.
    fn message_list(&self, ctx: &Context<Self>, shown: &MessageRef) -> Html {
        let current = self.timeline.current();
        let delivered = current.and_then(|step| match &step.cause {
            lockstep_sim::Cause::Delivered(message) => Some(message.clone()),
            _ => None,
        });
        let flights = self.scene.flights.iter().map(|flight| flight.message.clone());
        let mut all: Vec<MessageRef> = Vec::new();
        for message in delivered.into_iter().chain(flights).filter(|m| !m.bytes.is_empty()) {
            if all.len() < 12 && !all.iter().any(|known| known.id == message.id) {
                all.push(message);
            }
        }
        let chips = all.into_iter().map(|message| {
            let on = message.id == shown.id;
            let text = super::stage::short_label(self.lang, &message, 18);
            let family = Family::of(message.kind);
            html! {
                <button
                    type="button"
                    class={classes!("chip", on.then_some("on"))}
                    aria-pressed={on.to_string()}
                    onclick={ctx.link().callback(move |_| Msg::Show(message.clone()))}
                >{ icons::message(family, 64) }<code>{ text }</code></button>
            }
        });
        html! {
            <div class="chips" role="group" aria-label={self.t(Key::BytesPick)}>{ for chips }</div>
        }
    }
}

/// What a kind of message is called.
pub(super) fn kind_name(kind: MessageKind) -> Key {
    match kind {
        MessageKind::Connect => Key::KindConnect,
        MessageKind::Accept => Key::KindAccept,
        MessageKind::Refuse => Key::KindRefuse,
        MessageKind::Fin => Key::KindFin,
        MessageKind::Reset => Key::KindReset,
        MessageKind::Handshake => Key::KindHandshake,
        MessageKind::Reply => Key::KindReply,
        MessageKind::Error => Key::KindError,
        MessageKind::RdbHeader => Key::KindRdbHeader,
        MessageKind::Rdb => Key::KindRdb,
        MessageKind::Stream => Key::KindStream,
        MessageKind::Ping => Key::KindPing,
        MessageKind::Ack => Key::KindAck,
        MessageKind::Keepalive => Key::KindKeepalive,
        MessageKind::Request => Key::KindRequest,
        MessageKind::Response => Key::KindResponse,
    }
}

/// Bytes as a property: equal if they are of the same message, or of the same place in a file.
#[derive(Clone)]
pub(crate) enum Shared {
    Message(MessageRef),
    /// A number of its own for each place that is shown.
    Place(u64, Rc<Vec<u8>>),
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Message(a), Self::Message(b)) => a.id == b.id,
            (Self::Place(a, _), Self::Place(b, _)) => a == b,
            _ => false,
        }
    }
}

impl std::ops::Deref for Shared {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Message(message) => &message.bytes,
            Self::Place(_, bytes) => bytes,
        }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct BytesProps {
    pub(crate) lang: Lang,
    pub(crate) names: Rc<Names>,
    pub(crate) bytes: Shared,
    pub(crate) around: Around,
    pub(crate) origin: Option<Origin>,
    pub(crate) onseek: Callback<u64>,
}

/// Hex and explanations of one message. What is lit is its own business: pointing at a byte draws
/// nothing else anew.
pub(crate) struct Bytes {
    dissection: Dissection,
    lit: Option<usize>,
    shown: usize,
}

pub(crate) enum BytesMsg {
    Light(Option<usize>),
    More,
    Key(KeyboardEvent),
}

impl Component for Bytes {
    type Message = BytesMsg;
    type Properties = BytesProps;

    fn create(ctx: &Context<Self>) -> Self {
        let dissection = ctx.props().around.dissect();
        // What a message is about lights up by itself: its last word.
        let lit = dissection.leaves.iter().rposition(|leaf| !leaf.minor && leaf.start < SHOWN);
        Self { dissection, lit, shown: SHOWN }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &Self::Properties) -> bool {
        if ctx.props().around != old.around {
            self.dissection = ctx.props().around.dissect();
        }
        true
    }

    fn update(&mut self, _ctx: &Context<Self>, msg: BytesMsg) -> bool {
        match msg {
            BytesMsg::Light(leaf) if leaf.is_none() || leaf == self.lit => false,
            BytesMsg::Light(leaf) => {
                self.lit = leaf;
                true
            }
            BytesMsg::More => {
                self.shown *= 4;
                true
            }
            BytesMsg::Key(event) => self.moved(&event),
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let BytesProps { lang, bytes, .. } = ctx.props();
        let link = ctx.link();
        let light = link.callback(|event: MouseEvent| BytesMsg::Light(leaf_under(&event)));
        let focus = link.callback(|event: FocusEvent| BytesMsg::Light(leaf_under(&event)));
        let total = bytes.len();
        let shown = total.min(self.shown);
        let rows = self.dissection.rows.iter();
        let rows = rows.take_while(|row| self.dissection.leaves[row.leaves.start].start < shown);
        html! {
            <div class="bytes" onmouseover={light.clone()} onclick={light} onfocusin={focus}>
                <div class="hex" data-testid="hex" role="group" tabindex="0"
                    aria-label={lang.t(Key::HexLabel)} onkeydown={link.callback(BytesMsg::Key)}>
                    { for (0..shown).step_by(PER_LINE).map(|at| self.line(bytes, at)) }
                </div>
                <p class="lit" data-testid="lit" aria-live="polite">{ self.explained(*lang) }</p>
                if total > shown {
                    <button type="button" onclick={link.callback(|_| BytesMsg::More)}>
                        { lang.fill(Key::BytesMore, &[&grouped((total - shown) as u64)]) }
                    </button>
                }
                <ul class="fields" data-testid="fields">
                    { for rows.map(|row| self.row(ctx, row)) }
                </ul>
                { self.origin(ctx) }
            </div>
        }
    }
}

impl Bytes {
    /// The arrow keys go from one explanation to the next.
    fn moved(&mut self, event: &KeyboardEvent) -> bool {
        let lit = self.lit.unwrap_or_default();
        let last = self.dissection.leaves.len().saturating_sub(1);
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => (lit + 1).min(last),
            "ArrowLeft" | "ArrowUp" => lit.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            _ => return false,
        };
        event.prevent_default();
        // The page has other uses for the arrows.
        event.stop_propagation();
        while self.dissection.leaves.get(next).is_some_and(|leaf| leaf.start >= self.shown) {
            self.shown *= 4;
        }
        self.lit = Some(next);
        true
    }

    /// The bytes that are lit: the first, and the one after the last.
    pub(super) fn lit_range(&self) -> Option<(usize, usize)> {
        let leaf = self.dissection.leaves.get(self.lit?)?;
        Some((leaf.start, leaf.end))
    }

    /// What is lit, in words.
    fn explained(&self, lang: Lang) -> Html {
        let leaf = self.lit.and_then(|lit| self.dissection.leaves.get(lit));
        let text = leaf.map(|leaf| {
            let mut range = hex_offset(leaf.start);
            if leaf.end > leaf.start + 1 {
                range = range + "–" + &hex_offset(leaf.end - 1);
            }
            (range, leaf.what.to(lang))
        });
        match text {
            Some((range, what)) => html! { <><code>{ range }</code>{ " " }{ what }</> },
            None => Html::default(),
        }
    }

    /// A line of hex and text, in runs of one explanation each.
    fn line(&self, bytes: &[u8], start: usize) -> Html {
        let dissection = &self.dissection;
        let end = (start + PER_LINE).min(bytes.len());
        let mut runs = Vec::new();
        let mut at = start;
        while at < end {
            let Some(leaf) = dissection.leaf_at(at) else { break };
            let until = dissection.leaves[leaf].end.min(end);
            runs.push((leaf, at, until));
            at = until;
        }
        let class = |leaf: usize| {
            let minor = dissection.leaves[leaf].minor.then_some("minor");
            classes!(minor, (Some(leaf) == self.lit).then_some("lit"))
        };
        let hex = runs.iter().map(|&(leaf, from, to)| {
            let mut text = String::with_capacity((to - from) * 3);
            for (index, &byte) in bytes[from..to].iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                push_hex(&mut text, byte);
            }
            html! { <><span class={class(leaf)} data-leaf={leaf.to_string()}>{ text }</span>{ " " }</> }
        });
        let text = runs.iter().map(|&(leaf, from, to)| {
            let show = |&byte: &u8| match byte {
                b' '..=b'~' => char::from(byte),
                _ => '·',
            };
            let text: String = bytes[from..to].iter().map(show).collect();
            html! { <span class={class(leaf)} data-leaf={leaf.to_string()}>{ text }</span> }
        });
        html! {
            <div class="hexline">
                <span class="soft">{ hex_offset(start) }</span>
                <span class="digits">{ for hex }</span>
                <span class="text">{ for text }</span>
            </div>
        }
    }

    fn row(&self, ctx: &Context<Self>, row: &Row) -> Html {
        let BytesProps { lang, bytes, .. } = ctx.props();
        let dissection = &self.dissection;
        let on = self.lit.is_some_and(|lit| row.leaves.contains(&lit));
        // The row stands for its content, not for its framing.
        let main = row.leaves.clone().rfind(|&leaf| !dissection.leaves[leaf].minor);
        let main = main.unwrap_or(row.leaves.start).to_string();
        let tokens = row.leaves.clone().take(TOKENS_MAX).map(|index| {
            let leaf = &dissection.leaves[index];
            let text = readable(&bytes[leaf.start..leaf.end], 28);
            let lit = (Some(index) == self.lit).then_some("lit");
            html! {
                <code class={classes!(leaf.minor.then_some("minor"), lit)}
                    data-leaf={index.to_string()} title={leaf.what.to(*lang)}>{ text }</code>
            }
        });
        html! {
            <li class={classes!(format!("d{}", row.depth.min(4)), on.then_some("on"))}>
                <button type="button" class="field" data-leaf={main}>
                    <span class="what">{ row.label.to(*lang) }</span>
                    { for row.value.iter().map(|value| html! { <b>{ value }</b> }) }
                    <span class="tokens">
                        { for tokens }
                        if row.leaves.len() > TOKENS_MAX { { "…" } }
                    </span>
                    { for row.note.iter().map(|note| html! {
                        <span class="note">{ note.to(*lang) }</span>
                    }) }
                </button>
            </li>
        }
    }
}

/// An offset in hex: two bytes, or as many as it takes.
fn hex_offset(offset: usize) -> String {
    let mut text = String::new();
    for byte in offset.to_be_bytes() {
        push_hex(&mut text, byte);
    }
    let digits = text.trim_start_matches('0').len().max(4);
    text.split_off(text.len() - digits)
}

/// The leaf whose element is under the pointer, or has the focus.
fn leaf_under(event: &Event) -> Option<usize> {
    let element: Element = event.target_dyn_into()?;
    let holder = element.closest("[data-leaf]").ok().flatten()?;
    holder.get_attribute("data-leaf")?.parse().ok()
}
