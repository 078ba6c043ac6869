//! Both directions of replication, byte for byte: a raw replica attached to each server as master,
//! a raw master for each server as replica, the same script for both, and what they said compared.
//! Only ids, times, and the values of the RDB's aux fields may differ.

use std::time::Duration;

use lockstep_tests::resp::Client;
use lockstep_tests::server::Kind::{self, Lockstep, Redis};
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wire::{RawMaster, RawReplica, Transcript, rdb_parts};

/// Runs something with both servers and compares what was written down.
fn compare(run: impl Fn(Kind) -> Transcript) {
    let expected = run(Redis);
    run(Lockstep).assert_equals(&expected);
    assert!(expected.0.len() > 3, "{expected:?}");
}

/// A master without pings of its own: they come when they come.
fn quiet(kind: Kind) -> Launch {
    Launch::new(kind).set("repl-ping-replica-period", "3600")
}

/// Runs a script: a command per line. `~ ms` waits; `b` sends on a second connection without
/// waiting for the reply, `r` reads that; `-` runs without writing the reply down, whose order is
/// nobody's promise. After each line comes what the stream said.
fn script(server: &Server, text: &str) -> Transcript {
    let mut log = Transcript::default();
    let mut quiet = Transcript::default();
    let mut replica = RawReplica::introduce(server, &["eof", "psync2"], &mut quiet);
    replica.full(&["PSYNC", "?", "-1"], &mut quiet);
    replica.ack();
    let (mut client, mut other) = (server.client(), server.client());
    other.patience(Duration::from_secs(10));
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        log.note("", line.strip_prefix("- ").unwrap_or(line));
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "~" => std::thread::sleep(Duration::from_millis(rest.parse().expect("ms"))),
            "b" => {
                let words: Vec<&str> = rest.split(' ').collect();
                other.send(&lockstep_tests::resp::encode(&words)).expect("sent");
                std::thread::sleep(Duration::from_millis(40));
            }
            "r" => log.note("<", &format!("{:?}", other.receive().expect("a reply"))),
            "-" => assert!(!client.run(rest).is_error(), "{line}"),
            _ => {
                let reply = client.run(line);
                log.note("<", &format!("{reply:?}"));
            }
        }
        replica.catch_up(server, &mut log);
    }
    // Redis sends its first ping at start, if somebody is there by then.
    log.0.retain(|line| line != "~ ping");
    log
}

fn compare_script(text: &str) {
    compare(|kind| script(&quiet(kind).start(), text));
}

#[test]
fn strings_in_the_stream() {
    compare_script(
        "
        SET k v
        SET k v EX 1000000
        SET k v PX 1000000000
        SET k v EXAT 9000000000
        SET k v PXAT 9000000000123
        SET k v KEEPTTL
        SET k w GET
        SET k w NX
        SET k w XX EX 1000000
        SET missing w XX
        SET n w NX PX 1000000000 GET
        SET k v EXAT 1
        GET k
        SET k v PXAT 1
        EXISTS k
        SETEX k 1000000 v
        PSETEX k 1000000000 v
        SETNX k other
        SETNX fresh 1
        MSET a 1 b 2
        MSETNX a 1 c 2
        MSETNX d 1 e 2
        GETSET a 2
        GETDEL a
        GETDEL a
        GETEX b
        GETEX b EX 1000000
        GETEX b PX 1000000000
        GETEX b EXAT 9000000000
        GETEX b PXAT 9000000000123
        GETEX b PERSIST
        GETEX b PERSIST
        GETEX b EXAT 1
        GETEX missing EX 1000000
        INCR i
        INCRBY i 5
        DECR i
        DECRBY i 3
        INCRBYFLOAT f 0.1
        SET f 1.5 EX 1000000
        INCRBYFLOAT f 0.25
        INCRBYFLOAT f 1e3
        APPEND s abc
        APPEND s
        SETRANGE s 5 x
        SETRANGE s 0
        SETBIT bits 7 1
        SETBIT bits 7 1
        BITOP NOT dest bits
        BITOP AND dest missing none
        BITFIELD bits GET u8 0
        BITFIELD bits SET u8 0 255
        BITFIELD bits INCRBY u8 0 1 OVERFLOW FAIL INCRBY u8 8 300
        STRLEN s
        GET s
        GETRANGE s 0 1
        LCS s k
        INCR s
        MGET s k
        sEt Case v eX 1000000
        set lower v
        InCrBy i 1
        ",
    );
}

