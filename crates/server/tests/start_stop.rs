//! How the binary starts, what it says, and how it leaves.

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use common::{Dir, Server, command, expect, free_port, run, until};

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// The messages of a log, without their times.
fn messages(log: &str) -> Vec<&str> {
    log.lines().map(|line| line.splitn(6, ' ').last().unwrap_or_default()).collect()
}

#[test]
fn it_starts_answers_and_leaves_as_redis_does() {
    let mut server = Server::start(&["--pidfile", "server.pid", "--save", ""]);
    server.expect("PING\r\n", "+PONG\r\n");
    assert_eq!(server.dir.read("server.pid"), format!("{}\n", server.child.id()));
    assert_eq!(server.signal(SIGTERM), Some(0));
    assert!(!server.dir.0.join("server.pid").exists(), "the pid file is removed");

    let log = server.log();
    let (pid, port) = (server.child.id(), server.port);
    assert!(log.starts_with(&format!("{pid}:C ")), "{log}");
    assert!(log.contains(&format!("{pid}:M ")), "{log}");
    assert!(log.contains(&format!("{pid}:signal-handler (")), "{log}");
    let said = messages(&log);
    for expected in [
        "# oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
        "# Configuration loaded",
        &format!("* Running mode=standalone, port={port}."),
        "# Server initialized",
        "* Ready to accept connections",
        "# User requested shutdown...",
        "* Removing the pid file.",
        "# Redis is now ready to exit, bye bye...",
    ] {
        assert!(said.contains(&expected), "{expected} is missing in\n{log}");
    }
    assert!(said.last().is_some_and(|last| last.contains("bye bye")), "{log}");
}

#[test]
fn sigint_ends_it_too() {
    let mut server = Server::start(&["--save", ""]);
    assert_eq!(server.signal(SIGINT), Some(0));
    assert!(server.log().contains("Received SIGINT scheduling shutdown..."));
}

#[test]
fn a_mistake_in_a_file_names_file_line_and_directive() {
    let dir = Dir::new();
    let path = dir.write("redis.conf", "port 7\n\nno-such-thing yes\n");
    let output = run(&dir, &["serve", &path]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        said,
        format!(
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\n\
             Reading the configuration file, at line 3 of {path}\n\
             >>> 'no-such-thing yes'\n\
             Bad directive or wrong number of arguments\n"
        )
    );
}

#[test]
fn file_standard_input_and_options_are_read_in_this_order() {
    let dir = Dir::new();
    let path = dir.write("redis.conf", "no-such-thing yes\n");
    let port = free_port().to_string();
    for (args, input, place) in [
        (vec!["serve", &path, "--port", &port], "", "redis.conf"),
        (vec!["serve", "-", "--port", &port], "hz x\n", "line 1 of standard input"),
        (vec!["serve", "--port", &port, "--hz", "x", "-"], "", "line 2 of the command line"),
    ] {
        let mut command = command(&dir, &args);
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        // It may have read nothing of it and be gone.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(place), "{args:?}: {said}");
    }
}

#[test]
fn every_address_is_listened_on() {
    let server = Server::start(&[
        "--bind",
        "127.0.0.1",
        "-::1",
        "-192.0.2.77",
        "--unixsocket",
        "server.sock",
        "--unixsocketperm",
        "700",
        "--save",
        "",
    ]);
    server.expect("PING\r\n", "+PONG\r\n");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let mut stream = TcpStream::connect((Ipv6Addr::LOCALHOST, server.port)).expect("IPv6");
        expect(&mut stream, "PING\r\n", "+PONG\r\n");
    }
    let path = server.dir.0.join("server.sock");
    let mode = fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut stream = UnixStream::connect(path).expect("a connection");
    expect(&mut stream, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
}

