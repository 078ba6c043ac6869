//! The event loop: one thread that moves bytes between sockets and the node, by the contract in
//! [`lockstep_core::node`].
//!
//! A turn of the loop reads every readable socket once, lets the node do what is due, then carries
//! out its actions and writes once to every connection that has output. Nothing is allocated per
//! event.
//!
//! Invariant: readiness is edge-triggered, so whatever is not read or written to the end is
//! remembered: in `readable` (input may be left), in `unsent` (output is left and the socket takes
//! it), or as a blocked connection (its socket will report).

mod applied;
mod conns;
mod dial;
mod files;
mod listen;
mod load;
mod signals;
mod traced;

use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_core::id::ConnId;
use lockstep_core::node::{Action, ConfigFault, Node, Origin, Outgoing, Signal};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::Level;
use lockstep_sim::MessageKind;
use lockstep_sim::trace::{Way, What};
use mio::event::Event;
use mio::{Events, Interest, Poll, Token, Waker};

use applied::Applied;
use conns::{Conns, Stream, address};
use dial::{Dialed, Dialer};
use files::Files;
use listen::{Incoming, Listener};
use signals::Signals;

use crate::log::Log;
use crate::sys::{usage, words};

/// One read of a socket takes this much at most; then it is the next one's turn.
const READ_MAX: usize = 64 * 1024;
/// All connections together are written this much in a turn, some 50 microseconds of work: whoever
/// has more goes on in the next one, so that a snapshot to a replica keeps no client waiting.
const WRITE_MAX: usize = 128 * 1024;
/// What a connection may write at a time even when others have used that up.
const WRITE_SHARE: usize = 64 * 1024;
/// Bytes of a snapshot made in one go: while clients ask for something they wait for less than 100
/// microseconds, otherwise it is done sooner.
const SNAPSHOT_STEP: [usize; 2] = [64 * 1024, 16 * 1024];
/// How long after its last input a server expects more.
const ATTENTION_MS: u64 = 5;
/// Events taken from the system at once.
const EVENTS_MAX: usize = 1024;
/// How often a busy server looks for events before it sleeps: some 6 microseconds.
const LOOKS: usize = 20;
/// Connections accepted from one listener in a turn.
const ACCEPTS_MAX: usize = 1000;
/// How long to wait before accepting again when the process has no file descriptors left.
const ACCEPT_PAUSE_MS: u64 = 100;
/// File descriptors besides those of clients.
pub(crate) const RESERVED_FILES: u64 = 32;

const WAKER: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);
const DIALER: Token = Token(usize::MAX - 2);
/// Listeners have the tokens from here up; connections have those from 0.
const LISTENERS: usize = usize::MAX - 1024;

const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is \
enabled and no password is set for the default user. In this mode connections are only accepted \
from the loopback interface. If you want to connect from external computers to Redis you may adopt \
one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET \
protected-mode no' from the loopback interface by connecting to Redis from the same host the \
server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. \
Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
protected mode by editing the Redis configuration file, and setting the protected mode option to \
'no', and then restarting the server. 3) If you started the server manually just for testing, \
restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the \
default user. NOTE: You only need to do one of the above things in order for the server to start \
accepting connections from the outside.\r\n";

/// Both clocks.
#[derive(Debug)]
pub(crate) struct Clock(std::time::Instant);

impl Clock {
    /// Clocks that start now.
    pub(crate) fn new() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time.
    pub(crate) fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            instant: Instant(self.0.elapsed().as_micros() as u64),
            unix_ms: wall.as_millis() as u64,
            micros: (wall.subsec_micros() % 1_000) as u16,
        }
    }
}

/// A node on real sockets.
#[derive(Debug)]
pub(crate) struct Driver {
    node: Node<Log>,
    clock: Clock,
    poll: Poll,
    listeners: Vec<Listener>,
    /// Which listener may have more connections, and when to look at it.
    accept_again: Option<Instant>,
    conns: Conns,
    readable: Vec<ConnId>,
    unsent: Vec<ConnId>,
    /// What is left of [`WRITE_MAX`] in this turn.
    room: usize,
    /// The list being worked through, kept for its memory.
    spare: Vec<ConnId>,
    scratch: Box<[u8]>,
    dialer: Dialer,
    files: Files,
    signals: Signals,
    /// The configuration as this driver has applied it.
    applied: Applied,
    /// The dataset, while it is being loaded.
    load: Option<load::Load>,
    leaving: bool,
    /// The last turn read something.
    busy: bool,
    /// Until when more is expected to be read.
    attentive: Instant,
    exit: Option<i32>,
    /// When the node is next told what the process uses.
    usage_due: Instant,
}