#[test]
fn expiry_in_the_stream() {
    compare_script(
        "
        SET k v
        EXPIRE k 1000000
        PEXPIRE k 1000000000
        EXPIREAT k 9000000000
        PEXPIREAT k 9000000000123
        EXPIRE k 1000000 NX
        EXPIRE k 1000000 XX
        EXPIRE k 2000000 GT
        EXPIRE k 1000000 LT
        EXPIRE k 3000000 LT
        EXPIRE missing 100
        PERSIST k
        PERSIST k
        TTL k
        EXPIRE k 0
        SET k v
        EXPIRE k -1
        SET k v
        PEXPIREAT k 1
        SET k v
        EXPIREAT k 1 LT
        EXPIRE k 1
        # The active cycle.
        SET k v PX 40
        ~ 400
        EXISTS k
        # What is found expired by a command, with the cycle off.
        DEBUG SET-ACTIVE-EXPIRE 0
        SET k v PX 1
        ~ 20
        GET k
        SET k v PX 1
        ~ 20
        EXISTS k
        SET k v PX 1
        ~ 20
        INCR k
        SET k v PX 1
        ~ 20
        DEL k
        SET k v PX 1
        ~ 20
        SET k w
        SET k v PX 1
        ~ 20
        SET k w NX
        SET k v PX 1
        ~ 20
        SET k w XX
        SET a v PX 1
        SET b v PX 1
        ~ 20
        MGET a b c
        SET a v PX 1
        SET b v PX 1
        ~ 20
        DEL a b c
        SET a v PX 1
        ~ 20
        RENAME a b
        RPUSH l 1
        PEXPIRE l 1
        ~ 20
        LPUSH l 2
        SADD s1 a
        SADD s2 b
        PEXPIRE s1 1
        ~ 20
        SUNIONSTORE d s1 s2
        SET a v PX 1
        ~ 20
        MULTI
        GET a
        SET c 1
        EXEC
        SET a v PX 1
        ~ 20
        MULTI
        GET a
        EXEC
        SET a v PX 1
        ~ 20
        TTL a
        SET a v PX 1
        ~ 20
        TYPE a
        SET a v PX 1
        ~ 20
        - KEYS *
        SET a v PX 1
        ~ 20
        - SCAN 0 COUNT 1000
        SET a v PX 1
        ~ 20
        COPY c a
        SET a v PX 1
        ~ 20
        EXPIRE a 1000000
        SET a v PX 1
        ~ 20
        PERSIST a
        SET a v PX 1
        ~ 20
        GETDEL a
        SET a v PX 1
        ~ 20
        OBJECT ENCODING a
        SET a v PX 1
        ~ 20
        DUMP a
        SET a v PX 1
        ~ 20
        TOUCH a c
        SET a v PX 1
        ~ 20
        UNLINK a
        CONFIG SET lazyfree-lazy-expire yes
        SET a v PX 1
        ~ 20
        GET a
        EXPIRE c -1
        SET c v
        GETEX c PXAT 1
        DEBUG SET-ACTIVE-EXPIRE 1
        SET a v PX 1
        ~ 400
        EXISTS a
        ",
    );
}

#[test]
fn lists_in_the_stream() {
    compare_script(
        "
        RPUSH l 1 2 3 4 5 6 7 8 9 10 11 12
        LPUSH l 0
        LPUSHX missing 1
        RPUSHX l 99
        LPOP l
        RPOP l
        LPOP l 2
        RPOP l 2
        LPOP l 0
        LPOP missing
        LPOP missing 3
        LSET l 0 x
        LINSERT l BEFORE x w
        LINSERT l AFTER none w
        LREM l 0 w
        LREM l 0 w
        LTRIM l 0 3
        LTRIM l 0 3
        RPOPLPUSH l m
        RPOPLPUSH missing m
        LMOVE l m LEFT RIGHT
        LMOVE l l LEFT RIGHT
        LMPOP 2 missing l LEFT
        LMPOP 2 missing l RIGHT COUNT 10
        LMPOP 1 missing LEFT
        RPUSH l b c a
        SORT l ALPHA
        SORT l ALPHA STORE sorted
        SORT missing STORE sorted
        LTRIM l 5 9
        EXISTS l
        ",
    );
}

