//! Commands and ends of connections in the states where they hurt.

use super::Net;
use super::lone::Lone;
use crate::node::{Action, Origin};
use crate::replication::state::ReplState;

#[test]
fn a_configured_master_is_dialled_at_once() {
    let mut lone = Lone::new(|config| config.replicaof = Some(("m".into(), 6380)));
    lone.work();
    let dial = Action::Dial { dial: 1, host: "m".into(), port: 6380 };
    assert_eq!(lone.actions, [dial]);
}

#[test]
fn a_continue_that_was_not_asked_for_is_refused() {
    let mut lone = Lone::new(|config| config.replicaof = Some(("m".into(), 6380)));
    lone.work();
    let link = crate::id::ConnId { index: 3, generation: 1 };
    let origin = Origin::Dialed { dial: 1, peer: "m:6380".into(), local: "r:1".into() };
    lone.node.handle_open(lone.now, link, origin);
    for reply in ["+PONG\r\n", "+OK\r\n+OK\r\n", "+CONTINUE\r\n"] {
        lone.take(link, usize::MAX);
        lone.input(link, reply.as_bytes());
    }
    assert!(lone.actions.contains(&Action::Close(link)));
    assert_eq!(lone.node.link().expect("a replica").state, ReplState::Connect);
}

#[test]
fn an_exec_that_may_not_run_discards_its_transaction_and_says_why() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let (client, other) = (net.client(node), net.client(node));
    net.run(client, "MULTI");
    net.run(client, "SET a 1");
    net.run(other, "REPLICAOF 127.0.0.1 1");
    assert_eq!(
        net.run(client, "EXEC"),
        r"-EXECABORT Transaction discarded because of: READONLY You can\'t write against a read only replica.\r\n"
    );
    assert_eq!(
        net.run(client, "EXEC x"),
        r"-EXECABORT Transaction discarded because of: wrong number of arguments for \'exec\' command\r\n"
    );
    assert_eq!(net.run(client, "EXEC"), r"-ERR EXEC without MULTI\r\n");
}

#[test]
fn a_transaction_that_reads_is_refused_while_stale_data_is_not_served() {
    let mut net = Net::new();
    let node = net.node(|config| config.replica_serve_stale_data = false);
    let (client, other) = (net.client(node), net.client(node));
    net.run(client, "MULTI");
    net.run(client, "GET a");
    net.run(other, "REPLICAOF 127.0.0.1 1");
    let reply = net.run(client, "EXEC");
    assert!(reply.contains("discarded because of: MASTERDOWN Link with MASTER"), "{reply}");
}

/// Client libraries say their name before they ask for anything.
#[test]
fn clients_introduce_themselves_where_stale_data_is_not_served() {
    let mut net = Net::new();
    let node = net.node(|config| config.replica_serve_stale_data = false);
    let client = net.client(node);
    net.run(client, "REPLICAOF 127.0.0.1 1");
    assert_eq!(net.run(client, "CLIENT SETNAME app"), r"+OK\r\n");
    assert_eq!(net.run(client, "CLIENT GETNAME"), r"$3\r\napp\r\n");
    assert!(net.run(client, "GET k").starts_with("-MASTERDOWN "));
}

#[test]
fn what_a_transaction_wrote_before_its_replicaof_is_in_the_stream() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let replica = net.node(|_| {});
    let (client, follower) = (net.client(master), net.client(replica));
    net.run(follower, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let before = net.at(master).master_repl_offset();
    for command in ["MULTI", "SET x 1", "REPLICAOF 127.0.0.1 1", "EXEC"] {
        net.run(client, command);
    }
    let bytes: Vec<u8> = net.at(master).stream_after(before).flatten().copied().collect();
    let expected = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n";
    assert_eq!(String::from_utf8(bytes).expect("text"), expected);
    assert_eq!(net.run(follower, "GET x"), r"$1\r\n1\r\n");
}

#[test]
fn a_bgsave_inside_a_transaction_waits_for_its_end() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    net.run(client, "MULTI");
    net.run(client, "BGSAVE");
    assert_eq!(net.run(client, "EXEC"), r"*1\r\n+Background saving scheduled\r\n");
    assert!(net.file(node, "dump.rdb").is_none());
    net.pass_ms(2_000);
    assert!(net.file(node, "dump.rdb").is_some());
}

#[test]
fn a_replica_cannot_write_through_its_link() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let telnet = net.client(node);
    net.raw(telnet, b"SYNC\r\n");
    net.run(telnet, "SET a 1");
    assert!(!net.is_open(telnet));
    assert_eq!(net.at(node).keyspace().len(0), 0);
}

#[test]
fn saving_in_the_foreground_logs_one_line() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    assert_eq!(net.run(client, "SAVE"), r"+OK\r\n");
    assert_eq!(net.log(node), ["DB saved on disk"]);
    net.run(client, "SHUTDOWN SAVE");
    assert!(net.exited(node));
    assert!(!net.log(node).iter().any(|line| line.contains("Background")));
}

#[test]
fn a_failed_shutdown_leaves_no_replica_with_half_a_snapshot() {
    let mut lone = Lone::new(|config| config.rdbcompression = false);
    let (client, replica) = (lone.client(0), lone.client(1));
    lone.send(client, "DEBUG POPULATE 1000 key 100");
    lone.take(client, usize::MAX);
    lone.send(replica, "REPLCONF capa eof");
    lone.take(replica, usize::MAX);
    lone.send(replica, "PSYNC ? -1");
    assert_eq!(lone.node.replicas().len(), 1);
    // What comes after the command that waits is run when it has failed.
    lone.input(client, b"SHUTDOWN SAVE\r\nPING\r\n");
    lone.commit_failed();
    assert!(lone.node.replicas().is_empty());
    assert!(lone.actions.contains(&Action::Close(replica)));
    let reply = lone.take(client, usize::MAX);
    assert_eq!(reply, b"-ERR Errors trying to SHUTDOWN. Check logs.\r\n+PONG\r\n");
}

#[test]
fn a_shutdown_waits_for_its_own_file_not_for_an_earlier_one() {
    let mut lone = Lone::new(|_| {});
    let (saver, client) = (lone.client(0), lone.client(1));
    lone.send(saver, "SAVE");
    lone.send(client, "SET late 1");
    lone.send(client, "SHUTDOWN SAVE");
    assert_eq!(lone.commits.len(), 2);
    lone.committed();
    assert!(!lone.actions.contains(&Action::Exit { code: 0 }));
    lone.committed();
    assert!(lone.actions.contains(&Action::Exit { code: 0 }));
}

#[test]
fn a_client_that_waits_for_its_save_may_leave() {
    let mut lone = Lone::new(|_| {});
    let client = lone.client(0);
    lone.send(client, "SAVE");
    lone.node.handle_close(lone.now, client);
    let successor = crate::id::ConnId { index: 0, generation: 2 };
    let origin = Origin::Accepted { peer: "127.0.0.1:5".into(), local: "127.0.0.1:6".into() };
    lone.node.handle_open(lone.now, successor, origin);
    lone.committed();
    assert!(lone.node.outgoing(successor).is_empty());
    assert!(lone.logged("DB saved on disk"));
}
