//! What is watched: the sandbox's timeline, or a recording that is shown instead of it.
//!
//! ```text
//! open     files: captures and traces
//! reading  one of them on its way in
//! panel    the left column meanwhile: what is shown, where it departs from the protocol
//! ```
//!
//! # Invariant
//!
//! A recording changes nothing in the sandbox, which stands still behind it and is as it was when
//! one goes back. [`Watched`] answers for the recording, while there is one, what both can be
//! asked; all else (the world, its script and branches) is the sandbox's, and nothing that would
//! change it is offered or done meanwhile.

mod open;
mod panel;
mod reading;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use lockstep_core::time::Instant;
use lockstep_sim::view::{FlightView, LinkView, NodeView};
use lockstep_sim::{Grain, Recording, Step, Timeline};

pub(crate) use open::{RecordingMsg, Told};
pub(crate) use reading::Reading;

use crate::sentence::Names;

/// What the page shows. See the module's documentation.
#[derive(Debug)]
pub(crate) struct Watched {
    sandbox: Timeline,
    recording: Option<Recording>,
    /// Tells recordings apart.
    number: u32,
}

/// Asks the recording, if one is shown, else the sandbox.
macro_rules! either {
    ($($name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {$(
        pub(crate) fn $name(&self, $($arg: $type),*) -> $out {
            match &self.recording {
                Some(recording) => recording.$name($($arg),*),
                None => self.sandbox.$name($($arg),*),
            }
        }
    )*};
}

impl Watched {
    either! {
        cursor() -> u64;
        len() -> u64;
        step(index: u64) -> Option<&Arc<Step>>;
        current() -> Option<&Arc<Step>>;
        steps() -> &[Arc<Step>];
        past() -> &[Arc<Step>];
        time_at(index: u64) -> Option<Instant>;
    }

    pub(crate) fn new(sandbox: Timeline) -> Self {
        Self { sandbox, recording: None, number: u32::MAX }
    }

    /// Shows another sandbox.
    pub(crate) fn replace(&mut self, sandbox: Timeline) {
        self.sandbox = sandbox;
        self.recording = None;
    }

    /// Shows a recording instead of the sandbox.
    pub(crate) fn show(&mut self, recording: Recording) {
        self.recording = Some(recording);
        self.number -= 1;
    }

    /// The recording that is shown.
    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// The recording that is shown, so that it can grow.
    pub(crate) fn recording_mut(&mut self) -> Option<&mut Recording> {
        self.recording.as_mut()
    }

    /// Back to the sandbox. Returns what was shown.
    pub(crate) fn leave(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// The number of the history that is shown: no other one has had it.
    pub(crate) fn number(&self) -> u32 {
        match self.recording {
            Some(_) => self.number,
            None => self.sandbox.number(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        match &self.recording {
            Some(recording) => recording.now(),
            None => self.sandbox.world().now(),
        }
    }

    pub(crate) fn forward(&mut self, grain: Grain) -> bool {
        match &mut self.recording {
            Some(recording) => recording.forward(grain),
            None => self.sandbox.forward(grain),
        }
    }

    pub(crate) fn back(&mut self, grain: Grain) -> bool {
        match &mut self.recording {
            Some(recording) => recording.back(grain),
            None => self.sandbox.back(grain),
        }
    }

    pub(crate) fn seek(&mut self, index: u64) {
        match &mut self.recording {
            Some(recording) => recording.seek(index),
            None => self.sandbox.seek(index),
        }
    }

    pub(crate) fn nodes(&self) -> Vec<NodeView> {
        match &self.recording {
            Some(recording) => recording.nodes(),
            None => self.sandbox.world().nodes(),
        }
    }

    pub(crate) fn links(&self) -> Vec<LinkView> {
        match &self.recording {
            Some(recording) => recording.links(),
            None => self.sandbox.world().links(),
        }
    }

    pub(crate) fn in_flight(&self) -> Vec<FlightView> {
        match &self.recording {
            Some(recording) => recording.in_flight(),
            None => self.sandbox.world().in_flight(),
        }
    }

    pub(crate) fn names(&self) -> Names {
        match &self.recording {
            Some(recording) => Names::recorded(recording),
            None => Names::of(self.sandbox.world()),
        }
    }
}

impl Deref for Watched {
    type Target = Timeline;

    fn deref(&self) -> &Timeline {
        &self.sandbox
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut Timeline {
        &mut self.sandbox
    }
}
