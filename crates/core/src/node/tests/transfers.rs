//! What a snapshot's arrival looks like from outside, by `repl-diskless-load`; and special
//! snapshots. As measured on Redis 7.0.15, but that a broken transfer never costs the dataset.

use super::lone::Lone;
use super::{End, Net};
use crate::id::ConnId;
use crate::node::{Action, Origin};

const ID: &str = "0123456789012345678901234567890123456789";

/// A replica whose snapshot has begun to arrive: its link, and a client.
fn receiving(load: &str, keys: bool, same_history: bool) -> (Lone, ConnId, ConnId) {
    let mut lone = Lone::new(|config| config.repl_diskless_load = load.into());
    let client = lone.client(0);
    if keys {
        lone.send(client, "SET mine 1");
    }
    lone.send(client, "REPLICAOF m 6380");
    let link = ConnId { index: 9, generation: 1 };
    let dialed = lone.actions.iter().rev().find_map(|action| match action {
        Action::Dial { dial, .. } => Some(*dial),
        _ => None,
    });
    let dial = dialed.expect("a dial");
    let origin = Origin::Dialed { dial, peer: "m:6380".into(), local: "r:1".into() };
    lone.node.handle_open(lone.now, link, origin);
    let id = if same_history { lone.node.history().replid.to_string() } else { ID.to_owned() };
    let full = format!("+FULLRESYNC {id} 100\r\n");
    for reply in ["+PONG\r\n", "+OK\r\n+OK\r\n", &full, "\n", "$EOF:", &ID[..40], "\r\nREDIS0010"] {
        lone.take(link, usize::MAX);
        lone.input(link, reply.as_bytes());
    }
    lone.take(client, usize::MAX);
    (lone, link, client)
}

fn ask(lone: &mut Lone, client: ConnId, command: &str) -> String {
    lone.send(client, command);
    String::from_utf8_lossy(&lone.take(client, usize::MAX)).into_owned()
}

fn loading(lone: &mut Lone, client: ConnId) -> (bool, bool) {
    let info = ask(lone, client, "INFO persistence");
    (info.contains("\r\nloading:1"), info.contains("\r\nasync_loading:1"))
}

#[test]
fn the_directive_decides_what_others_see_while_a_snapshot_arrives() {
    // Directive, has keys, same history; -LOADING, async_loading.
    let cases = [
        ("disabled", true, false, false, false),
        ("on-empty-db", true, false, false, false),
        ("on-empty-db", false, false, true, false),
        ("swapdb", true, false, true, false),
        ("swapdb", true, true, false, true),
    ];
    for (load, keys, same, refuses, beside) in cases {
        let (mut lone, _, client) = receiving(load, keys, same);
        let why = format!("{load} {keys} {same}");
        assert_eq!(loading(&mut lone, client), (refuses, beside), "{why}");
        let reply = ask(&mut lone, client, "GET mine");
        let expected = match (refuses, keys) {
            (true, _) => "-LOADING Redis is loading the dataset in memory\r\n",
            (false, true) => "$1\r\n1\r\n",
            (false, false) => "$-1\r\n",
        };
        assert_eq!(reply, expected, "{why}");
        let save = ask(&mut lone, client, "REPLICAOF NO ONE");
        assert_eq!(save.starts_with("-LOADING"), refuses || beside, "{why}");
    }
}

#[test]
fn a_transfer_that_breaks_off_costs_neither_the_dataset_nor_the_cached_master() {
    let lost = "I/O error trying to sync with MASTER: connection lost";
    let lost_by_parser = "Failed trying to load the MASTER synchronization DB from socket: \
                          connection lost";
    for (load, line) in [("disabled", lost), ("swapdb", lost_by_parser)] {
        let (mut lone, link, client) = receiving(load, true, false);
        lone.node.handle_close(lone.now, link);
        assert_eq!(ask(&mut lone, client, "GET mine"), "$1\r\n1\r\n", "{load}");
        assert!(lone.logged(line), "{load}");
        assert!(lone.logged("Reconnecting to MASTER m:6380 after failure"));
        assert!(lone.node.link().expect("a replica").cached_master.is_some(), "{load}");
        assert!(!lone.logged("Discarding previously cached master state."));
    }
}

#[test]
fn the_received_rdb_becomes_the_replicas_file_unless_it_is_loaded_diskless() {
    for (load, deletes, kept) in
        [("disabled", false, true), ("disabled", true, false), ("swapdb", false, false)]
    {
        let mut net = Net::new();
        let master = net.node(|_| {});
        let replica = net.node(|config| {
            config.repl_diskless_load = load.into();
            config.rdb_del_sync_files = deletes;
        });
        let (writer, client) = (net.client(master), net.client(replica));
        net.run(writer, "SET k 1");
        net.run(client, "REPLICAOF 127.0.0.1 6380");
        net.pass_ms(3_000);
        assert_eq!(net.run(client, "GET k"), r"$1\r\n1\r\n");
        assert_eq!(net.file(replica, "dump.rdb").is_some(), kept, "{load} {deletes}");
        if kept {
            let file = net.file(replica, "dump.rdb").expect("kept").to_vec();
            // A replica that starts with this file asks to go on from where it was cut.
            let third = net.node(|config| config.replicaof = Some(("127.0.0.1".into(), 6380)));
            assert_eq!(net.load(third, &file), Ok(1));
            net.pass_ms(3_000);
            assert_eq!(net.at(master).sync_counts().1, 1);
        }
    }
}

