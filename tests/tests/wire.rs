//! Both directions of the handshake, byte for byte: a raw replica attached to each server as
//! master, a raw master for each server as replica, the same script for both, and what they said
//! compared. Only ids, times, and the values of the RDB's aux fields may differ. What the stream
//! says is in `stream.rs`.

use std::time::Duration;

use lockstep_tests::resp::Client;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::Kind;
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wait_for;
use lockstep_tests::wire::{RawMaster, RawReplica, Transcript, compare, rdb_parts};

/// A master without pings of its own: they come when they come.
fn quiet(kind: Kind) -> Launch {
    Launch::new(kind).set("repl-ping-replica-period", "3600")
}

/// One key in each database, of each encoding, so that their order is the same everywhere.
fn one_of_each(client: &mut Client) {
    let keys = [
        "SET text value",
        "SET number 12345678901",
        "SET small 17",
        "RPUSH list a 1 -70000",
        "SADD numbers 1 2 3",
        "SADD wide 1 100000",
        "HSET hash f v n 1",
        "ZADD sorted 1 a 2.5 b -inf c",
        "SET expires soon PXAT 9000000000123",
    ];
    for (db, key) in keys.iter().enumerate() {
        assert!(client.run(&format!("SELECT {db}")).is_ok());
        assert!(!client.run(key).is_error());
    }
    assert!(client.run(&format!("SELECT {}", keys.len())).is_ok());
    let long = "abcabcabcabc".repeat(40);
    assert!(client.call(&["SET", "compressible", &long]).is_ok());
    assert!(client.run(&format!("SELECT {}", keys.len() + 1)).is_ok());
    assert!(client.run("SADD texts only").int() == 1);
}

fn note_rdb(rdb: &[u8], log: &mut Transcript) {
    let (header, names, body) = rdb_parts(rdb);
    log.note("rdb", &format!("{header} {names:?} {}", body.escape_ascii()));
}

/// The master's side of every kind of handshake.
fn as_master(kind: Kind) -> Transcript {
    let mut log = Transcript::default();
    let server = quiet(kind).start();
    one_of_each(&mut server.client());
    let modern: &[&str] = &["eof", "psync2"];
    let mut first = RawReplica::introduce(&server, modern, &mut log);
    let rdb = first.full(&["PSYNC", "?", "-1"], &mut log);
    note_rdb(&rdb, &mut log);
    // The stream is held back until the first ACK.
    let mut writer = server.client();
    assert!(writer.run("SELECT 12").is_ok());
    assert!(writer.run("SET a 1").is_ok());
    first.ack();
    first.catch_up(&server, &mut log);
    let id = server.info("replication").text("master_replid").to_owned();
    // Without `eof` through the disk, without `psync2` a bare +CONTINUE.
    for capa in [&["psync2"][..], &["unknown"], &["eof"]] {
        let mut replica = RawReplica::introduce(&server, capa, &mut log);
        let rdb = replica.full(&["PSYNC", "?", "-1"], &mut log);
        note_rdb(&rdb, &mut log);
        replica.ack();
        assert!(writer.run("SET a 1").is_ok());
        replica.catch_up(&server, &mut log);
        let next = (replica.offset + 1).to_string();
        drop(replica);
        let mut again = RawReplica::introduce(&server, capa, &mut log);
        let reply = again.ask(&["PSYNC", &id, &next], &mut log);
        assert!(reply.starts_with("+CONTINUE"), "{reply}");
    }
    // The old way.
    let mut old = RawReplica::introduce(&server, &[], &mut log);
    let rdb = old.full(&["SYNC"], &mut log);
    note_rdb(&rdb, &mut log);
    // Refused for each reason there is.
    let end = server.info("replication").number("master_repl_offset");
    for (id, offset) in [
        ("0123456789012345678901234567890123456789", "1".to_owned()),
        (id.as_str(), (end + 2).to_string()),
        (id.as_str(), "0".to_owned()),
        (id.as_str(), "-7".to_owned()),
        ("short", "1".to_owned()),
    ] {
        let mut replica = RawReplica::introduce(&server, modern, &mut log);
        let rdb = replica.full(&["PSYNC", id, &offset], &mut log);
        note_rdb(&rdb, &mut log);
    }
    // With 0 bytes to send, and the first byte of all.
    for offset in [end + 1, 1] {
        let mut replica = RawReplica::introduce(&server, modern, &mut log);
        replica.ask(&["PSYNC", &id, &offset.to_string()], &mut log);
    }
    log
}

