//! The story as far as it is remembered, and those who follow it.
//!
//! # Invariants
//!
//! * What is remembered has a bound ([`BYTES_MAX`]); the oldest goes first. Who writes never waits
//!   for who reads.
//! * A reader gets every line once, in order. Where lines are gone before he came to them he is
//!   told how many, what the nodes hold, and which connections are open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::weave::{Line, Matter};

/// Text that is remembered, in bytes.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Lines that are remembered.
const LINES_MAX: usize = 50_000;

/// Remembers the story, and gives it to readers.
#[derive(Debug)]
pub(crate) struct Hub {
    memory: Mutex<Memory>,
    news: Condvar,
}

/// How far a reader is.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The number of the next line; `None` before the header.
    next: Option<u64>,
}

#[derive(Debug)]
struct Memory {
    header: String,
    lines: VecDeque<Line>,
    /// The number of the first line that is remembered.
    first: u64,
    bytes: usize,
    /// How many events were lost with the lines that are gone.
    gone: u64,
    /// What each node held when the first remembered line was told.
    states: BTreeMap<u32, String>,
    /// The connections that were open then.
    open: BTreeSet<u32>,
    closed: bool,
}

impl Hub {
    /// A story that begins with these lines.
    pub(crate) fn new(header: String) -> Self {
        let memory = Memory {
            header,
            lines: VecDeque::new(),
            first: 0,
            bytes: 0,
            gone: 0,
            states: BTreeMap::new(),
            open: BTreeSet::new(),
            closed: false,
        };
        Self { memory: Mutex::new(memory), news: Condvar::new() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with the story.
    pub(crate) fn push(&self, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        let mut memory = self.memory();
        for line in lines {
            memory.bytes += line.text.len() + 1;
            memory.lines.push_back(line);
        }
        while memory.bytes > BYTES_MAX || memory.lines.len() > LINES_MAX {
            memory.forget();
        }
        drop(memory);
        self.news.notify_all();
    }

    /// The story is over.
    pub(crate) fn close(&self) {
        self.memory().closed = true;
        self.news.notify_all();
    }

    /// What comes next for a reader: some whole lines, at most about `bytes_max`; nothing if there
    /// is nothing for so long; `None` at the end of the story.
    pub(crate) fn next(
        &self,
        place: &mut Place,
        bytes_max: usize,
        patience: Duration,
    ) -> Option<String> {
        let deadline = Instant::now() + patience;
        let mut memory = self.memory();
        loop {
            let text = memory.take(place, bytes_max);
            if !text.is_empty() || memory.closed {
                return (!text.is_empty()).then_some(text);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(String::new());
            }
            let waited = self.news.wait_timeout(memory, left);
            memory = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Memory {
    /// Forgets the oldest line, but not what it means for the rest.
    fn forget(&mut self) {
        let Some(line) = self.lines.pop_front() else { return };
        self.first += 1;
        self.bytes -= line.text.len() + 1;
        self.gone += match line.matter {
            Matter::Gap(count) => count,
            Matter::State(_) => 0,
            _ => 1,
        };
        match line.matter {
            Matter::State(node) => {
                self.states.insert(node, line.text);
            }
            Matter::Opens(wire) => {
                self.open.insert(wire);
            }
            Matter::Closes(wire) => {
                self.open.remove(&wire);
            }
            Matter::Passing | Matter::Gap(_) => {}
        }
    }

    fn take(&self, place: &mut Place, bytes_max: usize) -> String {
        let mut text = String::new();
        let next = place.next.unwrap_or_else(|| {
            text.push_str(&self.header);
            0
        });
        if next < self.first {
            self.tell_gap(next, &mut text);
        }
        let mut next = next.max(self.first);
        let skip = usize::try_from(next - self.first).unwrap_or(usize::MAX);
        for line in self.lines.iter().skip(skip) {
            if text.len() + line.text.len() > bytes_max && !text.is_empty() {
                break;
            }
            text.push_str(&line.text);
            text.push('\n');
            next += 1;
        }
        place.next = Some(next);
        text
    }

    /// Lines from `next` on are gone: what to know to understand those that follow.
    fn tell_gap(&self, next: u64, text: &mut String) {
        // Exact for who reads from the beginning; else lines, of which some are no events.
        let count = if next == 0 { self.gone } else { self.first - next };
        let _ = writeln!(text, "# left-out {count}");
        text.push_str("# open");
        for wire in &self.open {
            let _ = write!(text, " w{wire}");
        }
        text.push('\n');
        for state in self.states.values() {
            text.push_str(state);
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: String, matter: Matter) -> Line {
        Line { text, matter }
    }

    #[test]
    fn who_comes_late_is_told_what_he_needs_and_who_is_slow_what_he_missed() {
        let hub = Hub::new("# lockstep trace 1\n".into());
        let mut slow = Place::default();
        let at_once = Duration::ZERO;
        hub.push(vec![line("open w1".into(), Matter::Opens(1))]);
        let first = hub.next(&mut slow, 1_000, at_once).expect("a story");
        assert_eq!(first, "# lockstep trace 1\nopen w1\n");
        assert_eq!(hub.next(&mut slow, 1_000, at_once).as_deref(), Some(""));
        hub.push(vec![
            line("open w2".into(), Matter::Opens(2)),
            line("close w1".into(), Matter::Closes(1)),
            line("state 1".into(), Matter::State(0)),
            line("# left-out 40".into(), Matter::Gap(40)),
        ]);
        for n in 0..LINES_MAX {
            hub.push(vec![line(format!("event {n}"), Matter::Passing)]);
        }
        let late = hub.next(&mut Place::default(), 100, at_once).expect("a story");
        let told = "# lockstep trace 1\n# left-out 43\n# open w2\nstate 1\nevent 0\n";
        assert!(late.starts_with(told) && late.len() <= 100, "{late}");
        let mut text = hub.next(&mut slow, 100, at_once).expect("a story");
        assert!(text.starts_with("# left-out 4\n# open w2\nstate 1\nevent 0\nevent 1\n"), "{text}");
        loop {
            let more = hub.next(&mut slow, 10_000, at_once).expect("a story");
            assert!(more.len() <= 10_000, "{}", more.len());
            if more.is_empty() {
                break;
            }
            text.push_str(&more);
        }
        assert_eq!(text.lines().filter(|l| l.starts_with("event")).count(), LINES_MAX);
        hub.close();
        assert_eq!(hub.next(&mut slow, 100, at_once), None);
    }

    #[test]
    fn memory_has_a_bound_in_bytes_too() {
        let hub = Hub::new(String::new());
        for _ in 0..40 {
            hub.push(vec![line("x".repeat(1024 * 1024), Matter::Passing)]);
            assert!(hub.memory().bytes <= BYTES_MAX);
        }
        assert_eq!(hub.memory().lines.len(), 7);
    }
}
