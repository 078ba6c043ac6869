//! The panel of histories: the one that is shown, and those that were left by acting in their past.

use lockstep_sim::view::{Power, Role};
use lockstep_sim::{Comparison, Differs};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::el::el;
use super::icons::{Icon, icon};
use super::seconds;
use crate::app::{App, Msg, OfBranch};
use crate::i18n::{Key, grouped};
use crate::sentence::short;

/// Differences that are listed.
const LISTED: usize = 24;

impl App {
    /// The control in the transport bar.
    pub(super) fn branches_button(&self, ctx: &Context<Self>) -> Html {
        let count = self.timeline.branches().len();
        if count == 0 && !self.branches_open {
            return Html::default();
        }
        let name = self.lang.fill(Key::Branches, &[&grouped(count as u64 + 1)]);
        self.button(ctx, "branches", "branches", Msg::OfBranch(OfBranch::Panel))
            .attr("aria-expanded", self.branches_open.to_string())
            .attr("title", name.clone())
            .attr("aria-label", name)
            .child(icon(Icon::Branch))
            .text(&grouped(count as u64 + 1))
            .done()
    }

    pub(super) fn branches_panel(&self, ctx: &Context<Self>) -> Html {
        if !self.branches_open {
            return Html::default();
        }
        let count = self.timeline.branches().len();
        let close = self
            .button(ctx, "quiet square close", "branches-close", Msg::OfBranch(OfBranch::Panel))
            .attr("aria-label", self.t(Key::Close).to_owned())
            .child(icon(Icon::Cross));
        let here = el("li", "now")
            .child(self.history_name(ctx, None, self.timeline.number(), self.timeline.name()))
            .child(el("span", "soft small").text(self.t(Key::BranchHere)).done());
        let rows = (0..count).rev().map(|at| self.branch(ctx, at));
        let title = self.lang.fill(Key::Branches, &[&grouped(count as u64 + 1)]);
        el("div", "panel branches-panel")
            .id("branches-panel")
            .attr("data-refocus", "[data-testid=branches]".to_owned())
            .attr("role", "group".to_owned())
            .attr("aria-label", title.clone())
            .child(el("b", "").text(&title).done())
            .child(close.done())
            .child(
                el("ul", "")
                    .attr("data-refocus", "[data-testid=branches-close]".to_owned())
                    .child(here.done())
                    .children(rows.collect())
                    .done(),
            )
            .child(self.comparison())
            .done()
    }

    fn branch(&self, ctx: &Context<Self>, at: usize) -> Html {
        let branch = &self.timeline.branches()[at];
        let shared = self.timeline.shared_with(branch);
        let about = [grouped(shared), grouped(branch.len)];
        let about = self.lang.fill(Key::BranchAbout, &about.each_ref().map(String::as_str));
        let act = |id: &str, key, what| {
            let id = format!("branch-{id}-{}", at + 1);
            self.button(ctx, "tool", &id, Msg::OfBranch(what)).text(self.t(key)).done()
        };
        el("li", "")
            .child(self.history_name(ctx, Some(at), branch.number, branch.name.as_deref()))
            .child(el("span", "soft small").text(&about).done())
            .child(
                el("span", "acts")
                    .child(act("return", Key::BranchReturn, OfBranch::Return(at)))
                    .child(act("compare", Key::BranchCompare, OfBranch::Compare(at)))
                    .child(act("forget", Key::BranchForget, OfBranch::Forget(at)))
                    .done(),
            )
            .done()
    }

    fn history_name(
        &self,
        ctx: &Context<Self>,
        branch: Option<usize>,
        number: u32,
        name: Option<&str>,
    ) -> Html {
        let onchange = ctx.link().batch_callback(move |event: Event| {
            let input: HtmlInputElement = event.target_dyn_into()?;
            Some(Msg::OfBranch(OfBranch::Name(branch, input.value())))
        });
        let usual = self.lang.fill(Key::BranchNumber, &[&grouped(u64::from(number) + 1)]);
        let id =
            branch.map_or_else(|| "branch-name".to_owned(), |at| format!("branch-name-{}", at + 1));
        html! {
            <input
                class="name"
                data-testid={id}
                aria-label={self.t(Key::BranchName)}
                placeholder={usual}
                maxlength="40"
                value={name.unwrap_or_default().to_owned()}
                {onchange}
            />
        }
    }

