//! What a learner has done, as a text to keep, to take along and to bring back.
//!
//! ```text
//! lockstep progress 1
//! handshake goals=3 done fewest=2 right=1
//! ```

/// Longest text of a progress that is read, in bytes.
pub const PROGRESS_BYTES_MAX: usize = 64 * 1024;

/// The first line: the version counts up when older programs would misread what follows.
const HEAD: &str = "lockstep progress 1";

/// Most lessons in a progress.
const LESSONS_MAX: usize = 256;

/// What a learner has done in one lesson.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// The most goals reached.
    pub goals: u32,
    /// Whether all were.
    pub done: bool,
    /// The fewest interventions with which they were.
    pub fewest: Option<u32>,
    /// Predictions that came true.
    pub right: u32,
}

impl Record {
    /// The better of both in everything.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        Self {
            goals: self.goals.max(other.goals),
            done: self.done || other.done,
            fewest: self.fewest.into_iter().chain(other.fewest).min(),
            right: self.right.max(other.right),
        }
    }
}

/// What a learner has done: by the lessons' names, in the order in which they were begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    records: Vec<(String, Record)>,
}

impl Progress {
    /// What was done in a lesson.
    pub fn of(&self, lesson: &str) -> Option<Record> {
        self.records.iter().find(|(known, _)| known == lesson).map(|(_, record)| *record)
    }

    /// Notes what was done. Nothing that was done is undone. Returns whether that is news.
    pub fn note(&mut self, lesson: &str, record: Record) -> bool {
        let known = self.records.iter().position(|(known, _)| known == lesson);
        if let Some((_, before)) = known.and_then(|at| self.records.get_mut(at)) {
            let better = before.best(record);
            let news = better != *before;
            *before = better;
            return news;
        }
        let room = self.records.len() < LESSONS_MAX && is_name(lesson);
        if room {
            self.records.push((lesson.to_owned(), record));
        }
        room
    }

    /// How many lessons were done.
    pub fn done(&self) -> usize {
        self.records.iter().filter(|(_, record)| record.done).count()
    }

    /// Takes over what another progress has that this one has not.
    pub fn merge(&mut self, other: &Self) {
        other.records.iter().for_each(|(lesson, record)| _ = self.note(lesson, *record));
    }

    /// The text of a progress. Words that a later version adds to a line are skipped.
    ///
    /// `None`: it is none, or of a version that is not known.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if text.len() > PROGRESS_BYTES_MAX || lines.next()?.trim_end() != HEAD {
            return None;
        }
        let mut progress = Self::default();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let lesson = words.next().filter(|lesson| is_name(lesson))?;
            let mut record = Record::default();
            for word in words {
                match word.split_once('=') {
                    None if word == "done" => record.done = true,
                    Some(("goals", n)) => record.goals = n.parse().ok()?,
                    Some(("fewest", n)) => record.fewest = Some(n.parse().ok()?),
                    Some(("right", n)) => record.right = n.parse().ok()?,
                    _ => {}
                }
            }
            progress.note(lesson, record);
        }
        Some(progress)
    }

    /// The progress as a text.
    pub fn write(&self) -> String {
        let mut out = format!("{HEAD}\n");
        for (lesson, record) in &self.records {
            out.push_str(&format!("{lesson} goals={}", record.goals));
            if record.done {
                out.push_str(" done");
            }
            if let Some(fewest) = record.fewest {
                out.push_str(&format!(" fewest={fewest}"));
            }
            out.push_str(&format!(" right={}\n", record.right));
        }
        out
    }
}

/// Whether a lesson can be called so.
fn is_name(name: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_comes_back_and_is_never_undone() {
        let mut progress = Progress::default();
        let first = Record { goals: 2, right: 1, ..Record::default() };
        assert!(progress.note("the-cut", first));
        let done = Record { goals: 3, done: true, fewest: Some(4), right: 0 };
        assert!(progress.note("the-cut", done));
        assert!(!progress.note("the-cut", first), "nothing new");
        let both = Record { goals: 3, done: true, fewest: Some(4), right: 1 };
        assert_eq!(progress.of("the-cut"), Some(both));
        assert_eq!(Progress::read(&progress.write()), Some(progress.clone()));
        let mut other = Progress::default();
        other.note("the-cut", Record { fewest: Some(2), ..done });
        other.note("chains", first);
        progress.merge(&other);
        assert_eq!(progress.of("the-cut").and_then(|r| r.fewest), Some(2));
        assert_eq!((progress.done(), progress.of("chains")), (1, Some(first)));
    }

    #[test]
    fn what_is_no_progress_is_refused_whole() {
        for text in [
            "",
            "{}",
            "lockstep progress 2\n",
            "lockstep progress 1\n<b> goals=1",
            "lockstep progress 1\na goals=x",
        ] {
            assert_eq!(Progress::read(text), None, "{text}");
        }
        assert_eq!(Progress::read("lockstep progress 1\r\n\r\n"), Some(Progress::default()));
        let later = Progress::read("lockstep progress 1\na goals=1 stars=5 gold\n");
        assert_eq!(later.and_then(|p| p.of("a")).map(|r| r.goals), Some(1));
    }
}
