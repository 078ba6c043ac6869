//! Peers that stall, in every phase of replication: who gives up on whom, after how long, with
//! which words and states. The same scripts with redis-server and with lockstep.

use std::time::{Duration, Instant};

use lockstep_tests::server::Kind::{self, Lockstep, Redis};
use lockstep_tests::server::{Launch, Server};
use lockstep_tests::wait_for;
use lockstep_tests::wire::{Link, RawMaster, RawReplica, Transcript};

const PATIENCE: Duration = Duration::from_secs(20);
/// `repl-timeout`, in seconds.
const TIMEOUT: u64 = 2;
const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const EMPTY_RDB: &[u8] = b"REDIS0010\xff\0\0\0\0\0\0\0\0";

/// The log from the first line that holds these words on: levels and texts, without what names a
/// port or a process, and without what only one of the two says: Redis's child, which lockstep does
/// not have, and lockstep's explanations.
fn words(server: &Server, from: &str) -> Vec<String> {
    const OF_ONE: [&str; 6] = [
        "child, exiting now",
        "Fork CoW",
        "terminated by signal",
        "explained:",
        "RDB reading offset",
        "replication IDs are",
    ];
    let log = server.log();
    let texts = log.lines().filter_map(|line| line.splitn(6, ' ').nth(5));
    let texts = texts.skip_while(|text| !text.contains(from));
    let texts = texts.filter(|text| OF_ONE.iter().all(|words| !text.contains(words)));
    let word = |word: &str| match word.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && host.contains("127.0.0.1") => {
            format!("{host}:<port>")
        }
        _ if word.parse::<u32>().is_ok_and(|n| n > 300) => "<number>".to_owned(),
        _ => word.to_owned(),
    };
    texts.map(|text| text.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect()
}

fn wait_log(server: &Server, words: &str) {
    wait_for(&format!("{:?} to log {words}", server.kind), PATIENCE, || {
        let log = server.log();
        if log.contains(words) { Ok(()) } else { Err(log) }
    });
}

/// Waits until a field of `INFO replication` has this value.
fn wait_field(server: &Server, name: &str, value: &str) {
    wait_for(&format!("{:?} to say {name}:{value}", server.kind), PATIENCE, || {
        let info = server.info("replication");
        if info.get(name) == Some(value) { Ok(()) } else { Err(format!("{info:?}")) }
    });
}

/// What `INFO` says about the only replica, and about a snapshot.
fn state(server: &Server) -> String {
    let info = server.info("replication");
    let replica = info.replica(0).map_or("none".to_owned(), |slave| slave["state"].to_owned());
    let saving = server.info("persistence").number("rdb_bgsave_in_progress");
    format!("replica: {replica}, saving: {saving}")
}

/// A replica that has said how it is; `rdb` is whether it takes its snapshot, and acknowledges.
fn replica_of(server: &Server, rdb: bool) -> RawReplica {
    let log = &mut Transcript::default();
    let mut replica = RawReplica::introduce(server, &["eof", "psync2"], log);
    if rdb {
        replica.full(&["PSYNC", "?", "-1"], log);
        replica.ack();
        wait_for("the replica to be online", PATIENCE, || {
            let state = state(server);
            if state.contains("online") { Ok(()) } else { Err(state) }
        });
    } else {
        replica.ask(&["PSYNC", "?", "-1"], log);
    }
    replica
}

/// What a script saw, and how long the other side was patient.
type Seen = (Vec<String>, Duration);

/// Online, but not a word more, not even that it is alive.
fn a_replica_that_says_nothing(kind: Kind) -> Seen {
    let server = Launch::new(kind).set("repl-timeout", TIMEOUT).start();
    let mut replica = replica_of(&server, true);
    let begun = Instant::now();
    wait_log(&server, "Connection with replica");
    let after = begun.elapsed();
    assert!(replica.is_closed());
    let seen = vec![state(&server), server.info("replication").text("connected_slaves").into()];
    ([seen, words(&server, "Synchronization with")].concat(), after)
}

