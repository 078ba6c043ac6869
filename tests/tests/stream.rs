//! What the stream says for what clients said: the same script for redis-server and for lockstep, a
//! raw replica attached to each, and every byte compared. Only times may differ.

use std::time::Duration;

use lockstep_tests::server::Kind;
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wire::{RawReplica, Transcript, compare};

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
