//! lockstep as a replica of redis-server 7.0.15 and as its master: data of every kind under random
//! writes, equal to the last digest and offset, through full and partial resynchronisations.

use std::time::Duration;

use lockstep_tests::dataset::fill;
use lockstep_tests::rng::Rng;
use lockstep_tests::server::{Kind, Launch, Server};
use lockstep_tests::sync::{Writer, assert_same, wait_online};
use lockstep_tests::wait_for;

/// Keys in the dataset of the large tests.
const KEYS: usize = 200_000;

/// How the snapshot travels and how it is loaded.
struct Transfer {
    diskless_sync: &'static str,
    diskless_load: &'static str,
}

const DISK: Transfer = Transfer { diskless_sync: "no", diskless_load: "disabled" };
const DISKLESS: Transfer = Transfer { diskless_sync: "yes", diskless_load: "disabled" };
const SWAPDB: Transfer = Transfer { diskless_sync: "yes", diskless_load: "swapdb" };

/// A large dataset is copied while it changes.
fn full_resync_under_writes(master: Kind, replica: Kind, how: &Transfer) {
    let mut rng = Rng::from_env("full_resync_under_writes");
    let master = Launch::new(master).set("repl-diskless-sync", how.diskless_sync).start();
    fill(&mut master.client(), &mut rng, KEYS);
    let writer = Writer::start(&master, rng.next_u64(), 500);
    writer.wait_more(500);
    let replica = Launch::new(replica)
        .replica_of(&master)
        .set("repl-diskless-load", how.diskless_load)
        .start();
    // A replica has data of its own only until it follows somebody.
    wait_online(&master, &replica);
    writer.wait_more(5000);
    writer.stop();
    assert_same(&master, &replica);
    let stats = master.info("stats");
    assert_eq!(stats.number("sync_full"), 1, "one full resynchronisation and no second try");
    assert!(replica.client().run("DBSIZE").int() > (KEYS / 4) as i64);
}

/// A pair that is in sync over a small dataset and under writes.
fn pair(master: Launch, replica: Kind, rng: &mut Rng) -> (Server, Server, Writer) {
    let master = master.start();
    fill(&mut master.client(), rng, 2000);
    let writer = Writer::start(&master, rng.next_u64(), 200);
    let replica = Launch::new(replica).replica_of(&master).start();
    wait_online(&master, &replica);
    writer.wait_more(1000);
    (master, replica, writer)
}

/// Who cuts the link.
enum Cut {
    Master,
    Replica,
}

/// The link is cut under writes, three times: each time the stream goes on where it broke.
fn partial_resync_after_kill(master: Kind, replica: Kind, cut: &Cut) {
    let mut rng = Rng::from_env("partial_resync_after_kill");
    let launch = Launch::new(master).set("repl-backlog-size", "32mb");
    let (master, replica, writer) = pair(launch, replica, &mut rng);
    for round in 1..=3 {
        let killed = match cut {
            Cut::Master => master.client().run("CLIENT KILL TYPE replica"),
            Cut::Replica => replica.client().run("CLIENT KILL TYPE master"),
        };
        assert_eq!(killed.int(), 1, "one link to kill");
        wait_for("a partial resynchronisation", Duration::from_secs(30), || {
            let done = master.info("stats").number("sync_partial_ok");
            if done == round { Ok(()) } else { Err(format!("sync_partial_ok:{done}")) }
        });
        wait_online(&master, &replica);
        writer.wait_more(500);
    }
    writer.stop();
    assert_same(&master, &replica);
    let stats = master.info("stats");
    assert_eq!(stats.number("sync_full"), 1, "{stats:?}");
    assert_eq!(stats.number("sync_partial_ok"), 3, "{stats:?}");
    assert_eq!(stats.number("sync_partial_err"), 0, "{stats:?}");
}

/// The replica misses more than the backlog holds: everything again.
fn full_resync_when_backlog_is_too_small(master: Kind, replica: Kind) {
    let mut rng = Rng::from_env("full_resync_when_backlog_is_too_small");
    let launch = Launch::new(master).set("repl-backlog-size", "16kb");
    let (master, replica, writer) = pair(launch, replica, &mut rng);
    let before = master.info("stats");
    replica.signal("STOP");
    assert_eq!(master.client().run("CLIENT KILL TYPE replica").int(), 1);
    let big = "x".repeat(300_000);
    assert!(master.client().call(&["SET", "big", &big]).is_ok());
    writer.wait_more(500);
    replica.signal("CONT");
    wait_for("a second full resynchronisation", Duration::from_secs(60), || {
        let full = master.info("stats").number("sync_full");
        if full > before.number("sync_full") { Ok(()) } else { Err(format!("sync_full:{full}")) }
    });
    writer.wait_more(500);
    writer.stop();
    assert_same(&master, &replica);
    let stats = master.info("stats");
    assert!(stats.number("sync_partial_err") > before.number("sync_partial_err"), "{stats:?}");
}

