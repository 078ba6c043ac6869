//! Live nodes: what real servers on TCP do, while `lockstep play` tells it.
//!
//! ```text
//! story   its lines, put into a recording
//! panel   the left column meanwhile
//! ```
//!
//! The page shows a [`lockstep_sim::Recording`] that grows. Whoever stands at its end sees what
//! happens now; whoever steps back stays where he is, and the nodes go on.

mod panel;
mod story;

use lockstep_sim::Step;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use crate::app::{App, LowerTab, Msg};
use crate::i18n::Key;
use crate::platform;
use crate::share::Notice;
use story::Story;

/// What follows `#` in an address that opens the live view.
const HASH: &str = "#live";

/// What of the page's state belongs to live nodes.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Takes what is told, while somebody wants to hear it.
    each: Option<Closure<dyn FnMut(Option<String>)>>,
    story: Option<Story>,
    /// The number of the recording that grows.
    number: u32,
    /// The connection is lost, or was not made yet.
    lost: bool,
    /// The list of events has what comes every second, too.
    heartbeats: bool,
}

/// What happens to them.
#[derive(Debug)]
pub(crate) enum LiveMsg {
    /// Somebody wants to see them.
    Open,
    /// Something was told; or the connection is lost.
    Told(Option<String>),
    /// Has heartbeats listed, or not.
    Heartbeats,
    /// Back to what happens now.
    Now,
    /// Back to the sandbox.
    Leave,
}

/// Whether the page comes from a `lockstep play` that has live nodes: it says so in the head of the
/// index. From anywhere else nothing is asked for.
pub(crate) fn is_offered() -> bool {
    platform::has_meta("lockstep-live")
}

/// Opens the view at once if the address asks for it.
pub(crate) fn begin(ctx: &Context<App>) {
    if is_offered() && platform::hash() == HASH {
        ctx.link().send_message(Msg::Live(LiveMsg::Open));
    }
}

impl App {
    /// Whether live nodes are what is shown.
    pub(crate) fn shows_live(&self) -> bool {
        self.live.each.is_some()
    }

    /// Whether a step is left out of the list of events.
    pub(crate) fn is_unlisted(&self, step: &Step) -> bool {
        self.shows_live() && !self.live.heartbeats && step.is_heartbeat()
    }

    /// Something happens to live nodes. Returns whether the page looks different.
    pub(crate) fn live(&mut self, ctx: &Context<Self>, msg: LiveMsg) -> bool {
        match msg {
            LiveMsg::Open if !self.shows_live() => {
                self.stop();
                let link = ctx.link().clone();
                let each = Closure::<dyn FnMut(Option<String>)>::new(move |text| {
                    link.send_message(Msg::Live(LiveMsg::Told(text)));
                });
                lockstep_live(each.as_ref());
                self.live = Live { each: Some(each), lost: true, ..Live::default() };
                self.own.told = None;
                self.lower = LowerTab::Events;
            }
            LiveMsg::Open => return false,
            LiveMsg::Told(_) if !self.shows_live() => return false,
            LiveMsg::Told(None) => {
                if self.live.lost {
                    return false;
                }
                self.live.lost = true;
                self.announced = self.t(Key::LiveLost).to_owned();
            }
            LiveMsg::Told(Some(text)) => {
                self.told(&text);
                lockstep_live_taken();
            }
            LiveMsg::Heartbeats => self.live.heartbeats = !self.live.heartbeats,
            LiveMsg::Now => {
                self.stop();
                self.timeline.seek(self.timeline.len());
                self.moved(None);
            }
            LiveMsg::Leave => self.leave_live(),
        }
        true
    }

    fn told(&mut self, text: &str) {
        let mut rest = text;
        // Somebody has opened something else meanwhile.
        if self.live.story.is_some() && self.timeline.number() != self.live.number {
            return self.end_live();
        }
        self.live.lost = false;
        if Story::begins(text) {
            let (story, recording, after) = Story::begin(text);
            rest = after;
            self.timeline.show(recording);
            self.live.number = self.timeline.number();
            self.live.story = Some(story);
            self.begin();
        }
        let at_end = self.timeline.cursor() == self.timeline.len();
        let (Some(story), Some(recording)) = (&mut self.live.story, self.timeline.recording_mut())
        else {
            return;
        };
        let told = story.go_on(rest, recording);
        if at_end && self.playing.is_none() {
            let before = std::mem::take(&mut self.scene.nodes);
            let said = std::mem::take(&mut self.announced);
            self.timeline.seek(self.timeline.len());
            self.moved(Some(before));
            if !told.notable {
                // Heartbeats come every second: nobody wants them read out.
                self.announced = said;
            }
        }
        if told.unreadable > 0 {
            let text = self.lang.fill(Key::LiveUnreadable, &[&told.unreadable.to_string()]);
            self.notice = Some(Notice { text, bad: true });
        }
    }

    fn leave_live(&mut self) {
        self.stop();
        if self.timeline.recording().is_some() {
            self.timeline.leave();
            self.lower = LowerTab::SpaceTime;
            self.begin();
            self.message = self.moment();
        }
        self.end_live();
    }

    /// Nothing more is to be told.
    pub(crate) fn end_live(&mut self) {
        lockstep_live(&JsValue::UNDEFINED);
        self.live = Live::default();
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = lockstepLive)]
    fn lockstep_live(each: &JsValue);

    #[wasm_bindgen(js_name = lockstepLiveTaken)]
    fn lockstep_live_taken();
}
