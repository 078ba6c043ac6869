//! A capture or a trace on its way in: fetched piece by piece and read in slices, each in a turn of
//! its own, so that the page answers meanwhile and the reader can stop it.

use std::vec;

use gloo_timers::callback::Timeout;
use lockstep_sim::Recording;
use lockstep_sim::capture::{self, Capture, CaptureError, Summary};
use lockstep_sim::trace::{Reader, Record, Session};
use yew::prelude::*;

use super::RecordingMsg;
use crate::app::{App, Msg};
use crate::i18n::{Key, grouped};
use crate::own::OwnMsg;
use crate::own::drop::{File, Magic};
use crate::view::el::el;

/// How much of the file is fetched at a time.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;
/// So many bytes of a capture, and lines of a trace, are read in one turn.
const SLICE_BYTES: usize = 4 * 1024 * 1024;
const SLICE_RECORDS: usize = 10_000;

/// A file that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    file: File,
    /// Tells what belongs to an earlier file.
    number: u32,
    /// Bytes that were fetched.
    fetched: u64,
    work: Work,
    /// The share that is shown, in percent.
    shown: u64,
    timer: Option<Timeout>,
}

/// What is done with the file.
#[derive(Debug)]
enum Work {
    /// A capture comes in: it is read where it lies, and therefore has to be there.
    Bytes(Vec<u8>),
    Capture(Box<capture::Reading<'static>>),
    /// A trace comes in: its lines are read as they come.
    Lines {
        reader: Reader,
        records: Vec<Record>,
        tail: Vec<u8>,
    },
    Records {
        records: vec::IntoIter<Record>,
        all: u64,
        recording: Box<Recording>,
    },
}

/// Why there is nothing to show: a text, and what stands in it after the file's name.
pub(super) type Refusal = (Key, Vec<String>);

/// What a file has turned out to hold.
pub(super) type Found = Result<(Recording, Option<Summary>), Refusal>;

impl Reading {
    /// Begins to read a file; pieces and turns of an earlier one mean nothing any more.
    pub(super) fn new(file: File, magic: Magic, number: u32) -> Self {
        let work = match magic {
            Magic::Trace => {
                Work::Lines { reader: Reader::new(), records: Vec::new(), tail: Vec::new() }
            }
            _ => Work::Bytes(Vec::with_capacity(file.size as usize)),
        };
        Self { file, number, fetched: 0, work, shown: 0, timer: None }
    }

    /// Asks for the next piece.
    pub(super) fn fetch(&self, ctx: &Context<App>) {
        let number = self.number;
        let then = ctx
            .link()
            .callback(move |piece| Msg::Own(OwnMsg::Recording(RecordingMsg::Piece(number, piece))));
        self.file.read(self.fetched, self.fetched + PIECE_BYTES, then);
    }

    /// Goes on in a turn of its own.
    fn later(&mut self, ctx: &Context<App>) {
        let (link, number) = (ctx.link().clone(), self.number);
        let go_on = move || {
            link.send_message(Msg::Own(OwnMsg::Recording(RecordingMsg::GoOn(number))));
        };
        self.timer = Some(Timeout::new(0, go_on));
    }

    /// Takes a piece of the file. Returns what it holds, if that is known.
    pub(super) fn piece(&mut self, ctx: &Context<App>, piece: &[u8]) -> Option<Found> {
        self.fetched += piece.len() as u64;
        let last = piece.is_empty() || self.fetched >= self.file.size;
        match &mut self.work {
            Work::Bytes(bytes) => {
                bytes.extend_from_slice(piece);
                if last {
                    match capture::Reading::new(std::mem::take(bytes)) {
                        Ok(reading) => self.work = Work::Capture(Box::new(reading)),
                        Err(error) => return Some(Err(refusal(&error))),
                    }
                }
            }
            Work::Lines { reader, records, tail } => {
                if let Err(error) = lines(reader, records, tail, piece, last) {
                    return Some(Err((Key::RecBadTrace, vec![error])));
                }
                if last {
                    let parts = vec![(std::mem::take(reader), std::mem::take(records))];
                    let session = Session::join(parts);
                    let recording = Box::new(Recording::of_nodes(&session));
                    let all = session.records.len() as u64;
                    let records = session.records.into_iter();
                    self.work = Work::Records { records, all, recording };
                }
            }
            _ => return None,
        }
        if last {
            self.later(ctx)
        } else {
            self.fetch(ctx)
        }
        None
    }

