//! The nodes that `lockstep play` runs: this program, once more for each, in a directory that is
//! removed at the end.
//!
//! They are processes of their own and not threads, since a server has a working directory, signals
//! and memory that are its process's; and so that one of them can be stopped, killed or replaced
//! like any other. A node whose trace nobody reads any more leaves, so none outlives this program.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::cli::LIVE_NODE;
use crate::sys::lock;

/// How directories of nodes are called.
const PREFIX: &str = "lockstep-play-";
/// The file by whose lock others see that a directory is in use.
const LOCK: &str = "in-use";

/// A directory for the nodes of this process, removed at the end.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Creates one, and removes those of processes that were killed.
    pub(crate) fn create() -> io::Result<Self> {
        clear(&std::env::temp_dir());
        let number = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let path = std::env::temp_dir().join(format!("{PREFIX}{number:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        let file = File::create(path.join(LOCK))?;
        lock(&file);
        Ok(Self { path, _lock: file })
    }

    fn directory(&self, port: u16) -> io::Result<PathBuf> {
        let path = self.path.join(port.to_string());
        fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes directories that nobody holds the lock of.
fn clear(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Without the file it is just being created, or another user's.
        if File::open(entry.path().join(LOCK)).is_ok_and(|file| lock(&file)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// What a node is started with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    /// Whom it follows.
    pub(crate) master: Option<(String, u16)>,
    /// As whom.
    pub(crate) user: Option<String>,
    /// The password there. The node itself asks for it too.
    pub(crate) password: Option<String>,
}

impl Plan {
    /// Its directives.
    fn config(&self, dir: &Path) -> String {
        let dir = dir.to_string_lossy();
        let mut text = format!("bind 127.0.0.1\nport {}\nsave \"\"\n", self.port);
        let mut put = |name: &str, value: &str| {
            text.push_str(name);
            text.push(' ');
            text.push_str(&quoted(value));
            text.push('\n');
        };
        put("dir", &dir);
        put("logfile", &format!("{dir}/node.log"));
        if let Some(user) = &self.user {
            put("masteruser", user);
        }
        if let Some(password) = &self.password {
            put("masterauth", password);
            put("requirepass", password);
        }
        if let Some((host, port)) = &self.master {
            text.push_str(&format!("replicaof {} {port}\n", quoted(host)));
        }
        text
    }
}

/// A value as config files take it.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text + "\""
}

/// A node that was started: its process, and its trace.
#[derive(Debug)]
pub(crate) struct Started {
    /// Its process.
    pub(crate) child: Child,
    /// Its trace.
    pub(crate) trace: UnixStream,
    /// Where its log is.
    pub(crate) log: PathBuf,
}

/// Starts a node.
pub(crate) fn start(home: &Home, plan: &Plan) -> io::Result<Started> {
    let dir = home.directory(plan.port)?;
    let (trace, theirs) = UnixStream::pair()?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg(LIVE_NODE)
        .current_dir(&dir)
        .stdin(Stdio::piped())
        .stdout(OwnedFd::from(theirs))
        .stderr(Stdio::inherit())
        // Ctrl-C is for this program, which then ends them.
        .process_group(0)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(plan.config(&dir).as_bytes())?;
    }
    Ok(Started { child, trace, log: dir.join("node.log") })
}

/// The processes, so that they can be ended from wherever this program ends.
#[derive(Debug, Default)]
pub(crate) struct Processes(Mutex<Vec<Child>>);

impl Processes {
    /// One more.
    pub(crate) fn add(&self, child: Child) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(child);
    }

    /// Ends them all. Their data is only for as long as they live, so they are not asked to save.
    pub(crate) fn end(&self) {
        let mut children = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for child in children.iter_mut() {
            let _ = child.kill();
        }
        for mut child in children.drain(..) {
            let _ = child.wait();
        }
    }
}

/// Whether nobody listens on a port of this machine.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Ports that nobody listens on.
pub(crate) fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    // All are held until all are known, so that none is found twice.
    let probes: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()?;
    probes.iter().map(|probe| Ok(probe.local_addr()?.port())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_killed_process_goes_and_what_is_in_use_stays() {
        let dir = std::env::temp_dir().join(format!("lockstep-clear-{}", std::process::id()));
        let (dead, alive) = (dir.join("lockstep-play-1"), dir.join("lockstep-play-2"));
        for path in [&dead, &alive] {
            fs::create_dir_all(path).expect("a directory");
        }
        File::create(dead.join(LOCK)).expect("a file");
        let file = File::create(alive.join(LOCK)).expect("a file");
        assert!(lock(&file));
        clear(&dir);
        assert!(!dead.exists() && alive.exists());
        fs::remove_dir_all(&dir).expect("a directory");
    }

    #[test]
    fn a_password_can_hold_anything() {
        assert_eq!(quoted("a \"b\"\\\n名"), "\"a \\\"b\\\"\\\\\\x0a\\xe5\\x90\\x8d\"");
    }
}
