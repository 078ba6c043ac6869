//! A whole node whose master sends anything: a snapshot, then a stream. No panic, and the node goes
//! on serving.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_core::config::Config;
use lockstep_core::id::ConnId;
use lockstep_core::node::{Action, Node, Origin};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::Recorder;

const NOW: Now = Now { instant: Instant(1_000_000), unix_ms: 1_700_000_000_000, micros: 0 };
const LINK: ConnId = ConnId { index: 0, generation: 0 };
const EMPTY_RDB: &[u8] = b"REDIS0009\xff\0\0\0\0\0\0\0\0";

/// A replica that waits for the reply to its `PSYNC`.
fn replica() -> Node<Recorder> {
    let config = Config { replicaof: Some(("master".into(), 6379)), ..Config::default() };
    let start = Now { instant: Instant(0), unix_ms: NOW.unix_ms, micros: 0 };
    let mut node = Node::new(config, 1, start, Recorder::default());
    node.handle_timeout(NOW);
    while let Some(action) = node.poll_action() {
        if let Action::Dial { dial, .. } = action {
            let (peer, local) = ("127.0.0.1:6379".into(), "127.0.0.1:40000".into());
            node.handle_open(NOW, LINK, Origin::Dialed { dial, peer, local });
        }
    }
    node.handle_input(NOW, LINK, b"+PONG\r\n+OK\r\n+OK\r\n");
    node
}

fuzz_target!(|input: &[u8]| {
    // The first byte chooses where the fuzzer's bytes begin: a snapshot, or the stream after one.
    let Some((kind, rest)) = input.split_first() else { return };
    let mut node = replica();
    node.handle_input(NOW, LINK, b"+FULLRESYNC 0123456789012345678901234567890123456789 1\r\n");
    let rdb = if kind % 2 == 0 { rest } else { EMPTY_RDB };
    node.handle_input(NOW, LINK, format!("${}\r\n", rdb.len()).as_bytes());
    node.handle_input(NOW, LINK, rdb);
    if kind % 2 == 1 {
        let piece = usize::from(kind / 2) + 1;
        rest.chunks(piece).for_each(|piece| node.handle_input(NOW, LINK, piece));
    }
    let client = ConnId { index: 1, generation: 0 };
    let (peer, local) = ("127.0.0.1:50000".into(), "127.0.0.1:6380".into());
    node.handle_open(NOW, client, Origin::Accepted { peer, local });
    node.handle_input(NOW, client, b"PING\r\n");
    let reply: Vec<u8> = node.outgoing(client).slices().flatten().copied().collect();
    assert_eq!(reply, b"+PONG\r\n");
});
