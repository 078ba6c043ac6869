//! Why the answer to `PSYNC` is what it is: each condition with the live numbers, the verdict,
//! Redis's own log line, and the backlog that would have changed it.

use lockstep_core::replication::psync::{
    self, FullReason, MasterView, Outcome, Request, Retirement, Verdict,
};
use lockstep_core::trace::Event;
use lockstep_sim::view::LiveView;
use lockstep_sim::{Message, MessageKind, NodeId, Peer, Step};
use yew::prelude::*;

use super::icons::{self, Icon, icon};
use crate::app::{App, Msg};
use crate::dissect::readable;
use crate::i18n::{Key, Say, grouped, grouped_signed};
use crate::sentence;

/// A condition of the verdict: what it says, the number it was checked with, and whether it holds.
/// `None`: an earlier condition had settled the matter.
struct Condition {
    text: Say,
    value: Html,
    holds: Option<bool>,
}

impl App {
    pub(super) fn why(&self, ctx: &Context<Self>) -> Html {
        let ahead = self.scene.flights.iter().filter_map(|flight| self.foresee(&flight.message));
        // What a master would decide follows from what it holds: of a recorded one that is unknown.
        let ahead: Vec<Html> = ahead.filter(|_| !self.is_recorded()).collect();
        let none = if self.is_recorded() { Key::RecWhyNone } else { Key::WhyNone };
        let past = self.timeline.past();
        let decisions = past.iter().rev().flat_map(|step| {
            step.effects.iter().filter_map(move |effect| match &effect.event {
                Event::PsyncDecided { verdict, replica, .. } => {
                    Some((step, effect.node, replica, verdict))
                }
                _ => None,
            })
        });
        let decided: Vec<Html> = decisions
            .take(3)
            .map(|(step, node, replica, verdict)| self.decision(ctx, step, node, replica, verdict))
            .collect();
        html! {
            <>
                if ahead.is_empty() && decided.is_empty() {
                    <p class="soft">{ self.t(none) }</p>
                }
                { for ahead }
                { for decided }
            </>
        }
    }

    /// What the master would decide if a `PSYNC` on its way arrived now: asked of the very function
    /// that decides.
    fn foresee(&self, message: &Message) -> Option<Html> {
        let Peer::Node(master) = message.to else { return None };
        if message.kind != MessageKind::Handshake {
            return None;
        }
        let request = request(message)?;
        let live = self.scene.node(master)?.live.as_ref()?;
        // A replica whose own master is away refuses to decide; so does this.
        if live.master.is_some() {
            return None;
        }
        let verdict = psync::decide(master_view(live), request);
        let from = self.scene.names.peer(message.from);
        Some(html! {
            <section class="decision ahead" data-testid="foreseen">
                <h2>{ self.lang.fill(Key::WhyAhead, &[&self.name(master)]) }</h2>
                <p class="soft">{ self.lang.fill(Key::WhyAheadText, &[&from]) }</p>
                { self.verdict(&verdict) }
            </section>
        })
    }

    fn decision(
        &self,
        ctx: &Context<Self>,
        step: &Step,
        node: NodeId,
        replica: &str,
        verdict: &Verdict,
    ) -> Html {
        let here = step.effects.iter().filter(|effect| effect.node == node);
        let lines = here.filter_map(|effect| match &effect.event {
            Event::Log(_, text) => Some(html! { <li>{ text }</li> }),
            _ => None,
        });
        let index = step.index;
        html! {
            <section class="decision" data-testid="decision">
                <h2>{ self.lang.fill(Key::WhyDecided, &[&self.name(node)]) }</h2>
                <p class="soft">
                    <code>{ replica }</code>{ " · " }
                    <button type="button" class="link"
                        onclick={ctx.link().callback(move |_| Msg::Seek(index))}>
                        { self.lang.fill(Key::StepNumber, &[&grouped(index)]) }
                    </button>
                </p>
                { self.verdict(verdict) }
                if let Some(why) = self.why_it_asked(step, replica, verdict) {
                    <p>{ self.lang.fill(Key::WhyAsked, &[why]) }</p>
                }
                <ol class="log">{ for lines }</ol>
            </section>
        }
    }

    /// What the replica said of itself when it asked for everything.
    fn why_it_asked(&self, decided: &Step, replica: &str, verdict: &Verdict) -> Option<&str> {
        if matches!(verdict.request, Request::Resume { .. }) {
            return None;
        }
        let port: u16 = replica.rsplit_once(':')?.1.parse().ok()?;
        let asker = self.scene.nodes.iter().find(|node| node.port == port)?.id;
        let all = self.timeline.steps().iter();
        let past = all.take_while(|step| step.index <= decided.index + 1).collect::<Vec<_>>();
        let past = past.into_iter().rev();
        let mut asked = past.flat_map(|step| &step.effects).filter(|e| e.node == asker);
        let why = asked.find_map(|effect| match &effect.event {
            Event::PsyncSent { why, .. } => Some(why),
            _ => None,
        })?;
        Some(sentence::reason(self.lang, why))
    }

