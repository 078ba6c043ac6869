//! Real servers: redis-server or lockstep, each with a config file in a directory of its own.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::info::Info;
use crate::resp::Client;
use crate::temp::TempDir;
use crate::wait_for;

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// redis-server, the reference.
    Redis,
    /// lockstep, the program under test.
    Lockstep,
}

impl Kind {
    /// The command that starts it; a config file's name follows.
    ///
    /// # Panics
    /// If there is no binary of lockstep.
    #[must_use]
    pub fn command(self) -> Command {
        match self {
            Self::Redis => Command::new("redis-server"),
            Self::Lockstep => {
                let mut command = Command::new(lockstep());
                command.arg("serve");
                command
            }
        }
    }
}

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// Decides which binary is the one under test; the first decision counts.
pub fn use_lockstep(path: PathBuf) {
    let _ = BINARY.set(path);
}

/// The binary under test: that of [`use_lockstep`], `LOCKSTEP_BIN`, or else profile `fast`.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn lockstep() -> PathBuf {
    if let Some(path) = BINARY.get() {
        return path.clone();
    }
    if let Some(path) = std::env::var_os("LOCKSTEP_BIN") {
        return path.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::root().join("target"), PathBuf::from);
    let path = target.join("fast/lockstep");
    assert!(
        path.is_file(),
        "{} is missing. Run: cargo build --profile fast -p lockstep-server",
        path.display()
    );
    path
}

/// A port nobody listens on, below the range the system gives to clients. It is this test program's
/// until it ends: others that run beside it, from this checkout or another, get other ports.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..12_000 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let start = (std::process::id() as u16).wrapping_mul(37);
        let port = 20_100 + start.wrapping_add(step) % 12_000;
        if is_reserved(port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between 20100 and 32100");
}

/// Takes a port for as long as this process lives, if nobody else has it: that of UDP, which no
/// server here listens on, stands for that of TCP.
fn is_reserved(port: u16) -> bool {
    static HELD: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());
    let Ok(socket) = UdpSocket::bind(("127.0.0.1", port)) else { return false };
    HELD.lock().expect("nobody panics while it is held").push(socket);
    true
}

/// How to start a server.
#[derive(Debug)]
pub struct Launch {
    kind: Kind,
    lines: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    args: Vec<String>,
}

impl Launch {
    /// A server on a free port of 127.0.0.1 that saves nothing by itself, allows `DEBUG`, and as a
    /// master starts a diskless transfer without delay.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let lines = [
            ("bind", "127.0.0.1"),
            ("save", "\"\""),
            ("enable-debug-command", "yes"),
            ("repl-diskless-sync-delay", "0"),
        ];
        let lines = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { kind, lines, files: Vec::new(), args: Vec::new() }
    }

    /// A line of the config file; replaces an earlier one of the same directive.
    #[must_use]
    pub fn set(mut self, directive: &str, value: impl ToString) -> Self {
        self.lines.retain(|(name, _)| name != directive);
        self.lines.push((directive.to_owned(), value.to_string()));
        self
    }

    /// Makes it a replica.
    #[must_use]
    pub fn replica_of(self, master: &Server) -> Self {
        self.set("replicaof", format!("127.0.0.1 {}", master.port))
    }

    /// A file in the server's directory.
    #[must_use]
    pub fn file(mut self, name: &str, content: &[u8]) -> Self {
        self.files.push((name.to_owned(), content.to_vec()));
        self
    }

    /// An argument of its command line, after the config file.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// If it does not, with what it printed.
    #[must_use]
    pub fn start(self) -> Server {
        let kind = self.kind;
        self.try_start().unwrap_or_else(|failure| {
            panic!("{kind:?} did not start ({}):\n{}", failure.status, failure.log)
        })
    }

    /// Starts it and waits for nothing: it may still be loading.
    ///
    /// # Panics
    /// If it cannot be run at all.
    #[must_use]
    pub fn start_at_once(self) -> Server {
        let mut server = self.prepare();
        server.run();
        server
    }

    /// Starts it and waits until it answers or ends.
    ///
    /// # Errors
    /// It ended.
    ///
    /// # Panics
    /// If it does neither within a minute.
    pub fn try_start(self) -> Result<Server, Failure> {
        let mut server = self.prepare();
        server.spawn()?;
        Ok(server)
    }

    /// Its directory with all that is in it.
    fn prepare(self) -> Server {
        let dir = TempDir::new();
        for (name, content) in &self.files {
            fs::write(dir.path().join(name), content).expect("writing into a fresh directory");
        }
        let port = free_port();
        let mut text = format!("port {port}\ndir {}\n", dir.path().display());
        for (name, value) in &self.lines {
            text.push_str(&format!("{name} {value}\n"));
        }
        fs::write(dir.path().join("redis.conf"), text).expect("writing into a fresh directory");
        Server { kind: self.kind, port, dir, args: self.args, child: None }
    }
}

/// How a server failed to start.
#[derive(Debug)]
pub struct Failure {
    /// Its exit status.
    pub status: ExitStatus,
    /// Everything it printed.
    pub log: String,
}

