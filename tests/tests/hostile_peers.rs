//! Masters and replicas over real sockets that flood, trickle, lie or go silent: memory stays
//! bounded, what is held stays, the log says what happened, and everybody else is served.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockstep_tests::dataset::command;
use lockstep_tests::info::Info;
use lockstep_tests::resp::Client;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::wait_for;
use lockstep_tests::wire::{RawMaster, RawReplica, Transcript, compare};

const MB: u64 = 1024 * 1024;
/// Memory a server with hardly any data may use, whatever it is sent.
const MEMORY_MAX: u64 = 64 * MB;
const PATIENCE: Duration = Duration::from_secs(30);
/// An RDB of no keys, without a checksum.
const EMPTY_RDB: &[u8] = b"REDIS0009\xff\0\0\0\0\0\0\0\0";

/// A master that gives each replica's connection to `speak` when the replica has asked for a full
/// resynchronisation, and how many bytes it got rid of.
fn fake_master(
    speak: impl Fn(&mut TcpStream, &AtomicU64) -> std::io::Result<()> + Send + Sync + 'static,
) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = greet(stream, &speak, &counter);
        }
    });
    (port, sent)
}

fn greet(
    mut stream: TcpStream,
    speak: impl Fn(&mut TcpStream, &AtomicU64) -> std::io::Result<()>,
    sent: &AtomicU64,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        match line.trim_end().to_ascii_uppercase().as_str() {
            "PING" => stream.write_all(b"+PONG\r\n")?,
            "LISTENING-PORT" | "PSYNC2" => stream.write_all(b"+OK\r\n")?,
            "PSYNC" => {
                stream.write_all(b"+FULLRESYNC 0123456789012345678901234567890123456789 1\r\n")?;
                return speak(&mut stream, sent);
            }
            _ => {}
        }
        line.clear();
    }
    Ok(())
}

