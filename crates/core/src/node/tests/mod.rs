//! Nodes on an in-memory network whose time jumps to the next wake-up.

mod blocked;
mod clients;
mod eras;
mod explained;
mod failing_over;
mod hostile;
mod leaving;
mod limits;
mod lone;
mod pubsub;
mod refusing;
mod replication;
mod saving;
mod states;
mod transfers;

use std::collections::{BTreeMap, VecDeque};

use crate::config::Config;
use crate::id::ConnId;
use crate::node::{Action, FileEvent, FileOp, Node, Origin};
use crate::resp::request::encode;
use crate::time::{Instant, Now};
use crate::trace::{Event, Recorder};

const UNIX_START_MS: u64 = 1_700_000_000_000;

/// Whoever dials this port is connected to the test itself.
const IMPOSTOR_PORT: u16 = 6666;

/// One end of a connection.
type End = (usize, ConnId);

struct Host {
    node: Node<Recorder>,
    port: u16,
    files: BTreeMap<String, Vec<u8>>,
    next_conn: u32,
    exited: bool,
}

/// A node and so many clients of it.
fn clients<const N: usize>() -> (Net, [End; N]) {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let clients = [(); N].map(|()| net.client(node));
    (net, clients)
}

/// What a client was told, as text.
fn told(net: &mut Net, client: End) -> String {
    net.received(client).escape_ascii().to_string()
}

/// Some nodes, the connections between them, and clients.
pub(super) struct Net {
    hosts: Vec<Host>,
    /// For each end: the other end, or the client's received bytes.
    peers: BTreeMap<End, Peer>,
    queue: VecDeque<(End, Vec<u8>)>,
    now: Now,
    /// Every byte from one node to another, by the receiving end.
    pub(super) wire: BTreeMap<End, Vec<u8>>,
    /// Clients that do not read.
    pub(super) stalled: std::collections::BTreeSet<End>,
    /// Bytes are delivered in pieces of this size.
    pub(super) piece: usize,
}

enum Peer {
    Node(End),
    Client(Vec<u8>),
}

impl Net {
    pub(super) fn new() -> Self {
        let now = Now { instant: Instant(0), unix_ms: UNIX_START_MS, micros: 0 };
        Self {
            hosts: Vec::new(),
            peers: BTreeMap::new(),
            queue: VecDeque::new(),
            now,
            wire: BTreeMap::new(),
            stalled: std::collections::BTreeSet::new(),
            piece: usize::MAX,
        }
    }

    /// Adds a node; `tune` changes its configuration.
    pub(super) fn node(&mut self, tune: impl FnOnce(&mut Config)) -> usize {
        let port = 6380 + self.hosts.len() as u16;
        let mut config =
            Config { port, save: Vec::new(), repl_diskless_sync_delay: 0, ..Config::default() };
        tune(&mut config);
        let node = Node::new(config, u64::from(port), self.now, Recorder::default());
        self.hosts.push(Host { node, port, files: BTreeMap::new(), next_conn: 0, exited: false });
        self.hosts.len() - 1
    }

    /// Connects a client.
    pub(super) fn client(&mut self, host: usize) -> End {
        let conn = self.fresh_conn(host);
        let origin =
            Origin::Accepted { peer: "127.0.0.1:50000".into(), local: "127.0.0.1:6380".into() };
        self.peers.insert((host, conn), Peer::Client(Vec::new()));
        self.hosts[host].node.handle_open(self.now, conn, origin);
        self.settle();
        (host, conn)
    }

    /// Sends bytes as they are and returns the answer, escaped.
    pub(super) fn raw(&mut self, client: End, bytes: &[u8]) -> String {
        self.queue.push_back((client, bytes.to_vec()));
        self.settle();
        self.received(client).escape_ascii().to_string()
    }

    /// Runs a command given as words and returns the answer, escaped.
    pub(super) fn run(&mut self, client: End, command: &str) -> String {
        let words: Vec<&[u8]> = command.split_whitespace().map(str::as_bytes).collect();
        let mut bytes = Vec::new();
        encode(&mut bytes, &words);
        self.raw(client, &bytes)
    }