/// A server that is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Which program it is.
    pub kind: Kind,
    /// Where it listens.
    pub port: u16,
    dir: TempDir,
    args: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// A redis-server with the defaults of [`Launch`].
    #[must_use]
    pub fn redis() -> Self {
        Launch::new(Kind::Redis).start()
    }

    /// A lockstep with the defaults of [`Launch`].
    #[must_use]
    pub fn lockstep() -> Self {
        Launch::new(Kind::Lockstep).start()
    }

    /// Starts it again after [`Server::stop`] or [`Server::wait_exit`], same port and directory.
    ///
    /// # Errors
    /// It ended at once.
    ///
    /// # Panics
    /// If the program cannot be run at all.
    pub fn spawn(&mut self) -> Result<(), Failure> {
        self.run();
        let started = wait_for("a server's first reply", Duration::from_secs(60), || {
            let child = self.child.as_mut().expect("just started");
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                return Ok(Err(status));
            }
            let mut client = Client::connect(self.port).map_err(|e| e.to_string())?;
            let reply = client.try_call(&["PING"]).map_err(|e| e.to_string())?;
            if reply.is_error() && reply.text().starts_with("LOADING") {
                return Err(reply.text());
            }
            // The first turn of its timers is due a millisecond after it began, and belongs to the
            // start: a replica that came before it would get a PING that others do not get. Timers
            // run before a reply is sent.
            std::thread::sleep(Duration::from_millis(5));
            client.try_call(&["PING"]).map_err(|e| e.to_string())?;
            Ok(Ok(()))
        });
        started.map_err(|status| {
            self.child = None;
            Failure { status, log: self.log() }
        })
    }

    /// Starts the process.
    fn run(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .expect("a log file in the server's directory");
        let mut command = self.kind.command();
        command.arg(self.path("redis.conf")).args(&self.args).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot run {command:?}: {error}. `cargo xtask test` installs what is needed")
        });
        self.child = Some(child);
    }

    /// Changes a line of its config file, for its next start.
    ///
    /// # Panics
    /// If the file is gone.
    pub fn configure(&self, directive: &str, value: &str) {
        let path = self.path("redis.conf");
        let text = fs::read_to_string(&path).expect("its config file");
        let others = text.lines().filter(|line| line.split(' ').next() != Some(directive));
        let mut text: String = others.map(|line| format!("{line}\n")).collect();
        text.push_str(&format!("{directive} {value}\n"));
        fs::write(&path, text).expect("its config file");
    }

    /// A new connection.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.port).unwrap_or_else(|error| {
            panic!("cannot connect to {:?} on port {}: {error}", self.kind, self.port)
        })
    }

    /// `INFO section`.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn info(&self, section: &str) -> Info {
        Info::parse(&self.client().call(&["INFO", section]).text())
    }

    /// `DEBUG DIGEST`.
    ///
    /// # Panics
    /// If there is no answer, or an error.
    #[must_use]
    pub fn digest(&self) -> String {
        let reply = self.client().run("DEBUG DIGEST");
        assert!(!reply.is_error(), "{:?}: {reply:?}", self.kind);
        reply.text()
    }

    /// What it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// A file in its directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// User and system time it has used, with that of forked children that have ended.
    ///
    /// # Panics
    /// Where there is no `/proc`.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("/proc");
        // The name in parentheses may hold spaces; what follows it is field 3.
        let rest = stat.rsplit_once(") ").expect("a name in parentheses").1;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks: u64 =
            [11, 12, 13, 14].iter().map(|i| fields[*i].parse::<u64>().unwrap_or(0)).sum();
        Duration::from_millis(ticks * 10) // USER_HZ is 100 on every Linux there is.
    }

    /// Peak resident memory in bytes.
    ///
    /// # Panics
    /// Where there is no `/proc`.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.status_kb("VmHWM:") * 1024
    }

    /// Resident memory in bytes.
    ///
    /// # Panics
    /// Where there is no `/proc`.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.status_kb("VmRSS:") * 1024
    }

    fn status_kb(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("/proc");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        number.unwrap_or_else(|| panic!("/proc has no {field}"))
    }

    /// Sends a signal by name (`TERM`, `KILL`, `STOP`, `CONT`).
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.is_ok_and(|s| s.success()), "cannot send SIG{name}");
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        wait_for("a server to end", Duration::from_secs(20), || {
            let status = child.try_wait().map_err(|e| e.to_string())?;
            status.ok_or_else(|| "still running".to_owned())
        })
    }

    /// Kills it, at once.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4000);
            let tail = log.char_indices().map(|(at, _)| at).find(|at| *at >= tail).unwrap_or(0);
            eprintln!("--- log of {:?} on {}:\n{}", self.kind, self.port, &log[tail..]);
        }
    }
}

/// Runs redis-cli against a port, as a person would, and returns what it printed.
///
/// # Panics
/// If redis-cli cannot be run.
#[must_use]
pub fn redis_cli(port: u16, args: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("cannot run redis-cli: {e}. Install redis-tools"));
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text.trim_end().to_owned()
}
