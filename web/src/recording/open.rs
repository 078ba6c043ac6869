//! Files that are shown as recordings: they are read here, and nothing of them leaves the page.

use std::sync::Arc;

use lockstep_sim::Recording;
use lockstep_sim::capture::{self, Summary};
use lockstep_sim::rdb::{EXTRACT_BYTES_MAX, Extract, Index};
use lockstep_sim::recording::{DATASET_COMMANDS_MAX, NoDataset};
use yew::prelude::*;

use super::reading::Reading;
use crate::app::{App, LowerTab, SideTab};
use crate::i18n::{Key, grouped};
use crate::own::Loaded;
use crate::own::drop::{File, Magic};
use crate::share::Notice;

/// Largest trace that is read: all that it tells is kept in memory while it is read.
const TRACE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What a recording that came from a file is.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The file's name.
    pub(crate) name: String,
    /// What the capture held; `None`: it is a trace.
    pub(crate) capture: Option<Summary>,
}

/// What happens about captures and traces.
#[derive(Debug)]
pub(crate) enum RecordingMsg {
    /// A piece of the file with this number is here; nothing: it cannot be read.
    Piece(u32, Option<Vec<u8>>),
    /// The next turn of reading it.
    GoOn(u32),
    /// No more of it.
    Stop,
    /// Back to the sandbox.
    Leave,
    /// What a replica was given becomes the data of a sandbox.
    Take,
}

impl App {
    /// Reads a capture or a trace in order to show it.
    pub(crate) fn open_recording(&mut self, ctx: &Context<Self>, file: File, magic: Magic) {
        let limit = if magic == Magic::Trace { TRACE_BYTES_MAX } else { capture::FILE_BYTES_MAX };
        if file.size > limit {
            let megabytes = (limit >> 20).to_string();
            return self.tell_bad(Key::RecTooLarge, &[&file.name, &megabytes]);
        }
        self.notice = None;
        self.own.readings += 1;
        let reading = Reading::new(file, magic, self.own.readings);
        reading.fetch(ctx);
        self.own.reading = Some(reading);
    }

    /// Something happens about a recording. Returns whether the page looks different.
    pub(crate) fn of_recording(&mut self, ctx: &Context<Self>, what: RecordingMsg) -> bool {
        match what {
            RecordingMsg::Piece(number, piece) => return self.read_on(ctx, number, Some(piece)),
            RecordingMsg::GoOn(number) => return self.read_on(ctx, number, None),
            RecordingMsg::Stop => self.own.reading = None,
            RecordingMsg::Leave => self.leave_recording(),
            RecordingMsg::Take => self.take_dataset(),
        }
        true
    }

    /// Goes on with the file that is being read: with a piece of it, or with the work on it.
    fn read_on(
        &mut self,
        ctx: &Context<Self>,
        number: u32,
        piece: Option<Option<Vec<u8>>>,
    ) -> bool {
        let Some(reading) = self.own.reading.as_mut().filter(|reading| reading.is(number)) else {
            return false;
        };
        let found = match piece {
            Some(Some(piece)) => reading.piece(ctx, &piece),
            Some(None) => Some(Err((Key::OwnUnreadable, Vec::new()))),
            None => reading.go_on(ctx),
        };
        let Some(found) = found else { return reading.moved() };
        let name = reading.name().to_owned();
        self.own.reading = None;
        match found {
            Ok((recording, summary)) => self.show_recording(name, recording, summary),
            Err((key, more)) => {
                let args: Vec<&str> = std::iter::once(&name).chain(&more).map(|s| &**s).collect();
                self.tell_bad(key, &args);
            }
        }
        true
    }

    fn show_recording(&mut self, name: String, recording: Recording, capture: Option<Summary>) {
        if self.shows_live() {
            self.end_live();
        }
        self.timeline.show(recording);
        self.own.told = Some(Told { name, capture });
        self.own.rdb = None;
        self.branches_open = false;
        if matches!(self.lower, LowerTab::Console(_) | LowerTab::Backlog) {
            self.lower = LowerTab::SpaceTime;
        }
        self.side = SideTab::Bytes;
        self.begin();
        // The first thing that is said.
        self.timeline.forward(self.grain);
        self.moved(None);
    }

    /// Back to the sandbox, which is as it was.
    pub(crate) fn leave_recording(&mut self) {
        self.stop();
        self.timeline.leave();
        self.own.told = None;
        self.begin();
    }

    /// Begins a sandbox with what a replica has received up to the cursor.
    fn take_dataset(&mut self) {
        let Some(recording) = self.timeline.recording() else { return };
        let (dataset, started) = (recording.dataset(), recording.started_unix_ms());
        let name = self.own.told.as_ref().map(|told| told.name.clone()).unwrap_or_default();
        let large = (EXTRACT_BYTES_MAX >> 20).to_string();
        match dataset {
            Ok(dataset) => {
                let Some((file, databases)) = loadable(&dataset.rdb) else {
                    return self.tell_bad(Key::RecTakeLarge, &[&large]);
                };
                let unix_ms = started.saturating_add(self.timeline.now().0 / 1_000);
                self.own.told = None;
                self.load_world(Loaded {
                    name,
                    file: Arc::new(file),
                    unix_ms: Some(unix_ms).filter(|_| started > 0),
                    databases: databases.max(16),
                    preload: dataset.commands,
                });
            }
            Err(NoDataset::NoRdb) => self.tell_bad(Key::RecNoRdb, &[]),
            Err(NoDataset::Missing) => self.tell_bad(Key::RecTakeMissing, &[]),
            Err(NoDataset::TooLarge) => self.tell_bad(Key::RecTakeLarge, &[&large]),
            Err(NoDataset::TooManyCommands) => {
                let most = grouped(DATASET_COMMANDS_MAX as u64);
                self.tell_bad(Key::RecTakeMany, &[&most]);
            }
        }
    }

    fn tell_bad(&mut self, key: Key, args: &[&str]) {
        let text = self.lang.fill(key, args);
        self.notice = Some(Notice { text, bad: true });
    }
}

/// An RDB without what simulated nodes do not hold, and how many databases it needs. `None`: it is
/// too large, or damaged.
fn loadable(rdb: &[u8]) -> Option<(Vec<u8>, u64)> {
    let mut index = Index::default();
    index.feed(rdb);
    index.finish(rdb.len() as u64);
    let databases = index.databases().iter().map(|db| db.number + 1).max().unwrap_or(1);
    let mut extract = Extract::new(&index).ok()?;
    extract.feed(rdb);
    Some((extract.finish(), databases))
}
