//! The articles' own experiment: three servers from three config files, two of them made replicas
//! by hand, a failover by hand; driven by the real redis-cli.
//!
//! It is run with redis-server and with lockstep, and what `info replication` says is the same at
//! every stage: the same fields in the same order, and the same values wherever they are not ids.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use lockstep_tests::info::Info;
use lockstep_tests::server::{Kind, free_port, redis_cli};
use lockstep_tests::temp::TempDir;
use lockstep_tests::wait_for;

/// The experiments take turns: they all want the articles' ports.
static TURN: Mutex<()> = Mutex::new(());

/// A server that has gone to the background, as in the articles.
struct Daemon {
    port: u16,
    dir: TempDir,
}

impl Daemon {
    /// Writes the config file and starts the server with it.
    fn start(kind: Kind, port: u16) -> Self {
        let dir = TempDir::new();
        let path = dir.path().display();
        let config = format!(
            "port {port}\n\
             daemonize yes\n\
             pidfile {path}/redis_{port}.pid\n\
             loglevel notice\n\
             logfile \"{path}/{port}.log\"\n\
             dbfilename dump.rdb\n\
             dir {path}\n\
             protected-mode no\n"
        );
        let file = dir.path().join(format!("{port}.conf"));
        fs::write(&file, config).expect("a config file");
        let status = kind.command().arg(&file).status().expect("the server can be run");
        assert!(status.success(), "{kind:?} {port}: {status}");
        let daemon = Self { port, dir };
        wait_for("PONG", Duration::from_secs(20), || {
            let reply = daemon.cli(&["ping"]);
            if reply == "PONG" { Ok(()) } else { Err(reply) }
        });
        daemon
    }

    fn cli(&self, args: &[&str]) -> String {
        redis_cli(self.port, args)
    }

    fn info(&self) -> Info {
        Info::parse(&self.cli(&["info", "replication"]))
    }

    fn pid(&self) -> Option<String> {
        let file = self.dir.path().join(format!("redis_{}.pid", self.port));
        Some(fs::read_to_string(file).ok()?.trim().to_owned())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join(format!("{}.log", self.port))).unwrap_or_default()
    }

    /// Waits until a field of `info replication` has a value.
    fn wait(&self, field: &str, value: &str) {
        wait_for(&format!("{field}:{value} on {}", self.port), Duration::from_secs(40), || {
            let info = self.info();
            if info.get(field) == Some(value) { Ok(()) } else { Err(format!("{info:?}")) }
        });
    }
}

impl Drop for Daemon {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = Command::new("kill").args(["-s", "KILL", &pid]).status();
        }
        if std::thread::panicking() {
            eprintln!("--- log of {}:\n{}", self.port, self.log());
        }
    }
}

/// 6380 and the two after it, or others if somebody has them.
fn ports() -> [u16; 3] {
    let wanted = [6380, 6381, 6382];
    let free = wanted.iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    if free { wanted } else { [free_port(), free_port(), free_port()] }
}

/// What `info replication` said at each stage, with what differs from run to run blanked.
struct Notes {
    ports: [u16; 3],
    text: String,
}

impl Notes {
    fn add(&mut self, stage: &str, servers: &[&Daemon]) {
        self.text.push_str(&format!("== {stage}\n"));
        for server in servers {
            let info = server.cli(&["info", "replication"]);
            for line in info.lines() {
                self.text.push_str(&self.neutral(line.trim_end()));
                self.text.push('\n');
            }
        }
    }

    /// Ids and offsets say who and how much, not what; ports are names.
    fn neutral(&self, line: &str) -> String {
        let Some((name, value)) = line.split_once(':') else { return line.to_owned() };
        let changes = ["offset", "replid", "histlen", "seconds_ago", "since_seconds"];
        if changes.iter().any(|part| name.contains(part)) {
            let seconds = name.contains("seconds");
            let zero = (!seconds && value.chars().all(|c| c == '0')) || value == "-1";
            return format!("{name}:{}", if zero { value } else { "(some)" });
        }
        let mut value = value.to_owned();
        for (index, port) in self.ports.iter().enumerate() {
            value = value.replace(&port.to_string(), &format!("{}", 6380 + index));
        }
        let fields = value.split(',').map(|part| match part.split_once('=') {
            Some((name @ ("offset" | "lag"), _)) => format!("{name}=(some)"),
            _ => part.to_owned(),
        });
        format!("{name}:{}", fields.collect::<Vec<_>>().join(","))
    }
}

