//! `FAILOVER`, as measured on Redis 7.0.15: replies, states, log lines.

use super::{End, Net};
use crate::node::Role;

/// A master with a replica that has everything, and a client of each.
fn pair() -> (Net, [usize; 2], [End; 2]) {
    let mut net = Net::new();
    let (a, b) = (net.node(|_| {}), net.node(|_| {}));
    let clients = [net.client(a), net.client(b)];
    net.run(clients[1], "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    net.run(clients[0], "SET k 1");
    (net, [a, b], clients)
}

/// A replica by hand, online, that acknowledges nothing by itself.
fn silent_replica(net: &mut Net, master: usize, port: u16) -> End {
    let replica = net.client(master);
    net.run(replica, &format!("REPLCONF listening-port {port} capa eof capa psync2"));
    net.raw(replica, b"PSYNC ? -1\r\n");
    net.pass_ms(2_000);
    net.received(replica);
    net.run(replica, "REPLCONF ACK 0");
    replica
}

fn state(net: &mut Net, client: End) -> String {
    let info = net.run(client, "INFO replication");
    let at = info.find("master_failover_state:").expect("a field") + 22;
    info[at..].split('\\').next().unwrap_or_default().to_owned()
}

#[test]
fn the_replica_takes_over_with_nothing_sent_twice() {
    let (mut net, [a, b], [old, new]) = pair();
    assert_eq!(net.run(old, "FAILOVER"), r"+OK\r\n");
    assert_eq!(state(&mut net, old), "waiting-for-sync");
    net.pass_ms(2_500);
    assert_eq!(net.at(b).role(), Role::Master);
    assert_eq!(net.at(a).role(), Role::Replica { host: "127.0.0.1".into(), port: 6381 });
    assert_eq!(state(&mut net, old), "no-failover");
    assert_eq!(net.at(b).sync_counts(), (0, 1, 0));
    assert_eq!(net.at(a).history().replid, net.at(b).history().replid);
    net.run(new, "SET k 2");
    net.pass_ms(1_000);
    assert_eq!(net.run(old, "GET k"), r"$1\r\n2\r\n");
    let log = net.log(a);
    let of = |text: &str| log.iter().position(|line| line.starts_with(text)).expect("a line");
    let asked = of("FAILOVER requested to any replica.");
    let synced = of("Failover target 127.0.0.1:6381 is synced, failing over.");
    let turned = of("Before turning into a replica, using my own master parameters");
    assert!(asked < synced && synced < turned);
    let promoted = net.log(b);
    assert!(promoted.iter().any(|l| l.starts_with("Failover request received for replid ")));
    assert!(promoted.iter().any(|l| l.starts_with("MASTER MODE enabled (failover request from ")));
}

#[test]
fn writes_wait_while_a_replica_catches_up_and_go_on_when_it_is_given_up() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let (client, writer) = (net.client(master), net.client(master));
    silent_replica(&mut net, master, 7000);
    net.run(client, "SET k 1");
    assert_eq!(net.run(client, "FAILOVER TO 127.0.0.1 7000"), r"+OK\r\n");
    assert_eq!(net.run(writer, "SET k 2"), "");
    assert_eq!(net.run(client, "GET k"), r"$1\r\n1\r\n");
    assert_eq!(net.run(client, "FAILOVER"), r"-ERR FAILOVER already in progress.\r\n");
    let refused = r"-ERR REPLICAOF not allowed while failing over.\r\n";
    assert_eq!(net.run(client, "REPLICAOF NO ONE"), refused);
    let other = net.client(master);
    let refused = r"-NOMASTERLINK Can\'t SYNC while failing over\r\n";
    assert_eq!(net.run(other, "PSYNC ? -1"), refused);
    assert_eq!(net.run(client, "FAILOVER ABORT"), r"+OK\r\n");
    assert_eq!(net.received(writer), b"+OK\r\n");
    let line = "FAILOVER to 127.0.0.1:7000 aborted: Failover manually aborted";
    assert!(net.log(master).iter().any(|l| l == line));
}

#[test]
fn a_failover_ends_with_its_time_unless_it_is_forced() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let client = net.client(master);
    silent_replica(&mut net, master, 7000);
    net.run(client, "SET k 1");
    net.run(client, "FAILOVER TIMEOUT 500");
    net.pass_ms(700);
    assert_eq!(state(&mut net, client), "no-failover");
    let line = "FAILOVER to any replica aborted: Replica never caught up before timeout";
    assert!(net.log(master).iter().any(|l| l == line));
    net.run(client, "FAILOVER TO 127.0.0.1 7000 TIMEOUT 500 FORCE");
    net.pass_ms(700);
    // Nobody listens on that port: this node tries until it is told to stop.
    assert_eq!(state(&mut net, client), "failover-in-progress");
    assert!(matches!(net.at(master).role(), Role::Replica { port: 7000, .. }));
    let line = "FAILOVER to 127.0.0.1:7000 time out exceeded, failing over.";
    assert!(net.log(master).iter().any(|l| l == line));
    net.run(client, "FAILOVER ABORT");
    assert_eq!(net.at(master).role(), Role::Master);
    assert_eq!(net.run(client, "SET k 2"), r"+OK\r\n");
}

#[test]
fn what_cannot_be_a_failover_is_refused_in_redis_words() {
    let (mut net, _, [old, new]) = pair();
    let cases = [
        ("FAILOVER ABORT", "No failover in progress."),
        ("FAILOVER TIMEOUT 0", "FAILOVER timeout must be greater than 0"),
        ("FAILOVER TIMEOUT x", "value is not an integer or out of range"),
        ("FAILOVER TO a", "syntax error"),
        ("FAILOVER TO a x", "value is not an integer or out of range"),
        ("FAILOVER FORCE FORCE", "syntax error"),
        ("FAILOVER ABORT x", "syntax error"),
        (
            "FAILOVER FORCE",
            "FAILOVER with force option requires both a timeout and target HOST and IP.",
        ),
        ("FAILOVER TO 127.0.0.1 1", "FAILOVER target HOST and PORT is not a replica."),
    ];
    for (command, text) in cases {
        assert_eq!(net.run(old, command), format!(r"-ERR {text}\r\n"), "{command}");
    }
    let on_replica = r"-ERR FAILOVER is not valid when server is a replica.\r\n";
    assert_eq!(net.run(new, "FAILOVER"), on_replica);
    net.run(new, "REPLICAOF NO ONE");
    let alone = r"-ERR FAILOVER requires connected replicas.\r\n";
    assert_eq!(net.run(new, "FAILOVER"), alone);
    let to_master = r"-ERR PSYNC FAILOVER can\'t be sent to a master.\r\n";
    assert_eq!(net.run(new, "PSYNC ? 1 FAILOVER"), to_master);
}
