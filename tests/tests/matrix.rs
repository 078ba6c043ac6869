//! The matrix: {lockstep, redis-server} as master x {lockstep, redis-server} as replica x {disk,
//! diskless} x {empty, 100,000 keys, writes going on} x what happens to them.
//!
//! A journey is one pair of servers that meets all of it in turn: a clean start, twenty cuts at
//! random bytes, a backlog overrun, a restart of either side, a third node behind the replica, a
//! promotion with the old master coming back. After each stage data, offsets and histories are
//! equal, and the master has counted exactly what redis-server counts when both are its own:
//! `sync_full`, `sync_partial_ok`, `sync_partial_err`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lockstep_tests::dataset::fill;
use lockstep_tests::proxy::Proxy;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::Kind::{self, Lockstep, Redis};
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::sync::{Writer, assert_same, wait_online};
use lockstep_tests::wait_for;

/// Keys in the large dataset.
const KEYS: usize = 100_000;
/// How often the link is cut in one stage.
const CUTS: u64 = 20;
/// Journeys under way at the same time: they wait more than they work.
const AT_ONCE: usize = 4;
/// How long counters may take to become what they should.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Empty,
    Keys,
    Writes,
}

/// One journey.
#[derive(Debug, Clone, Copy)]
struct Setup {
    master: Kind,
    replica: Kind,
    diskless: bool,
    data: Data,
}

impl Setup {
    fn name(&self) -> String {
        let how = if self.diskless { "diskless" } else { "disk" };
        let data = match self.data {
            Data::Empty => "empty",
            Data::Keys => "100k keys",
            Data::Writes => "writes",
        };
        format!("{:<8} -> {:<8} {how:<8} {data:<9}", name(self.master), name(self.replica))
    }

    fn launch(&self, kind: Kind) -> Launch {
        Launch::new(kind)
            .set("repl-diskless-sync", if self.diskless { "yes" } else { "no" })
            .set("repl-diskless-load", if self.diskless { "swapdb" } else { "disabled" })
            .set("repl-backlog-size", "32mb")
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Redis => "redis",
        Lockstep => "lockstep",
    }
}

/// `sync_full`, `sync_partial_ok`, `sync_partial_err`.
type Counts = [i64; 3];

fn counts(server: &Server) -> Counts {
    let stats = server.info("stats");
    ["sync_full", "sync_partial_ok", "sync_partial_err"].map(|field| stats.number(field))
}

/// Waits until the counters have moved by `delta`, and not further.
fn expect(what: &str, server: &Server, before: Counts, delta: Counts) {
    let wanted = [0, 1, 2].map(|i| before[i] + delta[i]);
    let seen = wait_for(what, PATIENCE, || {
        let seen = counts(server);
        let enough = (0..3).all(|i| seen[i] >= wanted[i]);
        if enough { Ok(seen) } else { Err(format!("{seen:?} of {wanted:?}")) }
    });
    assert_eq!(seen, wanted, "{what}: sync_full, sync_partial_ok, sync_partial_err");
}

/// The names of the stages, in their order: the columns of the table.
const STAGES: [&str; 7] =
    ["clean", "20 cuts", "overrun", "replica restarted", "master restarted", "chained", "promoted"];

/// Two servers with a proxy between them, on their way.
struct Journey {
    setup: Setup,
    rng: Rng,
    master: Server,
    replica: Server,
    proxy: Proxy,
    writer: Option<Writer>,
    /// The stages that were passed, with what was counted in each.
    passed: Vec<Counts>,
}

impl Journey {
    fn start(setup: Setup, mut rng: Rng) -> Self {
        let master = setup.launch(setup.master).start();
        if setup.data == Data::Keys {
            fill(&mut master.client(), &mut rng, KEYS);
        }
        let proxy = Proxy::before(master.port);
        let replica = setup
            .launch(setup.replica)
            .set("replicaof", format!("127.0.0.1 {}", proxy.port))
            .start();
        Self { setup, rng, master, replica, proxy, writer: None, passed: Vec::new() }
    }

    /// Begins to write, where this journey has writes going on.
    fn write(&mut self) {
        if self.setup.data == Data::Writes {
            let writer = Writer::start(&self.master, self.rng.next_u64(), 300);
            writer.wait_more(200);
            self.writer = Some(writer);
        }
    }

