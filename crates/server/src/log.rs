//! The log, in Redis's format: `pid:role dd Mon yyyy hh:mm:ss.mmm level message`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use lockstep_core::time::Instant;
use lockstep_core::trace::{Event, Level, Trace};

use crate::sys::local_time;
use crate::tracer::Tracer;

/// Longest message, as in Redis; the rest is cut off.
const MESSAGE_MAX: usize = 1024;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Who writes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The process before it is a server (Redis: a child).
    Starting,
    /// A master.
    Master,
    /// A replica.
    Replica,
}

impl Role {
    fn letter(self) -> char {
        match self {
            Self::Starting => 'C',
            Self::Master => 'M',
            Self::Replica => 'S',
        }
    }
}

/// Writes log lines, and is the node's trace sink.
#[derive(Debug)]
pub(crate) struct Log {
    /// Lines below this level are not written.
    pub(crate) level: Level,
    /// Who writes.
    pub(crate) role: Role,
    file: Option<PathBuf>,
    pid: u32,
    line: Vec<u8>,
    /// Where everything else goes that happens, if somebody wants to know.
    pub(crate) tracer: Option<Box<Tracer>>,
}

impl Log {
    /// A log to a file (reopened for each line, so that it can be rotated), or to standard output
    /// if `file` is empty.
    pub(crate) fn new(file: &str, level: Level) -> Self {
        // Absolute, since `dir` may change.
        let file = (!file.is_empty())
            .then(|| std::path::absolute(file).unwrap_or_else(|_| PathBuf::from(file)));
        Self {
            level,
            role: Role::Starting,
            file,
            pid: std::process::id(),
            line: Vec::new(),
            tracer: None,
        }
    }

    /// The level of this name (`loglevel`).
    pub(crate) fn level_named(name: &str) -> Level {
        match name {
            "debug" => Level::Debug,
            "verbose" => Level::Verbose,
            "warning" => Level::Warning,
            _ => Level::Notice,
        }
    }

    /// The process changed (daemonize).
    pub(crate) fn set_pid(&mut self) {
        self.pid = std::process::id();
    }

    /// Whether lines of this level are written, for who would have to make one.
    pub(crate) fn wants(&self, level: Level) -> bool {
        level >= self.level
    }

    /// `*`
    pub(crate) fn notice(&mut self, message: &str) {
        self.write(Level::Notice, message);
    }

    /// `#`
    pub(crate) fn warning(&mut self, message: &str) {
        self.write(Level::Warning, message);
    }

    /// Writes a line, if its level is to be written.
    pub(crate) fn write(&mut self, level: Level, message: &str) {
        if !self.wants(level) {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let role = self.role.letter();
        let (pid, ms) = (self.pid, now.subsec_millis());
        let stamp = timestamp(now.as_secs() as i64, ms);
        let mark = match level {
            Level::Debug => '.',
            Level::Verbose => '-',
            Level::Notice => '*',
            Level::Warning => '#',
        };
        let message = shorten(message);
        self.emit(format_args!("{pid}:{role} {stamp} {mark} {message}\n"));
    }

    /// What a signal handler of Redis would write: no level, a Unix time.
    pub(crate) fn signal(&mut self, message: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let pid = self.pid;
        self.emit(format_args!("{pid}:signal-handler ({now}) {message}\n"));
    }

    fn emit(&mut self, line: std::fmt::Arguments<'_>) {
        self.line.clear();
        let _ = self.line.write_fmt(line);
        // Nobody can be told that the log cannot be written.
        match &self.file {
            None => {
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(&self.line).and_then(|()| out.flush());
            }
            Some(path) => {
                if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
                    let _ = file.write_all(&self.line);
                }
            }
        }
    }
}

fn shorten(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

fn timestamp(unix_seconds: i64, ms: u32) -> String {
    let time = local_time(unix_seconds);
    let (hour, minute, second) = time.clock;
    let (day, month, year) = (time.day, MONTHS[time.month], time.year);
    format!("{day:02} {month} {year} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

impl Trace for Log {
    fn is_fine(&self) -> bool {
        self.tracer.is_some()
    }

    /// The node writes its own lines ([`Event::Log`]); of the other events the log needs to know
    /// whose lines they are.
    fn record(&mut self, at: Instant, event: Event) {
        if let Some(tracer) = &mut self.tracer {
            tracer.event(at, &event);
        }
        match event {
            Event::Log(level, message) => self.write(level, &message),
            Event::RoleChanged { master } => {
                self.role = if master.is_some() { Role::Replica } else { Role::Master };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_looks_like_redis() {
        let stamp = timestamp(1_781_524_800, 7);
        assert!(stamp.contains(" Jun 2026 ") && stamp.ends_with(":00.007"), "{stamp}");
        assert_eq!(stamp.len(), "15 Jun 2026 12:00:00.007".len());
    }

    #[test]
    fn lines_are_written_from_their_level_on() {
        let path = std::env::temp_dir().join(format!("lockstep-log-{}", std::process::id()));
        let name = path.to_str().expect("a readable path");
        let mut log = Log::new(name, Level::Notice);
        log.write(Level::Verbose, "unseen");
        log.notice("seen");
        log.record(Instant(0), Event::RoleChanged { master: Some(("h".into(), 1)) });
        log.record(Instant(0), Event::Log(Level::Warning, "x".repeat(2_000)));
        let text = std::fs::read_to_string(&path).expect("the log");
        std::fs::remove_file(&path).expect("the log");
        let lines: Vec<&str> = text.lines().collect();
        let pid = std::process::id();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].starts_with(&format!("{pid}:C ")) && lines[0].ends_with(" * seen"));
        assert!(lines[1].starts_with(&format!("{pid}:S ")), "{text}");
        assert!(lines[1].ends_with(&format!(" # {}", "x".repeat(MESSAGE_MAX))), "{text}");
    }
}
