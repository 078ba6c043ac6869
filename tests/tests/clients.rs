//! Clients that wait, listen, watch and are paused: the same play on redis-server 7.0.15 and on
//! lockstep, every byte that any of them receives compared, and every byte of the stream.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lockstep_tests::resp::{Value, encode};
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::sync::wait_online;
use lockstep_tests::wait_for;

/// Who plays: clients by letter, `r` is a replica of which only the stream is looked at.
const CAST: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'r'];

/// A server with its cast, and a client that only sees to it that everything has happened.
struct Stage {
    server: Server,
    cast: Vec<(char, TcpStream)>,
    prompter: TcpStream,
    /// Offset of the first byte of the stream, and bytes of the stream so far.
    offset: u64,
    streamed: u64,
}

fn connect(server: &Server) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", server.port)).expect("the server listens");
    socket.set_nodelay(true).expect("a socket option");
    socket
}

/// Takes what has arrived.
fn arrived(socket: &mut TcpStream) -> Vec<u8> {
    socket.set_nonblocking(true).expect("a socket option");
    let (mut all, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        match socket.read(&mut piece) {
            Ok(0) => {
                all.extend_from_slice(b"<closed>");
                break;
            }
            Ok(len) => all.extend_from_slice(&piece[..len]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(_) => {
                all.extend_from_slice(b"<closed>");
                break;
            }
        }
    }
    socket.set_nonblocking(false).expect("a socket option");
    all
}

impl Stage {
    fn new(kind: Kind) -> Self {
        let server = Launch::new(kind).set("repl-ping-replica-period", 3600).start();
        let prompter = connect(&server);
        let cast = CAST.map(|name| (name, connect(&server))).into();
        let mut stage = Self { server, cast, prompter, offset: 0, streamed: 0 };
        for name in CAST {
            // One after the other, so that ids are the same on both sides.
            stage.send(name, b"*1\r\n$4\r\nPING\r\n");
            stage.settle();
            let answer = arrived(stage.socket(name));
            assert_eq!(answer, b"+PONG\r\n");
        }
        stage.follow();
        stage
    }

    fn socket(&mut self, name: char) -> &mut TcpStream {
        let found = self.cast.iter_mut().find(|(known, _)| *known == name);
        &mut found.unwrap_or_else(|| panic!("no {name} in the cast")).1
    }

    fn send(&mut self, name: char, bytes: &[u8]) {
        // Who was sent away cannot speak any more, which the other side shows as well.
        let _ = self.socket(name).write_all(bytes);
    }

    /// Until the server has dealt with everything sent before: it reads sockets in any order, but
    /// all of them before it waits again.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.prompter.write_all(b"PING\r\n").expect("the server lives");
            let mut pong = [0; 7];
            self.prompter.read_exact(&mut pong).expect("the server lives");
            assert_eq!(&pong, b"+PONG\r\n");
        }
    }

    /// `r` becomes a replica.
    fn follow(&mut self) {
        self.send('r', &encode(&["REPLCONF", "capa", "eof", "capa", "psync2"]));
        self.send('r', b"");
        self.settle();
        self.send('r', &encode(&["PSYNC", "?", "-1"]));
        let mut seen = Vec::new();
        let mut mark: Option<Vec<u8>> = None;
        for _ in 0..2000 {
            std::thread::sleep(Duration::from_millis(5));
            seen.extend(arrived(self.socket('r')));
            if mark.is_none()
                && let Some(at) = seen.windows(5).position(|w| w == b"$EOF:")
            {
                mark = seen.get(at + 5..at + 45).map(<[u8]>::to_vec);
            }
            if mark.as_ref().is_some_and(|mark| seen.ends_with(mark) && seen.len() > 200) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        let line = text.lines().find(|line| line.starts_with("+FULLRESYNC")).expect("a resync");
        self.offset = line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("an offset");
        // The stream begins with the first acknowledgement once the replica counts as online.
        wait_for("the replica to be online", Duration::from_secs(20), || {
            self.prompter.write_all(b"INFO replication\r\n").expect("the server lives");
            std::thread::sleep(Duration::from_millis(10));
            let info = String::from_utf8_lossy(&arrived(&mut self.prompter)).into_owned();
            if info.contains("state=online") { Ok(()) } else { Err(info) }
        });
        self.acknowledge();
        self.settle();
        assert_eq!(arrived(self.socket('r')), b"", "nothing is in the stream yet");
    }

    fn acknowledge(&mut self) {
        let offset = (self.offset + self.streamed).to_string();
        self.send('r', &encode(&["REPLCONF", "ACK", &offset]));
    }

    /// Plays one line and returns what everybody received.
    fn play(&mut self, line: &str) -> String {
        match line.split_once(": ") {
            None => panic!("who says {line}?"),
            Some(("r", _)) => self.acknowledge(),
            Some((name, words)) => {
                let (words, pause) = words.split_once(" ~ ").unwrap_or((words, "0"));
                let commands = words.split(" ; ").map(|command| {
                    let words: Vec<Vec<u8>> = command.split(' ').map(unescaped).collect();
                    encode(&words)
                });
                let bytes: Vec<u8> = commands.flatten().collect();
                self.send(name.chars().next().expect("a name"), &bytes);
                let pause = pause.parse().expect("a number of milliseconds");
                std::thread::sleep(Duration::from_millis(pause));
            }
        }
        self.settle();
        let mut told = String::new();
        for (name, socket) in &mut self.cast {
            let bytes = arrived(socket);
            if *name == 'r' {
                self.streamed += bytes.len() as u64;
            }
            if !bytes.is_empty() {
                told.push_str(&format!("    {name} <- {}\n", tidied(&bytes)));
            }
        }
        told
    }
}

