//! Replicas that cost: one that does not read, fifty at once, and a process that is killed while it
//! saves. The master's memory stays bounded, and what is on disk is whole.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lockstep_tests::dataset::fill;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::Kind::{self, Lockstep, Redis};
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::sync::sink;
use lockstep_tests::wait_for;
use lockstep_tests::wire::{RawReplica, Transcript};

const PATIENCE: Duration = Duration::from_secs(60);
const MB: u64 = 1024 * 1024;

/// What is common to Redis's two lines: which one it is depends on who sees it first.
const OVER_LIMIT: &str = "for overcoming of output buffer limits.";

/// Writes so many megabytes to one key, half of one at a time.
fn write_mb(server: &Server, megabytes: usize) {
    let (mut client, value) = (server.client(), "x".repeat(MB as usize / 2));
    for _ in 0..megabytes * 2 {
        assert!(client.call(&["SET", "k", &value]).is_ok());
    }
}

fn wait_dropped(server: &Server) {
    wait_for("the replica to be dropped", PATIENCE, || {
        let slaves = server.info("replication").number("connected_slaves");
        if slaves == 0 { Ok(()) } else { Err(server.log()) }
    });
    assert!(server.log().contains(OVER_LIMIT), "{}", server.log());
}

/// A replica that is online and reads nothing more.
fn one_that_does_not_read(kind: Kind, limit: &str) -> (Server, RawReplica) {
    let server = Launch::new(kind)
        .set("client-output-buffer-limit", limit)
        .set("repl-backlog-size", "1mb")
        .start();
    let mut log = Transcript::default();
    let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    replica.full(&["PSYNC", "?", "-1"], &mut log);
    replica.ack();
    assert!(server.client().run("SET k v").is_ok());
    replica.catch_up(&server, &mut log);
    (server, replica)
}

fn dropped_at_the_hard_limit(kind: Kind) {
    let (server, _replica) = one_that_does_not_read(kind, "replica 8mb 0 0");
    let before = server.memory();
    write_mb(&server, 100);
    wait_dropped(&server);
    // The limit, what the sockets were given, the values in the making.
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < 40 * MB, "{kind:?}: {grown} bytes more");
    let kept = server.info("memory").number("mem_total_replication_buffers");
    assert!((kept as u64) < 4 * MB, "{kind:?}: {kept} bytes in replication buffers");
}

fn dropped_at_the_soft_limit(kind: Kind) {
    const SECONDS: u64 = 2;
    let limit = format!("replica 256mb 4mb {SECONDS}");
    let (server, _replica) = one_that_does_not_read(kind, &limit);
    let begun = Instant::now();
    // The sockets take some of it.
    write_mb(&server, 24);
    let early = server.log().contains(OVER_LIMIT);
    // Times are of whole seconds.
    let at_once = begun.elapsed() < Duration::from_secs(SECONDS - 1);
    assert!(!early || !at_once, "not at once");
    // Limits are looked at when something is written.
    wait_for("the replica's end", PATIENCE, || {
        assert!(server.client().run("SET k v").is_ok());
        if server.log().contains(OVER_LIMIT) { Ok(()) } else { Err(server.log()) }
    });
    assert!(begun.elapsed() >= Duration::from_secs(SECONDS), "{:?}", begun.elapsed());
    wait_dropped(&server);
}

/// One that stops reading in the middle of the snapshot, while the stream grows.
fn dropped_in_the_transfer(kind: Kind, diskless: &str) {
    let server = Launch::new(kind)
        .set("client-output-buffer-limit", "replica 8mb 0 0")
        .set("repl-backlog-size", "1mb")
        .set("repl-diskless-sync", diskless)
        .set("rdbcompression", "no")
        .start();
    let mut client = server.client();
    assert!(client.run("DEBUG POPULATE 640 key 100000").is_ok());
    let before = server.memory();
    let mut log = Transcript::default();
    let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    replica.ask(&["PSYNC", "?", "-1"], &mut log);
    write_mb(&server, 100);
    wait_dropped(&server);
    let grown = server.peak_memory().saturating_sub(before);
    // Redis's child shares its memory; a cut copies what is about to change, a bucket at a time.
    assert!(grown < 60 * MB, "{kind:?}: {grown} bytes more");
}

#[test]
fn a_replica_that_does_not_read_is_dropped_and_memory_stays_bounded() {
    for kind in [Redis, Lockstep] {
        dropped_at_the_hard_limit(kind);
        dropped_at_the_soft_limit(kind);
        dropped_in_the_transfer(kind, "yes");
        dropped_in_the_transfer(kind, "no");
    }
}

