//! `SYNC` typed by hand, as with telnet: the snapshot, then the stream; and the stream is that of
//! redis-server, command for command, for what clients may say.

use std::time::Duration;

use lockstep_tests::dataset::{Command, command};
use lockstep_tests::resp::{Client, Value};
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::wire::unix_ms;

/// Types `SYNC` and reads the snapshot.
fn sync(server: &Server) -> (Client, Vec<u8>) {
    let mut client = server.client();
    client.patience(Duration::from_secs(20));
    // People type one letter at a time, and telnet ends lines with both characters.
    for letter in b"SYNC\r\n" {
        client.send(&[*letter]).expect("typing");
        std::thread::sleep(Duration::from_millis(2));
    }
    let length = loop {
        let line = client.line().expect("a reply to SYNC");
        if let Some(length) = line.strip_prefix(b"$") {
            break String::from_utf8_lossy(length).parse::<usize>().expect("a length");
        }
        assert!(line.is_empty(), "only keepalives come before: {}", line.escape_ascii());
    };
    let rdb = client.exact(length).expect("the snapshot");
    (client, rdb)
}

/// Reads commands of the stream until one is `last`; pings are left out.
fn stream(client: &mut Client, last: &Command) -> Vec<Command> {
    let mut found = Vec::new();
    loop {
        let value = client.receive().expect("the stream goes on");
        let Value::Array(words) = value else { panic!("not a command: {value:?}") };
        let words: Command =
            words.iter().map(|word| word.bytes().expect("a bulk string").to_vec()).collect();
        let ping = words[0].eq_ignore_ascii_case(b"PING");
        if !ping {
            found.push(words);
        }
        if found.last() == Some(last) {
            return found;
        }
    }
}

#[test]
fn snapshot_then_stream() {
    let server = Server::lockstep();
    let mut client = server.client();
    assert!(client.run("SET before sync").is_ok());
    assert_eq!(client.run("RPUSH list a b c").int(), 3);
    let (mut telnet, rdb) = sync(&server);
    assert!(rdb.starts_with(b"REDIS00"), "{}", rdb[..9].escape_ascii());

    // The snapshot is a whole dump: redis-server loads it and has the same.
    let redis = Launch::new(Kind::Redis).file("dump.rdb", &rdb).start();
    assert_eq!(redis.digest(), server.digest());
    assert_eq!(redis.client().run("GET before").text(), "sync");

    // Then comes what clients write, to the byte.
    assert!(client.run("SET name chaoge").is_ok());
    let expected: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n\
        *3\r\n$3\r\nSET\r\n$4\r\nname\r\n$6\r\nchaoge\r\n";
    let bytes = telnet.exact(expected.len()).expect("the stream");
    assert_eq!(bytes.escape_ascii().to_string(), expected.escape_ascii().to_string());

    let info = server.info("replication");
    assert_eq!(info.text("connected_slaves"), "1");
    assert_eq!(info.replica(0).expect("slave0")["state"], "online");
}