    fn comparison(&self) -> Html {
        let Some((name, found)) = &self.comparison else { return Html::default() };
        let parted = grouped(found.parted_at);
        let at = [parted, name.clone(), seconds(found.here.1), grouped(found.there.0)];
        let about = self.lang.fill(Key::BranchParted, &at.each_ref().map(String::as_str));
        let head = |text: &str| el("th", "").attr("scope", "col".to_owned()).text(text).done();
        let mut table = el("table", "facts").id("comparison").child(
            el("tr", "")
                .child(el("td", "").done())
                .child(head(self.t(Key::BranchHere)))
                .child(head(name))
                .done(),
        );
        for difference in found.differences.iter().take(LISTED) {
            let (what, here, there) = self.differs(&difference.what);
            let head = format!("{} {what}", self.name(difference.node));
            table = table.child(
                el("tr", "")
                    .child(
                        el("th", "")
                            .attr("scope", "row".to_owned())
                            .child(el("code", "").text(&head).done())
                            .done(),
                    )
                    .child(el("td", "").text(&here).done())
                    .child(el("td", "").text(&there).done())
                    .done(),
            );
        }
        let end = match found.differences.len() {
            0 => el("p", "").text(self.t(Key::BranchSame)).done(),
            count if count > LISTED => {
                let more = grouped((count - LISTED) as u64);
                el("p", "soft small").text(&self.lang.fill(Key::BranchMore, &[&more])).done()
            }
            _ => Html::default(),
        };
        el("div", "comparison")
            .child(el("p", "small").text(&about).done())
            .child(table.done())
            .child(end)
            .done()
    }

    /// What differs, how it is here, and how there.
    fn differs(&self, what: &Differs) -> (String, String, String) {
        let yes = |yes: bool| self.t(if yes { Key::SayYes } else { Key::SayNo }).to_owned();
        let power = |power: &Power| match power {
            Power::Up => "up",
            Power::Frozen => "frozen",
            Power::Down => "down",
            Power::Dark => "dark",
        };
        let role = |role: &Role| match role {
            Role::Master => "master",
            Role::Replica => "slave",
        };
        let id2 = |id: &Option<_>| id.as_ref().map_or_else(|| "–".to_owned(), short);
        let texts = |name: &str, a: &str, b: &str| (name.to_owned(), a.to_owned(), b.to_owned());
        match what {
            Differs::Presence(a, b) => (self.t(Key::DiffThere).to_owned(), yes(*a), yes(*b)),
            Differs::Power(a, b) => texts("power", power(a), power(b)),
            Differs::Role(a, b) => texts("role", role(a), role(b)),
            Differs::ReplId(a, b) => texts("master_replid", &short(a), &short(b)),
            Differs::ReplId2(a, b) => texts("master_replid2", &id2(a), &id2(b)),
            Differs::Offset(a, b) => texts("master_repl_offset", &grouped(*a), &grouped(*b)),
            Differs::Keys(a, b) => texts("keys", &grouped(*a), &grouped(*b)),
            Differs::Key { key, there, .. } => {
                let name = String::from_utf8_lossy(key).chars().take(24).collect::<String>();
                match there {
                    (true, true) => {
                        let other = self.t(Key::DiffValue);
                        texts(&name, other, other)
                    }
                    (a, b) => (name, yes(*a), yes(*b)),
                }
            }
        }
    }

    /// Compares this history with a branch.
    pub(crate) fn compare(&mut self, at: usize) {
        let Some(branch) = self.timeline.branches().get(at) else { return };
        let usual = || self.lang.fill(Key::BranchNumber, &[&grouped(u64::from(branch.number) + 1)]);
        let name = branch.name.clone().unwrap_or_else(usual);
        self.comparison = self.timeline.compare(at).map(|found: Comparison| (name, found));
    }
}
