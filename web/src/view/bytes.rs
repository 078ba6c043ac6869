//! The inspector of bytes: hex and text beside what each byte means. Pointing at one lights the
//! other.

use lockstep_sim::{Message, MessageKind, MessageRef, Timeline};
use web_sys::Element;
use yew::prelude::*;

use super::icons::{self, Family};
use crate::app::{App, Msg};
use crate::dissect::{Dissection, Reading, Row, push_hex, readable};
use crate::i18n::{Key, Lang, grouped};

/// Bytes in a line of hex.
const PER_LINE: usize = 8;
/// Bytes shown at first, and more at each request.
const SHOWN: usize = 256;

impl App {
    pub(super) fn bytes(&self, ctx: &Context<Self>) -> Html {
        let Some(message) = self.shown_message() else {
            return html! { <p class="soft">{ self.t(Key::BytesNone) }</p> };
        };
        let dissection = explain(&self.timeline, &message);
        let names = &self.scene.names;
        let way = format!("{} → {}", names.peer(message.from), names.peer(message.to));
        let key = message.id.to_string();
        let stream = message.stream.map(|range| {
            self.lang.fill(
                Key::BytesStream,
                &[&grouped(range.from), &grouped(range.to.saturating_sub(1))],
            )
        });
        html! {
            <>
                { self.message_list(ctx, &message) }
                <p class="about">
                    <b>{ way }</b>
                    { " · " }{ self.t(kind_name(message.kind)) }
                    { " · " }{ self.lang.bytes(message.bytes.len() as u64) }
                    { for stream.map(|text| html! { <><br />{ text }</> }) }
                </p>
                <Bytes
                    {key}
                    lang={self.lang}
                    message={Shared(message)}
                    {dissection}
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

/// Takes a message apart. A part of an RDB transfer is read with all that came before it.
fn explain(timeline: &Timeline, message: &MessageRef) -> Dissection {
    let reading = match message.kind {
        MessageKind::Reply | MessageKind::Error | MessageKind::Response => Reading::Replies,
        MessageKind::RdbHeader | MessageKind::Rdb => Reading::Transfer,
        _ => Reading::Commands,
    };
    if message.kind != MessageKind::Rdb {
        return Dissection::of(&reading, &message.bytes);
    }
    let mut before = Vec::new();
    let all = timeline.steps().iter().flat_map(|step| &step.sent);
    let same_way = |m: &&MessageRef| m.wire == message.wire && m.from == message.from;
    for part in all.filter(same_way).take_while(|part| part.id < message.id) {
        match part.kind {
            // A transfer starts afresh with each header.
            MessageKind::RdbHeader => before.clone_from(&part.bytes),
            MessageKind::Rdb => before.extend_from_slice(&part.bytes),
            _ => {}
        }
    }
    let start = before.len();
    before.extend_from_slice(&message.bytes);
    Dissection::of(&reading, &before).slice(start..before.len())
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

/// A message as a property: equal if it is the same message.
#[derive(Clone)]
struct Shared(MessageRef);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl std::ops::Deref for Shared {
    type Target = Message;
    fn deref(&self) -> &Message {
        &self.0
    }
}

#[derive(Properties, PartialEq)]
struct BytesProps {
    lang: Lang,
    message: Shared,
    dissection: Dissection,
}

/// Hex and explanations of one message. What is lit is its own business: pointing at a byte draws
/// nothing else anew.
struct Bytes {
    lit: Option<usize>,
    shown: usize,
}

enum BytesMsg {
    Light(Option<usize>),
    More,
}

impl Component for Bytes {
    type Message = BytesMsg;
    type Properties = BytesProps;

    fn create(ctx: &Context<Self>) -> Self {
        // What a message is about lights up by itself: its last word.
        let leaves = &ctx.props().dissection.leaves;
        let lit = leaves.iter().rposition(|leaf| !leaf.minor);
        Self { lit, shown: SHOWN }
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
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let BytesProps { lang, message, dissection } = ctx.props();
        let light = ctx.link().callback(|event: MouseEvent| BytesMsg::Light(leaf_under(&event)));
        let total = message.bytes.len();
        let explained = self.lit.and_then(|lit| dissection.leaves.get(lit)).map(|leaf| {
            let range = if leaf.end == leaf.start + 1 {
                format!("{:02x}", leaf.start)
            } else {
                format!("{:02x}–{:02x}", leaf.start, leaf.end - 1)
            };
            (range, leaf.what.to(*lang))
        });
        html! {
            <div class="bytes" onmouseover={light.clone()} onclick={light}>
                <div class="hex" data-testid="hex" role="group" aria-label={lang.t(Key::HexLabel)}>
                    { for (0..total.min(self.shown)).step_by(PER_LINE)
                        .map(|start| self.line(&message.bytes, start, dissection)) }
                </div>
                <p class="lit" data-testid="lit">
                    if let Some((range, what)) = explained {
                        <code>{ range }</code>{ " " }{ what }
                    }
                </p>
                if total > self.shown {
                    <button type="button" onclick={ctx.link().callback(|_| BytesMsg::More)}>
                        { lang.fill(Key::BytesMore, &[&grouped((total - self.shown) as u64)]) }
                    </button>
                }
                <ul class="fields" data-testid="fields">
                    { for dissection.rows.iter().map(|row| self.row(ctx, row)) }
                </ul>
            </div>
        }
    }
}

impl Bytes {
    /// A line of hex and text, in runs of one explanation each.
    fn line(&self, bytes: &[u8], start: usize, dissection: &Dissection) -> Html {
        let end = (start + PER_LINE).min(bytes.len());
        let mut offset = String::new();
        push_hex(&mut offset, (start >> 8) as u8);
        push_hex(&mut offset, (start & 0xff) as u8);
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
                <span class="soft">{ offset }</span>
                <span class="digits">{ for hex }</span>
                <span class="text">{ for text }</span>
            </div>
        }
    }

    fn row(&self, ctx: &Context<Self>, row: &Row) -> Html {
        let BytesProps { lang, message, dissection } = ctx.props();
        let on = self.lit.is_some_and(|lit| row.leaves.contains(&lit));
        // The row stands for its content, not for its framing.
        let main = row.leaves.clone().rfind(|&leaf| !dissection.leaves[leaf].minor);
        let main = main.unwrap_or(row.leaves.start).to_string();
        let tokens = row.leaves.clone().map(|index| {
            let leaf = &dissection.leaves[index];
            let text = readable(&message.bytes[leaf.start..leaf.end], 28);
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
                    <span class="tokens">{ for tokens }</span>
                    { for row.note.iter().map(|note| html! {
                        <span class="note">{ note.to(*lang) }</span>
                    }) }
                </button>
            </li>
        }
    }
}

/// The leaf whose element is under the pointer (or has the focus).
fn leaf_under(event: &MouseEvent) -> Option<usize> {
    let element: Element = event.target_dyn_into()?;
    let holder = element.closest("[data-leaf]").ok().flatten()?;
    holder.get_attribute("data-leaf")?.parse().ok()
}