/// The offset at which a replica that waits for its snapshot is dropped.
fn dropped_at(kind: Kind, limit: u64, backlog: u64) -> u64 {
    let server = Launch::new(kind)
        .set("client-output-buffer-limit", format!("replica {limit} 0 0"))
        .set("repl-backlog-size", backlog)
        .set("repl-diskless-sync", "no")
        .set("rdb-key-save-delay", "120000000")
        .start();
    let mut client = server.client();
    assert!(client.run("SET k v").is_ok());
    let mut log = Transcript::default();
    let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], &mut log);
    replica.ask(&["PSYNC", "?", "-1"], &mut log);
    let value = "x".repeat(1_000);
    for _ in 0..4_000 {
        assert!(client.call(&["SET", "k", &value]).is_ok());
        let info = server.info("replication");
        if info.number("connected_slaves") == 0 {
            return info.number("master_repl_offset") as u64;
        }
    }
    panic!("{kind:?}: it is still there");
}

/// Bytes that wait for a replica count from the limit on, and a limit below the backlog's size is
/// raised to that. Redis counts in the blocks of its buffer: 16 KB and what belongs to each.
#[test]
fn the_limit_is_where_redis_has_it() {
    const BLOCK: u64 = 21_000;
    for (limit, backlog) in [(MB, 16 * 1024), (100_000, MB)] {
        let [redis, lockstep] = [Redis, Lockstep].map(|kind| dropped_at(kind, limit, backlog));
        assert!((MB..MB + 1_100).contains(&lockstep), "{limit}: dropped at {lockstep}");
        assert!(redis.abs_diff(lockstep) < BLOCK, "{limit}: {lockstep}, redis {redis}");
    }
}

const REPLICAS: usize = 50;

fn fifty_at_once(kind: Kind) {
    let server = Launch::new(kind)
        .set("repl-diskless-sync-delay", "600")
        .set("repl-diskless-sync-max-replicas", REPLICAS)
        .set("rdbcompression", "no")
        .start();
    let mut client = server.client();
    assert!(client.run("DEBUG POPULATE 30 key 1000000").is_ok());
    let before = server.memory();
    let (ready, taken) = (Barrier::new(REPLICAS), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..REPLICAS {
            scope.spawn(|| sink(server.port, &ready, &taken));
        }
        wait_for("the snapshot to begin", PATIENCE, || {
            let begun = server.log().contains("Starting BGSAVE for SYNC with target: replicas");
            if begun { Ok(()) } else { Err(format!("{:?}", server.info("replication"))) }
        });
        write_mb(&server, 20);
        let all = REPLICAS as u64 * 30 * 1_000_000;
        wait_for("all to have it", PATIENCE, || {
            let taken = taken.load(Ordering::Relaxed);
            if taken >= all { Ok(()) } else { Err(format!("{taken} of {all} bytes")) }
        });
        let stats = server.info("stats");
        assert_eq!(stats.number("sync_full"), REPLICAS as i64);
        assert_eq!(server.log().matches("Starting BGSAVE for SYNC").count(), 1, "one snapshot");
        // One stream of 20 MB, not fifty: and it is held for all.
        let grown = server.peak_memory().saturating_sub(before);
        assert!(grown < 100 * MB, "{kind:?}: {grown} bytes more");
        assert_eq!(client.run("CLIENT KILL TYPE replica").int(), REPLICAS as i64);
    });
}

#[test]
fn fifty_replicas_at_once_share_one_snapshot_and_one_buffer() {
    for kind in [Redis, Lockstep] {
        fifty_at_once(kind);
    }
}

/// Killed at any moment of a BGSAVE, a server comes back with the dump before or the dump after.
#[test]
fn killed_while_saving_the_old_dump_or_the_new_one_is_whole() {
    let mut rng = Rng::from_env("killed while saving");
    let mut server = Launch::new(Lockstep).start();
    fill(&mut server.client(), &mut rng, 60_000);
    assert!(server.client().run("SAVE").is_ok());
    let mut old = server.digest();
    let (mut kept, mut renewed) = (0, 0);
    for round in 0..16 {
        let mut client = server.client();
        assert!(client.call(&["SET", "round", &round.to_string()]).is_ok());
        let new = server.digest();
        assert_ne!(old, new);
        assert!(!client.run("BGSAVE").is_error());
        // At any moment, or about when it ends.
        if round % 3 == 2 {
            wait_for("the end of the save", PATIENCE, || {
                let busy = server.info("persistence").number("rdb_bgsave_in_progress");
                if busy == 0 { Ok(()) } else { Err("it goes on".to_owned()) }
            });
        } else {
            std::thread::sleep(Duration::from_millis(rng.below(120) as u64));
        }
        server.signal("KILL");
        server.stop();
        server.spawn().unwrap_or_else(|failure| panic!("round {round}: {failure:?}"));
        let found = server.digest();
        assert!(found == old || found == new, "round {round}: neither the old nor the new data");
        if found == new {
            renewed += 1
        } else {
            kept += 1
        }
        old = found;
    }
    assert!(kept > 0 && renewed > 0, "the kills were all early or all late: {kept}, {renewed}");
}
