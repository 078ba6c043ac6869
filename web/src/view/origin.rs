//! Where the lit bytes of the stream come from, and who holds them.

use lockstep_core::trace::Fed;
use yew::prelude::*;

use super::bytes::{Bytes, BytesProps};
use crate::dissect::readable;
use crate::i18n::{Key, grouped};
use crate::provenance::{Birth, Held, Reader};

/// Longest command shown.
const COMMAND_MAX: usize = 120;

/// A line of the story: what it is about, and what there is to say.
fn line(name: String, value: Html) -> Html {
    html! { <tr><th scope="row">{ name }</th><td>{ value }</td></tr> }
}

impl Bytes {
    /// The story of the lit bytes.
    pub(super) fn origin(&self, ctx: &Context<Self>) -> Html {
        let BytesProps { lang, origin, .. } = ctx.props();
        let (Some(origin), Some((start, end))) = (origin, self.lit_range()) else {
            return Html::default();
        };
        let (first, last) = (origin.from + start as u64, origin.from + end as u64 - 1);
        let offset = match first == last {
            true => grouped(first),
            false => format!("{}–{}", grouped(first), grouped(last)),
        };
        html! {
            <section class="origin" data-testid="origin">
                <h3>{ lang.t(Key::OriginTitle) }</h3>
                <table class="facts wide"><tbody>
                    { line(lang.t(Key::OriginOffset).to_owned(), html! { <b>{ offset }</b> }) }
                    { for origin.fed.iter().map(|birth| self.birth(ctx, birth)) }
                    { for origin.backlogs.iter().map(|held| self.held(ctx, held, first, last)) }
                    { for origin.replicas.iter().map(|reader| self.reader(ctx, reader, last)) }
                </tbody></table>
            </section>
        }
    }

    fn birth(&self, ctx: &Context<Self>, birth: &Birth) -> Html {
        let BytesProps { lang, names, onseek, .. } = ctx.props();
        let jump = |step: u64| {
            let onclick = onseek.reform(move |_: MouseEvent| step);
            let text = lang.fill(Key::StepNumber, &[&grouped(step)]);
            html! { <button type="button" class="link" {onclick}>{ text }</button> }
        };
        let typed = birth.typed.as_ref().map(|(step, text)| {
            let value = html! { <><code>{ text }</code>{ " · " }{ jump(*step) }</> };
            line(lang.t(Key::OriginTyped).to_owned(), value)
        });
        let command = birth.command.as_ref().map(|raw| {
            line(lang.t(Key::OriginCommand).to_owned(), html! { <code>{ words(raw) }</code> })
        });
        let written = lang.fill(Key::OriginFed, &[&names.node(birth.node)]);
        html! {
            <>
                { for typed }
                { for command }
                { line(written, html! { <>{ lang.t(why(birth.why)) }{ " · " }{ jump(birth.step) }</> }) }
            </>
        }
    }

    fn held(&self, ctx: &Context<Self>, held: &Held, first: u64, last: u64) -> Html {
        let BytesProps { lang, names, .. } = ctx.props();
        let name = lang.fill(Key::OriginBacklog, &[&names.node(held.node)]);
        let text = match (held.place(first), held.place(last)) {
            (Some(from), Some(_)) => {
                let all = grouped(held.last + 1 - held.first);
                let after = grouped(held.falls_after(first));
                lang.fill(Key::OriginHeld, &[&grouped(from), &all, &after])
            }
            _ if last > held.last => lang.t(Key::OriginNotYet).to_owned(),
            _ => lang.t(Key::OriginGone).to_owned(),
        };
        line(name, html! { { text } })
    }

    fn reader(&self, ctx: &Context<Self>, reader: &Reader, last: u64) -> Html {
        let BytesProps { lang, names, .. } = ctx.props();
        let name = reader.node.map_or_else(|| "?".to_owned(), |id| names.node(id));
        let (key, tone) = if reader.acked >= last {
            (Key::OriginAcked, "good")
        } else if reader.sent >= last {
            (Key::OriginSent, "warn")
        } else {
            (Key::OriginUnsent, "bad")
        };
        line(name, html! { <span class={classes!("badge", tone)}>{ lang.t(key) }</span> })
    }
}

/// A command's words, from its RESP.
fn words(raw: &[u8]) -> String {
    let args = lockstep_sim::message::command_args(raw).unwrap_or_default();
    let words: Vec<String> = args.iter().map(|arg| readable(arg, COMMAND_MAX / 3)).collect();
    let text = words.join(" ");
    text.chars().take(COMMAND_MAX).collect()
}

/// Why bytes are in the stream.
fn why(why: Fed) -> Key {
    match why {
        Fed::Command => Key::FedCommand,
        Fed::Select => Key::FedSelect,
        Fed::Ping => Key::FedPing,
        Fed::Expire => Key::FedExpire,
        Fed::Evict => Key::FedEvict,
        Fed::GetAck => Key::FedGetAck,
        Fed::Transaction => Key::FedTransaction,
        Fed::Proxied => Key::FedProxied,
    }
}
