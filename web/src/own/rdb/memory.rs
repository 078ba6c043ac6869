//! What takes room in the file: by type, and by what names begin with.

use lockstep_core::rdb::scan;
use lockstep_sim::rdb::{GROUPS_MAX, Total};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Rdb, RdbMsg, bar, section, words};
use crate::dissect::readable;
use crate::i18n::{Key, Lang, grouped};
use crate::view::el::el;

/// Groups shown.
const SHOWN: usize = 25;

/// The head of a table; the columns from `first` up to `last` hold numbers.
pub(super) fn head(lang: Lang, columns: &[Key], first: usize, last: usize) -> Html {
    let columns = columns.iter().enumerate().map(|(at, key)| {
        el("th", if (first..last).contains(&at) { "num" } else { "" })
            .attr("scope", "col".to_owned())
            .text(lang.t(*key))
            .done()
    });
    let row = el("tr", "").children(columns.collect()).done();
    el("thead", "").child(row).done()
}

fn number(text: &str) -> Html {
    el("td", "num").text(text).done()
}

fn totals(name: Html, total: Total, whole: u64) -> Html {
    el("tr", "")
        .child(el("th", "").attr("scope", "row".to_owned()).child(name).done())
        .child(number(&grouped(total.keys)))
        .child(number(&grouped(total.bytes)))
        .child(bar(total.bytes, whole))
        .done()
}

const COLUMNS: [Key; 4] = [Key::OwnGroup, Key::OwnKeys, Key::OwnBytes, Key::OwnShare];

impl Rdb {
    pub(super) fn by_type(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        if self.index.types().is_empty() {
            return Html::default();
        }
        let mut types = self.index.types().to_vec();
        types.sort_unstable_by_key(|kind| std::cmp::Reverse(kind.total.bytes));
        let whole = self.index.total().bytes;
        let rows = types.iter().map(|kind| {
            let name = el("span", "")
                .text(scan::type_name(kind.type_byte))
                .child(el("code", "soft small").text(&words::layout(kind.type_byte)).done());
            totals(name.done(), kind.total, whole)
        });
        section(lang, "own-types", Key::OwnByType)
            .child(el("p", "soft small").text(lang.t(Key::OwnBytesNote)).done())
            .child(
                el("table", "sizes")
                    .id("own-types")
                    .child(head(lang, &COLUMNS, 1, 4))
                    .child(el("tbody", "").children(rows.collect()).done())
                    .done(),
            )
            .done()
    }

    pub(super) fn by_prefix(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        if self.index.listed() == 0 {
            return Html::default();
        }
        let whole = self.index.total().bytes;
        let rows = self.prefixes.largest(SHOWN).into_iter().map(|group| {
            let text = readable(&group.prefix, 48);
            let open = Self::button(ctx, "link", "own-prefix", move || {
                RdbMsg::Within(group.prefix.clone())
            });
            totals(open.text(&text).done(), group.total, whole)
        });
        let mut rows: Vec<Html> = rows.collect();
        let mut rest = |key, total: Total| {
            if total.keys > 0 {
                let name = el("span", "soft").text(&lang.fill(key, &[&self.separator])).done();
                rows.push(totals(name, total, whole));
            }
        };
        rest(Key::OwnNoPrefix, self.prefixes.plain());
        rest(Key::OwnBeyond, self.prefixes.beyond());
        let hidden = self.prefixes.len().saturating_sub(SHOWN);
        let more = (hidden > 0).then(|| {
            let text = lang.fill(Key::OwnMorePrefixes, &[&grouped(hidden as u64)]);
            el("p", "soft small").text(&text).done()
        });
        let limit = (self.prefixes.len() == GROUPS_MAX).then(|| {
            let text = lang.fill(Key::OwnPrefixLimit, &[&grouped(GROUPS_MAX as u64)]);
            el("p", "soft small").text(&text).done()
        });
        section(lang, "own-prefixes", Key::OwnByPrefix)
            .child(self.separator(ctx))
            .child(self.crumbs(ctx))
            .child(
                el("table", "sizes")
                    .id("own-prefixes")
                    .child(head(lang, &COLUMNS, 1, 4))
                    .child(el("tbody", "").children(rows).done())
                    .done(),
            )
            .children(more.into_iter().chain(limit).collect())
            .done()
    }

    fn separator(&self, ctx: &Context<Self>) -> Html {
        let typed = ctx.link().batch_callback(|event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(RdbMsg::Separator(input.value()))
        });
        let input = el("input", "search short")
            .id("own-separator")
            .attr("value", ":".to_owned())
            .attr("maxlength", "8".to_owned())
            .on_input(typed);
        el("label", "own-field")
            .text(ctx.props().lang.t(Key::OwnSeparator))
            .child(input.done())
            .done()
    }

    /// The way back from a group that was looked into.
    fn crumbs(&self, ctx: &Context<Self>) -> Html {
        let within = self.prefixes.within();
        if within.is_empty() {
            return Html::default();
        }
        let lang = ctx.props().lang;
        let all = Self::button(ctx, "link", "own-all", || RdbMsg::Within(Vec::new()));
        let mut crumbs = vec![all.text(lang.t(Key::OwnAllKeys)).done()];
        let separator = self.separator.as_bytes();
        let ends = (1..=within.len()).filter(|end| within[..*end].ends_with(separator));
        let mut from = 0;
        for end in ends {
            let prefix = within[..end].to_vec();
            let text = readable(&within[from..end], 32);
            let crumb =
                Self::button(ctx, "link", "own-crumb", move || RdbMsg::Within(prefix.clone()));
            crumbs.push(crumb.text(&text).done());
            from = end;
        }
        el("nav", "own-crumbs")
            .attr("aria-label", lang.t(Key::OwnByPrefix).to_owned())
            .children(crumbs)
            .done()
    }
}