/// Compressed strings take the same bytes in both servers' files: repetitions of every length, near
/// and far, between noise.
#[test]
fn strings_are_compressed_to_the_same_bytes() {
    let mut rng = Rng::from_env("compressed strings");
    let (redis, lockstep) = (Server::redis(), Server::lockstep());
    let (mut redis, mut lockstep) = (redis.client(), lockstep.client());
    let words: Vec<Vec<u8>> = (1..40).map(|len| rng.bytes(len)).collect();
    for round in 0..600 {
        let mut value = Vec::new();
        for _ in 0..rng.below(1 + round / 4) {
            match rng.below(6) {
                0 => value.extend(rng.bytes(round % 90)),
                1 => value.extend(vec![rng.next_u64() as u8; round]),
                2 => value.extend(rng.bytes(30).iter().map(|byte| b'a' + byte % 3)),
                _ => value.extend_from_slice(&words[rng.below(words.len())]),
            }
        }
        let set: [&[u8]; 3] = [b"SET", b"k", &value];
        assert!(redis.call(&set).is_ok() && lockstep.call(&set).is_ok());
        let (expected, actual) = (redis.run("DUMP k"), lockstep.run("DUMP k"));
        assert!(expected == actual, "{}\n{expected:?}\n{actual:?}", value.escape_ascii());
    }
}

#[test]
fn a_master_says_what_redis_says() {
    compare(as_master);
}

/// Replies to what replicas say wrong.
#[test]
fn a_master_refuses_as_redis_does() {
    compare(|kind| {
        let server = quiet(kind).start();
        let mut log = Transcript::default();
        for line in [
            "REPLCONF",
            "REPLCONF listening-port",
            "REPLCONF listening-port abc",
            "REPLCONF listening-port 99999999999",
            "REPLCONF foo bar",
            "REPLCONF foo",
            "REPLCONF capa nonsense",
            "REPLCONF ip-address 1.2.3.4",
            "REPLCONF rdb-only 1",
            "REPLCONF rdb-only x",
            "REPLCONF rdb-filter-only functions",
            "REPLCONF rdb-filter-only nonsense",
            "REPLCONF listening-port 1 foo bar",
            "PSYNC",
            "PSYNC ?",
            "PSYNC ? abc",
            "PSYNC ? 1 FAILOVER",
            "PSYNC a b c d",
            "SYNC more",
            "REPLICAOF",
            "REPLICAOF a b",
            "REPLICAOF 127.0.0.1 99999999",
            "REPLICAOF 127.0.0.1 -1",
            "ROLE",
            "ROLE more",
            "WAIT",
            "WAIT a 1",
            "WAIT 1 a",
            "WAIT 1 -1",
        ] {
            log.note(">", line);
            log.note("<", &format!("{:?}", server.client().run(line)));
        }
        let long = "x".repeat(300);
        let reply = server.client().call(&["REPLCONF", "ip-address", &long]);
        log.note("<", &format!("{reply:?}"));
        // ACKs and GETACKs of somebody who is no replica are not answered.
        let mut client = server.client();
        client
            .send(b"REPLCONF ACK 1\r\nREPLCONF GETACK *\r\nREPLCONF ACK x\r\nPING\r\n")
            .expect("sent");
        log.note("<", &format!("{:?}", client.receive()));
        // A SYNC behind something unanswered.
        let mut client = server.client();
        client.send(b"PING\r\nPSYNC ? -1\r\n").expect("sent");
        for _ in 0..2 {
            log.note("<", &format!("{:?}", client.receive()));
        }
        log
    });
}

/// The RDB that a raw master sends: one key.
fn small_rdb() -> Vec<u8> {
    let server = Server::redis();
    assert!(server.client().run("SET from master").is_ok());
    assert!(server.client().run("SAVE").is_ok());
    std::fs::read(server.path("dump.rdb")).expect("the dump")
}