/// What clients say, one line each; `|` ends a command inside a line of one connection.
const SAID: &[&str] = &[
    "SET a 1",
    "SET a 2 EX 1000",
    "SET a 3 PX 1000000 GET",
    "SET a 4 EXAT 4102444800",
    "SET a 5 KEEPTTL",
    "SET a 6 NX",
    "SETEX b 1000 x",
    "PSETEX b 1000000 y",
    "SETNX b z",
    "GETEX b EX 2000",
    "GETEX b PERSIST",
    "GETEX b",
    "GETSET b c",
    "GETDEL b",
    "GETDEL b",
    "MSET a 1 b 2",
    "MSETNX a 1 c 2",
    "APPEND a 7",
    "INCR n",
    "INCRBY n 5",
    "DECR n",
    "INCRBYFLOAT n 0.5",
    "SETRANGE a 3 x",
    "SETBIT bits 7 1",
    "EXPIRE a 1000",
    "PEXPIRE a 1000000",
    "EXPIREAT a 4102444800",
    "PEXPIREAT a 4102444800000",
    "EXPIRE missing 10",
    "PERSIST a",
    "PERSIST a",
    "EXPIRE a -1",
    "SET a 1",
    "EXPIREAT a 1",
    "HSET h f 1 g 2",
    "HSETNX h f 1",
    "HINCRBY h f 2",
    "HINCRBYFLOAT h f 0.25",
    "HDEL h f",
    "HDEL h f",
    "RPUSH l a b c d e",
    "LPUSHX nothing a",
    "LPOP l",
    "RPOP l 2",
    "LMOVE l m LEFT RIGHT",
    "RPOPLPUSH l m",
    "BLPOP m 0",
    "RPUSH l a b c d e",
    "BRPOP l 0",
    "BLMOVE l m LEFT LEFT 0",
    "BRPOPLPUSH l m 0",
    "LMPOP 2 nothing l LEFT COUNT 2",
    "BLMPOP 0 2 nothing m RIGHT",
    "LREM m 0 nothing",
    "SADD s a b c",
    "SADD s a",
    "SPOP s 100",
    "SADD one x",
    "SPOP one",
    "SADD s a b",
    "SADD t b c",
    "SINTERSTORE u s t",
    "SMOVE s t a",
    "SREM s nothing",
    "ZADD z 1 a 2 b 3 c",
    "ZADD z 1 a",
    "ZADD z INCR 1 a",
    "ZINCRBY z 1.5 a",
    "ZPOPMIN z",
    "ZPOPMAX z 1",
    "ZADD z 1 a 2 b 3 c",
    "BZPOPMIN z 0",
    "ZMPOP 1 z MAX",
    "BZMPOP 0 1 z MIN COUNT 2",
    "ZADD z 1 a 2 b",
    "ZRANGESTORE y z 0 -1",
    "ZUNIONSTORE y 2 y z",
    "SORT z STORE l",
    "DEL nothing",
    "UNLINK y",
    "RENAME z w",
    "COPY w v",
    "TOUCH w",
    "MULTI | SET a 1 | INCR a | EXEC",
    "MULTI | SET a 1 | EXEC",
    "MULTI | GET a | EXEC",
    "MULTI | EXEC",
    "MULTI | SET a 1 | DISCARD",
    "MULTI | SELECT 3 | SET a 1 | SELECT 0 | SET b 1 | EXEC",
    "SELECT 2 | SET a 1",
    "SET b 1",
    "MOVE b 5",
    "SWAPDB 0 2",
    "SELECT 4 | FLUSHDB",
    "FLUSHDB",
    "FLUSHALL",
];

/// What a master of this kind streams for [`SAID`].
fn streamed(kind: Kind) -> Vec<Command> {
    let server = Launch::new(kind).start();
    let (mut telnet, _) = sync(&server);
    for line in SAID {
        let mut client = server.client();
        for part in line.split(" | ") {
            client.run(part);
        }
    }
    let last = command(&["SET", "the", "end"]);
    server.client().call(&last);
    stream(&mut telnet, &last)
}

/// A line for each command; times within a minute are the same time.
fn lines(commands: &[Command], epoch: i64) -> Vec<String> {
    let word = |word: &Vec<u8>| {
        let text = String::from_utf8_lossy(word).into_owned();
        match text.parse::<i64>() {
            Ok(ms) if text.len() == 13 && (ms - epoch).abs() < 3_000_000 => {
                format!("(now + {} min)", (ms - epoch) / 60_000)
            }
            _ => text,
        }
    };
    commands.iter().map(|c| c.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn stream_is_that_of_redis() {
    let [expected, actual] = [Kind::Redis, Kind::Lockstep].map(|kind| {
        let epoch = unix_ms();
        lines(&streamed(kind), epoch)
    });
    for (index, (one, other)) in expected.iter().zip(&actual).enumerate() {
        let before = expected[index.saturating_sub(3)..index].join("\n    ");
        assert_eq!(one, other, "command {index} of the stream, after\n    {before}");
    }
    assert_eq!(expected.len(), actual.len());
}
