//! `lockstep serve --trace FILE`: what happens in the node and on its connections, in the format of
//! [`lockstep_sim::trace`].
//!
//! Lines are gathered in memory and written once a second, when there are many of them, and at the
//! end. A file that has reached its size is renamed to `FILE.1`, in the place of an earlier one,
//! and begun anew: a trace takes at most twice that size, however long the server runs.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use lockstep_core::id::ConnId;
use lockstep_core::time::Instant;
use lockstep_core::trace::Event;
use lockstep_sim::MessageKind;
use lockstep_sim::trace::{self, Record, Tap, Way, What};

use crate::sys::words;

/// Text gathered before it is written, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// How long a line waits in memory at most, in milliseconds.
const FLUSH_PERIOD_MS: u64 = 1_000;

/// The one node of a server's trace.
const PLACE: &str = "n0";

/// What to trace, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where to.
    pub(crate) path: PathBuf,
    /// Bytes shown of a message.
    pub(crate) bytes_max: usize,
    /// Size at which the file is begun anew.
    pub(crate) size_max: u64,
}

impl Options {
    /// Bytes shown of a message unless said otherwise.
    pub(crate) const BYTES_MAX: usize = 256;
    /// Size of a file unless said otherwise.
    pub(crate) const SIZE_MAX: u64 = 256 * 1024 * 1024;

    /// Takes `--trace FILE`, `--trace-bytes N` and `--trace-size N` out of the arguments of a
    /// server, wherever they stand.
    ///
    /// # Errors
    /// One of them has no value, or not one that it can have.
    pub(crate) fn take(args: &mut Vec<Vec<u8>>) -> Result<Option<Self>, String> {
        let mut value = |name: &str| {
            let Some(at) = args.iter().position(|arg| arg == name.as_bytes()) else {
                return Ok(None);
            };
            if at + 1 == args.len() {
                return Err(format!("{name} needs a value"));
            }
            let value = args.drain(at..=at + 1).next_back();
            Ok(value.map(OsString::from_vec))
        };
        let number = |name: &str, text: Option<OsString>, default: u64| match text {
            None => Ok(default),
            Some(text) => text.to_str().and_then(|t| t.parse().ok()).ok_or_else(|| {
                format!("{name} takes a number of bytes, not '{}'", text.to_string_lossy())
            }),
        };
        let path = value("--trace")?;
        let (bytes, size) = (value("--trace-bytes")?, value("--trace-size")?);
        let Some(path) = path else {
            return match bytes.or(size) {
                Some(_) => Err("--trace-bytes and --trace-size go with --trace FILE".into()),
                None => Ok(None),
            };
        };
        let bytes_max = number("--trace-bytes", bytes, Self::BYTES_MAX as u64)?;
        let size_max = number("--trace-size", size, Self::SIZE_MAX)?;
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Ok(Some(Self { path: path.into(), bytes_max, size_max }))
    }

    /// With a path that stays right when the process changes its directory.
    pub(crate) fn absolute(self) -> Self {
        Self { path: std::path::absolute(&self.path).unwrap_or(self.path), ..self }
    }
}

/// Writes the trace of one server.
#[derive(Debug)]
pub(crate) struct Tracer {
    options: Options,
    header: String,
    file: File,
    text: String,
    /// Bytes in the file.
    written: u64,
    flush_due: Instant,
    /// The node's connections, by their index.
    taps: Vec<Option<(ConnId, Tap)>>,
    /// The attempt to reach the master.
    dialing: Option<Tap>,
    next_wire: u64,
    /// What happens now; it has a line if something follows from it.
    cause: Option<What>,
    /// Why no more is written.
    failed: Option<String>,
}

impl Tracer {
    /// Begins a file, for a node that listens on `address` and whose time began then.
    pub(crate) fn create(
        options: Options,
        address: &str,
        started_unix_ms: u64,
    ) -> io::Result<Self> {
        let mut header = String::new();
        trace::write_header(&mut header, started_unix_ms, [(PLACE, address)]);
        Ok(Self {
            file: File::create(&options.path)?,
            options,
            text: header.clone(),
            header,
            written: 0,
            flush_due: Instant(0),
            taps: Vec::new(),
            dialing: None,
            next_wire: 0,
            cause: None,
            failed: None,
        })
    }