const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const NEXT_ID: &str = "76543210fedcba9876543210fedcba9876543210";
const GETACK: &str = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";
const SELECT: &str = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
/// What a replica that began at 100 acknowledges in [`as_replica`]: a GETACK counts itself only
/// afterwards.
const ACK_OF_SET: u64 = 100 + 23 + 27;
const ACK_OF_PING: u64 = ACK_OF_SET + 37 + 2 + 14;
const ACK_OF_INCR: u64 = ACK_OF_PING + 37 + 24;

/// The replica's side of every kind of handshake.
fn as_replica(kind: Kind) -> Transcript {
    let rdb = small_rdb();
    let sized = [format!("${}\r\n", rdb.len()).as_bytes(), &rdb].concat();
    let mut log = Transcript::default();
    let master = RawMaster::new();
    let server = Launch::new(kind)
        .set("replicaof", format!("127.0.0.1 {}", master.port))
        .set("masteruser", "somebody")
        .set("masterauth", "secret")
        .set("replica-announce-ip", "10.0.0.9")
        .set("replica-announce-port", "7777")
        .start();
    // Asked for a password at once, and understood only in part.
    let mut link = master.accept();
    link.hear(&mut log);
    link.say("-NOAUTH Authentication required.\r\n", &mut log);
    for reply in ["+OK\r\n", "-ERR unknown\r\n", "-ERR unknown\r\n", "-ERR unknown\r\n"] {
        link.hear(&mut log);
        link.say(reply, &mut log);
    }
    link.hear(&mut log);
    // Newlines before and between are no reply, and count nothing.
    link.say("\n\n", &mut log);
    link.say(format!("+FULLRESYNC {ID} 100\r\n\n\n"), &mut log);
    link.send(&sized, &mut log);
    link.hear(&mut log);
    link.say(SELECT, &mut log);
    link.say("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", &mut log);
    link.say(GETACK, &mut log);
    link.hear_ack(ACK_OF_SET, &mut log);
    link.say("\n\n*1\r\n$4\r\nPING\r\n", &mut log);
    link.say(GETACK, &mut log);
    link.hear_ack(ACK_OF_PING, &mut log);
    // A command that fails is counted too; nobody is told.
    link.say("*2\r\n$4\r\nINCR\r\n$4\r\nfrom\r\n", &mut log);
    link.hear_ack(ACK_OF_INCR, &mut log);
    drop(link);

    // It asks for what comes next, and accepts a new id.
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+CONTINUE {NEXT_ID}\r\n"), &mut log);
    link.say("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n", &mut log);
    link.hear_ack(ACK_OF_INCR + 27, &mut log);
    note_info(&server, &mut log);
    drop(link);

    // A master that cannot now.
    for reply in ["-NOMASTERLINK Can't SYNC while not connected with my master\r\n", "-LOADING\r\n"]
    {
        let mut link = master.accept();
        link.shake_hands(&mut log);
        link.say(reply, &mut log);
        link.ends(&mut log);
    }

    // Diskless, with an end mark; the transfer's own newlines count nothing.
    let mut link = master.accept();
    link.shake_hands(&mut log);
    let mark = "m".repeat(40);
    link.say(format!("+FULLRESYNC {ID} 5000\r\n\n$EOF:{mark}\r\n"), &mut log);
    link.send(&[&rdb, mark.as_bytes()].concat(), &mut log);
    link.hear(&mut log);
    note_info(&server, &mut log);
    // An inline command is no stream: the link is given up, and so is what was cached.
    link.say("PING\r\n", &mut log);
    link.ends(&mut log);

    // A master that knows no PSYNC.
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say("-ERR unknown command 'PSYNC'\r\n", &mut log);
    link.hear(&mut log);
    link.send(&sized, &mut log);
    link.say("*1\r\n$4\r\nPING\r\n", &mut log);
    let silent = link.silent_for(Duration::from_millis(2500));
    log.note("", &format!("silent: {silent}"));
    drop(link);
    // What it asks for now is its own affair: Redis asks for the offset of that stream in whatever
    // history it knew last, which no master can make sense of.
    let mut link = master.accept();
    let asked = log.0.len();
    link.shake_hands(&mut log);
    log.0.truncate(asked);
    drop(link);

    // Refused: the handshake ends, and begins again.
    for (turn, reply) in ["-ERR operation not allowed\r\n", "$5\r\n"].iter().enumerate() {
        let mut link = master.accept();
        log.note("", &format!("refusal {turn}"));
        link.hear(&mut log);
        link.say(reply, &mut log);
        link.ends(&mut log);
    }
    let mut link = master.accept();
    link.hear(&mut log);
    link.say("+PONG\r\n", &mut log);
    link.hear(&mut log);
    link.say("-WRONGPASS invalid username-password pair or user is disabled.\r\n", &mut log);
    link.ends(&mut log);
    log
}