/// A replica of a replica holds the same bytes at the same offsets of the same history.
fn chain(kinds: [Kind; 3]) {
    let mut rng = Rng::from_env("chain");
    let (top, middle, writer) = pair(Launch::new(kinds[0]), kinds[1], &mut rng);
    let bottom = Launch::new(kinds[2]).replica_of(&middle).start();
    wait_online(&middle, &bottom);
    writer.wait_more(1000);
    writer.stop();
    assert_same(&top, &middle);
    assert_same(&middle, &bottom);
    assert_same_history(&top, &bottom);
}

fn assert_same_history(one: &Server, other: &Server) {
    let (one, other) = (one.info("replication"), other.info("replication"));
    assert_eq!(one.text("master_replid"), other.text("master_replid"));
}

/// The master goes away, one replica is promoted, the other follows it: with 0 bytes to send.
fn promotion(master: Kind, promoted: Kind, other: Kind) {
    let mut rng = Rng::from_env("promotion");
    let (mut master, promoted, writer) = pair(Launch::new(master), promoted, &mut rng);
    let other = Launch::new(other).replica_of(&master).start();
    wait_online(&master, &other);
    writer.stop();
    assert_same(&master, &promoted);
    assert_same(&master, &other);
    let old = promoted.info("replication");
    master.stop();
    assert!(promoted.client().run("REPLICAOF NO ONE").is_ok());
    let new = promoted.info("replication");
    assert_eq!(new.text("role"), "master");
    assert_eq!(new.text("master_replid2"), old.text("master_replid"));
    assert_eq!(new.number("second_repl_offset"), new.number("master_repl_offset") + 1);
    assert_ne!(new.text("master_replid"), old.text("master_replid"));
    assert!(other.client().run(&format!("REPLICAOF 127.0.0.1 {}", promoted.port)).is_ok());
    wait_online(&promoted, &other);
    let stats = promoted.info("stats");
    assert_eq!((stats.number("sync_partial_ok"), stats.number("sync_full")), (1, 0), "{stats:?}");
    let writer = Writer::start(&promoted, rng.next_u64(), 100);
    writer.wait_more(1000);
    writer.stop();
    assert_same(&promoted, &other);
}

use Kind::{Lockstep, Redis};

macro_rules! each {
    ($($name:ident => $call:expr;)*) => {
        $(#[test] fn $name() { $call; })*
    };
}

// The first of each group runs the reference against itself, so that a failure of the fixture is
// told from a failure of lockstep.
each! {
    full_redis_to_redis_diskless => full_resync_under_writes(Redis, Redis, &DISKLESS);
    full_redis_to_lockstep_disk => full_resync_under_writes(Redis, Lockstep, &DISK);
    full_redis_to_lockstep_diskless => full_resync_under_writes(Redis, Lockstep, &DISKLESS);
    full_redis_to_lockstep_swapdb => full_resync_under_writes(Redis, Lockstep, &SWAPDB);
    full_lockstep_to_redis_disk => full_resync_under_writes(Lockstep, Redis, &DISK);
    full_lockstep_to_redis_diskless => full_resync_under_writes(Lockstep, Redis, &DISKLESS);
    full_lockstep_to_redis_swapdb => full_resync_under_writes(Lockstep, Redis, &SWAPDB);
    full_lockstep_to_lockstep => full_resync_under_writes(Lockstep, Lockstep, &DISKLESS);

    partial_redis_to_redis => partial_resync_after_kill(Redis, Redis, &Cut::Master);
    partial_redis_to_lockstep => partial_resync_after_kill(Redis, Lockstep, &Cut::Master);
    partial_redis_to_lockstep_cut_by_replica =>
        partial_resync_after_kill(Redis, Lockstep, &Cut::Replica);
    partial_lockstep_to_redis => partial_resync_after_kill(Lockstep, Redis, &Cut::Master);
    partial_lockstep_to_redis_cut_by_replica =>
        partial_resync_after_kill(Lockstep, Redis, &Cut::Replica);
    partial_lockstep_to_lockstep => partial_resync_after_kill(Lockstep, Lockstep, &Cut::Replica);

    small_backlog_redis_to_redis => full_resync_when_backlog_is_too_small(Redis, Redis);
    small_backlog_redis_to_lockstep => full_resync_when_backlog_is_too_small(Redis, Lockstep);
    small_backlog_lockstep_to_redis => full_resync_when_backlog_is_too_small(Lockstep, Redis);

    chain_of_redis => chain([Redis, Redis, Redis]);
    chain_with_lockstep_between => chain([Redis, Lockstep, Redis]);
    chain_with_lockstep_at_both_ends => chain([Lockstep, Redis, Lockstep]);

    promotion_of_redis => promotion(Redis, Redis, Redis);
    promotion_of_lockstep => promotion(Redis, Lockstep, Redis);
    promotion_of_redis_followed_by_lockstep => promotion(Lockstep, Redis, Lockstep);
}
