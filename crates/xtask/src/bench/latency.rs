//! What clients and memory feel of full resynchronisations: the latency of a client's SET while
//! one runs, and the memory that fifty replicas at once cost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_tests::resp::Client;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::sync::sink;

use super::report::{Better, Report};
use super::resync::fill;
use super::{KINDS, Plan, median};

/// Replicas that ask at the same time.
const REPLICAS: usize = 50;
/// Bytes written while fifty replicas receive the snapshot.
const STREAM_BYTES: usize = 64 * 1024 * 1024;
/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(180);

/// SETs of existing keys, one after the other, until told to stop; the time of each in
/// microseconds.
fn set_all_the_time(server: &Server, keys: usize, stop: &Arc<AtomicBool>) -> JoinHandle<Vec<u32>> {
    let (mut client, stop) = (server.client(), Arc::clone(stop));
    std::thread::spawn(move || {
        let mut rng = Rng::new(1);
        let mut times = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let key = format!("key:{:012}", rng.below(keys));
            let begin = Instant::now();
            let reply = client.call(&["SET", &key, "another value, 32 bytes long ..."]);
            times.push(begin.elapsed().as_micros() as u32);
            assert!(reply.is_ok(), "SET: {reply:?}");
        }
        times
    })
}

/// Median, 99.9th percentile and maximum, in milliseconds.
struct Latency {
    middle: f64,
    tail: f64,
    most: f64,
}

impl Latency {
    fn of(mut times: Vec<u32>) -> Self {
        times.sort_unstable();
        let at = |part: f64| f64::from(times[((times.len() - 1) as f64 * part) as usize]) / 1e3;
        Self { middle: at(0.5), tail: at(0.999), most: at(1.0) }
    }
}

/// One full resynchronisation with a client at work.
fn resync(master: &Server, replica: Option<&Server>, keys: usize) -> Latency {
    let stop = Arc::new(AtomicBool::new(false));
    let writer = set_all_the_time(master, keys, &stop);
    match replica {
        None => std::thread::sleep(Duration::from_secs(2)),
        Some(replica) => {
            let mut client = replica.client();
            assert!(client.run(&format!("REPLICAOF 127.0.0.1 {}", master.port)).is_ok());
            wait_up(&mut client);
        }
    }
    stop.store(true, Ordering::Relaxed);
    let times = writer.join().expect("the writer has not failed");
    if let Some(replica) = replica {
        assert!(replica.client().run("REPLICAOF NO ONE").is_ok());
    }
    Latency::of(times)
}

fn wait_up(client: &mut Client) {
    let start = Instant::now();
    loop {
        let reply = client.run("INFO replication");
        let up = reply
            .bytes()
            .is_some_and(|text| String::from_utf8_lossy(text).contains("master_link_status:up"));
        if up {
            return;
        }
        assert!(start.elapsed() < LIMIT, "no full resync: {reply:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The latency of SET beside a full resynchronisation. The replica is redis-server both times, so
/// that the machine has the same to do besides.
pub(super) fn measure(plan: &Plan, report: &mut Report) {
    report.title(&format!("SET while {} strings are resynchronised", plan.keys));
    let cases = [("alone", None), ("diskless", Some("yes")), ("disk", Some("no"))];
    for (row, diskless) in cases {
        let sides = KINDS.map(|kind| {
            let master =
                Launch::new(kind).set("repl-diskless-sync", diskless.unwrap_or("yes")).start();
            fill(&master, plan.keys);
            let runs: Vec<Latency> = (0..plan.runs)
                .map(|_| {
                    let replica = diskless.map(|_| Launch::new(Kind::Redis).start());
                    resync(&master, replica.as_ref(), plan.keys)
                })
                .collect();
            let of = |field: fn(&Latency) -> f64| median(runs.iter().map(field).collect());
            let most = runs.iter().map(|run| run.most).fold(0.0, f64::max);
            [of(|l| l.middle), of(|l| l.tail), most]
        });
        let row = format!("latency {row}");
        for (at, what) in ["median", "99.9%", "worst of all"].into_iter().enumerate() {
            report.pair(&row, what, "ms", Better::Less, [sides[0][at], sides[1][at]]);
        }
    }
}

/// Fifty replicas at once, while the master is written to: one snapshot, one buffer.
#[allow(clippy::cast_precision_loss)]
pub(super) fn fifty(plan: &Plan, report: &mut Report) {
    let keys = plan.keys / 5;
    report.title(&format!("{REPLICAS} replicas at once, {keys} strings, 64 MB written meanwhile"));
    let values = KINDS.map(|kind| {
        let master = Launch::new(kind)
            .set("repl-diskless-sync-delay", "1")
            .set("repl-diskless-sync-max-replicas", REPLICAS)
            .start();
        fill(&master, keys);
        let (before, cpu) = (master.memory(), master.cpu());
        let (ready, taken) = (Barrier::new(REPLICAS), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..REPLICAS {
                scope.spawn(|| sink(master.port, &ready, &taken));
            }
            let mut client = master.client();
            wait_syncs(&mut client);
            let value = "x".repeat(64 * 1024);
            for _ in 0..STREAM_BYTES / value.len() {
                assert!(client.call(&["SET", "key:000000000000", &value]).is_ok());
            }
            wait_online(&mut client);
            let snapshots = master.log().matches("Starting BGSAVE for SYNC").count();
            assert_eq!(snapshots, 1, "one snapshot for all");
            let used =
                (master.peak_memory().saturating_sub(before) as f64 / 1e6, master.cpu() - cpu);
            // The sinks end with the connection.
            assert_eq!(client.run("CLIENT KILL TYPE replica").int(), REPLICAS as i64);
            used
        })
    });
    let memory = values.map(|(memory, _)| memory);
    report.pair("50 replicas", "master's extra memory", "MB", Better::Less, memory);
    let cpu = values.map(|(_, cpu)| cpu.as_secs_f64());
    report.pair("50 replicas", "master's CPU", "s", Better::Less, cpu);
}

/// Waits until all have been sent the snapshot: what it costs must not depend on how much of it is
/// still to come when the writer has done.
fn wait_online(client: &mut Client) {
    let start = Instant::now();
    while client.run("INFO replication").text().matches("state=online").count() != REPLICAS {
        assert!(start.elapsed() < LIMIT, "the replicas come online");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until all have asked and the snapshot has begun.
fn wait_syncs(client: &mut Client) {
    let start = Instant::now();
    loop {
        let info = client.run("INFO").text();
        let asked = info.contains(&format!("sync_full:{REPLICAS}\r"));
        let waiting = info.contains("state=wait_bgsave");
        let begun = info.contains("rdb_bgsave_in_progress:1") || !waiting;
        if asked && begun {
            return;
        }
        assert!(start.elapsed() < LIMIT, "{info}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
