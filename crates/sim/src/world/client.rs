//! Simulated clients: a console and a raw connection per node, and background writers.

use std::collections::VecDeque;
use std::sync::Arc;

use lockstep_core::node::Origin;
use lockstep_core::resp::request::encode;
use lockstep_core::rng::Rng;
use lockstep_core::time::Instant;

use super::net::{ACCEPTOR, DIALER, Wire};
use super::{Due, World};
use crate::console::session::Session;
use crate::console::{self, INTERRUPT};
use crate::ids::{ClientId, NodeId, Peer, WireId};
use crate::message::{MessageKind, MessageRef};
use crate::script::{CLIENTS_MAX, LINE_BYTES_MAX, WRITER_EVERY_US_MIN};
use crate::step::Impossible;
use crate::view::{ConsoleLine, ConsoleText};

/// Lines a console remembers.
const LINES_MAX: usize = 1_000;

/// What stands for a random number in a writer's line, as in redis-benchmark.
const RANDOM: &str = "__rand_int__";

/// Makes seeds of writers differ from those of links.
const WRITERS: u64 = 0xc11e_0000_0000_0000;

/// A client of one node.
#[derive(Debug, Clone, Hash)]
pub(super) struct Client {
    pub(super) id: ClientId,
    pub(super) node: NodeId,
    pub(super) kind: Kind,
    pub(super) wire: Option<WireId>,
    /// An answer that has arrived in part.
    partial: Vec<u8>,
    pub(super) session: Session,
    pub(super) lines: VecDeque<Arc<ConsoleLine>>,
}

/// What a client is for.
#[derive(Debug, Clone, Hash)]
pub(super) enum Kind {
    /// People type commands into it, as into redis-cli.
    Console,
    /// People type bytes into it, as into telnet.
    Telnet,
    /// It writes by itself.
    Writer(Writer),
    /// It has left.
    Gone,
}

/// A client that writes by itself.
#[derive(Debug, Clone, Hash)]
pub(super) struct Writer {
    /// Microseconds between two commands; 0: it rests.
    pub(super) every_us: u64,
    /// The next command's place in the queue of events.
    next: Option<(Instant, u64)>,
    /// What it writes; `None`: what a small shop does.
    line: Option<Arc<str>>,
    /// `__rand_int__` is below this.
    keys: u64,
    /// Of its own, so that one writer changes nothing of what another writes.
    rng: Rng,
}

impl World {
    pub(super) fn add_console(&mut self, node: NodeId) {
        self.add_client(node, Kind::Console);
    }

    /// Another console of a node.
    pub(super) fn add_second_console(&mut self, node: NodeId) -> Result<ClientId, Impossible> {
        self.room_for_client(node)?;
        Ok(self.add_client(node, Kind::Console))
    }

    fn room_for_client(&mut self, node: NodeId) -> Result<(), Impossible> {
        self.checked_host(node)?;
        // Every node's own console and writer have their place.
        let room = self.clients.len() < CLIENTS_MAX;
        room.then_some(()).ok_or(Impossible::TooManyClients)
    }

    fn add_client(&mut self, node: NodeId, kind: Kind) -> ClientId {
        let id = ClientId(self.clients.len() as u32);
        self.clients.push(Client {
            id,
            node,
            kind,
            wire: None,
            partial: Vec::new(),
            session: Session::default(),
            lines: VecDeque::new(),
        });
        id
    }

    /// A line is typed into a console.
    pub(super) fn type_line(&mut self, client: ClientId, line: &str) -> Result<(), Impossible> {
        let found = self.clients.get(client.0 as usize);
        let console = found.is_some_and(|c| matches!(c.kind, Kind::Console));
        console.then_some(()).ok_or(Impossible::NoClient(client))?;
        if line.len() > LINE_BYTES_MAX {
            return Err(Impossible::TooLong);
        }
        if line == INTERRUPT {
            self.interrupt(client);
            return Ok(());
        }
        self.note(client, ConsoleText::Typed(line.to_owned()));
        match console::split_line(line) {
            None => self.note(client, ConsoleText::Notice("Invalid argument(s)".into())),
            Some(args) if args.is_empty() => {}
            Some(args) => {
                if let Some(text) = console::help::help(&args) {
                    self.note(client, ConsoleText::Reply(text));
                    return Ok(());
                }
                if console::listens(&args) {
                    let text = "Reading messages... (press Ctrl-C to quit)".to_owned();
                    self.note(client, ConsoleText::Reply(text));
                }
                if console::replica::enters(&args) {
                    let text = console::replica::ENTERS.to_owned();
                    self.note(client, ConsoleText::Reply(text));
                }
                if !self.client_send(client, &args) {
                    self.clients[client.0 as usize].session.refused();
                    self.note_refusal(client, "Could not connect to Redis at ");
                }
            }
        }
        Ok(())
    }