fn note_info(server: &Server, log: &mut Transcript) {
    let info = server.info("replication");
    for field in
        ["role", "master_link_status", "master_replid", "master_replid2", "second_repl_offset"]
    {
        log.note("info", &format!("{field}:{:?}", info.get(field)));
    }
}

#[test]
fn a_replica_says_what_redis_says() {
    compare(as_replica);
}

/// In the middle of a chain: a raw master above, a raw replica below.
fn in_the_middle(kind: Kind) -> Transcript {
    let rdb = small_rdb();
    let mut log = Transcript::default();
    let master = RawMaster::new();
    let server = Launch::new(kind).set("replica-announce-port", "7777").start();
    assert!(server.client().run(&format!("REPLICAOF 127.0.0.1 {}", master.port)).is_ok());
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+FULLRESYNC {ID} 1000\r\n${}\r\n", rdb.len()), &mut log);
    link.send(&rdb, &mut log);
    link.hear(&mut log);
    // The stream has had no SELECT yet: it is for the replica's replica too.
    let mut below = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    let copy = below.full(&["PSYNC", "?", "-1"], &mut log);
    note_rdb(&copy, &mut log);
    below.ack();
    // Whatever the master says goes on as it is: case, inner newlines that count, transactions.
    let said = [
        "*2\r\n$6\r\nsElEcT\r\n$1\r\n7\r\n",
        "*3\r\n$3\r\nset\r\n$1\r\na\r\n$1\r\n1\r\n",
        "*1\r\n$5\r\nMULTI\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n",
        "*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n",
        "*1\r\n$4\r\nEXEC\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "*2\r\n$3\r\nDEL\r\n$4\r\nnone\r\n",
        "*4\r\n$6\r\nEXPIRE\r\n$1\r\na\r\n$7\r\n1000000\r\n$2\r\nGT\r\n",
    ];
    let mut len = 0;
    for command in said {
        link.say(command, &mut log);
        len += command.len() as u64;
    }
    below.take(len, &mut log);
    link.say(GETACK, &mut log);
    while link.hear(&mut log) != format!("REPLCONF ACK {}", 1000 + len) {}
    log.0.retain(|line| !line.starts_with("> REPLCONF ACK"));
    below.take(GETACK.len() as u64, &mut log);
    // A local write goes nowhere.
    assert!(server.client().run("CONFIG SET replica-read-only no").is_ok());
    assert!(server.client().run("SET local 1").is_ok());
    let offset = server.info("replication").number("master_repl_offset");
    log.note("info", &format!("master_repl_offset:{offset}"));
    // Who joins later by its offset continues in the middle of the master's bytes.
    let mut late = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    late.ask(&["PSYNC", ID, "1001"], &mut log);
    late.offset = 1000;
    late.catch_up(&server, &mut log);
    drop(link);
    // A new history above: who followed the old one must ask again, and may go on.
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+CONTINUE {NEXT_ID}\r\n"), &mut log);
    log.note("", &format!("closed: {} {}", below.is_closed(), late.is_closed()));
    note_info(&server, &mut log);
    let next = (below.offset + 1).to_string();
    let mut below = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    below.ask(&["PSYNC", ID, &next], &mut log);
    // A full resynchronisation above ends everybody's below.
    drop(link);
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+FULLRESYNC {ID} 9000\r\n${}\r\n", rdb.len()), &mut log);
    link.send(&rdb, &mut log);
    log.note("", &format!("closed: {}", below.is_closed()));
    // Promotion.
    let mut below = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    below.full(&["PSYNC", "?", "-1"], &mut log);
    below.ack();
    let end = below.offset;
    let old = server.info("replication").text("master_replid").to_owned();
    assert!(server.client().run("REPLICAOF NO ONE").is_ok());
    log.note("", &format!("closed: {}", below.is_closed()));
    note_info(&server, &mut log);
    let mut below = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    below.ask(&["PSYNC", &old, &(end + 1).to_string()], &mut log);
    below.offset = end;
    assert!(server.client().run("SET promoted 1").is_ok());
    below.catch_up(&server, &mut log);
    log
}

