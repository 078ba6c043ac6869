//! Bad input over real sockets and files: an error in Redis's words, no crash, little memory, and
//! the dataset as it was.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use lockstep_tests::dataset::{command, fill};
use lockstep_tests::resp::{Client, encode};
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::{root, wait_for};

/// Memory a server with hardly any data may use, whatever it is sent.
const MEMORY_MAX: u64 = 64 * 1024 * 1024;

/// Sends bytes and returns all that comes back until the server closes the connection, or until
/// it has been quiet for a while.
fn answer(server: &Server, bytes: &[u8], quiet: Duration) -> (String, bool) {
    let mut client = server.client();
    let _ = client.send(bytes);
    client.patience(quiet);
    let mut reply = String::new();
    loop {
        match client.line() {
            Ok(line) => reply.push_str(&format!("{}\n", line.escape_ascii())),
            Err(error) => {
                let closed = error.kind() == std::io::ErrorKind::UnexpectedEof;
                let reset = error.kind() == std::io::ErrorKind::ConnectionReset;
                return (reply, closed || reset);
            }
        }
    }
}

/// Requests that lie about their lengths or are no requests.
fn lies() -> Vec<Vec<u8>> {
    let texts: &[&[u8]] = &[
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$10737418240\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870913\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$-1\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$99999999999999999999\r\n",
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$abc\r\n",
        b"*3\r\n$3\r\nSET\r\n:1\r\n",
        b"*1\r\nPING\r\n",
        b"*2147483648\r\n",
        b"*2147483647\r\n",
        b"*1048577\r\n$4\r\nPING\r\n",
        b"*99999999999999999999\r\n",
        b"*abc\r\n",
        b"*-1\r\nPING\r\n",
        b"*0\r\nPING\r\n",
        b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
        b"PING \"unbalanced\r\n",
        b"PING 'a'b\r\n",
        b"\r\n\r\n  \r\nPING\r\n",
        b"\xff\xfe\x01\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.to_vec()).collect();
    all.push(vec![b'a'; 70_000]);
    all.push([b"*".as_slice(), &[b'1'; 70_000]].concat());
    all.push([b"*1\r\n$".as_slice(), &[b'1'; 70_000]].concat());
    all
}

#[test]
fn lies_are_answered_as_by_redis() {
    let (redis, lockstep) = (Server::redis(), Server::lockstep());
    let mut wrong = Vec::new();
    for lie in lies() {
        // Silence shows only with time, and a busy machine may have an answer late.
        let both = |quiet| [&redis, &lockstep].map(|server| answer(server, &lie, quiet));
        let [mut expected, mut actual] = both(Duration::from_millis(300));
        if expected != actual {
            [expected, actual] = both(Duration::from_secs(10));
        }
        if expected != actual {
            let start = &lie[..lie.len().min(60)];
            wrong.push(format!("{}: {expected:?} is not {actual:?}", start.escape_ascii()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(lockstep.client().run("PING").text(), "PONG");
    assert!(lockstep.peak_memory() < MEMORY_MAX, "{} bytes", lockstep.peak_memory());
}

/// Announcing much costs nothing until it comes: a hundred connections promise 512 MB each.
#[test]
fn promises_cost_no_memory() {
    let server = Server::lockstep();
    let mut open = Vec::new();
    for _ in 0..100 {
        let mut client = server.client();
        client.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870000\r\nabc").expect("sent");
        open.push(client);
        let mut client = server.client();
        client.send(b"*1000000\r\n$3\r\nDEL\r\n$100000000\r\n").expect("sent");
        open.push(client);
    }
    assert_eq!(server.client().run("PING").text(), "PONG");
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
}

/// A connection that ends anywhere inside a command leaves nothing behind.
#[test]
fn commands_cut_at_every_byte() {
    let server = Server::lockstep();
    let mut client = server.client();
    assert!(client.run("SET key value").is_ok());
    let digest = server.digest();
    let commands = [
        encode(&["SET", "key", "changed"]),
        encode(&["MSET", "a", "1", "b", "2"]),
        b"SET key inline\r\n".to_vec(),
    ];
    for bytes in &commands {
        for end in 0..bytes.len() {
            let complete = bytes[..end].ends_with(b"\n") && !bytes.starts_with(b"*");
            if !complete {
                server.client().send(&bytes[..end]).expect("sent");
            }
        }
    }
    assert_eq!(client.run("GET key").text(), "value");
    assert_eq!(server.digest(), digest);
}

/// A dump with data of every kind.
fn dump() -> Vec<u8> {
    let server = Server::redis();
    fill(&mut server.client(), &mut Rng::new(7), 400);
    assert!(server.client().run("SAVE").is_ok());
    fs::read(server.path("dump.rdb")).expect("the dump")
}

/// Starts lockstep on a damaged dump: it must refuse, say why, and leave the file as it is.
fn refuses(content: &[u8], words: &[&str]) {
    let launch = Launch::new(Kind::Lockstep).file("dump.rdb", content);
    match launch.try_start() {
        Ok(server) => panic!("a damaged dump was loaded: {:?}", server.info("keyspace")),
        Err(failure) => {
            assert_eq!(failure.status.code(), Some(1), "{:?}\n{}", failure.status, failure.log);
            let log = failure.log.to_lowercase();
            let missing: Vec<_> = words.iter().filter(|word| !log.contains(**word)).collect();
            assert!(missing.is_empty(), "{missing:?} not in\n{}", failure.log);
        }
    }
}

#[test]
fn damaged_dumps_are_refused() {
    let good = dump();
    let mut sum = good.clone();
    *sum.last_mut().expect("a trailer") ^= 1;
    refuses(&sum, &["checksum"]);
    let mut middle = good.clone();
    middle[good.len() / 2] ^= 0x40;
    refuses(&middle, &[]);
    for part in 1..12 {
        refuses(&good[..good.len() * part / 12], &[]);
    }
    refuses(&good[..good.len() - 1], &[]);
    refuses(b"REDIS0099\xff", &["version"]);
    refuses(b"not a dump at all, but long enough to look at", &[]);
    // A string that claims 10 GB (64-bit length), and a list that claims as many elements.
    let huge = [0x81, 0, 0, 0, 2, 0x80, 0, 0, 0];
    refuses(&[b"REDIS0009\x00\x01k".as_slice(), &huge].concat(), &[]);
    refuses(&[b"REDIS0009\x01\x01k".as_slice(), &huge].concat(), &[]);
}

/// A master that says what it is told to, once for each replica that connects.
fn fake_master(payload: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = serve(&stream, &payload);
        }
    });
    port
}

fn serve(mut stream: &TcpStream, payload: &[u8]) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let word = line.trim_end().to_ascii_uppercase();
        match word.as_str() {
            "PING" => stream.write_all(b"+PONG\r\n")?,
            "LISTENING-PORT" | "PSYNC2" => stream.write_all(b"+OK\r\n")?,
            "PSYNC" => {
                stream.write_all(b"+FULLRESYNC 0123456789012345678901234567890123456789 1\r\n")?;
                stream.write_all(payload)?;
                // The rest of the PSYNC, and whatever else the replica has to say.
                stream.set_read_timeout(Some(Duration::from_millis(500)))?;
                let _ = reader.read_to_end(&mut Vec::new());
                return Ok(());
            }
            _ => {}
        }
    }
}