    /// A line is typed into a raw connection to a node: it is sent as it is, with a line end.
    pub(super) fn type_raw(&mut self, node: NodeId, line: &str) -> Result<(), Impossible> {
        self.checked_host(node)?;
        if line.len() > LINE_BYTES_MAX {
            return Err(Impossible::TooLong);
        }
        let telnet = |kind: &Kind| matches!(kind, Kind::Telnet);
        let known = self.client_of(node, telnet);
        let client = known.unwrap_or_else(|| self.add_client(node, Kind::Telnet));
        if line == INTERRUPT {
            self.interrupt(client);
            return Ok(());
        }
        self.note(client, ConsoleText::Typed(line.to_owned()));
        match self.client_wire(client) {
            Some(wire) => self.send_bytes(wire, DIALER, format!("{line}\r\n").as_bytes()),
            None => self.note_refusal(client, "telnet: Unable to connect to "),
        }
        Ok(())
    }

    /// The console that a node has had from its beginning.
    pub(super) fn console_of(&self, node: NodeId) -> Option<ClientId> {
        self.client_of(node, |kind| matches!(kind, Kind::Console))
    }

    fn note_refusal(&mut self, client: ClientId, what: &str) {
        let node = self.clients[client.0 as usize].node;
        let address = self.hosts[node.0 as usize].address();
        self.note(client, ConsoleText::Notice(format!("{what}{address}: Connection refused")));
    }

    /// Ctrl-C: the client ends, and with it its connection; a new one takes its place.
    fn interrupt(&mut self, client: ClientId) {
        self.note(client, ConsoleText::Notice("^C".to_owned()));
        if let Some(wire) = self.clients[client.0 as usize].wire {
            self.send_control(wire, DIALER, MessageKind::Fin);
        }
        let c = &mut self.clients[client.0 as usize];
        c.session = Session::default();
        self.client_lost(client);
    }

    /// The client of a node that is of a kind.
    pub(super) fn client_of(&self, node: NodeId, is: impl Fn(&Kind) -> bool) -> Option<ClientId> {
        self.clients.iter().find(|c| c.node == node && is(&c.kind)).map(|c| c.id)
    }

    /// Has a node carry out a command at once, outside of time.
    pub(super) fn preload(&mut self, node: NodeId, line: &str) {
        let now = self.clock(node);
        let Some(args) = console::split_line(line) else { return };
        let client = ClientId(u32::MAX);
        let (peer, local) = (format!("{}:0", super::IP), self.hosts[node.0 as usize].address());
        let ends = ((Peer::Client(client), peer.clone()), (Peer::Node(node), local.clone()));
        let wire = self.add_wire(Wire::new(ends.0, ends.1, None));
        let conn = self.open_end(node, wire, ACCEPTOR);
        let mut bytes = Vec::new();
        encode(&mut bytes, &args.iter().map(Vec::as_slice).collect::<Vec<_>>());
        self.with_node(node, |n| {
            n.handle_open(now, conn, Origin::Accepted { peer, local });
            n.handle_input(now, conn, &bytes);
        });
        self.drop_wire(wire);
        self.with_node(node, |n| n.handle_close(now, conn));
    }

    /// Sends a command, connecting first if need be. False: nobody listens.
    fn client_send(&mut self, client: ClientId, args: &[Vec<u8>]) -> bool {
        let before = self.clients[client.0 as usize].wire;
        let Some(wire) = self.client_wire(client) else { return false };
        let c = &mut self.clients[client.0 as usize];
        let mut own = None;
        if matches!(c.kind, Kind::Console) {
            own = c.session.connected(before != Some(wire));
            c.session.asked(args);
        }
        for args in own.as_deref().into_iter().chain([args]) {
            let args: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
            let mut bytes = Vec::new();
            encode(&mut bytes, &args);
            self.send_bytes(wire, DIALER, &bytes);
        }
        true
    }