#[test]
fn a_replica_passes_on_what_redis_passes_on() {
    compare(in_the_middle);
}

fn note_failover(server: &Server, log: &mut Transcript) {
    let info = server.info("replication");
    log.note("info", &format!("{} {}", info.text("role"), info.text("master_failover_state")));
}

/// A master hands over to a raw replica: what it sends before, as it asks, and as a replica.
fn hands_over(kind: Kind) -> Transcript {
    let mut log = Transcript::default();
    let target = RawMaster::new();
    let server = quiet(kind).set("replica-announce-port", "7777").start();
    let mut replica = RawReplica::introduce_at(&server, target.port, &["eof", "psync2"], &mut log);
    replica.full(&["PSYNC", "?", "-1"], &mut log);
    replica.ack();
    let mut client = server.client();
    assert!(client.run("SET a 1").is_ok());
    replica.catch_up(&server, &mut log);
    // It has not acknowledged that yet.
    let failover = format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 20000", target.port);
    log.note("client", &format!("{:?}", client.run(&failover)));
    note_failover(&server, &mut log);
    replica.catch_up(&server, &mut log);
    replica.ack();
    let mut link = target.accept();
    link.shake_hands(&mut log);
    note_failover(&server, &mut log);
    link.say(format!("+CONTINUE {NEXT_ID}\r\n"), &mut log);
    link.say(SELECT, &mut log);
    link.say("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n", &mut log);
    link.say(GETACK, &mut log);
    link.hear_ack(replica.offset + 23 + 27, &mut log);
    log.note("", &format!("closed: {}", replica.is_closed()));
    note_failover(&server, &mut log);
    note_info(&server, &mut log);
    // Refused by the target it stays what it is.
    assert!(client.run("REPLICAOF NO ONE").is_ok());
    drop(link);
    let mut replica = RawReplica::introduce_at(&server, target.port, &["eof", "psync2"], &mut log);
    replica.full(&["PSYNC", "?", "-1"], &mut log);
    replica.ack();
    assert!(client.run("SET a 2").is_ok());
    replica.catch_up(&server, &mut log);
    replica.ack();
    log.note("client", &format!("{:?}", client.run(&failover)));
    let mut link = target.accept();
    link.shake_hands(&mut log);
    link.say("-ERR not now\r\n", &mut log);
    link.ends(&mut log);
    wait_for("the failover to be given up", Duration::from_secs(10), || {
        let info = server.info("replication");
        let over = info.text("master_failover_state") == "no-failover";
        if over { Ok(()) } else { Err(format!("{info:?}")) }
    });
    note_info(&server, &mut log);
    log
}

#[test]
fn a_master_hands_over_as_redis_does() {
    compare(hands_over);
}

/// A replica is told by its raw master to take over.
fn takes_over(kind: Kind) -> Transcript {
    let rdb = small_rdb();
    let mut log = Transcript::default();
    let master = RawMaster::new();
    let server = quiet(kind)
        .set("replica-announce-port", "7777")
        .set("replicaof", format!("127.0.0.1 {}", master.port))
        .start();
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+FULLRESYNC {ID} 1000\r\n${}\r\n", rdb.len()), &mut log);
    link.send(&rdb, &mut log);
    link.hear(&mut log);
    let mut stranger = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    stranger.ask(&["PSYNC", NEXT_ID, "1001", "FAILOVER"], &mut log);
    note_info(&server, &mut log);
    let mut old = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    old.ask(&["PSYNC", ID, "1001", "FAILOVER"], &mut log);
    old.offset = 1000;
    note_info(&server, &mut log);
    assert!(server.client().run("SET mine 1").is_ok());
    old.catch_up(&server, &mut log);
    log
}

#[test]
fn a_replica_takes_over_as_redis_does() {
    compare(takes_over);
}
