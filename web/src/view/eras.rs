//! The eras: which Redis the nodes replicate like, and how one fault ended in each.

use lockstep_core::config::Era;
use yew::prelude::*;

use super::el::el;
use super::percent;
use super::stage::short_label;
use crate::app::{App, Msg};
use crate::eras::{Ending, Fault};
use crate::i18n::{Key, grouped};

impl App {
    /// Chooses the era in which an experiment begins anew.
    pub(super) fn era_choice(&self, ctx: &Context<Self>) -> Html {
        let one = |&era: &Era| {
            let id = format!("era-{}", era.name());
            self.choice(ctx, self.era == era, &id, era.name(), Msg::Era(era))
        };
        el("div", "eras")
            .attr("role", "group".to_owned())
            .attr("aria-label", self.t(Key::EraLabel).to_owned())
            .child(el("span", "soft small").text(self.t(Key::EraLabel)).done())
            .child(el("span", "segs").children(Era::ALL.iter().map(one).collect()).done())
            .done()
    }

    /// The faults to choose from, and how the chosen one ended in each era.
    pub(super) fn eras(&self, ctx: &Context<Self>) -> Html {
        let fault = |fault, id, key| {
            self.choice(ctx, self.fault == fault, id, self.t(key), Msg::Fault(fault))
        };
        let faults = vec![
            fault(Fault::Cut, "fault-cut", Key::FaultCut),
            fault(Fault::Promotion, "fault-promotion", Key::FaultPromotion),
        ];
        let most = self.endings.iter().map(|end| end.bytes).max().unwrap_or(1).max(1);
        let rows = self.endings.iter().map(|end| self.ending(ctx, end, most)).collect();
        el("div", "")
            .child(el("div", "segs faults").children(faults).done())
            .child(el("ol", "endings").id("endings").children(rows).done())
            .done()
    }

    fn ending(&self, ctx: &Context<Self>, end: &Ending, most: u64) -> Html {
        let on = self.era == end.era;
        let (word, tone, bar) = match end.full {
            true => (Key::EndFull, "badge full", "bar f-rdb"),
            false => (Key::EndPartial, "badge good", "bar f-stream"),
        };
        let asked = end.asked.as_ref().map(|m| short_label(self.lang, m, 24)).unwrap_or_default();
        let width = end.bytes as f64 * 100.0 / most as f64;
        let cost = self.lang.fill(Key::EndCost, &[&grouped(end.bytes), &grouped(end.ms)]);
        let name = format!("era-{}", end.era.name());
        let row = self
            .button(ctx, if on { "ending on" } else { "ending" }, &name, Msg::Era(end.era))
            .attr("aria-pressed", on.to_string())
            .attr("data-full", end.full.to_string())
            .child(el("b", "").text(end.era.name()).done())
            .child(el("code", "").text(&asked).done())
            .child(el("span", tone).text(self.t(word)).done())
            .child(el("span", bar).style(format!("width:{}", percent(width))).done())
            .child(el("span", "soft small").text(&cost).done());
        el("li", "").child(row.done()).done()
    }
}
