//! What the file is: its name, how far it was read, what it says of itself, whether it is whole.

use lockstep_core::rdb::scan::{self, Checksum};
use lockstep_sim::rdb::{EXTRACT_BYTES_MAX, Extract, Refusal};
use yew::prelude::*;

use super::{Place, Rdb, RdbMsg, Reading, section, words};
use crate::dissect::readable;
use crate::i18n::{Key, grouped};
use crate::view::el::el;
use crate::view::icons::{Icon, icon};

impl Rdb {
    /// Name, progress, and what can be done with the file.
    pub(super) fn top(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let lang = props.lang;
        let close = props.close.reform(|_: MouseEvent| ());
        let back = el("button", "")
            .attr("type", "button".to_owned())
            .id("own-close")
            .on_click(close)
            .child(icon(Icon::Back))
            .text(lang.t(Key::OwnClose));
        let title = el("h2", "own-title")
            .attr("id", "own-title".to_owned())
            .attr("tabindex", "-1".to_owned())
            .child(el("code", "").text(&props.file.name).done())
            .child(el("span", "soft").text(&lang.bytes(props.file.size)).done());
        let bar = el("div", "own-bar")
            .child(back.done())
            .child(title.done())
            .child(el("span", "gap").done())
            .child(crate::own::button(lang, "own-file", ""));
        el("section", "own-top")
            .attr("aria-label", lang.t(Key::OwnTitle).to_owned())
            .child(bar.done())
            .child(self.progress(ctx))
            .child(self.verdict(ctx))
            .child(self.load_button(ctx))
            .done()
    }

    fn progress(&self, ctx: &Context<Self>) -> Html {
        let (lang, size) = (ctx.props().lang, ctx.props().file.size);
        if self.reading != Reading::Going {
            return Html::default();
        }
        let meter = el("progress", "")
            .attr("aria-label", lang.t(Key::OwnReading).to_owned())
            .attr("max", size.to_string())
            .attr("value", self.next.to_string());
        let text = lang.fill(Key::OwnProgress, &[&grouped(self.next), &grouped(size)]);
        let stop = Self::button(ctx, "", "own-stop", || RdbMsg::Stop).text(lang.t(Key::OwnStop));
        el("div", "own-progress")
            .child(meter.done())
            .child(el("span", "soft").text(&text).done())
            .child(stop.done())
            .done()
    }

    /// In one sentence: how much there is, and whether the file is whole.
    fn verdict(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let index = &self.index;
        let said = |class: &str, text: &str| {
            let role = if class.ends_with("bad") { "alert" } else { "status" };
            el("p", class).id("own-verdict").attr("role", role.to_owned()).text(text).done()
        };
        let keys = lang.keys(index.total().keys);
        match (self.reading, index.fault()) {
            (Reading::Going, _) => Html::default(),
            (Reading::Stopped, _) => {
                let place = grouped(index.received());
                said("verdict", &lang.fill(Key::OwnStopped, &[&place, &keys]))
            }
            (Reading::Refused, _) => {
                let text = lang.fill(Key::OwnUnreadable, &[&ctx.props().file.name]);
                said("verdict bad", &text)
            }
            (Reading::Over, Some(fault)) => {
                let (place, what) = (grouped(fault.error.offset), &fault.error.what);
                let mut text = lang.fill(Key::OwnDamaged, &[&place, what]);
                if let Some(line) = &fault.error.redis {
                    text.push(' ');
                    text.push_str(&lang.fill(Key::OwnRedisSays, &[line]));
                }
                text.push(' ');
                text.push_str(&lang.fill(Key::OwnBefore, &[&keys]));
                let show = Self::button(ctx, "", "own-fault", || RdbMsg::Pick(Place::Fault));
                el("div", "")
                    .child(said("verdict bad", &text))
                    .child(
                        el("p", "own-load").child(show.text(lang.t(Key::OwnFault)).done()).done(),
                    )
                    .done()
            }
            (Reading::Over, None) => {
                let wrong = matches!(index.checksum(), Some(Checksum::Wrong { .. }));
                let key = if wrong { Key::OwnWholeButSum } else { Key::OwnWhole };
                let databases = grouped(index.databases().len() as u64);
                let text = lang.fill(key, &[&keys, &databases]);
                said(if wrong { "verdict bad" } else { "verdict" }, &text)
            }
        }
    }

