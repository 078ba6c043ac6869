//! `lockstep play` with real nodes: what it starts, what it tells, to whom, and how it ends.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Dir, PATIENCE, Server, command, expect, free_port, until};
use tungstenite::{Message, WebSocket, client::IntoClientRequest as _};

/// `lockstep play` with nodes.
struct Play {
    child: Child,
    http: u16,
    /// The nodes' ports.
    ports: Vec<u16>,
    dir: Dir,
}

impl Play {
    fn start(args: &[&str], nodes: usize) -> Self {
        let dir = Dir::new();
        let ports: Vec<String> = (0..nodes).map(|_| free_port().to_string()).collect();
        let ports = ports.join(",");
        let own: &[&str] = if nodes > 0 { &["--nodes", &ports] } else { &[] };
        let mut command = command(&dir, &[&["play", "--http-port", "0"], own, args].concat());
        // Its directories are looked for in here.
        command.env("TMPDIR", &dir.0).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut line = || lines.next().expect("a line").expect("text");
        let first = line();
        let port = first.strip_prefix("Lockstep playground: http://127.0.0.1:").expect(&first);
        let http = port.parse().expect("a port");
        line();
        let port = |line: String| line.split_whitespace().nth(2)?.parse().ok();
        let ports = (0..nodes).map(|_| port(line()).expect("a port")).collect();
        Self { child, http, ports, dir }
    }

    /// Opens the WebSocket as a page does.
    fn follow(&self) -> WebSocket<TcpStream> {
        let mut request =
            format!("ws://127.0.0.1:{}/live", self.http).into_client_request().expect("a request");
        let origin = format!("http://127.0.0.1:{}", self.http);
        request.headers_mut().insert("origin", origin.parse().expect("a header"));
        let stream = TcpStream::connect(("127.0.0.1", self.http)).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        tungstenite::client(request, stream).expect("it is opened").0
    }

    fn node(&self, index: usize) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.ports[index])).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.dir.0).expect("a directory").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads, and answers, until the story has a line in which all these words are.
fn read_until(socket: &mut WebSocket<TcpStream>, words: &[&str]) -> String {
    let (mut story, start) = (String::new(), Instant::now());
    loop {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {words:?}:\n{story}");
        if let Message::Text(text) = socket.read().expect("a message") {
            story.push_str(&text);
            socket.send(Message::text("")).expect("an answer");
            if story.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return story;
            }
        }
    }
}

#[test]
fn what_is_typed_into_a_node_is_told_to_the_page_as_one_story() {
    let play = Play::start(&[], 3);
    let mut page = play.follow();
    let story = read_until(&mut page, &[" n0 ", "replica1=online"]);
    assert!(story.starts_with("# lockstep trace 1\n# live nodes\n# started "), "{story}");
    for (n, port) in play.ports.iter().enumerate() {
        assert!(story.contains(&format!("# node n{n} 127.0.0.1:{port}\n")), "{story}");
    }
    let psync = "send wire=w0 to=n0 kind=handshake bytes=\"*3\\r\\n$5\\r\\nPSYNC\\r\\n$1\\r\\n?";
    assert!(story.contains(psync) && story.contains("psync-decided"), "{story}");
    expect(&mut play.node(0), "SET name chaoge\r\n", "+OK\r\n");
    let story = read_until(&mut page, &[" n2 applied "]);
    // The command, and SELECT before it.
    assert!(story.contains("bytes=\"SET name chaoge\\r\\n\"") && story.contains("why=select"));
    let mut last = 0.0;
    for line in story.lines().filter(|line| !line.starts_with('#')) {
        let time: f64 = line.split(' ').next().and_then(|t| t.parse().ok()).expect(line);
        assert!(time >= last, "{line} is told after {last}");
        last = time;
    }
    // Who comes later is told all of it.
    let again = read_until(&mut play.follow(), &[" n2 applied "]);
    assert!(again.starts_with("# lockstep trace 1\n") && again.contains("PSYNC"), "{again}");
    expect(&mut play.node(2), "SHUTDOWN NOSAVE\r\n", "");
    read_until(&mut page, &["# ended n2"]);
}

