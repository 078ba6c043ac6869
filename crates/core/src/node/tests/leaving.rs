//! `SHUTDOWN` and SIGTERM, as measured on Redis 7.0.15.

use super::{End, Net};
use crate::config::Config;
use crate::node::tests::lone::Lone;

/// A master and a replica by hand that has acknowledged nothing.
fn lagging(tune: impl FnOnce(&mut Config)) -> (Net, usize, End, End) {
    let mut net = Net::new();
    let master = net.node(tune);
    let client = net.client(master);
    let replica = net.client(master);
    net.run(replica, "REPLCONF listening-port 7000 capa eof capa psync2");
    net.raw(replica, b"PSYNC ? -1\r\n");
    net.pass_ms(1_000);
    net.run(replica, "REPLCONF ACK 0");
    net.run(client, "SET k 1");
    (net, master, client, replica)
}

fn has(net: &Net, master: usize, line: &str) -> bool {
    net.log(master).iter().any(|l| l.contains(line))
}

#[test]
fn a_shutdown_waits_for_a_lagging_replica_while_writes_are_paused() {
    let (mut net, master, client, replica) = lagging(|_| {});
    let (asker, writer) = (net.client(master), net.client(master));
    assert_eq!(net.run(asker, "SHUTDOWN"), "");
    assert!(has(&net, master, "Waiting for replicas before shutting down."));
    assert_eq!(net.run(writer, "SET k 2"), "");
    assert_eq!(net.run(client, "GET k"), r"$1\r\n1\r\n");
    net.pass_ms(300);
    assert!(!net.exited(master));
    let offset = net.at(master).master_repl_offset();
    net.run(replica, &format!("REPLCONF ACK {offset}"));
    net.pass_ms(200);
    assert!(net.exited(master));
    assert!(has(&net, master, "1 of 1 replicas are in sync when shutting down."));
}

#[test]
fn a_shutdown_names_the_replicas_it_leaves_behind() {
    let (mut net, master, client, _) = lagging(|config| config.shutdown_timeout = 2);
    net.run(client, "SHUTDOWN");
    net.pass_ms(2_200);
    assert!(net.exited(master));
    let line = "Lagging replica 127.0.0.1:7000 reported offset 87 behind master, lag=";
    assert!(has(&net, master, line), "{:?}", net.log(master));
    assert!(has(&net, master, "0 of 1 replicas are in sync when shutting down."));
}

#[test]
fn shutdown_now_does_not_wait() {
    let (mut net, master, client, _) = lagging(|_| {});
    net.run(client, "SHUTDOWN NOW");
    assert!(net.exited(master));
}

#[test]
fn a_shutdown_can_be_aborted() {
    let (mut net, master, client, _) = lagging(|_| {});
    let nothing = r"-ERR No shutdown in progress.\r\n";
    assert_eq!(net.run(client, "SHUTDOWN ABORT"), nothing);
    let (asker, writer) = (net.client(master), net.client(master));
    net.run(asker, "SHUTDOWN");
    net.run(writer, "SET k 2");
    assert_eq!(net.run(client, "SHUTDOWN ABORT"), r"+OK\r\n");
    assert_eq!(net.received(asker), b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
    assert_eq!(net.received(writer), b"+OK\r\n");
    assert!(has(&net, master, "Shutdown manually aborted."));
    net.pass_ms(20_000);
    assert!(!net.exited(master));
}

#[test]
fn words_that_contradict_each_other_are_refused() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    for words in ["SAVE NOSAVE", "NOW ABORT", "SOON"] {
        let reply = net.run(client, &format!("SHUTDOWN {words}"));
        assert_eq!(reply, r"-ERR syntax error\r\n", "{words}");
    }
}

#[test]
fn nothing_enters_the_stream_after_the_last_snapshot_was_cut() {
    let mut lone = Lone::new(|config| {
        config.save = vec![(900, 1)];
        config.repl_ping_replica_period = 1;
        config.stop_writes_on_bgsave_error = false;
    });
    let (client, replica, writer) = (lone.client(0), lone.client(1), lone.client(2));
    lone.input(replica, b"PSYNC ? -1\r\n");
    lone.send(client, "SET k 1");
    let offset = lone.node.master_repl_offset();
    lone.send(client, "SHUTDOWN NOW");
    lone.send(writer, "SET k 2");
    lone.second();
    lone.second();
    assert_eq!(lone.node.master_repl_offset(), offset);
    // The save fails: everything goes on, and who waited is told.
    lone.commit_failed();
    assert!(lone.logged("Error trying to save the DB, can't exit."));
    assert_eq!(lone.take(writer, usize::MAX), b"+OK\r\n");
    assert!(lone.node.master_repl_offset() > offset);
}
