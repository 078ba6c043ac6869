//! SIGTERM and SIGINT, as events of the loop.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// The signals that ask the process to leave.
#[derive(Debug)]
pub(crate) struct Signals {
    wake: UnixStream,
    last: Arc<AtomicUsize>,
}

impl Signals {
    /// Catches them from now on, as events under `token`. SIGHUP is ignored, as by Redis.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (mut wake, written) = UnixStream::pair()?;
        registry.register(&mut wake, token, Interest::READABLE)?;
        let last = Arc::new(AtomicUsize::new(0));
        let written = std::os::unix::net::UnixStream::from(std::os::fd::OwnedFd::from(written));
        for signal in [SIGTERM, SIGINT] {
            // The number first, so that who is woken finds it.
            flag::register_usize(signal, Arc::clone(&last), signal as usize)?;
            low_level::pipe::register(signal, written.try_clone()?)?;
        }
        flag::register_usize(SIGHUP, Arc::new(AtomicUsize::new(0)), 0)?;
        Ok(Self { wake, last })
    }

    /// After an event: the name of the signal that came.
    pub(crate) fn take(&mut self) -> Option<&'static str> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|read| read > 0) {}
        match self.last.swap(0, Ordering::SeqCst) as i32 {
            SIGTERM => Some("SIGTERM"),
            SIGINT => Some("SIGINT"),
            _ => None,
        }
    }
}
