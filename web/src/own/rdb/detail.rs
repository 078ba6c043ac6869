//! A key: what the file says of it, its value by its type, the bytes of its record.

use std::rc::Rc;

use lockstep_core::rdb::scan;
use lockstep_sim::rdb::{Entry, Part, Text};
use yew::prelude::*;

use super::{PARTS_MAX, Picked, Place, RECORD_BYTES_MAX, Rdb, RdbMsg, words};
use crate::dissect::{Context as Around, readable};
use crate::i18n::{Key, grouped};
use crate::sentence::Names;
use crate::view::bytes::{Bytes, Shared};
use crate::view::el::el;

impl Rdb {
    pub(super) fn detail(&self, ctx: &Context<Self>, picked: &Picked) -> Html {
        let lang = ctx.props().lang;
        let entry = self.picked_key().and_then(|key| self.index.entry(key));
        let name = match &entry {
            Some(key) => readable(key.name, 200),
            None if picked.place == Place::Fault => lang.t(Key::OwnFault).to_owned(),
            None => lang.t(Key::OwnHead).to_owned(),
        };
        let title = el("h2", "")
            .attr("id", "picked-title".to_owned())
            .attr("tabindex", "-1".to_owned())
            .id("own-picked")
            .text(&name)
            .done();
        let bytes = picked.show_bytes || entry.is_none();
        let seg = |id, key, on: bool, to: bool| {
            Self::button(ctx, if on { "seg on" } else { "seg" }, id, move || RdbMsg::ShowBytes(to))
                .attr("aria-pressed", on.to_string())
                .text(lang.t(key))
                .done()
        };
        let tabs = el("div", "segs")
            .attr("role", "group".to_owned())
            .attr("aria-label", name.clone())
            .child(seg("own-value", Key::DissectValue, !bytes, false))
            .child(seg("own-bytes", Key::TabBytes, bytes, true))
            .done();
        let head = match &entry {
            Some(key) => vec![self.said(ctx, key), tabs],
            None => Vec::new(),
        };
        let body = match &entry {
            Some(key) if !bytes => self.value(ctx, picked, key),
            _ => self.bytes(ctx, picked),
        };
        el("section", "own-detail")
            .attr("aria-labelledby", "picked-title".to_owned())
            .child(title)
            .children(head)
            .child(body)
            .done()
    }

    /// What is known of a key beside its value.
    fn said(&self, ctx: &Context<Self>, key: &Entry<'_>) -> Html {
        let lang = ctx.props().lang;
        let mut parts = vec![
            format!("{}, {}", scan::type_name(key.type_byte), words::layout(key.type_byte)),
            lang.fill(Key::OwnDatabase, &[&key.db.to_string()]),
        ];
        if scan::type_name(key.type_byte) != "string" && scan::type_name(key.type_byte) != "module"
        {
            parts.push(lang.fill(Key::OwnHas, &[&grouped(key.elements)]));
        }
        parts.push(
            lang.fill(
                Key::OwnAt,
                &[&lang.bytes(key.at.end - key.at.start), &grouped(key.at.start)],
            ),
        );
        parts.extend(key.expire_at_ms.map(|at| lang.fill(Key::OwnExpiresAt, &[&words::date(at)])));
        el("p", "about").id("own-said").text(&parts.join(" · ")).done()
    }

    fn value(&self, ctx: &Context<Self>, picked: &Picked, key: &Entry<'_>) -> Html {
        let lang = ctx.props().lang;
        let kind = scan::type_name(key.type_byte);
        if kind == "stream" || kind == "module" {
            let name = if kind == "stream" { Key::OwnStream } else { Key::OwnModule };
            return el("p", "").id("own-content").text(lang.t(name)).done();
        }
        let parts = picked.value.parts();
        let rows: Vec<Html> =
            parts.iter().enumerate().map(|(at, part)| self.part(ctx, kind, at, part)).collect();
        let content = el("table", "own-value")
            .id("own-content")
            .attr("aria-label", lang.t(Key::DissectValue).to_owned())
            .child(el("tbody", "").children(rows).done())
            .done();
        let damaged = picked.value.error().map(|error| {
            let text = lang.fill(Key::OwnDamaged, &[&grouped(error.offset), &error.what]);
            el("p", "verdict bad").text(&text).done()
        });
        el("div", "")
            .child(content)
            .children(damaged.into_iter().collect())
            .child(self.more(ctx, picked, key))
            .done()
    }

    /// What is not shown of the value, and a way to more of it.
    fn more(&self, ctx: &Context<Self>, picked: &Picked, key: &Entry<'_>) -> Html {
        let lang = ctx.props().lang;
        let parts = picked.value.parts();
        let text = match parts {
            [Part::One(text)] if text.missing() > 0 => {
                lang.fill(Key::OwnBytesMissing, &[&lang.bytes(text.missing())])
            }
            _ if scan::type_name(key.type_byte) == "string" => return Html::default(),
            _ if (parts.len() as u64) < key.elements => {
                let rest = key.elements - parts.len() as u64;
                lang.fill(Key::OwnPartsMissing, &[&grouped(rest)])
            }
            _ => return Html::default(),
        };
        let mut rest = el("p", "own-more").child(el("span", "soft").text(&text).done());
        if picked.parts < PARTS_MAX {
            let more = Self::button(ctx, "", "own-more", || RdbMsg::More);
            rest = rest.child(more.text(lang.t(Key::OwnMore)).done());
        }
        rest.done()
    }

    fn part(&self, ctx: &Context<Self>, kind: &str, at: usize, part: &Part) -> Html {
        let cell = |text: &Text| {
            let mut cell = el("td", "").child(el("code", "").text(&text.shown()).done());
            if text.missing() > 0 && kind != "string" {
                let lang = ctx.props().lang;
                let missing = lang.fill(Key::OwnBytesMissing, &[&lang.bytes(text.missing())]);
                cell = cell.child(el("span", "soft small").text(&missing).done());
            }
            cell.done()
        };
        let mut row = el("tr", "");
        if kind != "string" {
            row = row.child(el("td", "num soft").text(&grouped(at as u64 + 1)).done());
        }
        match part {
            Part::One(text) => row.child(cell(text)),
            Part::Pair(name, text) => {
                let name = el("th", "")
                    .attr("scope", "row".to_owned())
                    .child(el("code", "").text(&name.shown()).done());
                row.child(name.done()).child(cell(text))
            }
        }
        .done()
    }

    /// The bytes of the record, explained.
    fn bytes(&self, ctx: &Context<Self>, picked: &Picked) -> Html {
        let lang = ctx.props().lang;
        let Some(bytes) = &picked.bytes else { return Html::default() };
        let len = picked.at.end - picked.at.start;
        let cut = (len > RECORD_BYTES_MAX).then(|| {
            let text = lang.fill(Key::OwnBytesCut, &[&grouped(RECORD_BYTES_MAX), &grouped(len)]);
            el("p", "soft small").text(&text).done()
        });
        let magic: &[u8] = if picked.at.start > 0 { &self.magic } else { &[] };
        let around = Around::record(magic, bytes);
        let shared = Shared::Place(u64::from(self.picks), bytes.clone());
        html! {
            <div data-testid="own-record">
                { for cut }
                <Bytes key={self.picks.to_string()} {lang} names={Rc::new(Names::default())}
                    bytes={shared} {around} origin={None} onseek={Callback::noop()} />
            </div>
        }
    }
}
