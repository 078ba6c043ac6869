//! The trace of a node of `lockstep play`, as a socket takes it.
//!
//! # Invariants
//!
//! * A node never waits for who reads its trace, and keeps at most [`PENDING_MAX`] bytes for them
//!   ([`CONTROL_MAX`] with the lines of connections). What does not fit in is left out, and the
//!   line `# left-out N` stands in its place.
//! * At least every [`BEAT_MS`] a line `# now TIME` says that everything before that time has been
//!   told: readers of several traces can put them in order.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;

use lockstep_core::time::Instant;

/// Text that waits for its reader.
const PENDING_MAX: usize = 1024 * 1024;
/// Text that waits, if there are lines of connections among it.
const CONTROL_MAX: usize = 2 * PENDING_MAX;
/// How long a line waits, in milliseconds.
const FLUSH_MS: u64 = 20;
/// How often a node that has nothing to say says so, in milliseconds.
const BEAT_MS: u64 = 50;

/// Lines on their way into a socket.
#[derive(Debug)]
pub(super) struct Stream {
    socket: UnixStream,
    pending: String,
    /// Bytes of `pending` that have gone.
    gone: usize,
    left_out: u64,
    /// Lines were taken since somebody last asked.
    turn: bool,
    flushed: Instant,
    abandoned: bool,
}

impl Stream {
    /// A stream to standard output; takes the header, and says when the node's time began.
    pub(super) fn new(header: &mut String, started_us: u64) -> io::Result<Self> {
        let socket = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
        socket.set_nonblocking(true)?;
        let _ = writeln!(header, "# clock {started_us}");
        Ok(Self::over(socket, std::mem::take(header)))
    }

    fn over(socket: UnixStream, pending: String) -> Self {
        let (left_out, flushed) = (0, Instant(0));
        Self { socket, pending, gone: 0, left_out, turn: true, flushed, abandoned: false }
    }

    /// Whether lines were taken since this was last asked.
    pub(super) fn take_turn(&mut self) -> bool {
        std::mem::take(&mut self.turn)
    }

    /// Takes lines if there is room, and says whether there was.
    pub(super) fn take(&mut self, text: &mut String, control: bool) -> bool {
        self.turn = true;
        let max = if control { CONTROL_MAX } else { PENDING_MAX };
        let room = self.pending.len() - self.gone + text.len() <= max;
        if room {
            self.tell_left_out();
            self.pending.push_str(text);
        } else {
            self.left_out += text.lines().count() as u64;
        }
        text.clear();
        room
    }

    fn tell_left_out(&mut self) {
        if self.left_out > 0 {
            let _ = writeln!(self.pending, "# left-out {}", self.left_out);
            self.left_out = 0;
        }
    }

    /// When it wants to write next.
    pub(super) fn due(&self) -> Instant {
        let waits = self.gone < self.pending.len();
        self.flushed.plus_ms(if waits { FLUSH_MS } else { BEAT_MS })
    }

    /// Writes what the socket takes, if it is time. Everything that happened before `now` has been
    /// taken.
    pub(super) fn tick(&mut self, now: Instant) {
        if now < self.due() {
            return;
        }
        self.flushed = now;
        if self.pending.len() - self.gone < PENDING_MAX {
            self.tell_left_out();
            let _ = writeln!(self.pending, "# now {}.{:06}", now.0 / 1_000_000, now.0 % 1_000_000);
        }
        self.flush();
    }

    fn flush(&mut self) {
        while self.gone < self.pending.len() {
            match self.socket.write(&self.pending.as_bytes()[self.gone..]) {
                Ok(0) => return self.abandoned = true,
                Ok(written) => self.gone += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.abandoned |= error.kind() != ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        // All of it, or so much that moving the rest is cheap in comparison.
        if self.gone * 2 >= self.pending.len() {
            self.pending.drain(..self.gone);
            self.gone = 0;
        }
    }

    /// Writes what the socket still takes.
    pub(super) fn end(&mut self) {
        self.flush();
    }

    /// Whether nobody reads any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_reader_who_does_not_read_costs_no_time_and_bounded_memory_and_is_told_what_he_missed() {
        let (writer, mut reader) = UnixStream::pair().expect("a pair of sockets");
        writer.set_nonblocking(true).expect("a socket");
        let mut stream = Stream::over(writer, String::new());
        let line = format!("1.000000 n0 {}\n", "x".repeat(1_000));
        let began = std::time::Instant::now();
        for turn in 0..20_000_u64 {
            stream.take(&mut line.clone(), false);
            stream.tick(Instant(turn * 1_000));
            assert!(stream.pending.len() <= 2 * PENDING_MAX + 2_000, "{}", stream.pending.len());
        }
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
        assert!(!stream.is_abandoned());
        reader.set_nonblocking(true).expect("a socket");
        let mut text = Vec::new();
        for turn in 20_000..20_200_u64 {
            let _ = reader.read_to_end(&mut text);
            stream.tick(Instant(turn * 1_000 * FLUSH_MS));
        }
        let text = String::from_utf8(text).expect("text");
        let left_out = text.lines().filter_map(|line| line.strip_prefix("# left-out "));
        let left_out: usize = left_out.map(|n| n.parse::<usize>().expect("a number")).sum();
        let told = text.lines().filter(|line| line.starts_with("1.")).count();
        assert_eq!(told + left_out, 20_000, "{left_out} left out");
        assert!(left_out > 10_000, "{left_out}");
        drop(reader);
        stream.take(&mut line.clone(), false);
        stream.tick(Instant(u64::MAX / 2));
        assert!(stream.is_abandoned());
    }
}