fn unescaped(word: &str) -> Vec<u8> {
    word.replace("\\s", " ").replace("\\n", "\n").replace("\\0", "\0").into_bytes()
}

/// Bytes as text; without what differs by nature: times, ports, memory.
fn tidied(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    let mut out = String::new();
    for (index, part) in text.split("[").enumerate() {
        // `+<time> [<db> <address>]` of MONITOR.
        let address = part.split_once(']').filter(|(inside, _)| inside.contains("127.0.0.1:"));
        match address {
            Some((inside, rest)) => {
                let db = inside.split(' ').next().unwrap_or_default();
                out.push_str(&format!("[{db} address]{rest}"));
            }
            None => {
                if index > 0 {
                    out.push('[');
                }
                out.push_str(part);
            }
        }
    }
    without_times(&without_deadlines(&out))
}

/// Deadlines in the stream (`PXAT`, `PEXPIREAT`) are milliseconds of when the command came: 13
/// digits.
fn without_deadlines(text: &str) -> String {
    const BEFORE: &str = r"\r\n$13\r\n";
    let mut parts = text.split(BEFORE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(BEFORE);
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_deadline = part.len() - rest.len() == 13;
        out.push_str(if is_deadline { "deadline" } else { &part[..part.len() - rest.len()] });
        out.push_str(rest);
    }
    out
}

