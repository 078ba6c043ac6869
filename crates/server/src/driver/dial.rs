//! Connecting to a master: names are resolved on a thread, since the system's resolver blocks;
//! connections are made without blocking, address after address.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::sys::words;

/// An attempt in progress.
#[derive(Debug)]
struct Attempt {
    dial: u64,
    /// Addresses not tried yet, last first.
    rest: Vec<SocketAddr>,
    /// The connection being made, if names are resolved already.
    stream: Option<TcpStream>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Dialed {
    /// With a connection.
    Open {
        /// Which attempt.
        dial: u64,
        /// The connection, registered under the dialer's token.
        stream: TcpStream,
    },
    /// Without one.
    Failed {
        /// Which attempt.
        dial: u64,
        /// The system's words.
        error: String,
    },
}

/// Makes one connection at a time; a new attempt ends the one before.
#[derive(Debug)]
pub(crate) struct Dialer {
    token: Token,
    /// `bind-source-addr`
    source: String,
    attempt: Option<Attempt>,
    resolved: Receiver<(u64, Vec<SocketAddr>)>,
    resolver: Sender<(u64, Vec<SocketAddr>)>,
    waker: Arc<Waker>,
}

impl Dialer {
    /// A dialer whose events come under `token`, and whose resolver wakes `waker`.
    pub(crate) fn new(token: Token, waker: Arc<Waker>) -> Self {
        let (resolver, resolved) = channel();
        Self { token, source: String::new(), attempt: None, resolved, resolver, waker }
    }

    /// Starts an attempt.
    pub(crate) fn start(
        &mut self,
        registry: &Registry,
        dial: u64,
        host: &str,
        port: u16,
        source: &str,
    ) -> Option<Dialed> {
        source.clone_into(&mut self.source);
        self.attempt = Some(Attempt { dial, rest: Vec::new(), stream: None });
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.found(registry, dial, vec![SocketAddr::new(ip, port)]);
        }
        let (sender, waker, host) = (self.resolver.clone(), self.waker.clone(), host.to_owned());
        let resolve = move || {
            let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect);
            // The server may have left meanwhile.
            let _ = sender.send((dial, found.unwrap_or_default()));
            let _ = waker.wake();
        };
        match std::thread::Builder::new().name("resolver".into()).spawn(resolve) {
            Ok(_) => None,
            Err(error) => self.fail(dial, &error),
        }
    }

    /// After the waker: names that were resolved.
    pub(crate) fn handle_wake(&mut self, registry: &Registry) -> Option<Dialed> {
        let mut result = None;
        while let Ok((dial, found)) = self.resolved.try_recv() {
            // Answers to older attempts are ignored.
            if self.attempt.as_ref().is_some_and(|attempt| attempt.dial == dial) {
                result = self.found(registry, dial, found);
            }
        }
        result
    }

    fn found(
        &mut self,
        registry: &Registry,
        dial: u64,
        mut found: Vec<SocketAddr>,
    ) -> Option<Dialed> {
        found.reverse();
        self.attempt = Some(Attempt { dial, rest: found, stream: None });
        self.next(registry, io::Error::other("Name or service not known"))
    }

    /// Tries the next address; `last` is why the one before failed.
    fn next(&mut self, registry: &Registry, mut last: io::Error) -> Option<Dialed> {
        let attempt = self.attempt.as_mut()?;
        let dial = attempt.dial;
        while let Some(addr) = attempt.rest.pop() {
            let connected = connect(addr, &self.source).and_then(|mut stream| {
                registry.register(&mut stream, self.token, Interest::WRITABLE)?;
                Ok(stream)
            });
            match connected {
                Ok(stream) => {
                    attempt.stream = Some(stream);
                    return None;
                }
                Err(error) => last = error,
            }
        }
        self.fail(dial, &last)
    }

    /// After an event under the dialer's token.
    pub(crate) fn handle_event(&mut self, registry: &Registry) -> Option<Dialed> {
        let attempt = self.attempt.as_mut()?;
        let stream = attempt.stream.as_ref()?;
        let outcome = match stream.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            Ok(None) => stream.peer_addr().map(|_| ()),
        };
        match outcome {
            Ok(()) => {
                let attempt = self.attempt.take()?;
                Some(Dialed::Open { dial: attempt.dial, stream: attempt.stream? })
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
            Err(error) => {
                attempt.stream = None;
                self.next(registry, error)
            }
        }
    }

    fn fail(&mut self, dial: u64, error: &io::Error) -> Option<Dialed> {
        self.attempt = None;
        Some(Dialed::Failed { dial, error: words(error) })
    }
}

fn connect(addr: SocketAddr, source: &str) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // As in Redis, a source address that cannot be used is done without.
    if let Ok(ip) = source.parse::<IpAddr>()
        && ip.is_ipv6() == addr.is_ipv6()
    {
        let _ = socket.bind(&SockAddr::from(SocketAddr::new(ip, 0)));
    }
    match socket.connect(&SockAddr::from(addr)) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}
