//! Full resynchronisations between both servers in every pairing, and memory per key.

use std::time::{Duration, Instant};

use lockstep_tests::dataset::Batch;
use lockstep_tests::server::{Kind, Launch, Server};

use super::report::{Better, Report};
use super::{KINDS, Plan, median, name};

/// Keys of 16 bytes with values of 32, through the front door.
pub(super) fn fill(server: &Server, keys: usize) {
    let mut client = server.client();
    let mut batch = Batch::new(&mut client);
    for index in 0..keys {
        let value = format!("value:{index:026}");
        batch.words(&["SET", &format!("key:{index:012}"), &value]);
    }
}

/// Resident memory per key.
#[allow(clippy::cast_precision_loss)]
pub(super) fn memory(plan: &Plan, report: &mut Report) {
    report.title(&format!("memory of {} strings (16 B + 32 B)", plan.keys));
    let values = KINDS.map(|kind| {
        let server = Launch::new(kind).start();
        let idle = server.memory();
        fill(&server, plan.keys);
        (server.memory().saturating_sub(idle)) as f64 / plan.keys as f64
    });
    report.pair("memory", "per key", "B", Better::Less, values);
    let idle = KINDS.map(|kind| Launch::new(kind).start().memory() as f64 / 1e6);
    report.pair("memory", "idle", "MB", Better::Less, idle);
}

/// What one full resynchronisation took.
struct Sample {
    seconds: f64,
    /// Peak memory of the master beyond what it had, in MB.
    master: f64,
    /// Peak memory of the replica, in MB.
    replica: f64,
}

pub(super) fn measure(plan: &Plan, report: &mut Report) {
    report.title(&format!("full resync of {} strings, diskless", plan.keys));
    let mut reference = None;
    for master_kind in KINDS {
        for replica_kind in KINDS {
            let master = Launch::new(master_kind).start();
            fill(&master, plan.keys);
            let samples: Vec<Sample> =
                (0..plan.runs).map(|_| resync(&master, replica_kind, plan.keys)).collect();
            let middle = |field: fn(&Sample) -> f64| median(samples.iter().map(field).collect());
            let row = format!("{} -> {}", name(master_kind), name(replica_kind));
            let values = [
                ("time", "s", middle(|s| s.seconds)),
                ("master's extra memory", "MB", middle(|s| s.master)),
                ("replica's peak memory", "MB", middle(|s| s.replica)),
            ];
            let base = reference.get_or_insert(values);
            for (index, (what, unit, value)) in values.into_iter().enumerate() {
                report.against(&row, what, unit, value, base[index].2);
            }
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn resync(master: &Server, kind: Kind, keys: usize) -> Sample {
    let replica = Launch::new(kind).start();
    let mut client = replica.client();
    let before = master.memory();
    let start = Instant::now();
    let reply = client.run(&format!("REPLICAOF 127.0.0.1 {}", master.port));
    assert!(reply.is_ok(), "REPLICAOF: {reply:?}");
    // A server that is loading answers now and then, or not at all: both are waited for.
    loop {
        let reply = client.run("INFO replication");
        if reply.bytes().is_some_and(|text| contains(text, b"master_link_status:up")) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "no full resync: {reply:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    let seconds = start.elapsed().as_secs_f64();
    let size = client.run("DBSIZE").int();
    assert_eq!(size, keys as i64, "the replica has every key");
    Sample {
        seconds,
        master: master.peak_memory().saturating_sub(before) as f64 / 1e6,
        replica: replica.peak_memory() as f64 / 1e6,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