#[test]
fn sets_in_the_stream() {
    compare_script(
        "
        SADD s a
        SADD s a
        SPOP s
        SPOP s
        SADD s a b c
        - SPOP s 5
        SADD s a b c
        - SPOP s 3
        SPOP s 3
        CONFIG SET lazyfree-lazy-server-del yes
        SADD s a b c
        - SPOP s 3
        CONFIG SET lazyfree-lazy-server-del no
        SADD s a
        SPOP s 1
        SADD s a b
        SPOP s 0
        SREM s none
        SREM s a none
        SMOVE s t b
        SMOVE s t b
        SADD x 1 2 3
        SADD y 2 3 4
        SINTERSTORE d x y
        SUNIONSTORE d x y
        SDIFFSTORE d x y
        SINTERSTORE d x missing
        SINTERSTORE d x missing
        SREM x 1 2 3
        EXISTS x
        ",
    );
}

/// Which members SPOP takes is chance; that each is removed by an SREM of its own, all of them in a
/// transaction, is not.
#[test]
fn spop_of_several_members_in_the_stream() {
    compare(|kind| {
        let server = quiet(kind).start();
        let mut log = script(
            &server,
            "
            - SADD s m1 m2 m3 m4 m5 m6 m7 m8 m9
            - SPOP s
            - SPOP s 2
            - SPOP s 5
            - SADD n 1 2 3 4 5 6 7 8 9
            - SPOP n 3
            MULTI
            - SPOP n 2
            - SPOP n
            - EXEC
            ",
        );
        for line in &mut log.0 {
            let chance = line.starts_with("~ SREM");
            if let Some((start, _)) = line.rsplit_once(' ').filter(|_| chance) {
                *line = format!("{start} <member>");
            }
        }
        log
    });
}

