//! `lockstep serve --trace FILE`: what happens in the node and on its connections, in the format of
//! [`lockstep_sim::trace`].
//!
//! Lines are gathered in memory and written once a second, when there are many of them, and at the
//! end. A file that has reached its size is renamed to `FILE.1`, in the place of an earlier one,
//! and begun anew: a trace takes at most twice that size, however long the server runs.
//!
//! The nodes of `lockstep play` are traced into a socket instead (`stream`), and also say what they
//! hold after each turn that changed it.

mod stream;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use lockstep_core::id::ConnId;
use lockstep_core::node::Node;
use lockstep_core::time::Instant;
use lockstep_core::trace::{Event, Trace};
use lockstep_sim::trace::{self, Record, Tap, Way, What};
use lockstep_sim::view::LiveView;
use lockstep_sim::{MessageKind, WireId};

use crate::sys::words;
use stream::Stream;

/// Text gathered before it is written, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// How long a line waits in memory at most, in milliseconds.
const FLUSH_PERIOD_MS: u64 = 1_000;

/// How often a node that says what it holds says what only the clock has changed, in milliseconds.
const STATE_PERIOD_MS: u64 = 1_000;

/// The one node of a server's trace.
const PLACE: &str = "n0";

/// Where a trace goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Into this file.
    File(PathBuf),
    /// To standard output, which is a socket of `lockstep play`.
    Stdout,
}

/// What to trace, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where to.
    pub(crate) target: Target,
    /// Bytes shown of a message.
    pub(crate) bytes_max: usize,
    /// Size at which a file is begun anew.
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
        Ok(Some(Self { target: Target::File(path.into()), bytes_max, size_max }))
    }

    /// What is traced of a node of `lockstep play`.
    pub(crate) fn live() -> Self {
        Self { target: Target::Stdout, bytes_max: 16 * 1024, size_max: u64::MAX }
    }

    /// With a path that stays right when the process changes its directory.
    pub(crate) fn absolute(self) -> Self {
        let target = match self.target {
            Target::File(path) => Target::File(std::path::absolute(&path).unwrap_or(path)),
            Target::Stdout => Target::Stdout,
        };
        Self { target, ..self }
    }
}

/// Where lines go once they are made.
#[derive(Debug)]
enum Out {
    File(Writer),
    Stream(Stream),
}

/// Makes the trace of one server.
#[derive(Debug)]
pub(crate) struct Tracer {
    bytes_max: usize,
    /// Lines that are being made.
    text: String,
    out: Out,
    /// The node's connections, by their index.
    taps: Vec<Option<(ConnId, Tap)>>,
    /// The attempt to reach the master.
    dialing: Option<Tap>,
    next_wire: u64,
    /// What happens now; it has a line if something follows from it.
    cause: Option<What>,
    /// What the node held when it last said so, if it is to say so.
    state: Option<Box<LiveView>>,
    /// When it is to say so at the latest.
    state_due: Instant,
}

impl Tracer {
    /// Begins a trace, for a node that listens on `address`, and whose time began then: as
    /// milliseconds since the Unix epoch, and as microseconds on the system's monotonic clock.
    ///
    /// # Errors
    /// The file cannot be created, or standard output is no socket.
    pub(crate) fn create(
        options: Options,
        address: &str,
        started_unix_ms: u64,
        started_us: u64,
    ) -> io::Result<Self> {
        let mut text = String::new();
        trace::write_header(&mut text, started_unix_ms, [(PLACE, address)]);
        let out = match options.target {
            Target::File(path) => Out::File(Writer::create(path, &text, options.size_max)?),
            Target::Stdout => Out::Stream(Stream::new(&mut text, started_us)?),
        };
        Ok(Self {
            bytes_max: options.bytes_max,
            text,
            out,
            taps: Vec::new(),
            dialing: None,
            next_wire: 0,
            cause: None,
            state: None,
            state_due: Instant(0),
        })
    }

    /// An event in the node.
    pub(crate) fn event(&mut self, at: Instant, event: &Event) {
        if let Some(what) = self.cause.take() {
            Record { at, place: PLACE.to_owned(), what }.write(&mut self.text);
        }
        trace::write_event(&mut self.text, at, PLACE, event);
        self.made(false);
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
        self.made(true);
    }

    /// The node tries to reach its master; an attempt before this one is given up.
    pub(crate) fn dialing(&mut self, at: Instant, host: &str, port: u16) {
        let peer =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let tap = Tap::dialed(self.wire(), peer.replace(' ', "?"));
        tap.control(&mut self.text, at, PLACE, Way::Sent, MessageKind::Connect);
        self.dialing = Some(tap);
        self.made(true);
    }

    /// The master has accepted.
    pub(crate) fn dialed(&mut self, at: Instant, id: ConnId, local: &str) {
        let Some(mut tap) = self.dialing.take() else { return };
        tap.set_local(local.to_owned());
        tap.control(&mut self.text, at, PLACE, Way::Received, MessageKind::Accept);
        self.watch(id, tap);
        self.made(true);
    }

