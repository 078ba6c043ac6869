//! The list of keys: filters, order, one page.

use lockstep_core::rdb::scan;
use lockstep_sim::rdb::Order;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::memory::head;
use super::{PAGE_KEYS, Place, Rdb, RdbMsg, section, words};
use crate::dissect::readable;
use crate::i18n::{Key, grouped};
use crate::view::el::el;

impl Rdb {
    pub(super) fn keys(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let (listed, all) = (u64::from(self.index.listed()), self.index.total().keys);
        let limit = (listed < all).then(|| {
            let text = lang.fill(Key::OwnListLimit, &[&grouped(listed), &grouped(all)]);
            el("p", "soft").text(&text).done()
        });
        let found = self.search.len();
        let text =
            lang.fill(Key::OwnFound, &[&lang.keys(found as u64), &lang.bytes(self.search.bytes())]);
        section(lang, "own-keys", Key::OwnKeysTitle)
            .child(self.filters(ctx))
            .children(limit.into_iter().collect())
            .child(el("p", "soft small").id("own-found").text(&text).done())
            .child(el("div", "own-scroll").child(self.rows(ctx)).done())
            .child(self.pager(ctx))
            .done()
    }

    fn filters(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let typed = ctx.link().batch_callback(|event: InputEvent| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(RdbMsg::Text(input.value()))
        });
        let text = el("input", "search")
            .id("own-text")
            .attr("type", "search".to_owned())
            .attr("aria-label", lang.t(Key::OwnFilter).to_owned())
            .attr("placeholder", lang.t(Key::OwnFilter).to_owned())
            .on_input(typed);
        let any = lang.t(Key::OwnAny);
        let mut kinds = vec![(String::new(), any.to_owned())];
        kinds.extend(words::KINDS.into_iter().filter_map(|kind| {
            let here =
                |known: &lockstep_sim::rdb::TypeTotal| scan::type_name(known.type_byte) == kind;
            self.index.types().iter().any(here).then(|| (kind.to_owned(), kind.to_owned()))
        }));
        let mut dbs = vec![(String::new(), any.to_owned())];
        dbs.extend(self.index.databases().iter().map(|db| {
            let number = db.number.to_string();
            (number.clone(), number)
        }));
        let expires =
            [("", any), ("true", lang.t(Key::OwnExpires)), ("false", lang.t(Key::OwnStays))];
        let orders = [
            ("file", lang.t(Key::OwnOrderFile)),
            ("size", lang.t(Key::OwnOrderSize)),
            ("name", lang.t(Key::OwnOrderName)),
        ];
        let owned =
            |all: [(&str, &str); 3]| all.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
        let filter = self.search.filter();
        let kind = filter.kind.unwrap_or_default();
        let db = filter.db.map(|db| db.to_string()).unwrap_or_default();
        let expiry = filter.expires.map(|expires| expires.to_string()).unwrap_or_default();
        let order = match self.order {
            Order::File => "file",
            Order::Size => "size",
            Order::Name => "name",
        };
        let (expires, orders) = (owned(expires), owned(orders));
        el("div", "own-filters")
            .attr("role", "search".to_owned())
            .child(text.done())
            .child(self.select(ctx, "own-kind", Key::OwnKind, kinds, kind, RdbMsg::Kind))
            .child(self.select(ctx, "own-db", Key::OwnDb, dbs, &db, RdbMsg::Db))
            .child(self.select(
                ctx,
                "own-expires",
                Key::OwnExpiry,
                expires,
                &expiry,
                RdbMsg::Expires,
            ))
            .child(self.select(ctx, "own-order", Key::OwnOrder, orders, order, RdbMsg::Order))
            .done()
    }

    fn select(
        &self,
        ctx: &Context<Self>,
        id: &str,
        label: Key,
        options: Vec<(String, String)>,
        now: &str,
        msg: fn(String) -> RdbMsg,
    ) -> Html {
        let chosen = ctx.link().batch_callback(move |event: Event| {
            let select: HtmlSelectElement = event.target_dyn_into()?;
            Some(msg(select.value()))
        });
        let options = options.into_iter().map(|(value, text)| {
            let option = el("option", "");
            // The browser would take the one that came first into the document.
            let option = match value == now {
                true => option.attr("selected", String::new()),
                false => option,
            };
            option.attr("value", value).text(&text).done()
        });
        let select = el("select", "").id(id).on_change(chosen).children(options.collect());
        el("label", "own-field").text(ctx.props().lang.t(label)).child(select.done()).done()
    }

    fn rows(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let columns = [Key::OwnKey, Key::OwnKind, Key::OwnElements, Key::OwnBytes, Key::OwnExpiry];
        let several = self.index.databases().len() > 1;
        let shown = self.picked_key();
        let rows = self.rows.iter().filter_map(|&at| {
            let key = self.index.entry(at)?;
            let mut name = readable(key.name, 60);
            if name.is_empty() {
                name = "\"\"".to_owned();
            }
            let on = shown == Some(at);
            let pick = Self::button(ctx, "link", "own-key", move || RdbMsg::Pick(Place::Key(at)))
                .attr("aria-pressed", on.to_string())
                .text(&name);
            let mut first = el("th", "").attr("scope", "row".to_owned());
            if several {
                first = first.child(el("span", "soft").text(&format!("[{}] ", key.db)).done());
            }
            let cell = |class: &str, text: &str| el("td", class).text(text).done();
            let expiry = key.expire_at_ms.map(words::date).unwrap_or_default();
            let row = el("tr", if on { "changed" } else { "" })
                .child(first.child(pick.done()).done())
                .child(
                    el("td", "")
                        .attr("title", words::layout(key.type_byte))
                        .text(scan::type_name(key.type_byte))
                        .done(),
                )
                .child(cell("num", &words::extent(lang, key.type_byte, key.elements)))
                .child(cell("num", &grouped(key.at.end - key.at.start)))
                .child(cell("when", &expiry));
            Some(row.done())
        });
        el("table", "own-table")
            .id("own-keys")
            .child(head(lang, &columns, 2, 4))
            .child(el("tbody", "").children(rows.collect()).done())
            .done()
    }

    fn pager(&self, ctx: &Context<Self>) -> Html {
        let lang = ctx.props().lang;
        let found = self.search.len();
        if found <= PAGE_KEYS {
            return Html::default();
        }
        let pages = found.div_ceil(PAGE_KEYS);
        let first = self.page * PAGE_KEYS;
        let turn = |id, key, to: usize, can: bool| {
            let button = Self::button(ctx, "", id, move || RdbMsg::Page(to)).text(lang.t(key));
            if can { button } else { button.attr("disabled", String::new()) }.done()
        };
        let text = lang.fill(
            Key::OwnPage,
            &[
                &grouped(first as u64 + 1),
                &grouped((first + self.rows.len()) as u64),
                &grouped(found as u64),
            ],
        );
        el("nav", "own-pager")
            .attr("aria-label", lang.t(Key::OwnPages).to_owned())
            .child(turn("own-back", Key::OwnPageBack, self.page.saturating_sub(1), self.page > 0))
            .child(
                el("span", "").id("own-page").attr("role", "status".to_owned()).text(&text).done(),
            )
            .child(turn("own-next", Key::OwnPageNext, self.page + 1, self.page + 1 < pages))
            .done()
    }
}