#[test]
fn a_taken_port_is_said() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let dir = Dir::new();
    let output = run(&dir, &["serve", "--bind", "127.0.0.1", "--port", &port.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    let warning = format!(
        "# Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address \
         already in use"
    );
    assert!(said.contains(&warning), "{said}");
    assert!(said.contains(&format!("# Failed listening on port {port} (TCP), aborting.")));
}

#[test]
fn a_daemon_leaves_its_parent() {
    let dir = Dir::new();
    let port = free_port();
    let (pidfile, log) = (dir.path("daemon.pid"), dir.path("daemon.log"));
    let conf = dir.write(
        "redis.conf",
        format!(
            "port {port}\ndaemonize yes\npidfile {pidfile}\nlogfile \"{log}\"\nloglevel notice\n\
             dbfilename dump.rdb\ndir {}\nprotected-mode no\nsave \"\"\n",
            dir.0.display()
        ),
    );
    let output = run(&dir, &["serve", &conf]);
    assert_eq!(output.status.code(), Some(0), "the parent ends well");
    until("ready", || dir.read("daemon.log").contains("Ready to accept connections"));
    let pid = dir.read("daemon.pid");
    let pid = pid.trim();
    assert!(dir.read("daemon.log").contains(&format!("{pid}:M ")), "the log has the child's pid");
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    expect(&mut stream, "PING\r\n", "+PONG\r\n");
    let killed = Command::new("kill").args(["-15", pid]).status().expect("kill runs");
    assert!(killed.success());
    until("its end", || !dir.0.join("daemon.pid").exists());
    until("its last line", || dir.read("daemon.log").contains("bye bye"));
}

#[test]
fn a_bad_dump_ends_the_start_and_stays_as_it_is() {
    let dir = Dir::new();
    let bad = b"REDIS0011\xfa\x09redis-ver\x067.0.15\xfe\x00\x63\x03key\x05value\xff";
    dir.write("dump.rdb", bad);
    let port = free_port().to_string();
    let output = run(&dir, &["serve", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("# Internal error in RDB reading offset "), "{said}");
    assert!(said.contains("# Fatal error loading the DB: Invalid argument. Exiting."), "{said}");
    assert!(said.contains("dump.rdb cannot be loaded: "), "{said}");
    assert!(said.contains("(at byte ") && said.contains("It was left as it is"), "{said}");
    assert!(!said.contains("Ready to accept"), "{said}");
    assert_eq!(fs::read(dir.0.join("dump.rdb")).expect("it is there"), bad);
}

#[test]
fn named_redis_server_it_is_redis_server() {
    let dir = Dir::new();
    let link = dir.0.join("redis-server");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lockstep"), &link).expect("a link");
    let output = Command::new(&link).arg("-v").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("Redis server v=7.0.15 "), "{said}");
    let output = Command::new(&link).args(["--port", "x"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(">>> 'port \"x\"'"), "{said}");
}

#[test]
fn the_stock_configuration_of_debian_starts() {
    let stock = "/etc/redis/redis.conf";
    let Ok(text) = fs::read_to_string(stock) else {
        // Not this machine's: the directives themselves are tested in the core.
        return;
    };
    let dir = Dir::new();
    // Its own directories belong to another user.
    dir.write("redis.conf", text.replace("\ndir /var/lib/redis", "\ndir ."));
    let pidfile = dir.path("server.pid");
    let own = ["redis.conf", "--daemonize", "no", "--pidfile", &pidfile, "--bind", "127.0.0.1"];
    let mut server = Server::start_in(dir, &own);
    server.expect("PING\r\n", "+PONG\r\n");
    assert_eq!(server.signal(SIGTERM), Some(0));
}

#[test]
fn who_does_not_read_gets_every_reply_later() {
    let server = Server::start(&["--save", ""]);
    let mut slow = server.connect();
    let payload = "x".repeat(100_000);
    let request = format!("*2\r\n$4\r\nPING\r\n$100000\r\n{payload}\r\n");
    let reply = format!("$100000\r\n{payload}\r\n");
    let mut writer = slow.try_clone().expect("a second handle");
    let sender = std::thread::spawn(move || {
        for _ in 0..200 {
            writer.write_all(request.as_bytes()).expect("it is sent");
        }
    });
    // Others are served meanwhile.
    for _ in 0..20 {
        server.expect("PING\r\n", "+PONG\r\n");
    }
    let mut received = vec![0; reply.len()];
    for number in 0..200 {
        slow.read_exact(&mut received).expect("a reply");
        assert!(received == reply.as_bytes(), "reply {number} is wrong");
    }
    sender.join().expect("the sender ends");
}

#[test]
fn a_client_that_sends_and_hangs_up_is_answered() {
    let server = Server::start(&["--save", ""]);
    let mut stream = server.connect();
    stream.write_all(&b"PING\r\n".repeat(1_000)).expect("it is sent");
    stream.shutdown(std::net::Shutdown::Write).expect("half of it closes");
    let mut replies = Vec::new();
    stream.read_to_end(&mut replies).expect("replies, then the end");
    assert_eq!(replies, b"+PONG\r\n".repeat(1_000));
}