/// A master with a snapshot that does not fit into the sockets.
fn master_of_much(kind: Kind, diskless: &str) -> Server {
    let server = Launch::new(kind)
        .set("repl-timeout", TIMEOUT)
        .set("repl-diskless-sync", diskless)
        .set("rdbcompression", "no")
        .start();
    assert!(server.client().run("DEBUG POPULATE 200000 key 100").is_ok());
    server
}

/// It stops reading in the middle of a snapshot from memory, which holds up all others.
fn a_replica_that_stalls_in_a_diskless_transfer(kind: Kind) -> Seen {
    let server = master_of_much(kind, "yes");
    let mut replica = replica_of(&server, false);
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    let mut seen = vec![state(&server)];
    wait_log(&server, "last replica dropped");
    let after = begun.elapsed();
    assert!(replica.is_closed());
    seen.push(state(&server));
    ([seen, words(&server, "asks for")].concat(), after)
}

/// It stops reading in the middle of a file: that costs nobody anything, so it is waited for, and
/// the next save replaces the file's name, not what the replica reads.
fn a_replica_that_stalls_in_a_file(kind: Kind) -> Seen {
    let server = master_of_much(kind, "no");
    let dbsize = server.client().run("DBSIZE").int();
    let log = &mut Transcript::default();
    let mut replica = RawReplica::introduce(&server, &["eof", "psync2"], log);
    let reply = replica.ask(&["PSYNC", "?", "-1"], log);
    assert!(reply.starts_with("+FULLRESYNC"), "{reply}");
    wait_log(&server, "Background saving terminated with success");
    wait_for("the file to be sent", PATIENCE, || {
        let state = state(&server);
        if state.contains("send_bulk") { Ok(()) } else { Err(state) }
    });
    let mut seen = vec![state(&server)];
    assert!(server.client().run("FLUSHALL").is_ok());
    seen.push(format!("{:?}", server.client().run("SAVE")));
    seen.push(format!("{:?}", server.client().run("BGSAVE")));
    std::thread::sleep(Duration::from_secs(TIMEOUT + 3));
    seen.push(state(&server));
    let rdb = replica.snapshot(log);
    assert!(rdb.len() as i64 > dbsize * 100, "{kind:?}: {} bytes", rdb.len());
    assert!(rdb.windows(9).any(|w| w == b"key:99999") && rdb.starts_with(b"REDIS0010"));
    replica.ack();
    wait_for("the replica to be online", PATIENCE, || {
        let state = state(&server);
        if state.contains("online") { Ok(()) } else { Err(state) }
    });
    seen.push(state(&server));
    // Redis's second save may end before the first is told to have begun, and the other way round.
    let mut told = words(&server, "asks for");
    told.retain(|line| !line.contains("DB saved on disk"));
    (([seen, told].concat()), Duration::from_secs(TIMEOUT + 1))
}

/// A replica, and its link as the master has it after the handshake.
fn led_by_hand(kind: Kind, load: &str, log: &mut Transcript) -> (Server, RawMaster, Link) {
    let master = RawMaster::new();
    let server = Launch::new(kind)
        .set("replicaof", format!("127.0.0.1 {}", master.port))
        .set("repl-timeout", TIMEOUT)
        .set("repl-diskless-load", load)
        .start();
    let mut link = master.accept();
    link.shake_hands(log);
    for line in &mut log.0 {
        *line = line.replace(&server.port.to_string(), "<port>");
    }
    (server, master, link)
}

/// The replica comes back.
fn ask_again(server: &Server, master: &RawMaster, log: &mut Transcript) {
    master.accept().shake_hands(log);
    for line in &mut log.0 {
        *line = line.replace(&server.port.to_string(), "<port>");
    }
}

/// What is said of a link that ended.
fn about_link(server: &Server) -> Vec<String> {
    let info = server.info("replication");
    let names = ["master_link_status", "master_sync_in_progress", "slave_repl_offset"];
    names.iter().map(|name| format!("{name}:{}", info.text(name))).collect()
}

