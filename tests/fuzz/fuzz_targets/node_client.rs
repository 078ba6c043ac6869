//! A whole node with a client, or a replica, that sends anything: no panic, and others are served.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::config::Config;
use lockstep_core::id::ConnId;
use lockstep_core::node::{Node, Origin};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::Recorder;

fn open(node: &mut Node<Recorder>, now: Now, index: u32) -> ConnId {
    let conn = ConnId { index, generation: 0 };
    let (peer, local) = (format!("127.0.0.1:{}", 50_000 + index), "127.0.0.1:6379".into());
    node.handle_open(now, conn, Origin::Accepted { peer, local });
    conn
}

/// Takes everything out of the node, as a driver does.
fn drain(node: &mut Node<Recorder>, now: Now) {
    while node.poll_action().is_some() {}
    while let Some(conn) = node.poll_transmit() {
        let len = node.outgoing(conn).len();
        node.handle_sent(now, conn, len);
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    let mut now = Now { instant: Instant(0), unix_ms: 1_700_000_000_000, micros: 0 };
    let mut node = Node::new(Config::default(), 1, now, Recorder::default());
    let hostile = open(&mut node, now, 0);
    if kind % 2 == 1 {
        node.handle_input(now, hostile, b"REPLCONF capa eof capa psync2\r\n");
        drain(&mut node, now);
        node.handle_input(now, hostile, b"PSYNC ? -1\r\n");
        drain(&mut node, now);
    }
    for piece in rest.chunks(usize::from(kind / 2) * 8 + 1) {
        node.handle_input(now, hostile, piece);
        drain(&mut node, now);
    }
    for second in 1..8 {
        let instant = Instant(second * 1_000_000);
        now = Now { instant, unix_ms: now.unix_ms + 1_000, micros: 0 };
        node.handle_timeout(now);
        drain(&mut node, now);
    }
    let other = open(&mut node, now, 1);
    node.handle_input(now, other, b"ECHO served\r\n");
    node.handle_close(now, hostile);
});
