//! The records of a history's steps, in bounded memory.
//!
//! Of every step its time and its grains are known. Its whole record is kept as long as there is
//! room; then routine steps far from the cursor go first (arrivals, heartbeats), and what people
//! look for stays: interventions, transitions, log lines. A replay brings records back.

use std::sync::Arc;

use lockstep_core::time::Instant;
use lockstep_core::trace::Event;

use crate::step::{Cause, Grain, Step};

/// What records may take, in bytes, as far as that can be estimated.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// So many steps before and after the cursor keep their records.
const AROUND: u64 = 2_048;

/// The records of a history.
#[derive(Debug, Clone, Default)]
pub(super) struct Records {
    /// When each step happened.
    times: Vec<Instant>,
    /// Which grains each step has, as bits.
    grains: Vec<u8>,
    /// Records, in the order of their indices.
    kept: Vec<Arc<Step>>,
    /// Records that came back and are not yet in their places.
    back: Vec<Arc<Step>>,
    /// An estimate of what the records take.
    bytes: usize,
}

impl Records {
    /// How many steps are known.
    pub(super) fn len(&self) -> u64 {
        self.times.len() as u64
    }

    pub(super) fn time(&self, index: u64) -> Option<Instant> {
        self.times.get(place(index)?).copied()
    }

    /// How many steps happened up to a time.
    pub(super) fn count_until(&self, time: Instant) -> u64 {
        self.times.partition_point(|at| *at <= time) as u64
    }

    pub(super) fn has_grain(&self, index: u64, grain: Grain) -> bool {
        place(index).and_then(|at| self.grains.get(at)).is_some_and(|g| g & bit(grain) != 0)
    }

    pub(super) fn get(&self, index: u64) -> Option<&Arc<Step>> {
        let at = self.kept.partition_point(|s| s.index < index);
        self.kept.get(at).filter(|s| s.index == index)
    }

    /// All that are kept, up to an index.
    pub(super) fn until(&self, index: u64) -> &[Arc<Step>] {
        &self.kept[..self.kept.partition_point(|s| s.index <= index)]
    }

    pub(super) fn kept(&self) -> &[Arc<Step>] {
        &self.kept
    }

    /// The next step becomes known.
    pub(super) fn push(&mut self, step: Step) {
        debug_assert_eq!(step.index, self.len() + 1, "steps become known in their order");
        self.times.push(step.at);
        self.grains.push(GRAINS.iter().filter(|g| step.has_grain(**g)).map(|g| bit(*g)).sum());
        self.bytes += weight(&step);
        self.kept.push(Arc::new(step));
    }

    /// A replay has made a known step again.
    pub(super) fn again(&mut self, step: Step) {
        match self.get(step.index) {
            Some(known) => debug_assert!(**known == step, "a replay differs: {step:?}"),
            None => {
                self.bytes += weight(&step);
                self.back.push(Arc::new(step));
            }
        }
    }

    /// Puts what came back into its place, and makes room if need be.
    pub(super) fn settle(&mut self, cursor: u64) {
        if !self.back.is_empty() {
            self.kept.append(&mut self.back);
            self.kept.sort_by_key(|s| s.index);
        }
        if self.bytes > RECORD_BYTES_MAX {
            self.sweep(cursor, |step| !is_routine(step));
            if self.bytes > RECORD_BYTES_MAX / 4 * 3 {
                self.sweep(cursor, |step| matches!(step.cause, Cause::Intervention(_)));
            }
        }
    }

    fn sweep(&mut self, cursor: u64, stays: impl Fn(&Step) -> bool) {
        let around = cursor.saturating_sub(AROUND)..=cursor.saturating_add(AROUND);
        self.kept.retain(|step| around.contains(&step.index) || stays(step));
        self.kept.shrink_to_fit();
        self.bytes = self.kept.iter().map(|step| weight(step)).sum();
    }

    /// Forgets what lies after an index, and returns it.
    pub(super) fn split_off(&mut self, index: u64) -> Self {
        self.settle(index);
        let at = usize::try_from(index).unwrap_or(usize::MAX).min(self.times.len());
        let kept = self.kept.split_off(self.until(index).len());
        let bytes = kept.iter().map(|step| weight(step)).sum();
        self.bytes -= self.bytes.min(bytes);
        let times = self.times.split_off(at);
        Self { times, grains: self.grains.split_off(at), kept, back: Vec::new(), bytes }
    }

    /// Goes on with what was split off another history at the same index.
    pub(super) fn append(&mut self, mut tail: Self) {
        self.times.append(&mut tail.times);
        self.grains.append(&mut tail.grains);
        self.kept.append(&mut tail.kept);
        self.bytes += tail.bytes;
    }

    /// An estimate of what the records take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

const GRAINS: [Grain; 4] = [Grain::Event, Grain::Segment, Grain::Delivery, Grain::Transition];

fn bit(grain: Grain) -> u8 {
    match grain {
        Grain::Event => 1,
        Grain::Segment => 2,
        Grain::Delivery => 4,
        Grain::Transition => 8,
    }
}

fn place(index: u64) -> Option<usize> {
    usize::try_from(index.checked_sub(1)?).ok()
}

/// Whether nobody will look for this step by what it says.
fn is_routine(step: &Step) -> bool {
    let logs = |step: &Step| step.effects.iter().any(|e| matches!(e.event, Event::Log(..)));
    !matches!(step.cause, Cause::Intervention(_)) && !step.is_transition() && !logs(step)
}

/// What a record takes in memory, roughly.
fn weight(step: &Step) -> usize {
    let effects = step.effects.iter().map(|effect| {
        let payload = match &effect.event {
            Event::Fed { bytes, .. } | Event::Command { raw: bytes, .. } => bytes.len(),
            Event::Log(_, text) => text.len(),
            _ => 0,
        };
        size_of_val(effect) + payload
    });
    let message = size_of::<crate::message::Message>() + 3 * size_of::<usize>();
    let sent = step.sent.iter().map(|m| message + m.bytes.len());
    size_of::<Step>() + 3 * size_of::<usize>() + effects.sum::<usize>() + sent.sum::<usize>()
}
