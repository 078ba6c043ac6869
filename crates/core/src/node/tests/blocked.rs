//! Clients that wait.

use super::{Net, clients, told};
use crate::trace::Event;

/// What a node has put into its stream, SELECT and PING left out, one command after the other.
fn streamed(net: &Net, host: usize) -> String {
    let fed = net.events(host).filter_map(|event| match event {
        Event::Fed { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    let words = |bytes: String| {
        let words: Vec<&str> = bytes.split("\r\n").skip(2).step_by(2).collect();
        words.join(" ").trim().to_owned()
    };
    let shown = fed.map(words).filter(|line| !line.starts_with("SELECT") && line != "PING");
    shown.collect::<Vec<_>>().join("; ")
}

#[test]
fn who_waits_is_served_in_the_order_of_waiting() {
    let (mut net, [a, b, c]) = clients();
    assert_eq!(net.run(a, "BLPOP k 0"), "");
    assert_eq!(net.run(b, "BRPOP other k 0"), "");
    assert_eq!(net.run(c, "RPUSH k 1 2 3"), r":3\r\n");
    assert_eq!(told(&mut net, a), r"*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    assert_eq!(told(&mut net, b), r"*2\r\n$1\r\nk\r\n$1\r\n3\r\n");
    assert_eq!(net.run(c, "LRANGE k 0 -1"), r"*1\r\n$1\r\n2\r\n");
    assert_eq!(net.run(a, "PING"), r"+PONG\r\n");
}

#[test]
fn what_a_waiting_client_sends_runs_afterwards_in_order() {
    let (mut net, [a, b]) = clients();
    assert_eq!(net.raw(a, b"BLPOP k 0\r\nECHO 1\r\nBLPOP k 0\r\nECHO 2\r\n*1\r\n!3\r\n"), "");
    net.run(b, "RPUSH k x");
    assert_eq!(told(&mut net, a), r"*2\r\n$1\r\nk\r\n$1\r\nx\r\n$1\r\n1\r\n");
    assert!(net.is_open(a));
    net.run(b, "RPUSH k y");
    assert!(!net.is_open(a), "only now it is seen that the rest is no command");
}

#[test]
fn a_wait_ends_when_its_time_is_over() {
    let (mut net, [a]) = clients();
    assert_eq!(net.run(a, "BLMOVE k d LEFT RIGHT 0.25"), "");
    net.pass_ms(249);
    assert_eq!(told(&mut net, a), "");
    net.pass_ms(1);
    assert_eq!(told(&mut net, a), r"*-1\r\n");
    assert_eq!(net.run(a, "BLPOP k -1"), r"-ERR timeout is negative\r\n");
}

#[test]
fn a_transaction_never_waits() {
    let (mut net, [a]) = clients();
    net.run(a, "MULTI");
    for command in ["BLPOP k 0", "BLMOVE k d LEFT LEFT 0", "BZPOPMIN k 0", "WAIT 1 0"] {
        net.run(a, command);
    }
    assert_eq!(net.run(a, "EXEC"), r"*4\r\n*-1\r\n$-1\r\n*-1\r\n:0\r\n");
}

#[test]
fn a_moved_element_serves_who_waits_for_its_new_place() {
    let (mut net, [a, b, c]) = clients();
    net.run(a, "BLMOVE k d LEFT RIGHT 0");
    net.run(b, "BLPOP d 0");
    net.run(c, "LPUSH k x");
    assert_eq!(told(&mut net, a), r"$1\r\nx\r\n");
    assert_eq!(told(&mut net, b), r"*2\r\n$1\r\nd\r\n$1\r\nx\r\n");
    assert_eq!(net.run(c, "DBSIZE"), r":0\r\n");
}

#[test]
fn a_place_of_the_wrong_type_is_an_error_for_the_waiting_client() {
    let (mut net, [a, b]) = clients();
    net.run(a, "BLMOVE k d LEFT RIGHT 0");
    net.run(b, "SET d 1");
    net.run(b, "LPUSH k x");
    assert_eq!(
        told(&mut net, a),
        r"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
    );
    assert_eq!(net.run(b, "LLEN k"), r":1\r\n");
}

#[test]
fn other_types_do_not_wake_and_are_no_error_while_waiting() {
    let (mut net, [a, b, c]) = clients();
    net.run(a, "BLPOP k 0");
    net.run(b, "BZPOPMIN k 0");
    net.run(c, "SET k v");
    net.run(c, "DEL k");
    net.run(c, "ZADD k 1 m 2 n");
    assert_eq!(told(&mut net, a), "");
    assert_eq!(told(&mut net, b), r"*3\r\n$1\r\nk\r\n$1\r\nm\r\n$1\r\n1\r\n");
    net.run(c, "DEL k");
    net.run(c, "LPUSH k x");
    assert_eq!(told(&mut net, a), r"*2\r\n$1\r\nk\r\n$1\r\nx\r\n");
}

#[test]
fn every_way_a_key_comes_into_being_serves() {
    for (before, command) in [
        (&["RPUSH l x"][..], "RENAME l k"),
        (&["RPUSH l x", "SET k v"], "RENAME l k"),
        (&["RPUSH l x"], "COPY l k"),
        (&["SELECT 1", "RPUSH k x"], "SWAPDB 0 1"),
        (&["SELECT 1", "RPUSH k x"], "MOVE k 0"),
        (&["RPUSH l x"], "LMOVE l k LEFT LEFT"),
        (&["RPUSH l x"], "SORT l ALPHA STORE k"),
    ] {
        let (mut net, [a, b]) = clients();
        net.run(a, "BLPOP k 0");
        before.iter().for_each(|line| drop(net.run(b, line)));
        net.run(b, command);
        assert_eq!(told(&mut net, a), r"*2\r\n$1\r\nk\r\n$1\r\nx\r\n", "{command}");
    }
}

#[test]
fn the_stream_carries_what_was_taken_after_what_brought_it() {
    let mut net = Net::new();
    let (master, replica) = (net.node(|_| {}), net.node(|_| {}));
    let admin = net.client(replica);
    net.run(admin, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let [a, b, c] = [(); 3].map(|()| net.client(master));
    net.run(a, "BLMPOP 0 2 j k LEFT COUNT 5");
    net.run(b, "BLMOVE k d LEFT RIGHT 0");
    for line in ["MULTI", "RPUSH k 1 2 3 4 5 6", "SET x 1", "EXEC"] {
        net.run(c, line);
    }
    net.run(a, "BZMPOP 0 1 z MAX COUNT 9");
    net.run(c, "ZADD z 1 m 2 n");
    net.run(a, "BRPOPLPUSH k d 0");
    net.run(c, "LPUSH k y");
    net.pass_ms(1_000);
    assert_eq!(
        streamed(&net, master),
        "MULTI; RPUSH k 1 2 3 4 5 6; SET x 1; EXEC; LPOP k 5; LMOVE k d left right; \
         ZADD z 1 m 2 n; ZPOPMAX z 2; LPUSH k y; RPOPLPUSH k d"
    );
    let reader = net.client(replica);
    assert_eq!(net.run(reader, "LRANGE d 0 -1"), r"*2\r\n$1\r\ny\r\n$1\r\n6\r\n");
    assert_eq!(net.run(reader, "DBSIZE"), r":2\r\n");
}

#[test]
fn a_client_of_a_writable_replica_is_served_by_what_its_master_writes() {
    let mut net = Net::new();
    let (master, replica) = (net.node(|_| {}), net.node(|c| c.replica_read_only = false));
    let admin = net.client(replica);
    net.run(admin, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let (a, b) = (net.client(replica), net.client(master));
    net.run(a, "BLPOP k 0");
    net.run(b, "RPUSH k x");
    assert_eq!(told(&mut net, a), r"*2\r\n$1\r\nk\r\n$1\r\nx\r\n");
    let offsets = [master, replica].map(|host| net.at(host).master_repl_offset());
    assert_eq!(offsets[0], offsets[1], "what a replica takes is its own affair");
}

#[test]
fn a_role_change_sends_waiting_clients_away() {
    let (mut net, [a, b]) = clients();
    net.run(a, "BLPOP k 0");
    net.run(b, "REPLICAOF 127.0.0.1 1");
    assert!(!net.is_open(a));
}

#[test]
fn a_client_can_be_unblocked_by_another() {
    let (mut net, [a, b]) = clients();
    net.run(a, "BLPOP k 0");
    assert!(net.run(b, "CLIENT LIST").contains("flags=b "));
    assert!(net.run(b, "INFO clients").contains("blocked_clients:1"));
    assert_eq!(net.run(b, "CLIENT UNBLOCK 3"), r":1\r\n");
    assert_eq!(told(&mut net, a), r"*-1\r\n");
    assert_eq!(net.run(b, "CLIENT UNBLOCK 3"), r":0\r\n");
    net.run(a, "WAIT 3 0");
    assert_eq!(net.run(b, "CLIENT UNBLOCK 3 ERROR"), r":1\r\n");
    assert_eq!(told(&mut net, a), r"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    assert!(net.run(b, "INFO clients").contains("blocked_clients:0"));
}

#[test]
fn who_leaves_while_waiting_is_forgotten() {
    let (mut net, [a, b, c]) = clients();
    net.run(a, "BLPOP k 0");
    net.run(b, "BLPOP k 0");
    assert_eq!(net.run(c, "CLIENT KILL ID 3"), r":1\r\n");
    net.run(c, "RPUSH k x");
    assert_eq!(told(&mut net, b), r"*2\r\n$1\r\nk\r\n$1\r\nx\r\n");
    assert!(net.run(c, "INFO clients").contains("blocked_clients:0"));
}

#[test]
fn a_pause_of_writes_holds_writes_back_until_it_ends() {
    let (mut net, [a, b]) = clients();
    net.run(b, "SET gone v PX 50");
    assert_eq!(net.run(b, "CLIENT PAUSE 1000 WRITE"), r"+OK\r\n");
    assert_eq!(net.raw(a, b"SET x 1\r\nGET x\r\n"), "");
    assert_eq!(net.run(b, "GET x"), r"$-1\r\n");
    net.pass_ms(999);
    assert_eq!(net.run(b, "GET gone"), r"$-1\r\n");
    assert_eq!(net.run(b, "DBSIZE"), r":1\r\n", "nothing is deleted during a pause");
    assert_eq!(told(&mut net, a), "");
    net.pass_ms(1);
    assert_eq!(told(&mut net, a), r"+OK\r\n$1\r\n1\r\n");
}

#[test]
fn a_pause_of_all_holds_everything_back_and_an_unpause_frees_writes_only_once() {
    let (mut net, [a, b]) = clients();
    net.run(b, "CLIENT PAUSE 100000 WRITE");
    assert_eq!(net.run(a, "MULTI"), r"+OK\r\n");
    assert_eq!(net.run(a, "SET x 1"), "");
    assert_eq!(net.run(b, "CLIENT UNPAUSE"), r"+OK\r\n");
    assert_eq!(told(&mut net, a), r"+QUEUED\r\n");
    net.run(b, "CLIENT PAUSE 500 ALL");
    assert_eq!(net.run(b, "PING"), "");
    assert_eq!(net.run(a, "EXEC"), "");
    net.pass_ms(500);
    assert_eq!(told(&mut net, b), r"+PONG\r\n");
    assert_eq!(told(&mut net, a), r"*1\r\n+OK\r\n");
}

#[test]
fn a_paused_replica_holds_its_masters_stream_back() {
    let mut net = Net::new();
    let (master, replica) = (net.node(|_| {}), net.node(|_| {}));
    let admin = net.client(replica);
    net.run(admin, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    let writer = net.client(master);
    net.run(admin, "CLIENT PAUSE 400 ALL");
    let before = net.at(replica).master_repl_offset();
    net.run(writer, "SET x 1");
    assert_eq!(net.at(replica).master_repl_offset(), before);
    net.pass_ms(400);
    assert_eq!(net.at(replica).master_repl_offset(), net.at(master).master_repl_offset());
}

#[test]
fn wait_answers_as_soon_as_enough_replicas_acknowledged() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    for _ in 0..2 {
        let replica = net.node(|_| {});
        let admin = net.client(replica);
        net.run(admin, "REPLICAOF 127.0.0.1 6380");
    }
    net.pass_ms(3_000);
    let a = net.client(master);
    net.run(a, "SET x 1");
    assert_eq!(net.run(a, "WAIT 2 0"), r":2\r\n");
    assert!(streamed(&net, master).ends_with("SET x 1; REPLCONF GETACK *"));
    net.run(a, "SET x 2");
    assert_eq!(net.run(a, "WAIT 3 300"), "");
    net.pass_ms(300);
    assert_eq!(told(&mut net, a), r":2\r\n");
    assert_eq!(net.run(a, "WAIT 1 -1"), r"-ERR timeout is negative\r\n");
    let on_replica = net.client(1);
    let error = net.run(on_replica, "WAIT 1 0");
    assert!(error.starts_with("-ERR WAIT cannot be used with replica instances."), "{error}");
}

#[test]
fn replies_that_a_client_does_not_want_are_not_given_after_a_wait_either() {
    let (mut net, [a, b]) = clients();
    net.run(a, "CLIENT REPLY SKIP");
    net.run(a, "BLPOP k 0");
    net.run(b, "RPUSH k x");
    assert_eq!(told(&mut net, a), "");
    assert_eq!(net.run(a, "PING"), r"+PONG\r\n");
}