    /// An event in the node.
    pub(crate) fn event(&mut self, at: Instant, event: &Event) {
        if let Some(what) = self.cause.take() {
            Record { at, place: PLACE.to_owned(), what }.write(&mut self.text);
        }
        trace::write_event(&mut self.text, at, PLACE, event);
        self.bound();
    }

    /// What the node is given now, or `None` when it has dealt with it.
    pub(crate) fn set_cause(&mut self, cause: Option<What>) {
        self.cause = cause;
    }

    fn wire(&mut self) -> String {
        let name = format!("w{}", self.next_wire);
        self.next_wire += 1;
        name
    }

    fn watch(&mut self, id: ConnId, tap: Tap) {
        let index = id.index as usize;
        if self.taps.len() <= index {
            self.taps.resize_with(index + 1, || None);
        }
        self.taps[index] = Some((id, tap));
    }

    /// A connection was accepted.
    pub(crate) fn accepted(&mut self, at: Instant, id: ConnId, peer: &str, local: &str) {
        let tap = Tap::accepted(self.wire(), peer.to_owned(), local.to_owned());
        for (way, kind) in [(Way::Received, MessageKind::Connect), (Way::Sent, MessageKind::Accept)]
        {
            tap.control(&mut self.text, at, PLACE, way, kind);
        }
        self.watch(id, tap);
        self.bound();
    }

    /// The node tries to reach its master; an attempt before this one is given up.
    pub(crate) fn dialing(&mut self, at: Instant, host: &str, port: u16) {
        let peer =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let tap = Tap::dialed(self.wire(), peer.replace(' ', "?"));
        tap.control(&mut self.text, at, PLACE, Way::Sent, MessageKind::Connect);
        self.dialing = Some(tap);
    }

    /// The master has accepted.
    pub(crate) fn dialed(&mut self, at: Instant, id: ConnId, local: &str) {
        let Some(mut tap) = self.dialing.take() else { return };
        tap.set_local(local.to_owned());
        tap.control(&mut self.text, at, PLACE, Way::Received, MessageKind::Accept);
        self.watch(id, tap);
    }

    /// The master was not reached.
    pub(crate) fn dial_failed(&mut self, at: Instant, error: &str) {
        let tap = self.dialing.take();
        match tap.filter(|_| error == "Connection refused") {
            Some(tap) => {
                tap.control(&mut self.text, at, PLACE, Way::Received, MessageKind::Refuse);
            }
            None => self.cause = Some(What::DialFailed),
        }
    }

    /// Bytes arrived.
    pub(crate) fn received(&mut self, at: Instant, id: ConnId, bytes: &[u8]) {
        self.bytes(at, id, Way::Received, bytes);
    }

