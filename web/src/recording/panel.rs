//! The left column while a recording is shown: what it is, whether it keeps to the protocol, what
//! is not in it, and the ways out.

use lockstep_sim::Recording;
use lockstep_sim::capture::Summary;
use yew::prelude::*;

use super::{RecordingMsg, Told};
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::own::OwnMsg;
use crate::sentence;
use crate::view::el::{El, el};
use crate::view::seconds;

impl App {
    /// Whether a recording is shown.
    pub(crate) fn is_recorded(&self) -> bool {
        self.timeline.recording().is_some()
    }

    /// What is shown, if it is a recording that came from a file.
    pub(crate) fn recording_panel(&self, ctx: &Context<Self>) -> Option<Html> {
        let (recording, told) = (self.timeline.recording()?, self.own.told.as_ref()?);
        let kind = if told.capture.is_some() { Key::RecCapture } else { Key::RecTrace };
        let note = if told.capture.is_some() { Key::RecKnownText } else { Key::RecTraceText };
        let panel = el("nav", "guide recorded")
            .id("recording")
            .attr("aria-label", self.t(Key::RecLabel).to_owned())
            .attr("tabindex", "0".to_owned())
            .child(el("h2", "").text(self.t(kind)).done())
            .child(el("p", "name").child(el("code", "").text(&told.name).done()).done())
            .children(self.facts(recording, told))
            .child(el("h2", "").text(self.t(Key::RecProtocol)).done())
            .child(self.first_breach(ctx, recording, told))
            .child(el("h2", "").text(self.t(Key::RecKnown)).done())
            .child(el("p", "small").text(self.t(note)).done())
            .children(self.missing(recording, told.capture.as_ref()))
            .child(self.ways_out(ctx));
        Some(panel.done())
    }

    fn facts(&self, recording: &Recording, told: &Told) -> Vec<Html> {
        let line = |text: String| el("p", "small").text(&text).done();
        let first = match &told.capture {
            Some(s) => {
                let all = [s.packets, s.connections, s.links, s.clients].map(grouped);
                self.lang.fill(Key::RecFacts, &all.each_ref().map(String::as_str))
            }
            None => {
                let nodes = grouped(self.scene.nodes.len() as u64);
                self.lang.fill(Key::RecTraceFacts, &[&nodes, &grouped(recording.len())])
            }
        };
        let last = recording.steps().last().map_or(0, |step| step.at.0);
        let span = seconds(lockstep_core::time::Instant(last));
        let time = match recording.started_unix_ms() {
            0 => self.lang.fill(Key::RecSpan, &[&span]),
            ms => self.lang.fill(Key::RecTime, &[&date(ms), &span]),
        };
        vec![line(first), line(time)]
    }

    /// Where the conversation first departs from the protocol.
    fn first_breach(&self, ctx: &Context<Self>, recording: &Recording, told: &Told) -> Html {
        let Some((step, breach)) = recording.breaches().first() else {
            let whole = told.capture.as_ref().is_none_or(|summary| summary.missing == 0);
            let key = if whole { Key::RecNoBreach } else { Key::RecNoBreachSeen };
            return el("p", "small kept").id("breach-none").text(self.t(key)).done();
        };
        let packet = breach.packet.map_or_else(|| "–".to_owned(), grouped);
        let place =
            self.lang.fill(Key::RecBreachPlace, &[&grouped(*step), &packet, &grouped(breach.byte)]);
        let more = recording.breaches().len() as u64 - 1;
        let more = (more > 0).then(|| {
            let text = self.lang.fill(Key::RecBreachMore, &[&grouped(more)]);
            el("p", "small soft").text(&text).done()
        });
        let go = self.button(ctx, "action", "breach-go", Msg::Seek(*step));
        el("div", "breach")
            .id("breach")
            .child(el("p", "small").text(self.t(Key::RecBreach)).done())
            .child(el("p", "").text(&breach.fill(sentence::rule(self.lang, breach.rule))).done())
            .child(el("p", "small soft").text(&place).done())
            .child(go.text(self.t(Key::RecBreachGo)).done())
            .children(more.into_iter().collect())
            .done()
    }

    /// What is not in the recording.
    fn missing(&self, recording: &Recording, capture: Option<&Summary>) -> Vec<Html> {
        let none = Summary::default();
        let s = capture.unwrap_or(&none);
        let counts = [
            (Key::RecMissing, s.missing),
            (Key::RecAgain, s.again),
            (Key::RecFragments, s.fragments),
            (Key::RecDamaged, s.damaged),
            (Key::RecEncrypted, s.encrypted),
            (Key::RecForgotten, recording.forgotten()),
        ];
        let mut lines: Vec<String> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(key, count)| self.lang.fill(key, &[&grouped(count)]))
            .collect();
        lines.extend(s.broken_at.map(|at| self.lang.fill(Key::RecBroken, &[&grouped(at)])));
        lines.extend(s.left_out.then(|| self.t(Key::RecLeftOut).to_owned()));
        lines.iter().map(|text| el("p", "small soft").text(text).done()).collect()
    }

    fn ways_out(&self, ctx: &Context<Self>) -> Html {
        let button = |id: &str, key, what: RecordingMsg| -> El {
            self.button(ctx, "action", id, Msg::Own(OwnMsg::Recording(what))).text(self.t(key))
        };
        el("div", "ways")
            .child(button("recording-leave", Key::RecLeave, RecordingMsg::Leave).done())
            .child(button("recording-take", Key::RecTake, RecordingMsg::Take).done())
            .child(el("p", "small soft").text(self.t(Key::RecTakeNote)).done())
            .done()
    }

    /// What at this step is against the protocol.
    pub(crate) fn breach_here(&self) -> Option<String> {
        let cursor = self.timeline.cursor();
        let breaches = self.timeline.recording()?.breaches();
        let (_, breach) = breaches.iter().find(|(step, _)| *step == cursor)?;
        let text = breach.fill(sentence::rule(self.lang, breach.rule));
        Some(self.lang.fill(Key::RecBreachHere, &[&text]))
    }
}

/// A moment as `2026-11-21 19:50:15`, from milliseconds since the Unix epoch.
fn date(unix_ms: u64) -> String {
    let (days, seconds) = (unix_ms / 86_400_000, unix_ms / 1_000 % 86_400);
    // Days are counted from 1 March of the year 0, so that leap days come last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn moments_are_dates_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00:00");
        assert_eq!(date(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(date(1_795_290_615_175), "2026-11-21 19:50:15");
        assert_eq!(date(4_107_542_399_999), "2100-02-28 23:59:59");
        assert_eq!(date(4_107_542_400_000), "2100-03-01 00:00:00");
    }
}