    /// The client's connection; opened at once if there is none (it is the node's own host).
    fn client_wire(&mut self, client: ClientId) -> Option<WireId> {
        let Client { wire, node, .. } = self.clients[client.0 as usize];
        if let Some(id) = wire {
            let open = |w: &Wire| w.ends[ACCEPTOR].conn.is_some();
            if self.wires.get(&id).is_some_and(open) {
                return wire;
            }
            // redis-cli notices when it writes, connects anew and sends the command again.
            self.drop_wire(id);
            self.client_lost(client);
        }
        let host = &self.hosts[node.0 as usize];
        if host.node.is_none() || host.refuses {
            return None;
        }
        let now = self.clock(node);
        let peer = format!("{}:{}", super::IP, self.next_port());
        let local = self.hosts[node.0 as usize].address();
        let ends = ((Peer::Client(client), peer.clone()), (Peer::Node(node), local.clone()));
        let id = self.add_wire(Wire::new(ends.0, ends.1, None));
        self.clients[client.0 as usize].wire = Some(id);
        let conn = self.open_end(node, id, ACCEPTOR);
        self.with_node(node, |n| n.handle_open(now, conn, Origin::Accepted { peer, local }));
        // The node may have closed it again (too many clients): the answer says so.
        Some(id)
    }

    /// Bytes arrive at a client.
    pub(super) fn client_input(&mut self, client: ClientId, message: &MessageRef) {
        let c = &mut self.clients[client.0 as usize];
        if c.wire != Some(message.wire) {
            return;
        }
        match c.kind {
            Kind::Writer(_) | Kind::Gone => return,
            Kind::Telnet => return self.note(client, ConsoleText::Raw(message.clone())),
            Kind::Console => {}
        }
        let answer = matches!(message.kind, MessageKind::Response | MessageKind::Error);
        c.partial.extend_from_slice(&message.bytes);
        if !message.complete {
            return;
        }
        let bytes = std::mem::take(&mut c.partial);
        let text = if !answer {
            // After SYNC the connection carries a replication stream.
            let Some(text) = console::replica::shown(message.kind, &bytes) else { return };
            text
        } else if console::is_push(&bytes) {
            // It answers no command: messages of channels, what a monitor is shown.
            console::render_reply(&bytes, false)
        } else {
            let Some(raw) = c.session.answered(&bytes) else { return };
            console::render_reply(&bytes, raw)
        };
        self.note(client, ConsoleText::Reply(text));
    }

    /// The node has closed a client's connection.
    pub(super) fn client_closed(&mut self, client: ClientId, wire: WireId) {
        let c = &self.clients[client.0 as usize];
        if c.wire != Some(wire) {
            // It was interrupted, and has a new connection.
            return;
        }
        let text = match c.kind {
            Kind::Telnet => Some("Connection closed by foreign host."),
            _ => c.session.waits().then_some("Error: Server closed the connection"),
        };
        self.client_lost(client);
        if let Some(text) = text {
            self.note(client, ConsoleText::Notice(text.to_owned()));
        }
    }

    fn client_lost(&mut self, client: ClientId) {
        let c = &mut self.clients[client.0 as usize];
        c.wire = None;
        c.partial.clear();
        c.session.lost();
    }

    fn note(&mut self, client: ClientId, what: ConsoleText) {
        let c = &self.clients[client.0 as usize];
        let typed = matches!((&c.kind, &what), (Kind::Console, ConsoleText::Typed(_)));
        let address = typed.then(|| self.hosts[c.node.0 as usize].address());
        let prompt = address.map(|address| c.session.prompt(&address)).unwrap_or_default();
        let line = Arc::new(ConsoleLine { prompt, at: self.now, client, what });
        let lines = &mut self.clients[client.0 as usize].lines;
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
        self.client_lines += 1;
    }

    /// A client closes its connection; a writer is done for good.
    pub(super) fn close_client(&mut self, client: ClientId) -> Result<(), Impossible> {
        let c = self.clients.get_mut(client.0 as usize).ok_or(Impossible::NoClient(client))?;
        let next = match &mut c.kind {
            Kind::Gone => return Err(Impossible::NoClient(client)),
            Kind::Console | Kind::Telnet => None,
            Kind::Writer(writer) => {
                let next = writer.next.take();
                c.kind = Kind::Gone;
                next
            }
        };
        let wire = c.wire;
        if let Some(key) = next {
            self.queue.remove(&key);
        } else if wire.is_none() {
            return Err(Impossible::AlreadySo);
        }
        if let Some(wire) = wire {
            self.send_control(wire, DIALER, MessageKind::Fin);
        }
        self.client_lost(client);
        Ok(())
    }