/// Offsets of `slaveN` and of the replica itself have caught up with the master's.
fn wait_caught_up(master: &Daemon, replica: &Daemon) {
    wait_for("offsets to be equal", Duration::from_secs(20), || {
        let (one, other) = (master.info(), replica.info());
        let offset = one.number("master_repl_offset");
        let port = replica.port.to_string();
        let mut seen = (0..4).filter_map(|n| one.replica(n));
        let seen = seen.find(|slave| slave["port"] == port).ok_or("not listed")?;
        // The lag in bytes, as the articles compute it.
        let lag = offset - seen["offset"].parse::<i64>().map_err(|e| e.to_string())?;
        if lag == 0 && other.number("slave_repl_offset") == offset && seen["state"] == "online" {
            return Ok(());
        }
        Err(format!("lag {lag} bytes: {one:?} {other:?}"))
    });
}

fn experiment(kind: Kind) -> String {
    let ports = ports();
    let [a, b, c] = ports.map(|port| Daemon::start(kind, port));
    let mut notes = Notes { ports, text: String::new() };
    for server in [&a, &b, &c] {
        assert!(server.pid().is_some(), "pidfile");
        assert_eq!(server.info().text("role"), "master");
    }
    notes.add("three masters", &[&a, &b, &c]);

    // Both become replicas; the data comes over and so do later writes.
    assert_eq!(a.cli(&["set", "before", "1"]), "OK");
    for replica in [&b, &c] {
        assert_eq!(replica.cli(&["SLAVEOF", "127.0.0.1", &a.port.to_string()]), "OK");
        // One after the other: the master lists them in the order in which they came.
        replica.wait("master_link_status", "up");
        wait_caught_up(&a, replica);
    }
    assert_eq!(a.cli(&["set", "name", "chaoge"]), "OK");
    for replica in [&b, &c] {
        wait_caught_up(&a, replica);
        assert_eq!(replica.cli(&["get", "name"]), "chaoge");
        assert_eq!(replica.cli(&["get", "before"]), "1");
        let refused = replica.cli(&["set", "name", "other"]);
        assert_eq!(refused, "READONLY You can't write against a read only replica.");
    }
    let info = a.info();
    assert_eq!(info.text("connected_slaves"), "2");
    let lag: i64 = info.replica(0).expect("slave0")["lag"].parse().expect("a number");
    assert!((0..=10).contains(&lag), "lag={lag}");
    notes.add("one master, two replicas", &[&a, &b, &c]);

    // The master goes away.
    assert_eq!(a.cli(&["shutdown"]), "");
    for replica in [&b, &c] {
        replica.wait("master_link_status", "down");
        let info = replica.info();
        assert_eq!(info.text("role"), "slave");
        assert!((0..100).contains(&info.number("master_link_down_since_seconds")), "{info:?}");
    }
    wait_for("the pidfile to go", Duration::from_secs(10), || match a.pid() {
        None => Ok(()),
        Some(pid) => Err(pid),
    });
    assert!(a.dir.path().join("dump.rdb").is_file(), "saved at the end");
    assert!(a.log().contains("Redis is now ready to exit, bye bye..."), "{}", a.log());
    notes.add("the master is gone", &[&b, &c]);

    // One is promoted by hand, the other follows it.
    assert_eq!(b.cli(&["slaveof", "no", "one"]), "OK");
    assert_eq!(b.info().text("role"), "master");
    assert_eq!(c.cli(&["SLAVEOF", "no", "one"]), "OK");
    assert_eq!(c.cli(&["SLAVEOF", "127.0.0.1", &b.port.to_string()]), "OK");
    c.wait("master_link_status", "up");
    assert_eq!(c.info().text("master_port"), b.port.to_string());
    assert_eq!(b.cli(&["set", "after", "2"]), "OK");
    wait_caught_up(&b, &c);
    assert_eq!(c.cli(&["get", "after"]), "2");
    assert_eq!(c.cli(&["get", "name"]), "chaoge");
    notes.add("the other master and its replica", &[&b, &c]);
    notes.text
}

#[test]
fn with_redis_and_with_lockstep_the_same() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let expected = experiment(Kind::Redis);
    let actual = experiment(Kind::Lockstep);
    let differ = expected.lines().zip(actual.lines()).find(|(one, other)| one != other);
    assert!(
        expected == actual,
        "info replication differs, first at {differ:?}\n--- redis\n{expected}\n--- lockstep\n{actual}"
    );
}
