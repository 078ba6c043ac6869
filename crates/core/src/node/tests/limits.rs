//! What peers can make a node keep, and how long.

use super::Net;
use super::lone::Lone;
use crate::node::{Action, OUTPUT_PAUSE_BYTES};

#[test]
fn a_transaction_longer_than_the_query_buffer_limit_closes_its_client() {
    let mut net = Net::new();
    let node = net.node(|config| config.client_query_buffer_limit = 1000);
    let client = net.client(node);
    net.run(client, "MULTI");
    for _ in 0..40 {
        net.run(client, "SET key value");
    }
    assert!(!net.is_open(client));
    assert!(net.log(node).iter().any(|l| l.contains("reached max query buffer length")));
}

#[test]
fn watching_without_end_closes_the_client() {
    let mut net = Net::new();
    let node = net.node(|config| config.client_query_buffer_limit = 10_000);
    let client = net.client(node);
    for _ in 0..1000 {
        assert_eq!(net.run(client, "WATCH one two one"), r"+OK\r\n");
    }
    let keys: String = (0..100).map(|i| format!(" key-{i}")).collect();
    net.run(client, &format!("WATCH{keys}"));
    assert!(!net.is_open(client));
}

#[test]
fn a_masters_transaction_without_end_breaks_the_link() {
    let mut net = Net::new();
    let _master = net.node(|_| {});
    let replica = net.node(|config| config.client_query_buffer_limit = 1000);
    let client = net.client(replica);
    net.run(client, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let link = net.at(replica).link().and_then(|link| link.conn).expect("connected");
    net.run((replica, link), "MULTI");
    for _ in 0..40 {
        net.run((replica, link), "SET key value");
    }
    assert!(!net.is_open((replica, link)));
    assert_eq!(net.at(replica).keyspace().len(0), 0);
    let text = "The master's transaction is longer than client-query-buffer-limit";
    assert!(net.log(replica).iter().any(|line| line == text));
}

#[test]
fn commands_wait_while_their_replies_are_not_read() {
    let mut lone = Lone::new(|_| {});
    let client = lone.client(0);
    let value = "v".repeat(10_000);
    lone.send(client, &format!("SET big {value}"));
    lone.take(client, usize::MAX);
    lone.input(client, "GET big\r\n".repeat(100).as_bytes());
    let waiting = lone.node.outgoing(client).len();
    assert!((OUTPUT_PAUSE_BYTES..OUTPUT_PAUSE_BYTES + 11_000).contains(&waiting), "{waiting}");
    assert!(lone.actions.contains(&Action::Read(client, false)));
    let mut total = 0;
    while !lone.node.outgoing(client).is_empty() {
        total += lone.take(client, 5_000).len();
    }
    assert_eq!(total, 100 * (10_000 + "$10000\r\n\r\n".len()));
    assert_eq!(lone.actions.last(), Some(&Action::Read(client, true)));
}

#[test]
fn a_snapshot_may_take_long_but_must_move() {
    let mut lone = Lone::new(|config| config.rdbcompression = false);
    let (client, replica) = (lone.client(0), lone.client(1));
    lone.send(client, "DEBUG POPULATE 2000 key 200");
    lone.send(replica, "REPLCONF capa eof");
    lone.take(replica, usize::MAX);
    lone.send(replica, "PSYNC ? -1");
    for _ in 0..100 {
        lone.second();
        assert_eq!(lone.take(replica, 1000).len(), 1000);
    }
    assert_eq!(lone.node.replicas().len(), 1, "slow, but alive");
    (0..62).for_each(|_| lone.second());
    assert_eq!(lone.node.replicas().len(), 0);
    assert!(lone.logged("Disconnecting timedout replica (full sync)"));
}

#[test]
fn a_replica_that_reads_no_file_is_in_nobody_s_way() {
    let mut lone = Lone::new(|config| config.repl_diskless_sync = false);
    let (client, replica) = (lone.client(0), lone.client(1));
    lone.send(replica, "PSYNC ? -1");
    lone.work();
    lone.committed();
    assert_eq!(lone.node.replicas()[0].state.info_name(), "send_bulk");
    lone.send(client, "BGSAVE");
    assert_eq!(lone.take(client, 99), b"+Background saving started\r\n");
    (0..62).for_each(|_| lone.second());
    assert_eq!(lone.node.replicas().len(), 1, "as in Redis, it may take as long as it likes");
}