    /// Ends a stage: nobody writes any more, both sides are equal, the counters have moved by
    /// `delta` since `before`.
    fn pass(&mut self, before: Counts, delta: Counts) {
        let stage = STAGES[self.passed.len()];
        if let Some(writer) = self.writer.take() {
            writer.wait_more(200);
            writer.stop();
        }
        expect(stage, &self.master, before, delta);
        assert_same(&self.master, &self.replica);
        expect(stage, &self.master, before, delta);
        self.passed.push(delta);
    }

    fn clean(&mut self) {
        self.write();
        wait_online(&self.master, &self.replica);
        self.pass([0; 3], [1, 0, 0]);
    }

    /// The link breaks again and again: in the middle of commands, where there are any.
    fn cuts(&mut self) {
        self.write();
        let before = counts(&self.master);
        for round in 1..=CUTS as i64 {
            let cuts = self.proxy.cuts();
            if self.writer.is_some() {
                self.proxy.cut_after(1 + self.rng.below(20_000) as u32);
            } else {
                let value = "x".repeat(self.rng.below(2000));
                assert!(self.master.client().call(&["SET", "between", &value]).is_ok());
                std::thread::sleep(Duration::from_millis(self.rng.below(15) as u64));
                self.proxy.cut();
            }
            wait_for("the proxy to cut", PATIENCE, || match self.proxy.cuts() {
                now if now > cuts => Ok(()),
                now => Err(format!("{now} cuts")),
            });
            let what = format!("partial resynchronisation {round} of {CUTS}");
            expect(&what, &self.master, before, [0, round, 0]);
            wait_online(&self.master, &self.replica);
        }
        self.pass(before, [0, CUTS as i64, 0]);
    }

    /// The replica misses more than the backlog holds.
    fn overrun(&mut self) {
        self.write();
        let before = counts(&self.master);
        let mut client = self.master.client();
        assert!(client.run("CONFIG SET repl-backlog-size 64kb").is_ok());
        self.proxy.close();
        let value = "x".repeat(50_000);
        for _ in 0..20 {
            assert!(client.call(&["SET", "between", &value]).is_ok());
        }
        assert!(client.run("CONFIG SET repl-backlog-size 32mb").is_ok());
        self.proxy.open();
        self.pass(before, [1, 0, 1]);
    }

    fn restart_replica(&mut self) {
        self.write();
        let before = counts(&self.master);
        restart(&mut self.replica);
        self.pass(before, [0, 1, 0]);
    }

    fn restart_master(&mut self) {
        restart(&mut self.master);
        self.write();
        self.pass([0; 3], [0, 1, 0]);
    }

    /// A third node follows the second. Its kind is the master's.
    fn chain(&mut self) -> Server {
        self.write();
        let before = counts(&self.replica);
        let third = self.setup.launch(self.setup.master).replica_of(&self.replica).start();
        wait_online(&self.replica, &third);
        let master = counts(&self.master);
        self.pass(master, [0; 3]);
        assert_same(&self.replica, &third);
        expect("chained", &self.replica, before, [1, 0, 0]);
        let ids =
            [&self.master, &third].map(|s| s.info("replication").text("master_replid").to_owned());
        assert_eq!(ids[0], ids[1], "one history from end to end");
        *self.passed.last_mut().expect("just passed") = [1, 0, 0];
        third
    }

    /// The master leaves, the second takes over, the third and the old master follow it: both with
    /// what they have.
    fn promote(&mut self, third: &Server) {
        let before = counts(&self.replica);
        shut_down(&mut self.master);
        assert!(self.replica.client().run("REPLICAOF NO ONE").is_ok());
        expect("the third node follows the promoted one", &self.replica, before, [0, 1, 0]);
        self.master.configure("replicaof", &format!("127.0.0.1 {}", self.replica.port));
        self.master.spawn().unwrap_or_else(|failure| panic!("{failure:?}"));
        expect("the old master follows", &self.replica, before, [0, 2, 0]);
        let writer = Writer::start(&self.replica, self.rng.next_u64(), 100);
        writer.wait_more(300);
        writer.stop();
        assert_same(&self.replica, &self.master);
        assert_same(&self.replica, third);
        expect("promoted", &self.replica, before, [0, 2, 0]);
        self.passed.push([0, 2, 0]);
    }