    fn verdict(&self, verdict: &Verdict) -> Html {
        let rows = conditions(verdict).into_iter().map(|condition| {
            let (mark, class, word) = match condition.holds {
                Some(true) => (icon(Icon::Check), "yes", Key::Yes),
                Some(false) => (icon(Icon::Cross), "no", Key::No),
                None => (html! { "–" }, "moot", Key::NotAsked),
            };
            html! {
                <tr {class}>
                    <th scope="row">{ condition.text.to(self.lang) }</th>
                    <td>{ condition.value }</td>
                    <td class="mark">{ mark }<span class="sr">{ self.t(word) }</span></td>
                </tr>
            }
        });
        let partial = matches!(verdict.outcome, Outcome::Continue { .. });
        let (title, tone) =
            if partial { (Key::VerdictPartial, "good") } else { (Key::VerdictFull, "bad") };
        html! {
            <>
                <table class="conditions"><tbody>{ for rows }</tbody></table>
                <div class={classes!("verdict", tone)} data-verdict={if partial { "partial" } else { "full" }}>
                    <b>{ self.t(title) }</b>{ " " }{ text(verdict).to(self.lang) }
                    { for otherwise(verdict).map(|say| html! { <><br />{ say.to(self.lang) }</> }) }
                </div>
            </>
        }
    }
}

fn request(message: &Message) -> Option<Request> {
    let args = message.command();
    let name = args.first()?;
    if name.eq_ignore_ascii_case(b"SYNC") {
        return Some(Request::Sync);
    }
    if !name.eq_ignore_ascii_case(b"PSYNC") || args.len() < 3 {
        return None;
    }
    let offset = std::str::from_utf8(&args[2]).ok()?.parse().ok()?;
    Some(match args[1].as_slice() {
        b"?" => Request::Fresh,
        id => Request::Resume { replid: id.to_vec(), offset },
    })
}

fn master_view(live: &LiveView) -> MasterView {
    MasterView {
        replid: live.stream().0,
        replid2: live.replid2.unwrap_or(lockstep_core::id::ReplId::NONE),
        second_replid_offset: live.second_replid_offset,
        master_repl_offset: live.stream().1,
        backlog: live.backlog,
        retired: live.retired,
    }
}

/// The conditions in the order in which they are asked. The first that fails settles it.
fn conditions(verdict: &Verdict) -> Vec<Condition> {
    let master = &verdict.master;
    let failed = match &verdict.outcome {
        Outcome::Continue { .. } => None,
        Outcome::FullResync { why } => Some(match why {
            FullReason::SyncCommand | FullReason::NoHistory => 0,
            FullReason::ReplIdMismatch { .. } | FullReason::SecondOffsetPassed { .. } => 1,
            FullReason::NoBacklog => 2,
            FullReason::BeforeBacklog { .. } => 3,
            FullReason::AfterBacklog { .. } => 4,
        }),
    };
    let by_replid2 = match &verdict.outcome {
        Outcome::Continue { by_replid2, .. } => *by_replid2,
        Outcome::FullResync { why } => matches!(why, FullReason::SecondOffsetPassed { .. }),
    };
    let asked = match &verdict.request {
        Request::Resume { offset, .. } => grouped_signed(*offset),
        Request::Sync | Request::Fresh => "–".to_owned(),
    };
    let id = |id: &lockstep_core::id::ReplId| {
        html! { <span class="replid">{ icons::history(id) }{ sentence::short(id) }</span> }
    };
    let number = |n: Option<u64>| html! { n.map_or_else(|| "–".to_owned(), grouped) };
    let own = if by_replid2 {
        let limit = grouped_signed(master.second_replid_offset);
        (Say::with(Key::WhyOwnId2, &[&asked, &limit]), id(&master.replid2))
    } else {
        let theirs = match &verdict.request {
            Request::Resume { replid, .. } => readable(&replid[..replid.len().min(6)], 6),
            Request::Sync | Request::Fresh => "–".to_owned(),
        };
        (Say::with(Key::WhyOwnId, &[&theirs]), id(&master.replid))
    };
    let backlog = master.backlog;
    let last = backlog.map(|b| b.first_byte_offset + b.histlen);
    let texts = [
        (Key::WhyHistory.into(), html! { asked.clone() }),
        own,
        (Key::WhyBacklog.into(), number(backlog.map(|b| b.histlen))),
        (Say::with(Key::WhyFirst, &[&asked]), number(backlog.map(|b| b.first_byte_offset))),
        (Say::with(Key::WhyLast, &[&asked]), number(last)),
    ];
    let holds = |index: usize| match failed {
        Some(at) if index > at => None,
        Some(at) => Some(index < at),
        None => Some(true),
    };
    let all = texts.into_iter().enumerate();
    all.map(|(index, (text, value))| Condition { text, value, holds: holds(index) }).collect()
}