    /// The first `len` bytes of these went out.
    pub(crate) fn sent<'a>(
        &mut self,
        at: Instant,
        id: ConnId,
        slices: impl Iterator<Item = &'a [u8]>,
        mut len: usize,
    ) {
        for slice in slices {
            let taken = slice.len().min(len);
            if taken > 0 {
                self.bytes(at, id, Way::Sent, &slice[..taken]);
            }
            len -= taken;
        }
    }

    fn bytes(&mut self, at: Instant, id: ConnId, way: Way, bytes: &[u8]) {
        let tap = self.taps.get_mut(id.index as usize).and_then(Option::as_mut);
        if let Some((_, tap)) = tap.filter(|(known, _)| *known == id) {
            tap.bytes(&mut self.text, at, PLACE, (way, bytes), self.options.bytes_max);
            self.bound();
        }
    }

    /// One end has closed the connection.
    pub(crate) fn closed(&mut self, at: Instant, id: ConnId, way: Way, kind: MessageKind) {
        let Some(place) = self.taps.get_mut(id.index as usize) else { return };
        if let Some((_, tap)) = place.take_if(|(known, _)| *known == id) {
            tap.control(&mut self.text, at, PLACE, way, kind);
        }
    }

    /// Writes what has waited for its time. Returns why nothing is written any more, once.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<String> {
        if self.flush_due <= now {
            self.flush_due = now.plus_ms(FLUSH_PERIOD_MS);
            self.flush();
        }
        let full = self.failed.as_ref()?;
        Some(format!("The trace {} ends here: {full}", self.options.path.display()))
    }

    fn bound(&mut self) {
        if self.text.len() >= BUFFER_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        if self.written > self.header.len() as u64
            && self.written + self.text.len() as u64 > self.options.size_max
            && let Err(error) = self.begin_anew()
        {
            self.failed.get_or_insert(words(&error));
        }
        if self.failed.is_none()
            && let Err(error) = self.file.write_all(self.text.as_bytes())
        {
            self.failed = Some(words(&error));
        }
        self.written += self.text.len() as u64;
        self.text.clear();
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        std::fs::rename(&self.options.path, older(&self.options.path))?;
        self.file = File::create(&self.options.path)?;
        self.file.write_all(self.header.as_bytes())?;
        self.written = self.header.len() as u64;
        Ok(())
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Where the part before the present one is.
fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(args: &[&str]) -> (Result<Option<Options>, String>, usize) {
        let mut args: Vec<Vec<u8>> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
        let options = Options::take(&mut args);
        (options, args.len())
    }

    #[test]
    fn the_options_of_a_trace_are_not_the_servers() {
        assert_eq!(taken(&["redis.conf", "--port", "7"]), (Ok(None), 3));
        let all = ["--trace", "t", "--port", "7", "--trace-size", "9", "--trace-bytes", "3"];
        let options = Options { path: "t".into(), bytes_max: 3, size_max: 9 };
        assert_eq!(taken(&all), (Ok(Some(options)), 2));
        let error = |args: &[&str]| taken(args).0.expect_err("a mistake");
        assert_eq!(error(&["--trace"]), "--trace needs a value");
        let text = "--trace-size takes a number of bytes, not '1gb'";
        assert_eq!(error(&["--trace", "t", "--trace-size", "1gb"]), text);
        assert!(error(&["--trace-bytes", "1"]).contains("go with --trace FILE"));
    }

    #[test]
    fn a_trace_takes_at_most_twice_its_size_and_every_part_has_its_header() {
        let path = std::env::temp_dir().join(format!("lockstep-trace-{}", std::process::id()));
        let options = Options { path: path.clone(), bytes_max: 16, size_max: 300_000 };
        let mut tracer = Tracer::create(options, "127.0.0.1:6379", 7).expect("a file");
        let id = ConnId { index: 2, generation: 5 };
        tracer.accepted(Instant(1), id, "127.0.0.1:5", "127.0.0.1:6379");
        for turn in 0..10_000 {
            let stale = ConnId { generation: 4, ..id };
            tracer.received(Instant(turn), stale, b"nobody's");
            tracer.received(Instant(turn), id, b"*2\r\n$3\r\nGET\r\n$7\r\nkey:123\r\n");
        }
        drop(tracer);
        let mut records = 0;
        for part in [older(&path), path] {
            let text = std::fs::read_to_string(&part).expect("a part");
            std::fs::remove_file(&part).expect("a part");
            assert!(text.len() <= 300_000 && text.len() > 100_000, "{}", text.len());
            let mut reader = trace::Reader::new();
            for line in text.lines() {
                let record = reader.read(line).expect("a line of a trace");
                let Some(Record { what: What::Packet(packet), .. }) = record else { continue };
                assert!(packet.bytes.len() <= 16 && packet.len <= 27, "{line}");
                records += 1;
            }
            assert_eq!(reader.nodes(), [("n0".to_owned(), "127.0.0.1:6379".to_owned())]);
        }
        assert!(records > 3_000, "{records}");
    }
}
