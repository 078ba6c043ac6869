//! The panel of what can be shared, and the page as it looks inside another one.

use lockstep_sim::export::Form;
use yew::prelude::*;

use super::el::{El, coded, el};
use super::icons::{Icon, icon};
use crate::app::{App, Msg};
use crate::i18n::{Key, Lang, grouped};
use crate::share::ShareMsg;

impl App {
    fn share_tool(&self, ctx: &Context<Self>, id: &str, text: &str, msg: ShareMsg) -> El {
        self.button(ctx, "tool", id, Msg::Share(msg)).text(text)
    }

    pub(super) fn share_panel(&self, ctx: &Context<Self>) -> Html {
        let Some(panel) = &self.sharing.panel else { return Html::default() };
        let text = |id, text: &str| {
            // It scrolls, and so it can be reached.
            el("code", "copied").id(id).attr("tabindex", "0".to_owned()).text(text).done()
        };
        let heading = |key| el("h3", "").text(self.t(key)).done();
        let close = self
            .button(ctx, "quiet square close", "share-close", Msg::Share(ShareMsg::Close))
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icon(Icon::Cross));
        let copy = |id, key, msg| self.share_tool(ctx, id, self.t(key), msg).done();
        let steps = grouped(self.timeline.cursor());
        let (hash, note) = match panel.hash {
            Some(hash) => (format!("{hash:016x}"), self.lang.fill(Key::ShareHashNote, &[&steps])),
            None => ("—".to_owned(), self.t(Key::ShareHashLong).to_owned()),
        };
        let files = [
            (Form::Text, "export-text", self.t(Key::ShareText), Key::ShareTextNote),
            (Form::Json, "export-json", "JSON", Key::ShareJsonNote),
            (Form::Pcap, "export-pcap", "pcap", Key::SharePcapNote),
        ];
        let files = files.map(|(form, id, name, note)| {
            el("li", "")
                .child(self.share_tool(ctx, id, name, ShareMsg::Export(form)).done())
                .child(el("span", "soft small").text(self.t(note)).done())
                .done()
        });
        el("div", "panel share-panel")
            .id("share-panel")
            .attr("role", "group".to_owned())
            .attr("aria-label", self.t(Key::ShareTitle).to_owned())
            .child(el("h2", "").text(self.t(Key::ShareTitle)).done())
            .child(close.done())
            .child(heading(Key::ShareLink))
            .child(text("share-link", &panel.address))
            .child(copy("copy-link", Key::ShareCopyLink, ShareMsg::CopyLink))
            .child(heading(Key::ShareEmbed))
            .child(text("share-embed", &panel.embed))
            .child(copy("copy-embed", Key::ShareCopyEmbed, ShareMsg::CopyEmbed))
            .child(heading(Key::ShareHash))
            .child(el("code", "hash").id("trace-hash").text(&hash).done())
            .child(el("p", "soft small").children(coded(&note)).done())
            .child(heading(Key::ShareExport))
            .child(el("ul", "files").children(files.to_vec()).done())
            .done()
    }

    /// The bare stage that other pages show.
    pub(super) fn embedded(&self, ctx: &Context<Self>) -> Html {
        let title = self.sharing.title.as_ref().map(|[en, zh]| match self.lang {
            Lang::Zh if !zh.is_empty() => zh,
            _ => en,
        });
        let open = el("a", "open")
            .id("open-full")
            .attr("href", self.full_address())
            .attr("target", "_blank".to_owned())
            .attr("rel", "noopener".to_owned())
            .text(self.t(Key::EmbedOpen));
        let top = el("header", "embed-top")
            .child(el("span", "").text(title.map_or(self.t(Key::Tagline), |title| title)).done())
            .child(open.done());
        html! {
            <>
                { top.done() }
                { self.stage(ctx) }
                { self.transport(ctx) }
                { self.branches_panel(ctx) }
            </>
        }
    }
}