    /// The master was not reached.
    pub(crate) fn dial_failed(&mut self, at: Instant, error: &str) {
        let tap = self.dialing.take();
        match tap.filter(|_| error == "Connection refused") {
            Some(tap) => {
                tap.control(&mut self.text, at, PLACE, Way::Received, MessageKind::Refuse);
                self.made(true);
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
            tap.bytes(&mut self.text, at, PLACE, (way, bytes), self.bytes_max);
            self.made(false);
        }
    }

    /// One end has closed the connection.
    pub(crate) fn closed(&mut self, at: Instant, id: ConnId, way: Way, kind: MessageKind) {
        let Some(place) = self.taps.get_mut(id.index as usize) else { return };
        if let Some((_, tap)) = place.take_if(|(known, _)| *known == id) {
            tap.control(&mut self.text, at, PLACE, way, kind);
            self.made(true);
        }
    }

    /// When the node has dealt with what it was given: what it holds now, if it is to say so.
    pub(crate) fn settled<T: Trace>(&mut self, node: &Node<T>, now: Instant) {
        let Out::Stream(stream) = &mut self.out else { return };
        if stream.take_turn() {
            self.state(node, now);
        }
    }

    /// After a turn of the driver: what the node holds now, if it is to say so and something has
    /// changed. What only the clock changes is said once a second. The turn began at `turn`.
    pub(crate) fn turned<T: Trace>(&mut self, node: &Node<T>, turn: Instant, now: Instant) {
        let Out::Stream(stream) = &mut self.out else { return };
        if stream.take_turn() || now >= self.state_due {
            self.state(node, now);
        }
        if let Out::Stream(stream) = &mut self.out {
            stream.tick(turn);
        }
    }

    fn state<T: Trace>(&mut self, node: &Node<T>, now: Instant) {
        let taps = &self.taps;
        let wire = |id: ConnId| {
            let tap = taps.get(id.index as usize)?.as_ref();
            let (_, tap) = tap.filter(|(known, _)| *known == id)?;
            tap.wire().strip_prefix('w')?.parse().ok().map(WireId)
        };
        let view = trace::live_view(node, now, |_, _| None, |conn| (None, wire(conn)));
        if now >= self.state_due {
            self.state_due = now.plus_ms(STATE_PERIOD_MS);
        } else if self.state.as_deref().is_some_and(|known| same_but_for_time(known, &view)) {
            return;
        }
        if self.state.as_deref() != Some(&view) {
            let view = Box::new(view);
            let what = What::State(view.clone());
            Record { at: now, place: PLACE.to_owned(), what }.write(&mut self.text);
            // What found no room is said again in a second.
            self.state = self.made(false).then_some(view);
        }
    }

    /// When lines that wait want to go at the latest, if they should not wait for the next event.
    pub(crate) fn due(&self) -> Option<Instant> {
        match &self.out {
            Out::File(_) => None,
            Out::Stream(stream) => Some(stream.due()),
        }
    }

    /// Whether nobody reads this trace any more, who alone was the reason for the node.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(&self.out, Out::Stream(stream) if stream.is_abandoned())
    }

    /// Writes what has waited for its time. Returns why nothing is written any more, once.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<String> {
        match &mut self.out {
            Out::File(file) => file.tick(now, &mut self.text),
            // Its turn comes at the end of the driver's.
            Out::Stream(_) => None,
        }
    }

    /// Lines have been made. `control`: those of connections, without which the others could not be
    /// understood. False: there was no room for them.
    fn made(&mut self, control: bool) -> bool {
        match &mut self.out {
            Out::File(_) if self.text.len() < BUFFER_BYTES => {}
            Out::File(file) => file.flush(&mut self.text),
            Out::Stream(stream) => return stream.take(&mut self.text, control),
        }
        true
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        match &mut self.out {
            Out::File(file) => file.flush(&mut self.text),
            Out::Stream(stream) => stream.end(),
        }
    }
}

/// Whether two states differ in nothing but seconds that have passed.
fn same_but_for_time(a: &LiveView, b: &LiveView) -> bool {
    let timeless = |view: &LiveView| {
        let mut view = view.clone();
        view.replicas.iter_mut().for_each(|replica| replica.lag_seconds = 0);
        if let Some(master) = &mut view.master {
            master.last_io_seconds = 0;
            master.down_seconds = master.down_seconds.map(|_| 0);
        }
        view
    };
    timeless(a) == timeless(b)
}

/// Writes lines into a file.
#[derive(Debug)]
struct Writer {
    path: PathBuf,
    size_max: u64,
    header: String,
    file: File,
    /// Bytes in the file.
    written: u64,
    flush_due: Instant,
    /// Why no more is written.
    failed: Option<String>,
}

impl Writer {
    fn create(path: PathBuf, header: &str, size_max: u64) -> io::Result<Self> {
        let file = File::create(&path)?;
        let (header, flush_due) = (header.to_owned(), Instant(0));
        Ok(Self { path, size_max, header, file, written: 0, flush_due, failed: None })
    }

    fn tick(&mut self, now: Instant, text: &mut String) -> Option<String> {
        if self.flush_due <= now {
            self.flush_due = now.plus_ms(FLUSH_PERIOD_MS);
            self.flush(text);
        }
        let full = self.failed.as_ref()?;
        Some(format!("The trace {} ends here: {full}", self.path.display()))
    }

    fn flush(&mut self, text: &mut String) {
        if text.is_empty() {
            return;
        }
        if self.written > self.header.len() as u64
            && self.written + text.len() as u64 > self.size_max
            && let Err(error) = self.begin_anew()
        {
            self.failed.get_or_insert(words(&error));
        }
        if self.failed.is_none()
            && let Err(error) = self.file.write_all(text.as_bytes())
        {
            self.failed = Some(words(&error));
        }
        self.written += text.len() as u64;
        text.clear();
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        std::fs::rename(&self.path, older(&self.path))?;
        self.file = File::create(&self.path)?;
        self.file.write_all(self.header.as_bytes())?;
        self.written = self.header.len() as u64;
        Ok(())
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
        let options = Options { target: Target::File("t".into()), bytes_max: 3, size_max: 9 };
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
        let options =
            Options { target: Target::File(path.clone()), bytes_max: 16, size_max: 300_000 };
        let mut tracer = Tracer::create(options, "127.0.0.1:6379", 7, 0).expect("a file");
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
