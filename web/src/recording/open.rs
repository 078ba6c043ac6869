//! Files that are shown as recordings: they are read whole, here, and nothing of them leaves the
//! page.

use std::sync::Arc;

use lockstep_sim::Recording;
use lockstep_sim::capture::{self, Capture, CaptureError, Summary};
use lockstep_sim::rdb::{EXTRACT_BYTES_MAX, Extract, Index};
use lockstep_sim::recording::{DATASET_COMMANDS_MAX, NoDataset};
use lockstep_sim::trace::{Reader, Session};
use yew::prelude::*;

use crate::app::{App, LowerTab, Msg, SideTab};
use crate::i18n::{Key, grouped};
use crate::own::drop::{File, Magic};
use crate::own::{Loaded, OwnMsg};
use crate::share::Notice;

/// Largest trace that is read: its text is kept in memory while it is read.
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
    /// A file was read.
    Read(File, Magic, Option<Vec<u8>>),
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
        let text = self.lang.fill(Key::RecReading, &[&file.name]);
        self.notice = Some(Notice { text, bad: false });
        let read = file.clone();
        let then = ctx.link().callback(move |bytes| {
            Msg::Own(OwnMsg::Recording(RecordingMsg::Read(read.clone(), magic, bytes)))
        });
        file.read(0, file.size, then);
    }

    /// Something happens about a recording.
    pub(crate) fn of_recording(&mut self, what: RecordingMsg) {
        match what {
            RecordingMsg::Read(file, _, None) => self.cannot_open(Key::OwnUnreadable, &file),
            RecordingMsg::Read(file, Magic::Trace, Some(bytes)) => self.show_trace(&file, &bytes),
            RecordingMsg::Read(file, _, Some(bytes)) => self.show_capture(&file, &bytes),
            RecordingMsg::Leave => self.leave_recording(),
            RecordingMsg::Take => self.take_dataset(),
        }
    }

    fn show_capture(&mut self, file: &File, bytes: &[u8]) {
        match capture::read(bytes) {
            Ok(Capture { recording, summary }) => {
                self.show_recording(file, recording, Some(summary));
            }
            Err(CaptureError::NoCapture) => self.cannot_open(Key::OwnUnknown, file),
            Err(CaptureError::TooLarge) => {
                let megabytes = (capture::FILE_BYTES_MAX >> 20).to_string();
                self.tell_bad(Key::RecTooLarge, &[&file.name, &megabytes]);
            }
            Err(CaptureError::LinkType(link)) => {
                self.tell_bad(Key::RecLink, &[&file.name, &link.to_string()]);
            }
            Err(CaptureError::NoRedis { packets, connections, encrypted }) => {
                let [packets, connections, encrypted] =
                    [packets, connections, encrypted].map(grouped);
                let args = [&*file.name, &packets, &connections, &encrypted];
                self.tell_bad(Key::RecNoRedis, &args);
            }
        }
    }

    fn show_trace(&mut self, file: &File, bytes: &[u8]) {
        match read_trace(bytes) {
            Ok(recording) if recording.is_empty() => self.tell_bad(Key::RecEmpty, &[&file.name]),
            Ok(recording) => self.show_recording(file, recording, None),
            Err(error) => self.tell_bad(Key::RecBadTrace, &[&file.name, &error]),
        }
    }

    fn show_recording(&mut self, file: &File, recording: Recording, capture: Option<Summary>) {
        if self.shows_live() {
            self.end_live();
        }
        self.timeline.show(recording);
        self.own.told = Some(Told { name: file.name.clone(), capture });
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
                let unix_ms = started + self.timeline.now().0 / 1_000;
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

/// Reads a trace. Its last line may be torn, where a server is still writing it.
fn read_trace(bytes: &[u8]) -> Result<Recording, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::new();
    let mut records = Vec::new();
    for line in text.split_inclusive('\n') {
        match reader.read(line.trim_end_matches(['\n', '\r'])) {
            Ok(record) => records.extend(record),
            Err(_) if !line.ends_with('\n') && !records.is_empty() => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(Recording::of_session(&Session::join(vec![(reader, records)])))
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