/// What the verdict means.
fn text(verdict: &Verdict) -> Say {
    match &verdict.outcome {
        Outcome::Continue { bytes: 0, .. } => Key::VerdictNothing.into(),
        Outcome::Continue { from, bytes, .. } => {
            Say::with(Key::VerdictBytes, &[&grouped(*bytes), &grouped(*from)])
        }
        Outcome::FullResync { why } => match why {
            FullReason::SyncCommand => Key::VerdictSync.into(),
            FullReason::NoHistory => Key::VerdictNoHistory.into(),
            FullReason::ReplIdMismatch { was } => match was {
                None => Key::VerdictMismatch,
                Some(Retirement::BacklogFreed) => Key::VerdictWasFreed,
                Some(Retirement::BacklogCreated) => Key::VerdictWasCreated,
                Some(Retirement::TwoBehind | Retirement::Changed) => Key::VerdictTwoBehind,
                Some(Retirement::Replaced) => Key::VerdictWasReplaced,
                Some(Retirement::BeforePsync2) => Key::VerdictBeforePsync2,
            }
            .into(),
            FullReason::SecondOffsetPassed { by } => {
                Say::with(Key::VerdictSecond, &[&grouped(*by)])
            }
            FullReason::NoBacklog => Key::VerdictNoBacklog.into(),
            FullReason::BeforeBacklog { missing, .. } => {
                Say::with(Key::VerdictBefore, &[&grouped(*missing)])
            }
            FullReason::AfterBacklog { by } => Say::with(Key::VerdictAfter, &[&grouped(*by)]),
        },
    }
}

/// The backlog that would have led to the other verdict, if one would.
fn otherwise(verdict: &Verdict) -> Option<Say> {
    match &verdict.outcome {
        Outcome::Continue { bytes, .. } if *bytes > 0 => {
            Some(Say::with(Key::OtherwiseFull, &[&grouped(*bytes)]))
        }
        Outcome::FullResync {
            why: FullReason::BeforeBacklog { sufficient_size: Some(size), .. },
        } => Some(Say::with(Key::OtherwisePartial, &[&grouped(*size)])),
        Outcome::FullResync { .. } => Some(Key::OtherwiseNever.into()),
        Outcome::Continue { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::ReplId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn ask(offset: i64, letter: u8) -> Verdict {
        let id = |letter: u8| ReplId::parse(&[letter; 40]).expect("forty bytes");
        let master = MasterView {
            replid: id(b'a'),
            replid2: id(b'b'),
            second_replid_offset: 150,
            master_repl_offset: 199,
            backlog: Some(psync::BacklogView {
                size: 100,
                first_byte_offset: 100,
                histlen: 100,
                created_at: 50,
            }),
            retired: psync::Retired::default(),
        };
        psync::decide(master, Request::Resume { replid: vec![letter; 40], offset })
    }

    fn holds(verdict: &Verdict) -> Vec<Option<bool>> {
        conditions(verdict).iter().map(|condition| condition.holds).collect()
    }

    #[test]
    fn the_first_condition_that_fails_settles_it() {
        let (yes, no, moot) = (Some(true), Some(false), None);
        assert_eq!(holds(&ask(150, b'a')), [yes; 5]);
        assert_eq!(holds(&ask(150, b'b')), [yes; 5]);
        assert_eq!(holds(&ask(150, b'c')), [yes, no, moot, moot, moot]);
        assert_eq!(holds(&ask(151, b'b')), [yes, no, moot, moot, moot]);
        assert_eq!(holds(&ask(99, b'a')), [yes, yes, yes, no, moot]);
        assert_eq!(holds(&ask(201, b'a')), [yes, yes, yes, yes, no]);
    }

    #[test]
    fn the_other_verdict_is_named_where_there_is_one() {
        assert_eq!(otherwise(&ask(99, b'a')), Some(Say::with(Key::OtherwisePartial, &[&"101"])));
        assert_eq!(otherwise(&ask(150, b'a')), Some(Say::with(Key::OtherwiseFull, &[&"50"])));
        assert_eq!(otherwise(&ask(200, b'a')), None);
        assert_eq!(otherwise(&ask(150, b'c')), Some(Key::OtherwiseNever.into()));
        assert_eq!(otherwise(&ask(49, b'a')), Some(Key::OtherwiseNever.into()));
    }
}