#[test]
fn hashes_and_sorted_sets_in_the_stream() {
    compare_script(
        "
        HSET h f 1
        HSET h f 1
        HMSET h g 2 i 3
        HSETNX h f 2
        HSETNX h z 2
        HINCRBY h f 5
        HINCRBYFLOAT h f 0.1
        HINCRBYFLOAT h new 1e2
        HINCRBYFLOAT h nan abc
        HDEL h none
        HDEL h f none
        HDEL h g i z new
        EXISTS h
        ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
        ZADD z 1 a
        ZADD z GT 0 a
        ZADD z GT 10 a
        ZADD z NX 1 new
        ZADD z XX 1 nobody
        ZADD z INCR 2 a
        ZADD z NX INCR 2 a
        ZADD z CH 3 a
        ZINCRBY z 1.5 a
        ZINCRBY z 0 a
        ZREM z nobody
        ZREM z new
        ZPOPMIN z
        ZPOPMAX z
        ZPOPMIN z 2
        ZPOPMIN missing
        ZMPOP 2 missing z MIN
        ZMPOP 2 missing z MAX COUNT 10
        ZMPOP 1 missing MIN
        EXISTS z
        ZADD z 1 a 2 b 3 c 4 d 5 e
        ZADD y 1 a 7 x
        ZRANGESTORE d z 0 1
        ZRANGESTORE d z 10 20
        ZUNIONSTORE d 2 z y
        ZINTERSTORE d 2 z y WEIGHTS 2 3
        ZDIFFSTORE d 2 z y
        ZDIFFSTORE d 2 missing y
        ZREMRANGEBYRANK z 0 0
        ZREMRANGEBYSCORE z 2 2
        ZREMRANGEBYSCORE z 20 21
        ZREMRANGEBYLEX z [c [d
        ZPOPMIN z 0
        ",
    );
}

#[test]
fn keys_and_databases_in_the_stream() {
    compare_script(
        "
        GET nothing
        SELECT 3
        GET nothing
        SET a 1
        SELECT 0
        SELECT 3
        SET b 1
        SELECT 12
        SET c 1
        SELECT 0
        SET a 1 EX 1000000
        RENAME a b
        RENAMENX b a
        RENAME a a
        SET b 2
        RENAMENX a b
        COPY a copied
        COPY a copied
        COPY a b REPLACE
        COPY a elsewhere DB 3
        MOVE copied 4
        MOVE copied 4
        DEL none
        DEL a none b
        UNLINK none
        SWAPDB 0 3
        SWAPDB 5 5
        GET elsewhere
        SELECT 4
        FLUSHDB
        FLUSHDB ASYNC
        SELECT 0
        SET x 1
        FLUSHALL SYNC
        FLUSHALL
        SET x 1
        DEBUG SLEEP 0
        OBJECT FREQ x
        TOUCH x
        PUBLISH channel hello
        WAIT 0 10
        ",
    );
}

#[test]
fn transactions_in_the_stream() {
    compare_script(
        "
        MULTI
        EXEC
        MULTI
        SET a 1
        EXEC
        MULTI
        SET a 1
        SET b 2
        INCR a
        EXEC
        MULTI
        GET a
        GET b
        EXEC
        MULTI
        GET a
        SET a 3
        EXEC
        MULTI
        SET a 1
        DISCARD
        MULTI
        SET a 5
        LPUSH a wrong
        SET b 5
        EXEC
        MULTI
        NOSUCHCOMMAND
        SET a 1
        EXEC
        MULTI
        SELECT 5
        SET in-five 1
        EXEC
        MULTI
        SET in-five 2
        SELECT 6
        SET in-six 1
        SELECT 0
        SET in-zero 1
        EXEC
        SET after 1
        SELECT 0
        MULTI
        SADD s a b
        SPOP s 2
        SADD s x
        SPOP s
        EXEC
        MULTI
        SET k v EX 1000000
        EXPIRE k 2000000
        GETEX k PERSIST
        INCRBYFLOAT k2 1.5
        GETDEL k
        EXEC
        WATCH a
        SET a other
        MULTI
        SET a 9
        EXEC
        MULTI
        MSET a 1 b 2
        DEL a
        FLUSHALL
        SET z 1
        EXEC
        ",
    );
}

#[test]
fn restore_in_the_stream() {
    compare(|kind| {
        let server = quiet(kind).start();
        let mut log = Transcript::default();
        let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
        replica.full(&["PSYNC", "?", "-1"], &mut log);
        replica.ack();
        let mut client = server.client();
        assert!(client.run("SET from value").is_ok());
        let dump = client.run("DUMP from");
        let dump = dump.bytes().expect("a payload").to_vec();
        for (ttl, option) in [
            ("0", ""),
            ("1000000000", ""),
            ("0", "REPLACE"),
            ("9000000000123", "ABSTTL"),
            ("1", "ABSTTL"),
        ] {
            let key = format!("to-{ttl}-{option}");
            let mut words: Vec<&[u8]> = vec![b"RESTORE", key.as_bytes(), ttl.as_bytes(), &dump];
            if !option.is_empty() {
                words.push(option.as_bytes());
            }
            log.note("<", &format!("{:?}", client.call(&words)));
            replica.catch_up(&server, &mut log);
        }
        log
    });
}

#[test]
fn blocking_commands_in_the_stream() {
    compare_script(
        "
        b BLPOP q 0
        RPUSH q 1
        r
        b BRPOP q r 0
        LPUSH r 1 2
        r
        b BRPOPLPUSH q dest 0
        RPUSH q 1
        r
        b BLMOVE q dest LEFT LEFT 0
        RPUSH q 2
        r
        b BLMPOP 0 2 none q LEFT COUNT 2
        RPUSH q 1 2 3
        r
        b BZPOPMIN z 0
        ZADD z 1 a 2 b
        r
        b BZPOPMAX none z 0
        r
        b BZMPOP 0 1 z MAX COUNT 3
        ZADD z 1 a 2 b
        r
        # With something there it does not wait, and the stream says what the plain one would.
        RPUSH q 1 2 3 4 5
        BLPOP q 0
        BRPOP q 0
        BRPOPLPUSH q dest 0
        BLMOVE q dest LEFT LEFT 0
        BLMPOP 0 1 q LEFT
        ZADD z 1 a 2 b 3 c
        BZPOPMIN z 0
        BZPOPMAX z 0
        BZMPOP 0 1 z MIN
        # A timeout says nothing.
        b BLPOP none 0.05
        ~ 200
        r
        # In a transaction nobody waits; woken by a transaction it comes after it.
        MULTI
        BLPOP none 0
        RPUSH q x y
        BLPOP q 0
        EXEC
        DEL q
        b BLPOP q 0
        MULTI
        RPUSH q 1
        RPUSH q 2
        SET between 1
        EXEC
        r
        DEL q
        b BLPOP q 0
        MULTI
        RPUSH q 1
        DEL q
        EXEC
        RPUSH q 2
        r
        # By another command than a push.
        RPUSH src a b
        b BLPOP q 0
        RENAME src q
        r
        b BLPOP t 0
        LMOVE q t LEFT RIGHT
        r
        b BLPOP sorted 0
        RPUSH nums 3 1 2
        SORT nums STORE sorted
        r
        # One served by another one who is served.
        b BRPOPLPUSH one two 0
        RPUSH one x
        r
        LRANGE two 0 -1
        b BLPOP wrong 0
        SET wrong string
        DEL wrong
        RPUSH wrong 1
        r
        ",
    );
}

#[test]
fn published_messages_and_wait_in_the_stream() {
    compare_script(
        "
        PUBLISH channel message
        SPUBLISH channel message
        b SUBSCRIBE channel
        r
        PUBLISH channel hello
        r
        MULTI
        PUBLISH channel inside
        SET a 1
        EXEC
        r
        SELECT 3
        PUBLISH channel elsewhere
        SET a 1
        r
        WAIT 1 50
        SET a 2
        WAIT 1 50
        WAIT 1 50
        ",
    );
}

/// PING comes each `repl-ping-replica-period`, and selects no database.
#[test]
fn pings_in_the_stream() {
    compare(|kind| {
        let server = Launch::new(kind).set("repl-ping-replica-period", "1").start();
        let mut log = Transcript::default();
        let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
        replica.full(&["PSYNC", "?", "-1"], &mut log);
        replica.ack();
        replica.take(14, &mut log);
        replica.take(14, &mut log);
        assert!(server.client().run("SET a 1").is_ok());
        replica.take(23 + 27, &mut log);
        replica.take(14, &mut log);
        log
    });
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
    link.say(&sized, &mut log);
    link.hear(&mut log);
    link.say(SELECT, &mut log);
    link.say("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", &mut log);
    link.say(GETACK, &mut log);
    link.hear(&mut log);
    link.say("\n\n*1\r\n$4\r\nPING\r\n", &mut log);
    link.say(GETACK, &mut log);
    // The ACK once a second may come before the answer.
    let heard = link.hear(&mut log);
    if heard.ends_with(" 188") {
        log.0.pop();
        link.hear(&mut log);
    }
    // A command that fails is counted too; nobody is told.
    link.say("*2\r\n$4\r\nINCR\r\n$4\r\nfrom\r\n", &mut log);
    link.hear(&mut log);
    drop(link);

    // It asks for what comes next, and accepts a new id.
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+CONTINUE {NEXT_ID}\r\n"), &mut log);
    link.say("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n1\r\n", &mut log);
    link.hear(&mut log);
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
    link.say([&rdb, mark.as_bytes()].concat(), &mut log);
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
    link.say(&sized, &mut log);
    link.say("*1\r\n$4\r\nPING\r\n", &mut log);
    let silent = link.silent_for(Duration::from_millis(2500));
    log.note("", &format!("silent: {silent}"));
    drop(link);
    let mut link = master.accept();
    link.shake_hands(&mut log);
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
    let server = Launch::new(kind).start();
    assert!(server.client().run(&format!("REPLICAOF 127.0.0.1 {}", master.port)).is_ok());
    let mut link = master.accept();
    link.shake_hands(&mut log);
    link.say(format!("+FULLRESYNC {ID} 1000\r\n${}\r\n", rdb.len()), &mut log);
    link.say(&rdb, &mut log);
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
    link.say(&rdb, &mut log);
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