fn replica_by_hand(net: &mut Net, master: usize, said: &[u8]) -> End {
    let conn = net.client(master);
    net.raw(conn, said);
    net.raw(conn, b"PSYNC ? -1\r\n");
    net.pass_ms(1_500);
    conn
}

#[test]
fn who_wants_only_an_rdb_gets_it_and_is_disconnected() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let conn = replica_by_hand(&mut net, master, b"REPLCONF rdb-only 1 capa eof\r\n");
    assert!(!net.is_open(conn));
    let log = net.log(master);
    let line = "RDB transfer completed, rdb only replica (127.0.0.1:<unknown-replica-port>) should \
                be disconnected asap";
    assert!(log.iter().any(|l| l == line), "{log:?}");
}

#[test]
fn a_filtered_snapshot_holds_no_keys_and_goes_to_sockets_only() {
    let mut net = Net::new();
    let master = net.node(|config| config.repl_diskless_sync = false);
    let writer = net.client(master);
    net.run(writer, "SET some-key 1");
    let conn = replica_by_hand(&mut net, master, b"REPLCONF rdb-filter-only \"\" capa eof\r\n");
    assert!(net.is_open(conn));
    assert!(net.file(master, "dump.rdb").is_none());
    let plain = net.client(master);
    net.run(plain, "REPLCONF rdb-filter-only functions");
    let refused = r"-ERR Filtered replica requires EOF capability\r\n";
    assert_eq!(net.run(plain, "PSYNC ? -1"), refused);
}

#[test]
fn options_of_replconf_are_refused_in_redis_words() {
    let mut net = Net::new();
    let node = net.node(|_| {});
    let client = net.client(node);
    let cases = [
        ("REPLCONF a", "ERR syntax error"),
        ("REPLCONF a b", "ERR Unrecognized REPLCONF option: a"),
        ("REPLCONF rdb-only x", "ERR value is not an integer or out of range"),
        ("REPLCONF rdb-only 2", "ERR value is out of range, value must between 0 and 1"),
        ("REPLCONF rdb-filter-only x", "ERR Unsupported rdb-filter-only option: x"),
        ("REPLCONF listening-port x", "ERR value is not an integer or out of range"),
    ];
    for (command, text) in cases {
        assert_eq!(net.run(client, command), format!(r"-{text}\r\n"), "{command}");
    }
    for command in ["REPLCONF", "REPLCONF capa x", "REPLCONF listening-port 99999999999"] {
        assert_eq!(net.run(client, command), r"+OK\r\n", "{command}");
    }
}

#[test]
fn a_writable_replica_leaves_what_is_past_to_its_master() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let replica = net.node(|config| config.replica_read_only = false);
    let (_, client) = (net.client(master), net.client(replica));
    net.run(client, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    net.run(client, "SET k 1");
    assert_eq!(net.run(client, "EXPIRE k -1"), r":1\r\n");
    assert_eq!(net.run(client, "GET k"), r"$-1\r\n");
    assert_eq!(net.run(client, "DBSIZE"), r":1\r\n");
    // A write deletes it first.
    assert_eq!(net.run(client, "APPEND k x"), r":1\r\n");
}

#[test]
fn a_writable_replica_expires_what_its_own_clients_gave_a_time_to_live() {
    let mut net = Net::new();
    let master = net.node(|_| {});
    let replica = net.node(|config| config.replica_read_only = false);
    let (writer, client) = (net.client(master), net.client(replica));
    net.run(client, "REPLICAOF 127.0.0.1 6380");
    net.pass_ms(3_000);
    net.run(writer, "DEBUG SET-ACTIVE-EXPIRE 0");
    net.run(writer, "SET theirs 1 PX 100");
    net.run(writer, "SET both 1 PX 100000");
    net.run(client, "SET mine 1 PX 100");
    net.run(client, "PEXPIRE both 100");
    net.pass_ms(1_000);
    assert_eq!(net.run(client, "DBSIZE"), r":1\r\n");
    assert_eq!(net.run(client, "GET theirs"), r"$-1\r\n", "hidden until the master says DEL");
}

#[test]
fn nothing_is_read_from_the_master_while_the_snapshot_goes_to_the_disk() {
    let (mut lone, link, client) = receiving("disabled", true, false);
    let rest = [b"\xff\0\0\0\0\0\0\0\0", ID.as_bytes()].concat();
    lone.input(link, &rest);
    assert_eq!(lone.actions.last(), Some(&Action::Read(link, false)));
    // The disk may take longer than a master may be silent.
    for _ in 0..120 {
        lone.second();
    }
    assert!(!lone.logged("Timeout receiving bulk data"));
    assert_eq!(ask(&mut lone, client, "EXISTS mine"), ":1\r\n");
    lone.committed();
    assert!(lone.logged("MASTER <-> REPLICA sync: Finished with success"));
    assert!(lone.actions.contains(&Action::Read(link, true)));
    lone.second();
    assert!(!lone.logged("MASTER timeout"));
    lone.input(link, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    assert_eq!(ask(&mut lone, client, "GET k"), "$1\r\nv\r\n");
}