    /// What a client received since it was last asked.
    pub(super) fn received(&mut self, client: End) -> Vec<u8> {
        match self.peers.get_mut(&client) {
            Some(Peer::Client(bytes)) => std::mem::take(bytes),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_open(&self, client: End) -> bool {
        self.peers.contains_key(&client)
    }

    pub(super) fn at(&self, host: usize) -> &Node<Recorder> {
        &self.hosts[host].node
    }

    pub(super) fn file(&self, host: usize, name: &str) -> Option<&[u8]> {
        self.hosts[host].files.get(name).map(Vec::as_slice)
    }

    /// Loads an RDB file as at start, in pieces.
    pub(super) fn load(&mut self, host: usize, file: &[u8]) -> Result<u64, String> {
        let node = &mut self.hosts[host].node;
        node.load_begin(self.now, file.len() as u64);
        let fed = file.chunks(7).try_for_each(|piece| node.load_chunk(self.now, piece));
        fed.and_then(|()| node.load_end(self.now)).map_err(|error| error.to_string())
    }

    pub(super) fn exited(&self, host: usize) -> bool {
        self.hosts[host].exited
    }

    pub(super) fn events(&self, host: usize) -> impl Iterator<Item = &Event> {
        self.hosts[host].node.trace().events.iter().map(|(_, event)| event)
    }

    /// The log lines of a node.
    pub(super) fn log(&self, host: usize) -> Vec<String> {
        let line = |event: &Event| match event {
            Event::Log(_, text) => Some(text.clone()),
            _ => None,
        };
        self.events(host).filter_map(line).collect()
    }

    /// Lets time pass, firing every timer on the way.
    pub(super) fn pass_ms(&mut self, ms: u64) {
        let end = self.now.instant.plus_ms(ms);
        self.settle();
        while let Some(at) = self.next_wake().filter(|at| *at <= end) {
            self.set_time(at.max(self.now.instant));
            for host in 0..self.hosts.len() {
                let due = self.hosts[host].node.poll_timeout().is_some_and(|(when, _)| when <= at);
                if due && !self.hosts[host].exited {
                    self.hosts[host].node.handle_timeout(self.now);
                }
            }
            self.settle();
        }
        self.set_time(end);
    }

    /// Breaks the connection between two nodes, as seen by both at once.
    pub(super) fn cut(&mut self, a: usize, b: usize) {
        let ends: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(end, peer)| match peer {
                Peer::Node(other) if end.0 == a && other.0 == b => Some((*end, *other)),
                _ => None,
            })
            .collect();
        for (end, other) in ends {
            self.peers.remove(&end);
            self.peers.remove(&other);
            self.queue.retain(|(to, _)| *to != end && *to != other);
            self.hosts[end.0].node.handle_close(self.now, end.1);
            self.hosts[other.0].node.handle_close(self.now, other.1);
        }
    }

    fn set_time(&mut self, instant: Instant) {
        let (ms, micros) = (instant.0 / 1000, (instant.0 % 1000) as u16);
        self.now = Now { instant, unix_ms: UNIX_START_MS + ms, micros };
    }

    fn next_wake(&self) -> Option<Instant> {
        let live = self.hosts.iter().filter(|host| !host.exited);
        live.filter_map(|host| host.node.poll_timeout().map(|(at, _)| at)).min()
    }

    fn fresh_conn(&mut self, host: usize) -> ConnId {
        let index = self.hosts[host].next_conn;
        self.hosts[host].next_conn += 1;
        ConnId { index, generation: 7 }
    }

    /// Carries everything that is under way to its end, without time passing.
    pub(super) fn settle(&mut self) {
        loop {
            let mut busy = false;
            for host in 0..self.hosts.len() {
                busy |= self.drain(host);
            }
            if let Some(((host, conn), bytes)) = self.queue.pop_front() {
                busy = true;
                for piece in bytes.chunks(self.piece) {
                    if self.peers.contains_key(&(host, conn)) {
                        self.hosts[host].node.handle_input(self.now, conn, piece);
                        self.drain(host);
                    }
                }
            }
            if !busy {
                return;
            }
        }
    }

    fn drain(&mut self, host: usize) -> bool {
        let mut busy = false;
        while let Some(action) = self.hosts[host].node.poll_action() {
            busy = true;
            self.act(host, action);
        }
        while let Some(conn) = self.hosts[host].node.poll_transmit() {
            busy = true;
            while !self.stalled.contains(&(host, conn)) {
                let out: Vec<u8> =
                    self.hosts[host].node.outgoing(conn).slices().flatten().copied().collect();
                if out.is_empty() {
                    break;
                }
                self.hosts[host].node.handle_sent(self.now, conn, out.len());
                match self.peers.get_mut(&(host, conn)) {
                    Some(Peer::Client(bytes)) => bytes.extend_from_slice(&out),
                    Some(Peer::Node(other)) => {
                        self.wire.entry(*other).or_default().extend_from_slice(&out);
                        self.queue.push_back((*other, out));
                    }
                    None => {}
                }
            }
        }
        busy
    }

    fn act(&mut self, host: usize, action: Action) {
        match action {
            Action::Dial { dial, port, .. } => self.dial(host, dial, port),
            Action::Close(conn) => {
                if let Some(Peer::Node(other)) = self.peers.remove(&(host, conn)) {
                    self.peers.remove(&other);
                    self.hosts[other.0].node.handle_close(self.now, other.1);
                }
            }
            Action::Read(..) | Action::Delay(_) | Action::Sleep { .. } => {}
            Action::ApplyConfig | Action::RewriteConfig => {
                self.hosts[host].node.handle_config(self.now, Ok(()));
            }
            Action::File(op) => {
                if let Some(event) = self.file_op(host, op) {
                    self.hosts[host].node.handle_file(self.now, event);
                }
            }
            Action::Exit { .. } => self.hosts[host].exited = true,
        }
    }

    fn dial(&mut self, from: usize, dial: u64, port: u16) {
        let target = self.hosts.iter().position(|host| host.port == port && !host.exited);
        if port == IMPOSTOR_PORT {
            let conn = self.fresh_conn(from);
            self.peers.insert((from, conn), Peer::Client(Vec::new()));
            let (peer, local) = (format!("127.0.0.1:{port}"), "127.0.0.1:40000".to_owned());
            let dialed = Origin::Dialed { dial, peer, local };
            return self.hosts[from].node.handle_open(self.now, conn, dialed);
        }
        let Some(to) = target else {
            let node = &mut self.hosts[from].node;
            return node.handle_dial_failed(self.now, dial, "Connection refused");
        };
        let (ours, theirs) = (self.fresh_conn(from), self.fresh_conn(to));
        self.peers.insert((from, ours), Peer::Node((to, theirs)));
        self.peers.insert((to, theirs), Peer::Node((from, ours)));
        let (a, b) = ("127.0.0.1:40000".to_owned(), format!("127.0.0.1:{port}"));
        let accepted = Origin::Accepted { peer: a.clone(), local: b.clone() };
        self.hosts[to].node.handle_open(self.now, theirs, accepted);
        let dialed = Origin::Dialed { dial, peer: b, local: a };
        self.hosts[from].node.handle_open(self.now, ours, dialed);
    }

    fn file_op(&mut self, host: usize, op: FileOp) -> Option<FileEvent> {
        let files = &mut self.hosts[host].files;
        match op {
            FileOp::Create { name } => {
                files.insert(name, Vec::new());
                None
            }
            FileOp::Append { name, data } => {
                files.get_mut(&name).expect("created before").extend_from_slice(&data);
                None
            }
            FileOp::Commit { name, to } => {
                let data = files.remove(&name).expect("created before");
                let len = data.len() as u64;
                files.insert(to.clone(), data);
                Some(FileEvent::Committed { name, to, len })
            }
            FileOp::Remove { name } => {
                files.remove(&name);
                None
            }
            FileOp::Open { token, name } => {
                let copy = files[&name].clone();
                files.insert(format!("open {token}"), copy);
                None
            }
            FileOp::Close { token } => {
                files.remove(&format!("open {token}")).expect("opened before");
                None
            }
            FileOp::Read { token, offset, len } => {
                let data = &files[&format!("open {token}")][offset as usize..];
                let data = data[..len.min(data.len())].to_vec();
                Some(FileEvent::Data { token, data })
            }
        }
    }
}
