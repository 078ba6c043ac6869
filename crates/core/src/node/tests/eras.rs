//! Nodes that replicate like older Redis: the same fault ends differently.

use super::{End, Net};
use crate::config::Era;
use crate::node::Role;
use crate::replication::state::ReplState;

/// A master on 6380 and replicas of it, each of its own era, all connected.
fn cluster(master: Era, replicas: &[Era]) -> (Net, End, Vec<End>) {
    let mut net = Net::new();
    let first = net.node(|config| config.set_era(master));
    let writer = net.client(first);
    for command in DATA {
        net.run(writer, command);
    }
    let clients = replicas.iter().map(|era| {
        let host = net.node(|config| {
            config.set_era(*era);
            config.replicaof = Some(("127.0.0.1".into(), 6380));
        });
        net.client(host)
    });
    let clients = clients.collect();
    net.pass_ms(4_000);
    (net, writer, clients)
}

const DATA: [&str; 8] = [
    "SET string value",
    "SET number 12345",
    "RPUSH list a 1 bb",
    "HSET hash field value n 7",
    "SADD set x y z",
    "SADD numbers 1 2 300",
    "ZADD zset 1.5 a -inf b 3 c",
    "SET mortal x PX 500000",
];

fn connected(net: &Net, host: usize) -> bool {
    net.at(host).link().is_some_and(|link| link.state == ReplState::Connected)
}

fn same(net: &mut Net, a: End, b: End, what: &str) {
    let digests = [a, b].map(|client| net.run(client, "DEBUG DIGEST"));
    assert_eq!(digests[0], digests[1], "{what}");
}

#[test]
fn every_era_replicates_from_every_other() {
    for master in Era::ALL {
        for replica in Era::ALL {
            let what = format!("{replica:?} follows {master:?}");
            let (mut net, writer, replicas) = cluster(master, &[replica]);
            assert!(connected(&net, 1), "{what}");
            for command in ["SET after 1", "EXPIRE string 1000", "INCRBYFLOAT number 0.5"] {
                net.run(writer, command);
            }
            net.raw(writer, b"MULTI\r\nINCR tx\r\nEXEC\r\n");
            net.pass_ms(2_000);
            assert_eq!(net.run(replicas[0], "GET tx"), r"$1\r\n1\r\n", "{what}");
            // What was streamed as a relative time ends a little later on the replica.
            for client in [writer, replicas[0]] {
                assert_eq!(net.run(client, "EXISTS string"), r":1\r\n", "{what}");
            }
            net.run(writer, "PERSIST string");
            net.settle();
            same(&mut net, writer, replicas[0], &what);
        }
    }
}

#[test]
fn the_same_cut_is_full_in_2_6_and_partial_since_2_8() {
    for era in Era::ALL {
        let (mut net, writer, replicas) = cluster(era, &[era]);
        net.cut(1, 0);
        net.run(writer, "SET meanwhile 1");
        net.pass_ms(4_000);
        assert!(connected(&net, 1), "{era:?}");
        let counts = if era == Era::V2_6 { (2, 0, 0) } else { (1, 1, 0) };
        assert_eq!(net.at(0).sync_counts(), counts, "{era:?}");
        same(&mut net, writer, replicas[0], era.name());
    }
}

#[test]
fn the_same_promotion_is_full_before_4_0_and_partial_since() {
    for era in Era::ALL {
        let (mut net, _, replicas) = cluster(era, &[era, era]);
        net.hosts[0].exited = true;
        for host in [1, 2] {
            net.cut(host, 0);
        }
        net.run(replicas[0], "SLAVEOF NO ONE");
        assert_eq!(net.at(1).role(), Role::Master);
        net.run(replicas[1], "SLAVEOF 127.0.0.1 6381");
        net.pass_ms(4_000);
        net.run(replicas[0], "SET after promotion");
        net.pass_ms(1_000);
        let counts = if era.has_psync2() { (0, 1, 0) } else { (1, 0, 0) };
        assert_eq!(net.at(1).sync_counts(), counts, "{era:?}");
        same(&mut net, replicas[0], replicas[1], era.name());
        let said = net.run(replicas[1], "LOCKSTEP PSYNC 1");
        let why = match era {
            Era::V2_6 => "Redis 2.6 knows only SYNC",
            Era::V2_8 | Era::V3_2 => "known by its master\\\'s run id",
            Era::V4_0 | Era::V7 => "the master goes on from there",
        };
        assert!(said.contains(why), "{era:?}: {said}");
    }
}

