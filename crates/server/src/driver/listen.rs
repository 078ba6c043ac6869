//! Listening sockets: `bind`, `port`, `unixsocket`.

use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt as _;

use lockstep_core::config::Config;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::conns::{Stream, address};
use crate::log::Log;
use crate::sys::words;

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket, and its path.
    Unix(UnixListener, String),
}

/// A connection that was just accepted.
pub(crate) struct Incoming {
    /// The socket.
    pub(crate) stream: Stream,
    /// The other end, as Redis writes it.
    pub(crate) peer: String,
    /// This end, as Redis writes it.
    pub(crate) local: String,
    /// Whether the other end is on this machine.
    pub(crate) nearby: bool,
}

impl Listener {
    /// The next connection that waits.
    pub(crate) fn accept(&self) -> io::Result<Incoming> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                let local = address(stream.local_addr());
                let stream = Stream::Tcp(stream);
                let nearby = peer.ip().is_loopback();
                Ok(Incoming { stream, peer: peer.to_string(), local, nearby })
            }
            Self::Unix(listener, path) => {
                let (stream, _) = listener.accept()?;
                let name = format!("{path}:0");
                let stream = Stream::Unix(stream);
                Ok(Incoming { stream, peer: name.clone(), local: name, nearby: true })
            }
        }
    }

    /// Starts to report connections as `token`.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => registry.register(listener, token, Interest::READABLE),
            Self::Unix(listener, _) => registry.register(listener, token, Interest::READABLE),
        }
    }

    /// Ends it.
    pub(crate) fn deregister(&mut self, registry: &Registry) {
        // Nothing can be done about a failure, and registering again would show it.
        let _ = match self {
            Self::Tcp(listener) => registry.deregister(listener),
            Self::Unix(listener, _) => registry.deregister(listener),
        };
    }
}

/// Opens everything that the configuration asks for. What failed is in the log.
pub(crate) fn open(config: &Config, log: &mut Log) -> Option<Vec<Listener>> {
    let mut listeners = Vec::new();
    if config.port != 0 {
        listeners = open_tcp(config, log)?;
    }
    if !config.driver.unixsocket.is_empty() {
        match open_unix(config) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                log.warning(&format!("Failed opening Unix socket: bind: {}", words(&error)));
                return None;
            }
        }
    }
    if listeners.is_empty() {
        log.warning("Configured to not listen anywhere, exiting.");
        return None;
    }
    Some(listeners)
}

/// Opens the TCP sockets. What failed is in the log.
pub(crate) fn open_tcp(config: &Config, log: &mut Log) -> Option<Vec<Listener>> {
    let mut listeners = Vec::new();
    let port = config.port;
    for given in &config.driver.bind {
        let (optional, host) = match given.strip_prefix('-') {
            Some(host) => (true, host),
            None => (false, given.as_str()),
        };
        match open_one(host, port, config.driver.tcp_backlog) {
            Ok(listener) => listeners.push(Listener::Tcp(listener)),
            Err((_, error)) if optional && unavailable(&error) => {}
            Err((step, error)) => {
                let why = words(&error);
                log.warning(&format!(
                    "Warning: Could not create server TCP listening socket {host}:{port}: \
                     {step}{why}"
                ));
                log.warning(&format!("Failed listening on port {port} (TCP), aborting."));
                return None;
            }
        }
    }
    Some(listeners)
}

/// Whether an address (or its family) is one that this machine does not have.
fn unavailable(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EADDRNOTAVAIL
                | libc::ENOPROTOOPT
                | libc::EPROTONOSUPPORT
                | libc::ESOCKTNOSUPPORT
                | libc::EPFNOSUPPORT
                | libc::EAFNOSUPPORT
        )
    )
}

/// An error, and what was being done, as Redis names it.
type Failed = (&'static str, io::Error);

fn open_one(host: &str, port: u16, backlog: u32) -> Result<TcpListener, Failed> {
    let addr = resolve(host, port).map_err(|error| ("", error))?;
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))
        .map_err(|error| ("socket: ", error))?;
    let setup = |socket: &Socket| {
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)
    };
    setup(&socket).map_err(|error| ("setsockopt: ", error))?;
    socket.bind(&SockAddr::from(addr)).map_err(|error| ("bind: ", error))?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    socket.listen(backlog).map_err(|error| ("listen: ", error))?;
    Ok(TcpListener::from_std(socket.into()))
}

fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let host = match host {
        "*" => "0.0.0.0",
        "::*" => "::",
        _ => host,
    };
    let unknown = || io::Error::other("Name or service not known");
    (host, port).to_socket_addrs().map_err(|_| unknown())?.next().ok_or_else(unknown)
}

fn open_unix(config: &Config) -> io::Result<Listener> {
    let path = &config.driver.unixsocket;
    // Left over from a process that did not leave cleanly.
    let _ = fs::remove_file(path);
    let listener = UnixListener::bind(path)?;
    let mode = config.driver.unixsocketperm;
    if mode != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(Listener::Unix(listener, path.clone()))
}