#[test]
fn a_page_that_does_not_read_slows_no_node_and_is_told_what_it_missed() {
    let play = Play::start(&[], 1);
    let mut page = play.follow();
    read_until(&mut page, &["# live nodes"]);
    let mut node = play.node(0);
    let value = "x".repeat(10_000);
    let set = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000\r\n{value}\r\n");
    let start = Instant::now();
    for _ in 0..40 {
        expect(&mut node, &set.repeat(100), &"+OK\r\n".repeat(100));
    }
    // 40 MB went in, which a trace would double: nobody waited for that to be read.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // Once its trace has been read there is room for more.
    std::thread::sleep(Duration::from_secs(2));
    expect(&mut node, "SET last one\r\n", "+OK\r\n");
    let story = read_until(&mut page, &["SET last one"]);
    let missed = story.lines().filter_map(|line| line.strip_prefix("# left-out "));
    let missed: u64 = missed.map(|count| count.parse::<u64>().expect("a number")).sum();
    assert!(missed > 1_000, "{missed} of {} lines", story.lines().count());
    let status = format!("/proc/{}/status", play.child.id());
    let status = std::fs::read_to_string(status).expect("its status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let kb: u64 = peak.split_whitespace().next().and_then(|n| n.parse().ok()).expect(peak);
    assert!(kb < 150_000, "{kb} KB");
}

#[test]
fn only_its_own_page_is_let_in() {
    let play = Play::start(&[], 1);
    let ask = |host: &str, origin: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", play.http)).expect("a connection");
        let request = format!(
            "GET /live HTTP/1.1\r\nHost: {host}\r\n{origin}Upgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it is sent");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    };
    let own = format!("127.0.0.1:{}", play.http);
    assert_eq!(ask(&own, &format!("Origin: http://{own}\r\n")), "HTTP/1.1 101");
    assert_eq!(ask(&own, ""), "HTTP/1.1 403", "without an origin it is no page");
    assert_eq!(ask(&own, "Origin: https://evil.example\r\n"), "HTTP/1.1 403");
    assert_eq!(ask(&own, "Origin: http://127.0.0.1:1\r\n"), "HTTP/1.1 403", "another port");
    let rebound = format!("evil.example:{}", play.http);
    assert_eq!(ask(&rebound, &format!("Origin: http://{rebound}\r\n")), "HTTP/1.1 421");
    // Not more pages than there are seats, and those who leave make room.
    let pages: Vec<_> = (0..8).map(|_| play.follow()).collect();
    until("no room", || ask(&own, &format!("Origin: http://{own}\r\n")) == "HTTP/1.1 503");
    drop(pages);
    until("room", || ask(&own, &format!("Origin: http://{own}\r\n")) == "HTTP/1.1 101");
}

#[test]
fn at_the_end_no_process_and_no_file_is_left() {
    for signal in ["-TERM", "-INT", "-KILL"] {
        let mut play = Play::start(&[], 2);
        let mut page = play.follow();
        read_until(&mut page, &["# live nodes"]);
        assert_eq!(play.left().len(), 1, "{:?}", play.left());
        let pid = play.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        let status = play.child.wait().expect("its status");
        until("the nodes' end", || {
            play.ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_err())
        });
        if signal == "-KILL" {
            // Killed, it could not clear up: the next one does.
            assert_eq!(play.left().len(), 1);
            let dir = Dir(std::mem::take(&mut play.dir.0));
            let port = free_port().to_string();
            let mut command = command(&dir, &["play", "--http-port", "0", "--nodes", &port]);
            let next = command.env("TMPDIR", &dir.0).stdout(Stdio::null()).spawn();
            play.child = next.expect("the binary runs");
            play.dir = dir;
            until("cleared", || play.left().len() == 1 && connects(port.parse().expect("a port")));
        } else {
            assert_eq!(status.code(), Some(0));
            assert_eq!(play.left(), Vec::<String>::new());
            let end = std::iter::from_fn(|| page.read().ok()).last().expect("an end");
            assert!(matches!(end, Message::Close(_)), "{end}");
        }
    }
}

fn connects(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn a_redis_is_followed_as_a_replica_with_its_password_which_is_not_told() {
    let redis = Server::start(&["--requirepass", "se cret", "--repl-diskless-sync-delay", "0"]);
    let address = format!("127.0.0.1:{}", redis.port);
    let play = Play::start(&["--follow", &address, "--pass", "se cret"], 0);
    let mut page = play.follow();
    let story = read_until(&mut page, &[" n0 state role=replica", "link=connected"]);
    assert!(story.contains(&format!("# live follow {address}\n")), "{story}");
    let reply = format!(" n0 recv wire=w0 from={address} kind=reply bytes=\"+FULLRESYNC ");
    assert!(story.contains(&reply), "{story}");
    assert!(story.contains("kind=rdb-header") && !story.contains("cret"), "{story}");
    expect(&mut redis.connect(), "AUTH \"se cret\"\r\nSET a 1\r\n", "+OK\r\n+OK\r\n");
    read_until(&mut page, &[" n0 applied "]);
}

#[test]
fn what_cannot_be_started_says_why() {
    let dir = Dir::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let play = |args: &[&str]| {
        let out = common::run(&dir, &[&["play", "--http-port", "0"], args].concat());
        assert!(!out.status.success(), "{out:?}");
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    let error = play(&["--nodes", &port]);
    let expected = format!("lockstep: can't listen on 127.0.0.1:{port}: Address already in use.");
    assert!(error.starts_with(&expected), "{error}");
    assert!(play(&["--nodes", "x"]).contains("--nodes takes a number of nodes from 1 to 9"));
    assert!(play(&["--follow", "somewhere"]).contains("--follow takes HOST:PORT"));
    assert!(play(&["--no-nodes", "--nodes", "3"]).contains("cannot be used with"));
}