/// A master that stalls in the middle of a snapshot; the replica asks again at once.
fn a_master_that_stalls_in_the_transfer(kind: Kind, load: &str, header: &str) -> Seen {
    let log = &mut Transcript::default();
    let (server, master, mut link) = led_by_hand(kind, load, log);
    link.say(format!("+FULLRESYNC {ID} 1\r\n{header}\r\nREDIS0010"), log);
    let begun = Instant::now();
    if load == "disabled" {
        // Redis answers nobody while it waits for the bytes that it loads.
        wait_field(&server, "master_sync_in_progress", "1");
    }
    link.ends(log);
    let after = begun.elapsed();
    ask_again(&server, &master, log);
    let told = words(&server, "Full resync from master");
    // What it says of its second try ends somewhere.
    let told = told.into_iter().take_while(|line| !line.contains("Non blocking connect"));
    let told: Vec<_> = told.collect();
    ([log.0.clone(), told].concat(), after)
}

/// A master that falls silent in the stream: the replica asks to go on where it was.
fn a_master_that_says_nothing(kind: Kind) -> Seen {
    let log = &mut Transcript::default();
    let (server, master, mut link) = led_by_hand(kind, "disabled", log);
    link.say(format!("+FULLRESYNC {ID} 1\r\n${}\r\n", EMPTY_RDB.len()), log);
    link.send(EMPTY_RDB, log);
    wait_field(&server, "master_link_status", "up");
    link.say("*1\r\n$4\r\nping\r\n", log);
    let begun = Instant::now();
    wait_log(&server, "Caching the disconnected master state");
    let after = begun.elapsed();
    link.ends(log);
    ask_again(&server, &master, log);
    let told = words(&server, "Finished with success");
    let told = told.into_iter().take_while(|line| !line.contains("Non blocking connect"));
    let told: Vec<_> = told.collect();
    ([about_link(&server), log.0.clone(), told].concat(), after)
}

/// The same on both, in one of three tries: these two seconds are short for a busy machine, which
/// is late by chance, where who does it wrong does so each time.
fn alike(name: &str, script: impl Fn(Kind) -> Seen + Sync) {
    let tries: Vec<String> = (0..3).map_while(|_| once_alike(&script).err()).collect();
    assert!(tries.len() < 3, "{name}: {}", tries.join("\n"));
}

/// What is not the same. With clocks of whole seconds, looked at once a second, patience ends
/// somewhere between `repl-timeout` and three seconds later.
fn once_alike(script: &(impl Fn(Kind) -> Seen + Sync)) -> Result<(), String> {
    let [redis, lockstep] = std::thread::scope(|scope| {
        let threads = [Redis, Lockstep].map(|kind| scope.spawn(move || script(kind)));
        threads.map(std::thread::ScopedJoinHandle::join)
    });
    let (Ok(redis), Ok(lockstep)) = (redis, lockstep) else {
        return Err("the script did not come to its end: see above".into());
    };
    let differ = lockstep.0.iter().zip(&redis.0).find(|(one, other)| one != other);
    if differ.is_some() || lockstep.0.len() != redis.0.len() {
        return Err(format!("lockstep {:#?}\nredis {:#?}\n{differ:#?}", lockstep.0, redis.0));
    }
    let (low, high) = (Duration::from_secs(TIMEOUT), Duration::from_secs(TIMEOUT + 3));
    let fits = |after: Duration| after + Duration::from_millis(100) >= low && after <= high;
    if fits(redis.1) && fits(lockstep.1) {
        return Ok(());
    }
    Err(format!("lockstep after {:?}, redis after {:?}", lockstep.1, redis.1))
}

#[test]
fn peers_that_stall_are_given_up_alike() {
    let eof = format!("$EOF:{ID}");
    std::thread::scope(|scope| {
        scope.spawn(|| alike("says nothing", a_replica_that_says_nothing));
        scope.spawn(|| alike("diskless", a_replica_that_stalls_in_a_diskless_transfer));
        scope.spawn(|| alike("file", a_replica_that_stalls_in_a_file));
        scope.spawn(|| alike("silent master", a_master_that_says_nothing));
        for load in ["disabled", "swapdb", "on-empty-db"] {
            for header in ["$1000", &eof] {
                let stalls = move |kind| a_master_that_stalls_in_the_transfer(kind, load, header);
                scope.spawn(move || alike(&format!("{load} {header}"), stalls));
            }
        }
    });
}