/// How often `INFO` gets fresh figures of the process.
const USAGE_PERIOD_MS: u64 = 1000;

impl Driver {
    /// Opens the listening sockets and catches signals; `None` when that failed and the log says
    /// why.
    pub(crate) fn new(mut node: Node<Log>, clock: Clock) -> io::Result<Option<Self>> {
        let poll = Poll::new()?;
        let config = node.config().clone();
        let Some(listeners) = listen::open(&config, node.trace_mut()) else { return Ok(None) };
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let signals = Signals::new(poll.registry(), SIGNALS)?;
        let mut driver = Self {
            node,
            clock,
            poll,
            listeners: Vec::new(),
            accept_again: None,
            conns: Conns::default(),
            readable: Vec::new(),
            unsent: Vec::new(),
            room: 0,
            spare: Vec::new(),
            scratch: vec![0; READ_MAX].into_boxed_slice(),
            dialer: Dialer::new(DIALER, Arc::clone(&waker)),
            files: Files::new(waker),
            signals,
            applied: Applied::new(&config),
            load: None,
            leaving: false,
            busy: false,
            attentive: Instant(0),
            exit: None,
            usage_due: Instant(0),
        };
        driver.listen_on(listeners)?;
        driver.node.set_usage(usage());
        Ok(Some(driver))
    }

    /// Removes what a process that was killed left in the directory.
    pub(crate) fn clear_leftovers(&mut self) {
        for name in files::clear_leftovers() {
            let text = format!("Removed {name}: a snapshot that was not completed");
            self.node.trace_mut().notice(&text);
        }
    }

    /// The node.
    pub(crate) fn node(&mut self) -> &mut Node<Log> {
        &mut self.node
    }

