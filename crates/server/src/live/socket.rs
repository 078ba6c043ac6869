//! The WebSocket through which a page follows the story.
//!
//! A page of another origin cannot reach it: a browser says in `Origin` where the page came from,
//! and that must be this very server, as the page's address names it; `Host` must name this
//! machine, or a foreign name was made to point here (DNS rebinding). What comes without `Origin`
//! is no page.
//!
//! # Invariant
//!
//! At most [`CREDIT`] messages are on their way: the page answers each when it has dealt with it.
//! So nothing piles up in a page that is slow, nor here: who does not read is behind in the story,
//! and is told what he missed when the hub has forgotten it.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::hub::{Hub, Place};

/// Where pages ask for it.
pub(crate) const PATH: &str = "/live";
/// Pages that follow at the same time.
pub(crate) const PAGES_MAX: usize = 8;
/// Messages that a page has not answered yet.
const CREDIT: u32 = 4;
/// Bytes of a message, unless a single line has more.
const MESSAGE_BYTES: usize = 256 * 1024;
/// What a page may send: it has nothing to say but that it goes on.
const INPUT_BYTES_MAX: usize = 1024;
/// How long a page may take to answer, or to take what is sent, before it is given up.
const SILENCE: Duration = Duration::from_secs(60);
/// How long one look for news, or for an answer, takes at most.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often it is looked whether a page that owes no answer is still there.
const LOOK: Duration = Duration::from_millis(1);

/// Why a request does not become a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The page is not this server's.
    Origin,
    /// It is no request for a WebSocket of the version there is.
    Version,
}

/// The answer's `Sec-WebSocket-Accept` for a request with these headers.
///
/// `host` has been found to name this machine.
///
/// # Errors
/// Why it is refused.
pub(crate) fn accept<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<String, Refusal> {
    let own = header("host").map(|host| format!("http://{host}"));
    if own.is_none() || header("origin") != own.as_deref() {
        return Err(Refusal::Origin);
    }
    let says = |name: &str, word: &str| {
        let mut words = header(name).unwrap_or_default().split(',');
        words.any(|w| w.trim().eq_ignore_ascii_case(word))
    };
    let asked = says("upgrade", "websocket") && says("connection", "upgrade");
    match header("sec-websocket-key") {
        Some(key) if asked && header("sec-websocket-version") == Some("13") => {
            Ok(tungstenite::handshake::derive_accept_key(key.as_bytes()))
        }
        _ => Err(Refusal::Version),
    }
}

/// How many pages follow now; counted down when it goes.
#[derive(Debug)]
pub(crate) struct Seat(&'static AtomicUsize);

impl Seat {
    /// A seat, if one is free.
    pub(crate) fn take() -> Option<Self> {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let seat = Self(&TAKEN);
        (TAKEN.fetch_add(1, Ordering::Relaxed) < PAGES_MAX).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells the story to a page until one of them ends.
pub(crate) fn tell(stream: TcpStream, hub: &Hub) {
    let timed = stream.set_read_timeout(Some(LOOK)).and(stream.set_write_timeout(Some(SILENCE)));
    if timed.is_err() {
        return;
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(INPUT_BYTES_MAX))
        .max_frame_size(Some(INPUT_BYTES_MAX));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    let _ = follow(&mut socket, hub);
    let _ = socket.close(None);
    let _ = socket.flush();
}

fn follow(socket: &mut WebSocket<TcpStream>, hub: &Hub) -> Result<(), Error> {
    let mut place = Place::default();
    let mut owed = 0;
    let mut heard = Instant::now();
    loop {
        if owed < CREDIT {
            let Some(text) = hub.next(&mut place, MESSAGE_BYTES, PATIENCE) else { return Ok(()) };
            if !text.is_empty() {
                if owed == 0 {
                    heard = Instant::now();
                }
                socket.send(Message::text(text))?;
                owed += 1;
            }
        }
        match socket.read() {
            Ok(Message::Text(_)) => {
                owed = owed.saturating_sub(1);
                heard = Instant::now();
            }
            Ok(Message::Close(_)) => return Ok(()),
            Ok(_) => {}
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                if owed > 0 && heard.elapsed() > SILENCE {
                    return Ok(());
                }
                if owed == CREDIT {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            Err(error) => return Err(error),
        }
    }
}
