//! Commands through a whole node (parse, look up, run, reply, propagate), and the stream that all
//! replicas share. No sockets: this is the work that remains when IO is free.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_core::config::Config;
use lockstep_core::id::ConnId;
use lockstep_core::node::{Node, Origin};
use lockstep_core::replication::stream::ReplStream;
use lockstep_core::resp::request::encode;
use lockstep_core::rng::Rng;
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::NoTrace;

const NOW: Now = Now { instant: Instant(0), unix_ms: 1_700_000_000_000, micros: 0 };
const CLIENT: ConnId = ConnId { index: 0, generation: 0 };
const KEYS: u64 = 100_000;

fn node() -> Node<NoTrace> {
    let mut node = Node::new(Config::default(), 1, NOW, NoTrace);
    let origin = Origin::Accepted { peer: "127.0.0.1:1".into(), local: "127.0.0.1:2".into() };
    node.handle_open(NOW, CLIENT, origin);
    node
}

/// Pipelines of `depth` commands with random keys, enough of them that keys repeat rarely.
fn pipelines(depth: usize, command: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(3);
    let one = |rng: &mut Rng| {
        let key = format!("key:{:012}", rng.below(KEYS));
        let args = command(key.as_bytes());
        let mut out = Vec::new();
        encode(&mut out, &args.iter().map(Vec::as_slice).collect::<Vec<_>>());
        out
    };
    (0..4096).map(|_| (0..depth).flat_map(|_| one(&mut rng)).collect()).collect()
}

fn drive(node: &mut Node<NoTrace>, input: &[u8]) {
    node.handle_input(NOW, CLIENT, black_box(input));
    while let Some(conn) = node.poll_transmit() {
        let len = node.outgoing(conn).len();
        node.handle_sent(NOW, conn, len);
    }
}

fn commands(c: &mut Criterion) {
    type Make = fn(&[u8]) -> Vec<Vec<u8>>;
    let cases: [(&str, Make); 6] = [
        ("set", |key| vec![b"SET".into(), key.into(), b"xxx".into()]),
        ("get", |key| vec![b"GET".into(), key.into()]),
        ("incr", |key| vec![b"INCR".into(), [b"n", key].concat()]),
        ("lpush", |_| vec![b"LPUSH".into(), b"list".into(), b"xxx".into()]),
        ("hset", |key| vec![b"HSET".into(), b"hash".into(), key.into(), b"xxx".into()]),
        ("zadd", |key| vec![b"ZADD".into(), b"zset".into(), key[4..].into(), key.into()]),
    ];
    for depth in [1, 16, 64] {
        let mut group = c.benchmark_group(format!("node/pipeline {depth}"));
        group.throughput(Throughput::Elements(depth as u64));
        for (name, make) in cases {
            let inputs = pipelines(depth, make);
            let mut node = node();
            inputs.iter().for_each(|input| drive(&mut node, input));
            let mut turn = inputs.iter().cycle();
            group.bench_function(name, |b| {
                b.iter(|| turn.next().map(|input| drive(&mut node, input)));
            });
        }
        group.finish();
    }
}

fn backlog(c: &mut Criterion) {
    let mut group = c.benchmark_group("backlog");
    let command = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nxxx\r\n";
    group.throughput(Throughput::Bytes(command.len() as u64));
    let mut stream = ReplStream::new(&mut Rng::new(1), 1 << 20);
    stream.create_backlog();
    group.bench_function("append and trim", |b| {
        b.iter(|| {
            stream.append(black_box(command));
            stream.trim(None);
        });
    });
    let from = stream.backlog().map_or(0, |view| view.first_byte_offset - 1);
    group.throughput(Throughput::Bytes(1 << 20));
    group.bench_function("gather the window", |b| {
        b.iter(|| stream.slices_after(black_box(from)).map(<[u8]>::len).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, commands, backlog);
criterion_main!(benches);