    fn listen_on(&mut self, mut listeners: Vec<Listener>) -> io::Result<()> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            listener.register(self.poll.registry(), Token(LISTENERS + index))?;
        }
        self.listeners = listeners;
        Ok(())
    }

    /// Serves until the node wants to leave; returns the exit code.
    pub(crate) fn run(&mut self) -> io::Result<i32> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        self.drain(self.clock.now());
        while self.exit.is_none() {
            if self.load.is_some() {
                self.load_more();
                if self.exit.is_some() {
                    break;
                }
            }
            self.await_events(&mut events)?;
            let now = self.clock.now();
            for event in &events {
                self.handle_event(now, event);
            }
            if self.accept_again.is_some_and(|at| at <= now.instant) {
                self.accept_all(now);
            }
            self.busy = !self.readable.is_empty();
            if self.busy {
                self.attentive = now.instant.plus_ms(ATTENTION_MS);
            }
            self.read_all(now);
            self.handle_timeout();
            self.trace_state();
            self.drain(now);
            self.trace_turn(now);
        }
        self.leave();
        Ok(self.exit.unwrap_or_default())
    }

    /// Waits for events: after a turn that read something, it looks a few times before it sleeps.
    ///
    /// Clients that have just been answered ask again within microseconds, and whoever wakes a
    /// sleeping server pays for that: without this, 50 clients without pipelining get 4 % fewer
    /// answers from a server that works less. An idle server sleeps as before.
    fn await_events(&mut self, events: &mut Events) -> io::Result<()> {
        let wait = self.wait(self.clock.now().instant);
        let looks = if self.busy && wait != Some(Duration::ZERO) { LOOKS } else { 0 };
        for wait in std::iter::repeat_n(Some(Duration::ZERO), looks).chain([wait]) {
            match self.poll.poll(events, wait) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => result?,
            }
            if !events.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// How long nothing can happen but events.
    fn wait(&self, now: Instant) -> Option<Duration> {
        if !self.readable.is_empty() || !self.unsent.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.node.poll_timeout().map(|(at, _)| at);
        let load = self.load.as_ref().map(|load| load.due);
        let trace = self.node.trace().tracer.as_ref().and_then(|tracer| tracer.due());
        let at = timer.into_iter().chain(self.accept_again).chain(load).chain(trace).min()?;
        Some(Duration::from_micros(at - now))
    }

    fn handle_timeout(&mut self) {
        // Asked again, since what was read may have changed it, and so may the time it took.
        let Some((at, timer)) = self.node.poll_timeout() else { return };
        let now = self.clock.now();
        if at <= now.instant {
            self.traced(|t| t.set_cause(Some(What::Timer(timer))));
            let step = SNAPSHOT_STEP[usize::from(now.instant < self.attentive)];
            self.node.set_snapshot_step(step);
            self.node.handle_timeout(now);
            self.traced(|t| t.set_cause(None));
        }
        self.trace_tick(now);
        if self.usage_due <= now.instant {
            self.usage_due = now.instant.plus_ms(USAGE_PERIOD_MS);
            self.node.set_usage(usage());
        }
    }

    fn handle_event(&mut self, now: Now, event: &Event) {
        match event.token() {
            WAKER => {
                let dialed = self.dialer.handle_wake(self.poll.registry());
                self.handle_dialed(now, dialed);
                while let Some(event) = self.files.poll() {
                    self.handle_file(now, event);
                }
            }
            SIGNALS => self.handle_signal(now),
            DIALER => {
                let dialed = self.dialer.handle_event(self.poll.registry());
                self.handle_dialed(now, dialed);
            }
            Token(listener) if listener >= LISTENERS => self.accept(now, listener - LISTENERS),
            token => {
                let Some((id, conn)) = self.conns.at(token) else { return };
                conn.ending |= event.is_read_closed() || event.is_error();
                if event.is_readable() || conn.ending {
                    conn.readable = true;
                    if conn.enlist() {
                        self.readable.push(id);
                    }
                }
                if conn.blocked && (event.is_writable() || event.is_error()) {
                    conn.blocked = false;
                    conn.deferred = true;
                    self.unsent.push(id);
                }
            }
        }
    }

    fn handle_signal(&mut self, now: Now) {
        let Some(name) = self.signals.take() else { return };
        // A shutdown that failed, or was aborted, is over.
        self.leaving &= self.node.is_leaving();
        let text = match self.node.loads() {
            true => "Received shutdown signal during loading, scheduling shutdown.".to_owned(),
            false => format!("Received {name} scheduling shutdown..."),
        };
        let log = self.node.trace_mut();
        if self.leaving && name == "SIGINT" {
            log.signal("You insist... exiting now.");
            self.files.abandon();
            self.exit = Some(1);
            return;
        }
        log.signal(&text);
        self.leaving = true;
        let signal = if name == "SIGINT" { Signal::Int } else { Signal::Term };
        self.node.handle_signal(now, signal);
    }

    // Connections.

    fn accept_all(&mut self, now: Now) {
        self.accept_again = None;
        for index in 0..self.listeners.len() {
            self.accept(now, index);
        }
    }

    fn accept(&mut self, now: Now, index: usize) {
        for _ in 0..ACCEPTS_MAX {
            let Some(listener) = self.listeners.get(index) else { return };
            match listener.accept() {
                Ok(incoming) => self.take_in(now, incoming),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        let why = words(&error);
                        let log = self.node.trace_mut();
                        log.warning(&format!("Accepting client connection: {why}"));
                        self.accept_again = Some(now.instant.plus_ms(ACCEPT_PAUSE_MS));
                        return;
                    }
                },
            }
        }
        self.accept_again = Some(now.instant);
    }

    fn take_in(&mut self, now: Now, incoming: Incoming) {
        let Incoming { mut stream, peer, local, nearby } = incoming;
        let config = self.node.config();
        // `maxclients` is the node's to enforce, which counts whom it refuses.
        if config.driver.protected_mode && !config.needs_password() && !nearby {
            let _ = stream.write(&[IoSlice::new(DENIED)]);
            return;
        }
        stream.tune(config.driver.tcp_keepalive);
        match self.conns.insert(self.poll.registry(), stream, false) {
            Ok(id) => {
                if self.node.trace().wants(Level::Verbose) {
                    self.node.trace_mut().write(Level::Verbose, &format!("Accepted {peer}"));
                }
                self.traced(|t| t.accepted(now.instant, id, &peer, &local));
                self.node.handle_open(now, id, Origin::Accepted { peer, local });
            }
            Err(error) => {
                let why = words(&error);
                let log = self.node.trace_mut();
                log.warning(&format!("Error registering fd event for the new client: {why}"));
            }
        }
    }

    fn handle_dialed(&mut self, now: Now, dialed: Option<Dialed>) {
        let (dial, error) = match dialed {
            None => return,
            Some(Dialed::Failed { dial, error }) => (dial, error),
            Some(Dialed::Open { dial, stream }) => {
                let peer = address(stream.peer_addr());
                let local = address(stream.local_addr());
                let stream = Stream::Tcp(stream);
                stream.tune(self.node.config().driver.tcp_keepalive);
                match self.conns.insert(self.poll.registry(), stream, true) {
                    Ok(id) => {
                        self.traced(|t| t.dialed(now.instant, id, &local));
                        let origin = Origin::Dialed { dial, peer, local };
                        return self.node.handle_open(now, id, origin);
                    }
                    Err(error) => (dial, words(&error)),
                }
            }
        };
        self.traced(|t| t.dial_failed(now.instant, &error));
        self.node.handle_dial_failed(now, dial, &error);
        self.traced(|t| t.set_cause(None));
    }

    fn read_all(&mut self, now: Now) {
        let mut batch = std::mem::take(&mut self.spare);
        std::mem::swap(&mut batch, &mut self.readable);
        for &id in &batch {
            let Some(conn) = self.conns.get_mut(id) else { continue };
            conn.listed = false;
            if conn.paused {
                continue;
            }
            match conn.stream.read(&mut self.scratch) {
                Ok(0) => self.lost(now, id, MessageKind::Fin),
                Ok(len) => {
                    // A short read has emptied the socket, unless its end is still to be seen.
                    conn.readable = len == self.scratch.len() || conn.ending;
                    if conn.enlist() {
                        self.readable.push(id);
                    }
                    let input = &self.scratch[..len];
                    if let Some(tracer) = &mut self.node.trace_mut().tracer {
                        tracer.received(now.instant, id, input);
                    }
                    self.node.handle_input(now, id, input);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => conn.readable = false,
                    ErrorKind::Interrupted if conn.enlist() => self.readable.push(id),
                    ErrorKind::Interrupted => {}
                    _ => self.lost(now, id, MessageKind::Reset),
                },
            }
        }
        batch.clear();
        self.spare = batch;
    }

    /// The peer is gone: it closed, or the connection broke.
    fn lost(&mut self, now: Now, id: ConnId, how: MessageKind) {
        if self.conns.remove(id) {
            self.traced(|t| t.closed(now.instant, id, Way::Received, how));
            self.node.handle_close(now, id);
        }
    }

    // Output.

    /// Carries out what the node wants, until it wants nothing. What earlier turns have left comes
    /// after this turn's replies, which are short.
    fn drain(&mut self, now: Now) {
        self.room = WRITE_MAX;
        let mut batch = std::mem::take(&mut self.spare);
        std::mem::swap(&mut batch, &mut self.unsent);
        self.carry_out(now);
        for &id in &batch {
            if let Some(conn) = self.conns.get_mut(id) {
                conn.deferred = false;
                self.send(now, id);
            }
        }
        if !batch.is_empty() {
            self.carry_out(now);
        }
        batch.clear();
        self.spare = batch;
    }

    /// Acts and sends until there is nothing to do. Actions come first: what they cannot do changes
    /// replies that wait to be sent.
    fn carry_out(&mut self, now: Now) {
        loop {
            let mut idle = !self.act_all(now);
            while let Some(id) = self.node.poll_transmit() {
                idle = false;
                self.send(now, id);
            }
            if idle {
                break;
            }
        }
    }

    /// Carries out all actions; whether there were any.
    fn act_all(&mut self, now: Now) -> bool {
        let mut any = false;
        while let Some(action) = self.node.poll_action() {
            any = true;
            self.act(now, action);
        }
        any
    }

    /// Writes what a connection has to send, as far as its socket takes it and there is room in
    /// this turn. The rest is left for the next one.
    fn send(&mut self, now: Now, id: ConnId) {
        let mut written = 0;
        loop {
            let Some(conn) = self.conns.get_mut(id) else { return };
            if conn.blocked || conn.deferred {
                return;
            }
            let outgoing = self.node.outgoing(id);
            let room = self.room.max(WRITE_SHARE.saturating_sub(written));
            let mut slices = [IoSlice::new(&[]); Outgoing::MAX];
            let (mut count, mut len) = (0, 0);
            for slice in outgoing.slices() {
                let slice = &slice[..slice.len().min(room - len)];
                slices[count] = IoSlice::new(slice);
                count += 1;
                len += slice.len();
                if len == room {
                    break;
                }
            }
            if count == 0 {
                return;
            }
            if len == 0 {
                conn.deferred = true;
                return self.unsent.push(id);
            }
            match conn.stream.write(&slices[..count]) {
                Ok(sent) => {
                    self.trace_sent(now, id, sent);
                    self.node.handle_sent(now, id, sent);
                    if sent < len {
                        return self.block(now, id);
                    }
                    written += sent;
                    self.room = self.room.saturating_sub(sent);
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => return self.block(now, id),
                    _ => return self.lost(now, id, MessageKind::Reset),
                },
            }
        }
    }

    /// The socket is full: its next event says when it is not.
    fn block(&mut self, now: Now, id: ConnId) {
        let Some(conn) = self.conns.get_mut(id) else { return };
        conn.blocked = true;
        let (token, both) = (Token(id.index as usize), Interest::READABLE | Interest::WRITABLE);
        // Registering again reports once more if it has become writable meanwhile. From then on
        // the connection keeps both interests: edges come only after a full buffer.
        if conn.stream.register(self.poll.registry(), token, both, true).is_err() {
            self.lost(now, id, MessageKind::Reset);
        }
    }

    fn act(&mut self, now: Now, action: Action) {
        match action {
            Action::Dial { dial, host, port } => {
                let source = self.node.config().driver.bind_source_addr.clone();
                self.traced(|t| t.dialing(now.instant, &host, port));
                let registry = self.poll.registry();
                let dialed = self.dialer.start(registry, dial, &host, port, &source);
                self.handle_dialed(now, dialed);
            }
            Action::Close(id) => self.close(now, id),
            Action::Read(id, wanted) => {
                let Some(conn) = self.conns.get_mut(id) else { return };
                conn.paused = !wanted;
                if conn.enlist() {
                    self.readable.push(id);
                }
            }
            Action::Delay(id) => {
                if let Some(conn) = self.conns.get_mut(id) {
                    conn.stream.delay();
                }
            }
            Action::File(op) => {
                if let Some(event) = self.files.run(op) {
                    self.handle_file(now, event);
                }
            }
            Action::ApplyConfig => {
                let result = self.apply_config();
                self.node.handle_config(now, result);
            }
            Action::RewriteConfig => {
                let result = files::rewrite_config(self.node.config());
                let fault = |error| ConfigFault { name: String::new(), why: words(&error) };
                self.node.handle_config(now, result.map_err(fault));
            }
            Action::Sleep { micros } => std::thread::sleep(Duration::from_micros(micros)),
            Action::Exit { code } => self.exit = Some(code),
        }
    }

    /// Sends what the socket takes at once, and closes.
    fn close(&mut self, now: Now, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(id)
            && !conn.blocked
        {
            let outgoing = self.node.outgoing(id);
            let slices: Vec<IoSlice<'_>> = outgoing.slices().map(IoSlice::new).collect();
            if !slices.is_empty()
                && let Ok(sent) = conn.stream.write(&slices)
            {
                drop(slices);
                self.trace_sent(now, id, sent);
            }
        }
        self.traced(|t| t.closed(now.instant, id, Way::Sent, MessageKind::Fin));
        self.conns.remove(id);
    }

    // The rest.

    /// The last writes, so that replicas and clients get what they are due; then what this
    /// process put into the file system goes.
    fn leave(&mut self) {
        let now = self.clock.now();
        self.room = usize::MAX;
        for id in std::mem::take(&mut self.unsent) {
            if let Some(conn) = self.conns.get_mut(id) {
                conn.deferred = false;
                self.send(now, id);
            }
        }
        while let Some(id) = self.node.poll_transmit() {
            self.send(now, id);
        }
        self.files.abandon();
        let path = self.node.config().driver.unixsocket.clone();
        if !path.is_empty() {
            self.node.trace_mut().notice("Removing the unix socket file.");
            let _ = std::fs::remove_file(path);
        }
    }
}
