//! Starts the binary in a directory of its own, and talks to it.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![expect(unreachable_pub, reason = "shared by test files")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Nothing here takes longer, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A directory of its own, removed at the end.
pub struct Dir(pub PathBuf);

impl Dir {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lockstep-server-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a readable path").to_owned()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), content).expect("a temporary file");
        self.path(name)
    }

    pub fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.0.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    probe.local_addr().expect("its address").port()
}

pub fn command(dir: &Dir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
    command.args(args).current_dir(&dir.0).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub fn run(dir: &Dir, args: &[&str]) -> Output {
    command(dir, args).output().expect("the binary runs")
}

/// Waits until something is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running server, killed at the end.
pub struct Server {
    pub dir: Dir,
    pub port: u16,
    pub child: Child,
}

impl Server {
    /// Starts one that is ready, with these arguments besides its own.
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(Dir::new(), args)
    }

    pub fn start_in(dir: Dir, args: &[&str]) -> Self {
        let port = free_port();
        let number = port.to_string();
        let log = dir.path("server.log");
        let all = [&["serve"], args, &["--port", &number, "--logfile", &log]].concat();
        let child = command(&dir, &all).spawn().expect("the binary runs");
        let mut server = Self { dir, port, child };
        until("ready", || {
            let ended = server.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended: {}", server.log());
            server.log().contains("Ready to accept connections")
        });
        server
    }

    pub fn log(&self) -> String {
        self.dir.read("server.log")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends a text and reads as many bytes as are expected.
    pub fn expect(&self, sent: &str, expected: &str) {
        expect(&mut self.connect(), sent, expected);
    }

    /// Sends a signal, and waits for the exit code.
    pub fn signal(&mut self, signal: i32) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.expect("kill runs").success(), "the signal was sent");
        let mut code = None;
        until("its end", || {
            let status = self.child.try_wait().expect("its state");
            code = status.and_then(|status| status.code());
            status.is_some()
        });
        code
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a text and reads as many bytes as are expected.
pub fn expect(stream: &mut (impl Read + Write), sent: &str, expected: &str) {
    stream.write_all(sent.as_bytes()).expect("it is sent");
    let mut reply = vec![0; expected.len()];
    let read = stream.read_exact(&mut reply);
    let text = String::from_utf8_lossy(&reply);
    assert!(read.is_ok() && text == expected, "{sent:?}: {text:?} instead of {expected:?}");
}