    /// Reads on. Returns what the file holds, if that is known.
    pub(super) fn go_on(&mut self, ctx: &Context<App>) -> Option<Found> {
        match &mut self.work {
            Work::Capture(reading) => {
                if !reading.go_on(SLICE_BYTES) {
                    return Some(self.finish());
                }
            }
            Work::Records { records, recording, .. } => {
                records.take(SLICE_RECORDS).for_each(|record| recording.push(&record));
                if records.len() == 0 {
                    return Some(self.finish());
                }
            }
            _ => return None,
        }
        self.later(ctx);
        None
    }

    fn finish(&mut self) -> Found {
        match std::mem::replace(&mut self.work, Work::Bytes(Vec::new())) {
            Work::Capture(reading) => match reading.finish() {
                Ok(Capture { recording, summary }) => Ok((recording, Some(summary))),
                Err(error) => Err(refusal(&error)),
            },
            Work::Records { recording, .. } if !recording.is_empty() => Ok((*recording, None)),
            _ => Err((Key::RecEmpty, Vec::new())),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.file.name
    }

    /// Whether this file is meant.
    pub(super) fn is(&self, number: u32) -> bool {
        self.number == number
    }

    /// How much of the work is done, in percent. To fetch a file is a tenth of it.
    fn percent(&self) -> u64 {
        let fetched = 10 * self.fetched / self.file.size.max(1);
        fetched
            + match &self.work {
                Work::Bytes(_) | Work::Lines { .. } => 0,
                Work::Capture(reading) => {
                    let (done, all) = reading.share();
                    90 * done / all
                }
                Work::Records { records, all, .. } => {
                    90 * (all - records.len() as u64) / (*all).max(1)
                }
            }
    }

    /// Whether the page would show another share than it does.
    pub(super) fn moved(&mut self) -> bool {
        let percent = self.percent();
        std::mem::replace(&mut self.shown, percent) != percent
    }

    /// What is said meanwhile.
    pub(crate) fn view(&self, app: &App, ctx: &Context<App>) -> Html {
        let stop = app
            .button(ctx, "", "reading-stop", Msg::Own(OwnMsg::Recording(RecordingMsg::Stop)))
            .text(app.t(Key::OwnStop));
        let text = app.lang.fill(Key::RecReading, &[&self.file.name]);
        let meter = el("progress", "")
            .attr("aria-label", app.t(Key::OwnReading).to_owned())
            .attr("max", "100".to_owned())
            .attr("value", self.shown.to_string());
        el("div", "toast")
            .id("reading")
            .attr("role", "status".to_owned())
            .child(el("span", "").text(&text).done())
            .child(meter.done())
            .child(stop.done())
            .done()
    }
}

/// Reads the lines that a piece completes. The last one may be torn, where a server is still
/// writing it.
fn lines(
    reader: &mut Reader,
    records: &mut Vec<Record>,
    tail: &mut Vec<u8>,
    piece: &[u8],
    last: bool,
) -> Result<(), String> {
    let end = piece.iter().rposition(|byte| *byte == b'\n');
    let whole = end.map_or(0, |end| tail.len() + end + 1);
    tail.extend_from_slice(piece);
    for line in String::from_utf8_lossy(&tail[..whole]).lines() {
        records.extend(reader.read(line).map_err(|error| error.to_string())?);
    }
    tail.drain(..whole);
    if last && !tail.is_empty() {
        match reader.read(String::from_utf8_lossy(tail).trim_end()) {
            Ok(record) => records.extend(record),
            Err(error) if records.is_empty() => return Err(error.to_string()),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Why a capture is not shown.
fn refusal(error: &CaptureError) -> Refusal {
    match *error {
        CaptureError::NoCapture => (Key::OwnUnknown, Vec::new()),
        CaptureError::TooLarge => {
            (Key::RecTooLarge, vec![(capture::FILE_BYTES_MAX >> 20).to_string()])
        }
        CaptureError::LinkType(link) => (Key::RecLink, vec![link.to_string()]),
        CaptureError::NoRedis { packets, connections, encrypted } => {
            (Key::RecNoRedis, [packets, connections, encrypted].map(grouped).to_vec())
        }
    }
}
