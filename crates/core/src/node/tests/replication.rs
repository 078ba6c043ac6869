//! Both ends of replication, on the wire and in the trace.

use super::Net;
use crate::node::Role;
use crate::replication::psync::{FullReason, Outcome};
use crate::replication::state::ReplState;
use crate::trace::Event;

/// A master and a replica, connected and online.
fn pair(diskless: bool) -> (Net, usize, usize) {
    let mut net = Net::new();
    let master = net.node(|config| config.repl_diskless_sync = diskless);
    let replica = net.node(|_| {});
    let client = net.client(replica);
    net.run(client, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    assert_eq!(net.at(replica).link().expect("a replica").state, ReplState::Connected);
    (net, master, replica)
}

fn same_state(net: &Net, a: usize, b: usize) {
    let (x, y) = (net.at(a), net.at(b));
    assert_eq!(x.history().replid, y.history().replid);
    assert_eq!(x.master_repl_offset(), y.master_repl_offset());
    for db in 0..16 {
        assert_eq!(x.keyspace().len(db), y.keyspace().len(db), "{db}");
    }
}

#[test]
fn a_fresh_replica_gets_a_snapshot_and_then_the_stream() {
    for diskless in [false, true] {
        let mut net = Net::new();
        let master = net.node(|config| config.repl_diskless_sync = diskless);
        let writer = net.client(master);
        net.run(writer, "SET before 1");
        let replica = net.node(|_| {});
        let client = net.client(replica);
        net.run(client, "REPLICAOF 127.0.0.1 6380");
        net.pass_ms(3_000);
        net.run(writer, "SET after 2");
        net.run(writer, "RPUSH list a b c");
        net.pass_ms(1_500);
        assert_eq!(net.run(client, "GET before"), r"$1\r\n1\r\n");
        assert_eq!(net.run(client, "GET after"), r"$1\r\n2\r\n");
        same_state(&net, master, replica);
        let seen = net.at(master).replicas();
        assert_eq!(seen[0].ack_offset, net.at(master).master_repl_offset());
        assert_eq!(seen[0].port, 6381);
    }
}

#[test]
fn the_handshake_goes_through_every_state() {
    let (net, _, replica) = pair(true);
    let states: Vec<_> = net
        .events(replica)
        .filter_map(|event| match event {
            Event::ReplStateChanged { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    let expected = [
        ReplState::Connect,
        ReplState::Connecting,
        ReplState::ReceivePingReply,
        ReplState::SendHandshake,
        ReplState::ReceivePortReply,
        ReplState::ReceiveCapaReply,
        ReplState::SendPsync,
        ReplState::ReceivePsyncReply,
        ReplState::Transfer,
        ReplState::Connected,
    ];
    assert_eq!(states, expected);
}

#[test]
fn a_cut_link_is_resumed_from_the_backlog() {
    let (mut net, master, replica) = pair(true);
    let writer = net.client(master);
    net.run(writer, "SET a 1");
    net.pass_ms(1_000);
    net.cut(replica, master);
    net.run(writer, "SET b 2");
    net.pass_ms(3_000);
    same_state(&net, master, replica);
    assert_eq!(net.at(master).sync_counts(), (1, 1, 1));
}

#[test]
fn a_backlog_too_small_means_a_full_resync_that_says_why() {
    let mut net = Net::new();
    let master = net.node(|config| config.repl_backlog_size = 64);
    let replica = net.node(|_| {});
    let client = net.client(replica);
    net.run(client, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let writer = net.client(master);
    net.cut(replica, master);
    // Before the replica comes back the window has moved on.
    net.run(writer, "SET some-key a-value-that-is-longer-than-the-backlog-can-hold-for-long");
    net.run(writer, "SET some-key another-value-that-is-longer-than-the-backlog-can-hold");
    net.pass_ms(3_000);
    same_state(&net, master, replica);
    let last = net
        .events(master)
        .filter_map(|event| match event {
            Event::PsyncDecided { verdict, .. } => Some(verdict.clone()),
            _ => None,
        })
        .last()
        .expect("a verdict");
    match last.outcome {
        Outcome::FullResync { why: FullReason::BeforeBacklog { missing, sufficient_size } } => {
            assert_eq!(Some(missing + 64), sufficient_size);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_promoted_replica_serves_its_sibling_without_a_full_resync() {
    let (mut net, master, a) = pair(true);
    let b = net.node(|_| {});
    let client_b = net.client(b);
    net.run(client_b, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let writer = net.client(master);
    net.run(writer, "SET name chaoge");
    net.pass_ms(1_500);
    let client_a = net.client(a);
    net.run(client_a, "REPLICAOF NO ONE");
    assert_eq!(net.at(a).role(), Role::Master);
    net.run(client_b, "REPLICAOF 127.0.0.1 6381");
    net.pass_ms(2_000);
    net.run(client_a, "SET name other");
    net.pass_ms(1_500);
    same_state(&net, a, b);
    assert_eq!(net.at(a).sync_counts(), (0, 1, 0));
    assert_eq!(net.run(client_b, "GET name"), r"$5\r\nother\r\n");
}

#[test]
fn a_chain_carries_the_masters_bytes_verbatim() {
    let (mut net, master, middle) = pair(false);
    let last = net.node(|_| {});
    let client = net.client(last);
    net.run(client, "REPLICAOF 127.0.0.1 6381");
    net.pass_ms(3_000);
    let writer = net.client(master);
    net.raw(writer, b"MULTI\r\nset x 1\r\nincr x\r\nEXEC\r\nSELECT 4\r\nset y 2\r\n");
    net.pass_ms(12_000);
    same_state(&net, master, middle);
    same_state(&net, master, last);
    let tail = |host: usize| -> Vec<u8> {
        let from = net.at(last).backlog().expect("a backlog").first_byte_offset;
        net.at(host).stream_after(from - 1).flatten().copied().collect()
    };
    assert_eq!(tail(master), tail(last));
}

#[test]
fn getack_is_answered_without_counting_itself() {
    let (mut net, master, replica) = pair(true);
    let writer = net.client(master);
    net.run(writer, "SET a 1");
    let before = net.at(replica).master_repl_offset();
    let conn = net.at(replica).link().and_then(|link| link.conn).expect("connected");
    net.wire.clear();
    // As a master would put it into the stream.
    let getack = b"*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
    net.raw((replica, conn), getack);
    let answer: Vec<u8> = net.wire.values().flatten().copied().collect();
    let digits = before.to_string();
    let expected =
        format!("*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n${}\r\n{digits}\r\n", digits.len());
    assert_eq!(String::from_utf8(answer).expect("text"), expected);
    assert_eq!(net.at(replica).master_repl_offset(), before + 37);
}

#[test]
fn the_stream_selects_once_and_pings_every_ten_seconds() {
    let (mut net, master, replica) = pair(true);
    let writer = net.client(master);
    net.run(writer, "SET a 1");
    net.run(writer, "SET b 2");
    let from = net.at(master).master_repl_offset();
    let text = stream_text(&net, master, 0);
    assert_eq!(
        text,
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n\
         *3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n"
    );
    net.pass_ms(10_000);
    assert_eq!(stream_text(&net, master, from), "*1\r\n$4\r\nping\r\n");
    same_state(&net, master, replica);
}

fn stream_text(net: &Net, host: usize, after: u64) -> String {
    let bytes: Vec<u8> = net.at(host).stream_after(after).flatten().copied().collect();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn sync_typed_by_hand_gives_the_rdb_and_then_the_stream() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let writer = net.client(master);
    net.run(writer, "SET a 1");
    let telnet = net.client(master);
    net.raw(telnet, b"SYNC\r\n");
    net.pass_ms(2_000);
    let bytes = net.received(telnet);
    let header = bytes.iter().position(|b| *b == b'$').expect("a header");
    let end = bytes[header..].iter().position(|b| *b == b'\n').expect("a line") + header;
    let len: usize =
        std::str::from_utf8(&bytes[header + 1..end - 1]).expect("text").parse().expect("a length");
    assert_eq!(bytes.len(), end + 1 + len, "nothing follows the RDB");
    assert!(bytes[end + 1..].starts_with(b"REDIS00"));
    net.run(writer, "SET b 2");
    net.settle();
    assert_eq!(
        String::from_utf8(net.received(telnet)).expect("text"),
        "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n"
    );
}

#[test]
fn replicas_refuse_writes_and_unknown_replconf_is_an_error() {
    let (mut net, _, replica) = pair(true);
    let client = net.client(replica);
    assert_eq!(
        net.run(client, "SET a 1"),
        r"-READONLY You can\'t write against a read only replica.\r\n"
    );
    assert_eq!(net.run(client, "REPLCONF foo 1"), r"-ERR Unrecognized REPLCONF option: foo\r\n");
    assert_eq!(
        net.run(client, "REPLICAOF 127.0.0.1 6380"),
        r"+OK Already connected to specified master\r\n"
    );
}

#[test]
fn a_silent_master_is_given_up_after_repl_timeout() {
    let (mut net, master, replica) = pair(true);
    net.hosts[master].exited = true;
    net.pass_ms(65_000);
    assert!(net.log(replica).iter().any(|l| l == "MASTER timeout: no data nor PING received..."));
    assert_ne!(net.at(replica).link().expect("a replica").state, ReplState::Connected);
}