/// Sends the same piece until the other end has had enough, or `most` bytes are gone.
fn flood(stream: &mut TcpStream, piece: &[u8], most: u64, sent: &AtomicU64) -> std::io::Result<()> {
    let mut gone = 0;
    while gone < most {
        stream.write_all(piece)?;
        gone += piece.len() as u64;
        sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

/// A replica with data, told to follow this port.
fn replica_of(port: u16) -> (Server, Client, String) {
    let server = Server::lockstep();
    let (client, digest) = follow(&server, port);
    (server, client, digest)
}

/// Gives a server data, and tells it to follow this port.
fn follow(server: &Server, port: u16) -> (Client, String) {
    let mut client = server.client();
    assert!(client.run("SET precious data").is_ok());
    let digest = server.digest();
    let reply = client.call(&command(&["REPLICAOF", "127.0.0.1", &port.to_string()]));
    assert!(reply.is_ok(), "{reply:?}");
    (client, digest)
}

fn wait_log(server: &Server, words: &str) {
    wait_for(words, PATIENCE, || {
        let log = server.log();
        if log.contains(words) { Ok(()) } else { Err(log.lines().last().unwrap_or("").to_owned()) }
    });
}

fn wait_sent(sent: &AtomicU64, bytes: u64) {
    wait_for("the flood", PATIENCE, || {
        let gone = sent.load(Ordering::Relaxed);
        if gone >= bytes { Ok(()) } else { Err(format!("{gone} bytes so far")) }
    });
}

fn is_unharmed(server: &Server, client: &mut Client, digest: &str) {
    assert_eq!(client.run("GET precious").text(), "data");
    assert_eq!(server.digest(), digest);
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
}

#[test]
fn what_follows_an_rdb_inside_the_announced_length_costs_no_memory() {
    let (port, sent) = fake_master(|stream, sent| {
        stream.write_all(b"$10737418240\r\n")?;
        stream.write_all(EMPTY_RDB)?;
        flood(stream, &vec![0; MB as usize], 10 * 1024 * MB, sent)
    });
    let (server, mut client, digest) = replica_of(port);
    // By default all that comes is written to a file as well: ten gigabytes are the next test's.
    wait_sent(&sent, 256 * MB);
    is_unharmed(&server, &mut client, &digest);
    assert_eq!(server.info("replication").text("master_sync_in_progress"), "1");
    assert!(client.run("REPLICAOF NO ONE").is_ok());
    is_unharmed(&server, &mut client, &digest);
}

#[test]
fn ten_gigabytes_cost_no_memory() {
    // All that was announced but the end; then the link breaks.
    const FLOOD: u64 = 10 * 1024 * MB - MB;
    let (port, sent) = fake_master(|stream, sent| {
        if sent.load(Ordering::Relaxed) > 0 {
            return Ok(());
        }
        stream.write_all(b"$10737418240\r\n")?;
        stream.write_all(EMPTY_RDB)?;
        flood(stream, &vec![0; MB as usize], FLOOD, sent)
    });
    let server = Launch::new(Kind::Lockstep).set("repl-diskless-load", "swapdb").start();
    let (mut client, digest) = follow(&server, port);
    for share in 1..=10 {
        wait_sent(&sent, FLOOD * share / 10);
        assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
    }
    wait_log(&server, "Failed trying to load the MASTER synchronization DB from socket");
    let log = server.log();
    let read = log.split("RDB reading offset ").nth(1).and_then(|rest| rest.split(',').next());
    let read: u64 = read.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{log}"));
    assert_eq!(read, FLOOD + EMPTY_RDB.len() as u64, "all of it was read");
    is_unharmed(&server, &mut client, &digest);
}

#[test]
fn rubbish_and_endless_lines_are_given_up_at_once() {
    let cases: [(&[u8], &str); 4] = [
        (b"$10737418240\r\nREDIS0009", "Failed trying to load the MASTER synchronization DB"),
        (b"$EOF:0123456789012345678901234567890123456789\r\n", "Failed trying to load the MASTER"),
        (b"", "I/O error reading bulk count from MASTER: line too long"),
        (b"$EOF:short\r\n", "Bad protocol from MASTER"),
    ];
    for (start, words) in cases {
        let (port, _) = fake_master(move |stream, sent| {
            stream.write_all(start)?;
            flood(stream, &vec![b'x'; MB as usize], 10 * 1024 * MB, sent)
        });
        let (server, mut client, digest) = replica_of(port);
        wait_log(&server, words);
        is_unharmed(&server, &mut client, &digest);
    }
}

#[test]
fn an_endless_command_in_the_stream_is_given_up() {
    for (flooded, words) in [(b"x".as_slice(), "Protocol error from master"), (b"\n", "")] {
        let (port, sent) = fake_master(move |stream, sent| {
            stream.write_all(format!("${}\r\n", EMPTY_RDB.len()).as_bytes())?;
            stream.write_all(EMPTY_RDB)?;
            flood(stream, &flooded.repeat(MB as usize), 10 * 1024 * MB, sent)
        });
        let (server, mut client, _) = replica_of(port);
        if words.is_empty() {
            // Newlines are keepalives: they may go on, and cost nothing.
            wait_sent(&sent, 32 * MB);
        } else {
            wait_log(&server, words);
        }
        assert!(client.run("PING").text() == "PONG");
        assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
    }
}

#[test]
fn a_master_that_trickles_is_followed() {
    let (port, _) = fake_master(|stream, _| {
        stream.set_nodelay(true)?;
        let set = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n";
        let header = format!("${}\r\n", EMPTY_RDB.len()).into_bytes();
        for byte in [header.as_slice(), EMPTY_RDB, set].concat() {
            stream.write_all(&[byte])?;
            std::thread::sleep(Duration::from_millis(1));
        }
        stream.read_to_end(&mut Vec::new()).map(|_| ())
    });
    let (_server, mut client, _) = replica_of(port);
    wait_for("the trickled command", PATIENCE, || {
        let reply = client.run("STRLEN a");
        if reply.int() == 1 { Ok(()) } else { Err(format!("{reply:?}")) }
    });
}

/// Becomes a replica by hand; what follows the `+FULLRESYNC` is not read.
fn become_replica(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    stream.write_all(b"REPLCONF capa eof capa psync2\r\n").expect("sent");
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    assert_eq!(line, "+OK\r\n");
    stream.write_all(b"PSYNC ? -1\r\n").expect("sent");
    stream
}

#[test]
fn replicas_that_never_read_are_dropped_and_cost_no_more_than_their_limit() {
    let server = Launch::new(Kind::Lockstep)
        .set("client-output-buffer-limit", "replica 4mb 2mb 5")
        .set("repl-backlog-size", "1mb")
        .start();
    let mut client = server.client();
    let deaf: Vec<TcpStream> = (0..10).map(|_| become_replica(&server)).collect();
    wait_for("ten replicas", PATIENCE, || {
        let count = server.info("replication").text("connected_slaves").to_owned();
        if count == "10" { Ok(()) } else { Err(count) }
    });
    let value = "x".repeat(100_000);
    for _ in 0..1_000 {
        assert!(client.call(&["SET", "key", &value]).is_ok());
    }
    wait_log(&server, "scheduled to be closed ASAP for overcoming of output buffer limits");
    wait_for("no replica", PATIENCE, || {
        let count = server.info("replication").text("connected_slaves").to_owned();
        if count == "0" { Ok(()) } else { Err(count) }
    });
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
    drop(deaf);
}

#[test]
fn a_replica_that_reads_byte_by_byte_gets_everything() {
    let server = Server::lockstep();
    assert!(server.client().run("SET precious data").is_ok());
    let mut replica = become_replica(&server);
    let mut got = Vec::new();
    replica.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mark = |got: &[u8]| {
        let at = got.windows(5).position(|w| w == b"$EOF:")? + 5;
        got.get(at..at + 40).map(<[u8]>::to_vec)
    };
    while mark(&got).is_none_or(|mark| !got.ends_with(&mark) || got.len() < 200) {
        let mut byte = [0];
        replica.read_exact(&mut byte).expect("one more byte");
        got.push(byte[0]);
    }
    replica.write_all(b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$1\r\n0\r\n").expect("sent");
    assert!(server.client().run("SET more 1").is_ok());
    got.clear();
    while !got.ends_with(b"$4\r\nmore\r\n$1\r\n1\r\n") {
        let mut byte = [0];
        replica.read_exact(&mut byte).expect("one more byte");
        got.push(byte[0]);
    }
}

#[test]
fn impossible_replicas_are_disconnected_with_a_line_in_the_log() {
    let server = Server::lockstep();
    let mut client = server.client();
    assert!(client.run("SET precious data").is_ok());
    let cases: [(&[u8], &str); 3] = [
        (b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$9\r\n999999999\r\n", "acknowledged offset"),
        (b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n-7\r\n", "acknowledged offset -7"),
        (b"*1\r\n$8\r\nFLUSHALL\r\n", "disconnecting it"),
    ];
    for (bytes, words) in cases {
        let mut replica = become_replica(&server);
        replica.write_all(bytes).expect("sent");
        wait_log(&server, words);
        let mut rest = Vec::new();
        replica.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let ended = replica.read_to_end(&mut rest);
        assert!(ended.is_ok() || replica.shutdown(Shutdown::Both).is_err(), "{words}: {ended:?}");
    }
    let mut overlong = server.client();
    let id = "f".repeat(10_000_000);
    let _ = overlong
        .send(format!("*3\r\n$5\r\nPSYNC\r\n${}\r\n{id}\r\n$1\r\n1\r\n", id.len()).as_bytes());
    wait_log(&server, "has not had that id since it started");
    assert!(server.log().len() < 100_000, "{} bytes of log", server.log().len());
    assert_eq!(client.run("GET precious").text(), "data");
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
}

const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const SELECT: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// `SET <letter> 1`, as a master says it.
fn set(letter: char) -> Vec<u8> {
    format!("*3\r\n$3\r\nSET\r\n$1\r\n{letter}\r\n$1\r\n1\r\n").into_bytes()
}

/// A master that stops anywhere in the middle of what it says; what the replica asks for next, and
/// what it holds.
fn a_master_that_stops(kind: Kind) -> Transcript {
    let log = &mut Transcript::default();
    let master = RawMaster::new();
    let server = Launch::new(kind).set("replica-announce-port", "7777").start();
    let mut client = server.client();
    assert!(client.run("SET precious data").is_ok());
    assert!(client.run(&format!("REPLICAOF 127.0.0.1 {}", master.port)).is_ok());
    let full = format!("+FULLRESYNC {ID} 1000\r\n").into_bytes();
    let header = format!("${}\r\n", EMPTY_RDB.len()).into_bytes();
    let whole = [&full, &header, EMPTY_RDB].concat();
    // In the middle of the answer, before and in the middle of the length, of the snapshot.
    for len in [8, full.len(), full.len() + 1, full.len() + header.len(), whole.len() - 1] {
        let mut link = master.accept();
        link.shake_hands(log);
        link.say(&whole[..len], log);
        link.hang_up(log);
        log.note("precious", &client.run("GET precious").text());
    }
    // In the middle of a command, of a transaction, of the length of a word: after the bytes that
    // count. The last is said whole.
    let mut offset = 1000;
    for (number, (counted, cut_off)) in [
        ([SELECT, &set('a')].concat(), set('b')[..20].to_vec()),
        (set('b'), [MULTI, &set('c')].concat()),
        ([MULTI, &set('c'), EXEC].concat(), b"*3\r\n$1".to_vec()),
        (set('d'), Vec::new()),
    ]
    .iter()
    .enumerate()
    {
        let mut link = master.accept();
        link.shake_hands(log);
        link.say(if number == 0 { &whole } else { &b"+CONTINUE\r\n"[..] }, log);
        link.say([counted.as_slice(), cut_off].concat(), log);
        offset += counted.len() as i64;
        let read = offset + cut_off.len() as i64;
        wait_for("all that was said", PATIENCE, || {
            let info = server.info("replication");
            let seen = info.get("slave_read_repl_offset").and_then(|n| n.parse::<i64>().ok());
            if seen == Some(read) { Ok(()) } else { Err(format!("{read}: {info:?}")) }
        });
        link.hang_up(log);
        let counted = server.info("replication").number("slave_repl_offset");
        assert_eq!(counted, offset, "{kind:?}");
        log.note("has", &format!("{:?}", client.run("EXISTS precious a b c d")));
    }
    std::mem::take(log)
}

#[test]
fn a_master_that_stops_in_the_middle_is_asked_for_what_is_missing() {
    compare(a_master_that_stops);
}

/// Replicas that ask for what cannot be; each is answered, and nobody is worse off.
#[test]
fn absurd_requests_are_answered_as_by_redis() {
    compare(|kind| {
        let log = &mut Transcript::default();
        let server = Launch::new(kind).set("repl-ping-replica-period", "3600").start();
        assert!(server.client().run("SET precious data").is_ok());
        let modern: &[&str] = &["eof", "psync2"];
        RawReplica::introduce(&server, modern, log).full(&["PSYNC", "?", "-1"], log);
        let own = server.info("replication").text("master_replid").to_owned();
        let most = i64::MAX.to_string();
        let least = i64::MIN.to_string();
        let zeros = "0".repeat(40);
        for id in [own.as_str(), "?", "", &zeros, "\r\n"] {
            for offset in [most.as_str(), &least, "-2"] {
                let mut replica = RawReplica::introduce(&server, modern, log);
                replica.full(&["PSYNC", id, offset], log);
            }
            for offset in ["9223372036854775808", "1e3", "0x10", "", " 1", "1.0", "+1"] {
                let mut replica = RawReplica::introduce(&server, modern, log);
                replica.ask(&["PSYNC", id, offset], log);
            }
        }
        log.note("precious", &server.client().run("GET precious").text());
        std::mem::take(log)
    });
}

/// A client that says more than fits into its buffer is closed, with its first bytes in the log.
#[test]
fn a_command_longer_than_the_query_buffer_s_limit_closes_its_client() {
    for kind in [Kind::Redis, Kind::Lockstep] {
        let server = Launch::new(kind).set("client-query-buffer-limit", "1mb").start();
        let mut talker = server.client();
        let mut sent = talker.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$500000000\r\n");
        for _ in 0..512 {
            sent = sent.and_then(|()| talker.send(&[b'x'; MB as usize]));
        }
        assert!(sent.is_err(), "{kind:?} took 512 MB");
        wait_log(&server, "Closing client that reached max query buffer length: ");
        let log = server.log();
        assert!(log.contains("(qbuf initial bytes: \""), "{kind:?}: {log}");
        assert_eq!(server.client().run("PING").text(), "PONG");
        assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
    }
}

#[test]
fn ten_thousand_connections_are_served_and_one_more_is_told_why_not() {
    let server = Launch::new(Kind::Lockstep).set("maxclients", "9000").start();
    let mut first = server.client();
    let mut open = Vec::new();
    for number in 0..9_100 {
        match TcpStream::connect(("127.0.0.1", server.port)) {
            Ok(stream) => open.push(stream),
            Err(error) => panic!("connection {number}: {error}"),
        }
    }
    assert_eq!(first.run("PING").text(), "PONG");
    let mut last = open.pop().expect("a connection");
    last.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut said = String::new();
    let _ = last.read_to_string(&mut said);
    assert_eq!(said, "-ERR max number of clients reached\r\n");
    let stats = Info::parse(&first.call(&["INFO", "stats"]).text());
    let rejected = stats.number("rejected_connections");
    assert!(rejected >= 100, "{rejected}");
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
    open.clear();
    wait_for("room again", PATIENCE, || {
        let reply = server.client().try_call(&["PING"]).map_err(|e| e.to_string())?;
        if reply.text() == "PONG" { Ok(()) } else { Err(reply.text()) }
    });
}