    /// Sets how often the background writer of a node sends.
    pub(super) fn set_traffic(&mut self, node: NodeId, every_ms: u64) -> Result<(), Impossible> {
        self.checked_host(node)?;
        let own = |c: &&Client| c.node == node && c.writer().is_some_and(|w| w.line.is_none());
        let found = self.clients.iter().find(own).map(|c| c.id);
        let id = found.unwrap_or_else(|| self.new_writer(node, None, 0));
        self.set_pace(id, every_ms.saturating_mul(1_000))
    }

    /// Adds a client that writes by itself.
    pub(super) fn add_writer(
        &mut self,
        node: NodeId,
        every_us: u64,
        line: &str,
        keys: u64,
    ) -> Result<ClientId, Impossible> {
        self.room_for_client(node)?;
        if line.len() > LINE_BYTES_MAX {
            return Err(Impossible::TooLong);
        }
        let id = self.new_writer(node, Some(line.into()), keys);
        self.set_pace(id, every_us)?;
        Ok(id)
    }

    fn new_writer(&mut self, node: NodeId, line: Option<Arc<str>>, keys: u64) -> ClientId {
        let rng = Rng::new(self.seed ^ WRITERS ^ self.clients.len() as u64);
        self.add_client(node, Kind::Writer(Writer { every_us: 0, next: None, line, keys, rng }))
    }

    /// Sets how often a writer sends.
    pub(super) fn set_pace(&mut self, id: ClientId, every_us: u64) -> Result<(), Impossible> {
        let client = self.clients.get_mut(id.0 as usize);
        let writer = client.and_then(Client::writer_mut).ok_or(Impossible::NoClient(id))?;
        let resting = every_us == 0;
        writer.every_us = if resting { 0 } else { every_us.max(WRITER_EVERY_US_MIN) };
        if let Some(key) = writer.next.take() {
            self.queue.remove(&key);
        }
        self.schedule_write(id);
        Ok(())
    }

    fn schedule_write(&mut self, id: ClientId) {
        let writer = self.clients.get(id.0 as usize).and_then(Client::writer);
        let Some(every_us) = writer.map(|w| w.every_us).filter(|every| *every > 0) else { return };
        let key = self.schedule(self.now + every_us, Due::Write { client: id });
        if let Some(writer) = self.clients[id.0 as usize].writer_mut() {
            writer.next = Some(key);
        }
    }

    /// A writer sends its next command.
    pub(super) fn write_next(&mut self, client: ClientId) {
        let Some(writer) = self.clients[client.0 as usize].writer_mut() else { return };
        let args = writer.next_command();
        self.client_send(client, &args);
        self.schedule_write(client);
    }
}

impl Client {
    /// The writer, if it is one.
    pub(super) fn writer(&self) -> Option<&Writer> {
        match &self.kind {
            Kind::Writer(writer) => Some(writer),
            _ => None,
        }
    }

    fn writer_mut(&mut self) -> Option<&mut Writer> {
        match &mut self.kind {
            Kind::Writer(writer) => Some(writer),
            _ => None,
        }
    }
}

impl Writer {
    fn next_command(&mut self) -> Vec<Vec<u8>> {
        match self.line.as_deref() {
            None | Some("") => {
                random_write(&mut self.rng).into_iter().map(String::into_bytes).collect()
            }
            Some(line) => {
                let (rng, keys) = (&mut self.rng, self.keys.max(1));
                let mut text = String::new();
                for (i, part) in line.split(RANDOM).enumerate() {
                    if i > 0 {
                        text.push_str(&format!("{:012}", rng.below(keys)));
                    }
                    text.push_str(part);
                }
                console::split_line(&text).unwrap_or_default()
            }
        }
    }
}

/// What a small shop writes: all five types, a few keys, now and then a time to live.
fn random_write(rng: &mut Rng) -> Vec<String> {
    const NAMES: [&str; 6] = ["chaoge", "ada", "grace", "linus", "barbara", "edsger"];
    let name = NAMES[rng.below(NAMES.len() as u64) as usize].to_owned();
    let n = rng.below(20);
    let words = |text: String| text.split(' ').map(str::to_owned).collect();
    match rng.below(8) {
        0 | 1 => words("INCR visits".into()),
        2 => words(format!("SET user:{n} {name}")),
        3 => words(format!("LPUSH orders {}", 1000 + rng.below(9000))),
        4 => words(format!("HSET cart:{n} {name} {}", 1 + rng.below(9))),
        5 => words(format!("SADD online {name}")),
        6 => words(format!("ZINCRBY scores {} {name}", 1 + rng.below(50))),
        _ => words(format!("SET session:{n} {name} EX {}", 1 + rng.below(30))),
    }
}