    fn run(&mut self) {
        self.clean();
        self.cuts();
        self.overrun();
        self.restart_replica();
        self.restart_master();
        let third = self.chain();
        self.promote(&third);
    }
}

/// `SHUTDOWN SAVE`: what it knows of its history is in the file.
fn shut_down(server: &mut Server) {
    let reply = server.client().try_call(&["SHUTDOWN", "SAVE"]);
    assert!(reply.is_err(), "SHUTDOWN: {reply:?}");
    let status = server.wait_exit();
    assert!(status.success(), "{status}");
}

fn restart(server: &mut Server) {
    shut_down(server);
    server.spawn().unwrap_or_else(|failure| panic!("{failure:?}"));
}

/// How a journey ended.
struct Outcome {
    name: String,
    passed: Vec<Counts>,
    seconds: f64,
    failure: Option<String>,
}

fn travel(setup: Setup, seed: u64) -> Outcome {
    let begin = Instant::now();
    let mut passed = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut journey = Journey::start(setup, Rng::new(seed));
        // The stages that were passed are of interest also if the next one fails.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| journey.run()));
        passed.clone_from(&journey.passed);
        if let Err(panic) = result {
            let logs = [&journey.master, &journey.replica].map(|server| {
                let log = server.log();
                let lines: Vec<&str> = log.lines().collect();
                lines[lines.len().saturating_sub(25)..].join("\n")
            });
            let text = words(&*panic);
            panic!("{text}\n--- master\n{}\n--- replica\n{}", logs[0], logs[1]);
        }
    }));
    Outcome {
        name: setup.name(),
        passed,
        seconds: begin.elapsed().as_secs_f64(),
        failure: result.err().map(|panic| words(&*panic)),
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default()
}

/// All journeys; `LOCKSTEP_MATRIX` picks those whose name contains it.
fn setups() -> Vec<Setup> {
    let wanted = std::env::var("LOCKSTEP_MATRIX").unwrap_or_default();
    let mut all = Vec::new();
    for data in [Data::Keys, Data::Writes, Data::Empty] {
        for diskless in [false, true] {
            for master in [Redis, Lockstep] {
                for replica in [Redis, Lockstep] {
                    all.push(Setup { master, replica, diskless, data });
                }
            }
        }
    }
    all.retain(|setup| setup.name().contains(&wanted));
    all
}

/// The table, straight to the terminal: the harness would keep it to itself.
fn print(outcomes: &[Outcome]) {
    let mut text = String::from("\nfull/partial/refused resynchronisations in each stage\n");
    let _ = writeln!(text, "{:<40}{}", "", STAGES.map(|s| format!("{s:<19}")).join(""));
    for outcome in outcomes {
        let cells = (0..STAGES.len()).map(|at| match outcome.passed.get(at) {
            Some([full, ok, err]) => format!("{:<19}", format!("{full}/{ok}/{err}")),
            None if at == outcome.passed.len() => format!("{:<19}", "FAILED"),
            None => format!("{:<19}", "-"),
        });
        let cells: String = cells.collect();
        let _ = writeln!(text, "{:<40}{cells}{:>5.1} s", outcome.name, outcome.seconds);
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[test]
fn every_pair_of_servers_survives_everything_with_the_counts_of_redis() {
    let mut rng = Rng::from_env("matrix");
    let setups = setups();
    let seeds: Vec<u64> = setups.iter().map(|_| rng.next_u64()).collect();
    let next = Mutex::new(0);
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = {
                        let mut next = next.lock().expect("no panic while it is held");
                        *next += 1;
                        *next - 1
                    };
                    let Some(setup) = setups.get(index) else { return };
                    let outcome = travel(*setup, seeds[index]);
                    outcomes.lock().expect("no panic while it is held").push((index, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("all threads have ended");
    outcomes.sort_by_key(|(index, _)| *index);
    let outcomes: Vec<Outcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    print(&outcomes);
    let failed =
        outcomes.iter().filter_map(|o| Some(format!("{}: {}", o.name, o.failure.as_ref()?)));
    let failed: Vec<String> = failed.collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert_eq!(outcomes.len(), setups.len());
}
