//! One node without a network: each byte and each file is in the test's own hands.

use crate::config::Config;
use crate::id::ConnId;
use crate::node::{Action, FileEvent, FileOp, Node, Origin};
use crate::resp::request::encode;
use crate::time::{Instant, Now};
use crate::trace::{Event, Recorder};

/// A node, and what it wants done that nobody did.
pub(super) struct Lone {
    pub(super) node: Node<Recorder>,
    pub(super) now: Now,
    /// Actions other than operations on files.
    pub(super) actions: Vec<Action>,
    /// Commits that wait for their result, by temporary name.
    pub(super) commits: Vec<String>,
}

impl Lone {
    pub(super) fn new(tune: impl FnOnce(&mut Config)) -> Self {
        let now = Now { instant: Instant(0), unix_ms: 1_700_000_000_000, micros: 0 };
        let mut config =
            Config { save: Vec::new(), repl_diskless_sync_delay: 0, ..Config::default() };
        tune(&mut config);
        let node = Node::new(config, 1, now, Recorder::default());
        Self { node, now, actions: Vec::new(), commits: Vec::new() }
    }

    pub(super) fn client(&mut self, index: u32) -> ConnId {
        let conn = ConnId { index, generation: 1 };
        let origin = Origin::Accepted { peer: "127.0.0.1:5".into(), local: "127.0.0.1:6".into() };
        self.node.handle_open(self.now, conn, origin);
        conn
    }

    pub(super) fn send(&mut self, conn: ConnId, command: &str) {
        let words: Vec<&[u8]> = command.split_whitespace().map(str::as_bytes).collect();
        let mut bytes = Vec::new();
        encode(&mut bytes, &words);
        self.input(conn, &bytes);
    }

    pub(super) fn input(&mut self, conn: ConnId, bytes: &[u8]) {
        self.node.handle_input(self.now, conn, bytes);
        self.settle();
    }

    /// Takes up to `most` bytes of what a connection has to send, as a slow peer does.
    pub(super) fn take(&mut self, conn: ConnId, most: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.node.outgoing(conn).slices().flatten().copied().collect();
        bytes.truncate(most);
        self.node.handle_sent(self.now, conn, bytes.len());
        self.settle();
        bytes
    }

    /// Lets a second pass.
    pub(super) fn second(&mut self) {
        for _ in 0..10 {
            self.now.instant = self.now.instant.plus_ms(100);
            self.now.unix_ms += 100;
            self.work();
        }
    }

    /// Does what is due now.
    pub(super) fn work(&mut self) {
        while self.node.poll_timeout().is_some_and(|(at, _)| at <= self.now.instant) {
            self.node.handle_timeout(self.now);
            self.settle();
        }
    }

    pub(super) fn committed(&mut self) {
        let name = self.commits.remove(0);
        let event = FileEvent::Committed { name, to: "dump.rdb".into(), len: 1000 };
        self.node.handle_file(self.now, event);
        self.settle();
    }

    pub(super) fn commit_failed(&mut self) {
        let name = self.commits.remove(0);
        let event = FileEvent::Failed { name, token: None, error: "no space".into() };
        self.node.handle_file(self.now, event);
        self.settle();
    }

    pub(super) fn logged(&self, text: &str) -> bool {
        let events = self.node.trace().events.iter();
        events.into_iter().any(|(_, e)| matches!(e, Event::Log(_, line) if line.contains(text)))
    }

    fn settle(&mut self) {
        while let Some(action) = self.node.poll_action() {
            match action {
                Action::File(FileOp::Commit { name, .. }) => self.commits.push(name),
                Action::File(FileOp::Read { token, len, .. }) => {
                    let event = FileEvent::Data { token, data: vec![b'x'; len] };
                    self.node.handle_file(self.now, event);
                }
                Action::File(_) => {}
                other => self.actions.push(other),
            }
        }
        while self.node.poll_transmit().is_some() {}
    }
}