    /// The way into the sandbox, or why there is none.
    fn load_button(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        if self.reading != Reading::Over {
            return Html::default();
        }
        let limit = lang.bytes(EXTRACT_BYTES_MAX);
        let not_held = self.index.not_held().keys;
        let (can, note) = match Extract::new(&self.index) {
            Ok(_) if not_held > 0 => {
                (true, lang.fill(Key::OwnLoadWithout, &[&lang.keys(not_held)]))
            }
            Ok(_) => (true, lang.t(Key::OwnLoadNote).to_owned()),
            Err(Refusal::Damaged) => (false, lang.t(Key::OwnLoadDamaged).to_owned()),
            Err(Refusal::TooLarge(bytes)) => {
                (false, lang.fill(Key::OwnLoadTooLarge, &[&limit, &lang.bytes(bytes)]))
            }
            Err(Refusal::Version) => (false, lang.t(Key::OwnLoadVersion).to_owned()),
            Err(Refusal::Empty) => (false, lang.t(Key::OwnLoadEmpty).to_owned()),
        };
        let note = el("span", "soft")
            .attr("id", "own-load-note".to_owned())
            .id("own-load-note")
            .text(&note)
            .done();
        let mut button =
            Self::button(ctx, if can { "primary" } else { "" }, "own-load", || RdbMsg::Load)
                .attr("aria-describedby", "own-load-note".to_owned());
        if !can || self.load.is_some() {
            button = button.attr("disabled", String::new());
        }
        el("p", "own-load").child(button.text(lang.t(Key::OwnLoad)).done()).child(note).done()
    }

    /// What the file says of itself.
    pub(super) fn about(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let Some((version, valkey)) = self.index.header() else { return Html::default() };
        let row = |name: &str, value: &str, note: Option<&str>| {
            let mut name = el("th", "").attr("scope", "row".to_owned()).text(name);
            if let Some(note) = note {
                name = name.child(el("span", "soft small").text(note).done());
            }
            el("tr", "").child(name.done()).child(el("td", "").text(value).done()).done()
        };
        let of = if valkey { "Valkey" } else { "Redis" };
        let mut rows = vec![row(lang.t(Key::OwnVersion), &format!("{version} ({of})"), None)];
        for (name, value) in self.index.aux() {
            let mut text = readable(value, 64);
            match (name.as_slice(), self.index.aux_number(&String::from_utf8_lossy(name))) {
                (b"ctime", Some(at)) => {
                    text = format!("{text}\n{}", words::date(at.saturating_mul(1_000)));
                }
                (b"used-mem" | b"repl-offset", Some(number)) => text = grouped(number),
                _ => {}
            }
            let note = words::aux_note(name).map(|key| lang.t(key));
            rows.push(row(&readable(name, 32), &text, note));
        }
        for db in self.index.databases() {
            let name = lang.fill(Key::OwnDatabase, &[&db.number.to_string()]);
            let mut text = lang.keys(db.total.keys);
            if db.expires > 0 {
                text.push_str(&lang.fill(Key::OwnExpiring, &[&grouped(db.expires)]));
            }
            let announced = db.announced.filter(|said| *said != (db.total.keys, db.expires));
            let note = announced.map(|(keys, expires)| {
                lang.fill(Key::OwnAnnounced, &[&grouped(keys), &grouped(expires)])
            });
            rows.push(row(&name, &text, note.as_deref()));
        }
        if self.index.functions() > 0 {
            rows.push(row(lang.t(Key::OwnFunctions), &grouped(self.index.functions()), None));
        }
        for id in self.index.module_data() {
            let note = lang.t(Key::OwnModuleDataNote);
            rows.push(row(lang.t(Key::OwnModuleData), &scan::module(*id), Some(note)));
        }
        rows.extend(self.checksum(ctx).map(|text| row(lang.t(Key::DissectChecksum), &text, None)));
        if self.index.surplus() > 0 {
            // The mark of a diskless transfer has forty bytes.
            let note = (self.index.surplus() == 40).then(|| lang.t(Key::OwnSurplusMark));
            rows.push(row(lang.t(Key::OwnSurplus), &lang.bytes(self.index.surplus()), note));
        }
        let bytes = Self::button(ctx, "link", "own-head", || RdbMsg::Pick(Place::Head));
        section(lang, "own-about", Key::OwnAbout)
            .child(
                el("table", "facts wide")
                    .id("own-facts")
                    .child(el("tbody", "").children(rows).done())
                    .done(),
            )
            .child(el("p", "").child(bytes.text(lang.t(Key::OwnHeadBytes)).done()).done())
            .done()
    }

    fn checksum(&self, ctx: &Context<Self>) -> Option<String> {
        let lang = ctx.props().lang;
        Some(match self.index.checksum()? {
            Checksum::Absent => lang.t(Key::OwnSumAbsent).to_owned(),
            Checksum::Off => lang.t(Key::OwnSumOff).to_owned(),
            Checksum::Right(sum) => lang.fill(Key::OwnSumRight, &[&format!("{sum:016x}")]),
            Checksum::Wrong { said, found } => {
                lang.fill(Key::OwnSumWrong, &[&format!("{said:016x}"), &format!("{found:016x}")])
            }
        })
    }
}
