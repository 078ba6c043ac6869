//! A real Sentinel watches three nodes: it finds the replicas, fails over when the master is gone,
//! rewrites configurations, and makes the old master a replica when it comes back.
//!
//! The same is done with redis-server, so that what is asked of lockstep is what Redis gives.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lockstep_tests::resp::{Client, Value};
use lockstep_tests::server::{Kind, Launch, Server, free_port};
use lockstep_tests::sync::{assert_same, wait_online};
use lockstep_tests::temp::TempDir;
use lockstep_tests::wait_for;

/// Sentinel looks at everything once in ten seconds, believes nothing at once, and begins a
/// failover that found no replica alive anew after twice its timeout.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running Sentinel that watches one master.
struct Sentinel {
    port: u16,
    dir: TempDir,
    child: Child,
}

impl Sentinel {
    fn watch(master: &Server) -> Self {
        let (dir, port) = (TempDir::new(), free_port());
        let config = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nlogfile log\n\
             sentinel monitor watched 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds watched 3000\n\
             sentinel failover-timeout watched 20000\n",
            dir.path().display(),
            master.port
        );
        let file = dir.path().join("sentinel.conf");
        fs::write(&file, config).expect("a config file");
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("redis-server is installed");
        Self { port, dir, child }
    }

    fn ask(&self, line: &str) -> Result<Value, String> {
        let mut client = Client::connect(self.port).map_err(|e| e.to_string())?;
        client.try_call(&line.split(' ').collect::<Vec<_>>()).map_err(|e| e.to_string())
    }

    /// What it says of its master, and how many replicas it has found.
    fn master(&self) -> Result<(u16, i64), String> {
        let reply = self.ask("SENTINEL MASTER watched")?;
        let fields = reply.items();
        let field = |name: &str| {
            let at = fields.iter().position(|f| f.bytes() == Some(name.as_bytes()));
            fields[at.expect("a field of SENTINEL MASTER") + 1].text()
        };
        let number = |name| field(name).parse::<i64>().map_err(|e| e.to_string());
        Ok((number("port")? as u16, number("num-slaves")?))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Waits until its log has a line with these words.
    fn wait(&self, words: &str) {
        wait_for(&format!("Sentinel's {words}"), PATIENCE, || {
            let log = self.log();
            if log.contains(words) { Ok(()) } else { Err(log) }
        });
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the master leaves and returns.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Absence {
    /// Killed, and started again with the dump it had.
    Killed,
    /// Killed, and started again by somebody who tells it whom to follow: with the history in its
    /// dump it can be resumed.
    KilledToFollow,
}

fn fail_over(kind: Kind, absence: Absence) {
    let launch = || Launch::new(kind);
    let mut master = launch().start();
    let replicas = [0, 1].map(|_| launch().replica_of(&master).start());
    for replica in &replicas {
        wait_online(&master, replica);
    }
    assert!(master.client().run("SET before 1").is_ok());
    let sentinel = Sentinel::watch(&master);
    wait_for("Sentinel to find both replicas", PATIENCE, || match sentinel.master() {
        Ok((_, 2)) => Ok(()),
        other => Err(format!("{other:?}\n{}", sentinel.log())),
    });
    assert!(master.client().run("SAVE").is_ok());
    for replica in &replicas {
        assert_same(&master, replica);
    }
    master.stop();
    sentinel.wait("+switch-master");
    let port = sentinel.master().expect("Sentinel answers").0;
    let at = replicas.iter().position(|r| r.port == port).expect("one of the replicas");
    let (promoted, other) = (&replicas[at], &replicas[1 - at]);
    assert_eq!(promoted.info("replication").text("role"), "master");
    wait_online(promoted, other);
    let stats = promoted.info("stats");
    assert_eq!((stats.number("sync_partial_ok"), stats.number("sync_full")), (1, 0), "{stats:?}");
    // CONFIG REWRITE has kept the new order for the next start.
    let config = fs::read_to_string(other.path("redis.conf")).expect("its config file");
    assert!(config.contains(&format!("replicaof 127.0.0.1 {port}")), "{config}");
    let config = fs::read_to_string(promoted.path("redis.conf")).expect("its config file");
    assert!(!config.contains("replicaof 127"), "{config}");

    if absence == Absence::KilledToFollow {
        master.configure("replicaof", &format!("127.0.0.1 {port}"));
    }
    master.spawn().unwrap_or_else(|failure| panic!("{failure:?}"));
    if absence == Absence::Killed {
        sentinel.wait("+convert-to-slave");
    }
    wait_online(promoted, &master);
    assert!(promoted.client().run("SET after 2").is_ok());
    assert_same(promoted, &master);
    assert_same(promoted, other);
    let stats = promoted.info("stats");
    let counts = (stats.number("sync_partial_ok"), stats.number("sync_full"));
    match absence {
        // Started as a master it has a history of its own, so that not even Redis can resume.
        Absence::Killed => assert_eq!(counts, (1, 1), "{stats:?}"),
        Absence::KilledToFollow => assert_eq!(counts, (2, 0), "{stats:?}"),
    }
}

#[test]
fn sentinel_fails_over_and_takes_the_old_master_back() {
    // Four failovers that mostly wait: all at once.
    std::thread::scope(|scope| {
        for kind in [Kind::Redis, Kind::Lockstep] {
            for absence in [Absence::Killed, Absence::KilledToFollow] {
                scope.spawn(move || fail_over(kind, absence));
            }
        }
    });
}