/// A replica whose master sends rubbish keeps what it has.
#[test]
fn a_master_that_lies_costs_no_data() {
    let good = dump();
    let bulk = |content: &[u8]| {
        let mut payload = format!("${}\r\n", content.len()).into_bytes();
        payload.extend_from_slice(content);
        payload
    };
    let mut sum = good.clone();
    *sum.last_mut().expect("a trailer") ^= 1;
    let payloads = [
        bulk(&sum),
        bulk(b"REDIS0099\xff"),
        bulk(&good)[..good.len() / 2].to_vec(),
        b"$10737418240\r\nREDIS0009".to_vec(),
        b"$-5\r\n".to_vec(),
        b"$abc\r\n".to_vec(),
        b"rubbish\r\n".to_vec(),
        b"-ERR no\r\n".to_vec(),
        [b"$EOF:0123456789012345678901234567890123456789\r\n".as_slice(), &good[..100]].concat(),
        b"$EOF:short\r\n".to_vec(),
    ];
    let server = Server::lockstep();
    let mut client: Client = server.client();
    assert!(client.run("SET precious data").is_ok());
    let digest = server.digest();
    for payload in payloads {
        let start = payload[..payload.len().min(40)].escape_ascii().to_string();
        let port = fake_master(payload);
        let reply = client.call(&command(&["REPLICAOF", "127.0.0.1", &port.to_string()]));
        assert!(reply.is_ok(), "{reply:?}");
        wait_for(&format!("the replica to notice {start}"), Duration::from_secs(20), || {
            let log = server.log();
            let tries = log.matches("MASTER <-> REPLICA sync started").count();
            let info = server.info("replication");
            if info.text("master_link_status") == "up" {
                return Err("the link is up".to_owned());
            }
            // A second try shows that the first was given up.
            if tries >= 2 { Ok(()) } else { Err(log.lines().last().unwrap_or("").to_owned()) }
        });
        assert!(client.run("REPLICAOF NO ONE").is_ok());
        assert_eq!(server.digest(), digest, "after {start}");
        fs::write(server.path("log"), "").expect("the log can be emptied");
    }
    assert!(server.peak_memory() < MEMORY_MAX, "{} bytes", server.peak_memory());
}

/// The data files of the tests are whole: a copy that lost bytes would make every test above it
/// pass for the wrong reason.
#[test]
fn test_data_is_whole() {
    let count = fs::read_dir(root().join("tests/data/rdb")).expect("the files").count();
    assert!(count >= 30, "{count} files in tests/data/rdb");
}