#[test]
fn a_newer_replica_falls_back_to_sync_and_survives_a_select() {
    let (mut net, writer, replicas) = cluster(Era::V2_6, &[Era::V7]);
    assert!(net.log(1).iter().any(|line| line == "Retrying with SYNC..."));
    assert!(net.log(1).iter().any(|line| {
        line.starts_with("(Non critical) Master does not understand REPLCONF capa")
    }));
    assert_eq!(net.at(0).sync_counts(), (1, 0, 0));
    // 2.6 selects inline, which a replica since 5.0 takes for corruption.
    net.raw(writer, b"SELECT 3\r\nSET other database\r\n");
    net.pass_ms(4_000);
    assert!(net.log(1).iter().any(|line| line.contains("Receiving inline protocol from master")));
    same(&mut net, writer, replicas[0], "after the full resynchronisation");
    assert_eq!(net.at(0).sync_counts(), (2, 0, 0));
}

/// What a replica of this era sends, from its dial to the snapshot.
fn handshake(era: Era) -> String {
    let (net, ..) = cluster(Era::V7, &[era]);
    let end = net.peers.keys().find(|end| end.0 == 0 && net.wire.contains_key(end));
    let bytes = net.wire[end.expect("the replica has sent something")].escape_ascii().to_string();
    let end = ["*3\\r\\n$8\\r\\nREPLCONF\\r\\n$3\\r\\nACK"];
    bytes.split(end[0]).next().unwrap_or_default().to_owned()
}

#[test]
fn handshakes_are_those_of_their_time() {
    let port = r"PING\r\nREPLCONF listening-port 6381\r\n";
    assert_eq!(handshake(Era::V2_6), format!(r"{port}SYNC\r\n"));
    assert_eq!(handshake(Era::V2_8), format!(r"{port}PSYNC ? -1\r\n"));
    assert_eq!(handshake(Era::V3_2), format!(r"{port}REPLCONF capa eof\r\nPSYNC ? -1\r\n"));
    let capa = r"REPLCONF capa eof capa psync2\r\n";
    assert_eq!(handshake(Era::V4_0), format!(r"{port}{capa}PSYNC ? -1\r\n"));
    assert!(handshake(Era::V7).starts_with(r"*1\r\n$4\r\nPING\r\n*3\r\n$8\r\nREPLCONF\r\n"));
}

#[test]
fn snapshots_and_streams_are_those_of_their_time() {
    let aux = |file: &[u8], name: &str| file.windows(name.len()).any(|w| w == name.as_bytes());
    for (era, header) in Era::ALL.into_iter().zip(["0006", "0006", "0007", "0008", "0010"]) {
        let (mut net, writer, _) = cluster(era, &[era]);
        net.run(writer, "SAVE");
        let file = net.file(0, "dump.rdb").expect("a snapshot").to_vec();
        assert_eq!(&file[5..9], header.as_bytes(), "{era:?}");
        assert_eq!(aux(&file, "redis-ver"), era.has_capa(), "{era:?}");
        assert_eq!(aux(&file, "repl-id"), era.has_psync2(), "{era:?}");
        let from = net.at(0).master_repl_offset();
        net.run(writer, "EXPIRE list 100");
        net.run(writer, "EXPIRE hash -1");
        net.raw(writer, b"MULTI\r\nSET a 1\r\nEXEC\r\nSELECT 2\r\nINCRBYFLOAT f 1.5\r\n");
        let stream: Vec<u8> = net.at(0).stream_after(from).flatten().copied().collect();
        let has = |text: &str| aux(&stream, text);
        assert_eq!(has("PEXPIREAT"), era == Era::V7, "{era:?}");
        assert_eq!(has("\r\nEXPIRE\r\n"), era != Era::V7, "{era:?}");
        assert!(has("DEL"), "{era:?}");
        assert_eq!(has("MULTI"), era != Era::V7, "{era:?}");
        assert_eq!(has("KEEPTTL"), era == Era::V7, "{era:?}");
        assert_eq!(has("select 2\r\n"), era == Era::V2_6, "{era:?}");
    }
}