/// `+1700000000.123456 [` becomes `+time [`.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        word.strip_prefix('+').is_some_and(|rest| {
            rest.len() == 17 && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
    };
    let words = text.split(' ').map(|word| {
        let start = word.len().saturating_sub(18);
        match word.get(start..).filter(|end| is_time(end)) {
            Some(_) => format!("{}+time", &word[..start]),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Plays the same on both and compares line by line.
fn compare(lines: impl Iterator<Item = String>) {
    let mut reference = Stage::new(Kind::Redis);
    let mut subject = Stage::new(Kind::Lockstep);
    let mut before: Vec<String> = Vec::new();
    for line in lines {
        let (expected, actual) = (reference.play(&line), subject.play(&line));
        assert_eq!(
            actual,
            expected,
            "after `{line}`, lockstep left, redis right; before it:\n{}\n{}",
            before[before.len().saturating_sub(12)..].join("\n"),
            subject.server.log().lines().rev().take(5).collect::<Vec<_>>().join("\n")
        );
        before.push(line);
    }
    assert_eq!(subject.server.digest(), reference.server.digest());
}

fn script(text: &str) {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    compare(lines.map(str::to_owned));
}

#[test]
fn blocking_commands_wait_and_are_served_alike() {
    script(include_str!("clients/blocking.txt"));
}

#[test]
fn channels_and_monitors_are_alike() {
    script(include_str!("clients/channels.txt"));
}

#[test]
fn what_happens_to_keys_is_published_alike() {
    script(include_str!("clients/notifications.txt"));
}

/// The next message that a client hears.
fn heard(listener: &mut lockstep_tests::resp::Client) -> Vec<String> {
    let message = listener.receive().expect("a message");
    message.items().iter().map(Value::text).collect()
}

/// A replica publishes what its master's stream does to its keys, of whatever kind either is.
#[test]
fn replicas_publish_what_their_master_does_to_keys() {
    let master = Server::redis();
    let events = |kind| {
        let launch = Launch::new(kind).set("notify-keyspace-events", "KEAn");
        let replica = launch.replica_of(&master).start();
        wait_online(&master, &replica);
        let mut listener = replica.client();
        listener.run("PSUBSCRIBE *");
        (replica, listener)
    };
    let (_redis, mut expected) = events(Kind::Redis);
    let (_lockstep, mut actual) = events(Kind::Lockstep);
    let mut client = master.client();
    for line in [
        "SET a 1 PX 20",
        "INCR n",
        "RPUSH l 1 2",
        "LMOVE l m LEFT RIGHT",
        "SPOP s",
        "SADD s a b c",
        "SPOP s 3",
        "SELECT 3",
        "GETEX b EX 5",
        "MULTI",
        "SET b 1",
        "GETEX b EX 5",
        "HINCRBYFLOAT h f 1.5",
        "EXEC",
        "EXPIRE b -1",
    ] {
        client.run(line);
    }
    std::thread::sleep(Duration::from_millis(60));
    client.run("SELECT 0");
    client.run("GET a");
    client.run("PUBLISH over now");
    loop {
        let (redis, lockstep) = (heard(&mut expected), heard(&mut actual));
        assert_eq!(lockstep, redis, "lockstep left, redis right");
        if redis.contains(&"over".to_owned()) {
            break;
        }
    }
}

#[test]
fn keys_given_up_for_memory_are_published() {
    for kind in [Kind::Redis, Kind::Lockstep] {
        let server = Launch::new(kind).set("notify-keyspace-events", "Ee").start();
        let mut listener = server.client();
        listener.run("SUBSCRIBE __keyevent@0__:evicted");
        let mut client = server.client();
        let used = server.info("memory").number("used_memory");
        let limit = (used + 2_000_000).to_string();
        assert!(client.call(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]).is_ok());
        assert!(client.call(&["CONFIG", "SET", "maxmemory", &limit]).is_ok());
        let value = "x".repeat(100_000);
        for n in 0..60 {
            client.call(&["SET", &format!("key:{n}"), &value]);
        }
        let evicted = server.info("stats").number("evicted_keys");
        assert!(evicted > 10, "{kind:?}: {evicted}");
        for _ in 0..evicted {
            let message = heard(&mut listener);
            assert!(message[2].starts_with("key:"), "{kind:?}: {message:?}");
        }
    }
}

#[test]
fn wait_pause_and_unblock_are_alike() {
    script(include_str!("clients/waiting.txt"));
}

/// Many clients wait for a few keys that come into being in every way.
#[test]
fn random_plays_of_waiting_clients_are_alike() {
    let mut rng = Rng::from_env("clients");
    let steps = std::env::var("LOCKSTEP_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let lines: Vec<String> = (0..steps).map(|_| random_line(&mut rng)).collect();
    compare(lines.into_iter());
}

/// A real replica of the other kind ends with what its master holds, and hears what is said there.
#[test]
fn what_waiting_clients_take_reaches_replicas_of_the_other_kind() {
    for (kind, other) in [(Kind::Lockstep, Kind::Redis), (Kind::Redis, Kind::Lockstep)] {
        let mut rng = Rng::from_env("clients with replicas");
        let mut stage = Stage::new(kind);
        let replica = Launch::new(other).replica_of(&stage.server).start();
        let limit = Duration::from_secs(20);
        wait_for("the link", limit, || {
            let status = replica.info("replication").text("master_link_status").to_owned();
            if status == "up" { Ok(()) } else { Err(status) }
        });
        let mut listener = replica.client();
        listener.run("SUBSCRIBE news");
        for _ in 0..500 {
            stage.play(&random_line(&mut rng));
        }
        stage.play("a: PUBLISH news hello");
        let message = listener.receive().expect("a message");
        assert_eq!(message.items().last().map(Value::text), Some("hello".into()), "{kind:?}");
        stage.play("b: WAIT 1 5000");
        let offset = |server: &Server| server.info("replication").number("master_repl_offset");
        wait_for("equal offsets", limit, || {
            let both = (offset(&replica), offset(&stage.server));
            if both.0 == both.1 { Ok(()) } else { Err(format!("{both:?}")) }
        });
        assert_eq!(replica.digest(), stage.server.digest(), "{kind:?} as the master");
    }
}

fn random_line(rng: &mut Rng) -> String {
    const WAITS: [&str; 12] = [
        "BLPOP K 0",
        "BRPOP K K 0",
        "BLPOP K K K 0",
        "BLMOVE K K LEFT RIGHT 0",
        "BLMOVE K K right left 0",
        "BRPOPLPUSH K K 0",
        "BLMPOP 0 2 K K LEFT",
        "BLMPOP 0 1 K RIGHT COUNT 2",
        "BZPOPMIN K 0",
        "BZPOPMAX K K 0",
        "BZMPOP 0 2 K K MIN COUNT 2",
        "MULTI ; BLPOP K 0 ; BLMOVE K K LEFT LEFT 0 ; BZMPOP 0 1 K MAX ; WAIT 1 0 ; EXEC",
    ];
    const ACTS: [&str; 18] = [
        "LPUSH K x",
        "RPUSH K x y z",
        "LPUSHX K q",
        "ZADD K 1 m 2 n 3 o",
        "SET K v",
        "DEL K",
        "DEL K K K",
        "RENAME K K",
        "RENAMENX K K",
        "COPY K K",
        "COPY K K REPLACE",
        "SORT K ALPHA STORE K",
        "LMOVE K K LEFT RIGHT",
        "ZUNIONSTORE K 2 K K",
        "MULTI ; RPUSH K 1 2 3 ; LPUSH K 4 ; EXEC",
        "MULTI ; ZADD K 1 a ; DEL K ; RPUSH K 5 6 ; RENAME K K ; EXEC",
        "LRANGE K 0 -1 ; ZRANGE K 0 -1 WITHSCORES",
        "LPOP K 2",
    ];
    let waits = rng.one_in(2);
    // `a` and `b` never wait, so that something always goes on.
    let name = if waits { *rng.pick(&['c', 'd', 'e']) } else { *rng.pick(&['a', 'b']) };
    if !waits && rng.one_in(9) {
        // The ids of the clients that may wait: the launch's own connection and the prompter first.
        return format!(
            "a: CLIENT UNBLOCK {} {}",
            4 + rng.below(8),
            *rng.pick(&["TIMEOUT", "ERROR"])
        );
    }
    let template = if waits { *rng.pick(&WAITS) } else { *rng.pick(&ACTS) };
    let words = template.split(' ').map(|word| match word {
        "K" => (*rng.pick(&["k1", "k2", "k3"])).to_owned(),
        word => word.to_owned(),
    });
    let words: Vec<String> = words.collect();
    format!("{name}: {}", words.join(" "))
}