#[test]
fn info_and_config_show_the_era() {
    for era in Era::ALL {
        let (mut net, writer, replicas) = cluster(era, &[era]);
        let info = net.run(writer, "INFO replication");
        let has = |field: &str| info.contains(field);
        assert_eq!(has("master_replid:"), era.has_psync2(), "{info}");
        assert_eq!(has("master_repl_offset:"), era.has_psync(), "{info}");
        assert_eq!(has("slave0:127.0.0.1,6381,online"), !era.has_psync(), "{info}");
        assert_eq!(has("slave0:ip=127.0.0.1,port=6381,state=online"), era.has_psync(), "{info}");
        assert_eq!(has("master_failover_state:"), era == Era::V7, "{info}");
        let info = net.run(replicas[0], "INFO replication");
        assert_eq!(info.contains("slave_repl_offset:"), era.has_psync(), "{info}");
        let name = era.name();
        let shown = format!(r"*2\r\n$12\r\nlockstep-era\r\n${}\r\n{name}\r\n", name.len());
        assert_eq!(net.run(writer, "CONFIG GET lockstep-era"), shown);
        assert!(net.run(writer, "CONFIG GET lockstep-*").contains("lockstep-era"));
        assert!(!net.run(writer, "CONFIG GET *").contains("lockstep-"));
        assert!(net.run(writer, "CONFIG SET lockstep-era 7").starts_with("-ERR"));
    }
}

/// A master, its replica, and a replica of that, all of one era.
fn chain(era: Era) -> (Net, [End; 3]) {
    let mut net = Net::new();
    let clients = [None, Some(6380), Some(6381)].map(|of: Option<u16>| {
        let host = net.node(|config| {
            config.set_era(era);
            config.replica_read_only = false;
            config.replicaof = of.map(|port| ("127.0.0.1".into(), port));
        });
        net.client(host)
    });
    net.pass_ms(6_000);
    (net, clients)
}

#[test]
fn before_4_0_a_replica_writes_its_stream_anew_and_counts_it_by_itself() {
    for era in Era::ALL {
        let (mut net, [master, middle, leaf]) = chain(era);
        net.raw(master, b"SELECT 3\r\nSET a 1\r\nMULTI\r\nSET b 1\r\nRPUSH c x y\r\nEXEC\r\n");
        // What changes nothing is not passed on.
        net.run(master, "PUBLISH channel hello");
        net.run(master, "FLUSHDB");
        net.raw(master, b"SELECT 0\r\nSET d 1\r\n");
        net.pass_ms(12_000);
        for client in [middle, leaf] {
            same(&mut net, master, client, era.name());
        }
        if era.has_psync() {
            let (above, own, below) = (net.at(1).place(), net.at(1).history(), net.at(2).place());
            assert_eq!(above.1, net.at(0).master_repl_offset(), "{era:?}");
            assert_eq!(below, (own.replid, own.master_repl_offset), "{era:?}");
            assert_eq!(above == below, era.has_psync2(), "{era:?}");
        }
        net.run(middle, "SET private 1");
        net.settle();
        let heard = if era.has_psync2() { r"$-1\r\n" } else { r"$1\r\n1\r\n" };
        assert_eq!(net.run(leaf, "GET private"), heard, "{era:?}");
    }
}

#[test]
fn before_4_0_a_promoted_node_keeps_its_replicas_and_its_count() {
    for era in [Era::V2_8, Era::V3_2] {
        let (mut net, [master, middle, leaf]) = chain(era);
        net.run(master, "SET a 1");
        net.pass_ms(2_000);
        let (id, offset) = net.at(2).place();
        net.run(middle, "SLAVEOF NO ONE");
        net.run(middle, "SET b 2");
        net.settle();
        assert_eq!(net.run(leaf, "GET b"), r"$1\r\n2\r\n", "{era:?}");
        assert_eq!(net.at(2).place().0, id, "{era:?}");
        assert!(net.at(2).place().1 > offset, "{era:?}");
        assert_eq!(net.at(1).sync_counts(), (1, 0, 0), "{era:?}");
        // Without replicas it counts on from where its master was.
        net.run(leaf, "SLAVEOF NO ONE");
        let (own, applied) = (net.at(2).history(), net.at(1).master_repl_offset());
        assert_eq!((own.master_repl_offset, own.backlog), (applied, None), "{era:?}");
    }
}

#[test]
fn before_4_0_a_master_that_must_wait_is_taken_for_one_that_knows_no_psync() {
    for era in Era::ALL.into_iter().filter(|era| era.has_psync()) {
        let (mut net, _) = chain(era);
        net.hosts[0].exited = true;
        net.cut(1, 0);
        net.cut(2, 1);
        net.pass_ms(3_000);
        let log = net.log(2);
        let has = |start: &str| log.iter().any(|line| line.starts_with(start));
        let text = "Can't SYNC while not connected with my master";
        let old =
            format!("Master does not support PSYNC or is in error state (reply: -ERR {text})");
        assert_eq!(has(&old), !era.has_psync2(), "{era:?}");
        assert_eq!(has("Master is currently unable to PSYNC"), era.has_psync2(), "{era:?}");
        assert_eq!(has("Discarding previously cached master state."), !era.has_psync2());
    }
}
